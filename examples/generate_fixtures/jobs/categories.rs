//! Jobs that sort log messages into categories and count these.

use crate::anomaly::{Anomaly, Severity, explanation};
use crate::documents::bucket::{BUCKET_TIME, Bucket, BucketInfluencer};
use crate::documents::record::{Finding, Influence, Record, influencer};
use crate::documents::upkeep::{self, Category};
use crate::job::{Detector, Job};

/// 2023-05-01T00:00:00Z.
const BEGIN: i64 = 1_682_899_200_000;
const SPAN: i64 = 1800;
const BUCKETS: i64 = 100;

/// The words that all messages of a category share.
const TERMS: [&str; 12] = [
    "Node started",
    "Node shut down at",
    "Vertical jump detected in queue",
    "Connection from refused port",
    "User logged in from",
    "User logged out",
    "Failed to allocate bytes",
    "Garbage collection took ms",
    "Retry of request to host",
    "Certificate expires in days",
    "Schlüssel für Benutzer abgelaufen",
    "panic at src main rs",
];

pub fn job() -> Job {
    let mut job = Job::new("categories", SPAN, "Messages that come too often, or hardly ever")
        .detector(Detector { function: "count", by: Some("mlcategory"), ..Detector::default() })
        .detector(Detector { function: "rare", by: Some("mlcategory"), ..Detector::default() })
        .influenced_by(&["mlcategory"]);
    job.categorization = Some("message");
    definitions(&mut job);
    for step in 0..BUCKETS {
        bucket(&mut job, step);
    }
    let last = job.at(BEGIN + (BUCKETS - 1) * SPAN * 1000);
    job.add(&upkeep::model_size_stats(&last, 410_880, 12));
    job
}

fn definitions(job: &mut Job) {
    for (id, terms) in (1_i64..).zip(TERMS) {
        let examples = (0..job.random.integer(1, 5)).map(|_| example(job, terms)).collect();
        let category = Category {
            id,
            terms,
            examples,
            matches: job.random.integer(1, 90_000),
            preferred_to: if id == 2 { vec![7, 9] } else { Vec::new() },
            partition: None,
        };
        // The first two are of a version that did not type its definitions.
        job.add(&category.document(job.id, id > 2));
    }
}

/// A message with something different after each term.
fn example(job: &mut Job, terms: &str) -> String {
    let words = terms.split(' ').map(|term| format!("{term} {}", job.random.integer(0, 10_000)));
    words.collect::<Vec<_>>().join(" ")
}

fn bucket(job: &mut Job, step: i64) {
    let frame = job.at(BEGIN + step * SPAN * 1000).interim(step == BUCKETS - 1);
    let mut influencers = Vec::new();
    if job.random.once_in(4) {
        let severity = *job.random.pick(&[Severity::Slight, Severity::Minor, Severity::Major, Severity::Critical]);
        let anomaly = Anomaly::draw(&mut job.random, severity);
        let category = job.random.integer(1, 13).to_string();
        let rare = job.random.once_in(3);
        let typical = if rare { 0.0 } else { job.random.between(1.0, 30.0) };
        let actual = if rare { 1.0 } else { (typical * job.random.between(3.0, 60.0)).floor() };
        let function = if rare { "rare" } else { "count" };
        let finding = Finding {
            function,
            description: function,
            by: Some(("mlcategory", category.clone())),
            typical: vec![typical],
            actual: vec![actual],
            influences: vec![Influence { field: "mlcategory", values: vec![category.clone()] }],
            ..Finding::default()
        };
        let mut record = Record::new(i64::from(rare), anomaly, finding);
        record.multi_bucket_impact = Some(0.0);
        let by_field = explanation(&mut job.random, typical, actual);
        record.explanation = Some(match rare {
            true => by_field.with("by_field_first_occurrence", true).with("by_field_relative_rarity", 41.5),
            false => by_field,
        });
        job.add(&record.document(&frame));
        job.add(&influencer(&frame, &("mlcategory", category), anomaly));
        influencers.push(BucketInfluencer::new("mlcategory", anomaly));
        influencers.push(BucketInfluencer::new(BUCKET_TIME, Anomaly::draw(&mut job.random, Severity::Slight)));
    }
    let bucket = Bucket {
        event_count: job.random.integer(300, 3000),
        processing_time_ms: job.random.integer(5, 300),
        influencers,
        ..Bucket::default()
    };
    job.add_bucket(&frame, bucket);
}

/// Categories that are found for each service apart.
pub fn by_service() -> Job {
    let count =
        Detector { function: "count", by: Some("mlcategory"), partition: Some("service"), ..Detector::default() };
    let mut job = Job::new("categories-by-service", SPAN, "Messages of each service").detector(count);
    job.categorization = Some("message");
    for (id, (service, terms)) in (1_i64..).zip(["api", "api", "mail", "mail", ""].into_iter().zip(TERMS)) {
        let examples = vec![example(&mut job, terms), format!("{terms}, \"quoted\" \\ and <escaped> \u{1F525}")];
        let category = Category {
            id,
            terms,
            examples,
            matches: 7 * id,
            preferred_to: Vec::new(),
            partition: Some(("service", service)),
        };
        job.add(&category.document(job.id, true));
    }
    for step in 0..5 {
        let frame = job.at(BEGIN + step * SPAN * 1000);
        job.add_bucket(&frame, Bucket { event_count: 40 + step, ..Bucket::default() });
    }
    job
}
