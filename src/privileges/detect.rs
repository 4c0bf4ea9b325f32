//! Finds out which kind of security a cluster has. Nobody is let in before that is known.

use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::{
    ask::Line,
    authority::{Authority, Judging, NoVerdict},
    elasticsearch, opensearch,
};
use crate::upstream::Answer;

/// Kinds of clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Elasticsearch,
    OpenSearch,
    /// It lets everyone in: mlgate needs users of its own.
    WithoutSecurity,
    /// It takes mlgate's certificate for the user, so that everyone would have mlgate's privileges.
    OfCertificate,
}

/// An authority that is chosen by what the cluster turns out to be, when it is first needed.
pub struct Detected {
    line: Line,
    make: Box<dyn Fn(Kind) -> Option<Box<dyn Authority>> + Send + Sync>,
    chosen: OnceCell<Box<dyn Authority>>,
}

// === impl Kind ===

impl Kind {
    /// Asks the cluster, without a credential.
    ///
    /// # Errors
    /// [`NoVerdict::Unavailable`] where it does not answer, or not as a cluster does.
    pub async fn of(line: &Line) -> Result<Self, NoVerdict> {
        let answer = line.ask(Method::GET, "/", HeaderMap::new(), None).await?;
        // Anonymous users cannot be told from users of a certificate: neither is let in with one.
        if line.has_identity() && answer.status != StatusCode::UNAUTHORIZED {
            return if answer.status.is_server_error() { Err(answer.nonsense("/")) } else { Ok(Self::OfCertificate) };
        }
        match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                if opensearch::refused(&answer) {
                    return Ok(Self::OpenSearch);
                }
                if elasticsearch::refused(&answer) {
                    return Ok(Self::Elasticsearch);
                }
                // OpenSearch may let anonymous users in and give them nothing.
                Self::by_endpoint(line, &answer).await
            }
            StatusCode::OK => Self::by_endpoint(line, &answer).await,
            _ => Err(answer.nonsense("/")),
        }
    }

    /// Someone without a credential is let in: by a security layer that has anonymous users, or because there is none.
    async fn by_endpoint(line: &Line, root: &Answer) -> Result<Self, NoVerdict> {
        let (path, name) = elasticsearch::WHO_ASKS;
        let answer = line.ask(Method::GET, path, HeaderMap::new(), None).await?;
        if answer.json().is_some_and(|document| document.get(name).is_some_and(Value::is_string)) {
            return Ok(Self::Elasticsearch);
        }
        let (path, name) = opensearch::WHO_ASKS;
        let answer = line.ask(Method::GET, path, HeaderMap::new(), None).await?;
        if answer.json().is_some_and(|document| document.get(name).is_some_and(Value::is_string)) {
            return Ok(Self::OpenSearch);
        }
        let version = root.json().is_some_and(|document| document.pointer("/version/number").is_some());
        if root.status == StatusCode::OK && version && answer.status.is_client_error() {
            return Ok(Self::WithoutSecurity);
        }
        Err(root.nonsense("/"))
    }
}

// === impl Detected ===

impl Detected {
    /// `make` gives the authority for a kind, or says in the log why there is none.
    pub fn new(line: Line, make: impl Fn(Kind) -> Option<Box<dyn Authority>> + Send + Sync + 'static) -> Self {
        Self { line, make: Box::new(make), chosen: OnceCell::new() }
    }
}

impl Authority for Detected {
    fn judge<'a>(&'a self, question: super::authority::Question<'a>) -> Judging<'a> {
        Box::pin(async move {
            let choose = || async {
                let kind = Kind::of(&self.line).await?;
                tracing::info!(?kind, "the cluster's security is known");
                (self.make)(kind).ok_or(NoVerdict::Unavailable)
            };
            self.chosen.get_or_try_init(choose).await?.judge(question).await
        })
    }
}
