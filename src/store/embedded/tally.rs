//! How many documents there are in a span of time, without looking at each of them.
//!
//! Elasticsearch's replies tell how many documents match, which is a walk through all of them here. So documents are counted
//! when they are written, in slots of three lengths: what lies between two instants is made of few of these, and of what has to
//! be looked at on both ends.

use std::collections::HashMap;

use rusqlite::{Connection, params};

/// Lengths of slots as powers of two, in milliseconds: 19 hours, 50 days, 9 years.
const LEVELS: [u32; 3] = [26, 32, 38];

/// What a document counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) series: i64,
    pub(super) time: Option<i64>,
    pub(super) interim: Option<bool>,
}

/// Changes that are not in the file yet.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// By series, slot of the first level, and whether they are interim results.
    by_slot: HashMap<(i64, i64, bool), i64>,
}

// === impl Changes ===

impl Changes {
    /// Counts a document that comes (1) or goes (-1).
    pub(super) fn count(&mut self, document: Counted, number: i64) {
        let Some(time) = document.time else { return };
        let slot = (document.series, time >> LEVELS[0], document.interim == Some(true));
        *self.by_slot.entry(slot).or_default() += number;
    }

    /// Writes the changes to the file, in the transaction of the documents.
    pub(super) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut add = connection.prepare_cached(
            "INSERT INTO tallies (series, level, slot, interim, number) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET number = number + excluded.number",
        )?;
        let mut by_slot = std::mem::take(&mut self.by_slot);
        let mut reached = LEVELS[0];
        for level in LEVELS {
            let mut further = HashMap::new();
            for ((series, slot, interim), number) in by_slot {
                *further.entry((series, slot >> (level - reached), interim)).or_default() += number;
            }
            for ((series, slot, interim), number) in &further {
                add.execute(params![series, level, slot, interim, number])?;
            }
            (by_slot, reached) = (further, level);
        }
        Ok(())
    }
}

/// How many documents of a series have a time from `first` to `last`.
pub(super) fn count(
    connection: &Connection,
    series: i64,
    first: i64,
    last: i64,
    exclude_interim: bool,
) -> rusqlite::Result<u64> {
    let sum = |level: u32, from: i64, until: i64| -> rusqlite::Result<u64> {
        connection
            .prepare_cached(
                "SELECT ifnull(sum(number), 0) FROM tallies
                WHERE series = ?1 AND level = ?2 AND slot BETWEEN ?3 AND ?4 AND interim <= ?5",
            )?
            .query_row(params![series, level, from, until, !exclude_interim], |row| row.get(0))
    };
    let each = |from: i64, until: i64| -> rusqlite::Result<u64> {
        connection
            .prepare_cached(
                "SELECT count(*) FROM results INDEXED BY by_time
                WHERE series = ?1 AND time BETWEEN ?2 AND ?3 AND (NOT ?4 OR interim IS NOT 1)",
            )?
            .query_row(params![series, from, until, exclude_interim], |row| row.get(0))
    };
    // Instants first, then slots of the level that was reached: so many of them that the sums do not overflow.
    let (mut start, mut end) = (i128::from(first), i128::from(last));
    let count = |reached: Option<u32>, from: i128, until: i128| match (i64::try_from(from), i64::try_from(until)) {
        (Ok(from), Ok(until)) if from <= until => {
            reached.map_or_else(|| each(from, until), |level| sum(level, from, until))
        }
        _ => Ok(0),
    };
    let (mut total, mut reached) = (0, None);
    for level in LEVELS {
        let further = level - reached.unwrap_or(0);
        // The whole slots of the next level; what stands before and behind them is counted one by one.
        let (lower, upper) = (((start - 1) >> further) + 1, ((end + 1) >> further) - 1);
        if lower > upper {
            return Ok(total + count(reached, start, end)?);
        }
        total += count(reached, start, (lower << further) - 1)? + count(reached, (upper + 1) << further, end)?;
        (start, end, reached) = (lower, upper, Some(level));
    }
    Ok(total + count(reached, start, end)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::{Connection, params};

    use super::{Changes, Counted, count};
    use crate::store::embedded::schema::SCHEMA;

    fn instant() -> impl Strategy<Value = i64> {
        prop_oneof![
            -5_000_000_000_i64..5_000_000_000,
            (-40_i64..40).prop_map(|slot| slot << 26),
            (-40_i64..40).prop_map(|slot| (slot << 32) - 1),
            (-3_i64..3).prop_map(|slot| slot << 38),
            Just(i64::MIN),
            Just(i64::MAX),
            any::<i64>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn as_counted_one_by_one(
            documents in proptest::collection::vec((instant(), any::<Option<bool>>(), 1..3_i64), 0..40),
            spans in proptest::collection::vec((instant(), instant()), 1..20),
        ) {
            let file = Connection::open_in_memory().unwrap();
            file.execute_batch(SCHEMA).unwrap();
            let mut changes = Changes::default();
            for (time, interim, series) in &documents {
                file.execute(
                    "INSERT INTO results (series, time, interim, odd, source) VALUES (?1, ?2, ?3, 0, x'')",
                    params![series, time, interim],
                ).unwrap();
                changes.count(Counted { series: *series, time: Some(*time), interim: *interim }, 1);
            }
            // One that came and went.
            let gone = Counted { series: 1, time: Some(0), interim: None };
            changes.count(gone, 1);
            changes.write(&file).unwrap();
            changes.count(gone, -1);
            changes.write(&file).unwrap();
            for (first, last) in spans.into_iter().chain([(i64::MIN, i64::MAX)]) {
                for exclude_interim in [false, true] {
                    let expected = documents.iter().filter(|(time, interim, series)| {
                        *series == 1 && (first..=last).contains(time) && !(exclude_interim && *interim == Some(true))
                    });
                    prop_assert_eq!(count(&file, 1, first, last, exclude_interim).unwrap(), expected.count() as u64);
                }
            }
        }
    }
}
