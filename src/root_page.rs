//! `GET /`, by which official clients find out whom they talk to.

use axum::body::Body;
use http::{Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};

use crate::{error::Error, xcontent::Node};

/// What Elasticsearch says of itself, and clients of 7.x look for.
const TAGLINE: &str = "You Know, for Search";

/// The version whose answers mlgate gives.
const ANSWERS_AS: &str = "8.19.0";

/// What OpenSearch calls itself where it is told to please clients of Elasticsearch.
const OPENSEARCH_AS: &str = "7.10.2";

/// Largest page of a cluster that is read.
const LARGEST: usize = 64 << 10;

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

/// OpenSearch's page as clients of Elasticsearch take it: the version by which it is compatible, and it still says what it
/// is. What is no such page stays as it is.
///
/// # Errors
/// 502 for a page that does not come whole.
pub async fn of_opensearch(method: &Method, reply: Response<Body>) -> Result<Response<Body>, Error> {
    if reply.status() != StatusCode::OK {
        return Ok(reply);
    }
    let (mut head, body) = reply.into_parts();
    if method == Method::HEAD {
        // The page has another length now.
        head.headers.remove(header::CONTENT_LENGTH);
        return Ok(Response::from_parts(head, body));
    }
    let page = Limited::new(body, LARGEST).collect().await;
    let page = page.map_err(|_| Error::store(StatusCode::BAD_GATEWAY, "the cluster broke off its page"))?.to_bytes();
    let body = match serde_json::from_slice::<Value>(&page) {
        Ok(mut document) if document.pointer("/version/number").is_some() => {
            document["version"]["number"] = json!(OPENSEARCH_AS);
            document["version"]["build_flavor"] = json!("default");
            document["tagline"] = json!(TAGLINE);
            document.to_string()
        }
        _ => return Ok(Response::from_parts(head, Body::from(page))),
    };
    head.headers.insert(header::CONTENT_LENGTH, body.len().into());
    Ok(Response::from_parts(head, Body::from(body)))
}
