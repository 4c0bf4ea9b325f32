//! Replies that are written before they are sent: in memory as long as there is room, beyond that in a file without a name.
//!
//! Only when the last document was read is it known that a reply is none of an error, so a reply is never sent while it is
//! made; this keeps large ones from filling the memory meanwhile.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};

/// Bytes of a reply that are held in memory in any case.
const ALWAYS: usize = 64 << 10;
/// Bytes of all replies together that are held in memory beyond that.
const TOGETHER: usize = 10 << 20;
/// Bytes that are worth being written to the file, or read from it, at once.
const PIECE: usize = 64 << 10;

/// Room in memory for what is to be sent.
#[derive(Debug, Clone)]
pub struct Spools {
    room: Arc<Semaphore>,
}

/// What is written of one reply, in this order: pieces in memory, what is in the file, pieces that are not there yet.
#[derive(Debug)]
pub struct Spool {
    spools: Spools,
    held: VecDeque<Held>,
    held_bytes: usize,
    file: Option<File>,
    in_file: u64,
    waiting: VecDeque<Bytes>,
    waiting_bytes: usize,
    failed: Option<io::Error>,
}

/// A whole reply, as a body.
#[derive(Debug)]
pub struct Spooled {
    spool: Spool,
    left: u64,
    reading: Option<JoinHandle<ReadOn>>,
}

/// The file and the next piece of it.
type ReadOn = io::Result<(File, Vec<u8>)>;

/// A piece in memory, and the room that it takes.
#[derive(Debug)]
struct Held {
    piece: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

// === impl Spools ===

impl Default for Spools {
    fn default() -> Self {
        Self::new(TOGETHER)
    }
}

impl Spools {
    /// Room for so many bytes of all replies.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(bytes)) }
    }

    /// An empty reply.
    #[must_use]
    pub fn spool(&self) -> Spool {
        Spool {
            spools: self.clone(),
            held: VecDeque::new(),
            held_bytes: 0,
            file: None,
            in_file: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            failed: None,
        }
    }
}

// === impl Spool ===

impl Spool {
    /// Forgets what was written.
    pub fn clear(&mut self) {
        *self = self.spools.spool();
    }

    /// Adds a piece.
    pub fn push(&mut self, piece: Vec<u8>) {
        let piece = Bytes::from(piece);
        if self.file.is_none() && self.waiting.is_empty() {
            let bytes = u32::try_from(piece.len()).unwrap_or(u32::MAX);
            let is_little = self.held_bytes + piece.len() <= ALWAYS;
            let room = if is_little { None } else { Arc::clone(&self.spools.room).try_acquire_many_owned(bytes).ok() };
            if is_little || room.is_some() {
                self.held_bytes += piece.len();
                return self.held.push_back(Held { piece, _room: room });
            }
        }
        self.waiting_bytes += piece.len();
        self.waiting.push_back(piece);
    }

    /// Whether something should be written to the file now.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting_bytes >= PIECE
    }

    /// Writes to the file what has no room. May block.
    pub fn spill(&mut self) {
        let (waiting, file) = (mem::take(&mut self.waiting), self.file.take());
        self.waiting_bytes = 0;
        let written = write(file, waiting);
        self.spilled(written);
    }

    /// Writes to the file what has no room, on a thread that may block.
    pub async fn settle(&mut self) {
        if !self.is_full() {
            return;
        }
        let (waiting, file) = (mem::take(&mut self.waiting), self.file.take());
        self.waiting_bytes = 0;
        let written = tokio::task::spawn_blocking(move || write(file, waiting)).await;
        self.spilled(written.unwrap_or_else(|error| Err(io::Error::other(error))));
    }

    fn spilled(&mut self, written: io::Result<(File, u64)>) {
        match written {
            Ok((file, bytes)) => {
                self.file = Some(file);
                self.in_file += bytes;
            }
            Err(error) => self.failed = Some(error),
        }
    }

    /// The whole reply.
    ///
    /// # Errors
    /// Where any of it could not be kept.
    pub fn finish(mut self) -> io::Result<Spooled> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if let Some(file) = &mut self.file {
            file.rewind()?;
        }
        let left = (self.held_bytes + self.waiting_bytes) as u64 + self.in_file;
        Ok(Spooled { spool: self, left, reading: None })
    }
}

