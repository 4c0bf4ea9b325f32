//! What is passed on: sent once, streamed both ways, no faster than the slower side takes it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{Request, Response, request::Parts, uri::PathAndQuery};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep, sleep},
};

use super::{
    Failure, Upstream, count,
    lent::{Lender, Lent},
    nodes::Node,
    slot,
};
use crate::{gathered::Gathered, observe::metrics::Purpose};

/// Longest time that a request waits for a place among those under way.
const WAIT: Duration = Duration::from_secs(1);

/// A reply's body, whose end frees the request's place. One that does not go on is given up.
struct Passed {
    body: Incoming,
    idle: Duration,
    /// Runs while the cluster is waited for; a slow reader's time does not count.
    waiting: Option<Pin<Box<Sleep>>>,
    _places: (Option<OwnedSemaphorePermit>, OwnedSemaphorePermit),
}

// === impl Upstream ===

impl Upstream {
    /// Sends a request, with the headers as they are, to the first node that takes the connection.
    ///
    /// # Errors
    /// Where no node answers; the request may have been sent then, once.
    pub async fn pass(&self, request: Request<Body>, purpose: Purpose) -> Result<Response<Body>, Failure> {
        let deadline = Instant::now() + WAIT;
        let of_others = match purpose {
            Purpose::Native => None,
            _ => Some(slot(&self.slots_for_others, deadline).await?),
        };
        let places = (of_others, slot(&self.slots, deadline).await?);
        let (head, body) = request.into_parts();
        let lender = Lender::of(Gathered::filled(body).await);
        let nodes = self.nodes.in_order();
        let mut heads = std::iter::repeat_n(head, nodes.len());
        for node in nodes {
            let Some((lent, head)) = lender.lend().zip(heads.next()) else { return Err(Failure::Broken) };
            let begun = Instant::now();
            let outcome = self.pass_to(&node, head, &lender, lent).await;
            let status = outcome.as_ref().map(Response::status).map_err(|failure| *failure);
            count(&node, purpose, begun, status);
            match outcome {
                Err(Failure::Unreachable) => {}
                Err(failure) => return Err(failure),
                Ok(reply) => {
                    let idle = self.settings.idle;
                    return Ok(reply.map(|body| Body::new(Passed { body, idle, waiting: None, _places: places })));
                }
            }
        }
        Err(Failure::Unreachable)
    }

    async fn pass_to(
        &self,
        node: &Arc<Node>,
        head: Parts,
        lender: &Lender,
        body: Lent,
    ) -> Result<Response<Incoming>, Failure> {
        let target = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let mut request = Request::new(body);
        *request.uri_mut() = node.address.uri(target).map_err(|_| Failure::Unreachable)?;
        *request.method_mut() = head.method;
        *request.headers_mut() = head.headers;
        let reply = tokio::select! {
            reply = self.client.request(request) => reply.map_err(|error| self.failed(node, &error))?,
            () = lender.stalled(self.settings.idle, self.settings.reply) => return Err(Failure::TimedOut),
        };
        Self::trust(node);
        Ok(reply)
    }
}

// === impl Passed ===

impl HttpBody for Passed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)));
        }
        let idle = self.idle;
        ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(idle))).as_mut().poll(cx));
        tracing::warn!("the cluster broke off in the midst of a reply");
        Poll::Ready(Some(Err(axum::Error::new(Failure::TimedOut))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
