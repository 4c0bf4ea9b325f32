//! Small jobs with one oddity each, so that a page that fails fails for one reason.

use crate::job::Job;

/// 2020-09-13T12:26:40Z.
const BEGIN: i64 = 1_600_000_000_000;
const SPAN: i64 = 300;

/// A job, and its documents with `$JOB` and `$TIME` for what they stand for. A document starts with its id's middle part.
type Odd = (&'static str, &'static [(&'static str, &'static str)]);

const ODD: &[Odd] = &[
    (
        "odd-null-score",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"anomaly_score":null,"bucket_span":300,"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-missing-span",
        &[("bucket", r#"{"job_id":"$JOB","timestamp":$TIME,"anomaly_score":1.5,"result_type":"bucket"}"#)],
    ),
    (
        "odd-numeric-strings",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":"$TIME","anomaly_score":"94.5","bucket_span":"300","event_count":"7","is_interim":"true","result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-strings",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":"$TIME","anomaly_score":" 94.5 ","bucket_span":"300.7","event_count":"1e2","processing_time_ms":"+5","is_interim":"","result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-unknown-fields",
        &[(
            "bucket",
            r#"{"extra":1,"job_id":"$JOB","nested":{"a":[1,2],"b":{"c":null}},"timestamp":$TIME,"list":[[],{}],"anomaly_score":7,"bucket_span":300,"bucket_influencers":[{"job_id":"$JOB","why":{"x":[1]},"timestamp":$TIME,"bucket_span":300,"anomaly_score":7}],"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-fraction-long",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"anomaly_score":94,"bucket_span":300.7,"event_count":1.5e2,"processing_time_ms":0.9,"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-null-influencers",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"bucket_span":300,"bucket_influencers":null,"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-influencer-bad",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"bucket_span":300,"bucket_influencers":[{"timestamp":$TIME,"anomaly_score":1.0}],"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-influencer-object",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"bucket_span":300,"bucket_influencers":{"job_id":"$JOB","timestamp":$TIME,"bucket_span":300},"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-escapes",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"bucket_span":300,"scheduled_events":["\u0001\b\t\"\\\/é\u00e9\u2028😀\ud83d\ude00\u007f","</script>","=1+1",""],"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-order",
        &[(
            "bucket",
            r#" { "result_type" : "bucket" , "bucket_span" : 300 , "processing_time_ms":1,	"is_interim" : false , "timestamp" : $TIME , "job_id" : "$JOB" , "anomaly_score" : 1e1 } "#,
        )],
    ),
    (
        "odd-duplicate-time",
        &[
            (
                "bucket_a",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"anomaly_score":1.0,"result_type":"bucket"}"#,
            ),
            (
                "bucket_b",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":600,"anomaly_score":2.0,"result_type":"bucket"}"#,
            ),
        ],
    ),
    (
        "odd-bad-type",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"bucket_span":300,"scheduled_events":5,"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-list-types",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"bucket_span":300,"scheduled_events":["a",1,true],"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-list-null",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"bucket_span":300,"scheduled_events":["a",null],"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-score-list",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"bucket_span":300,"anomaly_score":[1.0,2.0],"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-big-numbers",
        &[(
            "bucket",
            r#"{"job_id":"$JOB","timestamp":$TIME,"bucket_span":9223372036854775807,"anomaly_score":1e23,"initial_anomaly_score":5.684341886080802E-14,"event_count":-1,"result_type":"bucket"}"#,
        )],
    ),
    (
        "odd-interim",
        &[
            (
                "bucket_1",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"anomaly_score":50.0,"is_interim":true,"bucket_influencers":[{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"is_interim":true}],"result_type":"bucket"}"#,
            ),
            (
                "bucket_2",
                r#"{"job_id":"$JOB","timestamp":1600000300000,"bucket_span":300,"anomaly_score":40.0,"is_interim":false,"bucket_influencers":[{"job_id":"$JOB","timestamp":1600000300000,"bucket_span":300}],"result_type":"bucket"}"#,
            ),
            (
                "record_1",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"record_score":50.0,"is_interim":true,"result_type":"record"}"#,
            ),
            (
                "record_2",
                r#"{"job_id":"$JOB","timestamp":1600000300000,"bucket_span":300,"record_score":40.0,"is_interim":true,"result_type":"record"}"#,
            ),
            (
                "record_3",
                r#"{"job_id":"$JOB","timestamp":1600000300000,"bucket_span":300,"record_score":30.0,"probability":0.5,"result_type":"record"}"#,
            ),
        ],
    ),
    (
        "odd-records",
        &[
            (
                "bucket",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"bucket_influencers":[{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300}],"result_type":"bucket"}"#,
            ),
            (
                "record_1",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"probability":0.1,"typical":1.5,"actual":["2",3],"by_field_name":"status","by_field_value":"","over_field_name":"clientip","over_field_value":"10.0.0.1","partition_field_name":"region","partition_field_value":"eu","causes":[],"influencers":[{"influencer_field_name":"clientip","influencer_field_values":["10.0.0.1","10.0.0.2"]},{"influencer_field_name":"airline","influencer_field_values":"AAL"},{"influencer_field_name":"host.name","influencer_field_values":["h1"]},{"influencer_field_name":"timestamp","influencer_field_values":["x"]},{"influencer_field_name":"typical.x","influencer_field_values":["x"]},{"influencer_field_name":"","influencer_field_values":["x"]},{"influencer_field_name":"none","influencer_field_values":[]}],"result_type":"record"}"#,
            ),
            (
                "record_2",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"probability":0.2,"detector_index":"2","multi_bucket_impact":-5,"causes":{"probability":"0.5","typical":[1],"actual":2,"unknown":{},"influencers":[{"influencer_field_name":"a","influencer_field_values":["b"]}],"geo_results":{"actual_point":"1,2","typical_point":"3,4"}},"geo_results":{"actual_point":"5,6"},"anomaly_score_explanation":{"anomaly_type":"spike","anomaly_length":3,"high_variance_penalty":"true","lower_confidence_bound":1,"typical_value":2.5,"by_field_relative_rarity":0.25,"by_field_first_occurrence":true,"multimodal_distribution":false},"result_type":"record"}"#,
            ),
            (
                "record_3",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"influencers":[{"influencer_field_name":"a1","influencer_field_values":["1"]},{"influencer_field_name":"b2","influencer_field_values":["1"]},{"influencer_field_name":"c3","influencer_field_values":["1"]},{"influencer_field_name":"d4","influencer_field_values":["1"]},{"influencer_field_name":"Aa","influencer_field_values":["1"]},{"influencer_field_name":"BB","influencer_field_values":["1"]},{"influencer_field_name":"e5","influencer_field_values":["1"]},{"influencer_field_name":"f6","influencer_field_values":["1"]},{"influencer_field_name":"g7","influencer_field_values":["1"]},{"influencer_field_name":"h8","influencer_field_values":["1"]},{"influencer_field_name":"i9","influencer_field_values":["1"]},{"influencer_field_name":"j10","influencer_field_values":["1"]},{"influencer_field_name":"k11","influencer_field_values":["1"]},{"influencer_field_name":"a1","influencer_field_values":["2","1"]},{"influencer_field_name":"l12","influencer_field_values":["1"]}],"result_type":"record"}"#,
            ),
        ],
    ),
    (
        "odd-record-bad",
        &[
            (
                "bucket",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"bucket_influencers":[{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300}],"result_type":"bucket"}"#,
            ),
            (
                "record_1",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"probability":0.1,"typical":[null],"result_type":"record"}"#,
            ),
        ],
    ),
    (
        "odd-record-influence",
        &[
            (
                "bucket",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"bucket_influencers":[{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300}],"result_type":"bucket"}"#,
            ),
            (
                "record_1",
                r#"{"job_id":"$JOB","timestamp":1600000000000,"bucket_span":300,"influencers":[{"influencer_field_name":"a"}],"result_type":"record"}"#,
            ),
        ],
    ),
];

pub fn jobs() -> Vec<Job> {
    let job = |(id, documents): &Odd| {
        let mut job = Job::new(id, SPAN, "One oddity");
        for (step, (kind, text)) in (0..).zip(*documents) {
            let frame = job.at(BEGIN + step * SPAN * 1000);
            let id = format!("{id}_{kind}_{}_{SPAN}", frame.timestamp);
            job.add_text(&frame, id, text);
        }
        job
    };
    ODD.iter().map(job).collect()
}
