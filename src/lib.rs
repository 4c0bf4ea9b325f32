//! mlgate answers Elastic's machine-learning results API in front of any cluster, or file, that merely holds the results.
//!
//! The modules stand in the order in which a request meets them.

/// The command line: one module a command.
pub mod cli;

/// The typed configuration: file < environment < flags, refused whole before a port opens.
pub mod config;

/// A text that is never shown.
pub mod secret;

/// From the configuration to a server that listens.
pub mod assemble;

/// Listens, limits and drains.
pub mod listen;

/// The screen: one request from admission to reply.
pub mod handle;

/// Refuses early what could be understood in two ways.
pub mod admit;

/// From a raw path and a method to an operation.
pub mod route;

/// The body of a request, in bounds.
pub mod request_body;

/// A request as Elasticsearch's REST layer sees it.
pub mod rest;

/// Who may read which job's results: the only maker of a `Permit`.
pub mod privileges;

/// Who answers for which jobs: our searches, a genuine API, or one of them and the other to compare.
pub mod modes;

/// A question, from what was sent to what is found.
pub mod question;

/// What is served: Get Buckets, from its request to its reply.
pub mod results;

/// `GET /`, by which clients find out whom they talk to.
pub mod root_page;

/// Where results are kept: a cluster, or one SQLite file.
pub mod store;

/// What is written before it is sent, in memory or in a file.
pub mod spool;

/// Moves results from one place to another.
pub mod transfer;

/// From an outcome to the bytes and headers of a response.
pub mod reply;

/// What can be seen from outside: log, metrics, spans, the last decisions.
pub mod observe;

/// Health, metrics and decisions, on a listener of their own.
pub mod admin;

/// What is not ours, to the cluster and back.
pub mod pass_through;

/// Bodies in few large pieces.
pub mod gathered;

/// Which headers go on to the cluster and back.
pub mod headers;

/// The only way to the cluster.
pub mod upstream;

/// One error for the whole program, shaped as Elasticsearch shapes it.
pub mod error;

/// Elasticsearch's content layer: what is read and written, in any of its formats.
pub mod xcontent;
