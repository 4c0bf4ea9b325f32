//! The results API: one folder an operation, each read from request over query to reply.

/// Result documents, read and written as Elastic does.
pub mod documents;

/// Get Buckets: `GET|POST …/anomaly_detectors/{job_id}/results/buckets[/{timestamp}]`.
pub mod get_buckets;

/// `JobId`: the only maker of an index name.
pub mod job_id;

/// One typed question to a store; the cluster renders it as search DSL, the embedded store as SQL.
pub mod query;

/// What Elasticsearch accepts as a time, for the store that must parse it itself.
pub mod time;
