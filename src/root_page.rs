//! `GET /`, by which official clients find out whom they talk to.

use http::Method;
use serde_json::json;

use crate::xcontent::Node;

/// What Elasticsearch says of itself, and clients of 7.x look for.
pub const TAGLINE: &str = "You Know, for Search";

/// The version whose answers mlgate gives.
const ANSWERS_AS: &str = "8.19.0";

/// Whether a request is for this page.
#[must_use]
pub fn is_root_page(method: &Method, path: &str) -> bool {
    path == "/" && matches!(*method, Method::GET | Method::HEAD)
}

/// The page where there is no cluster that answers it.
#[must_use]
pub fn own() -> Node {
    Node::from(json!({
        "name": "mlgate",
        "cluster_name": "mlgate",
        "cluster_uuid": "_na_",
        "version": {
            "number": ANSWERS_AS,
            "build_flavor": "default",
            "build_type": "unknown",
            "build_hash": "unknown",
            "build_date": "1970-01-01T00:00:00.000Z",
            "build_snapshot": false,
            "lucene_version": "9.12.0",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
            "mlgate": env!("CARGO_PKG_VERSION"),
        },
        "tagline": TAGLINE,
    }))
}
