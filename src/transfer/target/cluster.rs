//! Documents into a cluster: indices with the right mapping first, then bulk requests, then the aliases that jobs are read and
//! written through.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{Written, bulk};
use crate::{
    observe::one_line::escape,
    transfer::{
        cluster::{Cluster, NDJSON, may_pass, retry_after, told},
        document::{Batch, CONFIGURATIONS, Document, Rejected},
        plan::Plan,
        trouble::{Patience, Trouble},
    },
};

/// Settings and mapping of an index of results.
const RESULTS: &str = include_str!("results-index.json");
/// Settings and mapping of the index of configurations, where the cluster has none: no more than a job is looked up by.
const CONFIGURATION: &str = r#"{
    "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1", "hidden": true}},
    "mappings": {"dynamic": false, "properties": {"job_id": {"type": "keyword"}, "job_type": {"type": "keyword"}}}
}"#;

/// A cluster to write to.
pub struct ClusterTarget {
    cluster: Cluster,
    pub most_under_way: usize,
    /// How long a batch is tried.
    patience: Duration,
    /// Indices that are there with a mapping that will do.
    ready: Mutex<BTreeSet<Arc<str>>>,
}

// === impl ClusterTarget ===

impl ClusterTarget {
    /// Writes to a cluster.
    #[must_use]
    pub fn new(cluster: Cluster, most_under_way: usize, patience: Duration) -> Self {
        Self { cluster, most_under_way, patience, ready: Mutex::default() }
    }

    pub async fn write(&self, batch: &mut Batch) -> Result<Written, Trouble> {
        for document in &batch.documents {
            self.make_ready(&document.index).await?;
        }
        let mut written = Written::default();
        let mut patience = Patience::new(self.patience);
        let mut left = std::mem::take(&mut batch.documents);
        // Where a request is too large, less is sent at once.
        let mut most = left.len();
        while !left.is_empty() {
            let rest = left.split_off(most.min(left.len()));
            let (mut again, why, after) = match self.send(&left, &mut written).await? {
                Sent::TooLarge if left.len() == 1 => {
                    written.rejected.extend(left.iter().map(too_large));
                    (Vec::new(), None, None)
                }
                Sent::TooLarge => {
                    most = left.len().div_ceil(2);
                    left.extend(rest);
                    continue;
                }
                Sent::Some { again, why, after } => {
                    if again.len() < left.len() {
                        patience.restore();
                    }
                    let mut at = again.into_iter().peekable();
                    let places = left.into_iter().enumerate();
                    let left = places.filter_map(|(place, document)| at.next_if_eq(&place).map(|_| document));
                    (left.collect(), why, after)
                }
            };
            if let Some(why) = why
                && !patience.wait(after).await
            {
                return Err(self.given_up(&why));
            }
            again.extend(rest);
            left = again;
        }
        Ok(written)
    }

    fn given_up(&self, why: &str) -> Trouble {
        let (name, seconds) = (self.cluster.name(), self.patience.as_secs());
        let why = why.strip_prefix(&format!("{name}: ")).unwrap_or(why);
        let advice = "called again, the copy goes on from here";
        Trouble::Lasting(anyhow::anyhow!("{name}: took nothing for {seconds} seconds: {why}; {advice}"))
    }

    async fn send(&self, documents: &[Document], written: &mut Written) -> Result<Sent, Trouble> {
        let all = |why: String, after| Sent::Some { again: (0..documents.len()).collect(), why: Some(why), after };
        // Only what tells of each document.
        let target = "/_bulk?filter_path=items.*.status,items.*.error";
        let answer = match self.cluster.send(Method::POST, target, Some((bulk::body(documents), NDJSON))).await {
            Ok(answer) => answer,
            Err(failure) => return Ok(all(failure.to_string(), None)),
        };
        if answer.status == StatusCode::PAYLOAD_TOO_LARGE {
            return Ok(Sent::TooLarge);
        }
        if may_pass(answer.status) {
            return Ok(all(told(&answer), retry_after(&answer.headers)));
        }
        if !answer.status.is_success() {
            return Err(self.cluster.refused(&answer));
        }
        let Some(outcome) = bulk::read(&answer.body, documents) else {
            return Ok(all("its answer does not tell of every document".into(), None));
        };
        written.kept += outcome.kept;
        written.rejected.extend(outcome.rejected);
        Ok(Sent::Some { again: outcome.again, why: outcome.why, after: None })
    }

