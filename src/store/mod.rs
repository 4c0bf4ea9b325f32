//! Where results are kept: one trait, two stores.

use std::{future::Future, ops::Range, pin::Pin, sync::Arc};

use crate::{
    error::Error,
    privileges::Permit,
    results::{get_buckets::page::Page, job_id::JobId, query::ResultsQuery},
    spool::Spool,
};

/// A cluster: Elasticsearch or OpenSearch.
pub mod cluster;

/// One SQLite file.
pub mod embedded;

/// A future that a store returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A place that holds results. Every method takes a [`Permit`], which only a [`Decision`](crate::privileges::Decision) makes
/// for a client: a search without a check does not compile.
pub trait ResultsStore: Send + Sync {
    /// The documents of the permitted job that answer `query`, in its order. All or an error: a partial search, a timed-out
    /// search or a cut reply is never returned as a shorter list.
    fn search<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits>;

    /// As [`ResultsStore::search`], where nothing is known yet of the job: 404 for one that has neither results nor a
    /// place for them.
    fn search_known_job<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery) -> Answer<'a, Hits>;

    /// As [`ResultsStore::search_known_job`], with the documents given away one by one: only where this is no error is the
    /// page of any worth.
    fn page_of_known_job<'a>(&'a self, permit: &'a Permit, query: &'a ResultsQuery, page: Page) -> Answer<'a, Page>;

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

/// Takes the documents of an answer, one by one and in order.
pub trait Taker: Send + 'static {
    /// An answer begins that so many documents match, not only those of the page. What was taken before is void.
    fn begin(&mut self, total: u64);

    /// Takes a document, and the time it is indexed under: see [`Hit::timestamp`].
    fn take(&mut self, source: &[u8], timestamp: Option<i64>);

    /// The length of the document in front of a text, where it is seen at once that it can be taken as it stands.
    fn recognise(&self, _text: &[u8]) -> Option<usize> {
        None
    }

    /// Takes a document that was recognised.
    fn take_recognised(&mut self, source: &[u8]) {
        self.take(source, None);
    }

    /// Where what was taken is kept, if not in memory: it is to be looked after.
    fn spool(&mut self) -> Option<&mut Spool> {
        None
    }
}

/// The answer to a search: documents as they were stored, in one piece of text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    /// All documents that match, not only the returned page.
    pub total: u64,
    /// Holds every returned document.
    pub text: Vec<u8>,
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
    #[must_use]
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.hits.iter().map(|hit| &self.text[hit.source.clone()])
    }
}

impl Taker for Hits {
    fn begin(&mut self, total: u64) {
        *self = Self { total, ..Self::default() };
    }

    fn take(&mut self, source: &[u8], timestamp: Option<i64>) {
        let start = self.text.len();
        self.text.extend_from_slice(source);
        self.hits.push(Hit { source: start..self.text.len(), timestamp });
    }
}
