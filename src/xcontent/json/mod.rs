//! JSON, written and read.

/// Written as Elasticsearch writes it.
pub mod writer;

/// Read as Jackson reads it.
pub mod parser;

/// White space, comments, strings and numbers.
mod text;

/// Complaints, and where the document came from.
pub(super) mod faults;
