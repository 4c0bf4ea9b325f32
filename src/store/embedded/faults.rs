//! The errors of a search, as Elasticsearch's coordinating node reports them when its only shard refuses it.

use http::StatusCode;

use crate::{
    error::{Error, Exception, Fault},
    xcontent::Node,
};

/// What stands for the node's id and the index's, which only a cluster has.
const NODE: &str = "embedded";

/// `search_phase_execution_exception` around the refusal of a shard of `index`.
pub(super) fn all_shards_failed(index: &str, refusal: &Exception) -> Error {
    let shard = Node::Object(vec![
        ("shard".into(), Node::Long(0)),
        ("index".into(), index.to_owned().into()),
        ("node".into(), NODE.into()),
        ("reason".into(), refusal.node()),
    ]);
    let mut failed = Exception::new("search_phase_execution_exception", "all shards failed")
        .with("phase", "query")
        .with("grouped", true)
        .with("failed_shards", Node::Array(vec![shard]));
    // An exception of Elasticsearch's own is shown once; any other also as a cause, and wrapped once more.
    if refusal.kind == "illegal_argument_exception" {
        failed = failed.caused_by(refusal.clone().caused_by(refusal.clone()));
    }
    let root = Exception { caused_by: None, ..refusal.clone() };
    Error::new(StatusCode::BAD_REQUEST, Fault::Client, root, failed)
}

/// `query_shard_exception`.
pub(super) fn query_shard(index: &str, reason: impl Into<String>) -> Exception {
    Exception::new("query_shard_exception", reason).with("index_uuid", NODE).with("index", index.to_owned())
}
