//! A cluster that holds results: Elasticsearch, or OpenSearch.
//!
//! Paths are the `elasticsearch` crate's, which escapes what stands in them. What is sent goes over `upstream`: the crate's
//! own transport follows redirects, and knows one node.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use elasticsearch::{GetParts, SearchParts, indices::IndicesExistsAliasParts};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Hits, ResultsStore, Taker, unknown_job};
use crate::{
    error::Error,
    observe::metrics::Purpose,
    privileges::Permit,
    results::{get_buckets::page::Page, query::ResultsQuery},
    upstream::{Question, Receiver, Upstream, Whole},
};

/// What is sent.
mod render;

/// What comes back.
pub mod reply;

/// What comes back, piece by piece.
mod reading;

use reading::ReplyReader;
use render::{job_filter, render};
use reply::{nonsense, refused};

/// Results of a job that has no alias: every results index, and what an upgrade made of old ones.
const EVERY_INDEX: [&str; 2] = [".ml-anomalies-*", ".reindexed-*-ml-anomalies-*"];

/// Largest answer, in bytes: pages of documents with everything in them.
const LARGEST_ANSWER: usize = 512 << 20;

/// Results in a cluster. It has no credential of its own: every search carries those of its permit.
pub struct ClusterStore {
    upstream: Arc<Upstream>,
    within: Duration,
}

/// What became of a search.
enum Outcome {
    /// The index of the first hit; the hits are the taker's.
    Found(Option<String>),
    /// The target is not there.
    NoIndex,
}

/// The answer to a search: hits for a taker, or why there are none.
struct SearchAnswer<'t, T> {
    /// Until the hits come.
    taker: Option<&'t mut T>,
    reader: Option<ReplyReader<'t, T>>,
    refusal: Vec<u8>,
}

// === impl ClusterStore ===

impl ClusterStore {
    /// Searches over `upstream`, each of which may take `within` as a whole.
    #[must_use]
    pub fn new(upstream: Arc<Upstream>, within: Duration) -> Self {
        Self { upstream, within }
    }

    /// How many result documents the caller can see, for `mlgate check`.
    ///
    /// # Errors
    /// As a search.
    pub async fn count_results(&self, headers: &HeaderMap) -> Result<u64, Error> {
        let mut hits = Hits::default();
        let body = json!({"size": 0, "track_total_hits": true});
        self.outcome(headers, &EVERY_INDEX, true, &body, &mut hits).await?;
        Ok(hits.total)
    }

    async fn send(
        &self,
        headers: &HeaderMap,
        method: Method,
        target: &str,
        body: Option<&Value>,
        to: &mut impl Receiver,
    ) -> Result<StatusCode, Error> {
        let (headers, within) = (headers.clone(), self.within);
        let question =
            Question { purpose: Purpose::Search, method, target, headers, body, within, largest: LARGEST_ANSWER };
        self.upstream.ask_for(&question, to).await.map_err(|failure| {
            tracing::warn!(error = &failure as &dyn std::error::Error, "a search was not answered");
            failure.into()
        })
    }

    async fn outcome<T: Taker>(
        &self,
        headers: &HeaderMap,
        indices: &[&str],
        lenient: bool,
        body: &Value,
        taker: &mut T,
    ) -> Result<Outcome, Error> {
        let path = SearchParts::Index(indices).url();
        let target = format!("{path}?ignore_unavailable={lenient}&allow_no_indices=true");
        let mut answer = SearchAnswer { taker: Some(taker), reader: None, refusal: Vec::new() };
        let status = self.send(headers, Method::POST, &target, Some(body), &mut answer).await?;
        if let Some(reader) = answer.reader {
            return reader.finish().map(Outcome::Found);
        }
        let text = String::from_utf8(answer.refusal).map_err(|_| nonsense())?;
        if status == StatusCode::NOT_FOUND && text.contains("index_not_found_exception") {
            return Ok(Outcome::NoIndex);
        }
        Err(refused(status, &text))
    }

    async fn search_in(
        &self,
        indices: &[&str],
        lenient: bool,
        permit: &Permit,
        query: &ResultsQuery,
        taker: &mut impl Taker,
    ) -> Result<Outcome, Error> {
        self.outcome(permit.headers(), indices, lenient, &render(permit, query), taker).await
    }

