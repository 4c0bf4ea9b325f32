//! From a raw path and a method to an operation, agreeing with Elasticsearch's own matching: trailing slashes vanish,
//! literal segments are compared undecoded, and what stands in for a name is decoded after the path was split.

use http::Method;

use crate::rest::decode;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    GetBuckets {
        dialect: Dialect,
        job_id: String,
        timestamp: Option<String>,
    },
    /// The path is ours, the method is not, unless it is `OPTIONS`, which every path has.
    WrongMethod,
    /// Not ours.
    Other,
}

/// Whose reply it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `/_xpack/ml`: as 6.x documents it.
    V6,
    /// `/_ml`: as 8.x answers.
    V8,
}

// === impl Route ===

impl Route {
    /// Finds the operation.
    ///
    /// # Errors
    /// The message for a malformed escape in a name.
    pub fn find(method: &Method, raw_path: &str) -> Result<Self, String> {
        let trimmed = raw_path.trim_end_matches('/');
        let Some(relative) =
            trimmed.strip_prefix('/').filter(|path| path.starts_with("_ml/") || path.starts_with("_xpack/"))
        else {
            return Ok(Self::Other);
        };
        let segments: Vec<&str> = relative.split('/').collect();
        let (dialect, rest) = match &segments[..] {
            ["_ml", rest @ ..] => (Dialect::V8, rest),
            ["_xpack", "ml", rest @ ..] => (Dialect::V6, rest),
            _ => return Ok(Self::Other),
        };
        let (job_id, timestamp) = match rest {
            ["anomaly_detectors", job_id, "results", "buckets"] => (job_id, None),
            ["anomaly_detectors", job_id, "results", "buckets", timestamp] => (job_id, Some(timestamp)),
            _ => return Ok(Self::Other),
        };
        let job_id = decode(job_id, false)?;
        let timestamp = timestamp.map(|timestamp| decode(timestamp, false)).transpose()?;
        match *method {
            Method::GET | Method::POST => Ok(Self::GetBuckets { dialect, job_id, timestamp }),
            _ => Ok(Self::WrongMethod),
        }
    }
}

impl Route {
    /// The job that the path names.
    #[must_use]
    pub fn job_id(&self) -> Option<&str> {
        match self {
            Self::GetBuckets { job_id, .. } => Some(job_id),
            _ => None,
        }
    }
}

// === impl Dialect ===

impl Dialect {
    /// What 8.19 says of the old path, to a client that uses it.
    #[must_use]
    pub fn deprecation(self, method: &Method, with_timestamp: bool) -> Option<String> {
        const AGENT: &str = "Elasticsearch-8.19.21-4fe44c255c3d0da06779b921e132cdc555ed9aff";
        if self == Self::V8 {
            return None;
        }
        let tail = if with_timestamp { "/{timestamp}" } else { "" };
        let path = |base: &str| format!("[{method} /{base}/anomaly_detectors/{{job_id}}/results/buckets{tail}]");
        Some(format!("299 {AGENT} \"{} is deprecated! Use {} instead.\"", path("_xpack/ml"), path("_ml")))
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Dialect, Route};

    fn get(path: &str) -> Result<Route, String> {
        Route::find(&Method::GET, path)
    }

    #[test]
    fn both_spellings_both_methods_with_and_without_timestamp() {
        for (base, dialect) in [("/_ml", Dialect::V8), ("/_xpack/ml", Dialect::V6)] {
            for method in [Method::GET, Method::POST] {
                for tail in ["", "/", "///", "/5", "/5/"] {
                    let path = format!("{base}/anomaly_detectors/a%2Fb/results/buckets{tail}");
                    let timestamp = tail.contains('5').then(|| "5".to_owned());
                    let route = Route::GetBuckets { dialect, job_id: "a/b".into(), timestamp };
                    assert_eq!(Route::find(&method, &path), Ok(route), "{path}");
                }
            }
        }
    }

    #[test]
    fn not_ours() {
        for path in [
            "/",
            "//_ml/anomaly_detectors/j/results/buckets",
            "/%5Fml/anomaly_detectors/j/results/buckets",
            "/_ML/anomaly_detectors/j/results/buckets",
            "/_ml/anomaly_detectors/j/results/buckets/1/2",
            "/_ml/anomaly_detectors/j/results",
        ] {
            assert_eq!(get(path), Ok(Route::Other), "{path}");
        }
        assert_eq!(Route::find(&Method::PUT, "/_ml/anomaly_detectors/j/results/buckets"), Ok(Route::WrongMethod));
    }
}
