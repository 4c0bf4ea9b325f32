//! The records of a page of buckets, in as few searches as the result window allows.
//!
//! Elastic searches once for each bucket, one search after the other. Here all buckets of the page are asked for at once,
//! ordered by bucket first and as Elastic orders inside a bucket then. Where there are more records than one search may
//! return, the last bucket of the answer may be incomplete: the next search starts with it again. A bucket that fills a
//! whole answer alone has reached Elastic's own limit of records for a bucket.

use std::collections::{BTreeSet, HashMap};

use crate::{
    error::{Error, Exception},
    privileges::Permit,
    results::{
        documents::{bucket::Bucket, record::Record},
        query::{ResultType, ResultsQuery, SortKey, Times},
    },
    store::ResultsStore,
    xcontent::json::parser::JsonParser,
};

/// Most records of a bucket, and of an answer.
pub const MOST_RECORDS: u32 = 10_000;

/// Adds the records of every bucket that something influenced.
///
/// # Errors
/// As the store; or Elastic's refusal of a record that cannot be read.
pub async fn expand(
    store: &dyn ResultsStore,
    permit: &Permit,
    buckets: &mut [Bucket],
    exclude_interim: bool,
) -> Result<(), Error> {
    let mut wanted: BTreeSet<i64> = buckets.iter().filter(|b| b.is_expandable()).map(Bucket::timestamp).collect();
    let mut found: HashMap<i64, Vec<Record>> = HashMap::new();
    while !wanted.is_empty() {
        let query = records_at(wanted.iter().copied().collect(), exclude_interim);
        let answer = store.search(permit, &query).await?;
        let complete = answer.total <= answer.hits.len() as u64;
        let last = answer.hits.last().and_then(|hit| hit.timestamp);
        let mut round: HashMap<i64, Vec<Record>> = HashMap::new();
        for (hit, source) in answer.hits.iter().zip(answer.sources()) {
            let record =
                Record::read(&mut JsonParser::stored(source)).map_err(|refusal| Error::bad_request(*refusal))?;
            let at = hit.timestamp.ok_or_else(|| {
                Error::bad_request(Exception::illegal_argument(
                    "a record was found without the time it is indexed under",
                ))
            })?;
            round.entry(at).or_default().push(record);
        }
        match last {
            Some(last) if !complete => {
                let alone = round.len() == 1;
                if !alone {
                    round.remove(&last);
                }
                wanted = wanted.split_off(&last);
                if alone {
                    wanted.remove(&last);
                }
            }
            _ => wanted.clear(),
        }
        found.extend(round);
    }
    // Several buckets may have the same time: the last of them takes the records, the others copy them.
    let mut left: HashMap<i64, usize> = HashMap::new();
    for bucket in buckets.iter().filter(|bucket| bucket.is_expandable()) {
        *left.entry(bucket.timestamp()).or_default() += 1;
    }
    for bucket in buckets.iter_mut().filter(|bucket| bucket.is_expandable()) {
        let at = bucket.timestamp();
        let others = left.get_mut(&at).map_or(0, |left| {
            *left -= 1;
            *left
        });
        let records = if others == 0 { found.remove(&at) } else { found.get(&at).cloned() };
        bucket.add_records(records.unwrap_or_default());
    }
    Ok(())
}

/// The search for the records of these instants.
pub(crate) fn records_at(timestamps: Vec<i64>, exclude_interim: bool) -> ResultsQuery {
    let probability = SortKey { missing_last: true, ..SortKey::new("probability", false) };
    let names =
        ["record_score", "over_field_value", "partition_field_value", "by_field_value", "field_name", "function"];
    let mut sort = vec![SortKey::new("timestamp", false), probability];
    sort.extend(names.map(|name| SortKey::new(name, false)));
    ResultsQuery {
        result_type: ResultType::Record,
        times: Times::AnyOf(timestamps),
        score: None,
        exclude_interim,
        sort,
        from: 0,
        size: MOST_RECORDS,
    }
}
