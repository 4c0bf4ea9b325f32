//! Loads files of documents into the store: bulk requests, `elasticdump` lines, search replies, and bare documents; and the
//! aliases of indices, as `GET _alias` and `elasticdump` give them.
//!
//! How far a load has come is written down in the same transaction as the documents, so one that was killed goes on where it
//! was. A file is known by its path and by what stands in it before that place.

mod ahead;

/// What lines mean.
pub mod formats;

/// What stands in a file, unit by unit.
pub mod lines;

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
    sync::mpsc::sync_channel,
};

use rusqlite::{Connection, OptionalExtension, params};

use self::ahead::{Ahead, Chunk, End, Item};
use super::{
    EmbeddedStore, StoreError,
    writer::{Known, Writer, Written, writing},
};

/// Chunks that are read ahead of what is stored.
const AHEAD: usize = 4;
/// How much of a file is kept to know it again, in bytes: of its start, and of what is before the place reached.
const MARK: u64 = 1_024;
/// Pages of the write-ahead log after which it is folded into the file: fewer folds while loading.
const CHECKPOINT: i64 = 4_096;
/// SQLite's page cache while loading, in KiB.
const CACHE: i64 = 96 << 10;

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
        let mut connection = self.connect()?;
        tune(&connection).map_err(|cause| self.failed(cause))?;
        let mut known = Known::default();
        let ahead = Ahead::new(self, file, input, start);
        let (sender, chunks) = sync_channel(AHEAD);
        std::thread::scope(|scope| {
            scope.spawn(move || ahead.read(&sender));
            // it is gone before the thread is waited for, which then finds that nobody takes more
            let chunks = chunks;
            loop {
                let mut failed = None;
                let store_batch = |writer: &mut Writer<'_>| loop {
                    match chunks.recv() {
                        Ok(Ok(mut chunk)) => {
                            let end = chunk.end.take();
                            write(writer, chunk, &mut summary, &mut report)?;
                            if let Some(end) = end {
                                remember(writer.connection, &name, &end)?;
                                return Ok(Some(end.place.offset));
                            }
                        }
                        other => {
                            failed = other.ok().and_then(Result::err);
                            return Ok(None);
                        }
                    }
                };
                let reached = writing(&mut connection, &mut known, store_batch).map_err(|cause| self.failed(cause))?;
                match reached {
                    Some(offset) => progress(offset),
                    None => return failed.map_or(Ok(summary), Err),
                }
            }
        })
    }
}

/// Loading writes much at once, on a connection that searches nothing meanwhile.
fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -CACHE)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT, |_| Ok(()))
}

fn write(
    writer: &mut Writer<'_>,
    chunk: Chunk,
    summary: &mut Summary,
    report: &mut impl FnMut(u64, &str),
) -> rusqlite::Result<()> {
    for (line, item) in chunk.items {
        let (id, source, taken) = match item {
            Item::Document { id, source, taken } => (id, source, taken),
            Item::Aliases { index, aliases } => {
                summary.aliases += writer.add_aliases(&index, &aliases)?;
                continue;
            }
            Item::Bad(reason) => {
                summary.bad += 1;
                report(line, &reason);
                continue;
            }
        };
        match writer.write(id.as_deref(), &chunk.sources[source], taken)? {
            Written::Stored => summary.documents += 1,
            Written::Replaced => {
                summary.documents += 1;
                summary.replaced += 1;
            }
            Written::Job => summary.jobs += 1,
            Written::Skipped => summary.skipped += 1,
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

fn remember(connection: &Connection, name: &str, end: &End) -> rusqlite::Result<()> {
    let End { place, mark } = end;
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
