//! A cluster that holds results: Elasticsearch, or OpenSearch.
//!
//! Paths are the `elasticsearch` crate's, which escapes what stands in them. What is sent goes over `upstream`: the crate's
//! own transport follows redirects, and knows one node.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use elasticsearch::{FieldCapsParts, GetParts, SearchParts, indices::IndicesExistsAliasParts};
use http::{HeaderMap, Method, StatusCode};
use moka::future::Cache;
use serde_json::{Value, json};

use super::{Answer, Hits, Pages, ResultsStore, Taker, unknown_job};
use crate::{
    error::Error,
    observe::metrics::Purpose,
    privileges::Permit,
    results::{get_buckets::page::Page, job_id::JobId, query::ResultsQuery},
    upstream::{self, Failure, Question, Receiver, Upstream},
};

/// Answers that are longer than a page.
mod cursor;

/// How indices hold what is filtered and sorted by.
mod mapping;

/// What is sent.
mod render;

/// What comes back.
pub mod reply;

/// What comes back, piece by piece.
mod reading;

use mapping::{Mapping, of_job};
use reading::ReplyReader;
use render::render;
use reply::{nonsense, refused};

/// Results of a job that has no alias: every results index, and what an upgrade made of old ones.
const EVERY_INDEX: [&str; 2] = [".ml-anomalies-*", ".reindexed-*-ml-anomalies-*"];

/// Largest answer, in bytes: pages of documents with everything in them.
const LARGEST_ANSWER: usize = 512 << 20;

/// How long it is known how indices hold a job's results: an alias may lead to others.
const MAPPINGS_LIFETIME: Duration = Duration::from_secs(30);

