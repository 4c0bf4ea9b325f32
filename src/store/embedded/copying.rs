//! Documents out of the store, job by job in the order of their times, and into it, with the ids that they have.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior, params};

use super::{
    EmbeddedStore, StoreError,
    intake::{Document, Intake, stored_fields},
    writer::{Known, Writer, writing},
};

/// What the store holds of a job in an index.
#[derive(Debug)]
pub struct Held {
    pub job: String,
    /// `None` of a job without results.
    pub index: Option<String>,
    pub documents: u64,
    /// Times of the first and the last document.
    pub span: Option<(i64, i64)>,
}

/// A stored document.
#[derive(Debug)]
pub struct Stored<'a> {
    /// The order in which documents were stored; it tells those without an id apart.
    pub seq: i64,
    pub index: &'a str,
    pub id: Option<&'a str>,
    /// `None` of documents without a time.
    pub time: Option<i64>,
    pub source: &'a [u8],
}

/// A store that documents are put into.
#[derive(Clone)]
pub struct Filling {
    store: EmbeddedStore,
    learned: Arc<Mutex<Learned>>,
}

/// What is known of the store by what was put into it.
#[derive(Default)]
struct Learned {
    intake: Intake,
    known: Known,
}

// === impl EmbeddedStore ===

impl EmbeddedStore {
    /// What there is of every job.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn held(&self) -> Result<Vec<Held>, StoreError> {
        const HELD: &str = "
            SELECT s.job, i.name, count(*), min(r.time), max(r.time)
            FROM series s JOIN indices i ON i.id = s.index_id JOIN results r ON r.series = s.id
            WHERE s.job IS NOT NULL GROUP BY s.job, i.name
            UNION ALL SELECT job, NULL, 0, NULL, NULL FROM jobs";
        self.with(|connection| {
            let mut statement = connection.prepare(HELD)?;
            let rows = statement.query_map([], |row| {
                let (first, last): (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
                Ok(Held { job: row.get(0)?, index: row.get(1)?, documents: row.get(2)?, span: first.zip(last) })
            })?;
            rows.collect()
        })
    }

    /// Calls for each document of a job from a time on, those without a time first, until it says no.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn each_of(
        &self,
        job: &str,
        from: Option<i64>,
        mut call: impl FnMut(Stored<'_>) -> bool,
    ) -> Result<(), StoreError> {
        // Only numbers are sorted, which are small; documents are looked up one by one. All of it is one moment's state.
        const IN_ORDER: &str = "
            SELECT r.seq, r.time, s.index_id FROM series s JOIN results r ON r.series = s.id
            WHERE s.job = ?1 AND (?2 IS NULL OR r.time >= ?2) ORDER BY r.time, r.seq";
        self.with(|connection| {
            let snapshot = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
            let names = names(&snapshot)?;
            note_ids(&snapshot, job)?;
            let mut in_order = snapshot.prepare(IN_ORDER)?;
            let mut id_of = snapshot.prepare("SELECT id FROM temp.id_of WHERE seq = ?1")?;
            let mut source_of = snapshot.prepare("SELECT source FROM results WHERE seq = ?1")?;
            let mut rows = in_order.query(params![job, from])?;
            while let Some(row) = rows.next()? {
                let (seq, time, index): (i64, Option<i64>, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let mut ids = id_of.query([seq])?;
                let id = ids.next()?.map(|row| row.get::<_, String>(0)).transpose()?;
                let index = names.iter().find(|(known, _)| *known == index).map_or("", |(_, name)| name);
                let goes_on = source_of.query_row([seq], |row| {
                    let source = row.get_ref(0)?.as_bytes()?;
                    Ok(call(Stored { seq, index, id: id.as_deref(), time, source }))
                })?;
                if !goes_on {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// The ids of a job's documents by the number of the document: the store finds them the other way round.
fn note_ids(connection: &Connection, job: &str) -> rusqlite::Result<()> {
    connection.execute_batch(
        "DROP TABLE IF EXISTS temp.id_of; CREATE TEMP TABLE id_of (seq INTEGER PRIMARY KEY, id TEXT NOT NULL);",
    )?;
    connection.execute(
        "INSERT INTO temp.id_of SELECT i.seq, i.id FROM ids i JOIN results r ON r.seq = i.seq JOIN series s ON s.id = r.series
         WHERE s.job = ?1",
        [job],
    )?;
    Ok(())
}

fn names(connection: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut statement = connection.prepare("SELECT id, name FROM indices")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

// === impl Filling ===

impl Filling {
    /// Fills a store.
    #[must_use]
    pub fn new(store: EmbeddedStore) -> Self {
        Self { store, learned: Arc::default() }
    }

    /// Stores documents, each as its index, its id and its source, all of them or none. Gives those that cannot be stored, by
    /// their place, and why.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn store<'a>(
        &self,
        documents: impl Iterator<Item = (&'a str, &'a str, &'a [u8])>,
    ) -> Result<Vec<(usize, String)>, StoreError> {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let Learned { intake, known } = &mut *learned;
        let store = |writer: &mut Writer<'_>| {
            let mut unfit = Vec::new();
            for (at, (index, id, source)) in documents.enumerate() {
                let document = Document { index: Some(index), id: Some(id), source };
                match intake.take(&document, |index| stored_fields(writer.connection, index))? {
                    Ok(taken) => drop(writer.write(Some(id), source, taken)?),
                    Err(reason) => unfit.push((at, reason)),
                }
            }
            Ok(Some(unfit))
        };
        let outcome = self.store.with(|connection| writing(connection, known, store));
        if outcome.is_err() {
            // what was learned in a transaction that is undone is not so
            *learned = Learned::default();
        }
        Ok(outcome?.unwrap_or_default())
    }

    /// Lets a job be read from an index.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn add_alias(&self, index: &str, alias: String) -> Result<(), StoreError> {
        let mut learned = self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let add = |writer: &mut Writer<'_>| writer.add_aliases(index, &[alias]).map(Some);
        self.store.with(|connection| writing(connection, &mut learned.known, add)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::{EmbeddedStore, Filling};
    use crate::store::embedded::tally;

    #[test]
    fn what_was_put_in_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let store = EmbeddedStore::open(&folder.path().join("results.db")).unwrap();
        let filling = Filling::new(store.clone());
        let put = |range: std::ops::Range<u64>| {
            let documents: Vec<_> = range
                .map(|time| {
                    (time.to_string(), format!(r#"{{"job_id":"j","result_type":"bucket","timestamp":{time}}}"#))
                })
                .collect();
            let documents =
                documents.iter().map(|(id, source)| (".ml-anomalies-shared", id.as_str(), source.as_bytes()));
            assert_eq!(filling.store(documents).unwrap(), []);
        };
        let count = || store.with(|file| Ok(tally::count(file, 1, i64::MIN, i64::MAX, false)));
        put(0..300);
        assert_eq!(count().unwrap().unwrap(), 300);
        // those that are there already are replaced
        put(200..400);
        assert_eq!(count().unwrap().unwrap(), 400);
    }
}
