//! Servers of old: a genuine Elasticsearch 7.17 without security, in front of which the files of a realm decide, and 6.8 as
//! far as its documentation tells what it answers.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State};
use http::{Method, StatusCode, Uri};
use serde::Deserialize;
use serde_json::Value;
use support::{Cluster, Reply, Server, basic, fixtures, send, start_with, store_with_fixtures};

fn ask(to: SocketAddr, accept: &str, target: &str, login: Option<(&str, &str)>) -> Reply {
    let credentials = login.map(|(user, password)| basic(user, password));
    let mut headers = vec![("Accept", accept)];
    headers.extend(credentials.as_deref().map(|credentials| ("Authorization", credentials)));
    send(to, "GET", target, &headers, None)
}

fn buckets(job: &str, query: &str) -> String {
    format!("/_ml/anomaly_detectors/{job}/results/buckets{query}")
}

/// The same replies as from the embedded store, and the same people let in.
#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_7_without_security() {
    let Some(cluster) = Cluster::start_server(Server::Elasticsearch("7.17.29")) else { return };
    let realm = fixtures().join("realm");
    let front = start_with(&format!("upstream = 'http://{}'\nrealm = '{}'\n", cluster.address, realm.display())).await;
    let (store, _folder) = store_with_fixtures();
    let embedded = start_with(&format!("store = '{}'\nrealm = '{}'\n", store.display(), realm.display())).await;
    let reader = Some(("ml_reader", "demo-password"));
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
                let (ours, expected) = (
                    ask(front, accept, &buckets(job, query), reader),
                    ask(embedded, accept, &buckets(job, query), reader),
                );
                assert_eq!(ours.status, 200, "{job}{query}: {ours:?}");
                assert!(ours.body == expected.body, "{job}{query}: {:.400} {:.400}", ours.body, expected.body);
            }
        }
    }
    for (login, target, status) in [
        (None, buckets("it-ops-kpi", ""), 401),
        (Some(("ml_reader", "wrong")), buckets("it-ops-kpi", ""), 401),
        (Some(("results_only", "demo-password")), buckets("it-ops-kpi", ""), 403),
        (Some(("team_a", "demo-password")), buckets("farequote", ""), 403),
        (Some(("team_a", "demo-password")), buckets("it-ops-kpi", ""), 200),
        (reader, buckets("nobody", ""), 404),
        (reader, buckets("it-ops-kpi", "?sort=nosuch"), 400),
        (reader, buckets("it-ops-kpi", "?start=invalid"), 400),
        (reader, buckets("it-ops-kpi", "/1"), 404),
        // Who are let in by mlgate are no users of the cluster.
        (reader, "/_search".to_owned(), 400),
        (reader, "/".to_owned(), 200),
        (None, "/".to_owned(), 401),
    ] {
        let reply = ask(front, "application/json", &target, login);
        assert_eq!(reply.status, status, "{login:?} {target}: {reply:?}");
    }
    // Without a realm nobody can say who may: nobody is let in, and nothing is passed on.
    let front = start_with(&format!("upstream = 'http://{}'\npass_through = 'all'\n", cluster.address)).await;
    for (target, status) in [(buckets("it-ops-kpi", ""), 503), ("/".to_owned(), 403)] {
        assert_eq!(ask(front, "application/json", &target, reader).status, status, "{target}");
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Exchange {
    request: Asked,
    reply: Answered,
}

#[derive(Debug, Clone, Deserialize)]
struct Asked {
    method: String,
    /// Without its query where that is not told.
    target: String,
    /// What the body has at least.
    body: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
struct Answered {
    status: u16,
    body: Option<Value>,
}

/// Plays what is written down; anything else is kept, and fails the test.
#[derive(Default)]
struct Player {
    exchanges: Vec<Exchange>,
    played: Mutex<Vec<bool>>,
    unknown: Mutex<Vec<String>>,
}

impl Asked {
    fn is(&self, method: &Method, uri: &Uri, body: &Bytes) -> bool {
        let target = if self.target.contains('?') { uri.to_string() } else { uri.path().to_owned() };
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        let has = |wanted: &Value| wanted.as_object().unwrap().iter().all(|(key, value)| sent.get(key) == Some(value));
        self.method == method.as_str()
            && self.target == target.replace("%2C", ",").replace("%2A", "*")
            && self.body.as_ref().map_or(body.is_empty(), has)
    }
}

async fn play(
    State(player): State<Arc<Player>>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    let json = [("content-type", "application/json; charset=UTF-8")];
    let at = player.exchanges.iter().position(|exchange| exchange.request.is(&method, &uri, &body));
    let Some(at) = at else {
        player.unknown.lock().unwrap().push(format!("{method} {uri} {}", String::from_utf8_lossy(&body)));
        return (StatusCode::NOT_IMPLEMENTED, json, String::new());
    };
    player.played.lock().unwrap()[at] = true;
    let reply = &player.exchanges[at].reply;
    let body = reply.body.as_ref().map(Value::to_string).unwrap_or_default();
    (StatusCode::from_u16(reply.status).unwrap(), json, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_6_as_it_is_documented() {
    let folder = fixtures().join("exchanges/6.8");
    let mut exchanges: Vec<Exchange> = Vec::new();
    for name in ["found", "unknown_job", "lines"] {
        let text = std::fs::read_to_string(folder.join(format!("{name}.yml"))).unwrap();
        exchanges.extend(serde_saphyr::from_str::<Vec<Exchange>>(&text).unwrap());
    }
    let none = Mutex::new(vec![false; exchanges.len()]);
    let player = Arc::new(Player { exchanges, played: none, ..Player::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cluster = listener.local_addr().unwrap();
    let app = Router::new().fallback(play).with_state(Arc::clone(&player));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let realm = fixtures().join("realm");
    let front = start_with(&format!("upstream = 'http://{cluster}'\nrealm = '{}'\n", realm.display())).await;

    let bucket = |time: u64, score: f64, events: u64, took: u64| {
        format!(
            "{{\"job_id\":\"old\",\"timestamp\":{time},\"anomaly_score\":{score:?},\"bucket_span\":300,\
             \"initial_anomaly_score\":{score:?},\"event_count\":{events},\"is_interim\":false,\"bucket_influencers\":[],\
             \"processing_time_ms\":{took},\"result_type\":\"bucket\"}}"
        )
    };
    let [one, two, three] = [
        bucket(1_454_529_600_000, 12.5, 7, 2),
        bucket(1_454_529_900_000, 3.5, 9, 1),
        bucket(1_454_530_200_000, 94.5, 153, 2),
    ];
    let reader = Some(("ml_reader", "demo-password"));
    let get = |accept: &str, target: &str| {
        let reply = ask(front, accept, target, reader);
        (reply.status, reply.body)
    };
    let page = format!("{{\"count\":3,\"buckets\":[{one},{two}]}}");
    // As 6.x shows it.
    let page = page.replace("\"result_type\"", "\"partition_scores\":[],\"result_type\"");
    assert_eq!(get("application/json", "/_xpack/ml/anomaly_detectors/old/results/buckets?size=2"), (200, page));
    assert_eq!(get("application/json", &buckets("old", "?size=0")), (200, "{\"count\":3,\"buckets\":[]}".into()));
    assert_eq!(get("application/json", &buckets("nobody", "")).0, 404);
    let lines = format!("{one}\n{two}\n{three}\n").replace("\"old\"", "\"long\"");
    assert_eq!(get("application/x-ndjson", &buckets("long", "")), (200, lines));

    let unknown = player.unknown.lock().unwrap().clone();
    assert!(unknown.is_empty(), "{unknown:#?}");
    let done = player.played.lock().unwrap().clone();
    let never =
        player.exchanges.iter().zip(&done).filter(|(_, played)| !**played).map(|(exchange, _)| &exchange.request);
    assert_eq!(never.map(|request| &request.target).collect::<Vec<_>>(), Vec::<&String>::new());
}
