//! Why the cluster gave no answer.

use http::{HeaderValue, StatusCode, header};

use crate::{
    error::{Error, Exception, Fault},
    observe::metrics::Outcome,
};

/// Why there is no answer, or not the whole of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection: nothing was sent.
    #[error("the cluster could not be reached")]
    Unreachable,
    /// Something may have been sent, and no whole answer came.
    #[error("the cluster broke off the connection")]
    Broken,
    #[error("the cluster did not answer in time")]
    TimedOut,
    /// All connections are in use.
    #[error("too many requests are under way to the cluster")]
    Busy,
    #[error("the cluster's answer is too large")]
    TooLarge,
}

// === impl Failure ===

impl Failure {
    /// How it is counted.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Unreachable | Self::Busy => Outcome::Connect,
            Self::Broken => Outcome::Cut,
            Self::TimedOut => Outcome::Timeout,
            Self::TooLarge => Outcome::Nonsense,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Unreachable | Self::Broken | Self::TooLarge => StatusCode::BAD_GATEWAY,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        if failure == Failure::Busy {
            let exception = Exception::new("es_rejected_execution_exception", failure.to_string());
            return Self::new(failure.status(), Fault::Proxy, exception.clone(), exception)
                .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        Self::store(failure.status(), failure.to_string())
    }
}
