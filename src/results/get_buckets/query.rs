//! From a request to the question for the store.

use super::request::{GetBuckets, Page};
use crate::results::query::{ResultType, ResultsQuery, SortKey, Times};

impl GetBuckets {
    /// The search for buckets. In single-bucket mode interim results are not left out, and the first match in the asked
    /// order is the bucket.
    #[must_use]
    pub fn query(&self) -> ResultsQuery {
        let mut sort = vec![SortKey::new(&*self.sort, self.descending)];
        if self.sort != "timestamp" {
            sort.push(SortKey::new("timestamp", self.descending));
        }
        let page = self.page.unwrap_or(Page::DEFAULT);
        let query = ResultsQuery {
            result_type: ResultType::Bucket,
            times: Times::Range { start: self.start.clone(), end: self.end.clone() },
            score: self.anomaly_score.filter(|score| *score > 0.0).map(|score| ("anomaly_score", score)),
            exclude_interim: self.exclude_interim,
            sort,
            from: page.from.unsigned_abs(),
            size: page.size.unsigned_abs(),
        };
        match &self.timestamp {
            Some(timestamp) => ResultsQuery {
                times: Times::Match(timestamp.clone()),
                score: None,
                exclude_interim: false,
                from: 0,
                size: 1,
                ..query
            },
            None => query,
        }
    }
}
