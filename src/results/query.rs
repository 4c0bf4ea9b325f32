//! One typed question to a store. The cluster renders it as search DSL, the embedded store as SQL; what it means is said
//! here, once.

use crate::error::{Error, Exception};

/// Longest term that an index of Elasticsearch can hold, in bytes.
const LONGEST_TERM: usize = 32_766;

/// A search over the results of one job. The job itself comes with the [`Permit`](crate::privileges::Permit).
#[derive(Debug, Clone, PartialEq)]
pub struct ResultsQuery {
    /// Stored `result_type`.
    pub result_type: ResultType,
    /// Which timestamps.
    pub times: Times,
    /// Keep only documents whose score field is at least the number.
    pub score: Option<(&'static str, f64)>,
    /// Keep only documents that are not `is_interim: true` (a missing field is final).
    pub exclude_interim: bool,
    /// Sort keys, most significant first. Field names come from the client and are not validated.
    pub sort: Vec<SortKey>,
    /// Documents to pass over. The store answers an Elasticsearch error where `from + size` exceeds 10,000.
    pub from: u32,
    /// Most documents to return.
    pub size: u32,
}

/// Kinds of result documents asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultType {
    Bucket,
    Record,
}

/// A condition on `timestamp`. Texts are what the client sent: the date field's format
/// (`strict_date_optional_time||epoch_millis`) and date maths decide what they mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Times {
    /// `start` is inclusive, `end` exclusive; neither is rounded.
    Range { start: Option<String>, end: Option<String> },
    /// A closed range whose upper end is the text rounded up to its last unit, as `match` on a date field.
    Match(String),
    /// Exactly one of these instants, in epoch milliseconds.
    AnyOf(Vec<i64>),
}

/// One sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    pub field: String,
    pub descending: bool,
    /// Sends `"missing": "_last"`; the default means the same, but genuine searches say it for some keys.
    pub missing_last: bool,
}

// === impl ResultType ===

impl ResultType {
    /// The stored value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ResultType::Bucket => "bucket",
            ResultType::Record => "record",
        }
    }
}

// === impl Times ===

impl Times {
    /// The refusal of an end of a range that no index could hold.
    #[must_use]
    pub fn too_long(&self) -> Option<Error> {
        let Self::Range { start, end } = self else { return None };
        let text = [start, end].into_iter().flatten().find(|text| text.len() > LONGEST_TERM)?;
        // Elasticsearch shows the first ten bytes, and what is left of the character there.
        let shown: String = text.char_indices().take_while(|&(at, _)| at < 10).map(|(_, c)| c).collect();
        let message = format!("Term is longer than maximum indexable length, term starting with [{shown}");
        Some(Error::bad_request(Exception::illegal_argument(message)))
    }
}

// === impl SortKey ===

impl SortKey {
    /// A key in the given direction.
    #[must_use]
    pub fn new(field: impl Into<String>, descending: bool) -> Self {
        Self { field: field.into(), descending, missing_last: false }
    }
}
