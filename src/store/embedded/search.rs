//! A search: from the query to the page of documents.
//!
//! There are two ways to a page. Where the table's columns tell everything (times and scores, one value each), SQL sorts.
//! Else every document that may match is read, and the page is kept while reading.

use rusqlite::{Connection, Row, Transaction, params_from_iter};

use super::{
    place::Place,
    question::{Filter, Question, Way},
    reading::{Condition, Page, Reader},
    sort::Key,
    tally,
};
use crate::{
    error::Error,
    results::{job_id::JobId, query::ResultsQuery},
    store::Taker,
};

/// The number and the time of a document.
pub(super) type Found = (i64, Option<i64>);

/// Documents that are sorted in no time.
const FEW: u64 = 10_000;

/// Searches the job's results in one consistent state of the file.
pub(super) fn search(
    connection: &mut Connection,
    place: &Place,
    job: &JobId,
    query: &ResultsQuery,
    now: i64,
    taker: &mut impl Taker,
) -> rusqlite::Result<Result<(), Error>> {
    taker.begin(0);
    let transaction = connection.transaction()?;
    let Question { series, filter, way } = match Question::of(&transaction, place, job, query, now)? {
        Ok(Some(question)) => question,
        Ok(None) => return Ok(Ok(())),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (total, page) = match way {
        Way::Columns { order } => by_columns(&transaction, &filter, &series, &order, query)?,
        Way::Reading { condition, keys } => by_reading(&transaction, &filter, &series, condition, keys, query)?,
    };
    fetch(&transaction, total, &page, taker)?;
    Ok(Ok(()))
}

fn by_columns(
    transaction: &Transaction<'_>,
    filter: &Filter,
    series: &[i64],
    order: &str,
    query: &ResultsQuery,
) -> rusqlite::Result<(u64, Vec<Found>)> {
    let Filter { sql, values, span, by_score } = filter;
    let within = match span {
        Some((first, last)) => {
            let counts = series.iter().map(|id| tally::count(transaction, *id, *first, *last, query.exclude_interim));
            Some(counts.sum::<rusqlite::Result<u64>>()?)
        }
        None => None,
    };
    let narrower = if *by_score && within.is_some_and(|within| within > FEW) { "by_score" } else { "by_time" };
    let total = match within.filter(|_| !by_score) {
        Some(total) => total,
        None => transaction
            .prepare_cached(&format!("SELECT count(*) FROM results INDEXED BY {narrower} WHERE {sql}"))?
            .query_row(params_from_iter(values), |row| row.get(0))?,
    };
    // A few are sorted, of many the first ones are found in order.
    let index = match order.split(' ').next() {
        _ if total <= FEW => narrower,
        Some("score") => "by_score",
        _ => "by_time",
    };
    let (size, from) = (query.size, query.from);
    let page: Vec<Found> = transaction
        .prepare_cached(&format!(
            "SELECT seq, time FROM results INDEXED BY {index} WHERE {sql} ORDER BY {order} LIMIT {size} OFFSET {from}"
        ))?
        .query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok((total, page))
}

/// The number of all documents that answer, and the page of them.
pub(super) fn by_reading(
    transaction: &Transaction<'_>,
    filter: &Filter,
    series: &[i64],
    condition: Condition,
    keys: Vec<Key>,
    query: &ResultsQuery,
) -> rusqlite::Result<(u64, Vec<Found>)> {
    let mut page = Page::new(keys, series, query);
    let mut reader = Reader::new(condition, page.keys());
    let mut statement =
        transaction.prepare_cached(&format!("SELECT seq, series, source FROM results WHERE {}", filter.sql))?;
    let mut rows = statement.query(params_from_iter(&filter.values))?;
    while let Some(row) = rows.next()? {
        if let Some(read) = reader.read(source(row, 2)?) {
            page.add(row.get(0)?, row.get(1)?, read);
        }
    }
    Ok(page.finish())
}

/// Gives away the documents with these numbers.
pub(super) fn fetch(
    transaction: &Transaction<'_>,
    total: u64,
    page: &[Found],
    taker: &mut impl Taker,
) -> rusqlite::Result<()> {
    taker.begin(total);
    let mut statement = transaction.prepare_cached("SELECT source FROM results WHERE seq = ?1")?;
    for (seq, timestamp) in page {
        statement.query_row([seq], |row| source(row, 0).map(|source| taker.take(source, *timestamp)))?;
        if let Some(spool) = taker.spool().filter(|spool| spool.is_full()) {
            spool.spill();
        }
    }
    Ok(())
}

fn source<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a [u8]> {
    Ok(row.get_ref(column)?.as_blob()?)
}
