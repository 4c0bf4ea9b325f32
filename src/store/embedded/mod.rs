//! The embedded store: every result in one SQLite file, asked as Elasticsearch would be and failing as it would fail.

mod document;
mod faults;
mod mapping;
mod search;
mod sort;

/// Loads files of documents.
pub mod import;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;
use rusqlite::{Connection, OpenFlags};

use super::{Answer, Hits, ResultsStore, unknown_job};
use crate::{error::Error, privileges::Permit, results::query::ResultsQuery};

/// Raised with every change of the tables; a file of another version is refused.
const SCHEMA_VERSION: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE results (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        index_name TEXT NOT NULL,
        document_id TEXT,
        job TEXT,
        type TEXT,
        time INTEGER,
        score REAL,
        interim INTEGER,
        source BLOB NOT NULL,
        UNIQUE (index_name, document_id)
    );
    CREATE INDEX by_time ON results (job, type, time);
    CREATE INDEX by_score ON results (job, type, score, time);
    CREATE TABLE jobs (job TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE dynamic_fields (path TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE imports (file TEXT PRIMARY KEY, head BLOB NOT NULL, offset INTEGER NOT NULL) WITHOUT ROWID;
    PRAGMA user_version = 1;
";

/// Why a store cannot be opened or filled; the message names the file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{}: {source}", file.display())]
    Sqlite { file: PathBuf, source: rusqlite::Error },
    #[error("{}: not a store of this version of mlgate (found version {found}, expected {SCHEMA_VERSION})", file.display())]
    Version { file: PathBuf, found: i64 },
    #[error("{}: {source}", file.display())]
    File { file: PathBuf, source: std::io::Error },
}

/// A store in one file. Clones share its connections.
#[derive(Debug, Clone)]
pub struct EmbeddedStore {
    file: Arc<Path>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

// === impl EmbeddedStore ===

impl EmbeddedStore {
    /// Opens the file, creating it where it is not there.
    ///
    /// # Errors
    /// Where the file cannot be read or is something else.
    pub fn open(file: &Path) -> Result<Self, StoreError> {
        let store = Self { file: file.into(), idle: Arc::default() };
        let connection = store.connect()?;
        let failed = |source| StoreError::Sqlite { file: file.into(), source };
        let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
        if tables == 0 {
            connection.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
            connection.execute_batch(&format!("BEGIN; {SCHEMA} COMMIT;")).map_err(failed)?;
        } else if found != SCHEMA_VERSION {
            return Err(StoreError::Version { file: file.into(), found });
        }
        store.give_back(connection);
        Ok(store)
    }

    /// How many documents of how many jobs there are.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn counts(&self) -> Result<(u64, u64), StoreError> {
        self.with(|connection| {
            connection.query_row("SELECT count(*), count(DISTINCT job) FROM results", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
        })
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let failed = |source| StoreError::Sqlite { file: self.file.as_ref().into(), source };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
        connection.pragma_update(None, "synchronous", "normal").map_err(failed)?;
        sort::register(&connection).map_err(failed)?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = work(&mut connection);
        self.give_back(connection);
        result.map_err(|source| StoreError::Sqlite { file: self.file.as_ref().into(), source })
    }

    /// Runs on a thread that may block.
    fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<Result<T, Error>> + Send + 'static,
    ) -> Answer<'_, T> {
        let store = self.clone();
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || store.with(work)).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => {
                    tracing::error!(%error, "the store failed");
                    Err(Error::store(StatusCode::INTERNAL_SERVER_ERROR, "the results store failed"))
                }
                Err(error) => {
                    tracing::error!(%error, "a search ended early");
                    Err(Error::store(StatusCode::INTERNAL_SERVER_ERROR, "the results store failed"))
                }
            }
        })
    }
}

impl ResultsStore for EmbeddedStore {
    fn search<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits> {
        let (job, query) = (permit.job().clone(), query.clone());
        self.ask(move |connection| search::search(connection, &job, &query, search::now()))
    }

    fn search_known_job<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits> {
        let (job, query) = (permit.job().clone(), query.clone());
        let unknown = unknown_job(permit);
        self.ask(move |connection| {
            if search::has_results(connection, &job)? {
                return search::search(connection, &job, &query, search::now());
            }
            // A job that is configured but has no results has no index that could refuse the search.
            let registered = connection.prepare_cached("SELECT 1 FROM jobs WHERE job = ?1")?.exists([job.as_str()])?;
            Ok(if registered { Ok(Hits::default()) } else { Err(unknown) })
        })
    }
}
