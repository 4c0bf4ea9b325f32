//! A question of mlgate's own and its whole answer.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, Request, StatusCode, header, uri::PathAndQuery};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use tower::retry::budget::Budget as _;

use super::{
    Failure, Upstream, count, is_of_a_node,
    lent::Lender,
    nodes::{Address, Node},
    slot,
};

use crate::{
    gathered::Gathered,
    observe::metrics::{self, Purpose, Retry},
};

/// A question. It only reads, so that it may be sent twice.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    pub purpose: Purpose,
    pub method: Method,
    /// Path and query, made of constants and of a `JobId`.
    pub target: &'a str,
    pub headers: HeaderMap,
    /// JSON.
    pub body: Option<Bytes>,
    /// Longest time for all of it.
    pub within: Duration,
    /// Largest answer, in bytes.
    pub largest: usize,
}

/// Takes an answer as it comes in. Nothing of it holds before it is whole: another node may be asked.
pub trait Receiver: Send {
    /// An answer begins; what came before is void.
    fn begin(&mut self, status: StatusCode, headers: &HeaderMap);

    /// The next piece of the answer's body.
    fn receive(&mut self, piece: Bytes) -> impl Future<Output = ()> + Send;
}

/// A whole answer of any status.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Keeps all of an answer.
#[derive(Debug, Default)]
pub struct Whole {
    headers: HeaderMap,
    body: BytesMut,
}

// === impl Whole ===

impl Receiver for Whole {
    fn begin(&mut self, _: StatusCode, headers: &HeaderMap) {
        *self = Self { headers: headers.clone(), body: BytesMut::new() };
    }

    async fn receive(&mut self, piece: Bytes) {
        self.body.extend_from_slice(&piece);
    }
}

// === impl Upstream ===

impl Upstream {
    /// Asks until a node gives a whole answer.
    ///
    /// # Errors
    /// Where none does within the time and the number of attempts.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Answer, Failure> {
        let mut whole = Whole::default();
        let status = self.ask_for(question, &mut whole).await?;
        Ok(Answer { status, headers: whole.headers, body: whole.body.freeze() })
    }

    /// As [`Upstream::ask`], with the answer given away as it comes in; what was received holds where this gives its status.
    ///
    /// # Errors
    /// As [`Upstream::ask`].
    pub async fn ask_for(&self, question: &Question<'_>, to: &mut impl Receiver) -> Result<StatusCode, Failure> {
        let deadline = Instant::now() + question.within;
        let _slot = slot(&self.slots, deadline).await?;
        self.again.deposit();
        let nodes = self.nodes.in_order();
        let is_sole = nodes.len() == 1;
        // A sole node is asked again as well where its answer broke off.
        let second = is_sole.then(|| Arc::clone(&nodes[0]));
        let (mut again, mut may_again) = (None, false);
        let mut outcome = Err(Failure::Unreachable);
        for node in nodes.into_iter().chain(second) {
            if let Some(why) = again
                && !may_again
            {
                may_again = self.again.withdraw();
                if !may_again {
                    break;
                }
                metrics::upstream_retry(why);
            }
            let begun = Instant::now();
            outcome = if let Ok(outcome) = timeout_at(deadline, self.ask_node(&node, question, to)).await {
                outcome
            } else {
                self.suspect(&node, Failure::TimedOut, &Failure::TimedOut);
                Err(Failure::TimedOut)
            };
            count(&node, question.purpose, begun, outcome);
            match outcome {
                Err(Failure::Unreachable) if !is_sole => metrics::upstream_retry(Retry::Connect),
                Err(Failure::Broken) if again.is_none() => again = Some(Retry::Cut),
                Ok(status) if !is_sole && again.is_none() && is_of_a_node(status) => {
                    again = Some(Retry::Unavailable);
                }
                _ => break,
            }
        }
        outcome
    }

    /// Whether any node answers now.
    pub async fn is_reachable(&self, within: Duration) -> bool {
        for node in self.nodes.in_order() {
            if self.is_well(&node, within).await {
                return true;
            }
        }
        false
    }

    /// Every node, and whether it answers now.
    pub async fn wellness(&self, within: Duration) -> Vec<(Address, bool)> {
        let mut found = Vec::new();
        for node in self.nodes.iter() {
            found.push((node.address.clone(), self.is_well(node, within).await));
        }
        found
    }

    pub(super) async fn is_well(&self, node: &Arc<Node>, within: Duration) -> bool {
        let question = Question {
            purpose: Purpose::Health,
            method: Method::HEAD,
            target: "/",
            headers: HeaderMap::new(),
            body: None,
            within,
            largest: 0,
        };
        let begun = Instant::now();
        let mut ignored = Whole::default();
        let answer = tokio::time::timeout(within, self.ask_node(node, &question, &mut ignored)).await;
        let answer = answer.unwrap_or(Err(Failure::TimedOut));
        count(node, question.purpose, begun, answer);
        answer.is_ok_and(|status| !status.is_server_error())
    }

    async fn ask_node(
        &self,
        node: &Arc<Node>,
        question: &Question<'_>,
        to: &mut impl Receiver,
    ) -> Result<StatusCode, Failure> {
        let nonsense = |_| Failure::Unreachable;
        let target = PathAndQuery::try_from(question.target).map_err(|error| nonsense(error.into()))?;
        let body = question.body.clone().unwrap_or_default();
        let Some(body) = Lender::of(Gathered::new(body.into())).lend() else { return Err(Failure::Broken) };
        let mut request = Request::new(body);
        *request.method_mut() = question.method.clone();
        *request.uri_mut() = node.address.uri(target).map_err(nonsense)?;
        *request.headers_mut() = question.headers.clone();
        if question.body.is_some() {
            let json = http::HeaderValue::from_static("application/json");
            request.headers_mut().insert(header::CONTENT_TYPE, json);
        }
        let answer = self.client.request(request).await.map_err(|error| self.failed(node, &error))?;
        let (head, body) = answer.into_parts();
        to.begin(head.status, &head.headers);
        let mut body = Limited::new(body, question.largest);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    return Failure::TooLarge;
                }
                self.suspect(node, Failure::Broken, &*error);
                Failure::Broken
            })?;
            if let Ok(piece) = frame.into_data() {
                to.receive(piece).await;
            }
        }
        Self::trust(node);
        Ok(head.status)
    }
}

impl Answer {
    /// The answer as JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}
