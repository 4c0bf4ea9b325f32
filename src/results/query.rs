//! One typed question to a store. The cluster renders it as search DSL, the embedded store as SQL; what it means is said
//! here, once.

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

// === impl SortKey ===

impl SortKey {
    /// A key in the given direction.
    #[must_use]
    pub fn new(field: impl Into<String>, descending: bool) -> Self {
        Self { field: field.into(), descending, missing_last: false }
    }
}
