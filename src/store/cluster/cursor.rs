//! All documents that answer a question, page by page: a point in time and `search_after` on Elasticsearch, a scroll
//! wherever there is none or where, as on OpenSearch, equals would have no order in it.

use std::sync::Arc;

use elasticsearch::{OpenPointInTimeParts, SearchParts};
use http::{HeaderMap, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    ClusterStore, EVERY_INDEX,
    mapping::Mapping,
    render::render,
    reply::{read_hits, refused},
};
use crate::{
    error::Error,
    privileges::Permit,
    results::query::ResultsQuery,
    store::{Answer, Hits, Pages, rows_of_page},
};

/// How long a cluster remembers a cursor while nobody asks: longer than a slow reader may take for a page.
const KEPT: &str = "5m";

/// Where a search stands.
pub(super) struct Cursor {
    store: ClusterStore,
    permit: Arc<Permit>,
    query: ResultsQuery,
    state: State,
    /// What is still passed over, and what is still shown.
    skip: u32,
    left: u32,
    /// Whether it is known how much there is.
    counted: bool,
}

enum State {
    Unopened,
    PointInTime { id: String, body: Value },
    Scroll { id: String },
    Ended,
}

/// What leads on from a page.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(rename = "_scroll_id")]
    scroll: Option<String>,
    #[serde(rename = "pit_id")]
    point_in_time: Option<String>,
    #[serde(borrow)]
    hits: PageHits<'a>,
}

#[derive(Deserialize)]
struct PageHits<'a> {
    #[serde(borrow)]
    hits: Vec<PageHit<'a>>,
}

#[derive(Deserialize)]
struct PageHit<'a> {
    #[serde(borrow)]
    sort: Option<&'a RawValue>,
}

// === impl Cursor ===

impl Cursor {
    pub(super) fn new(store: ClusterStore, permit: Arc<Permit>, query: ResultsQuery) -> Self {
        let (skip, left) = (query.from, query.size);
        Self { store, permit, query, state: State::Unopened, skip, left, counted: false }
    }

    async fn page(&mut self) -> Result<Option<Hits>, Error> {
        loop {
            if self.left == 0 {
                return self.end().await;
            }
            let mut hits = self.fetch().await?;
            if hits.hits.is_empty() {
                return self.end().await;
            }
            // Who got everything asks no more: going on with a scroll may take a permission of its own.
            if !std::mem::replace(&mut self.counted, true) {
                let all = u32::try_from(hits.total).unwrap_or(u32::MAX);
                self.left = self.left.min(all.saturating_sub(self.skip));
            }
            let passed = (self.skip as usize).min(hits.hits.len());
            self.skip -= u32::try_from(passed).unwrap_or(u32::MAX);
            hits.hits.drain(..passed);
            hits.hits.truncate(self.left as usize);
            self.left -= u32::try_from(hits.hits.len()).unwrap_or(u32::MAX);
            if !hits.hits.is_empty() {
                return Ok(Some(hits));
            }
        }
    }

    async fn fetch(&mut self) -> Result<Hits, Error> {
        let (target, mut body) = match &self.state {
            State::Unopened => return self.open().await,
            State::PointInTime { body, .. } => ("/_search".to_owned(), body.clone()),
            State::Scroll { id } => ("/_search/scroll".to_owned(), json!({"scroll": KEPT, "scroll_id": id})),
            State::Ended => return Ok(Hits::default()),
        };
        self.ask(&target, &mut body).await
    }

