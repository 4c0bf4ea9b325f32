//! A cluster that holds results: Elasticsearch, or OpenSearch, asked through the `elasticsearch` crate.
//!
//! The crate joins paths as URLs, so every path here is made from a `JobId` and constants. It neither times out nor
//! leaves proxies of the environment alone by itself: both are said here.

use std::time::Duration;

use elasticsearch::{
    Elasticsearch,
    http::{
        Method, Url,
        headers::HeaderMap,
        request::JsonBody,
        transport::{SingleNodeConnectionPool, TransportBuilder},
    },
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{Answer, Hit, Hits, ResultsStore, unknown_job};
use crate::{
    error::{Error, Fault},
    privileges::Permit,
    results::query::{ResultsQuery, Times},
    xcontent::Node,
};

/// Results of a job that has no alias: every results index, and what an upgrade made of old ones.
const EVERY_INDEX: &str = ".ml-anomalies-*,.reindexed-*-ml-anomalies-*";

/// How to reach a cluster.
#[derive(Clone)]
pub struct Upstream {
    pub url: Url,
    /// Whole time that one search may take.
    pub timeout: Duration,
}

/// Results in a cluster. It has no credential of its own: every search carries those of its permit.
pub struct ClusterStore {
    client: Elasticsearch,
    url: Url,
}

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
    #[serde(borrow, rename = "_source")]
    source: &'a RawValue,
    #[serde(borrow)]
    sort: Option<Vec<&'a RawValue>>,
}

/// What became of a search.
enum Outcome {
    Found(Hits),
    /// The target is not there.
    NoIndex,
}

// === impl ClusterStore ===

impl ClusterStore {
    /// A client of the cluster; nothing is sent yet.
    ///
    /// # Errors
    /// Where the client cannot be made from what is configured.
    pub fn new(upstream: Upstream) -> anyhow::Result<Self> {
        let transport = TransportBuilder::new(SingleNodeConnectionPool::new(upstream.url.clone()))
            .disable_proxy()
            .enable_meta_header(false)
            .timeout(upstream.timeout);
        Ok(Self { client: Elasticsearch::new(transport.build()?), url: upstream.url })
    }

    /// What the cluster says of itself, for `mlgate check`.
    ///
    /// # Errors
    /// Where it cannot be reached.
    pub async fn info(&self, headers: &HeaderMap) -> Result<(StatusCode, String), Error> {
        self.send(headers, Method::Get, "/", None).await
    }

    /// How many result documents the caller can see, for `mlgate check`.
    ///
    /// # Errors
    /// As a search.
    pub async fn count_results(&self, headers: &HeaderMap) -> Result<u64, Error> {
        let path = format!("/{EVERY_INDEX}/_search?ignore_unavailable=true&allow_no_indices=true");
        let body = json!({"size": 0, "track_total_hits": true});
        match self.outcome(headers, &path, body).await? {
            Outcome::Found(hits) => Ok(hits.total),
            Outcome::NoIndex => Ok(0),
        }
    }

