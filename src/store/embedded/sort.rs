//! Sorting by any field: which fields can be sorted by, and the value that a document sorts under.

use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::{ToSqlOutput, Value as SqlValue},
};
use serde_json::Value;

use super::{
    document::{boolean, date, double, keyword},
    faults::query_shard,
    mapping::{self, Kind},
};
use crate::{error::Exception, results::query::SortKey};

/// The `ORDER BY` terms of a list of sort keys; bound values are pushed to `values`. Missing values come last in both
/// directions, ties keep the order in which documents were stored.
pub(super) fn order_by(
    keys: &[SortKey],
    index: &str,
    values: &mut Vec<SqlValue>,
    is_dynamic: impl Fn(&str) -> rusqlite::Result<bool>,
) -> rusqlite::Result<Result<String, Exception>> {
    let mut terms = Vec::new();
    for key in keys {
        let direction = if key.descending { "DESC" } else { "ASC" };
        let field = mapping::resolve(&key.field);
        let column = match field {
            "timestamp" => "time".to_owned(),
            "anomaly_score" => "score".to_owned(),
            "_doc" => {
                terms.push(format!("id {direction}"));
                continue;
            }
            // Every hit of a filter has the same score.
            "_score" => continue,
            "_id" => {
                let reason = "Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster setting: indices.id_field_data.enabled";
                return Ok(Err(Exception::illegal_argument(reason)));
            }
            _ => {
                let kind = match mapping::kind(field) {
                    Some(kind) => kind,
                    None if is_dynamic(field)? => Kind::Keyword,
                    None => {
                        let reason = format!("No mapping found for [{}] in order to sort on", key.field);
                        return Ok(Err(query_shard(index, reason)));
                    }
                };
                match kind {
                    Kind::Nested => {
                        let reason =
                            format!("it is mandatory to set the [nested] context on the nested sort field: [{field}].");
                        return Ok(Err(query_shard(index, reason)));
                    }
                    Kind::Text => {
                        let reason = format!(
                            "Fielddata is disabled on [{field}] in [{index}]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, set fielddata=true on [{field}] in order to load field data by uninverting the inverted index. Note that this can use significant memory."
                        );
                        return Ok(Err(Exception::illegal_argument(reason)));
                    }
                    _ => {}
                }
                values.push(SqlValue::Text(field.to_owned()));
                format!("sort_value(source, ?{}, {}, {})", values.len(), code(kind), key.descending)
            }
        };
        terms.push(format!("{column} IS NULL, {column} {direction}"));
    }
    terms.push("id ASC".into());
    Ok(Ok(terms.join(", ")))
}

/// Makes `sort_value(source, field, kind, descending)` known to a connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function("sort_value", 4, flags, |context| {
        let source: Value = match context.get_raw(0).as_blob() {
            Ok(source) => serde_json::from_slice(source).unwrap_or_default(),
            Err(_) => Value::Null,
        };
        let (field, kind, descending) = arguments(context)?;
        let mut found = Vec::new();
        collect(&source, &field, kind, &mut found);
        // Of several values the least counts upwards, the greatest downwards.
        found.sort_by(compare);
        let chosen = if descending { found.pop() } else { found.into_iter().next() };
        Ok(ToSqlOutput::Owned(chosen.unwrap_or(SqlValue::Null)))
    })
}

fn arguments(context: &Context<'_>) -> rusqlite::Result<(String, i64, bool)> {
    Ok((context.get(1)?, context.get(2)?, context.get(3)?))
}

fn code(kind: Kind) -> i64 {
    match kind {
        Kind::Date => 1,
        Kind::Double => 2,
        Kind::Long => 3,
        Kind::Boolean => 4,
        Kind::Keyword | Kind::Text | Kind::Nested => 0,
    }
}

/// Values of a dotted path, through objects, arrays and names that contain dots themselves.
fn collect(value: &Value, path: &str, kind: i64, found: &mut Vec<SqlValue>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, kind, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == path {
                    collect(value, "", kind, found);
                } else if let Some(rest) = path.strip_prefix(&**name).and_then(|rest| rest.strip_prefix('.')) {
                    collect(value, rest, kind, found);
                }
            }
        }
        leaf if path.is_empty() => found.extend(match kind {
            1 => date(leaf).map(SqlValue::Integer),
            2 => double(leaf).map(SqlValue::Real),
            #[expect(clippy::cast_possible_truncation, reason = "an integer field cuts fractions off")]
            3 => leaf.as_i64().or_else(|| double(leaf).map(|value| value as i64)).map(SqlValue::Integer),
            4 => boolean(leaf).map(|value| SqlValue::Integer(value.into())),
            // Bytes, so that SQLite compares them as Lucene does.
            _ => keyword(leaf).map(|text| SqlValue::Blob(text.into_bytes())),
        }),
        _ => {}
    }
}

fn compare(a: &SqlValue, b: &SqlValue) -> std::cmp::Ordering {
    match (a, b) {
        (SqlValue::Integer(a), SqlValue::Integer(b)) => a.cmp(b),
        (SqlValue::Real(a), SqlValue::Real(b)) => a.total_cmp(b),
        (SqlValue::Blob(a), SqlValue::Blob(b)) => a.cmp(b),
        _ => std::cmp::Ordering::Equal,
    }
}
