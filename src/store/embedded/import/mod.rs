//! Loads files of documents into the store: bulk requests, `elasticdump` lines, search replies, and bare documents; and the
//! aliases of indices, as `GET _alias` and `elasticdump` give them.
//!
//! How far a load has come is written down in the same transaction as the documents, so one that was killed goes on where it
//! was. A file is known by its path and by what stands in it before that place.

/// What lines mean.
pub mod formats;

/// What stands in a file, unit by unit.
pub mod lines;

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use self::{
    formats::Content,
    lines::{Lines, Unit},
};
use super::{
    EmbeddedStore, StoreError,
    writer::{Document, Known, Writer, Written},
};

/// Bytes of a file in one transaction.
const BATCH: u64 = 16 << 20;
/// How much of a file is kept to know it again, in bytes: of its start, and of what is before the place reached.
const MARK: u64 = 1_024;
/// Pages of the write-ahead log after which it is folded into the file: fewer folds while loading.
const CHECKPOINT: i64 = 4_096;
/// SQLite's page cache while loading, in KiB.
const CACHE: i64 = 128 << 10;

/// What a load did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Documents stored.
    pub documents: u64,
    /// Of these, documents that took the place of one with the same id.
    pub replaced: u64,
    /// Jobs made known by their configuration.
    pub jobs: u64,
    /// Aliases under which jobs are read.
    pub aliases: u64,
    /// Documents of machine learning that are no results.
    pub skipped: u64,
    /// Lines or documents that could not be loaded; each was reported when it was read.
    pub bad: u64,
    /// Of these, those that an earlier load had read already.
    pub bad_before: u64,
    /// Bytes that an earlier load had done already.
    pub resumed_at: u64,
}

/// Up to where a file is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    /// In bytes.
    offset: u64,
    /// Lines before it.
    line: u64,
    /// What could not be loaded before it.
    bad: u64,
}

// === impl EmbeddedStore ===

impl EmbeddedStore {
    /// Loads one file. `report` is told the line and the reason of everything that cannot be loaded, `progress` how many bytes
    /// are done.
    ///
    /// # Errors
    /// Where the file or the store fails; what was stored until then stays.
    pub fn import(
        &self,
        file: &Path,
        mut report: impl FnMut(u64, &str),
        mut progress: impl FnMut(u64),
    ) -> Result<Summary, StoreError> {
        let failed = |cause| StoreError::File { file: file.into(), cause };
        let name = file.canonicalize().map_err(failed)?.to_string_lossy().into_owned();
        let mut input = File::open(file).map_err(failed)?;
        let done = self.with(|connection| done(connection, &name))?;
        let start = match done {
            Some((mark, place)) if mark_at(file, place.offset).map_err(failed)?.as_ref() == Some(&mark) => place,
            _ => Place::default(),
        };
        let mut summary =
            Summary { resumed_at: start.offset, bad: start.bad, bad_before: start.bad, ..Summary::default() };
        input.seek(SeekFrom::Start(start.offset)).map_err(failed)?;
        let mut lines = Lines::new(input, start.offset, start.line);
        let mut known = Known::default();
        loop {
            let until = lines.offset() + BATCH;
            let mut broken = None;
            let more = self.with(|connection| {
                tune(connection)?;
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let mut writer = Writer::new(&transaction, &mut known)?;
                let mut unfinished = None;
                let more = loop {
                    let before = Place { offset: lines.offset(), line: lines.line(), bad: summary.bad };
                    match lines.next_unit() {
                        Ok(None) => break false,
                        Err(error) => {
                            broken = Some(error);
                            break false;
                        }
                        Ok(Some(unit)) => {
                            write(&mut writer, &unit, &mut summary, &mut report)?;
                            unfinished = Some(before).filter(|_| unit.unfinished && summary.bad > before.bad);
                        }
                    }
                    if lines.offset() >= until {
                        break true;
                    }
                };
                writer.finish()?;
                // what the file breaks off in is read again, should the file grow
                let reached = Place { offset: lines.offset(), line: lines.line(), bad: summary.bad };
                let place = unfinished.unwrap_or(reached);
                match mark_at(file, place.offset) {
                    Ok(mark) => remember(&transaction, &name, mark.as_deref().unwrap_or_default(), place)?,
                    Err(error) => broken = Some(error),
                }
                transaction.commit()?;
                Ok(more)
            })?;
            if let Some(error) = broken {
                return Err(failed(error));
            }
            progress(lines.offset());
            if !more {
                return Ok(summary);
            }
        }
    }
}

/// Loading writes much at once, on a connection that searches nothing meanwhile.
fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -CACHE)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT, |_| Ok(()))
}

fn write(
    writer: &mut Writer<'_>,
    unit: &Unit<'_>,
    summary: &mut Summary,
    report: &mut impl FnMut(u64, &str),
) -> rusqlite::Result<()> {
    let mut bad = |reason: &str| {
        summary.bad += 1;
        report(unit.line, reason);
    };
    let documents = match &unit.content {
        Ok(Content::Documents(documents)) => documents,
        Ok(Content::Aliases(indices)) => {
            for (index, aliases) in indices {
                summary.aliases += writer.add_aliases(index, aliases)?;
            }
            return Ok(());
        }
        Err(reason) => {
            bad(reason);
            return Ok(());
        }
    };
    for document in documents {
        let document =
            Document { index: document.index.as_deref(), id: document.id.as_deref(), source: document.source };
        match writer.write(&document)? {
            Ok(Written::Stored) => summary.documents += 1,
            Ok(Written::Replaced) => {
                summary.documents += 1;
                summary.replaced += 1;
            }
            Ok(Written::Job) => summary.jobs += 1,
            Ok(Written::Skipped) => summary.skipped += 1,
            Err(reason) => {
                summary.bad += 1;
                report(unit.line, &reason);
            }
        }
    }
    Ok(())
}

/// How far the file of this name was loaded, and its mark there.
fn done(connection: &Connection, name: &str) -> rusqlite::Result<Option<(Vec<u8>, Place)>> {
    connection
        .prepare_cached("SELECT mark, offset, line, bad FROM imports WHERE file = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, Place { offset: row.get(1)?, line: row.get(2)?, bad: row.get(3)? })))
        .optional()
}

fn remember(connection: &Connection, name: &str, mark: &[u8], place: Place) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO imports (file, mark, offset, line, bad) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![name, mark, place.offset, place.line, place.bad])?;
    Ok(())
}

/// The first bytes of the file and the last ones before the place; `None` where the file is shorter.
fn mark_at(file: &Path, offset: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut file = File::open(file)?;
    if file.metadata()?.len() < offset {
        return Ok(None);
    }
    let length = MARK.min(offset);
    let mut mark = Vec::new();
    for start in [0, offset - length] {
        file.seek(SeekFrom::Start(start))?;
        (&mut file).take(length).read_to_end(&mut mark)?;
    }
    Ok(Some(mark))
}
