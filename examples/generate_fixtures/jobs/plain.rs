//! Small jobs without anomalies: nothing happened, times in all spellings, nothing written at all.

use crate::documents::bucket::Bucket;
use crate::documents::upkeep;
use crate::job::{Detector, Job};

/// 2016-06-01T00:00:00Z.
const BEGIN: i64 = 1_464_739_200_000;

/// Scores of zero throughout, and hours without any event.
pub fn quiet() -> Job {
    let mut job =
        Job::new("quiet", 3600, "Nothing ever happens").detector(Detector { function: "count", ..Detector::default() });
    for step in 0..30 {
        let frame = job.at(BEGIN + step * 3_600_000);
        let event_count = if step % 7 == 3 { 0 } else { 12 };
        job.add_bucket(&frame, Bucket { event_count, processing_time_ms: step % 2, ..Bucket::default() });
    }
    let last = job.at(BEGIN + 29 * 3_600_000);
    job.add(&upkeep::model_size_stats(&last, 30_152, 1));
    job
}

/// Spellings of a time that a date field takes, each with the start of the bucket it stands for.
/// A text of up to ten digits means milliseconds to the index, but seconds to whoever reads the document.
const SPELLINGS: [(i64, &str); 20] = [
    (1_464_739_200_000, r#""2016-06-01T00:00:00.000Z""#),
    (1_464_740_100_000, r#""2016-06-01T00:15:00Z""#),
    (1_464_741_000_000, r#""2016-06-01T02:30:00+02:00""#),
    (1_464_741_900_000, r#""2016-06-01T00:45:00.000+00:00""#),
    (1_464_742_800_000, r#""2016-06-01T06:30:00.000+05:30""#),
    (1_464_743_700_000, r#""2016-06-01T01:15Z""#),
    (1_464_744_600_000, r#""2016-06-01T01:30""#),
    (1_464_745_500_123, r#""2016-06-01T01:45:00.123456789Z""#),
    (1_464_746_400_000, r#""2016-06-01T02""#),
    (1_464_747_300_500, r#""2016-06-01T02:15:00.5""#),
    (1_464_748_200_000, r#""2016-05-31T23:00:00-0330""#),
    (1_464_749_100_250, r#""2016-06-01T02:45:00,250Z""#),
    (1_464_825_600_000, r#""2016-06-02""#),
    (1_467_331_200_000, r#""2016-07""#),
    (1_464_829_200_000, r#""1464829200""#),
    (1_464_830_100_000, r#""1464830100000""#),
    (1_464_831_000_000, "1464831000000"),
    (2_017_000, r#""2017""#),
    (-900_000, r#""1969-12-31T23:45:00Z""#),
    (0, r#""0""#),
];

pub fn iso_times() -> Job {
    let mut job = Job::new("iso-times", 900, "Results copied by a tool that rewrites times")
        .detector(Detector { function: "count", ..Detector::default() });
    for (timestamp, spelling) in SPELLINGS {
        let frame = job.at(timestamp);
        let influencer = format!(
            r#"{{"job_id":"$JOB","result_type":"bucket_influencer","influencer_field_name":"bucket_time",
            "initial_anomaly_score":1.5,"anomaly_score":1.5,"raw_anomaly_score":0.05,"probability":0.01,
            "timestamp":{spelling},"bucket_span":900,"is_interim":false}}"#
        );
        let bucket = format!(
            r#"{{"job_id":"$JOB","timestamp":{spelling},"anomaly_score":1.5,"bucket_span":900,
            "initial_anomaly_score":1.5,"event_count":9,"is_interim":false,"bucket_influencers":[{influencer}],
            "processing_time_ms":0,"event":{{"ingested":{spelling}}},"result_type":"bucket"}}"#
        );
        let record = format!(
            r#"{{"job_id":"$JOB","result_type":"record","probability":0.01,"record_score":1.5,
            "initial_record_score":1.5,"bucket_span":900,"detector_index":0,"is_interim":false,
            "timestamp":{spelling},"function":"count","function_description":"count","typical":[4.0],
            "actual":[9.0]}}"#
        );
        job.add_text(&frame, frame.id("bucket"), &bucket);
        job.add_text(&frame, frame.id("bucket_influencer") + "_bucket_time", &influencer);
        job.add_text(&frame, frame.id("record") + "_0_0_0", &record);
    }
    job
}

/// Opened, but without a result: there are aliases and nothing behind them.
pub fn never_run() -> Job {
    Job::new("never-run", 300, "Opened, never fed").detector(Detector { function: "count", ..Detector::default() })
}

/// Only configured: there is not even an alias.
pub fn never_opened() -> Job {
    let mut job = Job::new("never-opened", 300, "Created; its aliases are gone")
        .detector(Detector { function: "count", ..Detector::default() });
    job.aliased = false;
    job
}
