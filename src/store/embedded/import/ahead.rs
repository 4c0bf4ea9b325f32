//! Reads a file on a thread of its own, ahead of what is stored: from its bytes to what each document is.

use std::{fs::File, ops::Range, path::Path, sync::mpsc::SyncSender};

use super::{
    Place,
    formats::Content,
    lines::{Lines, Unit},
    mark_at,
};
use crate::store::embedded::{
    EmbeddedStore, StoreError,
    intake::{Document, Intake, Taken, stored_fields},
};

/// Bytes of a file that are handed over at once.
const CHUNK: u32 = 1 << 20;
/// Room for it: a line more than that is not rare.
const ROOM: usize = CHUNK as usize + (16 << 10);
/// Bytes of a file in one transaction.
const BATCH: u64 = 16 << 20;

/// A part of the file.
#[derive(Default)]
pub(super) struct Chunk {
    /// In the order of the file, each with the number of its line.
    pub(super) items: Vec<(u64, Item)>,
    /// The sources of the documents, one behind the other.
    pub(super) sources: Vec<u8>,
    /// The transaction ends behind it.
    pub(super) end: Option<End>,
}

/// What is to be stored, or why nothing can be.
pub(super) enum Item {
    Document { id: Option<String>, source: Range<usize>, taken: Taken },
    Aliases { index: String, aliases: Vec<String> },
    Bad(String),
}

/// Up to where the file is done, and what it is known by there.
pub(super) struct End {
    pub(super) place: Place,
    pub(super) mark: Vec<u8>,
}

/// A file that is read ahead.
pub(super) struct Ahead<'a> {
    store: &'a EmbeddedStore,
    file: &'a Path,
    lines: Lines<File>,
    intake: Intake,
    place: Place,
}

// === impl Ahead ===

impl<'a> Ahead<'a> {
    /// Reads on from the position of `input`, which is at this place of the file.
    pub(super) fn new(store: &'a EmbeddedStore, file: &'a Path, input: File, place: Place) -> Self {
        Self { store, file, lines: Lines::new(input, place.offset, place.line), intake: Intake::default(), place }
    }

    /// Hands over the rest of the file, until nobody takes it.
    pub(super) fn read(mut self, taker: &SyncSender<Result<Chunk, StoreError>>) {
        let mut batch = self.place.offset;
        loop {
            let mut chunk = Chunk { sources: Vec::with_capacity(ROOM), ..Chunk::default() };
            let more = self.fill(&mut chunk);
            if !matches!(more, Ok(true)) || self.place.offset - batch >= BATCH {
                batch = self.place.offset;
                match mark_at(self.file, batch) {
                    Ok(mark) => chunk.end = Some(End { place: self.place, mark: mark.unwrap_or_default() }),
                    Err(cause) => return drop(taker.send(Err(self.failed(cause)))),
                }
            }
            if taker.send(Ok(chunk)).is_err() {
                return;
            }
            match more {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return drop(taker.send(Err(error))),
            }
        }
    }

    /// Reads one chunk; false at the end of the file.
    fn fill(&mut self, chunk: &mut Chunk) -> Result<bool, StoreError> {
        let end = self.lines.offset() + u64::from(CHUNK);
        while self.lines.offset() < end {
            let bad = match self.lines.next_unit() {
                Ok(None) => return Ok(false),
                Err(cause) => return Err(self.failed(cause)),
                Ok(Some(unit)) => {
                    let unfinished = unit.unfinished;
                    let bad = chunk.take(unit, &mut self.intake, self.store)?;
                    // what the file breaks off in is read again, should the file grow
                    if unfinished && bad > 0 {
                        return Ok(false);
                    }
                    bad
                }
            };
            self.place = Place { offset: self.lines.offset(), line: self.lines.line(), bad: self.place.bad + bad };
        }
        Ok(true)
    }

    fn failed(&self, cause: std::io::Error) -> StoreError {
        StoreError::File { file: self.file.into(), cause }
    }
}

// === impl Chunk ===

impl Chunk {
    /// Takes in what a unit holds, and gives the number of what cannot be stored.
    fn take(&mut self, unit: Unit<'_>, intake: &mut Intake, store: &EmbeddedStore) -> Result<u64, StoreError> {
        let line = unit.line;
        let documents = match unit.content {
            Ok(Content::Documents(documents)) => documents,
            Ok(Content::Aliases(indices)) => {
                let aliases = indices.into_iter().map(|(index, aliases)| (line, Item::Aliases { index, aliases }));
                self.items.extend(aliases);
                return Ok(0);
            }
            Err(reason) => {
                self.items.push((line, Item::Bad(reason)));
                return Ok(1);
            }
        };
        let (mut bad, before) = (0, self.items.len());
        for found in documents {
            let document = Document { index: found.index.as_deref(), id: found.id.as_deref(), source: found.source };
            let stored = |index: &str| store.with(|connection| stored_fields(connection, index));
            let taken = intake.take(&document, stored).inspect_err(|_| self.items.truncate(before))?;
            let item = match taken {
                Ok(taken) => {
                    let begin = self.sources.len();
                    self.sources.extend_from_slice(found.source);
                    Item::Document { id: found.id.map(Into::into), source: begin..self.sources.len(), taken }
                }
                Err(reason) => {
                    bad += 1;
                    Item::Bad(reason)
                }
            };
            self.items.push((line, item));
        }
        Ok(bad)
    }
}
