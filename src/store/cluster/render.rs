//! From a question to the body of a search.

use serde_json::{Value, json};

use super::mapping::{Mapping, of_job};
use crate::{
    privileges::Permit,
    results::query::{ResultsQuery, Times},
};

/// Names that a search takes, as names of objects, for other sorts than by a field. No field can have them.
const SORTS: [&str; 3] = ["_script", "_geo_distance", "_geoDistance"];

/// The search for a question. The job is always part of it, whatever the target filters.
pub(super) fn render(permit: &Permit, query: &ResultsQuery, mapping: &Mapping) -> Value {
    let mut filters = vec![];
    match &query.times {
        Times::Range { start, end } => {
            let mut range = serde_json::Map::new();
            if let Some(start) = start {
                range.insert("gte".into(), json!(start));
            }
            if let Some(end) = end {
                range.insert("lt".into(), json!(end));
            }
            if !range.is_empty() {
                filters.push(json!({"range": {"timestamp": range}}));
            }
        }
        Times::Match(text) => filters.push(json!({"match": {"timestamp": {"query": text}}})),
        Times::AnyOf(instants) => filters.push(json!({"terms": {"timestamp": instants}})),
    }
    if let Some((field, least)) = query.score {
        // JSON has no infinity; as a string the field reads it as Java does.
        let least = if least.is_finite() { json!(least) } else { json!("Infinity") };
        filters.push(json!({"range": {field: {"gte": least}}}));
    }
    if query.exclude_interim {
        filters.push(json!({"bool": {"must_not": [{"term": {"is_interim": {"value": true}}}]}}));
    }
    filters.push(mapping.of_type(query.result_type.as_str()));
    filters.push(of_job(permit.job().as_str()));
    let sort: Vec<Value> = query
        .sort
        .iter()
        .map(|key| {
            // As a text it is a field, which is what Elastic's own server takes every name for.
            if SORTS.contains(&&*key.field) {
                return json!(key.field);
            }
            let mut options = json!({"order": if key.descending { "desc" } else { "asc" }});
            if key.missing_last {
                options["missing"] = "_last".into();
            }
            if mapping.may_lack(&key.field) {
                options["unmapped_type"] = "keyword".into();
            }
            json!({mapping.sorted_by(&key.field): options})
        })
        .collect();
    json!({
        "from": query.from,
        "size": query.size,
        "query": {"bool": {"filter": filters}},
        "sort": sort,
        "track_total_hits": true,
    })
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
            let body: Value = serde_json::from_str(&render(&permit, &query, &Mapping::usual()).to_string()).unwrap();

            let mut jobs = Vec::new();
            with_key("job_id", &body["query"], &mut jobs);
            with_key("job_id.keyword", &body["query"], &mut jobs);
            prop_assert_eq!(&jobs, &[&serde_json::json!({ "value": id }), &serde_json::json!({ "value": id })]);
            // every clause must hold: there is nothing but one list of filters, and the job is one of them
            prop_assert_eq!(body["query"].as_object().unwrap().keys().collect::<Vec<_>>(), ["bool"]);
            prop_assert_eq!(body["query"]["bool"].as_object().unwrap().keys().collect::<Vec<_>>(), ["filter"]);
            let filters = body["query"]["bool"]["filter"].as_array().unwrap();
            let of_job = super::of_job(&id);
            prop_assert_eq!(filters.iter().filter(|filter| **filter == of_job).count(), 1);
            let keys: Vec<_> = body.as_object().unwrap().keys().collect();
            prop_assert_eq!(keys, ["from", "size", "query", "sort", "track_total_hits"]);
        }
    }
}
