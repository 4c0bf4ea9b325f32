//! Documents as they should not be, and as they should: a few jobs, each with a few.

use std::{net::SocketAddr, sync::OnceLock};

use mlgate::store::embedded::EmbeddedStore;
use proptest::{collection::vec, prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};

use super::support::{SUPERUSER, basic, fixtures, send};

const INDEX: &str = ".ml-anomalies-custom-generated";
const JOBS: usize = 60;

/// A job and its documents, as text: the order of their fields is theirs.
pub struct Job {
    pub id: String,
    documents: Vec<String>,
}

pub fn generate(node: SocketAddr, runner: &mut TestRunner) -> Vec<Job> {
    let authorization = basic(SUPERUSER.0, SUPERUSER.1);
    let reply = send(node, "GET", "/_nodes?filter_path=**.jvm.version", &[("Authorization", &authorization)], None);
    let version =
        reply.body.split("\"version\":\"").nth(1).and_then(|rest| rest.split(['.', '"']).next()).map(str::parse);
    let Some(Ok(version)) = version else { panic!("no version of Java: {}", reply.body) };
    SHORTEST.set(19 <= version).unwrap();
    (0..JOBS)
        .map(|number| {
            let id = format!("generated-{number}");
            let documents = vec(document(id.clone()), 1..4).new_tree(runner).unwrap().current();
            Job { id, documents }
        })
        .collect()
}

/// Whether the node prints doubles as JDK 19 and newer do, and so does mlgate: older ones print some with a digit too many.
static SHORTEST: OnceLock<bool> = OnceLock::new();

pub fn doubles_are_shortest() -> bool {
    SHORTEST.get().copied().unwrap_or(false)
}

/// A number in any of its spellings.
fn number() -> BoxedStrategy<String> {
    if !doubles_are_shortest() {
        return select(
            &["0", "-0", "0.0", "-0.0", "1", "1.0", "10", "1e1", "80.5", "0.25", "123456789", "2147483648"][..],
        )
        .prop_map(str::to_owned)
        .boxed();
    }
    let telling = select(
        &[
            "0",
            "-0",
            "0.0",
            "-0.0",
            "1",
            "1.0",
            "10",
            "1e1",
            "1E-7",
            "0.00001",
            "123456789",
            "1234567.8",
            "12345678.9",
            "1e22",
            "1e23",
            "9007199254740993",
            "2147483648",
            "9223372036854775807",
            "-9223372036854775808",
            "0.1",
            "0.30000000000000004",
            "4.9E-324",
            "1.7976931348623157E308",
            "2.2250738585072014E-308",
            "100.00000000000001",
            "3.141592653589793",
            "5.75042E-6",
        ][..],
    );
    let double = any::<f64>().prop_filter_map("finite", |value| value.is_finite().then(|| format!("{value:e}")));
    prop_oneof![4 => telling.prop_map(str::to_owned), 1 => double, 1 => any::<i32>().prop_map(|value| value.to_string()), 1 => (-100_000..100_000).prop_map(|value| format!("{}", f64::from(value) / 1000.0))]
    .boxed()
}

fn text() -> impl Strategy<Value = String> {
    let telling = select(
        &[
            "",
            "a",
            "true",
            "5",
            "1.5",
            "NaN",
            "é",
            "日本語",
            "😀",
            "\\ud83d\\ude00",
            "\\u0000",
            "\\\"",
            "\\/",
            "\\n\\t",
            "<b>&",
            "\\u2028",
            "a b",
            "x\\\\y",
            "\\u007f",
            "ü: #",
        ][..],
    );
    prop_oneof![5 => telling.prop_map(|text| format!("\"{text}\"")), 1 => "[a-z]{0,30}".prop_map(|text| format!("\"{text}\""))]
}

/// Something that is not what is expected.
fn odd() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just("null".to_owned()), 2 => number(), 2 => text(), 1 => select(&["true", "false", "[]", "{}", "[null]", "[1,2]", "[[3]]", "{\"a\":1}", "[{}]", "\"1e400\"", "1e400", "99999999999999999999"][..]).prop_map(str::to_owned)]
}

/// Mostly the one, sometimes something else.
fn mostly(good: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    prop_oneof![14 => good, 1 => odd()].boxed()
}

fn long() -> impl Strategy<Value = String> {
    prop_oneof![5 => (0_i64..100_000).prop_map(|value| value.to_string()), 1 => select(&["1.5", "\"7\"", "1e3", "2.0", "-3"][..]).prop_map(str::to_owned)]
}

