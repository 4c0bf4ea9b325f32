//! Genuine nodes.

use std::{fmt::Write as _, net::SocketAddr, path::Path};

use tokio::sync::Mutex;

use super::{
    READER, are_the_same, ask, buckets, embedded, front, recorded,
    support::{
        Cluster, Server,
        command::{bucket, mlgate, run},
        start_with, store_with_fixtures,
    },
};

/// More than a window.
const MANY: u64 = 10_400;

/// One node at a time: each takes half a gigabyte.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_7_without_security() {
    let _one = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::start_server(Server::Elasticsearch("7.17.29")) else { return };
    is_served(&cluster, "_doc").await;
}

/// And what is recorded of it is what it answers.
#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_6_without_security() {
    let _one = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::start_server(Server::Elasticsearch("6.8.23")) else { return };
    recorded::is_what_it_answers(&cluster).await;
    is_served(&cluster, "doc").await;
}

/// The same replies as from the embedded store, and the same people let in.
async fn is_served(cluster: &Cluster, kind: &str) {
    let front = front(cluster.address).await;
    let (embedded, _folder) = embedded().await;
    for job in ["it-ops-kpi", "farequote", "weblogs-population", "special", "rolled", "quiet"] {
        for query in [
            "",
            "?size=3&from=2",
            "?expand&size=20",
            "?expand&sort=anomaly_score&desc&size=7",
            "?anomaly_score=50&exclude_interim",
            "?start=2016-02-03&end=2016-02-08T12:00:00Z",
        ] {
            for accept in ["application/json", "application/x-ndjson"] {
                are_the_same(front, embedded, accept, &buckets(job, query));
            }
        }
    }
    for (login, target, status) in [
        (None, buckets("it-ops-kpi", ""), 401),
        (Some(("ml_reader", "wrong")), buckets("it-ops-kpi", ""), 401),
        (Some(("results_only", "demo-password")), buckets("it-ops-kpi", ""), 403),
        (Some(("team_a", "demo-password")), buckets("farequote", ""), 403),
        (Some(("team_a", "demo-password")), buckets("it-ops-kpi", ""), 200),
        (READER, buckets("it-ops-kpi", ""), 200),
        (READER, buckets("nobody", ""), 404),
        (READER, buckets("it-ops-kpi", "?sort=nosuch"), 400),
        (READER, buckets("it-ops-kpi", "?start=invalid"), 400),
        (READER, buckets("it-ops-kpi", "/1"), 404),
        // Who are let in by mlgate are no users of the cluster.
        (READER, "/_search".to_owned(), 400),
        (READER, "/".to_owned(), 200),
        (None, "/".to_owned(), 401),
    ] {
        let reply = ask(front, "application/json", &target, login);
        assert_eq!(reply.status, status, "{login:?} {target}: {reply:?}");
    }
    is_copied(cluster);
    every_bucket_beyond_the_window(cluster, front, kind);
    // Without a realm nobody can say who may: nobody is let in, and nothing is passed on.
    let front = start_with(&format!("upstream = 'http://{}'\npass_through = 'all'\n", cluster.address)).await;
    for (target, status) in [(buckets("it-ops-kpi", ""), 503), ("/".to_owned(), 403)] {
        assert_eq!(ask(front, "application/json", &target, READER).status, status, "{target}");
    }
}

/// Every result can be had out, and is the same.
fn is_copied(cluster: &Cluster) {
    let folder = tempfile::tempdir().unwrap();
    let mut copy = mlgate();
    copy.current_dir(folder.path()).args(["copy", "--from", &format!("http://{}", cluster.address)]);
    let said = run(copy.args(["--to", "embedded", "--store", "copied.db"]));
    assert!(said.succeeded && said.stdout.contains("verified: the same "), "{said:?}");
    for job in ["it-ops-kpi", "special", "rolled"] {
        let get = |store: &Path| {
            let mut get = mlgate();
            let said = run(get.args(["get-buckets", job, "--expand", "--size", "500", "--store"]).arg(store));
            assert!(said.succeeded, "{said:?}");
            said.stdout
        };
        let (fixtures, _folder) = store_with_fixtures();
        assert!(get(&folder.path().join("copied.db")) == get(&fixtures), "{job}");
    }
}

fn every_bucket_beyond_the_window(cluster: &Cluster, front: SocketAddr, kind: &str) {
    store_buckets(cluster, kind, "many", MANY);
    for (query, expected) in [
        ("", (0..MANY).collect::<Vec<_>>()),
        ("?desc&size=10100", (MANY - 10_100..MANY).rev().collect()),
        ("?from=10050&size=200", (10_050..10_250).collect()),
    ] {
        let reply = ask(front, "application/x-ndjson", &buckets("many", query), READER);
        assert_eq!(reply.status, 200, "{reply:?}");
        let times: Vec<u64> = reply.body.lines().map(timestamp).collect();
        assert!(times == expected.into_iter().map(time).collect::<Vec<_>>(), "{query}: {} lines", times.len());
    }
    let open = cluster.call("GET", "/_nodes/stats/indices/search", "", b"").body;
    assert!(open.contains("\"open_contexts\":0"), "a cursor is left open: {open}");
}

/// Stores so many buckets of a job, and the job's alias. Documents of 6.x have a type.
pub fn store_buckets(cluster: &Cluster, kind: &str, job: &str, count: u64) {
    for part in (0..count).collect::<Vec<_>>().chunks(5_000) {
        let mut bulk = String::new();
        for number in part {
            writeln!(bulk, "{{\"index\":{{\"_id\":\"{job}_{number}\"}}}}\n{}", bucket(job, time(*number))).unwrap();
        }
        let target = format!("/.ml-anomalies-shared/{kind}/_bulk?refresh=true");
        let reply = cluster.call("POST", &target, "application/x-ndjson", bulk.as_bytes());
        assert!(reply.status == 200 && reply.body.contains("\"errors\":false"), "{:.300}", reply.body);
    }
    let alias = format!(
        "{{\"actions\":[{{\"add\":{{\"index\":\".ml-anomalies-shared\",\"alias\":\".ml-anomalies-{job}\"}}}}]}}"
    );
    assert_eq!(cluster.call("POST", "/_aliases", "application/json", alias.as_bytes()).status, 200);
}

fn time(number: u64) -> u64 {
    1_454_529_600_000 + number * 300_000
}

fn timestamp(line: &str) -> u64 {
    let bucket: serde_json::Value = serde_json::from_str(line).unwrap();
    bucket["timestamp"].as_u64().unwrap()
}
