//! The bodies of a request and of its reply, as far as the listener has to do with them.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use super::{
    exchange::{Broken, Exchange},
    in_flight::Place,
    patience::Patience,
};
use crate::gathered::{AT_ONCE, Gathered, Pieces};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request. It ends with an error where the client is too slow; only waiting for the client counts.
pub(super) struct Upload {
    body: Incoming,
    exchange: Arc<Exchange>,
    patience: Patience,
    whole: bool,
}

/// The body of a reply. It keeps the request's place until hyper has taken all of it, or has given up.
pub(super) struct Download {
    body: Gathered<Body>,
    exchange: Arc<Exchange>,
    _place: Option<Place>,
}

// === impl Upload ===

impl Upload {
    pub fn new(body: Incoming, exchange: Arc<Exchange>, patience: Patience) -> Self {
        let whole = body.is_end_stream();
        Self { body, exchange, patience, whole }
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are not passed on: nobody here reads them, and they must not become headers elsewhere.
                    let Ok(data) = frame.into_data() else { continue };
                    self.patience.went(data.len());
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Poll::Ready(Some(Err(error))) => {
                    self.exchange.break_off(Broken::Malformed);
                    return Poll::Ready(Some(Err(error.into())));
                }
                Poll::Ready(None) => {
                    self.whole = true;
                    return Poll::Ready(None);
                }
                Poll::Pending if self.patience.poll_over(cx).is_ready() => {
                    self.exchange.break_off(Broken::Slow);
                    let error = io::Error::new(io::ErrorKind::TimedOut, "the client sends its request too slowly");
                    return Poll::Ready(Some(Err(error.into())));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.whole && !self.body.is_end_stream() {
            self.exchange.leave_unread();
        }
    }
}

// === impl Download ===

impl Download {
    pub fn new(body: Gathered<Body>, exchange: Arc<Exchange>, place: Option<Place>) -> Self {
        Self { body, exchange, _place: place }
    }
}

impl HttpBody for Download {
    type Data = Pieces;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Pieces>, axum::Error>>> {
        // Little waits here for a client that did not take all at once of what it got so far.
        let most = if self.exchange.is_held_up() { 0 } else { AT_ONCE };
        self.body.poll_gathered(cx, most)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        self.exchange.answered();
    }
}