fn boolean() -> impl Strategy<Value = String> {
    select(&["true", "false", "true", "false", "\"true\"", "\"false\"", "\"\""][..]).prop_map(str::to_owned)
}

fn time() -> impl Strategy<Value = String> {
    prop_oneof![6 => (0_i64..12).prop_map(|step| (1_600_000_000_000 + step * 300_000).to_string()), 1 => select(&["\"2020-09-13T12:26:40Z\"", "\"1600000000000\"", "\"2020-09-13T12:26:40.123+02:00\"", "1600000000000.7", "\"2020\"", "0", "-1"][..]).prop_map(str::to_owned)]
}

fn object(fields: Vec<(&'static str, BoxedStrategy<String>)>) -> BoxedStrategy<String> {
    let each: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| {
            prop_oneof![3 => value.prop_map(move |value| Some(format!("\"{name}\":{value}"))), 1 => Just(None)].boxed()
        })
        .collect();
    each.prop_map(|fields| fields.into_iter().flatten().collect::<Vec<_>>())
        .prop_shuffle()
        .prop_map(|fields| format!("{{{}}}", fields.join(",")))
        .boxed()
}

fn list(item: BoxedStrategy<String>) -> BoxedStrategy<String> {
    prop_oneof![5 => vec(item.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))), 1 => item].boxed()
}

fn keyword() -> BoxedStrategy<String> {
    mostly(text())
}

fn influencers() -> BoxedStrategy<String> {
    list(object(vec![("influencer_field_name", keyword()), ("influencer_field_values", list(keyword()))]))
}

fn bucket_influencer(id: &str) -> BoxedStrategy<String> {
    let id = format!("\"{id}\"");
    let required = (time(), long());
    let rest = object(vec![
        ("result_type", Just("\"bucket_influencer\"".to_owned()).boxed()),
        ("influencer_field_name", keyword()),
        ("initial_anomaly_score", mostly(number())),
        ("anomaly_score", mostly(number())),
        ("raw_anomaly_score", mostly(number())),
        ("probability", mostly(number())),
        ("is_interim", mostly(boolean())),
        ("other", mostly(text())),
    ]);
    (required, rest)
        .prop_map(move |((time, span), rest)| {
            join(&format!("{{\"job_id\":{id},\"timestamp\":{time},\"bucket_span\":{span}}}"), &rest)
        })
        .boxed()
}

fn join(one: &str, other: &str) -> String {
    let (one, other) = (one.trim_end_matches('}'), other.trim_start_matches('{'));
    if other == "}" { format!("{one}}}") } else { format!("{one},{other}") }
}

fn bucket(id: &str) -> BoxedStrategy<String> {
    object(vec![
        ("anomaly_score", mostly(number())),
        ("initial_anomaly_score", mostly(number())),
        ("event_count", mostly(long())),
        ("is_interim", mostly(boolean())),
        ("processing_time_ms", mostly(long())),
        ("bucket_influencers", mostly(list(bucket_influencer(id)))),
        ("scheduled_events", mostly(list(keyword()))),
        ("records", mostly(Just("[]".to_owned()))),
        ("extra", mostly(text())),
        ("partition_scores", Just("[]".to_owned()).boxed()),
    ])
}

fn record() -> BoxedStrategy<String> {
    let cause = object(vec![
        ("probability", mostly(number())),
        ("function", keyword()),
        ("typical", mostly(list(number()))),
        ("actual", mostly(list(number()))),
        ("by_field_name", keyword()),
        ("by_field_value", keyword()),
        ("over_field_value", keyword()),
        ("influencers", influencers()),
    ]);
    let explanation = object(vec![
        ("anomaly_type", keyword()),
        ("anomaly_length", mostly(long())),
        ("single_bucket_impact", mostly(long())),
        ("typical_value", mostly(number())),
        ("lower_confidence_bound", mostly(number())),
        ("high_variance_penalty", mostly(boolean())),
        ("by_field_first_occurrence", mostly(boolean())),
    ]);
    let geo = object(vec![
        ("typical_point", Just("\"1.5,2.5\"".to_owned()).boxed()),
        ("actual_point", Just("\"-1,0\"".to_owned()).boxed()),
    ]);
    object(vec![
        ("probability", mostly(number())),
        ("record_score", mostly(number())),
        ("initial_record_score", mostly(number())),
        ("multi_bucket_impact", mostly(number())),
        ("detector_index", mostly(long())),
        ("is_interim", mostly(boolean())),
        ("by_field_name", keyword()),
        ("by_field_value", keyword()),
        ("correlated_by_field_value", keyword()),
        ("partition_field_name", keyword()),
        ("partition_field_value", keyword()),
        ("over_field_name", keyword()),
        ("over_field_value", keyword()),
        ("function", keyword()),
        ("function_description", keyword()),
        ("field_name", keyword()),
        ("typical", mostly(list(number()))),
        ("actual", mostly(list(number()))),
        ("influencers", influencers()),
        ("causes", list(cause)),
        ("geo_results", geo),
        ("anomaly_score_explanation", explanation),
        ("host", keyword()),
    ])
}

