//! A search: from the query to the page of documents.
//!
//! There are two ways to a page. Where the table's columns tell everything (times and scores, one value each), SQL sorts.
//! Else every document that may match is read, and the page is kept while reading.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params_from_iter, types::Value as SqlValue};

use super::{
    faults::{Refusal, WINDOW},
    mapping::{Kind, score_field},
    place::Place,
    reading::{Condition, Page, Reader},
    sort::Key,
    tally,
};
use crate::{
    error::Error,
    results::{
        job_id::JobId,
        query::{ResultsQuery, Times},
        time,
    },
    store::Taker,
};

/// The instants a search asks for, in epoch milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Instants {
    /// Both ends belong to it.
    Between(i64, i64),
    AnyOf(Vec<i64>),
}

/// The documents that columns can tell from others.
pub(super) struct Filter {
    pub(super) sql: String,
    pub(super) values: Vec<SqlValue>,
    /// The first and the last instant.
    span: Option<(i64, i64)>,
    /// Whether the score matters.
    by_score: bool,
}

/// Documents that are sorted in no time.
const FEW: u64 = 10_000;

/// Epoch milliseconds now.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

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
    let (instants, keys) = match understand(&transaction, place, query, now)? {
        Ok(understood) => understood,
        // without an index nothing refuses
        Err(_) if place.indices.is_empty() => return Ok(Ok(())),
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
    let known_score = query.score.is_none_or(|(field, _)| field == score_field(query.result_type.as_str()));
    let filter = if odd || !known_score { Filter::nothing(&list) } else { Filter::new(&list, &instants, query) };
    if let Some(order) = order_by(&keys, &series, query).filter(|_| !odd && known_score) {
        by_columns(&transaction, &filter, &series, &order, query, taker)?;
    } else {
        by_reading(&transaction, &filter, &series, Condition::new(&instants, query), keys, query, taker)?;
    }
    Ok(Ok(()))
}

