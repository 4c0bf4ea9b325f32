//! One of those who may answer: our searches or a genuine API, on one cluster or the other.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::Instant;

use super::{
    compare::Answered,
    native::{Asked, forward},
    rules::SideName,
};
use crate::{
    error::{Error, Fault},
    privileges::{Decision, Permit, SearchAs},
    question::Question,
    reply::Rendering,
    rest::{Parameters, RestRequest},
    route::Route,
    spool::Spools,
    store::ResultsStore,
    upstream::{Failure, Upstream},
};

/// Who may answer.
pub struct Side {
    pub name: SideName,
    pub answers: Answers,
    /// Whose credential it is sent. None: whose `search_as` says.
    pub account: Option<SearchAs>,
}

/// How a side answers.
pub enum Answers {
    Rewrite(Arc<dyn ResultsStore>),
    Native(Arc<Upstream>),
}

// === impl Side ===

impl Side {
    /// A permit whose headers are for this side.
    #[must_use]
    pub fn permit(&self, decision: &Decision<'_>, permit: &Permit) -> Permit {
        decision.elsewhere(permit, self.account.as_ref())
    }

    /// The whole answer, for a comparison: at most `most` bytes of it.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(super) async fn answer(
        &self,
        asked: &Asked,
        body: Bytes,
        permit: Permit,
        most: usize,
    ) -> Result<Answered, Failure> {
        let begun = Instant::now();
        let response = match &self.answers {
            Answers::Native(upstream) => forward(upstream, asked, Body::from(body), &permit).await?,
            Answers::Rewrite(store) => rewrite(store, asked, body, Arc::new(permit)).await?,
        };
        let took = begun.elapsed();
        whole(response, most, took).await
    }
}

async fn whole(response: Response<Body>, most: usize, took: Duration) -> Result<Answered, Failure> {
    let (head, body) = response.into_parts();
    let body = match Limited::new(body, most).collect().await {
        Ok(body) => Some(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => None,
        Err(_) => return Err(Failure::Broken),
    };
    Ok(Answered::of(head.status.as_u16(), &head.headers, body, took))
}

/// What the caller would get from these results.
async fn rewrite(
    store: &Arc<dyn ResultsStore>,
    asked: &Asked,
    body: Bytes,
    permit: Arc<Permit>,
) -> Result<Response<Body>, Failure> {
    let mut rendering = Rendering::of(&asked.headers);
    let outcome = async {
        let Ok(Route::GetBuckets { dialect, job_id, timestamp }) = Route::find(&asked.method, asked.uri.path()) else {
            return Err(Error::no_handler(&asked.method, &asked.uri));
        };
        let parameters = Parameters::parse(asked.uri.query().unwrap_or_default())?;
        let content = rendering.negotiate(&asked.headers, &parameters, !body.is_empty())?;
        let body = content.in_utf8(body);
        let rest = RestRequest::new(asked.uri.path(), parameters, job_id, timestamp, body);
        // A comparison is one of documents.
        rendering.lines = false;
        Question::read(&content, &rest, dialect)?.answer(store, &permit, &rendering, &Spools::default()).await
    }
    .await;
    if let Err(error) = &outcome
        && let Some(failure) = no_answer(error)
    {
        return Err(failure);
    }
    Ok(rendering.respond(&asked.method, outcome))
}

/// Why there is no answer, where an error is not one itself.
fn no_answer(error: &Error) -> Option<Failure> {
    match error.status {
        _ if error.fault == Fault::Client => None,
        StatusCode::BAD_GATEWAY => Some(Failure::Broken),
        StatusCode::GATEWAY_TIMEOUT => Some(Failure::TimedOut),
        StatusCode::TOO_MANY_REQUESTS => Some(Failure::Busy),
        _ => None,
    }
}
