//! Something that a command asks for and that may change the cluster, or moves a cursor on: sent once.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header, uri::PathAndQuery};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout_at};

use super::{Answer, Failure, Upstream, count, lent::Lender, nodes::Node, slot};
use crate::{gathered::Gathered, observe::metrics::Purpose};

/// A request of a command.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    pub method: Method,
    /// Path and query, made of constants and of names that were checked.
    pub target: &'a str,
    pub headers: &'a HeaderMap,
    /// The body and its media type.
    pub body: Option<(Bytes, &'static str)>,
    /// Longest time for all of it.
    pub within: Duration,
    /// Largest answer, in bytes.
    pub largest: usize,
}

// === impl Upstream ===

impl Upstream {
    /// Sends a request to the first node that takes the connection, and reads its whole answer.
    ///
    /// # Errors
    /// Where no node gives one; it may have been sent then, once.
    pub async fn tell(&self, order: &Order<'_>) -> Result<Answer, Failure> {
        let deadline = Instant::now() + order.within;
        let _slot = slot(&self.slots, deadline).await?;
        for node in self.nodes.in_order() {
            let begun = Instant::now();
            let outcome = timeout_at(deadline, self.tell_node(&node, order)).await.unwrap_or_else(|_| {
                self.suspect(&node, Failure::TimedOut, &Failure::TimedOut);
                Err(Failure::TimedOut)
            });
            count(
                &node,
                Purpose::Search,
                begun,
                outcome.as_ref().map(|answer| answer.status).map_err(|failure| *failure),
            );
            if !matches!(outcome, Err(Failure::Unreachable)) {
                return outcome;
            }
        }
        Err(Failure::Unreachable)
    }

    async fn tell_node(&self, node: &Arc<Node>, order: &Order<'_>) -> Result<Answer, Failure> {
        let target = PathAndQuery::try_from(order.target).map_err(|_| Failure::Unreachable)?;
        let (body, media_type) = order.body.clone().map_or((Body::empty(), None), |(body, media_type)| {
            (Body::from(body), Some(HeaderValue::from_static(media_type)))
        });
        let Some(body) = Lender::of(Gathered::new(body)).lend() else { return Err(Failure::Broken) };
        let mut request = Request::new(body);
        *request.method_mut() = order.method.clone();
        *request.uri_mut() = node.address.uri(target).map_err(|_| Failure::Unreachable)?;
        *request.headers_mut() = order.headers.clone();
        if let Some(media_type) = media_type {
            request.headers_mut().insert(header::CONTENT_TYPE, media_type);
        }
        let answer = self.client.request(request).await.map_err(|error| self.failed(node, &error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, order.largest).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return Failure::TooLarge;
            }
            self.suspect(node, Failure::Broken, &*error);
            Failure::Broken
        })?;
        Self::trust(node);
        Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
    }
}
