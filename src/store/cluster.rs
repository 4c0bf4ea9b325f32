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
use serde_json::{Value, json};

use super::{Answer, Hits, ResultsStore, unknown_job};
use crate::{error::Error, privileges::Permit, results::query::ResultsQuery};

/// What is sent.
mod render;

/// What comes back.
pub mod reply;

use render::{job_filter, render};
use reply::{read_reply, refused};

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

/// What became of a search.
enum Outcome {
    /// The hits, and the index of the first one.
    Found(Hits, Option<String>),
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
            Outcome::Found(hits, _) => Ok(hits.total),
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
        let asked = path.split('?').next().unwrap_or_default();
        if response.url().origin() != self.url.origin() || response.url().path() != asked {
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
        if !status.is_success() {
            return Err(refused(status, &text));
        }
        let (hits, first_index) = read_reply(text)?;
        Ok(Outcome::Found(hits, first_index))
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

    /// Searches where the job's alias leads. `None` where there is no such alias: only an index of its name, as a job called
    /// `shared` has, or nothing. An index holds what it holds; the job's results may be elsewhere as well.
    async fn search_alias(&self, permit: &Permit, query: &ResultsQuery) -> Result<Option<Hits>, Error> {
        let alias = permit.job().results_alias();
        Ok(match self.search_in(&alias, false, permit, query).await? {
            Outcome::NoIndex => None,
            Outcome::Found(hits, Some(index)) => Some(hits).filter(|_| index != alias),
            Outcome::Found(hits, None) => self.has_alias(permit).await?.then_some(hits),
        })
    }

    /// Searches wherever results can be.
    async fn search_everywhere(&self, permit: &Permit, query: &ResultsQuery) -> Result<Hits, Error> {
        Ok(match self.search_in(EVERY_INDEX, true, permit, query).await? {
            Outcome::Found(hits, _) => hits,
            Outcome::NoIndex => Hits::default(),
        })
    }

    /// Whether any result of the job is anywhere.
    async fn has_results(&self, permit: &Permit) -> Result<bool, Error> {
        let path = format!("/{EVERY_INDEX}/_search?ignore_unavailable=true&allow_no_indices=true");
        let body = json!({"size": 0, "track_total_hits": 1, "terminate_after": 1, "query": job_filter(permit)});
        Ok(matches!(self.outcome(permit.headers(), &path, body).await?, Outcome::Found(hits, _) if hits.total > 0))
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
            match self.search_alias(permit, query).await? {
                Some(hits) => Ok(hits),
                None => self.search_everywhere(permit, query).await,
            }
        })
    }

    fn search_known_job<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits> {
        Box::pin(async move {
            if let Some(hits) = self.search_alias(permit, query).await? {
                return Ok(hits);
            }
            if self.has_results(permit).await? {
                return self.search_everywhere(permit, query).await;
            }
            if self.has_configuration(permit).await? { Ok(Hits::default()) } else { Err(unknown_job(permit.job())) }
        })
    }
}
