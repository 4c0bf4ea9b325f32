//! Numbers for Prometheus. Labels are few and bounded: no job, no user, nothing a client can choose.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, prometheus_text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

/// The media type of [`text`].
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of durations, in seconds.
const SECONDS: [f64; 14] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// One label, whose values are constants of the program.
type One = [(&'static str, &'static str); 1];

type Durations = Family<One, Histogram, fn() -> Histogram>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    /// 0 where there was no answer: the client was gone, or the time was over.
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    /// Addresses as they stand in the configuration.
    node: Arc<str>,
    purpose: &'static str,
    outcome: &'static str,
}

struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Durations,
    in_flight: Gauge,
    received: Family<One, Counter>,
    sent: Family<One, Counter>,
    connections: Counter,
    open: Gauge,
    refused: Family<One, Counter>,
    decisions: Family<One, Counter>,
    verdicts: Family<One, Counter>,
    upstream_requests: Family<UpstreamLabels, Counter>,
    upstream_durations: Durations,
    upstream_retries: Family<One, Counter>,
    upstream_up: Family<[(&'static str, String); 1], Gauge>,
    shadowing: Gauge,
    shadowed: Family<[(&'static str, &'static str); 2], Counter>,
    shadow_differences: Family<One, Counter>,
    shadow_durations: Durations,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// What a request to the cluster is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A search for results, or a question where they are.
    Search,
    /// A question about a caller.
    Privileges,
    /// Another's request, passed on.
    PassThrough,
    /// Get Buckets, for a genuine API to answer.
    Native,
    /// Whether the node is there.
    Health,
}

/// What became of a request to the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer below 500.
    Answered,
    /// An answer of 500 or more.
    ServerError,
    /// No connection could be made.
    Connect,
    /// The time was over.
    Timeout,
    /// The connection ended before the answer did.
    Cut,
    /// An answer that is none.
    Nonsense,
}

/// Why a request to the cluster is sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It was never sent, as no connection could be made.
    Connect,
    /// The connection ended before the answer did.
    Cut,
    /// The node answered that it cannot, and the request is safe to repeat.
    Unavailable,
}

/// Why a connection or a request was refused before it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    Connections,
    InFlight,
    InFlightBytes,
    Rate,
    Tls,
}

/// What became of the comparison of an answer with another side's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shadowed {
    EqualBytes,
    EqualDocument,
    /// But for what may differ.
    EqualIgnoring,
    Different,
    /// Not this one of so many.
    NotSampled,
    /// Too many are under way.
    Busy,
    /// The caller's answer is larger than what is compared.
    TooLarge,
    /// The caller's answer has a bucket a line.
    Lines,
    /// The caller did not take his answer whole.
    Abandoned,
    /// The other side: no connection.
    Unreachable,
    TimedOut,
    Broken,
    /// All connections to the other side are in use.
    OtherBusy,
    /// What was found did not get into the file of differences.
    NotLogged,
}

/// A connection, counted for as long as this lives.
#[derive(Debug)]
pub struct Connection(());

/// A request under way, counted for as long as this lives.
#[derive(Debug)]
pub struct InFlight(());

/// A comparison under way, counted for as long as this lives.
#[derive(Debug)]
pub struct Shadowing(());

/// Counts a connection that was accepted.
#[must_use]
pub fn connection() -> Connection {
    METRICS.connections.inc();
    METRICS.open.inc();
    Connection(())
}

/// Counts a request that began.
#[must_use]
pub fn in_flight() -> InFlight {
    METRICS.in_flight.inc();
    InFlight(())
}

/// Counts a request that ended.
pub fn request(route: &'static str, method: &'static str, status: u16, took: Duration, received: u64, sent: u64) {
    let label = [("route", route)];
    METRICS.requests.get_or_create(&RequestLabels { route, method, status }).inc();
    METRICS.durations.get_or_create(&label).observe(took.as_secs_f64());
    METRICS.received.get_or_create(&label).inc_by(received);
    METRICS.sent.get_or_create(&label).inc_by(sent);
}

