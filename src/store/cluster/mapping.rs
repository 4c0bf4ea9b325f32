//! What a careless reindex leaves: without Elastic's mapping, texts are indexed word by word, with the whole beside it in a
//! field of its own. A job called `kpi` would find the results of `it-ops-kpi` then, and the alias of `it-ops-kpi` none.

use std::collections::BTreeSet;

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::render::{One, Part, part};
use crate::error::Error;

/// The fields that are filtered and sorted by as a whole.
const WHOLE: [&str; 7] =
    ["job_id", "result_type", "over_field_value", "partition_field_value", "by_field_value", "field_name", "function"];

/// How some indices hold these fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping {
    /// Those that are texts in any of the indices.
    texts: BTreeSet<&'static str>,
    /// Nothing is known of the indices.
    unknown: bool,
}

// === impl Mapping ===

impl Mapping {
    /// Elastic's own.
    pub(super) fn usual() -> Self {
        Self { texts: BTreeSet::new(), unknown: false }
    }

    /// Where nobody says.
    pub(super) fn unknown() -> Self {
        Self { texts: BTreeSet::new(), unknown: true }
    }

    /// What has to be asked for.
    pub(super) fn fields() -> String {
        let whole = |field: &&str| format!("{field},{field}.keyword");
        WHOLE.iter().map(whole).collect::<Vec<_>>().join(",")
    }

    /// Reads the answer to `_field_caps`.
    ///
    /// # Errors
    /// 502 where the documents of jobs cannot be told from each other.
    pub(super) fn read(answer: &Value) -> Result<Self, Error> {
        if !answer.get("fields").is_some_and(Value::is_object) {
            return Ok(Self::unknown());
        }
        let is_text = |field: &&str| !indices(answer, field, "text").is_empty();
        let texts: BTreeSet<_> = WHOLE.into_iter().filter(is_text).collect();
        for field in ["job_id", "result_type"] {
            let mut broken = indices(answer, field, "text");
            let whole = indices(answer, &format!("{field}.keyword"), "keyword");
            broken.retain(|index| !whole.contains(index));
            if !broken.is_empty() {
                let reason = format!("[{field}] is indexed as a text only: the results of jobs cannot be told apart");
                return Err(Error::store(StatusCode::BAD_GATEWAY, reason));
            }
        }
        Ok(Self { texts, unknown: false })
    }

    /// Whether aliases that filter by the job cannot be trusted to let all of its documents through.
    pub(super) fn breaks_aliases(&self) -> bool {
        self.texts.contains("job_id")
    }

    /// Keeps to the documents of the type.
    pub(super) fn of_type(&self, result_type: &str) -> Part {
        let is_usual = !self.unknown && !self.texts.contains("result_type");
        if is_usual { term("result_type", result_type) } else { either("result_type", result_type) }
    }

    /// Whether an index without Elastic's mapping may not have this field at all, as no document has it.
    pub(super) fn may_lack(&self, field: &str) -> bool {
        !self.texts.is_empty() && WHOLE.contains(&field)
    }

    /// The field that is sorted by.
    pub(super) fn sorted_by(&self, field: &str) -> String {
        if self.texts.contains(field) { format!("{field}.keyword") } else { field.to_owned() }
    }
}

/// Keeps to the documents of a job, whichever way an index holds it: what is known of a mapping may be old, and no job may
/// ever see another's results. Where there is no field with the whole beside it, half of this matches nothing.
pub(super) fn of_job(job: &str) -> Part {
    either("job_id", job)
}

/// The field has this value as a whole: beside it, or itself where there is nothing beside it.
fn either(field: &str, value: &str) -> Part {
    let whole = format!("{field}.keyword");
    let has_whole = One("exists", One("field", &whole));
    let without_whole = part(&One("bool", Without { filter: [term(field, value)], must_not: [part(&has_whole)] }));
    part(&One("bool", AtLeastOne { should: [term(&whole, value), without_whole], minimum_should_match: 1 }))
}

/// The indices in which a field is of a kind; none are listed where all of them hold it so.
fn indices<'a>(answer: &'a Value, field: &str, kind: &str) -> Vec<&'a str> {
    let names = |list: &'a Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match answer["fields"].get(field).and_then(|kinds| kinds.get(kind)) {
        Some(of) => of.get("indices").or_else(|| answer.get("indices")).map(names).unwrap_or_default(),
        None => Vec::new(),
    }
}

fn term(field: &str, value: &str) -> Part {
    part(&One("term", One(field, One("value", value))))
}

#[derive(Serialize)]
struct Without {
    filter: [Part; 1],
    must_not: [Part; 1],
}

#[derive(Serialize)]
struct AtLeastOne {
    should: [Part; 2],
    minimum_should_match: u8,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Mapping;

    #[test]
    fn texts_are_asked_for_as_a_whole() {
        let keyword = json!({"keyword": {}});
        let read = |job: Value, whole: Value, function: Value| {
            let fields = json!({
                "job_id": job, "job_id.keyword": whole, "result_type": {"keyword": {}}, "function": function,
            });
            Mapping::read(&json!({"indices": ["a", "b"], "fields": fields}))
        };
        let usual = read(keyword.clone(), json!({}), keyword.clone()).unwrap();
        assert_eq!(usual, Mapping::usual());
        assert_eq!(usual.of_type("bucket").get(), r#"{"term":{"result_type":{"value":"bucket"}}}"#);
        assert_ne!(Mapping::unknown().of_type("bucket").get(), usual.of_type("bucket").get());
        assert_eq!(usual.sorted_by("function"), "function");
        let half = json!({"keyword": {"indices": ["a"]}, "text": {"indices": ["b"]}});
        let whole_of = |index: &str| json!({"keyword": {"indices": [index]}, "unmapped": {"indices": ["c"]}});
        let bad = read(half.clone(), whole_of("b"), json!({"text": {}})).unwrap();
        assert!(bad.breaks_aliases() && !usual.breaks_aliases() && !Mapping::unknown().breaks_aliases());
        assert_eq!(bad.of_type("bucket").get(), usual.of_type("bucket").get());
        assert_eq!(bad.sorted_by("function"), "function.keyword");
        for (job, whole) in
            [(json!({"text": {}}), json!({})), (half, whole_of("a")), (json!({"text": {}}), whole_of("a"))]
        {
            assert_eq!(read(job, whole, keyword.clone()).unwrap_err().status.as_u16(), 502);
        }
        assert_eq!(Mapping::read(&json!({"error": "x"})).unwrap(), Mapping::unknown());
    }
}