fn write(file: Option<File>, pieces: VecDeque<Bytes>) -> io::Result<(File, u64)> {
    let mut file = file.map_or_else(tempfile::tempfile, Ok)?;
    let mut bytes = 0;
    for piece in pieces {
        file.write_all(&piece)?;
        bytes += piece.len() as u64;
    }
    Ok((file, bytes))
}

fn read(mut file: File, bytes: usize) -> ReadOn {
    let mut piece = vec![0; bytes];
    file.read_exact(&mut piece)?;
    Ok((file, piece))
}

// === impl Spooled ===

impl Spooled {
    /// Its length in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no reply is empty")]
    pub fn len(&self) -> u64 {
        self.left
    }

    /// All of it. May block.
    ///
    /// # Errors
    /// Where it cannot be read from its file.
    pub fn into_bytes(self) -> io::Result<Vec<u8>> {
        let mut bytes: Vec<u8> = self.spool.held.iter().flat_map(|held| held.piece.iter().copied()).collect();
        if let Some(mut file) = self.spool.file {
            file.read_to_end(&mut bytes)?;
        }
        bytes.extend(self.spool.waiting.iter().flat_map(|piece| piece.iter().copied()));
        Ok(bytes)
    }

    /// The next piece, where there is one.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if let Some(held) = self.spool.held.pop_front() {
            return Poll::Ready(Ok(Some(held.piece)));
        }
        if self.spool.in_file > 0 && self.reading.is_none() {
            let bytes = usize::try_from(self.spool.in_file).unwrap_or(PIECE).min(PIECE);
            let file = self.spool.file.take().ok_or_else(|| io::Error::other("the file is gone"))?;
            self.reading = Some(tokio::task::spawn_blocking(move || read(file, bytes)));
        }
        if let Some(reading) = &mut self.reading {
            let (file, piece) = ready!(Pin::new(reading).poll(cx)).map_err(io::Error::other)??;
            self.reading = None;
            self.spool.in_file -= piece.len() as u64;
            self.spool.file = Some(file).filter(|_| self.spool.in_file > 0);
            return Poll::Ready(Ok(Some(piece.into())));
        }
        Poll::Ready(Ok(self.spool.waiting.pop_front()))
    }
}

impl HttpBody for Spooled {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = ready!(self.poll_piece(cx)).inspect_err(|error| {
            tracing::error!(%error, "a reply broke off, as it cannot be read from its file");
        });
        self.left -= piece.as_ref().map_or(0, |piece| piece.as_ref().map_or(0, Bytes::len) as u64);
        Poll::Ready(piece.transpose().map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};

    use super::{ALWAYS, Spools};

    const PIECE: usize = 10_000;

    fn pieces(count: usize) -> impl Iterator<Item = Vec<u8>> {
        (0..count).map(|number| (0..PIECE).map(|at| u8::try_from((number * 31 + at) % 251).unwrap()).collect())
    }

    #[tokio::test]
    async fn what_was_written_is_read_again_wherever_it_was() {
        let spools = Spools::new(200_000);
        for count in [0, 1, 5, 20, 45, 100, 300] {
            for asynchronous in [true, false] {
                let mut spool = spools.spool();
                spool.push(b"of an earlier try".to_vec());
                spool.clear();
                for piece in pieces(count) {
                    spool.push(piece);
                    if asynchronous {
                        spool.settle().await;
                    } else if spool.is_full() {
                        spool.spill();
                    }
                }
                assert_eq!(spool.file.is_some(), count >= 45, "{count}");
                assert!(spool.held_bytes <= ALWAYS + 200_000);
                let spooled = spool.finish().unwrap();
                assert_eq!(spooled.len(), (count * PIECE) as u64);
                let body = if asynchronous {
                    to_bytes(Body::new(spooled), usize::MAX).await.unwrap().to_vec()
                } else {
                    spooled.into_bytes().unwrap()
                };
                assert!(body == pieces(count).collect::<Vec<_>>().concat(), "{count}");
                assert_eq!(spools.room.available_permits(), 200_000, "all room is given back");
            }
        }
    }

    #[tokio::test]
    async fn what_cannot_be_kept_is_no_reply() {
        let mut spool = Spools::new(0).spool();
        // A file that cannot be written to.
        spool.file = Some(std::fs::File::open("/dev/null").unwrap());
        for piece in pieces(20) {
            spool.push(piece);
            spool.settle().await;
        }
        assert!(spool.finish().is_err());
    }
}