/// What the query means, or why Elasticsearch refuses it: its times first, then its sort, then its window.
pub(super) fn understand(
    transaction: &Transaction<'_>,
    place: &Place,
    query: &ResultsQuery,
    now: i64,
) -> rusqlite::Result<Result<(Instants, Vec<Key>), Refusal>> {
    let dynamic = |path: &str| -> rusqlite::Result<Option<Kind>> {
        for (index, _) in &place.indices {
            let kind = transaction
                .prepare_cached("SELECT object FROM fields WHERE index_id = ?1 AND path = ?2")?
                .query_row((index, path), |row| Ok(if row.get(0)? { Kind::Object } else { Kind::Keyword }))
                .optional()?;
            if kind.is_some() {
                return Ok(kind);
            }
        }
        Ok(None)
    };
    let keys: Result<Vec<Key>, Refusal> =
        query.sort.iter().map(|key| Key::resolve(key, dynamic)).collect::<rusqlite::Result<Result<_, _>>>()?;
    let instants = match Instants::new(&query.times, now) {
        Ok(instants) => instants,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let window = u64::from(query.from) + u64::from(query.size);
    Ok(keys.and_then(|keys| if window > WINDOW { Err(Refusal::Window(window)) } else { Ok((instants, keys)) }))
}

/// The numbers under which the job's documents of this type are kept, one for each index.
pub(super) fn series(
    transaction: &Transaction<'_>,
    place: &Place,
    job: &JobId,
    query: &ResultsQuery,
) -> rusqlite::Result<Vec<i64>> {
    let mut statement =
        transaction.prepare_cached("SELECT id FROM series WHERE job = ?1 AND type = ?2 AND index_id = ?3")?;
    let found = place.indices.iter().map(|(index, _)| {
        statement.query_row((job.as_str(), query.result_type.as_str(), index), |row| row.get(0)).optional()
    });
    found.filter_map(Result::transpose).collect()
}

/// The `ORDER BY` terms, where all keys are columns.
pub(super) fn order_by(keys: &[Key], series: &[i64], query: &ResultsQuery) -> Option<String> {
    let direction = |descending: bool| if descending { "DESC" } else { "ASC" };
    let mut terms = Vec::new();
    for key in keys {
        match key {
            Key::Same => {}
            Key::Index { .. } if series.len() == 1 => {}
            Key::Insertion { descending } => terms.push(format!("seq {}", direction(*descending))),
            Key::Field { path, descending, .. } if path == "timestamp" => {
                terms.push(format!("time {}", direction(*descending)));
            }
            Key::Field { path, descending, .. } if path == score_field(query.result_type.as_str()) => {
                terms.push(format!("score {} NULLS LAST", direction(*descending)));
            }
            Key::Index { .. } | Key::Field { .. } => return None,
        }
    }
    if series.len() > 1 {
        let ranks: Vec<_> = series.iter().enumerate().map(|(rank, id)| format!("WHEN {id} THEN {rank}")).collect();
        terms.push(format!("CASE series {} END", ranks.join(" ")));
    }
    terms.push("seq".into());
    Some(terms.join(", "))
}

fn by_columns(
    transaction: &Transaction<'_>,
    filter: &Filter,
    series: &[i64],
    order: &str,
    query: &ResultsQuery,
    taker: &mut impl Taker,
) -> rusqlite::Result<()> {
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
    let page: Vec<(i64, Option<i64>)> = transaction
        .prepare_cached(&format!(
            "SELECT seq, time FROM results INDEXED BY {index} WHERE {sql} ORDER BY {order} LIMIT {size} OFFSET {from}"
        ))?
        .query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    fetch(transaction, total, &page, taker)
}

fn by_reading(
    transaction: &Transaction<'_>,
    filter: &Filter,
    series: &[i64],
    condition: Condition,
    keys: Vec<Key>,
    query: &ResultsQuery,
    taker: &mut impl Taker,
) -> rusqlite::Result<()> {
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
    let (total, found) = page.finish();
    fetch(transaction, total, &found, taker)
}

/// Gives away the documents with these numbers.
pub(super) fn fetch(
    transaction: &Transaction<'_>,
    total: u64,
    page: &[(i64, Option<i64>)],
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

pub(super) fn source<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a [u8]> {
    Ok(row.get_ref(column)?.as_blob()?)
}

// === impl Instants ===

impl Instants {
    fn new(times: &Times, now: i64) -> Result<Self, Refusal> {
        match times {
            Times::Range { start, end } => {
                let read = |text: &String| time::resolve(text, now, false).map_err(Refusal::Range);
                let start = start.as_ref().map(read).transpose()?.unwrap_or(i64::MIN);
                let end = end.as_ref().map(read).transpose()?;
                // nothing is before the first instant
                Ok(match end {
                    Some(i64::MIN) => Self::AnyOf(Vec::new()),
                    Some(end) => Self::Between(start, end - 1),
                    None => Self::Between(start, i64::MAX),
                })
            }
            Times::Match(text) => {
                let read = |round_up| time::resolve(text, now, round_up).map_err(Refusal::Match);
                Ok(Self::Between(read(false)?, read(true)?))
            }
            Times::AnyOf(instants) => Ok(Self::AnyOf(instants.clone())),
        }
    }

    pub(super) fn contains(&self, instant: i64) -> bool {
        match self {
            Self::Between(first, last) => (*first..=*last).contains(&instant),
            Self::AnyOf(instants) => instants.contains(&instant),
        }
    }

    /// Whether documents without a time belong to it as well: nothing was asked of the time.
    pub(super) fn is_everything(&self) -> bool {
        *self == Self::Between(i64::MIN, i64::MAX)
    }
}

// === impl Filter ===

impl Filter {
    pub(super) fn new(series: &str, instants: &Instants, query: &ResultsQuery) -> Self {
        let mut filter = Self::nothing(series);
        match instants {
            _ if instants.is_everything() => {}
            Instants::Between(first, last) => {
                filter.sql += " AND time BETWEEN ? AND ?";
                filter.values.extend([SqlValue::Integer(*first), SqlValue::Integer(*last)]);
            }
            Instants::AnyOf(instants) => {
                // one bound value however many instants there are
                filter.sql += " AND time IN (SELECT value FROM json_each(?))";
                filter.values.push(SqlValue::Text(serde_json::to_string(instants).unwrap_or_default()));
            }
        }
        if query.exclude_interim {
            filter.sql += " AND interim IS NOT 1";
        }
        if let Instants::Between(first, last) = instants {
            filter.span = Some((*first, *last));
        }
        if let Some((_, least)) = query.score {
            filter.sql += " AND score >= ?";
            filter.values.push(SqlValue::Real(least));
            filter.by_score = true;
        }
        filter
    }

    pub(super) fn nothing(series: &str) -> Self {
        Self { sql: format!("series IN ({series})"), values: Vec::new(), span: None, by_score: false }
    }
}
