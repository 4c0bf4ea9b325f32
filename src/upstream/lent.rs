//! A request's body that is lent to one connection: who never read of it leaves it whole for the next one.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

use crate::gathered::{Gathered, Pieces};

/// The owner's side.
#[derive(Clone)]
pub struct Lender {
    shared: Arc<Shared>,
}

/// The connection's side.
pub struct Lent {
    shared: Arc<Shared>,
    hint: SizeHint,
    ended: bool,
}

struct Shared {
    body: Mutex<Gathered<Body>>,
    /// Whether any of it was asked for.
    touched: AtomicBool,
    /// Whether there is no more of it.
    sent: AtomicBool,
    start: Instant,
    /// When it last went on, in milliseconds since the start.
    moved: AtomicU64,
}

// === impl Lender ===

impl Lender {
    pub fn of(body: Gathered<Body>) -> Self {
        let sent = AtomicBool::new(body.is_end_stream());
        let (touched, moved) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { shared: Arc::new(Shared { body: Mutex::new(body), touched, sent, start: Instant::now(), moved }) }
    }

    /// The body for a connection. `None` once any of it went to another one.
    pub fn lend(&self) -> Option<Lent> {
        if self.shared.touched.load(Relaxed) {
            return None;
        }
        let body = self.shared.body();
        let (hint, ended) = (body.size_hint(), body.is_end_stream());
        drop(body);
        Some(Lent { shared: Arc::clone(&self.shared), hint, ended })
    }

    /// Is done when the body has not gone on for `idle`, or the answer is not there `reply` after its end.
    pub async fn stalled(&self, idle: Duration, reply: Duration) {
        loop {
            let (moved, sent) = (self.shared.moved.load(Relaxed), self.shared.sent.load(Relaxed));
            let limit = if sent { reply } else { idle };
            tokio::time::sleep_until(self.shared.start + Duration::from_millis(moved) + limit).await;
            if (moved, sent) == (self.shared.moved.load(Relaxed), self.shared.sent.load(Relaxed)) {
                return;
            }
        }
    }
}

// === impl Shared ===

impl Shared {
    fn body(&self) -> std::sync::MutexGuard<'_, Gathered<Body>> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Lent ===

impl HttpBody for Lent {
    type Data = Pieces;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Pieces>, axum::Error>>> {
        self.shared.touched.store(true, Relaxed);
        let mut body = self.shared.body();
        let polled = Pin::new(&mut *body).poll_frame(cx);
        if let Poll::Ready(frame) = &polled {
            let now = u64::try_from(self.shared.start.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.shared.moved.store(now, Relaxed);
            self.shared.sent.store(frame.is_none() || body.is_end_stream(), Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.shared.sent.load(Relaxed)
    }

    fn size_hint(&self) -> SizeHint {
        // Asked for before anything is sent: it says how the body is framed.
        if self.shared.touched.load(Relaxed) { self.shared.body().size_hint() } else { self.hint }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use http_body_util::BodyExt as _;

    use super::{Gathered, Lender};

    #[tokio::test]
    async fn lent_again_only_when_untouched() {
        let lender = Lender::of(Gathered::new("abc".into()));
        drop(lender.lend().unwrap());
        let body = lender.lend().unwrap();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
        assert!(lender.lend().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_go_on_and_an_answer_that_does_not_come() {
        let start = tokio::time::Instant::now();
        Lender::of(Gathered::new(Body::empty())).stalled(Duration::from_secs(1), Duration::from_secs(5)).await;
        assert_eq!(start.elapsed().as_secs(), 5);
        Lender::of(Gathered::new("abc".into())).stalled(Duration::from_secs(1), Duration::from_secs(5)).await;
        assert_eq!(start.elapsed().as_secs(), 6);
    }
}
