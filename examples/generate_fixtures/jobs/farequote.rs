//! `farequote`: five days of an airline booking service's response times, with six incidents.

use crate::anomaly::{Anomaly, Severity, explanation};
use crate::documents::bucket::{BUCKET_TIME, Bucket, BucketInfluencer, partition_score};
use crate::documents::record::{Field, Finding, Influence, Record, influencer};
use crate::documents::{Frame, upkeep};
use crate::job::{Detector, Job};
use crate::random::wave;

/// 2016-02-07T00:00:00Z.
const BEGIN: i64 = 1_454_803_200_000;
const SPAN: i64 = 900;
const BUCKETS: i64 = 480;
const BUCKETS_A_DAY: f64 = 96.0;

/// Which buckets are incidents. The first one has one record, the last one six.
const INCIDENTS: [i64; 6] = [37, 118, 203, 290, 366, 441];

/// Buckets written before 6.5 list the scores of their partitions.
const OLD_BUCKETS: i64 = 48;

const AIRLINES: [&str; 19] = [
    "AAL", "ACA", "AMX", "ASA", "AWE", "BAW", "DAL", "EGF", "FFT", "JAL", "JBU", "JZA", "KLM", "NKS", "SWA", "SWR",
    "TRS", "UAL", "VRD",
];

pub fn job() -> Job {
    let mean =
        Detector { function: "mean", field: Some("responsetime"), partition: Some("airline"), ..Detector::default() };
    let mut job = Job::new("farequote", SPAN, "Response time by airline").detector(mean).influenced_by(&["airline"]);
    let mut day_phase = 0.0;
    for step in 0..BUCKETS {
        bucket(&mut job, step, day_phase);
        day_phase += 1.0 / BUCKETS_A_DAY;
    }
    let last = job.at(BEGIN + (BUCKETS - 3) * SPAN * 1000);
    job.add(&upkeep::model_size_stats(&last, 133_202, 19));
    job.add(&upkeep::model_snapshot(&last, 133_202));
    job.add(&upkeep::model_plot(&last, 99.779_921_265_125_61, 101.253_906_25));
    job.add(&upkeep::data_counts(&last, BUCKETS, 86_274));
    job
}

fn bucket(job: &mut Job, step: i64, day_phase: f64) {
    let frame = job.at(BEGIN + step * SPAN * 1000).interim(step >= BUCKETS - 2);
    let anomalies = anomalies(job, step);
    let mut influencers = Vec::new();
    let mut scores = Vec::new();
    for (airline, anomaly) in &anomalies {
        let partition: Field = ("airline", (*airline).to_owned());
        record(job, &frame, step, partition.clone(), *anomaly, day_phase);
        scores.push(partition_score("airline", airline, *anomaly));
        // A slight anomaly is recorded, but influences nothing: such a bucket has records and no influencers.
        if anomaly.score >= 3.0 {
            job.add(&influencer(&frame, &partition, *anomaly));
        }
    }
    let worst = anomalies.iter().map(|(_, anomaly)| *anomaly).max_by(|a, b| a.score.total_cmp(&b.score));
    if let Some(worst) = worst.filter(|worst| worst.score >= 3.0) {
        let of_time = Anomaly { probability: worst.probability * 0.5, score: worst.score * 0.9375, ..worst };
        influencers.push(BucketInfluencer::new("airline", worst));
        influencers.push(BucketInfluencer::new(BUCKET_TIME, of_time));
    }
    let bucket = Bucket {
        event_count: 180 + step % 11 + job.random.integer(-20, 21),
        processing_time_ms: job.random.integer(0, 12),
        influencers,
        partition_scores: (step < OLD_BUCKETS).then_some(scores),
        ..Bucket::default()
    };
    job.add_bucket(&frame, bucket);
}

/// Who stood out in a bucket.
fn anomalies(job: &mut Job, step: i64) -> Vec<(&'static str, Anomaly)> {
    let Some(incident) = INCIDENTS.iter().position(|incident| *incident == step) else {
        // The background; the interim buckets at the end always have something to show.
        let noisy = step >= BUCKETS - 2 || job.random.once_in(7);
        let severity = *job.random.pick(&[Severity::Slight, Severity::Warning]);
        let airline = *job.random.pick(&AIRLINES);
        return if noisy { vec![(airline, Anomaly::draw(&mut job.random, severity))] } else { Vec::new() };
    };
    let airlines = job.random.pick_some(&AIRLINES, incident + 1);
    let mut found: Vec<_> = airlines
        .into_iter()
        .enumerate()
        .map(|(rank, airline)| {
            let severity = if rank == 0 { Severity::Critical } else { Severity::Minor };
            (airline, Anomaly::draw(&mut job.random, severity))
        })
        .collect();
    // Ties: the third record has the probability of the second, the fourth its score as well.
    if let [_, (_, second), (_, third), (_, fourth), ..] = found.as_mut_slice() {
        third.probability = second.probability;
        *fourth = *second;
    }
    found
}

fn record(job: &mut Job, frame: &Frame, step: i64, partition: Field, anomaly: Anomaly, day_phase: f64) {
    let typical = 100.0 + 12.0 * wave(day_phase) + job.random.between(-1.0, 1.0);
    let actual = typical * (1.0 + anomaly.score * job.random.between(0.01, 0.12));
    let finding = Finding {
        function: "mean",
        description: "mean",
        metric: Some("responsetime"),
        typical: vec![typical],
        actual: vec![actual],
        influences: vec![Influence { field: "airline", values: vec![partition.1.clone()] }],
        partition: Some(partition),
        ..Finding::default()
    };
    let mut record = Record::new(0, anomaly, finding);
    // What records tell grew with the versions: 6.5 brought the first field, 8.6 the second.
    if step >= OLD_BUCKETS {
        record.multi_bucket_impact = Some(if job.random.once_in(2) { -5.0 } else { job.random.between(-5.0, 5.0) });
    }
    if step >= BUCKETS / 2 {
        record.explanation = Some(explanation(&mut job.random, typical, actual));
    }
    job.add(&record.document(frame));
}