    /// Searches where the job's alias leads. False where there is no such alias: only an index of its name, as a job called
    /// `shared` has, or nothing. An index holds what it holds; the job's results may be elsewhere as well.
    async fn search_alias(&self, permit: &Permit, query: &ResultsQuery, taker: &mut impl Taker) -> Result<bool, Error> {
        let alias = permit.job().results_alias();
        Ok(match self.search_in(&[&*alias], false, permit, query, taker).await? {
            Outcome::NoIndex => false,
            Outcome::Found(Some(index)) => index != alias,
            Outcome::Found(None) => self.has_alias(permit).await?,
        })
    }

    /// Searches wherever results can be.
    async fn search_everywhere(
        &self,
        permit: &Permit,
        query: &ResultsQuery,
        taker: &mut impl Taker,
    ) -> Result<(), Error> {
        if let Outcome::NoIndex = self.search_in(&EVERY_INDEX, true, permit, query, taker).await? {
            taker.begin(0);
        }
        Ok(())
    }

    async fn search_known<T: Taker>(&self, permit: &Permit, query: &ResultsQuery, mut taker: T) -> Result<T, Error> {
        if self.search_alias(permit, query, &mut taker).await? {
            return Ok(taker);
        }
        if self.has_results(permit).await? {
            self.search_everywhere(permit, query, &mut taker).await?;
            return Ok(taker);
        }
        taker.begin(0);
        if self.has_configuration(permit).await? { Ok(taker) } else { Err(unknown_job(permit.job())) }
    }

    /// Whether any result of the job is anywhere.
    async fn has_results(&self, permit: &Permit) -> Result<bool, Error> {
        let body = json!({"size": 0, "track_total_hits": 1, "terminate_after": 1, "query": job_filter(permit)});
        let mut hits = Hits::default();
        self.outcome(permit.headers(), &EVERY_INDEX, true, &body, &mut hits).await?;
        Ok(hits.total > 0)
    }

    /// Whether the job's alias is one, and not an index that happens to have its name. Who may search it need not be able
    /// to ask: then a name that can be searched counts as the alias that it nearly always is.
    async fn has_alias(&self, permit: &Permit) -> Result<bool, Error> {
        let path = IndicesExistsAliasParts::Name(&[&*permit.job().results_alias()]).url();
        let status = self.send(permit.headers(), Method::HEAD, &path, None, &mut Whole::default()).await?;
        Ok(status.is_success() || status == StatusCode::FORBIDDEN)
    }

    /// Whether the job's configuration is there; what cannot be read counts as absent.
    async fn has_configuration(&self, permit: &Permit) -> Result<bool, Error> {
        let path = GetParts::IndexId(".ml-config", &format!("anomaly_detector-{}", permit.job())).url();
        let target = format!("{path}?_source=false");
        Ok(self.send(permit.headers(), Method::GET, &target, None, &mut Whole::default()).await?.is_success())
    }
}

// === impl SearchAnswer ===

impl<T: Taker> Receiver for SearchAnswer<'_, T> {
    fn begin(&mut self, status: StatusCode, _: &HeaderMap) {
        self.refusal.clear();
        let taker = self.taker.take().or_else(|| self.reader.take().map(ReplyReader::into_taker));
        match taker {
            Some(taker) if status.is_success() => self.reader = Some(ReplyReader::new(taker)),
            taker => self.taker = taker,
        }
    }

    async fn receive(&mut self, piece: Bytes) {
        let Some(reader) = &mut self.reader else {
            return self.refusal.extend_from_slice(&piece);
        };
        reader.read(&piece);
        if let Some(spool) = reader.taker().spool() {
            spool.settle().await;
        }
    }
}

impl ResultsStore for ClusterStore {
    fn search<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits> {
        Box::pin(async move {
            let mut hits = Hits::default();
            if !self.search_alias(permit, query, &mut hits).await? {
                self.search_everywhere(permit, query, &mut hits).await?;
            }
            Ok(hits)
        })
    }

    fn search_known_job<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits> {
        Box::pin(self.search_known(permit, query, Hits::default()))
    }

    fn page_of_known_job<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery, page: Page) -> Answer<'a, Page> {
        Box::pin(self.search_known(permit, query, page))
    }
}
