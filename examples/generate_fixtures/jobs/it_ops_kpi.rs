//! `it-ops-kpi`: the job of Elastic's documentation, and the bucket that its reference page shows.

use crate::anomaly::{Anomaly, Severity, explanation};
use crate::documents::bucket::{BUCKET_TIME, Bucket, BucketInfluencer};
use crate::documents::record::{Finding, Record};
use crate::documents::{Document, Frame, event, upkeep};
use crate::job::{Detector, Job};
use crate::json::Json;
use crate::random::wave;

/// 2016-02-08T15:05:00Z, the start of the documented bucket.
const DOCUMENTED: i64 = 1_454_943_900_000;

/// One millisecond before the `start` of the documented request: results up to here must not be in its answer.
const BEFORE_START: i64 = 1_454_530_200_000;

const SPAN: i64 = 300;

pub fn job() -> Job {
    let mut job = Job::new("it-ops-kpi", SPAN, "Unusual behaviour of the KPIs of IT operations")
        .detector(Detector { function: "low_sum", field: Some("events_per_min"), ..Detector::default() })
        .detector(Detector { function: "mean", field: Some("response_ms"), ..Detector::default() });
    documented_bucket(&mut job);
    before_start(&mut job);
    around_documented(&mut job);
    upkeep_documents(&mut job);
    job
}

/// Word for word, but for the missing separate copy of its influencer and its records, which no page shows.
fn documented_bucket(job: &mut Job) {
    let frame = job.at(DOCUMENTED);
    let influencer = r#"{"job_id":"$JOB","result_type":"bucket_influencer","influencer_field_name":"bucket_time",
        "initial_anomaly_score":94.1706,"anomaly_score":94.1706,"raw_anomaly_score":2.32119,
        "probability":0.00000575042,"timestamp":$TIME,"bucket_span":300,"is_interim":false}"#;
    let bucket = format!(
        r#"{{"job_id":"$JOB","timestamp":$TIME,"anomaly_score":94.1706,"bucket_span":300,
        "initial_anomaly_score":94.1706,"event_count":153,"is_interim":false,"bucket_influencers":[{influencer}],
        "processing_time_ms":2,"partition_scores":[],"result_type":"bucket"}}"#
    );
    job.add_text(&frame, frame.id("bucket"), &bucket);
    job.add_text(&frame, frame.id("bucket_influencer") + "_bucket_time", influencer);

    let anomaly = Anomaly { probability: 5.750_42e-6, score: 94.1706, initial_score: 94.1706, raw_score: 2.32119 };
    let document = record(job, &frame, 0, anomaly, (2104.5, 153.0));
    job.add(&document);
    let anomaly = Anomaly { probability: 0.031_25, score: 0.625, initial_score: 12.5, ..anomaly };
    let document = record(job, &frame, 1, anomaly, (81.062_533_417_218_5, 96.400_000_000_000_01));
    job.add(&document);
}

/// Twenty buckets from before an upgrade, some as high as the documented one, the last a millisecond too early.
fn before_start(job: &mut Job) {
    for back in (0..20).rev() {
        let frame = job.at(BEFORE_START - back * SPAN * 1000);
        let influencers = match back % 6 {
            0 => vec![BucketInfluencer::new(BUCKET_TIME, Anomaly::draw(&mut job.random, Severity::Critical))],
            3 => vec![BucketInfluencer::new(BUCKET_TIME, Anomaly::draw(&mut job.random, Severity::Minor))],
            _ => Vec::new(),
        };
        let bucket = Bucket {
            event_count: events(job, &frame),
            processing_time_ms: job.random.integer(0, 9),
            influencers,
            partition_scores: Some(Vec::new()),
            ..Bucket::default()
        };
        job.add_bucket(&frame, bucket);
    }
}

