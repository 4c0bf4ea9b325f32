//! Loads files of documents into the store: bulk requests, `elasticdump` lines, search replies, and bare documents.
//!
//! What is done is written down in the same transaction as the documents, so a load that was killed goes on where it was.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use rusqlite::{OptionalExtension, Transaction, params};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{EmbeddedStore, StoreError, document::Indexed};

/// Documents in one transaction.
const BATCH: u64 = 10_000;
/// Where a document belongs that does not say so.
const DEFAULT_INDEX: &str = ".ml-anomalies-shared";
/// How much of a file's start tells it from another.
const HEAD: u64 = 4_096;

/// What a load did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Documents stored.
    pub documents: u64,
    /// Jobs made known by their configuration.
    pub jobs: u64,
    /// Lines that could not be loaded; each was reported.
    pub bad: u64,
    /// Bytes that an earlier load had done already.
    pub resumed_at: u64,
}

/// A line of any format.
#[derive(Deserialize)]
struct Line<'a> {
    index: Option<Target>,
    create: Option<Target>,
    update: Option<serde::de::IgnoredAny>,
    delete: Option<serde::de::IgnoredAny>,
    #[serde(borrow, rename = "_source")]
    source: Option<&'a RawValue>,
    #[serde(rename = "_index")]
    index_name: Option<String>,
    #[serde(rename = "_id")]
    id: Option<String>,
    #[serde(borrow)]
    hits: Option<&'a RawValue>,
    job_id: Option<serde::de::IgnoredAny>,
}

/// Where a bulk action puts its document.
#[derive(Deserialize, Default)]
struct Target {
    #[serde(rename = "_index")]
    index: Option<String>,
    #[serde(rename = "_id")]
    id: Option<String>,
}

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    hits: Vec<Line<'a>>,
}

/// A file that is being read, line by line.
struct Lines {
    reader: BufReader<File>,
    number: u64,
    offset: u64,
}

// === impl EmbeddedStore ===

impl EmbeddedStore {
    /// Loads one file. `report` is told of every bad line, `progress` how many bytes are done.
    ///
    /// # Errors
    /// Where the file or the store fails; what was stored until then stays.
    pub fn import(
        &self,
        file: &Path,
        mut report: impl FnMut(u64, &str),
        mut progress: impl FnMut(u64),
    ) -> Result<Summary, StoreError> {
        let failed = |source| StoreError::File { file: file.into(), source };
        let name = file.canonicalize().map_err(failed)?.to_string_lossy().into_owned();
        let mut input = File::open(file).map_err(failed)?;
        let mut head = Vec::new();
        (&mut input).take(HEAD).read_to_end(&mut head).map_err(failed)?;
        let length = input.metadata().map_err(failed)?.len();
        let done: Option<u64> = self.with(|connection| {
            let known = connection
                .prepare_cached("SELECT offset FROM imports WHERE file = ?1 AND head = ?2")?
                .query_row(params![name, head], |row| row.get(0))
                .optional()?;
            Ok(known.filter(|offset| *offset <= length))
        })?;
        let mut summary = Summary { resumed_at: done.unwrap_or(0), ..Summary::default() };
        let mut lines = Lines::new(input, summary.resumed_at).map_err(failed)?;
        let mut pending: Option<Target> = None;
        loop {
            let mut read_error = None;
            let more = self.with(|connection| {
                let transaction = connection.transaction()?;
                let mut stored = 0;
                let mut more = true;
                let mut line = Vec::new();
                while stored < BATCH || pending.is_some() {
                    line.clear();
                    match lines.next(&mut line) {
                        Ok(true) => {}
                        Ok(false) => {
                            more = false;
                            break;
                        }
                        Err(error) => {
                            read_error = Some(error);
                            break;
                        }
                    }
                    stored += 1;
                    if let Err(reason) = load_line(&transaction, &line, &mut pending, &mut lines, &mut summary)? {
                        summary.bad += 1;
                        report(lines.number, &reason);
                    }
                }
                if !more && pending.take().is_some() {
                    summary.bad += 1;
                    report(lines.number, "the document of the last action is missing");
                }
                transaction
                    .prepare_cached(
                        "INSERT INTO imports VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET head = ?2, offset = ?3",
                    )?
                    .execute(params![name, head, lines.offset])?;
                transaction.commit()?;
                Ok(more)
            })?;
            if let Some(error) = read_error {
                return Err(failed(error));
            }
            progress(lines.offset);
            if !more {
                return Ok(summary);
            }
        }
    }
}

