//! What a query means in this file: which documents it is about, how they are told from others, and how they are sorted.

use rusqlite::{OptionalExtension, Transaction, types::Value as SqlValue};

use super::{
    faults::{Refusal, WINDOW},
    mapping::{Kind, score_field},
    place::Place,
    reading::Condition,
    sort::Key,
};
use crate::{
    error::Error,
    results::{
        job_id::JobId,
        query::{ResultsQuery, Times},
        time,
    },
};

/// A query that some documents may answer.
pub(super) struct Question {
    /// Where they are.
    pub(super) series: Vec<i64>,
    pub(super) filter: Filter,
    pub(super) way: Way,
}

/// How the documents are found that the filter lets through.
pub(super) enum Way {
    /// Columns tell everything: SQL sorts by these terms.
    Columns { order: String },
    /// Each of them is read.
    Reading { condition: Condition, keys: Vec<Key> },
}

/// The instants a search asks for, in epoch milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Instants {
    /// Both ends belong to it.
    Between(i64, i64),
    AnyOf(Vec<i64>),
}

/// The documents that columns can tell from others.
pub(super) struct Filter {
    pub(super) sql: String,
    pub(super) values: Vec<SqlValue>,
    /// The first and the last instant.
    pub(super) span: Option<(i64, i64)>,
    /// Whether the score matters.
    pub(super) by_score: bool,
}

/// Epoch milliseconds now.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

// === impl Question ===

impl Question {
    /// The question that a query is, `None` where nothing is there to answer it; or Elasticsearch's refusal.
    ///
    /// # Errors
    /// The file fails.
    pub(super) fn of(
        transaction: &Transaction<'_>,
        place: &Place,
        job: &JobId,
        query: &ResultsQuery,
        now: i64,
    ) -> rusqlite::Result<Result<Option<Self>, Error>> {
        let (instants, keys) = match understand(transaction, place, query, now)? {
            Ok(understood) => understood,
            // without an index nothing refuses
            Err(_) if place.indices.is_empty() => return Ok(Ok(None)),
            Err(refusal) => {
                let names: Vec<String> = place.indices.iter().map(|(_, name)| name.clone()).collect();
                return Ok(Err(refusal.error(&names)));
            }
        };
        let series = series(transaction, place, job, query)?;
        if series.is_empty() {
            return Ok(Ok(None));
        }
        let list = series.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
        let odd = transaction
            .prepare(&format!("SELECT 1 FROM results WHERE series IN ({list}) AND odd LIMIT 1"))?
            .exists([])?;
        let in_columns = !odd && query.score.is_none_or(|(field, _)| field == score_field(query.result_type.as_str()));
        let filter = if in_columns { Filter::new(&list, &instants, query) } else { Filter::nothing(&list) };
        let way = match order_by(&keys, &series, query).filter(|_| in_columns) {
            Some(order) => Way::Columns { order },
            None => Way::Reading { condition: Condition::new(&instants, query), keys },
        };
        Ok(Ok(Some(Self { series, filter, way })))
    }
}

