//! The caller's answer, of which a copy is taken while he takes it: nothing waits for the copy.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response};
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;

use super::compare::Answered;

/// Waits for the answer to a request that is compared; does nothing where it is not.
#[derive(Default)]
pub struct Watch(Option<Watching>);

pub(super) struct Watching {
    pub begun: Instant,
    /// Most bytes that are kept.
    pub most: usize,
    pub to: oneshot::Sender<Answered>,
}

/// The body of an answer that is watched.
struct Watched {
    body: Body,
    /// Gone once the copy is whole, or was given up.
    copy: Option<Copy>,
}

struct Copy {
    /// None: it is too large.
    kept: Option<BytesMut>,
    status: u16,
    headers: HeaderMap,
    watching: Watching,
    took: std::time::Duration,
}

// === impl Watch ===

impl Watch {
    pub(super) fn new(watching: Watching) -> Self {
        Self(Some(watching))
    }

    /// Watches over the answer.
    #[must_use]
    pub fn over(self, response: Response<Body>) -> Response<Body> {
        let Some(watching) = self.0 else { return response };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let took = watching.begun.elapsed();
        let copy = Copy { kept: Some(BytesMut::new()), status, headers, watching, took };
        response.map(|body| Body::new(Watched { body, copy: Some(copy) }))
    }
}

// === impl Copy ===

impl Copy {
    fn keep(&mut self, data: &Bytes) {
        match &mut self.kept {
            Some(kept) if kept.len() + data.len() <= self.watching.most => kept.extend_from_slice(data),
            kept => *kept = None,
        }
    }

    fn send(self) {
        let Self { kept, status, headers, watching, took } = self;
        let answered = Answered::of(status, &headers, kept.map(BytesMut::freeze), took);
        // Where nobody waits any more, nobody needs it.
        let _ = watching.to.send(answered);
    }
}

// === impl Watched ===

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(data), Some(copy)) = (frame.data_ref(), &mut self.copy) {
                    copy.keep(data);
                }
            }
            Poll::Ready(Some(Err(_))) => self.copy = None,
            Poll::Ready(None) => {
                if let Some(copy) = self.copy.take() {
                    copy.send();
                }
            }
            Poll::Pending => {}
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

impl Drop for Watched {
    fn drop(&mut self) {
        // Whoever knows that there is no more does not ask for the end.
        if self.body.is_end_stream()
            && let Some(copy) = self.copy.take()
        {
            copy.send();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::body::{Body, to_bytes};
    use http::Response;
    use tokio::sync::oneshot;

    use super::{Watch, Watching};
    use crate::modes::compare::Answered;

    fn watch(most: usize) -> (Watch, oneshot::Receiver<Answered>) {
        let (to, taken) = oneshot::channel();
        (Watch::new(Watching { begun: Instant::now(), most, to }), taken)
    }

    #[tokio::test]
    async fn a_copy_of_what_was_taken_whole() {
        for (text, most, copied) in [("abc", 3, Some("abc")), ("", 3, Some("")), ("abcd", 3, None)] {
            let (watch, taken) = watch(most);
            let response = watch.over(Response::new(Body::from(text)));
            assert_eq!(to_bytes(response.into_body(), 10).await.unwrap(), text);
            assert_eq!(taken.await.unwrap().body.as_deref(), copied.map(str::as_bytes));
        }
    }

    #[tokio::test]
    async fn none_of_what_was_not() {
        let (watch, taken) = watch(10);
        drop(watch.over(Response::new(Body::from("abc"))));
        assert!(taken.await.is_err());
    }
}
