//! From a search reply to a Get Buckets reply: ours against `serde_json::Value` and against typed structs, which do less (they
//! neither check types as Elastic does nor print Java's doubles). `cargo bench`; compare the medians of one run.

#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss)]

use divan::{Bencher, black_box, counter::BytesCount};
use mlgate::{
    results::{documents::Style, get_buckets::page::Page, job_id::JobId},
    spool::{Spooled, Spools},
    store::cluster::reply::read_reply,
    xcontent::render::Form,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SIZES: [usize; 3] = [100, 1_000, 10_000];

fn main() {
    divan::main();
}

/// A bucket as 8.x stores it, with two influencers.
fn bucket(step: usize) -> String {
    let time = 1_454_943_900_000 + step as u64 * 300_000;
    let score = 17.123_456_789_012 + step as f64 * 0.001;
    let influencer = |field: &str| {
        format!(
            r#"{{"job_id":"it-ops-kpi","result_type":"bucket_influencer","influencer_field_name":"{field}","initial_anomaly_score":{score},"anomaly_score":{score},"raw_anomaly_score":2.32119,"probability":0.00575042,"timestamp":{time},"bucket_span":300,"is_interim":false}}"#
        )
    };
    format!(
        r#"{{"job_id":"it-ops-kpi","timestamp":{time},"anomaly_score":{score},"bucket_span":300,"initial_anomaly_score":{score},"event_count":153,"is_interim":false,"bucket_influencers":[{},{}],"processing_time_ms":2,"result_type":"bucket"}}"#,
        influencer("bucket_time"),
        influencer("airline")
    )
}

fn search_reply(buckets: usize, bucket: fn(usize) -> String) -> String {
    let hits: Vec<String> = (0..buckets)
        .map(|step| {
            format!(
                r#"{{"_index":".ml-anomalies-shared","_id":"{step}","_score":null,"_source":{},"sort":[1]}}"#,
                bucket(step)
            )
        })
        .collect();
    format!(
        r#"{{"took":3,"timed_out":false,"_shards":{{"total":1,"successful":1,"skipped":0,"failed":0}},"hits":{{"total":{{"value":{buckets},"relation":"eq"}},"max_score":null,"hits":[{}]}}}}"#,
        hits.join(",")
    )
}

/// The same as an older or foreign writer stores it: other order, times as text, fields that nobody knows.
fn foreign_bucket(step: usize) -> String {
    let bucket: Value = serde_json::from_str(&bucket(step)).unwrap();
    let mut fields: Vec<(String, Value)> = bucket.as_object().unwrap().clone().into_iter().collect();
    fields.reverse();
    fields.push(("partition_scores".into(), json!([])));
    let mut fields: serde_json::Map<String, Value> = fields.into_iter().collect();
    let time = u64::try_from(step).unwrap() * 300;
    fields["timestamp"] =
        json!(format!("2016-02-08T{:02}:{:02}:{:02}.000Z", time / 3600 % 24, time / 60 % 60, time % 60));
    Value::Object(fields).to_string()
}

/// A spool that holds everything in memory, as where there is room.
fn spools() -> Spools {
    Spools::new(64 << 20)
}

fn reshape(text: &str, spools: &Spools) -> Spooled {
    let mut page = Page::new(&JobId::parse("it-ops-kpi").unwrap(), Form::json(), Style::default(), spools);
    read_reply(text.as_bytes(), &mut page).unwrap();
    page.finish().unwrap()
}

#[divan::bench(args = SIZES)]
fn mlgate(bencher: Bencher, buckets: usize) {
    let (text, spools) = (search_reply(buckets, bucket), spools());
    bencher.counter(BytesCount::of_str(&text)).bench(|| reshape(black_box(&text), &spools));
}

/// Documents that must be read and written anew.
#[divan::bench(args = SIZES)]
fn mlgate_foreign(bencher: Bencher, buckets: usize) {
    let (text, spools) = (search_reply(buckets, foreign_bucket), spools());
    bencher.counter(BytesCount::of_str(&text)).bench(|| reshape(black_box(&text), &spools));
}

#[divan::bench(args = SIZES)]
fn value(bencher: Bencher, buckets: usize) {
    let text = search_reply(buckets, bucket);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut reply: Value = serde_json::from_str(&text).unwrap();
        let hits = reply["hits"]["hits"].as_array_mut().unwrap();
        let sources: Vec<Value> = hits.iter_mut().map(|hit| hit["_source"].take()).collect();
        serde_json::to_vec(&json!({"count": buckets, "buckets": sources})).unwrap()
    });
}

#[derive(Serialize, Deserialize)]
struct TypedBucket {
    job_id: String,
    timestamp: i64,
    anomaly_score: f64,
    bucket_span: i64,
    initial_anomaly_score: f64,
    event_count: i64,
    is_interim: bool,
    bucket_influencers: Vec<TypedInfluencer>,
    processing_time_ms: i64,
    result_type: String,
}

#[derive(Serialize, Deserialize)]
struct TypedInfluencer {
    job_id: String,
    result_type: String,
    influencer_field_name: String,
    initial_anomaly_score: f64,
    anomaly_score: f64,
    raw_anomaly_score: f64,
    probability: f64,
    timestamp: i64,
    bucket_span: i64,
    is_interim: bool,
}

#[derive(Deserialize)]
struct TypedReply {
    hits: TypedHits,
}

#[derive(Deserialize)]
struct TypedHits {
    hits: Vec<TypedHit>,
}

#[derive(Deserialize)]
struct TypedHit {
    #[serde(rename = "_source")]
    source: TypedBucket,
}

#[derive(Serialize)]
struct TypedAnswer {
    count: usize,
    buckets: Vec<TypedBucket>,
}

#[divan::bench(args = SIZES)]
fn typed(bencher: Bencher, buckets: usize) {
    let text = search_reply(buckets, bucket);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let reply: TypedReply = serde_json::from_str(black_box(&text)).unwrap();
        let buckets: Vec<_> = reply.hits.hits.into_iter().map(|hit| hit.source).collect();
        serde_json::to_vec(&TypedAnswer { count: buckets.len(), buckets }).unwrap()
    });
}
