//! From a search reply to hits: whole, or an error.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::reading::ReplyReader;
use crate::{
    error::{Error, Fault},
    store::{Hits, Taker},
    xcontent::Node,
};

/// A search reply. What is missing in it was not sent: such a reply is refused.
#[derive(Deserialize)]
pub(super) struct SearchReply<'a> {
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

/// One hit.
#[derive(Deserialize)]
pub(super) struct FoundHit<'a> {
    #[serde(borrow, rename = "_index")]
    pub(super) index: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, rename = "_source")]
    pub(super) source: &'a RawValue,
    #[serde(borrow)]
    sort: Option<Vec<&'a RawValue>>,
}

/// Reads a search reply.
///
/// # Errors
/// 502 for one that is not whole.
pub fn read_hits(text: &str) -> Result<Hits, Error> {
    let mut hits = Hits::default();
    read_reply(text.as_bytes(), &mut hits)?;
    Ok(hits)
}

/// Gives the hits of a search reply to a taker.
///
/// # Errors
/// 502 for one that is not whole: what was taken is void.
pub fn read_reply(text: &[u8], taker: &mut impl Taker) -> Result<(), Error> {
    let mut reader = ReplyReader::new(taker);
    reader.read(text);
    reader.finish().map(drop)
}

/// Gives the hits of a search reply in any order to a taker, and tells the index of the first one.
pub(super) fn read_whole(text: &str, taker: &mut impl Taker) -> Result<Option<String>, Error> {
    let reply = SearchReply::read(text)?;
    taker.begin(reply.total()?);
    for hit in &reply.hits.hits {
        taker.take(hit.source.get().as_bytes(), hit.timestamp());
    }
    Ok(reply.hits.hits.first().and_then(|hit| hit.index.as_deref()).map(str::to_owned))
}

/// 502 for what is no search reply.
pub(super) fn nonsense() -> Error {
    bad("with something else")
}

fn bad(what: &str) -> Error {
    Error::store(StatusCode::BAD_GATEWAY, format!("the cluster answered a search {what}"))
}

// === impl SearchReply ===

impl<'a> SearchReply<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, Error> {
        serde_json::from_str(text).map_err(|_| nonsense())
    }

    /// How many documents match.
    ///
    /// # Errors
    /// 502 where not all of them were looked at.
    pub(super) fn total(&self) -> Result<u64, Error> {
        if self.timed_out {
            return Err(bad("in part: it timed out"));
        }
        if self.shards.failed > 0 {
            return Err(bad(&format!("in part: {} of {} shards failed", self.shards.failed, self.shards.total)));
        }
        match &self.hits.total {
            Total::Number(value) => Ok(*value),
            Total::Object { value, relation } if relation == "eq" || *value <= 1 => Ok(*value),
            Total::Object { .. } => Err(bad("without a count")),
        }
    }
}

// === impl FoundHit ===

impl FoundHit<'_> {
    /// The first value that it was sorted by, where that can be a time.
    pub(super) fn timestamp(&self) -> Option<i64> {
        self.sort.as_ref()?.first()?.get().parse().ok()
    }
}

/// The cluster's own error, as it is.
pub(super) fn refused(status: StatusCode, text: &str) -> Error {
    let is_error = status.is_client_error() || status.is_server_error();
    match serde_json::from_str::<Value>(text) {
        Ok(document @ Value::Object(_)) if is_error && document.get("error").is_some() => {
            let fault = if status.is_client_error() { Fault::Client } else { Fault::Cluster };
            Error::document_as_is(status, fault, Node::from(document))
        }
        _ => Error::store(
            StatusCode::BAD_GATEWAY,
            format!("the cluster answered a search with status {}", status.as_u16()),
        ),
    }
}