/// The day of the documented bucket. Nothing here scores 80.
fn around_documented(job: &mut Job) {
    let last = 29;
    for step in (-250..=last).filter(|step| *step != 0) {
        let frame = job.at(DOCUMENTED + step * SPAN * 1000).interim(step == last);
        let event_count = events(job, &frame);
        let mut influencers = Vec::new();
        if job.random.once_in(4) {
            let severity = *job.random.pick(&[Severity::Slight, Severity::Slight, Severity::Warning, Severity::Major]);
            let anomaly = Anomaly::draw(&mut job.random, severity);
            let actual = anomaly_value(job, event_count);
            let typical = job.random.between(90.0, 210.0);
            let document = record(job, &frame, job_detector(step), anomaly, (typical, actual));
            job.add(&document);
            influencers.push(BucketInfluencer::new(BUCKET_TIME, anomaly));
        }
        let maintenance = (-120..-108).contains(&step);
        let bucket = Bucket {
            event_count,
            processing_time_ms: job.random.integer(0, 40),
            influencers,
            scheduled_events: if maintenance { vec!["Planned maintenance", "DC2 \u{2192} DC3 move"] } else { vec![] },
            event: (step > 0).then(|| event(arrival(&frame, step))),
            ..Bucket::default()
        };
        job.add_bucket(&frame, bucket);
    }
}

fn upkeep_documents(job: &mut Job) {
    for step in [-200, -100, 28] {
        let frame = job.at(DOCUMENTED + step * SPAN * 1000);
        job.add(&upkeep::model_size_stats(&frame, 60_416 + step * 8, 2));
        job.add(&upkeep::model_snapshot(&frame, 60_416 + step * 8));
        job.add(&upkeep::model_plot(&frame, 152.437_5, 148.062_499_999_999_97));
    }
    let frame = job.at(DOCUMENTED + 28 * SPAN * 1000);
    job.add(&upkeep::data_counts(&frame, 300, 44_837));
}

/// A daily wave around 150 events.
fn events(job: &mut Job, frame: &Frame) -> i64 {
    let hundredths = (frame.timestamp / 864_000) % 100;
    let phase = f64::from(i32::try_from(hundredths).unwrap_or(0)) / 100.0;
    let swing = (wave(phase) * 6.0).round();
    150 + (-6..=6).find(|step| f64::from(*step) == swing).map_or(0, i64::from) * 10 + job.random.integer(-4, 5)
}

fn anomaly_value(job: &mut Job, event_count: i64) -> f64 {
    f64::from(i32::try_from(event_count).unwrap_or(0)) * job.random.between(0.2, 3.0)
}

/// Every third record is the response time's.
fn job_detector(step: i64) -> i64 {
    i64::from(step % 3 == 0)
}

/// Texts with nanoseconds, as the ingest pipeline writes them, and now and then a number.
fn arrival(frame: &Frame, step: i64) -> Json {
    if step % 5 == 0 {
        return (frame.timestamp + 300_000 + step).into();
    }
    let minute = 5 + step * 5;
    let (hour, minute) = (15 + minute / 60, minute % 60);
    format!("2016-02-08T{hour:02}:{minute:02}:03.{:09}Z", 104_729 * step).into()
}

fn record(job: &mut Job, frame: &Frame, detector: i64, anomaly: Anomaly, values: (f64, f64)) -> Document {
    let (typical, actual) = values;
    let (function, description, metric) =
        if detector == 0 { ("low_sum", "sum", "events_per_min") } else { ("mean", "mean", "response_ms") };
    let finding = Finding {
        function,
        description,
        metric: Some(metric),
        typical: vec![typical],
        actual: vec![actual],
        ..Finding::default()
    };
    let mut record = Record::new(detector, anomaly, finding);
    record.multi_bucket_impact = Some(*job.random.pick(&[-5.0, -5.0, 0.0, 1.25, 5.0]));
    record.explanation = Some(explanation(&mut job.random, typical, actual));
    record.document(frame)
}
