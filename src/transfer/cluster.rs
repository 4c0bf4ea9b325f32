//! A cluster as source or target sees it: one request, one answer, and what a refusal means.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::trouble::Trouble;
use crate::{
    observe::one_line::escape,
    upstream::{Answer, Failure, Order, Upstream},
};

/// Where results can be: every results index, and what an upgrade made of old ones.
pub const EVERY_INDEX: &str = ".ml-anomalies-*,.reindexed-*-ml-anomalies-*";
pub const JSON: &str = "application/json";
pub const NDJSON: &str = "application/x-ndjson";
/// Largest answer, in bytes.
pub const LARGEST: usize = 24 << 20;
/// How much of an answer that is no error document is shown.
const SHOWN: usize = 200;

/// A cluster, and who asks it.
#[derive(Clone)]
pub struct Cluster {
    upstream: Arc<Upstream>,
    headers: HeaderMap,
    within: Duration,
    /// How it is called in messages.
    name: Arc<str>,
}

// === impl Cluster ===

impl Cluster {
    /// A cluster that is asked with this credential, each request taking `within` at most.
    #[must_use]
    pub fn new(upstream: Arc<Upstream>, credential: Option<HeaderValue>, within: Duration) -> Self {
        let names: Vec<_> = upstream.nodes().iter().map(|node| node.address.to_string()).collect();
        let headers = credential.map(|credential| (header::AUTHORIZATION, credential)).into_iter().collect();
        Self { upstream, headers, within, name: names.join(",").into() }
    }

    /// How it is called in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a request once; any answer of any status.
    ///
    /// # Errors
    /// Where none came, and why.
    pub async fn send(
        &self,
        method: Method,
        target: &str,
        body: Option<(Bytes, &'static str)>,
    ) -> Result<Answer, Failure> {
        let order = Order { method, target, headers: &self.headers, body, within: self.within, largest: LARGEST };
        self.upstream.tell(&order).await
    }

    /// Sends a JSON request once, and gives its answer where it is one of success.
    ///
    /// # Errors
    /// What the cluster says against it.
    pub async fn ask(&self, method: Method, target: &str, body: Option<&Value>) -> Result<Answer, Trouble> {
        let body = body.map(|body| (Bytes::from(body.to_string()), JSON));
        let answer = self.send(method, target, body).await.map_err(|failure| self.failed(failure))?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.refused(&answer)) }
    }

    /// As [`Cluster::ask`], with an answer that is JSON.
    ///
    /// # Errors
    /// As [`Cluster::ask`].
    pub async fn ask_json(&self, method: Method, target: &str, body: Option<&Value>) -> Result<Value, Trouble> {
        let answer = self.ask(method, target, body).await?;
        answer.json().ok_or_else(|| self.nonsense())
    }

    /// Searches; a search that is not whole is an error.
    ///
    /// # Errors
    /// As [`Cluster::ask`].
    pub async fn search(&self, indices: &str, body: &Value) -> Result<Value, Trouble> {
        let target = format!("/{indices}/_search?ignore_unavailable=true&allow_no_indices=true");
        let answer = self.ask_json(Method::POST, &target, Some(body)).await?;
        let failed = answer["_shards"]["failed"].as_u64().unwrap_or(0);
        if failed > 0 || answer["timed_out"] == json!(true) {
            return Err(Trouble::passing(format!("{}: a search was not answered by all shards", self.name)));
        }
        Ok(answer)
    }

    /// No answer: it may be there again soon.
    #[must_use]
    pub fn failed(&self, failure: Failure) -> Trouble {
        Trouble::passing(format!("{}: {failure}", self.name))
    }

    /// An answer that is none.
    #[must_use]
    pub fn nonsense(&self) -> Trouble {
        Trouble::Lasting(anyhow::anyhow!("{}: its answer is not what Elasticsearch or OpenSearch answers", self.name))
    }

    /// What an answer that is no success means.
    #[must_use]
    pub fn refused(&self, answer: &Answer) -> Trouble {
        let why = format!("{}: {}", self.name, told(answer));
        if may_pass(answer.status) {
            return Trouble::Passing { why, after: retry_after(&answer.headers) };
        }
        Trouble::Lasting(match answer.status {
            StatusCode::UNAUTHORIZED => anyhow::anyhow!("{why}; check the user and the password for this side"),
            StatusCode::FORBIDDEN => anyhow::anyhow!("{why}; the account for this side needs that privilege"),
            _ => anyhow::anyhow!(why),
        })
    }
}

/// Whether a request may be answered otherwise in a while: too many, or a node that cannot now.
#[must_use]
pub fn may_pass(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

/// How long to wait, where the answer says so in seconds.
#[must_use]
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// The status and the reason of an error, in one line.
#[must_use]
pub fn told(answer: &Answer) -> String {
    let document = answer.json().unwrap_or_default();
    let reason = reason(&document["error"]);
    let text = String::from_utf8_lossy(&answer.body);
    let shown = reason.unwrap_or_else(|| text.chars().take(SHOWN).collect());
    format!("{}: {}", answer.status, escape(&shown))
}

/// The type and the reasons of an error, from the outermost to its last cause.
#[must_use]
pub fn reason(error: &Value) -> Option<String> {
    if let Value::String(text) = error {
        return Some(text.clone());
    }
    let mut reasons = vec![error["type"].as_str().unwrap_or("error").to_owned()];
    let chain = std::iter::successors(Some(error), |error| error.get("caused_by")).take(8);
    for text in chain.filter_map(|error| error["reason"].as_str()) {
        if !reasons.iter().any(|known| known.contains(text)) {
            reasons.push(text.to_owned());
        }
    }
    error["reason"].is_string().then(|| reasons.join(": "))
}

/// Keeps to the documents of a job, also where a bad reindex mapped its id as text: there more may be found.
#[must_use]
pub fn of_job(job: &str) -> Value {
    json!({"match_phrase": {"job_id": {"query": job}}})
}