    /// The first page.
    async fn open(&mut self) -> Result<Hits, Error> {
        let alias = self.permit.job().results_alias();
        let of_alias = self.store.mapping(&self.permit, false).await?;
        let everywhere = of_alias.breaks_aliases() || !self.store.has_alias(&self.permit).await?;
        let (indices, mapping): (&[&str], Arc<Mapping>) = if everywhere {
            (&EVERY_INDEX, self.store.mapping(&self.permit, true).await?)
        } else {
            (&[&alias], of_alias)
        };
        let query =
            ResultsQuery { from: 0, size: rows_of_page(self.left.saturating_add(self.skip)), ..self.query.clone() };
        let mut body = render(&self.permit, &query, &mapping).document();
        let path = OpenPointInTimeParts::Index(indices).url();
        let target = format!("{path}?keep_alive={KEPT}&ignore_unavailable={everywhere}");
        let answer = self.store.send(self.permit.headers(), Method::POST, &target, None).await?;
        let id = answer.json().filter(|_| answer.status == StatusCode::OK);
        if let Some(id) = id.as_ref().and_then(|answer| answer.get("id")?.as_str()) {
            if let Some(keys) = body["sort"].as_array_mut() {
                keys.push(json!({"_shard_doc": {"order": "asc"}}));
            }
            body["pit"] = json!({"id": id, "keep_alive": KEPT});
            self.state = State::PointInTime { id: id.to_owned(), body: body.clone() };
            return self.ask("/_search", &mut body).await;
        }
        if let Some(body) = body.as_object_mut() {
            body.remove("from");
        }
        let path = SearchParts::Index(indices).url();
        let target = format!("{path}?scroll={KEPT}&ignore_unavailable={everywhere}&allow_no_indices=true");
        self.state = State::Scroll { id: String::new() };
        self.ask(&target, &mut body).await
    }

    /// Asks for a page, and takes from it what leads on.
    async fn ask(&mut self, target: &str, body: &mut Value) -> Result<Hits, Error> {
        let answer = self.store.send(self.permit.headers(), Method::POST, target, Some(body)).await?;
        let bad = || Error::store(StatusCode::BAD_GATEWAY, "the cluster answered a search with something else");
        let text = String::from_utf8(answer.body.into()).map_err(|_| bad())?;
        if !answer.status.is_success() {
            return Err(refused(answer.status, &text));
        }
        {
            let page: Page<'_> = serde_json::from_str(&text).map_err(|_| bad())?;
            match &mut self.state {
                State::Scroll { id } => *id = page.scroll.ok_or_else(bad)?,
                State::PointInTime { id, body } => {
                    if let Some(newer) = page.point_in_time {
                        body["pit"]["id"] = json!(newer);
                        *id = newer;
                    }
                    if let Some(last) = page.hits.hits.last() {
                        let sort = last.sort.ok_or_else(bad)?;
                        body["search_after"] = serde_json::from_str(sort.get()).map_err(|_| bad())?;
                    }
                }
                State::Unopened | State::Ended => {}
            }
        }
        read_hits(&text)
    }

    async fn end(&mut self) -> Result<Option<Hits>, Error> {
        if let Some((target, body)) = self.ending() {
            forget(&self.store, self.permit.headers(), target, &body).await;
        }
        Ok(None)
    }

    /// How the cluster is told that nothing more will be asked, once.
    fn ending(&mut self) -> Option<(&'static str, Value)> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::PointInTime { id, .. } => Some(("/_pit", json!({ "id": id }))),
            State::Scroll { id } if !id.is_empty() => Some(("/_search/scroll", json!({"scroll_id": [id]}))),
            _ => None,
        }
    }
}

/// Tells the cluster that a cursor is not needed any more; it would find out by itself.
async fn forget(store: &ClusterStore, headers: &HeaderMap, target: &str, body: &Value) {
    if let Err(error) = store.send(headers, Method::DELETE, target, Some(body)).await {
        tracing::debug!(%error, "a cursor was left open");
    }
}

impl Pages for Cursor {
    fn next(&mut self) -> Answer<'_, Option<Hits>> {
        Box::pin(self.page())
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        // A client that goes away leaves no cursor behind.
        if let (Some((target, body)), Ok(runtime)) = (self.ending(), tokio::runtime::Handle::try_current()) {
            let (store, headers) = (self.store.clone(), self.permit.headers().clone());
            runtime.spawn(async move { forget(&store, &headers, target, &body).await });
        }
    }
}