/// Results in a cluster. It has no credential of its own: every search carries those of its permit.
#[derive(Clone)]
pub struct ClusterStore {
    upstream: Arc<Upstream>,
    within: Duration,
    largest: usize,
    /// Of the indices behind a job's alias, or of all.
    mappings: Cache<(JobId, bool), Arc<Mapping>>,
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
        let mappings = Cache::builder().max_capacity(10_000).time_to_live(MAPPINGS_LIFETIME).build();
        Self { upstream, within, largest: LARGEST_ANSWER, mappings }
    }

    /// The same with answers of at most `largest` bytes.
    #[must_use]
    pub fn bounded(self, largest: usize) -> Self {
        Self { largest, ..self }
    }

    /// How many result documents the caller can see, for `mlgate check`.
    ///
    /// # Errors
    /// As a search.
    pub async fn count_results(&self, headers: &HeaderMap) -> Result<u64, Error> {
        let mut hits = Hits::default();
        let body = json!({"size": 0, "track_total_hits": true});
        self.outcome(headers, &EVERY_INDEX, true, body.to_string(), &mut hits).await?;
        Ok(hits.total)
    }

    fn question<'a>(&self, headers: &HeaderMap, method: Method, target: &'a str, body: Option<Bytes>) -> Question<'a> {
        let (headers, within, largest) = (headers.clone(), self.within, self.largest);
        Question { purpose: Purpose::Search, method, target, headers, body, within, largest }
    }

    /// Sends a question; its whole answer, of any status.
    async fn send(
        &self,
        headers: &HeaderMap,
        method: Method,
        target: &str,
        body: Option<&Value>,
    ) -> Result<upstream::Answer, Error> {
        let body = body.map(|body| body.to_string().into());
        self.upstream.ask(&self.question(headers, method, target, body)).await.map_err(unanswered)
    }

    async fn outcome<T: Taker>(
        &self,
        headers: &HeaderMap,
        indices: &[&str],
        lenient: bool,
        body: impl Into<Bytes>,
        taker: &mut T,
    ) -> Result<Outcome, Error> {
        let path = SearchParts::Index(indices).url();
        let target = format!("{path}?ignore_unavailable={lenient}&allow_no_indices=true");
        let mut answer = SearchAnswer { taker: Some(taker), reader: None, refusal: Vec::new() };
        let question = self.question(headers, Method::POST, &target, Some(body.into()));
        let status = self.upstream.ask_for(&question, &mut answer).await.map_err(unanswered)?;
        if let Some(reader) = answer.reader {
            return reader.finish().map(Outcome::Found);
        }
        let text = String::from_utf8(answer.refusal).map_err(|_| nonsense())?;
        if status == StatusCode::NOT_FOUND && text.contains("index_not_found_exception") {
            return Ok(Outcome::NoIndex);
        }
        Err(refused(status, &text))
    }

    /// How the indices hold the job's results, as far as the caller may know. What is not there, or is not told, is not
    /// found to be wrong.
    async fn mapping(&self, permit: &Permit, everywhere: bool) -> Result<Arc<Mapping>, Error> {
        let key = (permit.job().clone(), everywhere);
        if let Some(mapping) = self.mappings.get(&key).await {
            return Ok(mapping);
        }
        let alias = permit.job().results_alias();
        let indices: &[&str] = if everywhere { &EVERY_INDEX } else { &[&alias] };
        let path = FieldCapsParts::Index(indices).url();
        let fields = Mapping::fields();
        let target = format!("{path}?fields={fields}&include_unmapped=true&ignore_unavailable={everywhere}");
        let answer = self.send(permit.headers(), Method::GET, &target, None).await?;
        let mapping = match (answer.status, answer.json()) {
            (StatusCode::OK, Some(document)) => Mapping::read(&document)?,
            // Servers of old do not know the question.
            (StatusCode::BAD_REQUEST, _) => Mapping::unknown(),
            // An alias that is made next must not be trusted for that.
            (StatusCode::NOT_FOUND, _) => return Ok(Arc::new(Mapping::usual())),
            // The search itself will say who may not.
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED, _) => {
                return Ok(Arc::new(Mapping::unknown()));
            }
            (status, _) => return Err(refused(status, &String::from_utf8_lossy(&answer.body))),
        };
        let mapping = Arc::new(mapping);
        self.mappings.insert(key, Arc::clone(&mapping)).await;
        Ok(mapping)
    }

    /// Searches where the job's alias leads. False where there is no such alias: only an index of its name, as a job called
    /// `shared` has, or nothing. An index holds what it holds; the job's results may be elsewhere as well. False too where
    /// the alias cannot be trusted.
    async fn search_alias(&self, permit: &Permit, query: &ResultsQuery, taker: &mut impl Taker) -> Result<bool, Error> {
        let alias = permit.job().results_alias();
        let mapping = self.mapping(permit, false).await?;
        if mapping.breaks_aliases() {
            return Ok(false);
        }
        let body = render(permit, query, &mapping).text();
        Ok(match self.outcome(permit.headers(), &[&*alias], false, body, taker).await? {
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
        let body = render(permit, query, &*self.mapping(permit, true).await?).text();
        if let Outcome::NoIndex = self.outcome(permit.headers(), &EVERY_INDEX, true, body, taker).await? {
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
        let of_job = of_job(permit.job().as_str());
        // 6.x takes no number here. Servers stop at the first one all the same, but where they know the count already.
        let body = json!({"size": 0, "track_total_hits": true, "terminate_after": 1, "query": of_job});
        let mut hits = Hits::default();
        self.outcome(permit.headers(), &EVERY_INDEX, true, body.to_string(), &mut hits).await?;
        Ok(hits.total > 0)
    }

    /// Whether the job's alias is one, and not an index that happens to have its name. Who may search it need not be able
    /// to ask: then a name that can be searched counts as the alias that it nearly always is.
    async fn has_alias(&self, permit: &Permit) -> Result<bool, Error> {
        let path = IndicesExistsAliasParts::Name(&[&*permit.job().results_alias()]).url();
        let status = self.send(permit.headers(), Method::HEAD, &path, None).await?.status;
        Ok(status.is_success() || status == StatusCode::FORBIDDEN)
    }

    /// Whether the job's configuration is there; what cannot be read counts as absent.
    async fn has_configuration(&self, permit: &Permit) -> Result<bool, Error> {
        let path = GetParts::IndexId(".ml-config", &format!("anomaly_detector-{}", permit.job())).url();
        let target = format!("{path}?_source=false");
        Ok(self.send(permit.headers(), Method::GET, &target, None).await?.status.is_success())
    }
}

/// Why there is no answer, which only the log tells in full.
fn unanswered(failure: Failure) -> Error {
    tracing::warn!(error = &failure as &dyn std::error::Error, "a search was not answered");
    failure.into()
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

    fn scan(&self, permit: Arc<Permit>, query: ResultsQuery) -> Box<dyn Pages> {
        Box::new(cursor::Cursor::new(self.clone(), permit, query))
    }
}