    /// Makes the index, unless it is there; then it must map jobs as keywords.
    async fn make_ready(&self, index: &Arc<str>) -> Result<(), Trouble> {
        let mut ready = self.ready.lock().await;
        if ready.contains(index) {
            return Ok(());
        }
        let body = if &**index == CONFIGURATIONS { CONFIGURATION } else { RESULTS };
        let body: Value = serde_json::from_str(body)?;
        let mut patience = Patience::new(self.patience);
        loop {
            match self.make(index, &body).await {
                Err(Trouble::Passing { why, after }) => {
                    if !patience.wait(after).await {
                        return Err(self.given_up(&why));
                    }
                }
                Err(lasting) => return Err(lasting),
                Ok(()) => break,
            }
        }
        ready.insert(Arc::clone(index));
        Ok(())
    }

    async fn make(&self, index: &str, body: &Value) -> Result<(), Trouble> {
        let body = (body.to_string().into(), crate::transfer::cluster::JSON);
        let answer = self.cluster.send(Method::PUT, &format!("/{index}"), Some(body)).await;
        let answer = answer.map_err(|failure| self.cluster.failed(failure))?;
        if answer.status.is_success() {
            return Ok(());
        }
        if !told(&answer).contains("already_exists") {
            return Err(self.cluster.refused(&answer));
        }
        let mapping = self.cluster.ask_json(Method::GET, &format!("/{index}/_mapping"), None).await?;
        let kinds = mapping.as_object().into_iter().flatten();
        for (_, found) in kinds {
            let kind = found["mappings"]["properties"]["job_id"]["type"].as_str();
            if kind.is_some_and(|kind| kind != "keyword") {
                let (name, kind) = (self.cluster.name(), kind.unwrap_or_default());
                let why = format!("{name}: the index {index} is there and has job_id as {kind}");
                let advice = "jobs could not be told apart in it; reindex it with job_id as keyword, or remove it";
                return Err(Trouble::Lasting(anyhow::anyhow!("{why}: {advice}")));
            }
        }
        Ok(())
    }

    pub async fn finish(&self, plan: &Plan) -> Result<Vec<String>, Trouble> {
        let mut notes = Vec::new();
        let indices: BTreeSet<&String> = plan.jobs.values().flat_map(|job| &job.indices).collect();
        for index in indices {
            let answer = self.cluster.send(Method::POST, &format!("/{index}/_refresh"), None).await;
            let answer = answer.map_err(|failure| self.cluster.failed(failure))?;
            if !answer.status.is_success() {
                return Err(self.cluster.refused(&answer));
            }
        }
        for (job, found) in &plan.jobs {
            let Some(last) = found.indices.last() else { continue };
            let alias = format!(".ml-anomalies-{job}");
            if self.is_index(&alias).await? {
                notes.push(format!(
                    "{job}: has no alias, as there is an index called {alias}; mlgate reads the job without one"
                ));
                continue;
            }
            let filter = json!({"term": {"job_id": {"value": job}}});
            let add =
                |index: &String| json!({"add": {"index": index, "alias": alias, "filter": filter, "is_hidden": true}});
            let mut actions: Vec<Value> = found.indices.iter().map(add).collect();
            let write = format!(".ml-anomalies-.write-{job}");
            if !self.exists(&format!("/_alias/{write}")).await? {
                actions
                    .push(json!({"add": {"index": last, "alias": write, "is_write_index": true, "is_hidden": true}}));
            }
            self.cluster.ask(Method::POST, "/_aliases", Some(&json!({"actions": actions}))).await?;
        }
        Ok(notes.iter().map(|note| escape(note).into_owned()).collect())
    }

    /// Whether the name is that of an index, and not of an alias.
    async fn is_index(&self, name: &str) -> Result<bool, Trouble> {
        Ok(self.exists(&format!("/{name}")).await? && !self.exists(&format!("/_alias/{name}")).await?)
    }

    async fn exists(&self, target: &str) -> Result<bool, Trouble> {
        let answer = self.cluster.send(Method::HEAD, target, None).await;
        let answer = answer.map_err(|failure| self.cluster.failed(failure))?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(self.cluster.refused(&answer)),
        }
    }
}

/// What became of a bulk request.
enum Sent {
    TooLarge,
    /// Some are to be sent again, by their place.
    Some {
        again: Vec<usize>,
        why: Option<String>,
        after: Option<Duration>,
    },
}

fn too_large(document: &Document) -> Rejected {
    let what = format!("{}/{}", document.index, document.id);
    Rejected { what, why: format!("its {} bytes are more than the target takes at once (413)", document.source.len()) }
}