/// Loads a line; the inner error says why it cannot be.
fn load_line(
    transaction: &Transaction<'_>,
    line: &[u8],
    pending: &mut Option<Target>,
    lines: &mut Lines,
    summary: &mut Summary,
) -> rusqlite::Result<Result<(), String>> {
    let text = line.trim_ascii();
    if let Some(target) = pending.take() {
        return store(transaction, target.index.as_deref(), target.id.as_deref(), text, summary);
    }
    if text.is_empty() {
        return Ok(Ok(()));
    }
    let mut whole = Vec::new();
    if text == b"{" {
        // A reply that was printed over several lines: it is taken to the end of the file.
        whole.extend_from_slice(line);
        while matches!(lines.next(&mut whole), Ok(true)) {}
    }
    let text = if whole.is_empty() { text } else { whole.trim_ascii() };
    let parsed: Line<'_> = match serde_json::from_slice(text) {
        Ok(parsed) => parsed,
        Err(error) => return Ok(Err(format!("not JSON: {error}"))),
    };
    if parsed.update.is_some() || parsed.delete.is_some() {
        return Ok(Err("only the bulk actions index and create can be loaded".into()));
    }
    if let Some(source) = parsed.source {
        return store(
            transaction,
            parsed.index_name.as_deref(),
            parsed.id.as_deref(),
            source.get().as_bytes(),
            summary,
        );
    }
    if parsed.job_id.is_some() {
        return store(transaction, None, None, text, summary);
    }
    if let Some(target) = parsed.index.or(parsed.create) {
        *pending = Some(target);
        return Ok(Ok(()));
    }
    if let Some(hits) = parsed.hits {
        let reply: Reply<'_> = match serde_json::from_str(hits.get()) {
            Ok(reply) => reply,
            Err(error) => return Ok(Err(format!("not a search reply: {error}"))),
        };
        for hit in &reply.hits {
            let Some(source) = hit.source else { return Ok(Err("a hit has no _source".into())) };
            let stored =
                store(transaction, hit.index_name.as_deref(), hit.id.as_deref(), source.get().as_bytes(), summary)?;
            if stored.is_err() {
                return Ok(stored);
            }
        }
        return Ok(Ok(()));
    }
    Ok(Err("neither a bulk action, a dumped document, a search reply nor a result".into()))
}

fn store(
    transaction: &Transaction<'_>,
    index: Option<&str>,
    id: Option<&str>,
    source: &[u8],
    summary: &mut Summary,
) -> rusqlite::Result<Result<(), String>> {
    let indexed = match Indexed::read(source) {
        Ok(indexed) => indexed,
        Err(reason) => return Ok(Err(reason)),
    };
    let index = index.unwrap_or(DEFAULT_INDEX);
    if index.starts_with(".ml-config") {
        if let Some(job) = indexed.job {
            summary.jobs += 1;
            transaction.prepare_cached("INSERT OR IGNORE INTO jobs VALUES (?1)")?.execute([job])?;
        }
        return Ok(Ok(()));
    }
    for path in &indexed.dynamic {
        transaction.prepare_cached("INSERT OR IGNORE INTO dynamic_fields VALUES (?1)")?.execute([path])?;
    }
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO results (index_name, document_id, job, type, time, score, interim, source)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            index,
            id,
            indexed.job,
            indexed.result_type,
            indexed.time,
            indexed.score,
            indexed.interim,
            source
        ])?;
    summary.documents += 1;
    Ok(Ok(()))
}

// === impl Lines ===

impl Lines {
    fn new(mut file: File, offset: u64) -> std::io::Result<Self> {
        // Lines are counted from the start of the file, also when a load goes on in its middle.
        file.seek(SeekFrom::Start(0))?;
        let mut lines = Self { number: 0, offset: 0, reader: BufReader::with_capacity(1 << 20, file) };
        let mut skipped = Vec::new();
        while lines.offset < offset && lines.next(&mut skipped)? {
            skipped.clear();
        }
        Ok(lines)
    }

    /// Appends the next line; false at the end of the file.
    fn next(&mut self, line: &mut Vec<u8>) -> std::io::Result<bool> {
        let read = self.reader.read_until(b'\n', line)?;
        self.offset += read as u64;
        self.number += u64::from(read > 0);
        Ok(read > 0)
    }
}