fn document(id: String) -> BoxedStrategy<String> {
    let required = (time(), prop_oneof![9 => long(), 1 => odd()]);
    let kind = prop_oneof![3 => bucket(&id).prop_map(|rest| ("bucket", rest)), 2 => record().prop_map(|rest| ("record", rest))];
    (required, kind)
        .prop_map(move |((time, span), (kind, rest))| {
            let head = format!(
                "{{\"job_id\":\"{id}\",\"result_type\":\"{kind}\",\"timestamp\":{time},\"bucket_span\":{span}}}"
            );
            join(&head, &rest)
        })
        .boxed()
}

// === loading ===

fn job_document(id: &str) -> Value {
    json!({ "job_id": id, "job_type": "anomaly_detector", "job_version": "8.19.0", "create_time": 1_454_284_800_000_i64, "results_index_name": "custom-generated" })
}

fn alias(id: &str) -> String {
    format!(".ml-anomalies-{id}")
}

/// Documents that the node does not take are dropped from neither list: the store must refuse the same.
pub fn load_into_node(node: SocketAddr, jobs: &[Job]) {
    let authorization = basic(SUPERUSER.0, SUPERUSER.1);
    let call = |method: &str, target: &str, kind: &str, body: &str| {
        let reply = send(
            node,
            method,
            target,
            &[("Authorization", &authorization), ("Content-Type", kind)],
            Some(body.as_bytes()),
        );
        assert_eq!(reply.status, 200, "{target}: {}", reply.body);
        reply
    };
    let mapping = std::fs::read_to_string(fixtures().join("index/results-mapping.json")).unwrap();
    send(node, "DELETE", &format!("/{INDEX}"), &[("Authorization", &authorization)], None);
    call("PUT", &format!("/{INDEX}"), "application/json", &mapping);
    call("POST", "/_bulk?refresh=true", "application/x-ndjson", &lines(jobs));
    let actions: Vec<_> = jobs
        .iter()
        .map(|job| json!({ "add": { "index": INDEX, "alias": alias(&job.id), "filter": { "term": { "job_id": { "value": job.id } } }, "is_hidden": true } }))
        .collect();
    call("POST", "/_aliases", "application/json", &json!({ "actions": actions }).to_string());
}

pub fn load_into_store(store: &EmbeddedStore, jobs: &[Job]) {
    let folder = tempfile::tempdir().unwrap();
    let (results, aliases) = (folder.path().join("generated.ndjson"), folder.path().join("aliases.ndjson"));
    std::fs::write(&results, lines(jobs)).unwrap();
    let all: serde_json::Map<String, Value> = jobs
        .iter()
        .map(|job| {
            (alias(&job.id), json!({ "filter": { "term": { "job_id": { "value": job.id } } }, "is_hidden": true }))
        })
        .collect();
    std::fs::write(&aliases, json!({ INDEX: { "aliases": all } }).to_string() + "\n").unwrap();
    for file in [results, aliases] {
        store.import(&file, |_, _| {}, |_| {}).unwrap();
    }
}

/// A bulk request with everything.
fn lines(jobs: &[Job]) -> String {
    let mut lines = String::new();
    for Job { id, documents } in jobs {
        lines += &format!(
            "{}\n{}\n",
            json!({ "index": { "_index": ".ml-config", "_id": format!("anomaly_detector-{id}") } }),
            job_document(id)
        );
        for (number, document) in documents.iter().enumerate() {
            lines +=
                &format!("{}\n{document}\n", json!({ "index": { "_index": INDEX, "_id": format!("{id}_{number}") } }));
        }
    }
    lines
}
