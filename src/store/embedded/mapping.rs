//! The mapping of results indices in Elasticsearch 8.19: what type a field has, and what follows from that.

use std::sync::LazyLock;

/// How a field is indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Keyword,
    Date,
    Double,
    Long,
    Integer,
    Boolean,
    Text,
    GeoPoint,
    /// A name for another field, which documents cannot use.
    Alias,
    /// A plain object.
    Object,
    /// Objects that are documents of their own.
    Nested,
    /// An object that nobody looks into.
    Disabled,
}

/// What only a search may use.
const METADATA: [&str; 12] = [
    "_data_stream_timestamp",
    "_field_names",
    "_id",
    "_ignored",
    "_ignored_source",
    "_index",
    "_nested_path",
    "_routing",
    "_seq_no",
    "_source",
    "_tier",
    "_version",
];

/// The fields that every results index has, by the length of their names: few have the same, and comparing them takes less
/// than a hash.
static MAPPED: LazyLock<Vec<Vec<(&'static str, Kind)>>> = LazyLock::new(|| {
    let lists = [
        (Kind::Keyword, KEYWORDS),
        (Kind::Date, DATES),
        (Kind::Double, DOUBLES),
        (Kind::Long, LONGS),
        (Kind::Integer, INTEGERS),
        (Kind::Boolean, BOOLEANS),
        (Kind::Text, &["all_field_values", "description", "examples", "terms"]),
        (Kind::GeoPoint, GEO_POINTS),
        (Kind::Alias, &["@timestamp"]),
        (Kind::Object, OBJECTS),
        (Kind::Nested, &["bucket_influencers", "causes", "influencers"]),
        (Kind::Disabled, &["quantiles"]),
    ];
    let mut by_length = Vec::new();
    for (kind, fields) in lists {
        for field in fields {
            by_length.resize(by_length.len().max(field.len() + 1), Vec::new());
            by_length[field.len()].push((*field, kind));
        }
    }
    by_length
});

/// The kind of a field that every results index has; `None` for one that only documents can bring in.
pub(super) fn kind(path: &str) -> Option<Kind> {
    MAPPED.get(path.len())?.iter().find(|(field, _)| *field == path).map(|(_, kind)| *kind)
}

/// Whether the field belongs to an object that is a document of its own.
pub(super) fn is_in_nested(path: &str) -> bool {
    path.split_once('.').is_some_and(|(parent, _)| kind(parent) == Some(Kind::Nested))
}

/// Whether a document must not have a field of this name.
pub(super) fn is_metadata(name: &str) -> bool {
    name.starts_with('_') && METADATA.contains(&name)
}

/// The field whose greatest value decides whether a result of this type is worth to be shown.
pub(super) fn score_field(result_type: &str) -> &'static str {
    match result_type {
        "record" => "record_score",
        "influencer" => "influencer_score",
        _ => "anomaly_score",
    }
}

// === impl Kind ===

impl Kind {
    /// The name of the type in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Keyword => "keyword",
            Kind::Date => "date",
            Kind::Double => "double",
            Kind::Long => "long",
            Kind::Integer => "integer",
            Kind::Boolean => "boolean",
            Kind::Text => "text",
            Kind::GeoPoint => "geo_point",
            Kind::Alias => "alias",
            Kind::Object | Kind::Disabled => "object",
            Kind::Nested => "nested",
        }
    }

    /// Whether it holds other fields and no value.
    pub(super) fn is_object(self) -> bool {
        matches!(self, Kind::Object | Kind::Nested | Kind::Disabled)
    }
}

#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "anomaly_score_explanation.anomaly_type", "assignment_memory_basis", "bucket_influencers.influencer_field_name",
    "bucket_influencers.job_id", "bucket_influencers.result_type", "by_field_name", "by_field_value", "causes.by_field_name",
    "causes.by_field_value", "causes.correlated_by_field_value", "causes.field_name", "causes.function",
    "causes.function_description", "causes.over_field_name", "causes.over_field_value", "causes.partition_field_name",
    "causes.partition_field_value", "field_name", "forecast_id", "forecast_messages", "forecast_status", "function",
    "function_description", "influencer_field_name", "influencer_field_value", "influencers.influencer_field_name",
    "influencers.influencer_field_values", "job_id", "memory_status", "min_version", "mlcategory", "model_feature",
    "model_size_stats.assignment_memory_basis", "model_size_stats.job_id", "model_size_stats.memory_status",
    "model_size_stats.result_type", "over_field_name", "over_field_value", "partition_field_name", "partition_field_value",
    "regex", "result_type", "scheduled_events", "snapshot_id",
];