/// Counts what was refused for a limit.
pub fn limited(limit: Limit) {
    let name = match limit {
        Limit::Connections => "connections",
        Limit::InFlight => "in_flight",
        Limit::InFlightBytes => "in_flight_bytes",
        Limit::Rate => "rate",
        Limit::Tls => "tls",
    };
    METRICS.refused.get_or_create(&[("limit", name)]).inc();
}

/// Counts a decision by its outcome, a constant of the program.
pub fn decision(outcome: &'static str) {
    METRICS.decisions.get_or_create(&[("outcome", outcome)]).inc();
}

/// Counts whether a verdict was known, or someone had to be asked.
pub fn verdict(known: bool) {
    METRICS.verdicts.get_or_create(&[("cache", if known { "hit" } else { "miss" })]).inc();
}

/// Counts a request to a node of the cluster. `node` is its address in the configuration, never a client's text.
pub fn upstream_request(node: &Arc<str>, purpose: Purpose, outcome: Outcome, took: Duration) {
    let purpose = match purpose {
        Purpose::Search => "search",
        Purpose::Privileges => "privileges",
        Purpose::PassThrough => "pass_through",
        Purpose::Native => "native",
        Purpose::Health => "health",
    };
    let outcome = match outcome {
        Outcome::Answered => "answered",
        Outcome::ServerError => "server_error",
        Outcome::Connect => "connect",
        Outcome::Timeout => "timeout",
        Outcome::Cut => "cut",
        Outcome::Nonsense => "nonsense",
    };
    let labels = UpstreamLabels { node: Arc::clone(node), purpose, outcome };
    METRICS.upstream_requests.get_or_create(&labels).inc();
    METRICS.upstream_durations.get_or_create(&[("purpose", purpose)]).observe(took.as_secs_f64());
}

/// Counts a request to the cluster that is sent once more.
pub fn upstream_retry(why: Retry) {
    let reason = match why {
        Retry::Connect => "connect",
        Retry::Cut => "cut",
        Retry::Unavailable => "unavailable",
    };
    METRICS.upstream_retries.get_or_create(&[("reason", reason)]).inc();
}

/// Says whether a node of the cluster is used.
pub fn upstream_node(node: &str, up: bool) {
    METRICS.upstream_up.get_or_create(&[("node", node.to_owned())]).set(i64::from(up));
}

/// Counts a comparison that began.
#[must_use]
pub fn shadowing() -> Shadowing {
    METRICS.shadowing.inc();
    Shadowing(())
}

/// Counts a comparison by what became of it.
pub fn shadowed(what: Shadowed) {
    let (outcome, detail) = match what {
        Shadowed::EqualBytes => ("equal", "bytes"),
        Shadowed::EqualDocument => ("equal", "document"),
        Shadowed::EqualIgnoring => ("equal", "ignoring"),
        Shadowed::Different => ("different", "any"),
        Shadowed::NotSampled => ("skipped", "not_sampled"),
        Shadowed::Busy => ("skipped", "busy"),
        Shadowed::TooLarge => ("skipped", "too_large"),
        Shadowed::Lines => ("skipped", "lines"),
        Shadowed::Abandoned => ("skipped", "abandoned"),
        Shadowed::Unreachable => ("failed", "connect"),
        Shadowed::TimedOut => ("failed", "timeout"),
        Shadowed::Broken => ("failed", "cut"),
        Shadowed::OtherBusy => ("failed", "busy"),
        Shadowed::NotLogged => ("not_logged", "any"),
    };
    METRICS.shadowed.get_or_create(&[("outcome", outcome), ("detail", detail)]).inc();
}

/// Counts a difference by its kind, a constant of the program.
pub fn shadow_difference(kind: &'static str) {
    METRICS.shadow_differences.get_or_create(&[("kind", kind)]).inc();
}

/// Counts how long a side took until its answer began.
pub fn shadow_took(side: &'static str, took: Duration) {
    METRICS.shadow_durations.get_or_create(&[("side", side)]).observe(took.as_secs_f64());
}

