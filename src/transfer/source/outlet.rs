//! What every source has in common: what it reads goes through here, and leaves in batches that end where reading may begin
//! again.

use tokio::sync::mpsc::Sender;

use crate::transfer::{
    cutter::Cutter,
    document::{Batch, Document, Mark, Rejected},
};

/// What stands at a place of a source.
pub enum Read {
    Taken(Document),
    Unfit(Rejected),
    /// Nothing that was asked for.
    Left,
}

/// The way from a source to those who take batches.
pub struct Outlet {
    cutter: Cutter,
    batches: Sender<Batch>,
    /// Whether anybody still takes them.
    is_open: bool,
}

// === impl Outlet ===

impl Outlet {
    /// Sends batches of about `size` documents.
    pub fn new(size: usize, batches: Sender<Batch>) -> Self {
        Self { cutter: Cutter::new(size), batches, is_open: true }
    }

    /// Puts in what stands at the next place. False where nobody takes anything any more.
    pub async fn put(&mut self, place: Mark, read: Read) -> bool {
        if let Some(batch) = self.cut(place, read) {
            self.is_open = self.batches.send(batch).await.is_ok();
        }
        self.is_open
    }

    /// [`Outlet::put`] for a thread that may wait.
    pub fn put_waiting(&mut self, place: Mark, read: Read) -> bool {
        if let Some(batch) = self.cut(place, read) {
            self.is_open = self.batches.blocking_send(batch).is_ok();
        }
        self.is_open
    }

    /// Sends what is left, and that nothing follows.
    pub async fn end(self) {
        if self.is_open {
            let _ = self.batches.send(self.cutter.end()).await;
        }
    }

    /// Gives the batch that is full before this place.
    fn cut(&mut self, place: Mark, read: Read) -> Option<Batch> {
        let full = self.cutter.reach(place);
        match read {
            Read::Taken(document) => self.cutter.add(document),
            Read::Unfit(rejected) => self.cutter.add_unfit(rejected),
            Read::Left => {}
        }
        full
    }
}
