//! Sorting by any field: which fields can be sorted by, and the value that a document sorts under.

use std::cmp::Ordering;

use super::{
    document::Value,
    faults::Refusal,
    mapping::{self, Kind, is_in_nested},
};
use crate::results::query::SortKey;

/// What a sort key means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    /// The order in which documents were stored.
    Insertion { descending: bool },
    /// The name of the index.
    Index { descending: bool },
    /// Every document has the same value.
    Same,
    /// A field's values: of several the least counts upwards, the greatest downwards.
    Field { path: String, kind: Kind, descending: bool },
}

/// The value of one document under one key; `None` where the field is missing.
pub(super) type SortValue = Option<Value>;

// === impl Key ===

impl Key {
    /// What the key means in an index whose dynamic fields `dynamic` knows.
    ///
    /// # Errors
    /// Inner: why Elasticsearch does not sort by it. Outer: where `dynamic` fails.
    pub(super) fn resolve<E>(
        key: &SortKey,
        dynamic: impl Fn(&str) -> Result<Option<Kind>, E>,
    ) -> Result<Result<Self, Refusal>, E> {
        let descending = key.descending;
        let name = key.field.as_str();
        let path = if name == "@timestamp" { "timestamp" } else { name };
        Ok(Err(match path {
            "_doc" | "_shard_doc" | "_seq_no" => return Ok(Ok(Self::Insertion { descending })),
            "_index" => return Ok(Ok(Self::Index { descending })),
            // filters do not score, versions are not kept, and nothing that was ignored is stored
            "_score" | "_version" | "_ignored" => return Ok(Ok(Self::Same)),
            "_id" => Refusal::Id,
            "_source"
            | "_field_names"
            | "_routing"
            | "_tier"
            | "_nested_path"
            | "_doc_count"
            | "_data_stream_timestamp"
            | "_ignored_source" => Refusal::NoFielddata(name.to_owned()),
            _ => {
                let kind = match mapping::kind(path) {
                    Some(kind) => Some(kind),
                    None => dynamic(path)?,
                };
                match kind {
                    None | Some(Kind::Object | Kind::Nested | Kind::Disabled | Kind::Alias) => {
                        Refusal::Unmapped(name.to_owned())
                    }
                    Some(_) if is_in_nested(path) => Refusal::Nested(name.to_owned()),
                    Some(Kind::Text) => Refusal::Text(name.to_owned()),
                    Some(Kind::GeoPoint) => Refusal::GeoPoint,
                    Some(kind) => return Ok(Ok(Self::Field { path: path.to_owned(), kind, descending })),
                }
            }
        }))
    }

    fn is_descending(&self) -> bool {
        match self {
            Self::Same => false,
            Self::Insertion { descending } | Self::Index { descending } | Self::Field { descending, .. } => *descending,
        }
    }

    /// The value that counts of the values of a field, and what stands for a missing one: for a number the last possible
    /// value in the direction, which equals a stored one of the same size.
    pub(super) fn choose(&self, values: impl Iterator<Item = Value>) -> SortValue {
        let Self::Field { kind, descending, .. } = self else { return None };
        let chosen = if *descending { values.max_by(compare_values) } else { values.min_by(compare_values) };
        chosen.or(match (kind, descending) {
            (Kind::Double, false) => Some(Value::Real(f64::INFINITY)),
            (Kind::Double, true) => Some(Value::Real(f64::NEG_INFINITY)),
            (Kind::Integer, false) => Some(Value::Integer(i32::MAX.into())),
            (Kind::Integer, true) => Some(Value::Integer(i32::MIN.into())),
            (Kind::Keyword, _) => None,
            (_, false) => Some(Value::Integer(i64::MAX)),
            (_, true) => Some(Value::Integer(i64::MIN)),
        })
    }

    /// Compares two values under this key; missing ones come last in both directions.
    pub(super) fn compare(&self, a: &SortValue, b: &SortValue) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.is_descending() => compare_values(b, a),
            (Some(a), Some(b)) => compare_values(a, b),
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
        }
    }
}

/// Values of one kind; keywords by their bytes.
fn compare_values(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Real(a), Value::Real(b)) => a.total_cmp(b),
        (Value::Keyword(a), Value::Keyword(b)) => a.as_bytes().cmp(b.as_bytes()),
        _ => Ordering::Equal,
    }
}
