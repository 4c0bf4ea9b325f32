//! What is not Get Buckets: through mlgate as without it, on genuine clusters.

#![allow(clippy::unwrap_used)]

mod support;

use std::{io::Write as _, net::SocketAddr, path::Path, process::Command};

use support::{Cluster, Reply, Server, basic, install::Installer, send, send_raw, start_with};

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch() {
    on(Server::Elasticsearch("8.19.21")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch() {
    on(Server::OpenSearch("3.4.0")).await;
}

/// The status, the body without what differs from call to call, and the headers without those of the connection.
fn comparable(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let mut headers = reply.headers.clone();
    headers.retain(|(name, _)| !matches!(name.as_str(), "connection" | "transfer-encoding" | "content-length"));
    headers.sort();
    let mut body = reply.body.clone();
    if let (Some(at), Some(end)) = (body.find("\"took\":"), body.find(",\"timed_out\"")) {
        body.replace_range(at..end, "");
    }
    (reply.status, headers, body)
}

/// A cluster that lets everyone in: mlgate cannot tell who may, and is no way around that.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_to_a_cluster_without_security() {
    let answers = |uri: http::Uri| async move {
        let root = r#"{"version":{"number":"8.19.0"},"tagline":"You Know, for Search"}"#;
        let missing = r#"{"error":"no handler found for uri [/x] and method [GET]"}"#;
        let found = uri.path() == "/" || uri.path().ends_with("_search");
        (if found { http::StatusCode::OK } else { http::StatusCode::BAD_REQUEST }, if found { root } else { missing })
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cluster = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answers)).await.unwrap() });
    for more in ["", "authority = 'elasticsearch'\n", "authority = 'opensearch'\npass_through = 'all'\n"] {
        let front = start_with(&format!("upstream = 'http://{cluster}'\n{more}")).await;
        for (target, status) in
            [("/.ml-anomalies-*/_search", 403), ("/", 403), ("/_ml/anomaly_detectors/it-ops-kpi/results/buckets", 503)]
        {
            let reply = send(front, "GET", target, &[("Authorization", &basic("u", "p"))], None);
            assert_eq!(reply.status, status, "{more} {target}: {reply:?}");
        }
    }
}

