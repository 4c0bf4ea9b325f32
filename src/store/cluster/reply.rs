//! From a search reply to hits: whole, or an error.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    error::{Error, Fault},
    store::{Hit, Hits},
    xcontent::Node,
};

/// A search reply. What is missing in it was not sent: such a reply is refused.
#[derive(Deserialize)]
struct SearchReply<'a> {
    timed_out: bool,
    #[serde(rename = "_shards")]
    shards: Shards,
    #[serde(borrow)]
    hits: FoundHits<'a>,
}

#[derive(Deserialize)]
struct Shards {
    total: u64,
    failed: u64,
}

#[derive(Deserialize)]
struct FoundHits<'a> {
    #[serde(borrow)]
    total: Total<'a>,
    #[serde(borrow)]
    hits: Vec<FoundHit<'a>>,
}

/// A number up to 6.x, an object since.
#[derive(Deserialize)]
#[serde(untagged)]
enum Total<'a> {
    Number(u64),
    Object { value: u64, relation: std::borrow::Cow<'a, str> },
}

#[derive(Deserialize)]
struct FoundHit<'a> {
    #[serde(borrow, rename = "_index")]
    index: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, rename = "_source")]
    source: &'a RawValue,
    #[serde(borrow)]
    sort: Option<Vec<&'a RawValue>>,
}

/// Reads a search reply.
///
/// # Errors
/// 502 for one that is not whole.
pub fn read_hits(text: String) -> Result<Hits, Error> {
    read_reply(text).map(|(hits, _)| hits)
}

/// The hits of a search reply, and the index of the first one.
pub(super) fn read_reply(text: String) -> Result<(Hits, Option<String>), Error> {
    let bad = |what: &str| Error::store(StatusCode::BAD_GATEWAY, format!("the cluster answered a search {what}"));
    let mut hits = Vec::new();
    let (total, first_index);
    {
        let reply: SearchReply<'_> = serde_json::from_str(&text).map_err(|_| bad("with something else"))?;
        if reply.timed_out {
            return Err(bad("in part: it timed out"));
        }
        if reply.shards.failed > 0 {
            return Err(bad(&format!("in part: {} of {} shards failed", reply.shards.failed, reply.shards.total)));
        }
        total = match reply.hits.total {
            Total::Number(value) => value,
            Total::Object { value, relation } if relation == "eq" || value <= 1 => value,
            Total::Object { .. } => return Err(bad("without a count")),
        };
        first_index = reply.hits.hits.first().and_then(|hit| hit.index.as_deref()).map(str::to_owned);
        let base = text.as_ptr() as usize;
        for hit in &reply.hits.hits {
            let source = hit.source.get();
            let start = source.as_ptr() as usize - base;
            let timestamp = hit.sort.as_ref().and_then(|keys| keys.first()).and_then(|key| key.get().parse().ok());
            hits.push(Hit { source: start..start + source.len(), timestamp });
        }
    }
    Ok((Hits { total, text: text.into(), hits }, first_index))
}

/// The cluster's own error, as it is.
pub(super) fn refused(status: StatusCode, text: &str) -> Error {
    match serde_json::from_str::<Value>(text) {
        Ok(document @ Value::Object(_)) if document.get("error").is_some() => {
            let fault = if status.is_client_error() { Fault::Client } else { Fault::Cluster };
            Error::document_as_is(status, fault, Node::from(document))
        }
        _ => Error::store(
            StatusCode::BAD_GATEWAY,
            format!("the cluster answered a search with status {}", status.as_u16()),
        ),
    }
}