/// All numbers in Prometheus' text format.
#[must_use]
pub fn text() -> String {
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = encode(&mut text, &METRICS.registry);
    text
}

// === impl Metrics ===

impl Metrics {
    fn new() -> Self {
        let durations = || Durations::new_with_constructor(|| Histogram::new(SECONDS));
        let mut registry = Registry::with_prefix("mlgate");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", build);
        let metrics = Self {
            registry,
            requests: Family::default(),
            durations: durations(),
            in_flight: Gauge::default(),
            received: Family::default(),
            sent: Family::default(),
            connections: Counter::default(),
            open: Gauge::default(),
            refused: Family::default(),
            decisions: Family::default(),
            verdicts: Family::default(),
            upstream_requests: Family::default(),
            upstream_durations: durations(),
            upstream_retries: Family::default(),
            upstream_up: Family::default(),
            shadowing: Gauge::default(),
            shadowed: Family::default(),
            shadow_differences: Family::default(),
            shadow_durations: durations(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let to = &mut self.registry;
        to.register("requests", "Requests, by what became of them", self.requests.clone());
        to.register("request_duration_seconds", "From the head to the end of the answer", self.durations.clone());
        to.register("requests_in_flight", "Requests under way", self.in_flight.clone());
        to.register("received_bytes", "Bytes of requests' bodies", self.received.clone());
        to.register("sent_bytes", "Bytes of answers' bodies", self.sent.clone());
        to.register("connections", "Connections accepted", self.connections.clone());
        to.register("connections_open", "Connections that are open", self.open.clone());
        to.register("limited", "Connections and requests refused for a limit", self.refused.clone());
        to.register("decisions", "Decisions whether a caller may", self.decisions.clone());
        to.register("verdicts", "Callers who were known, or had to be asked about", self.verdicts.clone());
        to.register("upstream_requests", "Requests to the cluster", self.upstream_requests.clone());
        to.register("upstream_duration_seconds", "Until the cluster answered", self.upstream_durations.clone());
        to.register("upstream_retries", "Requests to the cluster that were sent again", self.upstream_retries.clone());
        to.register("upstream_up", "Whether a node of the cluster is used", self.upstream_up.clone());
        to.register("shadow_in_flight", "Comparisons under way", self.shadowing.clone());
        to.register("shadow_comparisons", "Answers compared with another side's", self.shadowed.clone());
        to.register("shadow_differences", "Differences between answers", self.shadow_differences.clone());
        to.register("shadow_duration_seconds", "Until an answer that is compared began", self.shadow_durations.clone());
        self
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        METRICS.open.dec();
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        METRICS.in_flight.dec();
    }
}

impl Drop for Shadowing {
    fn drop(&mut self) {
        METRICS.shadowing.dec();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Limit, Outcome, Purpose, Retry};

    #[test]
    fn what_the_upstream_does_is_counted() {
        let node = "http://node-of-this-test:9200".into();
        super::upstream_request(&node, Purpose::Search, Outcome::Timeout, Duration::from_millis(3));
        super::upstream_request(&node, Purpose::Search, Outcome::Timeout, Duration::from_millis(3));
        super::upstream_retry(Retry::Cut);
        super::upstream_node(&node, false);
        super::limited(Limit::Tls);
        let text = super::text();
        for line in [
            format!("mlgate_upstream_requests_total{{node=\"{node}\",purpose=\"search\",outcome=\"timeout\"}} 2"),
            "mlgate_upstream_duration_seconds_bucket{purpose=\"search\",le=\"0.005\"} ".to_owned(),
            "mlgate_upstream_retries_total{reason=\"cut\"} ".to_owned(),
            format!("mlgate_upstream_up{{node=\"{node}\"}} 0"),
            "mlgate_limited_total{limit=\"tls\"} ".to_owned(),
            concat!("mlgate_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1").to_owned(),
            "# TYPE mlgate_upstream_requests_total counter".to_owned(),
        ] {
            assert!(text.lines().any(|found| found.starts_with(&line)), "{line}: {text}");
        }
    }
}