#[rustfmt::skip]
const DATES: &[&str] = &[
    "bucket_influencers.timestamp", "earliest_record_timestamp", "exponential_average_calculation_context.latest_timestamp",
    "forecast_create_timestamp", "forecast_end_timestamp", "forecast_expiry_timestamp", "forecast_start_timestamp",
    "last_data_time", "latest_empty_bucket_timestamp", "latest_record_time_stamp", "latest_record_timestamp",
    "latest_result_time_stamp", "latest_sparse_bucket_timestamp", "log_time", "model_size_stats.log_time",
    "model_size_stats.timestamp", "timestamp",
];

#[rustfmt::skip]
const DOUBLES: &[&str] = &[
    "actual", "anomaly_score", "anomaly_score_explanation.by_field_relative_rarity",
    "anomaly_score_explanation.lower_confidence_bound", "anomaly_score_explanation.typical_value",
    "anomaly_score_explanation.upper_confidence_bound", "average_bucket_processing_time_ms",
    "bucket_influencers.anomaly_score", "bucket_influencers.initial_anomaly_score", "bucket_influencers.probability",
    "bucket_influencers.raw_anomaly_score", "causes.actual", "causes.probability", "causes.typical",
    "exponential_average_bucket_processing_time_ms", "exponential_average_calculation_context.incremental_metric_value_ms",
    "exponential_average_calculation_context.previous_exponential_average_ms", "forecast_lower", "forecast_prediction",
    "forecast_progress", "forecast_upper", "influencer_score", "initial_anomaly_score", "initial_influencer_score",
    "initial_record_score", "maximum_bucket_processing_time_ms", "minimum_bucket_processing_time_ms", "model_lower",
    "model_median", "model_upper", "multi_bucket_impact", "probability", "raw_anomaly_score", "record_score",
    "total_search_time_ms", "typical",
];

#[rustfmt::skip]
const LONGS: &[&str] = &[
    "bucket_allocation_failures_count", "bucket_count", "bucket_influencers.bucket_span", "bucket_span", "category_id",
    "empty_bucket_count", "event_count", "forecast_memory_bytes", "input_bytes", "input_field_count", "input_record_count",
    "invalid_date_count", "max_matching_length", "missing_field_count", "model_bytes",
    "model_size_stats.bucket_allocation_failures_count", "model_size_stats.model_bytes", "model_size_stats.peak_model_bytes",
    "model_size_stats.total_by_field_count", "model_size_stats.total_over_field_count",
    "model_size_stats.total_partition_field_count", "num_matches", "out_of_order_timestamp_count", "preferred_to_categories",
    "processed_field_count", "processed_record_count", "processing_time_ms", "search_count", "sparse_bucket_count",
    "total_by_field_count", "total_over_field_count", "total_partition_field_count",
];

const INTEGERS: &[&str] = &[
    "anomaly_score_explanation.anomaly_characteristics_impact",
    "anomaly_score_explanation.anomaly_length",
    "anomaly_score_explanation.multi_bucket_impact",
    "anomaly_score_explanation.single_bucket_impact",
    "detector_index",
    "snapshot_doc_count",
];

const BOOLEANS: &[&str] = &[
    "anomaly_score_explanation.by_field_first_occurrence",
    "anomaly_score_explanation.high_variance_penalty",
    "anomaly_score_explanation.incomplete_bucket_penalty",
    "anomaly_score_explanation.multimodal_distribution",
    "bucket_influencers.is_interim",
    "is_interim",
    "retain",
];

const GEO_POINTS: &[&str] = &[
    "causes.geo_results.actual_point",
    "causes.geo_results.typical_point",
    "geo_results.actual_point",
    "geo_results.typical_point",
];

const OBJECTS: &[&str] = &[
    "anomaly_score_explanation",
    "causes.geo_results",
    "exponential_average_calculation_context",
    "geo_results",
    "model_size_stats",
];
