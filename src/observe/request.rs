//! One layer around every request. Its line in the log and its numbers come when the answer has ended, or was given up.

use std::{
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Frame, SizeHint};
use tracing::Instrument as _;

use super::{about::About, metrics, traces};

/// What is learned of a request while it is answered.
#[derive(Debug)]
struct Known {
    about: About,
    user: OnceLock<String>,
    received: AtomicU64,
}

tokio::task_local! {
    static CURRENT: Arc<Known>;
}

/// Takes notice of who the caller of the current request is.
pub fn known_as(user: &str) {
    let _ = CURRENT.try_with(|known| known.user.set(user.to_owned()));
}

/// The id of the current request, where there is one.
#[must_use]
pub fn current_id() -> Option<String> {
    CURRENT.try_with(|known| known.about.id.clone()).ok()
}

/// Answers by `next`, and tells of it.
pub async fn observed<F: Future<Output = Response<Body>>>(
    request: Request<Body>,
    next: impl FnOnce(Request<Body>) -> F,
) -> Response<Body> {
    let about = About::of(request.method(), request.uri(), request.headers());
    // Of the highest level, so that every line that is logged for a request has its id.
    let span = tracing::error_span!(target: "mlgate::request", "request", id = about.id);
    traces::begin(&span, &about, request.headers());
    let known = Arc::new(Known { about, user: OnceLock::new(), received: AtomicU64::new(0) });
    let mut telling = Telling {
        span: span.clone(),
        known: Arc::clone(&known),
        begun: Instant::now(),
        status: 0,
        sent: 0,
        whole: false,
        _in_flight: metrics::in_flight(),
    };
    let received = |body: Body| Body::new(Received { body, known: Arc::clone(&known) });
    let request = request.map(|body| if body.is_end_stream() { body } else { received(body) });
    let response = CURRENT.scope(known, next(request)).instrument(span).await;
    telling.status = response.status().as_u16();
    response.map(|body| Body::new(Sent { body, telling }))
}

/// The end of a request: whatever ends it drops this.
struct Telling {
    span: tracing::Span,
    known: Arc<Known>,
    begun: Instant,
    status: u16,
    sent: u64,
    /// Whether the answer came to its end.
    whole: bool,
    _in_flight: metrics::InFlight,
}

/// The body of a request, counted.
struct Received {
    body: Body,
    known: Arc<Known>,
}

/// The body of an answer, counted.
struct Sent {
    body: Body,
    telling: Telling,
}

impl Drop for Telling {
    fn drop(&mut self) {
        let About { id, method, route, job, opaque_id, client_id, trace_id } = &self.known.about;
        let took = self.begun.elapsed();
        let received = self.known.received.load(Ordering::Relaxed);
        metrics::request(route, method, self.status, took, received, self.sent);
        traces::end(&self.span, self.status);
        let ended = match (self.status, self.whole) {
            (0, _) => "abandoned",
            (_, false) => "cut",
            (_, true) => "whole",
        };
        tracing::info!(
            target: "mlgate::request",
            parent: None,
            id = &**id,
            method,
            route,
            job = job.as_deref(),
            status = self.status,
            ended,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            received,
            sent = self.sent,
            user = self.known.user.get().map(String::as_str),
            opaque_id = opaque_id.as_deref(),
            request_id = client_id.as_deref(),
            trace_id = trace_id.as_deref(),
            "request"
        );
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.known.received.fetch_add(length(frame), Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => self.telling.sent += length(frame),
            Poll::Ready(None) => self.telling.whole = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        // Who knows that there is no more does not ask for more.
        self.telling.whole |= self.body.is_end_stream();
    }
}

fn length(frame: &Frame<Bytes>) -> u64 {
    frame.data_ref().map_or(0, |data| data.len() as u64)
}
