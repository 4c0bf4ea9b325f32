//! Writes documents, in one transaction.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::{
    indexer::{Dynamic, Indexed},
    mapping::Kind,
    tally::{Changes, Counted},
};

/// Where a document belongs that does not say so.
pub(super) const DEFAULT_INDEX: &str = ".ml-anomalies-shared";
/// What the names of results indices, and of the aliases that jobs are read through, begin with.
const RESULTS: &str = ".ml-anomalies-";
/// What the configuration of a job is called.
const JOB_TYPE: &str = "anomaly_detector";

/// What is known of the indices; it outlives a transaction that was committed.
#[derive(Default)]
pub(super) struct Known {
    indices: HashMap<String, Index>,
}

struct Index {
    id: i64,
    dynamic: Dynamic,
    series: HashMap<(Option<String>, Option<String>), i64>,
}

/// A document to be stored.
pub(super) struct Document<'a> {
    pub(super) index: Option<&'a str>,
    pub(super) id: Option<&'a str>,
    pub(super) source: &'a [u8],
}

/// What became of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Stored,
    /// It took the place of one with the same id.
    Replaced,
    /// It was the configuration of a job.
    Job,
    /// It belongs to machine learning, and is no result: state, annotations, notifications.
    Skipped,
}

/// Statements over one open transaction.
pub(super) struct Writer<'a> {
    connection: &'a Connection,
    known: &'a mut Known,
    insert: CachedStatement<'a>,
    remember: CachedStatement<'a>,
    find: CachedStatement<'a>,
    look: CachedStatement<'a>,
    delete: CachedStatement<'a>,
    changes: Changes,
}

// === impl Writer ===

impl<'a> Writer<'a> {
    /// A writer over a transaction of this connection.
    pub(super) fn new(connection: &'a Connection, known: &'a mut Known) -> rusqlite::Result<Self> {
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

    /// Stores a document, in the place of an older one with its id.
    ///
    /// # Errors
    /// Inner: why the document cannot be stored. Outer: the file fails.
    pub(super) fn write(&mut self, document: &Document<'_>) -> rusqlite::Result<Result<Written, String>> {
        let name = document.index.unwrap_or(DEFAULT_INDEX);
        if name.starts_with(".ml-config") {
            return self.register(document);
        }
        if name.starts_with(".ml-") && !name.starts_with(RESULTS) {
            return Ok(Ok(Written::Skipped));
        }
        let index = self.known.index(self.connection, name)?;
        let indexed = match Indexed::read(document.source, document.id, &index.dynamic) {
            Ok(indexed) => indexed,
            Err(reason) => return Ok(Err(reason)),
        };
        if document.index.is_none() && indexed.job_type.as_deref() == Some(JOB_TYPE) {
            return self.register(document);
        }
        index.add_fields(self.connection, indexed.added)?;
        let series = index.series(self.connection, indexed.job, indexed.result_type)?;
        let index = index.id;
        self.insert.execute(params![
            series,
            indexed.time,
            indexed.score,
            indexed.interim,
            indexed.odd,
            document.source
        ])?;
        self.changes.count(Counted { series, time: indexed.time, interim: indexed.interim }, 1);
        let Some(id) = document.id else { return Ok(Ok(Written::Stored)) };
        let seq = self.connection.last_insert_rowid();
        if self.remember.execute(params![index, id, seq])? == 1 {
            return Ok(Ok(Written::Stored));
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
        Ok(Ok(Written::Replaced))
    }

    /// Writes what is kept back until the end of the transaction.
    ///
    /// # Errors
    /// The file fails.
    pub(super) fn finish(mut self) -> rusqlite::Result<()> {
        self.changes.write(self.connection)
    }

    /// Makes a job known by its configuration.
    fn register(&mut self, document: &Document<'_>) -> rusqlite::Result<Result<Written, String>> {
        let config = match Indexed::read(document.source, document.id, &Dynamic::new()) {
            Ok(config) => config,
            Err(reason) => return Ok(Err(reason)),
        };
        let Some(job) = config.job.filter(|_| config.job_type.as_deref() == Some(JOB_TYPE)) else {
            // a datafeed, for one
            return Ok(Ok(Written::Skipped));
        };
        let index = config.results_index_name.map(|name| format!("{RESULTS}{name}"));
        self.connection.prepare_cached("INSERT OR REPLACE INTO jobs VALUES (?1, ?2)")?.execute((job, index))?;
        Ok(Ok(Written::Job))
    }

    /// Takes note of the jobs that are read through these aliases of an index, and gives their number.
    pub(super) fn add_aliases(&mut self, index: &str, aliases: &[String]) -> rusqlite::Result<u64> {
        let jobs = aliases.iter().filter_map(|alias| alias.strip_prefix(RESULTS)).filter(|job| !job.starts_with('.'));
        let mut added = 0;
        for job in jobs {
            let index = self.known.index(self.connection, index)?.id;
            self.connection.prepare_cached("INSERT OR IGNORE INTO aliases VALUES (?1, ?2)")?.execute((job, index))?;
            added += 1;
        }
        Ok(added)
    }
}

// === impl Known, Index ===

impl Known {
    fn index(&mut self, connection: &Connection, name: &str) -> rusqlite::Result<&mut Index> {
        if !self.indices.contains_key(name) {
            let index = Index::read(connection, name)?;
            self.indices.insert(name.to_owned(), index);
        }
        self.indices.get_mut(name).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }
}

impl Index {
    /// Reads what the file knows of the index, adding it where it is new.
    fn read(connection: &Connection, name: &str) -> rusqlite::Result<Self> {
        connection.prepare_cached("INSERT OR IGNORE INTO indices (name) VALUES (?1)")?.execute([name])?;
        let id =
            connection.prepare_cached("SELECT id FROM indices WHERE name = ?1")?.query_row([name], |row| row.get(0))?;
        let mut fields = connection.prepare_cached("SELECT path, object FROM fields WHERE index_id = ?1")?;
        let dynamic = fields.query_map([id], |row| {
            Ok((row.get::<_, String>(0)?.into(), if row.get(1)? { Kind::Object } else { Kind::Keyword }))
        })?;
        Ok(Self { id, dynamic: dynamic.collect::<Result<_, _>>()?, series: HashMap::new() })
    }

    fn add_fields(&mut self, connection: &Connection, added: Vec<(Box<str>, Kind)>) -> rusqlite::Result<()> {
        for (path, kind) in added {
            connection.prepare_cached("INSERT OR IGNORE INTO fields VALUES (?1, ?2, ?3)")?.execute(params![
                self.id,
                path,
                kind == Kind::Object
            ])?;
            self.dynamic.insert(path, kind);
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
