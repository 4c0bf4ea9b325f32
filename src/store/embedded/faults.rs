//! The errors of a search, as Elasticsearch's coordinating node reports them when every shard refuses it.

use http::StatusCode;

use crate::{
    error::{Error, Exception, Fault},
    xcontent::Node,
};

/// What stands for ids that only a cluster has. They are as long as real ones.
const NODE: &str = "mlgate-embedded-store0";
const INDEX_UUID: &str = "mlgate-embedded-index0";

/// Most documents that a search may pass over and return.
pub(super) const WINDOW: u64 = 10_000;

/// Why an index refuses a search. The text of some refusals names the index.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// A time of a range cannot be read.
    Range(Box<Exception>),
    /// A time of a match cannot be read.
    Match(Box<Exception>),
    Unmapped(String),
    Nested(String),
    /// A text field, which has no values to sort by.
    Text(String),
    /// A field of Elasticsearch's own without values to sort by.
    NoFielddata(String),
    Id,
    GeoPoint,
    /// How many documents were asked for.
    Window(u64),
}

// === impl Refusal ===

impl Refusal {
    /// The error document of a search over these indices, in the order of their names.
    pub(super) fn error(&self, indices: &[String]) -> Error {
        let reasons: Vec<Exception> = indices.iter().map(|index| self.of_index(index)).collect();
        let shards = indices.iter().zip(&reasons).map(|(index, reason)| failed_shard(index, reason)).collect();
        let mut failed = Exception::new("search_phase_execution_exception", "all shards failed")
            .with("phase", "query")
            .with("grouped", true)
            .with("failed_shards", Node::Array(shards));
        let first = reasons.first();
        if let Some(cause) = first.and_then(cause) {
            failed = failed.caused_by(cause);
        }
        // Elasticsearch does not expect this one from a date, and takes it for its own fault.
        let status = match first {
            Some(reason) if reason.kind == "date_time_exception" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        Error::with_root_causes(status, Fault::Client, reasons.iter().map(root_cause).collect(), failed)
    }

    fn of_index(&self, index: &str) -> Exception {
        match self {
            Self::Range(exception) => (**exception).clone(),
            Self::Match(exception) => {
                let reason = exception.reason.as_deref().unwrap_or_default();
                query_shard(index, format!("failed to create query: {reason}")).caused_by((**exception).clone())
            }
            Self::Unmapped(field) => query_shard(index, format!("No mapping found for [{field}] in order to sort on")),
            Self::Nested(field) => query_shard(
                index,
                format!("it is mandatory to set the [nested] context on the nested sort field: [{field}]."),
            ),
            Self::Text(field) => Exception::illegal_argument(format!(
                "Fielddata is disabled on [{field}] in [{index}]. Text fields are not optimised for operations that require per-document field data like aggregations and sorting, so these operations are disabled by default. Please use a keyword field instead. Alternatively, set fielddata=true on [{field}] in order to load field data by uninverting the inverted index. Note that this can use significant memory."
            )),
            Self::NoFielddata(field) => {
                Exception::illegal_argument(format!("Fielddata is not supported on field [{field}] of type [{field}]"))
            }
            Self::Id => Exception::illegal_argument(
                "Fielddata access on the _id field is disallowed, you can re-enable it by updating the dynamic cluster setting: indices.id_field_data.enabled",
            ),
            Self::GeoPoint => Exception::illegal_argument(
                "can't sort on geo_point or point field without using specific sorting feature, like geo_distance",
            ),
            Self::Window(window) => Exception::illegal_argument(format!(
                "Result window is too large, from + size must be less than or equal to: [{WINDOW}] but was [{window}]. See the scroll api for a more efficient way to request large data sets. This limit can be set by changing the [index.max_result_window] index level setting."
            )),
        }
    }
}

fn failed_shard(index: &str, reason: &Exception) -> Node {
    Node::Object(vec![
        ("shard".into(), Node::Long(0)),
        ("index".into(), index.to_owned().into()),
        ("node".into(), NODE.into()),
        ("reason".into(), reason.node()),
    ])
}

/// `query_shard_exception`.
fn query_shard(index: &str, reason: String) -> Exception {
    Exception::new("query_shard_exception", reason).with("index_uuid", INDEX_UUID).with("index", index.to_owned())
}

/// An exception of Elasticsearch's own, as opposed to one of Java's.
fn is_elasticsearchs(exception: &Exception) -> bool {
    matches!(&*exception.kind, "query_shard_exception" | "parse_exception")
}

/// The innermost exception of Elasticsearch's own that others only wrap, without its cause.
fn root_cause(reason: &Exception) -> Exception {
    let innermost = reason.chain().take_while(|exception| is_elasticsearchs(exception)).last().unwrap_or(reason);
    Exception { caused_by: None, ..innermost.clone() }
}

/// What is shown as the cause of the whole failure: an exception of Elasticsearch's own that is wrapped into another, and
/// one of Java's, which is shown as its own cause.
fn cause(reason: &Exception) -> Option<Exception> {
    if !is_elasticsearchs(reason) {
        return Some(Exception { caused_by: None, ..reason.clone() }.caused_by(reason.clone()));
    }
    reason.caused_by.as_deref().filter(|cause| is_elasticsearchs(cause)).cloned()
}
