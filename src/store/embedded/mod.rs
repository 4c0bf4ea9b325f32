//! The embedded store: every result in one SQLite file, asked as Elasticsearch would be and failing as it would fail.

mod document;
mod faults;
mod indexer;
mod intake;
mod mapping;
mod place;
mod question;
mod reading;
mod scan;
mod schema;
mod search;
mod sort;
mod tally;
mod writer;

/// Documents out of the store and into it, for copies.
pub mod copying;

/// Loads files of documents.
pub mod import;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::StatusCode;
use rusqlite::{Connection, OpenFlags, ffi};

use self::schema::{SCHEMA_VERSION, set_up, tables};
use super::{Answer, Hits, Pages, ResultsStore, Taker, unknown_job};
use crate::{
    error::Error,
    privileges::Permit,
    results::{get_buckets::page::Page, query::ResultsQuery},
};

/// Connections that are kept open while nobody asks.
const MOST_IDLE: usize = 8;

/// Why a store cannot be opened or filled; the message names the file, and holds its cause: one line for a person, whoever
/// prints it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{}: {cause}{}", file.display(), what_failed(cause))]
    Sqlite { file: PathBuf, cause: rusqlite::Error },
    #[error("{}: not a store of this version of mlgate (found version {found}, expected {SCHEMA_VERSION})", file.display())]
    Version { file: PathBuf, found: i64 },
    #[error("{}: {cause}", file.display())]
    File { file: PathBuf, cause: std::io::Error },
}

/// What of a disk failed, where SQLite says no more than that one did.
fn what_failed(cause: &rusqlite::Error) -> &'static str {
    match cause.sqlite_error().map(|error| error.extended_code) {
        Some(ffi::SQLITE_IOERR_READ | ffi::SQLITE_IOERR_SHORT_READ) => ": it cannot be read",
        Some(ffi::SQLITE_IOERR_WRITE) => ": it cannot be written to; is there a limit on the size of files?",
        Some(ffi::SQLITE_IOERR_FSYNC) => ": what was written does not reach the disk",
        _ => "",
    }
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
        let found = set_up(&connection).map_err(|cause| store.failed(cause))?;
        if found != SCHEMA_VERSION {
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
        const COUNTS: &str = "SELECT (SELECT count(*) FROM results),
            (SELECT count(*) FROM (SELECT job FROM series WHERE job IS NOT NULL UNION SELECT job FROM jobs))";
        self.with(|connection| connection.query_row(COUNTS, [], |row| Ok((row.get(0)?, row.get(1)?))))
    }

    /// Whether the file is there and can be read.
    ///
    /// # Errors
    /// Where not.
    pub fn reachable(&self) -> Result<(), StoreError> {
        // A file that was removed can still be read by who has it open.
        self.file.metadata().map_err(|cause| StoreError::File { file: self.file.as_ref().into(), cause })?;
        self.with(|connection| tables(connection).map(drop))
    }

    fn failed(&self, cause: rusqlite::Error) -> StoreError {
        StoreError::Sqlite { file: self.file.as_ref().into(), cause }
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.file, flags).map_err(|cause| self.failed(cause))?;
        let set_up = || {
            connection.busy_timeout(Duration::from_secs(5))?;
            connection.pragma_update(None, "synchronous", "normal")
        };
        set_up().map_err(|cause| self.failed(cause))?;
        Ok(connection)
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(connection);
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let result = work(&mut connection);
        self.give_back(connection);
        result.map_err(|cause| self.failed(cause))
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

// === impl ResultsStore ===

impl EmbeddedStore {
    /// Searches for a job, of which may be known nothing.
    fn search_for<'a, T: Taker>(
        &'a self,
        permit: &Permit,
        query: &ResultsQuery,
        mut taker: T,
        unknown: Option<Error>,
    ) -> Answer<'a, T> {
        let (job, query) = (permit.job().clone(), query.clone());
        self.ask(move |connection| match (place::place(connection, &job)?, unknown) {
            (Some(place), _) => {
                let found = search::search(connection, &place, &job, &query, question::now(), &mut taker)?;
                Ok(found.map(|()| taker))
            }
            (None, Some(unknown)) => Ok(Err(unknown)),
            (None, None) => Ok(Ok(taker)),
        })
    }
}

impl ResultsStore for EmbeddedStore {
    fn search<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits> {
        self.search_for(permit, query, Hits::default(), None)
    }

    fn search_known_job<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits> {
        self.search_for(permit, query, Hits::default(), Some(unknown_job(permit.job())))
    }

    fn page_of_known_job<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery, page: Page) -> Answer<'a, Page> {
        self.search_for(permit, query, page, Some(unknown_job(permit.job())))
    }

    fn scan(&self, permit: Arc<Permit>, query: ResultsQuery) -> Box<dyn Pages> {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let store = self.clone();
        tokio::task::spawn_blocking(move || {
            let job = permit.job().clone();
            let mut take = |hits| sender.blocking_send(Ok(hits)).is_ok();
            let outcome = store.with(|connection| match place::place(connection, &job)? {
                Some(place) => scan::scan(connection, &place, &job, &query, question::now(), &mut take),
                None => Ok(Err(unknown_job(&job))),
            });
            let failed = |cause: StoreError| {
                tracing::error!(error = %cause, "the store failed");
                Err(Error::store(StatusCode::INTERNAL_SERVER_ERROR, "the results store failed"))
            };
            if let Err(error) = outcome.unwrap_or_else(failed) {
                // Nobody waits for it where nobody takes it.
                let _ = sender.blocking_send(Err(error));
            }
        });
        Box::new(scan::Cursor(receiver))
    }
}
