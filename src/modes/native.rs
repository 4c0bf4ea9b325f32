//! A genuine ML API: the request as it came, but for the old path and the credential.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, HeaderName, Method, Request, Response, Uri, header, request::Parts, uri::PathAndQuery};

use crate::{
    error::Error,
    headers::strip_hop_by_hop,
    observe::metrics::Purpose,
    privileges::Permit,
    upstream::{Failure, Upstream},
};

/// What goes on of a request's headers. Who asks is told by the permit alone, so that no cookie or token reaches a cluster
/// that it was not meant for.
const GO_ON: [HeaderName; 7] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::USER_AGENT,
    HeaderName::from_static("x-elastic-client-meta"),
    HeaderName::from_static("x-elastic-product-origin"),
];

/// A request for Get Buckets without who asks, and without its body.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
}

// === impl Asked ===

impl Asked {
    /// Takes from a request what may go on.
    #[must_use]
    pub fn of(head: &Parts) -> Self {
        let mut headers = HeaderMap::new();
        for name in GO_ON {
            for value in head.headers.get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
        Self { method: head.method.clone(), uri: head.uri.clone(), headers }
    }

    /// The request with a body that was read whole, and is not packed any more.
    #[must_use]
    pub fn unpacked(head: &Parts) -> Self {
        let mut asked = Self::of(head);
        asked.headers.remove(header::CONTENT_ENCODING);
        asked
    }

    /// Path and query for a genuine API: the job is the permitted one, all else as it was sent.
    fn target(&self, permit: &Permit) -> Result<PathAndQuery, Failure> {
        const BUCKETS: &str = "/results/buckets";
        let rest = self.uri.path().split_once(BUCKETS).map_or("", |(_, rest)| rest);
        let mut target = format!("/_ml/anomaly_detectors/{}{BUCKETS}{rest}", permit.job());
        if let Some(query) = self.uri.query() {
            target.push('?');
            target.push_str(query);
        }
        // It is made of parts of a target.
        target.try_into().map_err(|_| Failure::Unreachable)
    }
}

/// Asks a genuine ML API, as the permit says. The reply is streamed.
///
/// # Errors
/// Where no node answers.
pub async fn forward(
    upstream: &Arc<Upstream>,
    asked: &Asked,
    body: Body,
    permit: &Permit,
) -> Result<Response<Body>, Failure> {
    let mut request = Request::new(body);
    *request.method_mut() = asked.method.clone();
    *request.uri_mut() = asked.target(permit)?.into();
    *request.headers_mut() = asked.headers.clone();
    request.headers_mut().extend(permit.headers().clone());
    let mut reply = upstream.pass(request, Purpose::Native).await?;
    strip_hop_by_hop(reply.headers_mut());
    Ok(reply)
}

/// What the caller is told where nobody answered.
pub(super) fn unanswered(failure: Failure) -> Error {
    tracing::warn!(error = &failure as &dyn std::error::Error, "the machine-learning API did not answer");
    failure.into()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Request};

    use super::Asked;
    use crate::{privileges::Permit, results::job_id::JobId};

    #[test]
    fn the_old_path_is_translated_and_no_credential_goes_on() {
        let permit = Permit::of_operator(JobId::parse("a-b").unwrap(), HeaderMap::new());
        for (target, expected) in [
            (
                "/_xpack/ml/anomaly_detectors/a%2Db/results/buckets?x=%20&y",
                "/_ml/anomaly_detectors/a-b/results/buckets?x=%20&y",
            ),
            ("/_ml/anomaly_detectors/a-b/results/buckets/1%3A2/", "/_ml/anomaly_detectors/a-b/results/buckets/1%3A2/"),
        ] {
            let request = Request::get(target)
                .header("authorization", "x")
                .header("cookie", "x")
                .header("es-security-runas-user", "x")
                .header("accept", "a")
                .body(())
                .unwrap();
            let asked = Asked::of(&request.into_parts().0);
            assert_eq!(asked.target(&permit).unwrap(), expected);
            assert_eq!(asked.headers.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
        }
    }
}
