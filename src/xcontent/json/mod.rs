//! JSON, written and read.

/// Written as Elasticsearch writes it.
pub mod writer;

/// Read as Jackson reads it: tokens and their order.
pub mod parser;

/// Objects and arrays that are open.
mod scope;

/// White space and comments.
mod space;

/// Strings.
mod text;

/// Numbers.
mod number;

/// Complaints, and where the document came from.
pub(super) mod faults;
