//! From a question to the body of a search. Its parts are written at once, not built first: that was a quarter of the
//! instructions of a page of 100.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, Value, to_raw_value};

use super::mapping::{Mapping, of_job};
use crate::{
    privileges::Permit,
    results::query::{ResultsQuery, SortKey, Times},
};

/// Names that a search takes, as names of objects, for other sorts than by a field. No field can have them.
const SORTS: [&str; 3] = ["_script", "_geo_distance", "_geoDistance"];

/// Bytes of a usual search.
const USUAL: usize = 1 << 10;

/// A part of a search, as JSON.
pub(super) type Part = Box<RawValue>;

/// An object of one member.
pub(super) struct One<K, V>(pub K, pub V);

/// The body of a search.
#[derive(Serialize)]
pub(super) struct Search {
    from: u32,
    size: u32,
    query: One<&'static str, One<&'static str, Vec<Part>>>,
    sort: Vec<Part>,
    track_total_hits: bool,
}

/// How is sorted by a field.
#[derive(Serialize)]
struct Sorted {
    order: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unmapped_type: Option<&'static str>,
}

// === impl One ===

impl<K: Serialize, V: Serialize> Serialize for One<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(&self.0, &self.1)])
    }
}

/// Writes a part. What cannot be written is `null`, which no search takes.
pub(super) fn part(value: &impl Serialize) -> Part {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The search for a question. The job is always part of it, whatever the target filters.
pub(super) fn render(permit: &Permit, query: &ResultsQuery, mapping: &Mapping) -> Search {
    let mut filters = vec![];
    match &query.times {
        Times::Range { start, end } => {
            let ends = [("gte", start), ("lt", end)];
            let range: BTreeMap<_, _> =
                ends.into_iter().filter_map(|(name, end)| Some((name, end.as_ref()?))).collect();
            if !range.is_empty() {
                filters.push(part(&One("range", One("timestamp", range))));
            }
        }
        Times::Match(text) => filters.push(part(&One("match", One("timestamp", One("query", text))))),
        Times::AnyOf(instants) => filters.push(part(&One("terms", One("timestamp", instants)))),
    }
    if let Some((field, least)) = query.score {
        // JSON has no infinity; as a string the field reads it as Java does.
        let least = if least.is_finite() { part(&least) } else { part(&"Infinity") };
        filters.push(part(&One("range", One(field, One("gte", least)))));
    }
    if query.exclude_interim {
        let interim = One("term", One("is_interim", One("value", true)));
        filters.push(part(&One("bool", One("must_not", [interim]))));
    }
    filters.push(mapping.of_type(query.result_type.as_str()));
    filters.push(of_job(permit.job().as_str()));
    let sort = query.sort.iter().map(|key| sorted_by(key, mapping)).collect();
    let query_of = One("bool", One("filter", filters));
    Search { from: query.from, size: query.size, query: query_of, sort, track_total_hits: true }
}

fn sorted_by(key: &SortKey, mapping: &Mapping) -> Part {
    // As a text it is a field, which is what Elastic's own server takes every name for.
    if SORTS.contains(&&*key.field) {
        return part(&key.field);
    }
    let sorted = Sorted {
        order: if key.descending { "desc" } else { "asc" },
        missing: key.missing_last.then_some("_last"),
        unmapped_type: mapping.may_lack(&key.field).then_some("keyword"),
    };
    part(&One(mapping.sorted_by(&key.field), sorted))
}

// === impl Search ===

impl Search {
    /// As it is sent.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(USUAL);
        // Nothing in it fails to be written; half a search would be refused.
        let _ = serde_json::to_writer(&mut text, self);
        text
    }

    /// As a document, to be changed.
    pub(super) fn document(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{Mapping, render};
    use crate::{
        privileges::Permit,
        results::{
            get_buckets::request::{GetBuckets, Page},
            job_id::JobId,
            query::ResultsQuery,
        },
    };

    /// Texts as they come, and those that mean something in a search.
    fn text() -> impl Strategy<Value = String> {
        const TELLING: [&str; 8] = [
            "job_id",
            "other",
            r#""}},{"match_all":{}}"#,
            r#"x"},"job_id":{"value":"other"#,
            "*",
            "_script",
            "2016-01-01||/d",
            "\u{0}\u{2028}\"\\",
        ];
        prop_oneof![".{0,40}", prop::sample::select(&TELLING[..]).prop_map(str::to_owned)]
    }

    fn asked() -> impl Strategy<Value = GetBuckets> {
        let page = proptest::option::of((0..i32::MAX, 0..i32::MAX).prop_map(|(from, size)| Page { from, size }));
        let texts = proptest::collection::vec(proptest::option::of(text()), 4);
        (text(), texts, any::<[bool; 3]>(), page, proptest::option::of(any::<f64>())).prop_map(
            |(job_id, mut texts, [expand, exclude_interim, descending], page, anomaly_score)| GetBuckets {
                timestamp: texts.pop().flatten(),
                start: texts.pop().flatten(),
                end: texts.pop().flatten(),
                sort: texts.pop().flatten().unwrap_or_else(|| "timestamp".into()),
                expand,
                exclude_interim,
                page,
                anomaly_score,
                descending,
                job_id,
            },
        )
    }

    fn query() -> impl Strategy<Value = ResultsQuery> {
        let records = proptest::collection::vec(any::<i64>(), 0..5);
        prop_oneof![
            asked().prop_map(|asked| asked.query()),
            (records, any::<bool>())
                .prop_map(|(times, settled)| crate::results::get_buckets::expand::records_at(times, settled))
        ]
    }

    /// Every object in the document that has this key.
    fn with_key<'a>(key: &str, value: &'a Value, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get(key));
                fields.values().for_each(|inner| with_key(key, inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| with_key(key, inner, found)),
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn every_search_keeps_to_the_permitted_job(id in "[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?", query in query()) {
            let permit = Permit::of_operator(JobId::parse(&id).unwrap(), HeaderMap::new());
            // as it is sent: a text, which is read again
            let body: Value = serde_json::from_slice(&render(&permit, &query, &Mapping::usual()).text()).unwrap();

            let mut jobs = Vec::new();
            with_key("job_id", &body["query"], &mut jobs);
            with_key("job_id.keyword", &body["query"], &mut jobs);
            prop_assert_eq!(&jobs, &[&serde_json::json!({ "value": id }), &serde_json::json!({ "value": id })]);
            // every clause must hold: there is nothing but one list of filters, and the job is one of them
            prop_assert_eq!(body["query"].as_object().unwrap().keys().collect::<Vec<_>>(), ["bool"]);
            prop_assert_eq!(body["query"]["bool"].as_object().unwrap().keys().collect::<Vec<_>>(), ["filter"]);
            let filters = body["query"]["bool"]["filter"].as_array().unwrap();
            let of_job: Value = serde_json::from_str(super::of_job(&id).get()).unwrap();
            prop_assert_eq!(filters.iter().filter(|filter| **filter == of_job).count(), 1);
            let keys: Vec<_> = body.as_object().unwrap().keys().collect();
            prop_assert_eq!(keys, ["from", "size", "query", "sort", "track_total_hits"]);
        }
    }
}
