//! `weblogs-population`: clients of a web site compared with one another, and where they come from.

use crate::anomaly::{Anomaly, Severity, explanation};
use crate::documents::bucket::{BUCKET_TIME, Bucket, BucketInfluencer};
use crate::documents::record::{Field, Finding, Influence, Record, influencer};
use crate::documents::{Frame, upkeep};
use crate::job::{Detector, Job};
use crate::json::Object;

/// 2021-03-01T00:00:00Z.
const BEGIN: i64 = 1_614_556_800_000;
const SPAN: i64 = 3600;
const BUCKETS: i64 = 200;

const STATUSES: [&str; 5] = ["200", "301", "404", "500", "503"];
const REGIONS: [&str; 4] = ["eu-west-1", "us-east-1", "ap-south-1", ""];
const HOSTS: [&str; 5] = ["web-01.example.org", "web-02.example.org", "web-03.example.org", "edge.fra", "edge.ams"];
const AIRLINES: [&str; 4] = ["AAL", "KLM", "JAL", "Aer Lingus"];

pub fn job() -> Job {
    let mut job = Job::new("weblogs-population", SPAN, "Clients that behave unlike the others")
        .detector(Detector {
            function: "high_count",
            by: Some("status"),
            over: Some("clientip"),
            partition: Some("region"),
            ..Detector::default()
        })
        .detector(Detector {
            function: "lat_long",
            field: Some("geo.coordinates"),
            by: Some("clientip"),
            ..Detector::default()
        })
        .detector(Detector {
            function: "lat_long",
            field: Some("geo.coordinates"),
            over: Some("clientip"),
            ..Detector::default()
        })
        .influenced_by(&["clientip", "airline", "status", "host.name"]);
    for step in 0..BUCKETS {
        bucket(&mut job, step);
    }
    let last = job.at(BEGIN + (BUCKETS - 2) * SPAN * 1000);
    job.add(&upkeep::model_size_stats(&last, 2_871_312, 4));
    job.add(&upkeep::model_snapshot(&last, 2_871_312));
    job
}

fn bucket(job: &mut Job, step: i64) {
    let frame = job.at(BEGIN + step * SPAN * 1000).interim(step == BUCKETS - 1);
    let records = if step == BUCKETS - 1 || job.random.once_in(4) { job.random.integer(1, 5) } else { 0 };
    let mut influencers = Vec::new();
    for rank in 0..records {
        let severity = *job.random.pick(&[Severity::Warning, Severity::Minor, Severity::Major, Severity::Critical]);
        let anomaly = Anomaly::draw(&mut job.random, severity);
        // Counting up, so that no address, and thus no id, comes twice in a bucket.
        let client = client(job, rank);
        let record = match (step + rank) % 4 {
            0 => travelled(job, &client, anomaly),
            1 => unlike_others_in_place(job, &client, anomaly),
            _ => busy(job, &client, anomaly),
        };
        job.add(&record.document(&frame));
        if rank == 0 {
            influences(job, &frame, &client, anomaly);
            influencers.push(BucketInfluencer::new("clientip", anomaly));
            influencers.push(BucketInfluencer::new("host.name", Anomaly::draw(&mut job.random, Severity::Warning)));
            influencers.push(BucketInfluencer::new(BUCKET_TIME, Anomaly::draw(&mut job.random, Severity::Slight)));
        }
    }
    let bucket = Bucket {
        event_count: job.random.integer(20_000, 90_000),
        processing_time_ms: job.random.integer(2, 90),
        influencers,
        ..Bucket::default()
    };
    job.add_bucket(&frame, bucket);
}

/// IPv4 mostly, IPv6 at times.
fn client(job: &mut Job, rank: i64) -> Field {
    let mut octet = || job.random.integer(0, 256);
    let (a, b, c) = (octet(), octet(), octet());
    let address = if c % 5 == 0 { format!("2001:db8:{a:x}:{b:x}::{rank:x}") } else { format!("198.{a}.{b}.{rank}") };
    ("clientip", address)
}