    async fn send(
        &self,
        headers: &HeaderMap,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<(StatusCode, String), Error> {
        let unreachable = |error: elasticsearch::Error| {
            tracing::warn!(status = ?error.status_code(), timeout = error.is_timeout(), "the cluster could not be asked");
            let status = if error.is_timeout() { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
            Error::store(status, "the cluster that holds the results could not be asked")
        };
        let response = self
            .client
            .send(method, path, headers.clone(), None::<&()>, body.map(JsonBody::new), None)
            .await
            .map_err(unreachable)?;
        // The client follows redirects, without credentials to other hosts: what it found there is not the cluster's answer.
        if response.url().origin() != self.url.origin() {
            tracing::warn!("the cluster redirected a search");
            return Err(Error::store(StatusCode::BAD_GATEWAY, "the cluster redirected a search"));
        }
        let status = response.status_code();
        let text = response.text().await.map_err(unreachable)?;
        Ok((StatusCode::from_u16(status.as_u16()).unwrap_or(StatusCode::BAD_GATEWAY), text))
    }

    async fn outcome(&self, headers: &HeaderMap, path: &str, body: Value) -> Result<Outcome, Error> {
        let (status, text) = self.send(headers, Method::Post, path, Some(body)).await?;
        if status == StatusCode::NOT_FOUND && text.contains("index_not_found_exception") {
            return Ok(Outcome::NoIndex);
        }
        if status.is_success() { read_hits(text).map(Outcome::Found) } else { Err(refused(status, &text)) }
    }

    async fn search_in(
        &self,
        target: &str,
        lenient: bool,
        permit: &Permit,
        query: &ResultsQuery,
    ) -> Result<Outcome, Error> {
        let path = format!("/{target}/_search?ignore_unavailable={lenient}&allow_no_indices=true");
        self.outcome(permit.headers(), &path, render(permit, query)).await
    }

    /// Whether any result of the job is anywhere.
    async fn has_results(&self, permit: &Permit) -> Result<bool, Error> {
        let path = format!("/{EVERY_INDEX}/_search?ignore_unavailable=true&allow_no_indices=true");
        let body = json!({"size": 0, "track_total_hits": 1, "terminate_after": 1, "query": job_filter(permit)});
        Ok(matches!(self.outcome(permit.headers(), &path, body).await?, Outcome::Found(hits) if hits.total > 0))
    }

    /// Whether the job's alias is one, and not an index that happens to have its name. Who may search it need not be able
    /// to ask: then a name that can be searched counts as the alias that it nearly always is.
    async fn has_alias(&self, permit: &Permit) -> Result<bool, Error> {
        let path = format!("/_alias/{}", permit.job().results_alias());
        let (status, _) = self.send(permit.headers(), Method::Head, &path, None).await?;
        Ok(status.is_success() || status == StatusCode::FORBIDDEN)
    }

    /// Whether the job's configuration is there; what cannot be read counts as absent.
    async fn has_configuration(&self, permit: &Permit) -> Result<bool, Error> {
        let path = format!("/.ml-config/_doc/anomaly_detector-{}?_source=false", permit.job());
        Ok(self.send(permit.headers(), Method::Get, &path, None).await?.0.is_success())
    }
}

impl ResultsStore for ClusterStore {
    fn search<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits> {
        Box::pin(async move {
            let found = match self.search_in(&permit.job().results_alias(), false, permit, query).await? {
                Outcome::Found(hits) => Some(hits),
                Outcome::NoIndex => match self.search_in(EVERY_INDEX, true, permit, query).await? {
                    Outcome::Found(hits) => Some(hits),
                    Outcome::NoIndex => None,
                },
            };
            Ok(found.unwrap_or_default())
        })
    }

    fn search_known_job<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits> {
        Box::pin(async move {
            if let Outcome::Found(hits) = self.search_in(&permit.job().results_alias(), false, permit, query).await? {
                if hits.total > 0 || self.has_alias(permit).await? || self.has_results(permit).await? {
                    return Ok(hits);
                }
            } else if self.has_results(permit).await? {
                return self.search(permit, query).await;
            }
            if self.has_configuration(permit).await? { Ok(Hits::default()) } else { Err(unknown_job(permit.job())) }
        })
    }
}

// === what is sent ===

fn job_filter(permit: &Permit) -> Value {
    json!({"term": {"job_id": {"value": permit.job().as_str()}}})
}

/// The search for a question. The job is always part of it, whatever the target filters.
fn render(permit: &Permit, query: &ResultsQuery) -> Value {
    let mut filters = vec![];
    match &query.times {
        Times::Range { start, end } => {
            let mut range = serde_json::Map::new();
            if let Some(start) = start {
                range.insert("gte".into(), json!(start));
            }
            if let Some(end) = end {
                range.insert("lt".into(), json!(end));
            }
            if !range.is_empty() {
                filters.push(json!({"range": {"timestamp": range}}));
            }
        }
        Times::Match(text) => filters.push(json!({"match": {"timestamp": {"query": text}}})),
        Times::AnyOf(instants) => filters.push(json!({"terms": {"timestamp": instants}})),
    }
    if let Some((field, least)) = query.score {
        // JSON has no infinity; as a string the field reads it as Java does.
        let least = if least.is_finite() { json!(least) } else { json!("Infinity") };
        filters.push(json!({"range": {field: {"gte": least}}}));
    }
    if query.exclude_interim {
        filters.push(json!({"bool": {"must_not": [{"term": {"is_interim": {"value": true}}}]}}));
    }
    filters.push(json!({"term": {"result_type": {"value": query.result_type.as_str()}}}));
    filters.push(job_filter(permit));
    let sort: Vec<Value> = query
        .sort
        .iter()
        .map(|key| {
            let order = if key.descending { "desc" } else { "asc" };
            let options =
                if key.missing_last { json!({"order": order, "missing": "_last"}) } else { json!({"order": order}) };
            json!({key.field.clone(): options})
        })
        .collect();
    json!({
        "from": query.from,
        "size": query.size,
        "query": {"bool": {"filter": filters}},
        "sort": sort,
        "track_total_hits": true,
    })
}

// === what comes back ===

/// Reads a search reply.
///
/// # Errors
/// 502 for one that is not whole.
pub fn read_hits(text: String) -> Result<Hits, Error> {
    let bad = |what: &str| Error::store(StatusCode::BAD_GATEWAY, format!("the cluster answered a search {what}"));
    let mut hits = Vec::new();
    let total;
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
        let base = text.as_ptr() as usize;
        for hit in &reply.hits.hits {
            let source = hit.source.get();
            let start = source.as_ptr() as usize - base;
            let timestamp = hit.sort.as_ref().and_then(|keys| keys.first()).and_then(|key| key.get().parse().ok());
            hits.push(Hit { source: start..start + source.len(), timestamp });
        }
    }
    Ok(Hits { total, text: text.into(), hits })
}

/// The cluster's own error, as it is.
fn refused(status: StatusCode, text: &str) -> Error {
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
