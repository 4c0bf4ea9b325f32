//! Writes documents, in one transaction.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use rusqlite::{CachedStatement, Connection, OptionalExtension, TransactionBehavior, params};

use super::{
    indexer::Indexed,
    intake::{RESULTS, Taken},
    mapping::Kind,
    tally::{Changes, Counted},
};

/// The numbers of indices and series; they outlive a transaction that was committed.
#[derive(Default)]
pub(super) struct Known {
    indices: HashMap<Arc<str>, Index>,
}

struct Index {
    id: i64,
    series: HashMap<(Option<String>, Option<String>), i64>,
}

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Stored,
    /// It took the place of one with the same id.
    Replaced,
    /// It was the configuration of a job.
    Job,
    /// It is no result.
    Skipped,
}

/// Statements over one open transaction.
pub(super) struct Writer<'a> {
    pub(super) connection: &'a Connection,
    known: &'a mut Known,
    insert: CachedStatement<'a>,
    remember: CachedStatement<'a>,
    find: CachedStatement<'a>,
    look: CachedStatement<'a>,
    delete: CachedStatement<'a>,
    changes: Changes,
}

/// Writes in one transaction; where `work` gives nothing, nothing is written.
///
/// # Errors
/// `work` fails, or the file does. Nothing is written then, and `known` is to be forgotten.
pub(super) fn writing<T>(
    connection: &mut Connection,
    known: &mut Known,
    work: impl FnOnce(&mut Writer<'_>) -> rusqlite::Result<Option<T>>,
) -> rusqlite::Result<Option<T>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut writer = Writer::new(&transaction, known)?;
    let outcome = work(&mut writer)?;
    writer.changes.write(&transaction)?;
    drop(writer);
    if outcome.is_some() {
        transaction.commit()?;
    }
    Ok(outcome)
}

// === impl Writer ===

impl<'a> Writer<'a> {
    fn new(connection: &'a Connection, known: &'a mut Known) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            known,
            insert: connection.prepare_cached(
                "INSERT INTO results (series, time, score, interim, odd, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?,
            remember: connection
                .prepare_cached("INSERT INTO ids (index_id, id, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?,
            find: connection.prepare_cached("SELECT seq FROM ids WHERE index_id = ?1 AND id = ?2")?,
            look: connection.prepare_cached("SELECT series, time, interim FROM results WHERE seq = ?1")?,
            delete: connection.prepare_cached("DELETE FROM results WHERE seq = ?1")?,
            changes: Changes::default(),
        })
    }

    /// Writes what a document is, in the place of an older one with its id.
    ///
    /// # Errors
    /// The file fails.
    pub(super) fn write(&mut self, id: Option<&str>, source: &[u8], taken: Taken) -> rusqlite::Result<Written> {
        match taken {
            Taken::Result { index, indexed } => self.store(index, id, source, indexed),
            Taken::Job { job, index } => {
                self.connection.prepare_cached("INSERT OR REPLACE INTO jobs VALUES (?1, ?2)")?.execute((job, index))?;
                Ok(Written::Job)
            }
            Taken::Skipped => Ok(Written::Skipped),
        }
    }

    fn store(
        &mut self,
        index: Arc<str>,
        id: Option<&str>,
        source: &[u8],
        indexed: Indexed,
    ) -> rusqlite::Result<Written> {
        let Indexed { time, score, interim, odd, .. } = indexed;
        let index = self.known.index(self.connection, index)?;
        index.add_fields(self.connection, &indexed.added)?;
        let series = index.series(self.connection, indexed.job, indexed.result_type)?;
        let index = index.id;
        self.insert.execute(params![series, time, score, interim, odd, source])?;
        self.changes.count(Counted { series, time, interim }, 1);
        let Some(id) = id else { return Ok(Written::Stored) };
        let seq = self.connection.last_insert_rowid();
        if self.remember.execute(params![index, id, seq])? == 1 {
            return Ok(Written::Stored);
        }
        let old: i64 = self.find.query_row(params![index, id], |row| row.get(0))?;
        let gone = self
            .look
            .query_row([old], |row| Ok(Counted { series: row.get(0)?, time: row.get(1)?, interim: row.get(2)? }))?;
        self.changes.count(gone, -1);
        self.delete.execute([old])?;
        self.connection
            .prepare_cached("UPDATE ids SET seq = ?3 WHERE index_id = ?1 AND id = ?2")?
            .execute(params![index, id, seq])?;
        Ok(Written::Replaced)
    }

    /// Takes note of the jobs that are read through these aliases of an index, and gives their number.
    pub(super) fn add_aliases(&mut self, index: &str, aliases: &[String]) -> rusqlite::Result<u64> {
        let jobs = aliases.iter().filter_map(|alias| alias.strip_prefix(RESULTS)).filter(|job| !job.starts_with('.'));
        let mut added = 0;
        for job in jobs {
            let index = self.known.index(self.connection, index.into())?.id;
            self.connection.prepare_cached("INSERT OR IGNORE INTO aliases VALUES (?1, ?2)")?.execute((job, index))?;
            added += 1;
        }
        Ok(added)
    }
}

// === impl Known, Index ===

impl Known {
    fn index(&mut self, connection: &Connection, name: Arc<str>) -> rusqlite::Result<&mut Index> {
        Ok(match self.indices.entry(name) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let index = Index::read(connection, new.key())?;
                new.insert(index)
            }
        })
    }
}

impl Index {
    /// Reads the number of the index, adding it where it is new.
    fn read(connection: &Connection, name: &str) -> rusqlite::Result<Self> {
        connection.prepare_cached("INSERT OR IGNORE INTO indices (name) VALUES (?1)")?.execute([name])?;
        let id =
            connection.prepare_cached("SELECT id FROM indices WHERE name = ?1")?.query_row([name], |row| row.get(0))?;
        Ok(Self { id, series: HashMap::new() })
    }

    fn add_fields(&self, connection: &Connection, added: &[(Box<str>, Kind)]) -> rusqlite::Result<()> {
        for (path, kind) in added {
            connection.prepare_cached("INSERT OR IGNORE INTO fields VALUES (?1, ?2, ?3)")?.execute(params![
                self.id,
                path,
                *kind == Kind::Object
            ])?;
        }
        Ok(())
    }

    fn series(
        &mut self,
        connection: &Connection,
        job: Option<String>,
        result_type: Option<String>,
    ) -> rusqlite::Result<i64> {
        let key = (job, result_type);
        if let Some(series) = self.series.get(&key) {
            return Ok(*series);
        }
        let (job, result_type) = &key;
        let found = connection
            .prepare_cached("SELECT id FROM series WHERE job IS ?1 AND type IS ?2 AND index_id = ?3")?
            .query_row(params![job, result_type, self.id], |row| row.get(0))
            .optional()?;
        let series = if let Some(series) = found {
            series
        } else {
            connection
                .prepare_cached("INSERT INTO series (job, type, index_id) VALUES (?1, ?2, ?3)")?
                .execute(params![job, result_type, self.id])?;
            connection.last_insert_rowid()
        };
        self.series.insert(key, series);
        Ok(series)
    }
}
