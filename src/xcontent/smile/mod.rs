//! SMILE, written and read.

/// Written as Elasticsearch writes it.
pub mod writer;

/// Read as Jackson reads it.
pub mod parser;
