//! Where a connection is in its exchange of requests and replies: what hyper's service, the bodies and the stream below
//! know of each other.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

/// Between two replies, or in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Waiting for a request; everything is written.
    Quiet,
    /// A request is being answered.
    Answering,
    /// hyper has the whole reply, and may still be writing it.
    Answered,
}

/// Why the body of a request is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// Its framing is wrong, or it ended too early.
    Malformed,
    /// It did not come in time.
    Slow,
}

/// The state of one connection. All of it is used by the task of this connection only.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    stage: AtomicU8,
    requests: AtomicUsize,
    broken: AtomicU8,
    unread: AtomicBool,
    upgrade: AtomicBool,
    held_up: AtomicBool,
}

// === impl Exchange ===

impl Exchange {
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            0 => Stage::Quiet,
            1 => Stage::Answering,
            _ => Stage::Answered,
        }
    }

    /// How many requests there were.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// A request is there; `upgrade`: it wants another protocol.
    pub fn begin(&self, upgrade: bool) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.broken.store(0, Ordering::Relaxed);
        self.held_up.store(false, Ordering::Relaxed);
        self.upgrade.fetch_or(upgrade, Ordering::Relaxed);
        self.stage.store(1, Ordering::Relaxed);
    }

    /// hyper has taken the last of the reply.
    pub fn answered(&self) {
        self.stage.store(2, Ordering::Relaxed);
    }

    /// hyper has written all it had.
    pub fn flushed(&self) {
        let _ = self.stage.compare_exchange(2, 0, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The client does not take what is written for it.
    pub fn hold_up(&self) {
        self.held_up.store(true, Ordering::Relaxed);
    }

    /// Whether it ever did not, in this exchange.
    pub fn is_held_up(&self) -> bool {
        self.held_up.load(Ordering::Relaxed)
    }

    /// The body of the request that is being answered is not whole.
    pub fn break_off(&self, how: Broken) {
        let code = if how == Broken::Malformed { 1 } else { 2 };
        self.broken.store(code, Ordering::Relaxed);
    }

    pub fn broken(&self) -> Option<Broken> {
        match self.broken.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Broken::Malformed),
            _ => Some(Broken::Slow),
        }
    }

    /// The peer may still be sending what nobody will read.
    pub fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    pub fn unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }

    /// Whether any request wanted another protocol.
    pub fn upgrade(&self) -> bool {
        self.upgrade.load(Ordering::Relaxed)
    }
}
