//! The only way to the cluster: its nodes, their connections, every time limit, and how often something is sent.
//!
//! What is sent at most, for one question or one request that is passed on:
//! - where no connection can be made, nothing was sent: every node is tried once;
//! - a question of mlgate's own only reads: where its answer does not come whole, or a node says 502, 503 or 504 and there are
//!   others, it is sent once more; altogether one of five may be, and ten a second;
//! - what is passed on is sent once.
//!
//! Redirects are answers, and proxies of the environment are not asked.

use std::{
    error::Error as StdError,
    sync::{Arc, Weak},
    time::Duration,
};

use http::{StatusCode, Uri};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::{
    client::legacy::{Client, Error as ClientError, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout_at},
};
use tower::{BoxError, retry::budget::TpsBudget, timeout::Timeout, util::BoxCloneSyncService};

use crate::observe::metrics::{self, Outcome, Purpose};

/// Questions of mlgate's own.
mod ask;

/// Why there is no answer.
mod failure;

/// A request's body that may be tried on several nodes.
mod lent;

/// The nodes, and which to ask first.
pub mod nodes;

/// What is passed on.
mod pass;

/// What a command does to a cluster.
mod tell;

/// Certificates.
pub mod tls;

pub use ask::{Answer, Question, Receiver, Whole};
pub use failure::Failure;
use lent::Lent;
use nodes::{Address, Node, Nodes};
pub use tell::Order;
use tls::Tls;

/// Bytes of an answer that are read at once, at most: its head may not be larger, and a slow reader lets a few such pieces
/// wait here.
const READ_AHEAD: usize = 32 << 10;
/// Unused connections are closed before clusters and balancers do.
const IDLE: Duration = Duration::from_secs(15);
/// A connection whose other side acknowledges nothing for so long is dead, whatever is waited for.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// Time between attempts to find a suspect node well.
const PROBE_EVERY: Duration = Duration::from_millis(500);

type Connector = BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, BoxError>;

/// What is said about the cluster.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    pub nodes: Vec<Address>,
    pub tls: Tls,
    /// The key of the configuration that names the nodes; those of the certificates begin with it.
    pub key: &'static str,
    /// Longest time for a connection to be made: its name found, TLS agreed upon.
    pub connect: Duration,
    /// Most requests under way at once; a quarter of them is kept for mlgate's own questions.
    pub connections: usize,
    /// Longest time without a byte of what is passed on, in either direction.
    pub idle: Duration,
    /// Longest time from the end of what is passed on to the answer's head.
    pub reply: Duration,
}

/// The way to the cluster.
pub struct Upstream {
    client: Client<Connector, Lent>,
    nodes: Nodes,
    slots: Arc<Semaphore>,
    slots_for_others: Arc<Semaphore>,
    again: TpsBudget,
    settings: UpstreamSettings,
    this: Weak<Self>,
}

// === impl UpstreamSettings ===

impl UpstreamSettings {
    /// Nodes with everything else as by default.
    #[must_use]
    pub fn of(nodes: Vec<Address>) -> Self {
        Self {
            nodes,
            tls: Tls::default(),
            key: "upstream",
            connect: Duration::from_secs(2),
            connections: 512,
            idle: Duration::from_mins(1),
            reply: Duration::from_hours(1),
        }
    }
}

// === impl Upstream ===

impl Upstream {
    /// The way to a cluster; nothing is sent yet.
    ///
    /// # Errors
    /// Certificates that cannot be read; the message names the key.
    pub fn new(settings: UpstreamSettings) -> anyhow::Result<Arc<Self>> {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(settings.connect));
        connector.set_keepalive(Some(IDLE));
        connector.set_keepalive_interval(Some(Duration::from_secs(5)));
        connector.set_keepalive_retries(Some(3));
        #[cfg(target_os = "linux")]
        connector.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let connector =
            BoxCloneSyncService::new(Timeout::new(settings.tls.around(connector, settings.key)?, settings.connect));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(READ_AHEAD)
            .http1_preserve_header_case(true)
            // What was never begun to be sent is sent on another connection of the same node.
            .retry_canceled_requests(true)
            .build(connector);
        for node in &settings.nodes {
            metrics::upstream_node(&node.to_string(), true);
        }
        Ok(Arc::new_cyclic(|this| Self {
            client,
            nodes: Nodes::new(settings.nodes.clone()),
            slots: Arc::new(Semaphore::new(settings.connections)),
            slots_for_others: Arc::new(Semaphore::new((settings.connections * 3 / 4).max(1))),
            again: TpsBudget::new(Duration::from_secs(10), 10, 0.2),
            settings,
            this: this.clone(),
        }))
    }

    /// Whether connections carry a certificate of mlgate's own, which the cluster may take for a user.
    #[must_use]
    pub fn has_identity(&self) -> bool {
        self.settings.tls.identity.is_some()
    }

    /// The nodes, for whoever watches them.
    #[must_use]
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Why nothing came of a request to a node; the node is asked last from now on, until it is found well.
    fn failed(&self, node: &Arc<Node>, error: &ClientError) -> Failure {
        if is_of_the_body(error) {
            // The client's fault, who is gone.
            return Failure::Broken;
        }
        let failure = if error.is_connect() { Failure::Unreachable } else { Failure::Broken };
        self.suspect(node, failure, error);
        failure
    }

    fn suspect(&self, node: &Arc<Node>, failure: Failure, why: &(dyn StdError + 'static)) {
        if node.suspect() {
            metrics::upstream_node(&node.name, false);
            tracing::warn!(node = %node.address, error = why, "{failure}");
            tokio::spawn(find_well(self.this.clone(), Arc::clone(node)));
        }
    }

    fn trust(node: &Node) {
        if node.trust() {
            metrics::upstream_node(&node.name, true);
            tracing::info!(node = %node.address, "the cluster's node answers again");
        }
    }
}

/// Asks a suspect node until it answers, or somebody else finds that it does.
async fn find_well(upstream: Weak<Upstream>, node: Arc<Node>) {
    while node.is_suspect() {
        let Some(upstream) = upstream.upgrade() else { return };
        if upstream.is_well(&node, UNACKNOWLEDGED).await {
            return Upstream::trust(&node);
        }
        drop(upstream);
        sleep(PROBE_EVERY).await;
    }
}

/// Whether a body could not be read that was to be sent.
fn is_of_the_body(error: &ClientError) -> bool {
    error.source().and_then(|source| source.downcast_ref::<hyper::Error>()).is_some_and(hyper::Error::is_user)
}

/// Whether an answer may be the fault of one node, or of what stands before it.
fn is_of_a_node(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

/// Counts a request to a node by what came of it.
fn count(node: &Node, purpose: Purpose, begun: Instant, outcome: Result<StatusCode, Failure>) {
    let outcome = match outcome {
        Ok(status) if status.is_server_error() => Outcome::ServerError,
        Ok(_) => Outcome::Answered,
        Err(failure) => failure.outcome(),
    };
    metrics::upstream_request(&node.name, purpose, outcome, begun.elapsed());
}

/// A place among the requests under way.
async fn slot(slots: &Arc<Semaphore>, deadline: Instant) -> Result<OwnedSemaphorePermit, Failure> {
    match timeout_at(deadline, Arc::clone(slots).acquire_owned()).await {
        Ok(Ok(slot)) => Ok(slot),
        _ => Err(Failure::Busy),
    }
}
