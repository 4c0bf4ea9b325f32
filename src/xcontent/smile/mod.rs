//! SMILE, written and read.

/// Written as Elasticsearch writes it.
pub mod writer;

/// Read as Jackson reads it: tokens and their order.
pub mod parser;

/// The names of fields.
mod names;

/// Texts.
mod text;

/// Names and texts that come again.
mod shared;

/// Numbers, and bytes in groups of seven bits.
mod numbers;
