//! Questions about callers, to the cluster that is the authority.

use std::{fmt, sync::Arc, time::Duration};

use http::{HeaderMap, Method};
use serde_json::Value;

use super::authority::NoVerdict;
use crate::observe::metrics::Purpose;
use crate::upstream::{Answer, Question, Upstream};

/// Largest answer, in bytes: roles and their texts.
const LARGEST_ANSWER: usize = 4 << 20;

/// A line to the cluster for questions about callers.
#[derive(Clone)]
pub struct Line {
    upstream: Arc<Upstream>,
    within: Duration,
}

// === impl Line ===

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("within", &self.within).finish_non_exhaustive()
    }
}

impl Line {
    /// A line to a cluster; each question may take `within` as a whole.
    #[must_use]
    pub fn new(upstream: Arc<Upstream>, within: Duration) -> Self {
        Self { upstream, within }
    }

    /// Whether the cluster may take mlgate's certificate for the one who asks.
    #[must_use]
    pub fn has_identity(&self) -> bool {
        self.upstream.has_identity()
    }

    /// Sends a question. `path` is a constant of the program or of its configuration, never a client's.
    ///
    /// # Errors
    /// [`NoVerdict::Unavailable`] where no whole answer comes in time.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<&Value>,
    ) -> Result<Answer, NoVerdict> {
        let question = Question {
            purpose: Purpose::Privileges,
            method,
            target: path,
            headers,
            body: body.map(|body| body.to_string().into()),
            within: self.within,
            largest: LARGEST_ANSWER,
        };
        self.upstream.ask(&question).await.map_err(|failure| {
            tracing::warn!(path, error = &failure as &dyn std::error::Error, "the authority could not be asked");
            NoVerdict::Unavailable
        })
    }
}

// === impl Answer ===

impl Answer {
    /// Says that this answer is none, and that nobody may.
    #[must_use]
    pub fn nonsense(&self, path: &str) -> NoVerdict {
        tracing::warn!(path, status = self.status.as_u16(), "the authority's answer is not understood");
        NoVerdict::Unavailable
    }
}
