//! Differences that are put into one of two clusters, and are to be found: all of them, and nothing else.

use serde_json::{Value, json};

use super::{get, report, wait_for};
use crate::support::{Cluster, operator::Operated};

const SHARED: &str = "/.ml-anomalies-shared/_doc";
const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";

/// A change to a document: its id, and what is done to it. Where nothing is left of it, it is deleted.
type Plant = (&'static str, fn(&mut Value));

fn edit(cluster: &Cluster, (id, change): &Plant) {
    let target = format!("{SHARED}/{id}");
    let found = cluster.call("GET", &target, "", b"");
    let mut source = serde_json::from_str::<Value>(&found.body).unwrap()["_source"].take();
    change(&mut source);
    let reply = if source.is_null() {
        cluster.call("DELETE", &format!("{target}?refresh=true"), "", b"")
    } else {
        cluster.call("PUT", &format!("{target}?refresh=true"), "application/json", source.to_string().as_bytes())
    };
    assert!(matches!(reply.status, 200 | 201), "{id}: {}", reply.body);
}

/// Each with the request that shows it, and what is to be said of it.
pub fn are_found(front: &Operated, old: &Cluster) {
    let at = |time: u64| format!("{BUCKETS}/{time}");
    let from = |start: u64| format!("{BUCKETS}?start={start}&end={}", start + 600_000);
    let planted: [(Plant, String, &str, &str); 12] = [
        (
            ("it-ops-kpi_bucket_1454943900000_300", |it| it["anomaly_score"] = json!(94.1707)),
            at(1_454_943_900_000),
            "value",
            "/buckets/*/anomaly_score",
        ),
        (
            ("it-ops-kpi_bucket_1454524800000_300", |it| it["is_interim"] = json!(true)),
            at(1_454_524_800_000),
            "value",
            "/buckets/*/is_interim",
        ),
        (
            ("it-ops-kpi_bucket_1454525700000_300", |it| it["event_count"] = json!(1)),
            at(1_454_525_700_000),
            "value",
            "/buckets/*/event_count",
        ),
        (
            ("it-ops-kpi_bucket_1454526600000_300", |it| it["bucket_influencers"] = json!([])),
            at(1_454_526_600_000),
            "missing",
            "/buckets/*/bucket_influencers/*",
        ),
        (("it-ops-kpi_bucket_1454527500000_300", |it| *it = Value::Null), at(1_454_527_500_000), "status", ""),
        (
            ("it-ops-kpi_bucket_1454528400000_300", |it| *it = Value::Null),
            from(1_454_528_400_000),
            "missing",
            "/buckets/*",
        ),
        (
            ("it-ops-kpi_bucket_planted", |it| {
                *it = json!({"job_id": "it-ops-kpi", "result_type": "bucket", "timestamp": 1_454_529_400_000_u64,
                    "anomaly_score": 1.5, "bucket_span": 300, "initial_anomaly_score": 1.5, "event_count": 7,
                    "is_interim": false, "bucket_influencers": [], "processing_time_ms": 2});
            }),
            from(1_454_529_300_000),
            "extra",
            "/buckets/*",
        ),
        (
            ("it-ops-kpi_bucket_1454530200000_300", |it| {
                let probability = it["bucket_influencers"][0]["probability"].as_f64().unwrap();
                it["bucket_influencers"][0]["probability"] = json!(probability * (1.0 + 1e-12));
            }),
            at(1_454_530_200_000),
            "value",
            "/buckets/*/bucket_influencers/*/probability",
        ),
        (
            ("it-ops-kpi_record_1454871000000_300_1_0_0", |it| it["record_score"] = json!(1.25)),
            format!("{}?expand=true", at(1_454_871_000_000)),
            "value",
            "/buckets/*/records/*/record_score",
        ),
        (
            ("it-ops-kpi_record_1454871600000_300_0_0_0", |it| *it = Value::Null),
            format!("{}?expand=true", at(1_454_871_600_000)),
            "missing",
            "/buckets/*/records",
        ),
        (
            ("it-ops-kpi_bucket_1454874300000_300", |it| it["processing_time_ms"] = json!(999)),
            at(1_454_874_300_000),
            "value",
            "/buckets/*/processing_time_ms",
        ),
        (
            ("it-ops-kpi_bucket_1454875200000_300", |it| it["initial_anomaly_score"] = json!(0.5)),
            format!("/_xpack/ml/anomaly_detectors/it-ops-kpi/results/buckets/{}", 1_454_875_200_000_u64),
            "value",
            "/buckets/*/initial_anomaly_score",
        ),
    ];
    for (plant, ..) in &planted {
        edit(old, plant);
    }
    let mut asked = 0_u32;
    let mut ask = |target: &str| {
        let reply = get(front, target);
        assert_eq!(reply.status, 200, "{target}: {}", reply.body);
        asked += 1;
        wait_for(front, f64::from(asked));
    };
    for (_, target, ..) in &planted {
        ask(target);
    }
    // Others, between them, that are the same.
    for from in 0..150 {
        ask(&format!("/_ml/anomaly_detectors/farequote/results/buckets?from={from}&size=20&expand=true"));
        ask(&format!("/_xpack/ml/anomaly_detectors/weblogs-population/results/buckets?from={from}&size=10"));
    }
    let report = report(front, asked.into());
    let numbers = ["equal", "different", "skipped", "failed"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(numbers, [300, planted.len() as u64, 0, 0], "{report:#}");
    let mut found: Vec<(String, String)> = Vec::new();
    for group in report["groups"].as_array().unwrap() {
        let text = |name: &str| group[name].as_str().unwrap().to_owned();
        assert_eq!(text("job"), "it-ops-kpi");
        found.push((text("kind"), text("place")));
    }
    let mut expected: Vec<(String, String)> =
        planted.iter().map(|(_, _, kind, place)| ((*kind).to_owned(), (*place).to_owned())).collect();
    // A bucket more or less shows in the count too.
    expected.push(("value".to_owned(), "/count".to_owned()));
    found.sort();
    expected.sort();
    assert_eq!(found, expected, "{report:#}");
    let first =
        report["groups"].as_array().unwrap().iter().find(|it| it["place"] == "/buckets/*/anomaly_score").unwrap();
    let difference = &first["first"]["difference"];
    assert_eq!((&difference["primary"], &difference["secondary"]), (&json!(94.1706), &json!(94.1707)));
    assert_eq!(difference["pointer"], "/buckets/0/anomaly_score");
    let log = front.log_text() + &std::fs::read_to_string(front.path("shadow.ndjson")).unwrap();
    assert!(!log.contains("elasticpw") && !log.contains("ZWxhc3RpYzplbGFzdGljcHc"), "a credential is in a log");
}
