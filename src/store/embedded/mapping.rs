//! The mapping of results indices, as far as searches and stored documents depend on it.

/// How a field is indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Keyword,
    Date,
    Double,
    Long,
    Boolean,
    Text,
    /// Inside a nested object.
    Nested,
}

/// Objects whose elements are documents of their own.
const NESTED: [&str; 4] = ["bucket_influencers", "causes", "influencers", "partition_scores"];

/// The kind of a mapped leaf; `None` for an object or a name that only documents can bring in.
pub(super) fn kind(field: &str) -> Option<Kind> {
    let (first, rest) = field.split_once('.').unwrap_or((field, ""));
    if NESTED.contains(&first) {
        return (!rest.is_empty()).then_some(Kind::Nested);
    }
    Some(match field {
        "timestamp"
        | "@timestamp"
        | "forecast_create_timestamp"
        | "latest_record_time_stamp"
        | "latest_result_time_stamp"
        | "log_time" => Kind::Date,
        "anomaly_score"
        | "initial_anomaly_score"
        | "raw_anomaly_score"
        | "probability"
        | "record_score"
        | "initial_record_score"
        | "multi_bucket_impact"
        | "typical"
        | "actual"
        | "influencer_score"
        | "initial_influencer_score" => Kind::Double,
        "bucket_span"
        | "event_count"
        | "processing_time_ms"
        | "category_id"
        | "detector_index"
        | "model_bytes"
        | "max_matching_length" => Kind::Long,
        "is_interim" => Kind::Boolean,
        "all_field_values" | "terms" => Kind::Text,
        "job_id"
        | "result_type"
        | "function"
        | "function_description"
        | "field_name"
        | "scheduled_events"
        | "by_field_name"
        | "by_field_value"
        | "over_field_name"
        | "over_field_value"
        | "partition_field_name"
        | "partition_field_value"
        | "correlated_by_field_value"
        | "influencer_field_name"
        | "influencer_field_value"
        | "memory_status"
        | "regex"
        | "examples" => Kind::Keyword,
        _ => return None,
    })
}

/// The field behind an alias.
pub(super) fn resolve(field: &str) -> &str {
    if field == "@timestamp" { "timestamp" } else { field }
}
