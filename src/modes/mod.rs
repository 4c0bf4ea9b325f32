//! Who answers Get Buckets for which jobs: our searches, a genuine API, and whether the other one is asked as well.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::{Response, request::Parts};

use crate::{
    error::Error,
    privileges::{Decision, Permit, pattern::Pattern},
    request_body::read_body,
    upstream::Upstream,
};

/// From the configuration to those who answer.
pub mod assemble;

/// Two answers to one request.
pub mod compare;

/// What differs between two documents.
pub mod difference;

/// What may differ.
pub mod ignore;

/// The file of differences.
pub mod log;

/// A genuine ML API.
pub mod native;

/// What the file of differences says.
pub mod report;

/// What is said about modes.
pub mod rules;

/// The comparison of two sides, beside the answer.
pub mod shadow;

/// One of those who may answer.
pub mod side;

/// A copy of the caller's answer.
pub mod watch;

use native::{Asked, forward, unanswered};
use rules::Place;
use shadow::Shadow;
pub use side::Answers;
use side::Side;
use watch::Watch;

/// What is done with requests for a job.
#[derive(Clone)]
pub struct Mode {
    pub side: Arc<Side>,
    /// Who is asked as well.
    pub shadow: Option<Arc<Shadow>>,
}

/// The mode of every job.
pub struct Modes {
    /// The first one whose pattern fits counts.
    rules: Vec<(Pattern, Mode)>,
    /// Our searches, where `upstream` or `store` says.
    otherwise: Mode,
    secondary: Option<Arc<Upstream>>,
}

// === impl Modes ===

impl Modes {
    /// The mode of a job; of a request that names none, our own.
    #[must_use]
    pub fn of(&self, job: Option<&str>) -> &Mode {
        let rule = job.and_then(|job| self.rules.iter().find(|(pattern, _)| pattern.covers(job)));
        rule.map_or(&self.otherwise, |(_, mode)| mode)
    }

    /// The second cluster, where callers get its answers: not where they are only compared.
    #[must_use]
    pub fn answering_secondary(&self) -> Option<Arc<Upstream>> {
        let answers = self.rules.iter().any(|(_, mode)| mode.side.name.place == Place::Secondary);
        self.secondary.clone().filter(|_| answers)
    }
}

// === impl Mode ===

impl Mode {
    /// A permit for the side that answers.
    ///
    /// # Errors
    /// Where the caller may not.
    pub fn permit(&self, decision: &Decision<'_>) -> Result<Permit, Error> {
        Ok(self.side.permit(decision, &decision.permit()?))
    }

    /// Asks the other side, where there is one; nobody waits for it. The body is what was read, unpacked.
    pub fn begin(&self, head: &Parts, body: &Bytes, decision: &Decision<'_>, permit: &Permit) -> Watch {
        let shadow = self.shadow.as_ref();
        shadow.map_or_else(Watch::default, |shadow| shadow.begin(head, body, decision, permit))
    }

    /// Takes notice of an answer of a bucket a line, which is not compared.
    pub fn pass_lines(&self) {
        if let Some(shadow) = &self.shadow {
            shadow.pass_lines();
        }
    }

    /// Lets a genuine API answer, which says itself what is wrong with a request. The body is streamed, unless the other
    /// side needs it too.
    ///
    /// # Errors
    /// Where the caller may not, or nobody answers.
    pub async fn forward(
        &self,
        head: &Parts,
        body: Body,
        most_body: usize,
        decision: &Decision<'_>,
        watch: &mut Watch,
    ) -> Result<Response<Body>, Error> {
        let Answers::Native(upstream) = &self.side.answers else {
            return Err(Error::no_handler(&head.method, &head.uri));
        };
        let permit = self.permit(decision)?;
        let (asked, body) = if self.shadow.is_some() {
            let body = read_body(&head.headers, body, most_body).await?;
            *watch = self.begin(head, &body, decision, &permit);
            (Asked::unpacked(head), Body::from(body))
        } else {
            (Asked::of(head), body)
        };
        let reply = forward(upstream, &asked, body, &permit).await.map_err(unanswered)?;
        decision.after_answer(reply.status(), &permit).await?;
        Ok(reply)
    }
}
