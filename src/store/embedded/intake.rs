//! What a document will be in the store, found out without writing anything: so it can be done on another thread than writing.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use rusqlite::Connection;

use super::{
    indexer::{Dynamic, Indexed},
    mapping::Kind,
};

/// Where a document belongs that does not say so.
pub(super) const DEFAULT_INDEX: &str = ".ml-anomalies-shared";
/// What the names of results indices, and of the aliases that jobs are read through, begin with.
pub(super) const RESULTS: &str = ".ml-anomalies-";
/// What the configuration of a job is called.
const JOB_TYPE: &str = "anomaly_detector";

/// A document to be stored.
pub(super) struct Document<'a> {
    pub(super) index: Option<&'a str>,
    pub(super) id: Option<&'a str>,
    pub(super) source: &'a [u8],
}

/// What a document is.
pub(super) enum Taken {
    /// A result, with what it is found under.
    Result { index: Arc<str>, indexed: Indexed },
    /// The configuration of a job, with the index that it names.
    Job { job: String, index: Option<String> },
    /// It belongs to machine learning, and is no result: state, annotations, notifications.
    Skipped,
}

/// Takes documents in, and knows the fields that those before have brought into their indices.
#[derive(Default)]
pub(super) struct Intake {
    fields: HashMap<Arc<str>, Dynamic>,
}

// === impl Intake ===

impl Intake {
    /// Takes a document in; `stored` gives the fields that the store knows of an index.
    ///
    /// # Errors
    /// Inner: why the document cannot be stored. Outer: `stored` fails.
    pub(super) fn take<E>(
        &mut self,
        document: &Document<'_>,
        stored: impl FnOnce(&str) -> Result<Dynamic, E>,
    ) -> Result<Result<Taken, String>, E> {
        let name = document.index.unwrap_or(DEFAULT_INDEX);
        if name.starts_with(".ml-config") {
            return Ok(configuration(document));
        }
        if name.starts_with(".ml-") && !name.starts_with(RESULTS) {
            return Ok(Ok(Taken::Skipped));
        }
        let index = match self.fields.get_key_value(name) {
            Some((index, _)) => Arc::clone(index),
            None => name.into(),
        };
        let fields = match self.fields.entry(Arc::clone(&index)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(stored(name)?),
        };
        let indexed = match Indexed::read(document.source, document.id, fields) {
            Ok(indexed) => indexed,
            Err(reason) => return Ok(Err(reason)),
        };
        if document.index.is_none() && indexed.job_type.as_deref() == Some(JOB_TYPE) {
            return Ok(configuration(document));
        }
        fields.extend(indexed.added.iter().cloned());
        Ok(Ok(Taken::Result { index, indexed }))
    }
}

/// Reads the configuration of a job.
fn configuration(document: &Document<'_>) -> Result<Taken, String> {
    let config = Indexed::read(document.source, document.id, &Dynamic::new())?;
    // a datafeed, for one, is no job
    Ok(match config.job.filter(|_| config.job_type.as_deref() == Some(JOB_TYPE)) {
        Some(job) => Taken::Job { job, index: config.results_index_name.map(|name| format!("{RESULTS}{name}")) },
        None => Taken::Skipped,
    })
}

/// The fields that documents have brought into an index, as the file knows them.
pub(super) fn stored_fields(connection: &Connection, index: &str) -> rusqlite::Result<Dynamic> {
    let mut fields = connection
        .prepare_cached("SELECT path, object FROM fields WHERE index_id = (SELECT id FROM indices WHERE name = ?1)")?;
    let fields = fields.query_map([index], |row| {
        Ok((row.get::<_, String>(0)?.into(), if row.get(1)? { Kind::Object } else { Kind::Keyword }))
    })?;
    fields.collect()
}
