//! `Accept: application/x-ndjson`: every bucket, one a line, beyond the window of 10,000; and never a part that looks whole.

#![allow(clippy::unwrap_used)]

mod support;

use std::{fmt::Write as _, io::Read as _, io::Write as _, net::SocketAddr, net::TcpStream};

use serde_json::Value;
use support::{
    Cluster, Reply, Server, basic,
    command::{bucket, import, run, write},
    fixtures, send, send_raw, start_with,
};
use tokio::sync::Mutex;

/// More than two windows.
const MANY: u64 = 20_400;
const START: u64 = 1_454_529_600_000;
const BUCKETS: &str = "/_ml/anomaly_detectors/many/results/buckets";

/// One cluster at a time: each takes a gigabyte.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let documents = (0..MANY).fold(String::new(), |mut lines, number| {
        writeln!(lines, "{}", bucket("many", time(number))).unwrap();
        lines
    });
    let results = fixtures().join("results/it-ops-kpi.ndjson");
    let said = run(&mut import(&store, &[&write(folder.path(), "many.ndjson", documents), &results]));
    assert!(said.succeeded, "{said:?}");
    let front = start_with(&format!("store = '{}'\nunsafe_open_to_all = true\n", store.display())).await;
    every_bucket(front, "");
    as_in_one_page(front, "");
    // A field that is no column of the store's.
    let reply = lines(front, "", "?sort=event_count&size=10100");
    assert_eq!(times(&reply), (0..10_100).map(time).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch() {
    on(Server::Elasticsearch("8.19.21")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch() {
    on(Server::OpenSearch("3.4.0")).await;
}

async fn on(server: Server) {
    let _one = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::start_server(server) else { return };
    let alias = r#"{"actions":[{"add":{"index":".ml-anomalies-shared","alias":".ml-anomalies-many"}}]}"#;
    assert_eq!(cluster.call("POST", "/_aliases", "application/json", alias.as_bytes()).status, 200);
    for part in (0..MANY).collect::<Vec<_>>().chunks(5_000) {
        let mut bulk = String::new();
        for number in part {
            writeln!(bulk, "{{\"index\":{{}}}}\n{}", bucket("many", time(*number))).unwrap();
        }
        let target = "/.ml-anomalies-shared/_bulk?refresh=true";
        let reply = cluster.call("POST", target, "application/x-ndjson", bulk.as_bytes());
        assert!(reply.status == 200 && reply.body.contains("\"errors\":false"), "{:.300}", reply.body);
    }
    let roles = "opensearch_roles = ['all_access=all', 'ml_reader=monitor_ml']\n";
    let front = start_with(&format!("upstream = 'http://{}'\n{roles}", cluster.address)).await;
    let (user, password) = server.superuser();
    let credentials = basic(user, password);
    every_bucket(front, &credentials);
    as_in_one_page(front, &credentials);
    // Nothing is left open in the cluster.
    let open = || -> u64 {
        let reply = cluster.call("GET", "/_nodes/stats/indices/search", "", b"");
        let stats: Value = serde_json::from_str(&reply.body).unwrap();
        stats["nodes"]
            .as_object()
            .unwrap()
            .values()
            .map(|node| node["indices"]["search"]["open_contexts"].as_u64().unwrap())
            .sum()
    };
    for _ in 0..50 {
        if open() == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(open(), 0, "cursors are left open");
    who_may_only_read(&cluster, server, front);
    // A client that goes away in the midst, and a cluster that does.
    let part = read_some(front, &credentials, 1 << 16);
    assert!(part.starts_with("HTTP/1.1 200"), "{part:.200}");
    let mut stream = ask(front, &credentials);
    let mut reply = vec![0; 1 << 12];
    stream.read_exact(&mut reply).unwrap();
    cluster.kill();
    let _ = stream.read_to_end(&mut reply);
    assert!(!reply.ends_with(b"0\r\n\r\n"), "a part of the reply looks whole: {} bytes", reply.len());
}

/// A caller with no more than the API asks for.
fn who_may_only_read(cluster: &Cluster, server: Server, front: SocketAddr) {
    if server == Server::Elasticsearch("8.19.21") {
        let role = r#"{"cluster":["monitor_ml"],"indices":[{"names":[".ml-anomalies-*"],"privileges":["read"]}]}"#;
        for (target, body) in [("role/reads", role), ("user/reads", r#"{"password":"file-secret","roles":["reads"]}"#)]
        {
            let reply = cluster.call("PUT", &format!("/_security/{target}"), "application/json", body.as_bytes());
            assert_eq!(reply.status, 200, "{reply:?}");
        }
        assert_eq!(times(&lines(front, &basic("reads", "file-secret"), "")).len() as u64, MANY);
        return;
    }
    // OpenSearch lets him begin a scroll and not go on with it: what is no longer than a page is whole, what is longer is cut.
    let reader = basic("ml_reader", "file-secret");
    as_in_one_page(front, &reader);
    let head =
        format!("GET {BUCKETS} HTTP/1.1\r\nHost: h\r\nAccept: application/x-ndjson\r\nAuthorization: {reader}\r\n\r\n");
    let reply = send_raw(front, head.as_bytes());
    assert!(reply.starts_with(b"HTTP/1.1 200") && reply.len() > 10_000, "{}", reply.len());
    assert!(!reply.ends_with(b"0\r\n\r\n"), "a part of the reply looks whole: {} bytes", reply.len());
}

fn time(number: u64) -> u64 {
    START + number * 300_000
}

fn every_bucket(front: SocketAddr, credentials: &str) {
    let all: Vec<u64> = (0..MANY).map(time).collect();
    let reply = lines(front, credentials, "");
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(reply.header("transfer-encoding"), Some("chunked"));
    assert_eq!(times(&reply), all);
    let backwards: Vec<u64> = all.iter().rev().copied().collect();
    assert_eq!(times(&lines(front, credentials, "?desc")), backwards);
    // All scores are the same: every bucket comes once, in some order of equals.
    let mut by_score = times(&lines(front, credentials, "?sort=anomaly_score&exclude_interim"));
    by_score.sort_unstable();
    assert_eq!(by_score, all);
    assert_eq!(times(&lines(front, credentials, "?from=9990&size=10010")), all[9_990..20_000]);
    assert_eq!(times(&lines(front, credentials, "?from=20399&size=5")), all[20_399..]);
    assert_eq!(times(&lines(front, credentials, "?from=20400")), [0; 0]);
    let (start, end) = (all[7], all[17_003]);
    assert_eq!(times(&lines(front, credentials, &format!("?start={start}&end={end}"))), all[7..17_003]);
    assert_eq!(times(&lines(front, credentials, &format!("/{start}"))), [start]);
    for (query, status) in [
        ("/1", 404),
        ("?start=invalid", 400),
        ("?sort=nosuch", 400),
        ("?size=x", 400),
        ("?nosuch=1", 400),
        // A document, and not lines.
        ("?filter_path=count", 200),
        ("?pretty&size=1", 200),
    ] {
        let reply = lines(front, credentials, query);
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (status, Some("application/json")),
            "{query}: {reply:?}"
        );
    }
    let unknown = BUCKETS.replace("many", "nobody");
    assert_eq!(accepting(front, credentials, &unknown).status, 404);
    assert_eq!(accepting(front, credentials, &format!("{BUCKETS}?end=1")).body, "");
}

/// Each line is the bucket that a page shows.
fn as_in_one_page(front: SocketAddr, credentials: &str) {
    let target = BUCKETS.replace("many", "it-ops-kpi");
    for query in ["?size=1000", "?size=1000&expand", "?size=1000&expand&sort=anomaly_score&desc&human"] {
        let headers = [("Authorization", credentials)];
        let headers = &headers[..usize::from(!credentials.is_empty())];
        let page = send(front, "GET", &format!("{target}{query}"), headers, None);
        let (_, buckets) = page.body.split_once("\"buckets\":[").unwrap_or_else(|| panic!("{page:?}"));
        let reply = accepting(front, credentials, &format!("{target}{query}"));
        let joined = reply.body.lines().collect::<Vec<_>>().join(",");
        assert!(joined.len() > 10_000);
        assert!(format!("{joined}]}}") == buckets, "{query}: {joined:.300} {buckets:.300}");
    }
}

fn lines(front: SocketAddr, credentials: &str, query: &str) -> Reply {
    accepting(front, credentials, &format!("{BUCKETS}{query}"))
}

fn accepting(front: SocketAddr, credentials: &str, target: &str) -> Reply {
    let headers = [("Accept", "application/x-ndjson"), ("Authorization", credentials)];
    send(front, "GET", target, &headers[..if credentials.is_empty() { 1 } else { 2 }], None)
}

fn times(reply: &Reply) -> Vec<u64> {
    assert_eq!(reply.status, 200, "{:.500}", reply.body);
    let time = |line| serde_json::from_str::<Value>(line).unwrap()["timestamp"].as_u64().unwrap();
    reply.body.lines().map(time).collect()
}

fn ask(front: SocketAddr, credentials: &str) -> TcpStream {
    let mut stream = TcpStream::connect(front).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_mins(1))).unwrap();
    let head = format!(
        "GET {BUCKETS} HTTP/1.1\r\nHost: h\r\nAccept: application/x-ndjson\r\nAuthorization: {credentials}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn read_some(front: SocketAddr, credentials: &str, bytes: usize) -> String {
    let mut reply = vec![0; bytes];
    ask(front, credentials).read_exact(&mut reply).unwrap();
    String::from_utf8_lossy(&reply).into_owned()
}
