//! Pages of a search whose end may be far away: a point in time with `search_after`, where the server has an order that tells
//! documents of one time apart (Elasticsearch since 7.12, OpenSearch since 3.3); else a scroll.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use clap::ValueEnum;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    transfer::{
        cluster::{Cluster, EVERY_INDEX, JSON, may_pass, of_job, told},
        trouble::Trouble,
    },
    upstream::{Answer, Failure},
};

/// How long the cluster keeps what is read from between two pages: longer than a target is waited for.
const KEEP: &str = "10m";

/// How pages are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CursorKind {
    /// A point in time where the server has what it needs, else a scroll
    Auto,
    /// A point in time
    Pit,
    /// A scroll
    Scroll,
}

/// What is kept open at the cluster.
enum Open {
    /// Elasticsearch's, or OpenSearch's, whose paths and names differ.
    Pit { id: String, is_opensearch: bool },
    /// `None` before the first page.
    Scroll(Option<String>),
}

/// A search of a job's documents in the order of their times.
pub struct Cursor<'a> {
    cluster: &'a Cluster,
    job: &'a str,
    /// The earliest time; those without one come first, and are left out where there is one.
    from: Option<i64>,
    /// The order of the last document, where pages need it.
    after: Option<Value>,
    /// Documents a page; smaller once an answer was too large.
    size: &'a AtomicUsize,
    kind: CursorKind,
    open: Open,
    /// How many documents the search finds, as its first page says, and how many came.
    total: Option<u64>,
    seen: u64,
}

/// A page; what it holds stands in `text`.
pub struct Page {
    pub text: Bytes,
}

/// A page as it is read.
#[derive(Deserialize)]
pub struct Hits<'a> {
    pit_id: Option<String>,
    #[serde(rename = "_scroll_id")]
    scroll_id: Option<String>,
    timed_out: bool,
    #[serde(rename = "_shards")]
    shards: Shards,
    #[serde(borrow, rename = "hits")]
    found: Inner<'a>,
}

#[derive(Deserialize)]
struct Shards {
    failed: u64,
}

#[derive(Deserialize)]
struct Inner<'a> {
    total: Option<Value>,
    #[serde(borrow)]
    hits: Vec<Hit<'a>>,
}

/// A document as a search shows it.
#[derive(Deserialize)]
pub struct Hit<'a> {
    #[serde(rename = "_index")]
    pub index: String,
    #[serde(rename = "_id")]
    pub id: String,
    #[serde(borrow, rename = "_source")]
    pub source: Option<&'a RawValue>,
    sort: Vec<Value>,
}

// === impl Hit ===

impl Hit<'_> {
    /// Its time as it is sorted by; the least one where there is none.
    pub fn time(&self) -> Option<i64> {
        self.sort.first()?.as_i64()
    }
}

// === impl Page ===

impl Page {
    /// What is on it.
    pub fn hits(&self) -> serde_json::Result<Vec<Hit<'_>>> {
        serde_json::from_slice::<Hits<'_>>(&self.text).map(|page| page.found.hits)
    }
}

// === impl Cursor ===

impl<'a> Cursor<'a> {
    /// Opens it.
    ///
    /// # Errors
    /// Where the cluster refuses.
    pub async fn open(
        cluster: &'a Cluster,
        job: &'a str,
        from: Option<i64>,
        size: &'a AtomicUsize,
        kind: CursorKind,
    ) -> Result<Self, Trouble> {
        let open = match kind {
            CursorKind::Scroll => Open::Scroll(None),
            CursorKind::Auto => open_pit(cluster).await?.unwrap_or(Open::Scroll(None)),
            CursorKind::Pit => open_pit(cluster).await?.ok_or_else(|| no_pit(cluster))?,
        };
        Ok(Self {
            cluster,
            job,
            from: from.filter(|from| *from > i64::MIN),
            after: None,
            size,
            kind,
            open,
            total: None,
            seen: 0,
        })
    }

    /// The next page; `None` behind the last one.
    ///
    /// # Errors
    /// Where it cannot be had. What may pass needs a new cursor.
    pub async fn next(&mut self) -> Result<Option<Page>, Trouble> {
        loop {
            let answer = match self.ask().await {
                Ok(answer) => answer,
                Err(Failure::TooLarge) => {
                    self.ask_for_less()?;
                    continue;
                }
                Err(failure) => return Err(self.cluster.failed(failure)),
            };
            if answer.status == StatusCode::BAD_REQUEST && self.lacks_order(&answer) {
                if self.kind == CursorKind::Pit {
                    return Err(no_pit(self.cluster));
                }
                self.close().await;
                (self.open, self.total) = (Open::Scroll(None), None);
                continue;
            }
            if answer.status == StatusCode::NOT_FOUND && told(&answer).contains("search_context") {
                let why = format!("{}: no longer has what was read from", self.cluster.name());
                return Err(Trouble::passing(why));
            }
            if !answer.status.is_success() {
                return Err(self.cluster.refused(&answer));
            }
            return self.take(answer.body);
        }
    }

    /// Frees what the cluster keeps for it. Where that fails, the cluster frees it by itself later.
    pub async fn close(&mut self) {
        let (target, body) = match &self.open {
            Open::Pit { id, is_opensearch: false } => ("/_pit", json!({"id": id})),
            Open::Pit { id, is_opensearch: true } => ("/_search/point_in_time", json!({"pit_id": [id]})),
            Open::Scroll(Some(id)) => ("/_search/scroll", json!({"scroll_id": [id]})),
            Open::Scroll(None) => return,
        };
        let _ = self.cluster.ask(Method::DELETE, target, Some(&body)).await;
    }

