//! A cluster that holds results: Elasticsearch, or OpenSearch.
//!
//! Paths are the `elasticsearch` crate's, which escapes what stands in them. What is sent goes over `upstream`: the crate's
//! own transport follows redirects, and knows one node.

use std::{sync::Arc, time::Duration};

use elasticsearch::{FieldCapsParts, GetParts, SearchParts, indices::IndicesExistsAliasParts};
use http::{HeaderMap, Method, StatusCode};
use moka::future::Cache;
use serde_json::{Value, json};

use super::{Answer, Hits, Pages, ResultsStore, unknown_job};
use crate::{
    error::Error,
    observe::metrics::Purpose,
    privileges::Permit,
    results::{job_id::JobId, query::ResultsQuery},
    upstream::{self, Question, Upstream},
};

/// Answers that are longer than a page.
mod cursor;

/// How indices hold what is filtered and sorted by.
mod mapping;

/// What is sent.
mod render;

/// What comes back.
pub mod reply;

use mapping::{Mapping, of_job};
use render::render;
use reply::{read_reply, refused};

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
    /// The hits, and the index of the first one.
    Found(Hits, Option<String>),
    /// The target is not there.
    NoIndex,
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
        match self.outcome(headers, &EVERY_INDEX, true, &json!({"size": 0, "track_total_hits": true})).await? {
            Outcome::Found(hits, _) => Ok(hits.total),
            Outcome::NoIndex => Ok(0),
        }
    }

    async fn send(
        &self,
        headers: &HeaderMap,
        method: Method,
        target: &str,
        body: Option<&Value>,
    ) -> Result<upstream::Answer, Error> {
        let (headers, within, largest) = (headers.clone(), self.within, self.largest);
        let question = Question { purpose: Purpose::Search, method, target, headers, body, within, largest };
        self.upstream.ask(&question).await.map_err(|failure| {
            tracing::warn!(error = &failure as &dyn std::error::Error, "a search was not answered");
            failure.into()
        })
    }

    async fn outcome(
        &self,
        headers: &HeaderMap,
        indices: &[&str],
        lenient: bool,
        body: &Value,
    ) -> Result<Outcome, Error> {
        let path = SearchParts::Index(indices).url();
        let target = format!("{path}?ignore_unavailable={lenient}&allow_no_indices=true");
        let answer = self.send(headers, Method::POST, &target, Some(body)).await?;
        let Ok(text) = String::from_utf8(answer.body.into()) else {
            return Err(Error::store(StatusCode::BAD_GATEWAY, "the cluster answered a search with something else"));
        };
        if answer.status == StatusCode::NOT_FOUND && text.contains("index_not_found_exception") {
            return Ok(Outcome::NoIndex);
        }
        if !answer.status.is_success() {
            return Err(refused(answer.status, &text));
        }
        let (hits, first_index) = read_reply(text)?;
        Ok(Outcome::Found(hits, first_index))
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

    /// Searches where the job's alias leads. `None` where there is no such alias: only an index of its name, as a job called
    /// `shared` has, or nothing. An index holds what it holds; the job's results may be elsewhere as well. `None` too where
    /// the alias cannot be trusted.
    async fn search_alias(&self, permit: &Permit, query: &ResultsQuery) -> Result<Option<Hits>, Error> {
        let alias = permit.job().results_alias();
        let mapping = self.mapping(permit, false).await?;
        if mapping.breaks_aliases() {
            return Ok(None);
        }
        Ok(match self.outcome(permit.headers(), &[&*alias], false, &render(permit, query, &mapping)).await? {
            Outcome::NoIndex => None,
            Outcome::Found(hits, Some(index)) => Some(hits).filter(|_| index != alias),
            Outcome::Found(hits, None) => self.has_alias(permit).await?.then_some(hits),
        })
    }

    /// Searches wherever results can be.
    async fn search_everywhere(&self, permit: &Permit, query: &ResultsQuery) -> Result<Hits, Error> {
        let mapping = self.mapping(permit, true).await?;
        Ok(match self.outcome(permit.headers(), &EVERY_INDEX, true, &render(permit, query, &mapping)).await? {
            Outcome::Found(hits, _) => hits,
            Outcome::NoIndex => Hits::default(),
        })
    }

    /// Whether any result of the job is anywhere.
    async fn has_results(&self, permit: &Permit) -> Result<bool, Error> {
        let of_job = of_job(permit.job().as_str());
        let body = json!({"size": 0, "track_total_hits": 1, "terminate_after": 1, "query": of_job});
        let outcome = self.outcome(permit.headers(), &EVERY_INDEX, true, &body).await?;
        Ok(matches!(outcome, Outcome::Found(hits, _) if hits.total > 0))
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

    fn scan(&self, permit: Arc<Permit>, query: ResultsQuery) -> Box<dyn Pages> {
        Box::new(cursor::Cursor::new(self.clone(), permit, query))
    }
}