/// What the query means, or why Elasticsearch refuses it: its times first, then its sort, then its window.
fn understand(
    transaction: &Transaction<'_>,
    place: &Place,
    query: &ResultsQuery,
    now: i64,
) -> rusqlite::Result<Result<(Instants, Vec<Key>), Refusal>> {
    let dynamic = |path: &str| -> rusqlite::Result<Option<Kind>> {
        for (index, _) in &place.indices {
            let kind = transaction
                .prepare_cached("SELECT object FROM fields WHERE index_id = ?1 AND path = ?2")?
                .query_row((index, path), |row| Ok(if row.get(0)? { Kind::Object } else { Kind::Keyword }))
                .optional()?;
            if kind.is_some() {
                return Ok(kind);
            }
        }
        Ok(None)
    };
    let keys: Result<Vec<Key>, Refusal> =
        query.sort.iter().map(|key| Key::resolve(key, dynamic)).collect::<rusqlite::Result<Result<_, _>>>()?;
    let instants = match Instants::new(&query.times, now) {
        Ok(instants) => instants,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let window = u64::from(query.from) + u64::from(query.size);
    Ok(keys.and_then(|keys| if window > WINDOW { Err(Refusal::Window(window)) } else { Ok((instants, keys)) }))
}

/// The numbers under which the job's documents of this type are kept, one for each index.
fn series(
    transaction: &Transaction<'_>,
    place: &Place,
    job: &JobId,
    query: &ResultsQuery,
) -> rusqlite::Result<Vec<i64>> {
    let mut statement =
        transaction.prepare_cached("SELECT id FROM series WHERE job = ?1 AND type = ?2 AND index_id = ?3")?;
    let found = place.indices.iter().map(|(index, _)| {
        statement.query_row((job.as_str(), query.result_type.as_str(), index), |row| row.get(0)).optional()
    });
    found.filter_map(Result::transpose).collect()
}

/// The `ORDER BY` terms, where all keys are columns.
fn order_by(keys: &[Key], series: &[i64], query: &ResultsQuery) -> Option<String> {
    let direction = |descending: bool| if descending { "DESC" } else { "ASC" };
    let mut terms = Vec::new();
    for key in keys {
        match key {
            Key::Same => {}
            Key::Index { .. } if series.len() == 1 => {}
            Key::Insertion { descending } => terms.push(format!("seq {}", direction(*descending))),
            Key::Field { path, descending, .. } if path == "timestamp" => {
                terms.push(format!("time {}", direction(*descending)));
            }
            Key::Field { path, descending, .. } if path == score_field(query.result_type.as_str()) => {
                terms.push(format!("score {} NULLS LAST", direction(*descending)));
            }
            Key::Index { .. } | Key::Field { .. } => return None,
        }
    }
    if series.len() > 1 {
        let ranks: Vec<_> = series.iter().enumerate().map(|(rank, id)| format!("WHEN {id} THEN {rank}")).collect();
        terms.push(format!("CASE series {} END", ranks.join(" ")));
    }
    terms.push("seq".into());
    Some(terms.join(", "))
}

// === impl Instants ===

impl Instants {
    fn new(times: &Times, now: i64) -> Result<Self, Refusal> {
        match times {
            Times::Range { start, end } => {
                let read = |text: &String| time::resolve(text, now, false).map_err(Refusal::Range);
                let start = start.as_ref().map(read).transpose()?.unwrap_or(i64::MIN);
                let end = end.as_ref().map(read).transpose()?;
                // nothing is before the first instant
                Ok(match end {
                    Some(i64::MIN) => Self::AnyOf(Vec::new()),
                    Some(end) => Self::Between(start, end - 1),
                    None => Self::Between(start, i64::MAX),
                })
            }
            Times::Match(text) => {
                let read = |round_up| time::resolve(text, now, round_up).map_err(Refusal::Match);
                Ok(Self::Between(read(false)?, read(true)?))
            }
            Times::AnyOf(instants) => Ok(Self::AnyOf(instants.clone())),
        }
    }

    pub(super) fn contains(&self, instant: i64) -> bool {
        match self {
            Self::Between(first, last) => (*first..=*last).contains(&instant),
            Self::AnyOf(instants) => instants.contains(&instant),
        }
    }

    /// Whether documents without a time belong to it as well: nothing was asked of the time.
    pub(super) fn is_everything(&self) -> bool {
        *self == Self::Between(i64::MIN, i64::MAX)
    }
}

// === impl Filter ===

impl Filter {
    fn new(series: &str, instants: &Instants, query: &ResultsQuery) -> Self {
        let mut filter = Self::nothing(series);
        match instants {
            _ if instants.is_everything() => {}
            Instants::Between(first, last) => {
                filter.sql += " AND time BETWEEN ? AND ?";
                filter.values.extend([SqlValue::Integer(*first), SqlValue::Integer(*last)]);
            }
            Instants::AnyOf(instants) => {
                // one bound value however many instants there are
                filter.sql += " AND time IN (SELECT value FROM json_each(?))";
                filter.values.push(SqlValue::Text(serde_json::to_string(instants).unwrap_or_default()));
            }
        }
        if query.exclude_interim {
            filter.sql += " AND interim IS NOT 1";
        }
        if let Instants::Between(first, last) = instants {
            filter.span = Some((*first, *last));
        }
        if let Some((_, least)) = query.score {
            filter.sql += " AND score >= ?";
            filter.values.push(SqlValue::Real(least));
            filter.by_score = true;
        }
        filter
    }

    fn nothing(series: &str) -> Self {
        Self { sql: format!("series IN ({series})"), values: Vec::new(), span: None, by_score: false }
    }
}
