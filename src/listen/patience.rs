//! How long a slow peer is waited for: in each stretch of waiting, enough bytes must go over the wire.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Sleep, sleep};

/// Bytes that a peer must send or take in each stretch, where it has as many left.
const ENOUGH: usize = 16 << 10;

/// The waiting for one peer.
pub(super) struct Patience {
    stretch: Duration,
    missing: usize,
    /// Runs from the first time that nothing went.
    end: Option<Pin<Box<Sleep>>>,
}

// === impl Patience ===

impl Patience {
    pub fn new(stretch: Duration) -> Self {
        Self { stretch, missing: ENOUGH, end: None }
    }

    /// Takes notice of bytes that went.
    pub fn went(&mut self, bytes: usize) {
        self.missing = self.missing.saturating_sub(bytes);
        // A stretch that is over while nobody looked was not the peer's alone.
        if self.missing == 0 || self.end.as_ref().is_some_and(|end| end.is_elapsed()) {
            self.renew();
        }
    }

    /// Begins anew.
    pub fn renew(&mut self) {
        (self.missing, self.end) = (ENOUGH, None);
    }

    /// Ready when the peer was waited for long enough; to be asked whenever nothing goes.
    pub fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let stretch = self.stretch;
        self.end.get_or_insert_with(|| Box::pin(sleep(stretch))).as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, time::Duration};

    use tokio::time::timeout;

    use super::{ENOUGH, Patience};

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_trickle_does_not_help() {
        let mut patience = Patience::new(10 * SECOND);
        let mut waited = 0;
        while timeout(SECOND, poll_fn(|cx| patience.poll_over(cx))).await.is_err() {
            patience.went(1);
            waited += 1;
        }
        assert!((9..=10).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_peer_is_waited_for() {
        let mut patience = Patience::new(10 * SECOND);
        for _ in 0..50 {
            patience.went(ENOUGH / 5);
            assert!(timeout(SECOND, poll_fn(|cx| patience.poll_over(cx))).await.is_err());
        }
    }
}
