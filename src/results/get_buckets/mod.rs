//! Get Buckets: `GET|POST …/anomaly_detectors/{job_id}/results/buckets[/{timestamp}]`.

pub mod expand;
pub mod lines;
pub mod query;
pub mod reply;
pub mod request;

use crate::{
    error::Error,
    privileges::Permit,
    results::{
        documents::Style,
        query::{ResultsQuery, Times},
    },
    store::ResultsStore,
};
use reply::Buckets;
use request::GetBuckets;

/// Answers a permitted request: one search, and one more where records are asked for.
///
/// # Errors
/// 404 for an unknown job, then what the search fails with, then 404 where the one bucket that was asked for is not there.
pub async fn get_buckets(
    store: &dyn ResultsStore,
    permit: &Permit,
    request: &GetBuckets,
    style: Style,
) -> Result<Buckets, Error> {
    let query = request.query();
    if let Some(error) = query.times.too_long() {
        // An unknown job is said first.
        let times = Times::Range { start: None, end: None };
        let probe = ResultsQuery { times, sort: Vec::new(), from: 0, size: 0, ..query };
        return store.search_known_job(permit, &probe).await.and(Err(error));
    }
    let hits = store.search_known_job(permit, &query).await?;
    if request.timestamp.is_some() && hits.total == 0 {
        return Err(Error::not_found("Could not find requested buckets"));
    }
    if !request.expand {
        return Buckets::read(&hits, style);
    }
    let mut found = Buckets::read_whole(&hits, style)?;
    expand::expand(store, permit, &mut found.read_buckets(), request.exclude_interim).await?;
    Ok(found)
}
