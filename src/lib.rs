//! mlgate answers Elastic's machine-learning results API in front of any cluster, or file, that merely holds the results.
//!
//! The modules stand in the order in which a request meets them.

/// The typed configuration: file < environment < flags, refused whole before a port opens.
pub mod config;

/// What every reply, error included, is written in: JSON, YAML, CBOR and SMILE as Elasticsearch writes them.
pub mod xcontent;

/// One error for the whole program, shaped as Elasticsearch shapes it.
pub mod error;

/// What is served: Get Buckets, from its request to its reply.
pub mod results;

/// Who may read which job's results: the only maker of a `Permit`.
pub mod privileges;

/// Where results are kept: a cluster, or one SQLite file.
pub mod store;
