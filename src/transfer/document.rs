//! What is moved: a document, and batches of them.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use sha2::{Digest as _, Sha256};

use crate::results::time::parse_indexed;

/// Where the configurations of jobs are.
pub const CONFIGURATIONS: &str = ".ml-config";
/// What the names of results indices begin with.
const RESULTS: &str = ".ml-anomalies-";
/// Where a result belongs that does not say so.
pub const DEFAULT_INDEX: &str = ".ml-anomalies-shared";

/// A document on its way.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its index at the target.
    pub index: Arc<str>,
    pub id: String,
    /// JSON, in one line.
    pub source: Bytes,
}

/// How far a source was read: all before it are in this batch or in earlier ones, and none of those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// A time in epoch milliseconds; of a file, the offset of a line.
    pub at: i64,
    /// Of a file, the lines before it.
    pub line: u64,
}

/// Documents that are written together.
#[derive(Debug, Default)]
pub struct Batch {
    pub documents: Vec<Document>,
    /// Documents that are written nowhere, and why.
    pub unfit: Vec<Rejected>,
    /// Where reading may go on once all until here is written; `None` between documents of one time.
    pub mark: Option<Mark>,
    /// Nothing follows.
    pub is_last: bool,
}

/// A document that cannot be moved, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its index and its id, or its place in a file.
    pub what: String,
    pub why: String,
}

/// What a document says of itself.
#[derive(Debug, Deserialize)]
pub struct Head<'a> {
    #[serde(borrow)]
    job_id: Option<&'a RawValue>,
    #[serde(borrow)]
    result_type: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    job_type: Option<&'a RawValue>,
}

// === impl Document ===

impl Document {
    /// Whether it is the configuration of a job.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        &*self.index == CONFIGURATIONS
    }

    /// Its size on the way, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.source.len() + self.id.len() + 64
    }
}

/// The name that an index gets at the target: an upgrade's copy gets the name of what it was copied from. `None` for what is no
/// index of results or of configurations.
#[must_use]
pub fn index_at_target(index: &str) -> Option<Cow<'_, str>> {
    let plain = match index.strip_prefix(".reindexed-v").and_then(|rest| rest.split_once("-ml-")) {
        Some((version, rest)) if version.bytes().all(|c| c.is_ascii_digit()) => Cow::Owned(format!(".ml-{rest}")),
        _ => Cow::Borrowed(index),
    };
    if plain == CONFIGURATIONS || plain.strip_prefix(CONFIGURATIONS).is_some_and(|rest| rest.starts_with('-')) {
        return Some(Cow::Borrowed(CONFIGURATIONS));
    }
    let name = plain.strip_prefix(RESULTS)?;
    let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_' | b'.');
    (!name.is_empty() && name.len() < 200 && !name.starts_with('.') && name.bytes().all(is_plain)).then_some(plain)
}

/// JSON in one line. A line break can only stand between values: in a text it is escaped.
#[must_use]
pub fn in_one_line(source: Bytes) -> Bytes {
    if memchr::memchr2(b'\n', b'\r', &source).is_none() {
        return source;
    }
    source.iter().map(|&c| if matches!(c, b'\n' | b'\r') { b' ' } else { c }).collect::<Vec<u8>>().into()
}

/// The id of a document that has none: the same whenever it is read from the same place.
#[must_use]
pub fn made_up_id(head: &Head<'_>, place: i64, source: &[u8]) -> String {
    let digest = Sha256::new().chain_update(place.to_be_bytes()).chain_update(source).finalize();
    let hex = digest.iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let name = |value: Option<&RawValue>, other: &str| value.and_then(text).unwrap_or_else(|| other.to_owned());
    format!("{}_{}_{hex}", name(head.job_id, "job"), name(head.result_type, "result"))
}

// === impl Head ===

impl<'a> Head<'a> {
    /// Reads it.
    ///
    /// # Errors
    /// Where the document is no JSON object.
    pub fn read(source: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(source)
    }

    /// The job; of several the first, as an index lists it.
    #[must_use]
    pub fn job(&self) -> Option<String> {
        self.job_id.and_then(text)
    }

    /// When it was; of several times the first.
    #[must_use]
    pub fn time(&self) -> Option<i64> {
        parse_indexed(&self.timestamp.and_then(text)?)
    }

    /// Whether it is the configuration of a job, whatever index it came from.
    #[must_use]
    pub fn is_configuration(&self) -> bool {
        self.job_type.and_then(text).is_some_and(|kind| kind == "anomaly_detector")
    }
}

/// A text, or a number as it is spelled; of several the first.
fn text(value: &RawValue) -> Option<String> {
    match serde_json::from_str(value.get()).ok()? {
        Value::String(text) => Some(text),
        Value::Number(_) => Some(value.get().to_owned()),
        Value::Array(list) => list.into_iter().find_map(|item| match item {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, in_one_line, index_at_target, made_up_id};

    #[test]
    fn names_at_the_target() {
        for (index, name) in [
            (".ml-anomalies-shared", Some(".ml-anomalies-shared")),
            (".ml-anomalies-custom-a.b_1-000002", Some(".ml-anomalies-custom-a.b_1-000002")),
            (".reindexed-v7-ml-anomalies-shared", Some(".ml-anomalies-shared")),
            (".reindexed-v8-ml-config", Some(".ml-config")),
            (".ml-config", Some(".ml-config")),
            (".ml-configuration", None),
            (".ml-anomalies-.write-j", None),
            (".ml-anomalies-", None),
            (".ml-anomalies-a/../b", None),
            (".ml-anomalies-a%2fb", None),
            (".ml-state-000001", None),
            ("logs", None),
        ] {
            assert_eq!(index_at_target(index).as_deref(), name, "{index}");
        }
    }

    #[test]
    fn what_a_document_says_of_itself() {
        let head = Head::read(br#"{"job_id":"j","timestamp":"2016-02-03T00:00:00Z","result_type":"bucket"}"#).unwrap();
        assert_eq!((head.job().as_deref(), head.time()), (Some("j"), Some(1_454_457_600_000)));
        let head = Head::read(br#"{"job_id":["a","b"],"timestamp":[5,6]}"#).unwrap();
        assert_eq!((head.job().as_deref(), head.time()), (Some("a"), Some(5)));
        assert!(Head::read(b"[]").is_err() && Head::read(b"{").is_err());
    }

    #[test]
    fn made_up_ids_are_the_same_again_and_differ_by_place() {
        let source = br#"{"job_id":"j","result_type":"bucket"}"#;
        let id = |place| made_up_id(&Head::read(source).unwrap(), place, source);
        assert_eq!(id(1), id(1));
        assert_ne!(id(1), id(2));
        assert!(id(1).starts_with("j_bucket_") && id(1).len() == 41, "{}", id(1));
    }

    #[test]
    fn lines_are_joined() {
        assert_eq!(in_one_line("{\n \"a\":\r\n1}".into()), "{  \"a\":  1}");
    }
}
