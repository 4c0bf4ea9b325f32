//! The one question that is asked about a caller, and its possible answers.

use std::{future::Future, pin::Pin};

use http::HeaderValue;

use super::caller::Caller;
use crate::{error::Error, results::job_id::JobId, xcontent::Node};

/// What is to be known of a caller.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub caller: &'a Caller,
    /// The job whose results are to be read; none where only the caller is asked about.
    pub job: Option<&'a JobId>,
    /// Whether reading the job's results index counts.
    pub index_read: bool,
}

/// An authority's opinion of an authenticated caller.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub who: Who,
    /// One of the cluster privileges: granted, or the 403.
    pub cluster: Result<(), Error>,
    /// `read` on the job's results index: granted or not asked for, or the 403.
    pub read: Result<(), Error>,
}

/// A caller with a name.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Who {
    pub user: String,
    /// Where the caller is known.
    pub realm: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The id of the API key that was used; never the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
}

/// Why there is no verdict.
#[derive(Debug, Clone)]
pub enum NoVerdict {
    Unauthenticated(Unauthenticated),
    /// The authority is down, slow, or answers nonsense. What exactly is in the log.
    Unavailable,
}

/// A 401 for any request; `refusal::THIS_REQUEST` stands for the request in its texts.
#[derive(Debug, Clone)]
pub struct Unauthenticated {
    pub document: Node,
    pub challenges: Vec<HeaderValue>,
}

/// A future that an authority returns.
pub type Judging<'a> = Pin<Box<dyn Future<Output = Result<Verdict, NoVerdict>> + Send + 'a>>;

/// Knows callers and what they may.
pub trait Authority: Send + Sync {
    /// What the caller may. Every doubt is [`NoVerdict`].
    fn judge<'a>(&'a self, question: Question<'a>) -> Judging<'a>;

    /// Reads again what it has read from files.
    fn reload(&self) {}
}
