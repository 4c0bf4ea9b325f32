//! What may be told of a request: an allow-list. Whatever is not here is neither logged nor counted.

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

use http::{HeaderMap, HeaderName, Method, Uri};

use crate::{
    results::job_id::JobId,
    route::{Dialect, Route},
};

/// Most characters of a client's own name for its request that are logged.
const LONGEST_OPAQUE_ID: usize = 128;

/// Longest id of a client's that is logged.
const LONGEST_REQUEST_ID: usize = 64;

const X_OPAQUE_ID: HeaderName = HeaderName::from_static("x-opaque-id");
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What is told of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// mlgate's own id of the request, taken from no client.
    pub id: String,
    pub method: &'static str,
    pub route: &'static str,
    /// The job that the path names, where it can be a job.
    pub job: Option<String>,
    pub opaque_id: Option<String>,
    /// The `X-Request-Id` of the client, where it is well-formed.
    pub client_id: Option<String>,
    /// The trace id of a well-formed `traceparent`.
    pub trace_id: Option<String>,
}

// === impl About ===

impl About {
    /// Takes from the head of a request what may be told.
    #[must_use]
    pub fn of(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let route = Route::find(method, uri.path());
        let job = route.as_ref().ok().and_then(Route::job_id).and_then(|job| JobId::parse(job).ok());
        let text = |name: &HeaderName| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        Self {
            id: next_id(),
            method: method_name(method),
            route: route.map_or("other", |route| class(&route)),
            job: job.map(|job| job.as_str().to_owned()),
            opaque_id: text(&X_OPAQUE_ID).map(|id| id.chars().take(LONGEST_OPAQUE_ID).collect()),
            client_id: text(&X_REQUEST_ID).filter(|id| well_formed(id)).map(Into::into),
            trace_id: text(&TRACEPARENT).as_deref().and_then(trace_id).map(Into::into),
        }
    }
}

/// A new id: a part that tells processes apart, and a number.
fn next_id() -> String {
    static PROCESS: LazyLock<u32> = LazyLock::new(|| {
        let mut bytes = [0; 4];
        // Without random numbers ids are still unique in this process.
        let _ = getrandom::fill(&mut bytes);
        u32::from_be_bytes(bytes)
    });
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{:08x}-{:08x}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The method, one of few: a client may make up any.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

/// The kind of request that a path is: what stands in for it in the log and in metrics.
fn class(route: &Route) -> &'static str {
    match route {
        Route::GetBuckets { dialect: Dialect::V8, .. } => "get_buckets",
        Route::GetBuckets { dialect: Dialect::V6, .. } => "get_buckets_v6",
        Route::WrongMethod => "get_buckets_other_method",
        Route::Other => "other",
    }
}

fn well_formed(id: &str) -> bool {
    (1..=LONGEST_REQUEST_ID).contains(&id.len())
        && id.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
}

/// The second part of `00-<trace id>-<span id>-<flags>`.
fn trace_id(traceparent: &str) -> Option<&str> {
    let parts: Vec<&str> = traceparent.split('-').collect();
    let [version, trace, span, flags, ..] = parts[..] else { return None };
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    };
    let right = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    (right && trace.bytes().any(|c| c != b'0')).then_some(trace)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::About;

    fn about(method: &str, target: &str, headers: &[(&'static str, &[u8])]) -> About {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap()))
            .collect();
        About::of(&Method::from_bytes(method.as_bytes()).unwrap(), &target.parse().unwrap(), &headers)
    }

    #[test]
    fn a_job_only_where_it_can_be_one() {
        let path = |job: &str| format!("/_ml/anomaly_detectors/{job}/results/buckets?q=secret");
        let good = about("GET", &path("it-ops-kpi"), &[]);
        assert_eq!((good.route, good.job.as_deref()), ("get_buckets", Some("it-ops-kpi")));
        for job in ["*", "a%0ab", "A", "%3Cscript%3E"] {
            let about = about("GET", &path(job), &[]);
            assert_eq!((about.route, about.job), ("get_buckets", None), "{job}");
        }
        assert_eq!(about("DELETE", &path("j"), &[]).route, "get_buckets_other_method");
        assert_eq!(about("MADE-UP", "/x", &[]).method, "other");
        assert_ne!(about("GET", "/", &[]).id, good.id);
    }

    #[test]
    fn ids_only_where_they_are_well_formed() {
        const TRACE: &[u8] = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let about = |name: &'static str, value: &[u8]| about("GET", "/", &[(name, value)]);
        assert_eq!(about("traceparent", TRACE).trace_id.unwrap(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(about("x-request-id", b"a-B_1.2").client_id.unwrap(), "a-B_1.2");
        for bad in [&b""[..], b"a b", b"a\tb", b"\xff", &[b'a'; 65], b"00-0af7-b7ad-01"] {
            assert_eq!(about("x-request-id", bad).client_id.filter(|id| id != "00-0af7-b7ad-01"), None, "{bad:?}");
            assert_eq!(about("traceparent", bad).trace_id, None, "{bad:?}");
        }
        assert_eq!(about("traceparent", &TRACE.to_ascii_uppercase()).trace_id, None);
        assert_eq!(about("x-opaque-id", &[b'x'; 1_000]).opaque_id.unwrap().len(), 128);
    }
}
