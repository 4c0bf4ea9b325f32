//! Get Buckets: `GET|POST …/anomaly_detectors/{job_id}/results/buckets[/{timestamp}]`.

pub mod expand;
pub mod lines;
pub mod page;
pub mod query;
pub mod request;
pub mod stored;

use crate::{
    error::Error,
    privileges::Permit,
    results::query::{ResultsQuery, Times},
    spool::Spooled,
    store::ResultsStore,
};
use page::Page;
use request::GetBuckets;

/// Answers a permitted request on an empty page: one search, and one more where records are asked for.
///
/// # Errors
/// 404 for an unknown job, then what the search fails with, then 404 where the one bucket that was asked for is not there.
pub async fn get_buckets(
    store: &dyn ResultsStore,
    permit: &Permit,
    request: &GetBuckets,
    mut page: Page,
) -> Result<Spooled, Error> {
    let query = request.query();
    if let Some(error) = query.times.too_long() {
        // An unknown job is said first.
        let times = Times::Range { start: None, end: None };
        let probe = ResultsQuery { times, sort: Vec::new(), from: 0, size: 0, ..query };
        return store.search_known_job(permit, &probe).await.and(Err(error));
    }
    let found = |total: u64| {
        let missing = request.timestamp.is_some() && total == 0;
        if missing { Err(Error::not_found("Could not find requested buckets")) } else { Ok(()) }
    };
    if request.expand {
        let hits = store.search_known_job(permit, &query).await?;
        found(hits.total)?;
        let mut buckets = page.read_all(&hits)?;
        expand::expand(store, permit, &mut buckets, request.exclude_interim).await?;
        page.write_all(hits.total, &buckets).await;
    } else {
        page = store.page_of_known_job(permit, &query, page).await?;
        found(page.total())?;
    }
    page.finish()
}