    async fn ask(&self) -> Result<Answer, Failure> {
        // The same search for every page: the order of documents of one time is that of a search, not of a point in time alone.
        let (target, body) = match &self.open {
            Open::Pit { id, .. } => {
                let mut body = self.search();
                body["track_total_hits"] = json!(self.total.is_none());
                body["pit"] = json!({"id": id, "keep_alive": KEEP});
                body["sort"] = json!([by_time(), by_index(), {"_shard_doc": "asc"}]);
                if let Some(after) = &self.after {
                    body["search_after"] = after.clone();
                }
                ("/_search?allow_partial_search_results=false".to_owned(), body)
            }
            Open::Scroll(None) => {
                let mut body = self.search();
                body["sort"] = json!([by_time(), by_index()]);
                let options = "ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false";
                (format!("/{EVERY_INDEX}/_search?scroll={KEEP}&{options}"), body)
            }
            Open::Scroll(Some(id)) => ("/_search/scroll".to_owned(), json!({"scroll": KEEP, "scroll_id": id})),
        };
        self.cluster.send(Method::POST, &target, Some((body.to_string().into(), JSON))).await
    }

    fn search(&self) -> Value {
        let mut filters = vec![of_job(self.job)];
        if let Some(from) = self.from {
            filters.push(json!({"range": {"timestamp": {"gte": from}}}));
        }
        json!({"size": self.size.load(Relaxed), "query": {"bool": {"filter": filters}}})
    }

    fn ask_for_less(&self) -> Result<(), Trouble> {
        let size = self.size.load(Relaxed);
        if size == 1 {
            let name = self.cluster.name();
            return Err(anyhow::anyhow!("{name}: a single document of {} is too large to be copied", self.job).into());
        }
        self.size.store(size.div_ceil(2), Relaxed);
        match self.open {
            Open::Pit { .. } => Ok(()),
            // That page is gone: begun again, it is read in smaller ones.
            Open::Scroll(_) => Err(Trouble::passing(format!("{}: a page is too large", self.cluster.name()))),
        }
    }

    /// Whether as many documents came as there are. Both sides of a comparison are read in this way: what it left out would not be
    /// missed there.
    fn is_complete(&self) -> Result<(), Trouble> {
        let (name, job, seen) = (self.cluster.name(), self.job, self.seen);
        match self.total {
            Some(total) if total == seen => Ok(()),
            Some(total) => {
                let advice = "try another --cursor";
                Err(anyhow::anyhow!("{name}: only {seen} of {total} documents of {job} came; {advice}").into())
            }
            None => Err(self.cluster.nonsense()),
        }
    }

    fn lacks_order(&self, answer: &Answer) -> bool {
        matches!(self.open, Open::Pit { .. }) && memchr::memmem::find(&answer.body, b"_shard_doc").is_some()
    }

    fn take(&mut self, text: Bytes) -> Result<Option<Page>, Trouble> {
        let page: Hits<'_> = serde_json::from_slice(&text).map_err(|_| self.cluster.nonsense())?;
        match (&mut self.open, page.pit_id, page.scroll_id) {
            (Open::Pit { id, .. }, Some(new), _) => *id = new,
            (Open::Scroll(id), _, Some(new)) => *id = Some(new),
            _ => {}
        }
        if page.timed_out || page.shards.failed > 0 {
            let why = format!("{}: a page was not read from all shards", self.cluster.name());
            return Err(Trouble::passing(why));
        }
        if let (None, Some(total)) = (self.total, page.found.total) {
            self.total = total.as_u64().or_else(|| total["value"].as_u64());
        }
        self.seen += page.found.hits.len() as u64;
        let Some(last) = page.found.hits.into_iter().next_back() else {
            return self.is_complete().map(|()| None);
        };
        if matches!(self.open, Open::Pit { .. }) {
            self.after = Some(Value::Array(last.sort));
        }
        Ok(Some(Page { text }))
    }
}

/// Opens a point in time. `None` where the server knows none: neither Elasticsearch's, nor OpenSearch's.
async fn open_pit(cluster: &Cluster) -> Result<Option<Open>, Trouble> {
    let elasticsearch = format!("/{EVERY_INDEX}/_pit?keep_alive={KEEP}&ignore_unavailable=true");
    let opensearch = format!(
        "/{EVERY_INDEX}/_search/point_in_time?keep_alive={KEEP}&ignore_unavailable=true&allow_partial_pit_creation=false"
    );
    for (target, name, is_opensearch) in [(elasticsearch, "id", false), (opensearch, "pit_id", true)] {
        let answer = cluster.send(Method::POST, &target, None).await.map_err(|failure| cluster.failed(failure))?;
        if answer.status.is_success() {
            let id = answer.json().and_then(|answer| answer[name].as_str().map(str::to_owned));
            return id.map(|id| Some(Open::Pit { id, is_opensearch })).ok_or_else(|| cluster.nonsense());
        }
        if may_pass(answer.status) || matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(cluster.refused(&answer));
        }
    }
    Ok(None)
}

fn no_pit(cluster: &Cluster) -> Trouble {
    let name = cluster.name();
    anyhow::anyhow!("{name}: has no points in time with an order of their documents; use --cursor scroll").into()
}

fn by_time() -> Value {
    json!({"timestamp": {"order": "asc", "missing": "_first", "unmapped_type": "date"}})
}

/// An index before what an upgrade made of it, whose documents may have the same ids.
fn by_index() -> Value {
    json!({"_index": {"order": "asc"}})
}