/// Influencer documents of a bucket: the client and the host it talked to.
fn influences(job: &mut Job, frame: &Frame, client: &Field, anomaly: Anomaly) {
    job.add(&influencer(frame, client, anomaly));
    let host: Field = ("host.name", (*job.random.pick(&HOSTS)).to_owned());
    let anomaly = Anomaly::draw(&mut job.random, Severity::Warning);
    job.add(&influencer(frame, &host, anomaly));
}

/// Too many requests, split by status.
fn busy(job: &mut Job, client: &Field, anomaly: Anomaly) -> Record {
    let over = Finding {
        function: "high_count",
        description: "count",
        over: Some(client.clone()),
        partition: Some(("region", (*job.random.pick(&REGIONS)).to_owned())),
        ..Finding::default()
    };
    let causes = job.random.integer(1, 4);
    let statuses = job.random.pick_some(&STATUSES, usize::try_from(causes).unwrap_or(1));
    let causes = statuses.iter().map(|status| {
        let typical = job.random.between(1.0, 40.0);
        let cause = Finding {
            by: Some(("status", (*status).to_owned())),
            correlated_by: job.random.once_in(6).then(|| "200".to_owned()),
            typical: vec![typical],
            actual: vec![(typical * job.random.between(5.0, 900.0)).floor()],
            ..over.clone()
        };
        cause.cause(anomaly.probability)
    });
    let causes: Vec<Object> = causes.collect();
    let mut finding = over;
    finding.influences = vec![
        Influence { field: "clientip", values: vec![client.1.clone()] },
        Influence { field: "airline", values: some_of(job, &AIRLINES) },
        Influence { field: "status", values: statuses.into_iter().map(str::to_owned).collect() },
        Influence { field: "host.name", values: some_of(job, &HOSTS) },
    ];
    Record { causes, ..Record::new(0, anomaly, finding) }
}

/// A client that shows up far from where it used to be.
fn travelled(job: &mut Job, client: &Field, anomaly: Anomaly) -> Record {
    let mut finding = somewhere(job);
    finding.by = Some(client.clone());
    finding.influences = vec![Influence { field: "host.name", values: some_of(job, &HOSTS) }];
    let (typical, actual) = (job.random.between(1.0, 100.0), job.random.between(1.0, 100.0));
    let mut record = Record::new(1, anomaly, finding);
    record.multi_bucket_impact = Some(job.random.between(-5.0, 5.0));
    record.explanation = Some(explanation(&mut job.random, typical, actual));
    record
}

/// A client far from where all the others are: here the places stand in the cause.
fn unlike_others_in_place(job: &mut Job, client: &Field, anomaly: Anomaly) -> Record {
    let cause = Finding { over: Some(client.clone()), ..somewhere(job) };
    let finding = Finding {
        typical: Vec::new(),
        actual: Vec::new(),
        points: None,
        influences: vec![Influence { field: "clientip", values: vec![client.1.clone()] }],
        ..cause.clone()
    };
    Record { causes: vec![cause.cause(anomaly.probability)], ..Record::new(2, anomaly, finding) }
}

fn somewhere(job: &mut Job) -> Finding {
    let mut point = || (job.random.between(-90.0, 90.0), job.random.between(-180.0, 180.0));
    let (typical, actual) = (point(), point());
    Finding {
        function: "lat_long",
        description: "lat_long",
        metric: Some("geo.coordinates"),
        typical: vec![typical.0, typical.1],
        actual: vec![actual.0, actual.1],
        points: Some((typical, actual)),
        ..Finding::default()
    }
}

/// One to three of the values.
fn some_of(job: &mut Job, values: &[&str]) -> Vec<String> {
    let count = usize::try_from(job.random.integer(1, 4)).unwrap_or(1);
    job.random.pick_some(values, count).into_iter().map(str::to_owned).collect()
}
