//! What a job writes about itself. Kept in the same index as its results, and never to be served as a bucket.

use super::{Document, Frame};
use crate::json::Object;

/// The size of the model after a bucket.
pub fn model_size_stats(frame: &Frame, model_bytes: i64, partitions: i64) -> Document {
    let log_time = frame.timestamp + frame.span * 1000 + 412;
    let body = Object::new()
        .with("job_id", frame.job)
        .with("result_type", "model_size_stats")
        .with("model_bytes", model_bytes)
        .with("peak_model_bytes", model_bytes + 21_554)
        .with("model_bytes_exceeded", 0_i64)
        .with("model_bytes_memory_limit", 11_534_336_i64)
        .with("total_by_field_count", partitions)
        .with("total_over_field_count", 0_i64)
        .with("total_partition_field_count", partitions + 1)
        .with("bucket_allocation_failures_count", 0_i64)
        .with("memory_status", "ok")
        .with("assignment_memory_basis", "current_model_bytes")
        .with("categorized_doc_count", 0_i64)
        .with("total_category_count", 0_i64)
        .with("categorization_status", "ok")
        .with("log_time", log_time)
        .with("timestamp", frame.timestamp);
    Document::new(format!("{}_model_size_stats_{log_time}", frame.job), body)
}

/// A model snapshot: one of the documents that have a job and a timestamp, yet no `result_type`.
pub fn model_snapshot(frame: &Frame, model_bytes: i64) -> Document {
    let snapshot_id = (frame.timestamp / 1000 + 37).to_string();
    let stats = Object::new()
        .with("job_id", frame.job)
        .with("result_type", "model_size_stats")
        .with("model_bytes", model_bytes)
        .with("memory_status", "ok")
        .with("log_time", frame.timestamp + 37_000)
        .with("timestamp", frame.timestamp);
    let body = Object::new()
        .with("job_id", frame.job)
        .with("min_version", "6.4.0")
        .with("timestamp", frame.timestamp + 37_000)
        .with("description", "State persisted due to job close at 2016-02-12T00:00:37+0000")
        .with("snapshot_id", snapshot_id.clone())
        .with("snapshot_doc_count", 1_i64)
        .with("model_size_stats", stats)
        .with("latest_record_time_stamp", frame.timestamp + frame.span * 1000 - 1)
        .with("latest_result_time_stamp", frame.timestamp)
        .with("retain", false);
    Document::new(format!("{}_model_snapshot_{snapshot_id}", frame.job), body)
}

/// Counts of the input, one document a job and overwritten in place; without `result_type` too, as up to 6.x.
pub fn data_counts(frame: &Frame, buckets: i64, records: i64) -> Document {
    let body = Object::new()
        .with("job_id", frame.job)
        .with("processed_record_count", records)
        .with("processed_field_count", records * 2)
        .with("input_bytes", records * 97)
        .with("input_field_count", records * 2)
        .with("invalid_date_count", 0_i64)
        .with("missing_field_count", 0_i64)
        .with("out_of_order_timestamp_count", 0_i64)
        .with("empty_bucket_count", 0_i64)
        .with("sparse_bucket_count", 0_i64)
        .with("bucket_count", buckets)
        .with("latest_record_timestamp", frame.timestamp + frame.span * 1000 - 1)
        .with("last_data_time", frame.timestamp + frame.span * 1000 + 2_113)
        .with("input_record_count", records);
    Document::new(format!("{}_data_counts", frame.job), body)
}

/// The band within which the model expected a value.
pub fn model_plot(frame: &Frame, median: f64, actual: f64) -> Document {
    let body = Object::new()
        .with("job_id", frame.job)
        .with("result_type", "model_plot")
        .with("bucket_span", frame.span)
        .with("detector_index", 0_i64)
        .with("timestamp", frame.timestamp)
        .with("model_feature", "'arithmetic mean value by person'")
        .with("model_lower", median * 0.8125)
        .with("model_upper", median * 1.1875)
        .with("model_median", median)
        .with("actual", actual);
    Document::new(format!("{}_0_0_0", frame.id("model_plot")), body)
}

/// A kind of log message.
pub struct Category {
    pub id: i64,
    pub terms: &'static str,
    pub examples: Vec<String>,
    pub matches: i64,
    pub preferred_to: Vec<i64>,
    pub partition: Option<(&'static str, &'static str)>,
}

impl Category {
    /// Definitions have no timestamp, and those of old no `result_type`.
    pub fn document(self, job: &str, typed: bool) -> Document {
        let regex = self.terms.split(' ').map(|term| format!(".+?{term}")).collect::<String>();
        let longest = self.examples.iter().map(String::len).max().unwrap_or(0);
        let head = Object::new().with("job_id", job).with("category_id", self.id);
        let head = match self.partition {
            Some((name, value)) => head.with("partition_field_name", name).with("partition_field_value", value),
            None => head,
        };
        let body = head
            .with("terms", self.terms)
            .with("regex", format!(".*{}.*", regex.trim_start_matches(['.', '+', '?'])))
            .with("max_matching_length", i64::try_from(longest + longest / 10).unwrap_or(0))
            .with("examples", self.examples)
            .with_any("preferred_to_categories", self.preferred_to)
            .with("num_matches", self.matches);
        let body = match self.partition {
            Some((name, value)) => body.with(name, value),
            None => body,
        };
        let body = if typed {
            body.with("result_type", "category_definition").with("mlcategory", self.id.to_string())
        } else {
            body
        };
        Document::new(format!("{job}_category_definition_{}", self.id), body)
    }
}
