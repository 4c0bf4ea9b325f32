//! An authority that is down, slow, or answers nonsense: nobody is let in, nothing is kept, and nothing is searched. No
//! genuine cluster can be made to answer like this, so a small server does.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Router, body::Body, extract::State};
use http::{Request, Response, StatusCode};
use support::{basic, send, start_with};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";

/// A yes to everything that mlgate asks.
const YES: &str = r#"{"username":"u","has_all_requested":true,"cluster":{"monitor_ml":true,"monitor":true},
    "index":{".ml-anomalies-it-ops-kpi":{"read":true}},"application":{}}"#;

const EMPTY_SEARCH: &str = r#"{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},
    "hits":{"total":{"value":0,"relation":"eq"},"max_score":null,"hits":[]}}"#;

type Answering = Arc<dyn Fn(usize) -> (StatusCode, Vec<(&'static str, String)>, String, Duration) + Send + Sync>;

/// A cluster whose security answers what a test wants.
#[derive(Clone)]
struct FakeCluster {
    questions: Arc<AtomicUsize>,
    others: Arc<AtomicUsize>,
    answer: Answering,
}

impl FakeCluster {
    async fn start(
        answer: impl Fn(usize) -> (StatusCode, Vec<(&'static str, String)>, String, Duration) + Send + Sync + 'static,
    ) -> (SocketAddr, Self) {
        let fake = Self { questions: Arc::default(), others: Arc::default(), answer: Arc::new(answer) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(Self::handle).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (address, fake)
    }

    async fn handle(State(fake): State<Self>, request: Request<Body>) -> Response<Body> {
        if request.uri().path() != "/_security/user/_has_privileges" {
            // A node that was silent is looked after, which is no search.
            if request.method() != http::Method::HEAD {
                fake.others.fetch_add(1, Ordering::SeqCst);
            }
            return Response::builder().header("content-type", "application/json").body(EMPTY_SEARCH.into()).unwrap();
        }
        let number = fake.questions.fetch_add(1, Ordering::SeqCst);
        let (status, headers, body, delay) = (fake.answer)(number);
        tokio::time::sleep(delay).await;
        let mut response = Response::builder().status(status).header("content-type", "application/json");
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(body.into()).unwrap()
    }
}

fn config(cluster: SocketAddr, more: &str) -> String {
    format!("upstream = 'http://{cluster}'\nauthority = 'elasticsearch'\nauthority_timeout_seconds = 1\n{more}")
}

fn answer(status: u16, body: &str) -> (StatusCode, Vec<(&'static str, String)>, String, Duration) {
    (StatusCode::from_u16(status).unwrap(), vec![], body.to_owned(), Duration::ZERO)
}

#[tokio::test(flavor = "multi_thread")]
async fn case_52_nonsense_is_no_yes_and_is_not_kept() {
    let (other, other_cluster) = FakeCluster::start(|_| answer(200, YES)).await;
    let deep = "[".repeat(100_000);
    for (status, body) in [
        (200, ""),
        (200, "true"),
        (200, "{}"),
        (200, "not json"),
        (200, &*deep),
        (200, r#"{"username":"u","has_all_requested":true}"#),
        (200, r#"{"username":"u","has_all_requested":true,"cluster":{},"index":{}}"#),
        (200, &YES.replace("\"has_all_requested\":true", "\"has_all_requested\":\"true\"")),
        (200, &YES.replace("\"has_all_requested\":true,", "")),
        (200, &YES.replace("\"has_all_requested\":true", "\"has_all_requested\":false")),
        (200, &YES.replace("\"monitor_ml\":true", "\"monitor_ml\":1")),
        (200, &YES.replace("\"read\":true", "\"read\":null")),
        (200, &YES.replace(".ml-anomalies-it-ops-kpi", ".ml-anomalies-other")),
        (200, &YES[..YES.len() - 1]),
        (201, YES),
        (403, r#"{"error":{"type":"security_exception","reason":"no"},"status":403}"#),
        (401, "Unauthorized"),
        (429, "{}"),
        (500, "{}"),
        (503, ""),
    ] {
        let (status, body) = (status, body.to_owned());
        let answered = body.clone();
        // Nonsense first, then a proper yes: had anything been kept, the second caller would not get in.
        let (cluster, fake) =
            FakeCluster::start(move |n| if n == 0 { answer(status, &answered) } else { answer(200, YES) }).await;
        let front = start_with(&config(cluster, "")).await;
        let headers = [("Authorization", &*basic("u", "the-secret")), ("X-Opaque-Id", "me")];
        let reply = send(front, "GET", BUCKETS, &headers, None);
        assert_eq!(reply.status, 503, "{status} {body:.100}: {reply:?}");
        assert_eq!(reply.header("retry-after"), Some("5"));
        assert_eq!(reply.header("x-opaque-id"), Some("me"));
        assert!(reply.body.starts_with("{\"error\":{\"root_cause\":[{\"type\":\""), "{reply:?}");
        assert!(!reply.body.contains("secret") && !reply.body.contains(&cluster.to_string()), "{reply:?}");
        assert_eq!(fake.others.load(Ordering::SeqCst), 0, "{status} {body:.100}: searched");
        assert_eq!(send(front, "GET", BUCKETS, &headers, None).status, 200, "{status} {body:.100}: kept");
    }
    assert_eq!(other_cluster.questions.load(Ordering::SeqCst), 0);
    // A redirect is not followed, wherever to.
    for status in [301, 302, 307, 308] {
        let (cluster, fake) = FakeCluster::start(move |_| {
            let location = format!("http://{other}/_security/user/_has_privileges");
            (StatusCode::from_u16(status).unwrap(), vec![("location", location)], String::new(), Duration::ZERO)
        })
        .await;
        let front = start_with(&config(cluster, "")).await;
        assert_eq!(send(front, "GET", BUCKETS, &[("Authorization", &basic("u", "p"))], None).status, 503);
        assert_eq!(fake.others.load(Ordering::SeqCst), 0);
    }
    assert_eq!(other_cluster.questions.load(Ordering::SeqCst) + other_cluster.others.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn case_53_a_stalled_or_absent_authority_ends_in_time() {
    let slow = |_| (StatusCode::OK, vec![], YES.to_owned(), Duration::from_secs(30));
    let (cluster, fake) = FakeCluster::start(slow).await;
    let front = start_with(&config(cluster, "")).await;
    let begun = Instant::now();
    assert_eq!(send(front, "GET", BUCKETS, &[("Authorization", &basic("u", "p"))], None).status, 503);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(fake.others.load(Ordering::SeqCst), 0);
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for authority in ["auto", "elasticsearch", "opensearch"] {
        let front = start_with(&format!("upstream = 'http://{gone}'\nauthority = '{authority}'\n")).await;
        assert_eq!(send(front, "GET", BUCKETS, &[], None).status, 503, "{authority}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn case_55_one_question_for_five_hundred_callers() {
    let slow = |_| (StatusCode::OK, vec![], YES.to_owned(), Duration::from_millis(300));
    let (cluster, fake) = FakeCluster::start(slow).await;
    let front = start_with(&config(cluster, "privilege_cache_seconds = 60\n")).await;
    let ask = |password: &'static str| {
        tokio::task::spawn_blocking(move || {
            send(front, "GET", BUCKETS, &[("Authorization", &basic("u", password))], None).status
        })
    };
    let all: Vec<_> = (0..500).map(|_| ask("p")).collect();
    for one in all {
        assert_eq!(one.await.unwrap(), 200);
    }
    assert_eq!(fake.questions.load(Ordering::SeqCst), 1);
    // Another credential is another caller, however little it differs.
    assert_eq!(ask("P").await.unwrap(), 200);
    assert_eq!(fake.questions.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_yes_serves_only_where_configured() {
    for (stale, expected) in [("", 503), ("privilege_stale_seconds = 60\n", 200)] {
        let (cluster, _) = FakeCluster::start(|n| if n == 0 { answer(200, YES) } else { answer(500, "") }).await;
        let front = start_with(&config(cluster, &format!("privilege_cache_seconds = 0\n{stale}"))).await;
        let status = |user: &str| send(front, "GET", BUCKETS, &[("Authorization", &basic(user, "p"))], None).status;
        assert_eq!(status("u"), 200);
        assert_eq!(status("u"), expected);
        assert_eq!(status("other"), 503, "no yes of its own");
    }
}
