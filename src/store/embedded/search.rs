//! One question to the store, rendered as SQL.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value as SqlValue};

use super::{faults::all_shards_failed, sort::order_by};
use crate::{
    error::{Error, Exception},
    results::{
        job_id::JobId,
        query::{ResultsQuery, Times},
        time,
    },
    store::{Hit, Hits},
};

/// Elasticsearch's `index.max_result_window`.
const WINDOW: u32 = 10_000;

/// Epoch milliseconds.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Whether any document of the job is there.
pub(super) fn has_results(connection: &Connection, job: &JobId) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM results WHERE job = ?1 LIMIT 1")?.exists([job.as_str()])
}

/// Searches the job's results in one consistent state of the file.
pub(super) fn search(
    connection: &mut Connection,
    job: &JobId,
    query: &ResultsQuery,
    now: i64,
) -> rusqlite::Result<Result<Hits, Error>> {
    let transaction = connection.transaction()?;
    let index: Option<String> = transaction
        .prepare_cached("SELECT index_name FROM results WHERE job = ?1 ORDER BY id LIMIT 1")?
        .query_row([job.as_str()], |row| row.get(0))
        .optional()?;
    let Some(index) = index else { return Ok(Ok(Hits::default())) };
    let refuse = |refusal: Exception| Ok(Err(all_shards_failed(&index, &refusal)));

    let mut values = vec![SqlValue::Text(job.as_str().into()), SqlValue::Text(query.result_type.as_str().into())];
    let mut conditions = vec!["job = ?1".to_owned(), "type = ?2".to_owned()];
    if let Err(refusal) = time_condition(&query.times, now, &mut conditions, &mut values) {
        return refuse(*refusal);
    }
    if let Some((_, least)) = query.score {
        values.push(SqlValue::Real(least));
        conditions.push(format!("score >= ?{}", values.len()));
    }
    if query.exclude_interim {
        conditions.push("interim IS NOT 1".into());
    }
    let bound = values.len();
    let is_dynamic =
        |path: &str| transaction.prepare_cached("SELECT 1 FROM dynamic_fields WHERE path = ?1")?.exists([path]);
    let order = match order_by(&query.sort, &index, &mut values, is_dynamic)? {
        Ok(order) => order,
        Err(refusal) => return refuse(refusal),
    };
    let window = u64::from(query.from) + u64::from(query.size);
    if window > WINDOW.into() {
        return refuse(Exception::illegal_argument(format!(
            "Result window is too large, from + size must be less than or equal to: [{WINDOW}] but was [{window}]. See the scroll api for a more efficient way to request large data sets. This limit can be set by changing the [index.max_result_window] index level setting."
        )));
    }

    let conditions = conditions.join(" AND ");
    let total: u64 = transaction
        .prepare_cached(&format!("SELECT count(*) FROM results WHERE {conditions}"))?
        .query_row(params_from_iter(&values[..bound]), |row| row.get(0))?;
    let mut page = transaction.prepare_cached(&format!(
        "SELECT source, time FROM results WHERE {conditions} ORDER BY {order} LIMIT {} OFFSET {}",
        query.size, query.from
    ))?;
    let mut rows = page.query(params_from_iter(&values))?;
    let mut text = Vec::new();
    let mut hits = Vec::new();
    while let Some(row) = rows.next()? {
        let start = text.len();
        text.extend_from_slice(row.get_ref(0)?.as_blob()?);
        hits.push(Hit { source: start..text.len(), timestamp: row.get(1)? });
    }
    Ok(Ok(Hits { total, text: text.into(), hits }))
}

fn time_condition(
    times: &Times,
    now: i64,
    conditions: &mut Vec<String>,
    values: &mut Vec<SqlValue>,
) -> Result<(), Box<Exception>> {
    let mut bound = |comparison: &str, millis: i64| {
        values.push(SqlValue::Integer(millis));
        conditions.push(format!("time {comparison} ?{}", values.len()));
    };
    match times {
        Times::Range { start, end } => {
            if let Some(start) = start {
                bound(">=", time::resolve(start, now, false)?);
            }
            if let Some(end) = end {
                bound("<", time::resolve(end, now, false)?);
            }
        }
        Times::Match(text) => {
            bound(">=", time::resolve(text, now, false)?);
            bound("<=", time::resolve(text, now, true)?);
        }
        Times::AnyOf(instants) => {
            // One bound value however many instants there are.
            let list = serde_json::to_string(instants).unwrap_or_default();
            values.push(SqlValue::Text(list));
            conditions.push(format!("time IN (SELECT value FROM json_each(?{}))", values.len()));
        }
    }
    Ok(())
}
