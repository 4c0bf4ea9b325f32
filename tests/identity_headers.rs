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
        if path == "/" {
            return Response::builder()
                .status(401)
                .header("x-elastic-product", "Elasticsearch")
                .body(Body::empty())
                .unwrap();
        }
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

/// Also what of case 22 is dropped rather than refused, and case 26.
#[tokio::test(flavor = "multi_thread")]
async fn case_21_only_the_credential_and_the_tracing_headers_go_on() {
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

/// Each of these lines, beside a credential, is refused before anyone is asked.
async fn all_refused(all: &[&str]) {
    let (front, seen) = start("").await;
    let authorization = basic("u", "p");
    for lines in all {
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

#[tokio::test(flavor = "multi_thread")]
async fn case_20_nobody_is_named_to_act_as() {
    all_refused(&["es-security-runas-user: admin", "es-secondary-authorization: Basic YTpi"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_22_in_any_spelling() {
    all_refused(&[
        "Es_Security_RunAs_User: admin",
        "ES-SECONDARY_AUTHORIZATION: Basic YTpi",
        "Authorization : Basic YTpi",
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_23_what_a_connection_may_not_drop() {
    all_refused(&[
        "Connection: close, Authorization",
        "Connection: X-Opaque-Id",
        "connection: es-security-runas-user",
        "Connection: close,,\tAUTHORIZATION ,x",
        "Connection: host",
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_24_credentials_that_are_none() {
    all_refused(&["Authorization: Basic YTpj", "Authorization: "]).await;
    let (front, seen) = start("privilege_cache_seconds = 60\n").await;
    let huge = format!("Bearer {}", "x".repeat(64 << 10));
    for (authorization, statuses) in [
        ("Basic %%%", &[400, 401, 200][..]),
        ("Basic", &[400, 401, 200]),
        ("Basic YTpi, Basic YTpj", &[400, 401, 200]),
        (&huge, &[431]),
    ] {
        let reply = send(front, "GET", BUCKETS, &[("Authorization", authorization)], None);
        assert!(statuses.contains(&reply.status), "{authorization:.40}: {reply:?}");
        // What goes on is what was sent, and no other credential.
        for (path, got) in seen.lock().unwrap().drain(..) {
            let all: Vec<_> = got.get_all("authorization").iter().collect();
            assert!(all.is_empty() || all == [authorization], "{path}: {all:?}");
        }
        healthy(front);
        seen.lock().unwrap().clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn case_26_what_names_a_request_arrives() {
    let (front, seen) = start("pass_through = 'all'\n").await;
    let authorization = basic("u", "p");
    let headers = [
        ("Authorization", &*authorization),
        ("X-Opaque-Id", "me"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "a=b"),
        ("Accept", "application/vnd.elasticsearch+json; compatible-with=8"),
    ];
    assert_eq!(send(front, "GET", "/x", &headers, None).status, 200);
    let found = seen.lock().unwrap().iter().find(|(path, _)| path == "/x").map(|(_, got)| got.clone()).unwrap();
    for (name, value) in headers {
        assert_eq!(found.get_all(name).iter().collect::<Vec<_>>(), [value], "{name}");
    }
    for target in [BUCKETS.to_owned(), format!("{BUCKETS}?nonsense"), "/a//b".to_owned()] {
        assert_eq!(send(front, "GET", &target, &headers, None).header("x-opaque-id"), Some("me"), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn case_27_names_that_break_lines() {
    let long = format!("X-Opaque-Id: {}", "x".repeat(10_000));
    all_refused(&["X-Opaque-Id: a\r\nX-Opaque-Id: b", &long, "X-Opaque-Id: a\rb", "X-Opaque-Id: a\0b"]).await;
}

/// Without a credential the cluster is asked without one, and its answer is nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn case_25_nobody_is_asked_about_as_nobody() {
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
