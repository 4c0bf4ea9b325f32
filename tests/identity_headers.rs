//! Headers that say who asks: what a client sends, what the cluster gets. The cluster is a small server, as a genuine one
//! does not show what it was sent.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Body, extract::State};
use http::{HeaderMap, Request, Response};
use support::{basic, parse, send, send_raw, start_with};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";

const YES: &str = r#"{"username":"u","has_all_requested":true,"cluster":{"monitor_ml":true},
    "index":{".ml-anomalies-it-ops-kpi":{"read":true}},"application":{}}"#;

const EMPTY_SEARCH: &str = r#"{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},
    "hits":{"total":{"value":0,"relation":"eq"},"max_score":null,"hits":[]}}"#;

/// What was asked for, with its headers.
type Seen = Arc<Mutex<Vec<(String, HeaderMap)>>>;

/// A cluster that says yes to everything and writes down what it gets.
async fn start_cluster() -> (SocketAddr, Seen) {
    async fn handle(State(seen): State<Seen>, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let body = if path.ends_with("_has_privileges") { YES } else { EMPTY_SEARCH };
        seen.lock().unwrap().push((path, request.headers().clone()));
        Response::builder().header("content-type", "application/json").body(body.into()).unwrap()
    }
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(handle).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, seen)
}

async fn start(more: &str) -> (SocketAddr, Seen) {
    let (cluster, seen) = start_cluster().await;
    let configuration = format!("upstream = 'http://{cluster}'\nauthority = 'elasticsearch'\n{more}");
    (start_with(&configuration).await, seen)
}

fn healthy(front: SocketAddr) {
    assert_eq!(send(front, "GET", BUCKETS, &[("Authorization", &basic("u", "p"))], None).status, 200);
}

/// Hardening cases 21, 22 and 26.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_credential_and_the_tracing_headers_go_on() {
    let (front, seen) = start("").await;
    let authorization = basic("u", "p");
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [
        ("Authorization", &*authorization),
        ("X-Opaque-Id", "me"),
        ("traceparent", trace),
        ("tracestate", "a=b"),
        ("opendistro_security_impersonate_as", "admin"),
        ("_opendistro_security_user", "admin"),
        ("ES-Client-Authentication", "SharedSecret x"),
        ("x-proxy-user", "admin"),
        ("x-proxy-roles", "admin"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("Cookie", "sid=x"),
        ("Accept", "application/vnd.elasticsearch+json; compatible-with=8"),
    ];
    let reply = send(front, "GET", BUCKETS, &headers, None);
    assert_eq!((reply.status, reply.header("x-opaque-id")), (200, Some("me")));
    let seen = seen.lock().unwrap();
    assert!(seen.iter().any(|(path, _)| path.ends_with("_has_privileges")));
    assert!(seen.iter().any(|(path, _)| path == "/.ml-anomalies-it-ops-kpi/_search"));
    for (path, got) in seen.iter() {
        for (name, value) in &headers[..4] {
            assert_eq!(got.get_all(*name).iter().collect::<Vec<_>>(), [value], "{path} {name}");
        }
        for name in got.keys().map(http::HeaderName::as_str) {
            let ours =
                ["host", "accept", "content-type", "content-length", "user-agent", "accept-encoding", "connection"];
            let expected = ours.contains(&name) || headers[..4].iter().any(|(sent, _)| sent.eq_ignore_ascii_case(name));
            assert!(expected, "{path}: {name}");
        }
        assert_ne!(
            got.get("accept").map(|value| value.to_str().unwrap()),
            Some(headers[11].1),
            "the reply is read as JSON"
        );
    }
}

/// Hardening cases 20, 22, 23, 24 and 27: refused before anyone is asked.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_ambiguous_is_refused() {
    let (front, seen) = start("").await;
    let long = "x".repeat(10_000);
    let authorization = basic("u", "p");
    for lines in [
        "es-security-runas-user: admin",
        "Es_Security_RunAs_User: admin",
        "es-secondary-authorization: Basic YTpi",
        "Authorization: Basic YTpj",
        "X-Opaque-Id: a\r\nX-Opaque-Id: b",
        &format!("X-Opaque-Id: {long}"),
        "Connection: close, Authorization",
        "Connection: X-Opaque-Id",
        "Authorization : Basic YTpi",
        "X-Opaque-Id: a\rb",
        "X-Opaque-Id: a\0b",
    ] {
        let request = format!(
            "GET {BUCKETS} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: {authorization}\r\n{lines}\r\n\r\n"
        );
        let reply = parse(&send_raw(front, request.as_bytes())).unwrap();
        assert_eq!(reply.status, 400, "{lines:?}: {reply:?}");
        assert!(!reply.body.contains("YTpi"), "{reply:?}");
        assert!(seen.lock().unwrap().is_empty(), "{lines:?} reached the cluster");
    }
    healthy(front);
}

/// Hardening case 25: without a credential the cluster is asked without one, and its answer is nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_as_nobody() {
    let (front, seen) = start("privilege_cache_seconds = 60\n").await;
    healthy(front);
    assert_eq!(send(front, "GET", BUCKETS, &[], None).status, 200);
    let questions: Vec<bool> = {
        let seen = seen.lock().unwrap();
        let questions = seen.iter().filter(|(path, _)| path.ends_with("_has_privileges"));
        questions.map(|(_, got)| got.contains_key("authorization")).collect()
    };
    assert_eq!(questions, [true, false]);
}
