//! All documents that answer a question, page by page, in one consistent state of the file: a statement of SQLite's that
//! stands still while its reader does.

use rusqlite::{Connection, Transaction, params_from_iter};
use tokio::sync::mpsc::Receiver;

use super::{
    mapping::score_field,
    place::Place,
    reading::{Condition, Page, Reader},
    search::{Filter, fetch, order_by, series, source, understand},
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
    let (instants, keys) = match understand(&transaction, place, &unlimited, now)? {
        Ok(understood) => understood,
        Err(refusal) => {
            let names: Vec<String> = place.indices.iter().map(|(_, name)| name.clone()).collect();
            return Ok(Err(refusal.error(&names)));
        }
    };
    let series = series(&transaction, place, job, query)?;
    if series.is_empty() {
        return Ok(Ok(()));
    }
    let list = series.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let odd =
        transaction.prepare(&format!("SELECT 1 FROM results WHERE series IN ({list}) AND odd LIMIT 1"))?.exists([])?;
    let by_columns = !odd && query.score.is_none_or(|(field, _)| field == score_field(query.result_type.as_str()));
    let filter = if by_columns { Filter::new(&list, &instants, query) } else { Filter::nothing(&list) };
    let rows = rows_of_page(query.size) as usize;
    let mut page = Vec::with_capacity(rows);
    if let Some(order) = order_by(&keys, &series, query).filter(|_| by_columns) {
        let (size, from, sql) = (query.size, query.from, &filter.sql);
        let mut statement = transaction.prepare_cached(&format!(
            "SELECT seq, time FROM results WHERE {sql} ORDER BY {order} LIMIT {size} OFFSET {from}"
        ))?;
        let mut found = statement.query(params_from_iter(&filter.values))?;
        while let Some(row) = found.next()? {
            page.push((row.get(0)?, row.get(1)?));
            if page.len() == rows {
                let hits = hits(&transaction, &page)?;
                page.clear();
                if !take(hits) {
                    return Ok(Ok(()));
                }
            }
        }
    } else {
        // What stands in no column is kept for all documents: their keys, and not they themselves.
        let mut all = Page::new(keys, &series, query);
        let mut reader = Reader::new(Condition::new(&instants, query), all.keys());
        let mut statement =
            transaction.prepare_cached(&format!("SELECT seq, series, source FROM results WHERE {}", filter.sql))?;
        let mut found = statement.query(params_from_iter(&filter.values))?;
        while let Some(row) = found.next()? {
            if let Some(read) = reader.read(source(row, 2)?) {
                all.add(row.get(0)?, row.get(1)?, read);
            }
        }
        let (_, sorted) = all.finish();
        for part in sorted.chunks(rows) {
            if !take(hits(&transaction, part)?) {
                return Ok(Ok(()));
            }
        }
    }
    if !page.is_empty() {
        take(hits(&transaction, &page)?);
    }
    Ok(Ok(()))
}

fn hits(transaction: &Transaction<'_>, page: &[(i64, Option<i64>)]) -> rusqlite::Result<Hits> {
    let mut hits = Hits::default();
    fetch(transaction, page.len() as u64, page, &mut hits)?;
    Ok(hits)
}
