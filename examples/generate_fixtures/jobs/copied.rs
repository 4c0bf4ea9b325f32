//! Jobs in other indices, some of them copied there by tools that spell numbers their own way.

use crate::anomaly::{Anomaly, Severity};
use crate::documents::Frame;
use crate::documents::bucket::{BUCKET_TIME, Bucket, BucketInfluencer};
use crate::documents::record::{Finding, Record};
use crate::job::{Detector, Job};
use crate::number::Style;

/// 2024-01-01T00:00:00Z.
const BEGIN: i64 = 1_704_067_200_000;
const SPAN: i64 = 600;

/// An id with every character that ids may have, copied by a Python script.
pub fn with_dots() -> Job {
    let mut job = job("job.with-dots_1", "Dots, dashes and underscores").written_by(Style::Python);
    add_buckets(&mut job, 0, 10);
    job
}

/// A job with an index of its own, copied by a Node.js tool.
pub fn special() -> Job {
    let mut job = job("special", "Results in an index of their own")
        .in_index(".ml-anomalies-custom-special")
        .written_by(Style::JavaScript);
    add_buckets(&mut job, 0, 15);
    job
}

/// A job whose index was rolled over. The records of the last old bucket are in the new index.
pub fn rolled() -> Job {
    let mut job = job("rolled", "Results in two indices").in_index(".ml-anomalies-shared-000001");
    add_buckets(&mut job, 0, 9);
    let frame = frame(&job, 9);
    let anomaly = add_bucket(&mut job, &frame, 9);
    job.roll_over(".ml-anomalies-shared-000002");
    add_record(&mut job, &frame, anomaly);
    add_buckets(&mut job, 10, 20);
    job
}

fn job(id: &'static str, description: &'static str) -> Job {
    let max = Detector { function: "max", field: Some("queue_length"), ..Detector::default() };
    Job::new(id, SPAN, description).detector(max)
}

fn frame(job: &Job, step: i64) -> Frame {
    job.at(BEGIN + step * SPAN * 1000)
}

fn add_buckets(job: &mut Job, from: i64, to: i64) {
    for step in from..to {
        let frame = frame(job, step);
        let anomaly = add_bucket(job, &frame, step);
        add_record(job, &frame, anomaly);
    }
}

fn add_bucket(job: &mut Job, frame: &Frame, step: i64) -> Anomaly {
    let severities = [Severity::Slight, Severity::Warning, Severity::Minor, Severity::Major, Severity::Critical];
    let severity = *job.random.pick(&severities);
    let mut anomaly = Anomaly::draw(&mut job.random, severity);
    if step % 4 == 0 {
        // Whole scores, of which some tools drop the fraction, and probabilities right where exponents begin.
        anomaly.score = anomaly.score.ceil();
        anomaly.probability = *job.random.pick(&[1e-6, 1e-7, 0.001, 0.000_1, 1.2e-290]);
    }
    let bucket = Bucket {
        event_count: job.random.integer(1, 2000),
        processing_time_ms: job.random.integer(0, 5),
        influencers: vec![BucketInfluencer::new(BUCKET_TIME, anomaly)],
        ..Bucket::default()
    };
    job.add_bucket(frame, bucket);
    anomaly
}

fn add_record(job: &mut Job, frame: &Frame, anomaly: Anomaly) {
    let typical = job.random.between(10.0, 4000.0);
    let actual = typical * job.random.between(2.0, 200_000.0);
    let finding = Finding {
        function: "max",
        description: "max",
        metric: Some("queue_length"),
        typical: vec![typical],
        actual: vec![actual],
        ..Finding::default()
    };
    job.add(&Record::new(0, anomaly, finding).document(frame));
}
