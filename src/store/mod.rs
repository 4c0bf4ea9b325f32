//! Where results are kept: one trait, two stores.

use std::{future::Future, ops::Range, pin::Pin, sync::Arc};

use bytes::Bytes;

use crate::{
    error::Error,
    privileges::Permit,
    results::{job_id::JobId, query::ResultsQuery},
};

/// A cluster: Elasticsearch or OpenSearch.
pub mod cluster;

/// One SQLite file.
pub mod embedded;

/// A future that a store returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A place that holds results. Every method takes a [`Permit`], which only `privileges::authorize` can make: a search
/// without a check does not compile.
pub trait ResultsStore: Send + Sync {
    /// The documents of the permitted job that answer `query`, in its order. All or an error: a partial search, a timed-out
    /// search or a cut reply is never returned as a shorter list.
    fn search<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits>;

    /// As [`ResultsStore::search`], where nothing is known yet of the job: 404 for one that has neither results nor a
    /// place for them.
    fn search_known_job<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits>;

    /// As [`ResultsStore::search`] of a job that is known, however many documents there are: `from` and `size` know no
    /// window. The documents are those of one moment.
    fn scan(&self, permit: Arc<Permit>, query: ResultsQuery) -> Box<dyn Pages>;
}

/// An answer that is longer than a page. Nothing is read before it is asked for.
pub trait Pages: Send {
    /// The next page, never an empty one; none at the end, which comes only after everything.
    fn next(&mut self) -> Answer<'_, Option<Hits>>;
}

/// Documents of a page of a scan.
pub(crate) fn rows_of_page(most: u32) -> u32 {
    most.clamp(1, 500)
}

/// The answer to a search: documents as they were stored, in one piece of text.
#[derive(Debug, Clone, Default)]
pub struct Hits {
    /// All documents that match, not only the returned page.
    pub total: u64,
    /// Holds every returned document.
    pub text: Bytes,
    /// One entry a returned document.
    pub hits: Vec<Hit>,
}

/// One document of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Where its `_source` stands in [`Hits::text`].
    pub source: Range<usize>,
    /// The timestamp it is indexed under, epoch milliseconds: the date field's reading of the stored value, which is not
    /// always what the reply shows. Known where the query sorts by `timestamp` first.
    pub timestamp: Option<i64>,
}

/// 404 in Elastic's words.
pub(crate) fn unknown_job(job: &JobId) -> Error {
    Error::not_found(format!("No known job with id '{job}'"))
}

// === impl Hits ===

impl Hits {
    /// The stored documents, in order.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.hits.iter().map(|hit| &self.text[hit.source.clone()])
    }
}
