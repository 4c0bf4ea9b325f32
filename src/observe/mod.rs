//! What can be seen from outside: the log, a line a request, metrics, spans, the last decisions. Nothing about what may be
//! logged lives elsewhere: no header's value but the ids named in `about`, no value of a query, no credential.

/// What may be told of a request.
pub mod about;

/// The last decisions.
pub mod decisions;

/// Where the log goes, and how it looks.
pub mod logging;

/// Numbers for Prometheus.
pub mod metrics;

/// One event is one line.
pub(crate) mod one_line;

/// One layer around every request: its line in the log, its numbers, its span.
pub mod request;

/// Spans for a collector.
pub mod traces;