async fn on(server: Server) {
    let Some(cluster) = Cluster::start_server(server) else { return };
    let upstream = format!("upstream = 'http://{}'\n", cluster.address);
    let reading = start_with(&upstream).await;
    let open = start_with(&format!("{upstream}pass_through = 'all'\n")).await;
    let closed = start_with(&format!("{upstream}pass_through = 'off'\n")).await;
    let (user, password) = server.superuser();
    let authorization = basic(user, password);
    let call = |to: SocketAddr, method: &str, target: &str, body: Option<&[u8]>| {
        let json = ("Content-Type", "application/json");
        let headers = [("Authorization", &*authorization), ("X-Opaque-Id", "me"), json];
        send(to, method, target, &headers[..if body.is_some() { 3 } else { 2 }], body)
    };
    for (method, target, body) in [
        ("GET", "/", None),
        ("GET", "/_cat/indices/no*?v&x='%7B%7D", None),
        ("HEAD", "/.ml-anomalies-shared", None),
        ("GET", "/.ml-anomalies-shared/_mapping?pretty", None),
        ("GET", "/.ml-anomalies-shared/_search?size=2&sort=timestamp,job_id&q=result_type:bucket", None),
        (
            "POST",
            "/.ml-anomalies-shared/_search",
            Some(&br#"{"size":1000,"sort":["timestamp","job_id","result_type"]}"#[..]),
        ),
        ("GET", "/.ml-anomalies-shared/_count", Some(br#"{"query":{"match_all":{}}}"#)),
        ("POST", "/.ml-anomalies-shared/_search", Some(b"{")),
        ("GET", "/no-such-index/_search", None),
        ("GET", "/no%20such%2Findex/_doc/a%2Fb", None),
        ("GET", "/_ml/anomaly_detectors/x/results/no_such_thing", None),
    ] {
        let (ours, theirs) = (call(reading, method, target, body), call(cluster.address, method, target, body));
        assert_eq!(comparable(&ours), comparable(&theirs), "{method} {target}");
    }
    // Without a credential, and with a wrong one: the cluster's own 401, with its headers.
    for headers in [vec![], vec![("Authorization", basic(user, "wrong"))]] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = |to| send(to, "GET", "/_search", &headers, None);
        assert_eq!(comparable(&reply(reading)), comparable(&reply(cluster.address)));
        assert_eq!(reply(reading).status, 401);
    }
    // Nobody becomes another by a header.
    let service = basic("service", "file-secret");
    let headers = [("Authorization", &*service), ("opendistro_security_impersonate_as", "nobody")];
    assert_eq!(send(reading, "GET", "/.ml-anomalies-shared/_search", &headers, None).status, 200);

    // A large upload, streamed, and read again.
    let mut bulk = Vec::new();
    for number in 0..60_000 {
        writeln!(bulk, "{{\"index\":{{\"_id\":\"{number}\"}}}}\n{{\"n\":{number},\"text\":\"{}\"}}", "x".repeat(200))
            .unwrap();
    }
    assert!(bulk.len() > 12_000_000, "{}", bulk.len());
    let refused = call(reading, "POST", "/pass-through/_bulk", Some(&bulk[..200]));
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(call(reading, "DELETE", "/.ml-anomalies-shared", None).status, 403);
    assert_eq!(call(reading, "PUT", "/pass-through", None).status, 403);
    assert_eq!(call(closed, "GET", "/_search", None).status, 400);
    let stored = call(open, "POST", "/pass-through/_bulk?refresh=true", Some(&bulk));
    assert!(stored.status == 200 && stored.body.contains("\"errors\":false"), "{:.300}", stored.body);
    let count = call(reading, "GET", "/pass-through/_count", None);
    assert!(count.body.contains("\"count\":60000"), "{count:?}");
    let whole = call(reading, "GET", "/pass-through/_search?size=10000&sort=n", None);
    assert_eq!(whole.body.matches("\"_id\"").count(), 10_000);
    // Chunked, and two requests in one packet.
    let chunked = format!(
        "POST /pass-through/_search HTTP/1.1\r\nHost: h\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n5\r\n{{\"siz\r\n5\r\ne\":0}}\r\n0\r\n\r\n\
         GET /pass-through/_count HTTP/1.1\r\nHost: h\r\nAuthorization: {authorization}\r\nConnection: close\r\n\r\n"
    );
    let text = String::from_utf8(send_raw(reading, chunked.as_bytes())).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2, "{text:.600}");
    assert_eq!(call(open, "DELETE", "/pass-through", None).status, 200);
    elasticdump(cluster.address, open, server.superuser());
    // Ours stays ours.
    let ours = call(open, "GET", "/_ml/anomaly_detectors/it-ops-kpi/results/buckets?size=0", None);
    assert_eq!((ours.status, &*ours.body), (200, "{\"count\":300,\"buckets\":[]}"));
    assert_eq!(call(open, "DELETE", "/_ml/anomaly_detectors/it-ops-kpi/results/buckets", None).status, 405);
}

/// Someone else's program, which scrolls, writes in bulk and reads settings: through mlgate it does what it does without.
fn elasticdump(cluster: SocketAddr, front: SocketAddr, (user, password): (&str, &str)) {
    let Some(folder) = Installer::Npm.install("elasticdump", &["elasticdump@6.125.1"]) else { return };
    let program = folder.join("node_modules/.bin/elasticdump");
    let files = tempfile::tempdir().unwrap();
    let dump = |input: &str, output: &str, kind: &str| {
        let output_kind = ["--quiet", "--limit=500", "--type", kind];
        let mut command = Command::new(&program);
        let done = command.args(["--input", input, "--output", output]).args(output_kind).output().unwrap();
        assert!(done.status.success(), "{input} {kind}: {done:?}");
    };
    let at = |address: SocketAddr, index: &str| format!("http://{user}:{password}@{address}/{index}");
    let lines = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let dumped = |address: SocketAddr, index: &str, kind: &str, name: &str| {
        let file = files.path().join(name);
        dump(&at(address, index), file.to_str().unwrap(), kind);
        lines(&file)
    };
    for kind in ["mapping", "data"] {
        let ours = dumped(front, ".ml-anomalies-shared", kind, &format!("{kind}-ours"));
        assert_eq!(ours, dumped(cluster, ".ml-anomalies-shared", kind, &format!("{kind}-theirs")), "{kind}");
        assert!(kind == "mapping" || ours.len() > 300, "{}", ours.len());
        // In again, under other names. What this program cannot write, as numbers beyond JavaScript's, it cannot either way.
        let file = files.path().join(format!("{kind}-ours"));
        dump(file.to_str().unwrap(), &at(front, "copied"), kind);
        dump(file.to_str().unwrap(), &at(cluster, "copied-directly"), kind);
    }
    let authorization = basic(user, password);
    let call = |method: &str, target: &str| send(front, method, target, &[("Authorization", &authorization)], None);
    assert_eq!(call("POST", "/copied*/_refresh").status, 200);
    let [ours, theirs] = ["copied", "copied-directly"].map(|index| dumped(cluster, index, "data", index).len());
    assert!(ours > 300 && ours == theirs, "{ours} and {theirs} documents");
    assert_eq!(call("DELETE", "/copied,copied-directly").status, 200);
}
