//! A line of the file of differences, and what may be told of a request there.

use http::request::Parts;
use serde::{Deserialize, Serialize};

use crate::{
    modes::difference::Difference,
    rest::Parameters,
    results::job_id::JobId,
    route::{Dialect, Route},
};

/// Parameters that may be shown, and how much of them.
const SHOWN: [&str; 9] = ["start", "end", "anomaly_score", "from", "size", "sort", "desc", "expand", "exclude_interim"];
const MOST_OF_A_PARAMETER: usize = 64;

/// What is told of a request that was compared. Of the query only the API's own parameters, of a body its length.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct About {
    pub job: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    pub method: String,
    /// Whether it has the old path.
    #[serde(default)]
    pub v6: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(String, String)>,
    #[serde(default)]
    pub body_bytes: usize,
}

/// One answer, without what was in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    pub side: String,
    pub status: u16,
    pub ms: f64,
}

/// A line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Different(Box<Different>),
    Tally(Tally),
}

/// Two answers that differ.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Different {
    pub time: String,
    #[serde(flatten)]
    pub about: About,
    pub primary: Seen,
    pub secondary: Seen,
    pub differences: Vec<Difference>,
    /// All of them, those included that are not listed.
    pub count: usize,
}

/// The numbers of one run of the program up to now.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tally {
    pub time: String,
    /// Tells runs apart.
    pub run: String,
    pub primary: Numbers,
    pub secondary: Numbers,
    pub equal: u64,
    pub different: u64,
    pub skipped: u64,
    pub failed: u64,
}

/// One side, and how long its last answers took.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Numbers {
    pub side: String,
    pub p50_ms: f64,
    pub p95_ms: f64,
}

// === impl About ===

impl About {
    /// Takes from a request what may be told.
    #[must_use]
    pub fn of(head: &Parts, job: &JobId, request: Option<String>, body_bytes: usize) -> Self {
        let route = Route::find(&head.method, head.uri.path());
        let parameters = Parameters::parse(head.uri.query().unwrap_or_default()).unwrap_or_default();
        let cut = |text: &str| text.chars().take(MOST_OF_A_PARAMETER).collect::<String>();
        let mut shown: Vec<_> = SHOWN
            .iter()
            .filter_map(|name| parameters.get(name).map(|value| ((*name).to_owned(), cut(value))))
            .collect();
        let mut v6 = false;
        if let Ok(Route::GetBuckets { dialect, timestamp, .. }) = route {
            v6 = dialect == Dialect::V6;
            shown.extend(timestamp.map(|timestamp| ("timestamp".to_owned(), cut(&timestamp))));
        }
        Self {
            job: job.as_str().to_owned(),
            request,
            method: head.method.to_string(),
            v6,
            parameters: shown,
            body_bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::About;
    use crate::results::job_id::JobId;

    #[test]
    fn what_is_told_of_a_request() {
        let request = Request::get("/_xpack/ml/anomaly_detectors/j/results/buckets/5?sort=secret&token=hunter2&size=3");
        let head = request.header("authorization", "hunter2").body(()).unwrap().into_parts().0;
        let about = About::of(&head, &JobId::parse("j").unwrap(), None, 7);
        let text = serde_json::to_string(&about).unwrap();
        assert!(!text.contains("hunter2") && text.contains("[\"size\",\"3\"]"), "{text}");
        assert!(about.v6 && about.parameters.contains(&("timestamp".into(), "5".into())));
    }
}
