//! All documents that answer a question, page by page, in one consistent state of the file: a statement of SQLite's that
//! stands still while its reader does.

use rusqlite::{Connection, Transaction, params_from_iter};
use tokio::sync::mpsc::Receiver;

use super::{
    place::Place,
    question::{Question, Way},
    search::{Found, by_reading, fetch},
};
use crate::{
    error::Error,
    results::{job_id::JobId, query::ResultsQuery},
    store::{Answer, Hits, Pages, rows_of_page},
};

/// Pages as a thread that may block reads them.
pub(super) struct Cursor(pub(super) Receiver<Result<Hits, Error>>);

impl Pages for Cursor {
    fn next(&mut self) -> Answer<'_, Option<Hits>> {
        Box::pin(async move { self.0.recv().await.transpose() })
    }
}

/// Gives `take` one page after the other, until it wants no more.
pub(super) fn scan(
    connection: &mut Connection,
    place: &Place,
    job: &JobId,
    query: &ResultsQuery,
    now: i64,
    take: &mut dyn FnMut(Hits) -> bool,
) -> rusqlite::Result<Result<(), Error>> {
    let transaction = connection.transaction()?;
    // The window is for single pages.
    let unlimited = ResultsQuery { from: 0, size: 0, ..query.clone() };
    let Question { series, filter, way } = match Question::of(&transaction, place, job, &unlimited, now)? {
        Ok(Some(question)) => question,
        Ok(None) => return Ok(Ok(())),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let rows = rows_of_page(query.size) as usize;
    match way {
        Way::Columns { order } => {
            let (size, from, sql) = (query.size, query.from, &filter.sql);
            let mut statement = transaction.prepare_cached(&format!(
                "SELECT seq, time FROM results WHERE {sql} ORDER BY {order} LIMIT {size} OFFSET {from}"
            ))?;
            let mut found =
                statement.query_map(params_from_iter(&filter.values), |row| Ok((row.get(0)?, row.get(1)?)))?;
            loop {
                let page: Vec<Found> = found.by_ref().take(rows).collect::<Result<_, _>>()?;
                if page.is_empty() || !take(hits(&transaction, &page)?) {
                    return Ok(Ok(()));
                }
            }
        }
        Way::Reading { condition, keys } => {
            // What stands in no column is kept for all documents: their keys, and not they themselves.
            let (_, sorted) = by_reading(&transaction, &filter, &series, condition, keys, query)?;
            for page in sorted.chunks(rows) {
                if !take(hits(&transaction, page)?) {
                    break;
                }
            }
            Ok(Ok(()))
        }
    }
}

fn hits(transaction: &Transaction<'_>, page: &[Found]) -> rusqlite::Result<Hits> {
    let mut hits = Hits::default();
    fetch(transaction, page.len() as u64, page, &mut hits)?;
    Ok(hits)
}
