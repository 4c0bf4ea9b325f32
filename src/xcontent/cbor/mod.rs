//! CBOR, written and read.

/// Written as Elasticsearch writes it.
pub mod writer;

/// Read as Jackson reads it: tokens and their order.
pub mod parser;

/// Objects and arrays that are open.
mod scope;

/// The names of fields.
mod names;

/// Texts and binary values.
mod text;

/// Strings that are only there as references.
mod references;

/// Numbers of any size.
mod big;

/// Heads: lengths, numbers and tags.
mod heads;
