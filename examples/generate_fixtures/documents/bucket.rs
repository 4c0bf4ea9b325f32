//! Buckets and what influenced them.

use super::{Document, Frame};
use crate::anomaly::Anomaly;
use crate::json::Object;

/// The pseudo field that stands for the bucket as a whole.
pub const BUCKET_TIME: &str = "bucket_time";

#[derive(Default)]
pub struct Bucket {
    pub event_count: i64,
    pub processing_time_ms: i64,
    /// The score of the bucket is that of its worst influencer; no influencers, no score.
    pub influencers: Vec<BucketInfluencer>,
    /// Written by 5.4 to 6.4 only.
    pub partition_scores: Option<Vec<Object>>,
    pub scheduled_events: Vec<&'static str>,
    pub event: Option<Object>,
}

pub struct BucketInfluencer {
    pub field: &'static str,
    pub anomaly: Anomaly,
}

impl Bucket {
    fn score(&self, of: fn(&Anomaly) -> f64) -> f64 {
        self.influencers.iter().map(|influencer| of(&influencer.anomaly)).fold(0.0, f64::max)
    }

    /// The bucket with its influencers nested in it, then each influencer once more on its own.
    pub fn documents(self, frame: &Frame) -> Vec<Document> {
        let score = self.score(|anomaly| anomaly.score);
        let initial_score = self.score(|anomaly| anomaly.initial_score);
        let nested: Vec<Object> = self.influencers.iter().map(|influencer| influencer.object(frame)).collect();
        let bucket = Object::new()
            .with("job_id", frame.job)
            .with("timestamp", frame.timestamp)
            .with("anomaly_score", score)
            .with("bucket_span", frame.span)
            .with("initial_anomaly_score", initial_score)
            .with("event_count", self.event_count)
            .with("is_interim", frame.interim)
            .with("bucket_influencers", nested)
            .with("processing_time_ms", self.processing_time_ms)
            .with_some("partition_scores", self.partition_scores)
            .with_any("scheduled_events", self.scheduled_events)
            .with_some("event", self.event)
            .with("result_type", "bucket");
        let mut documents = vec![Document::new(frame.id("bucket"), bucket)];
        documents.extend(self.influencers.iter().map(|influencer| {
            let id = format!("{}_{}", frame.id("bucket_influencer"), influencer.field);
            Document::new(id, influencer.object(frame))
        }));
        documents
    }
}

impl BucketInfluencer {
    pub fn new(field: &'static str, anomaly: Anomaly) -> Self {
        Self { field, anomaly }
    }

    fn object(&self, frame: &Frame) -> Object {
        Object::new()
            .with("job_id", frame.job)
            .with("result_type", "bucket_influencer")
            .with("influencer_field_name", self.field)
            .with("initial_anomaly_score", self.anomaly.initial_score)
            .with("anomaly_score", self.anomaly.score)
            .with("raw_anomaly_score", self.anomaly.raw_score)
            .with("probability", self.anomaly.probability)
            .with("timestamp", frame.timestamp)
            .with("bucket_span", frame.span)
            .with("is_interim", frame.interim)
    }
}

/// One element of the `partition_scores` of old.
pub fn partition_score(field: &str, value: &str, anomaly: Anomaly) -> Object {
    Object::new()
        .with("partition_field_name", field)
        .with("partition_field_value", value)
        .with("initial_record_score", anomaly.initial_score)
        .with("record_score", anomaly.score)
        .with("probability", anomaly.probability)
}
