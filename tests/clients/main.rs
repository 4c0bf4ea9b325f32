//! The official clients against every kind of target: their own checks of product and media types pass, Get Buckets answers
//! each way in which they can ask, refusals become their own exceptions, and what is passed on gives the same as directly.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

/// The clients.
mod packages;

use std::{net::SocketAddr, sync::LazyLock};

use packages::{PACKAGES, Package};
use serde_json::{Value, json};
use support::{Cluster, Server, basic, fixtures, send, start_with, store_with_fixtures};
use tokio::sync::Mutex;

/// One cluster at a time: each takes a gigabyte.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Those that can be installed here.
static INSTALLED: LazyLock<Vec<&Package>> =
    LazyLock::new(|| PACKAGES.iter().filter(|package| package.install()).collect());

/// A user and a password.
type Login = (&'static str, &'static str);

#[tokio::test(flavor = "multi_thread")]
async fn embedded() {
    let (store, folder) = store_with_fixtures();
    let realm = fixtures().join("realm");
    let front = start_with(&format!("store = '{}'\nrealm = '{}'\n", store.display(), realm.display())).await;
    let (user, refused) = (("elastic", "demo-password"), ("results_only", "demo-password"));
    for client in &*INSTALLED {
        let found = run(client, front, user, refused, None);
        assert_buckets(client, front, user, &found);
    }
    drop(folder);
}

/// What `docs/clients.md` says to type does what it says, on the demo's users and fixtures.
#[tokio::test(flavor = "multi_thread")]
async fn the_guide() {
    let guide = std::fs::read_to_string(support::root().join("docs/clients.md")).unwrap();
    for client in PACKAGES {
        let version: Vec<&str> = client.requirement().rsplit(['=', '@']).next().unwrap().split('.').collect();
        let language = if client.name.starts_with("python") { "Python" } else { "JavaScript" };
        let row = format!("| {language} {}.{}", version[0], version[1]);
        assert!(guide.contains(&row), "{row}");
    }
    let realm = fixtures().join("realm");
    let (store, _folder) = store_with_fixtures();
    let front = start_with(&format!("store = '{}'\nrealm = '{}'\n", store.display(), realm.display())).await;
    let blocks = |language: &str| -> Vec<String> {
        let start = format!("```{language}\n");
        let here = front.to_string();
        guide
            .split(&start)
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap().replace("127.0.0.1:9280", &here))
            .collect()
    };
    let python = blocks("python");
    for (text, name) in python.iter().zip(["python-8", "python-5"]) {
        if let Some(client) = INSTALLED.iter().find(|client| client.name == name) {
            let output = client.python(text).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n", "{output:?}");
        }
    }
    let shell = blocks("sh");
    assert_eq!((python.len(), shell.len()), (2, 2));
    for name in ["python-8", "javascript-8"] {
        let client = PACKAGES.iter().find(|client| client.name == name).unwrap();
        assert!(shell[0].contains(client.requirement()), "{}", client.requirement());
    }
    let output = std::process::Command::new("sh").args(["-c", &shell[1]]).output().unwrap();
    let lines: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    let target = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets?anomaly_score=20&size=0";
    let page = send(front, "GET", target, &[("Authorization", &basic("ml_reader", "demo-password"))], None);
    assert_eq!(page.body, format!("{{\"count\":{lines},\"buckets\":[]}}"), "{output:?}");
    assert!(lines > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_8() {
    on(Server::Elasticsearch("8.19.21")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_9() {
    on(Server::Elasticsearch("9.5.3")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch_2() {
    on(Server::OpenSearch("2.19.4")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch_3() {
    on(Server::OpenSearch("3.4.0")).await;
}

async fn on(server: Server) {
    let _one = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::start_server(server) else { return };
    let more = match server {
        Server::Elasticsearch(_) => "",
        Server::OpenSearch(_) => {
            "opensearch_roles = ['all_access=all', 'ml_reader=monitor_ml']\nelastic_clients = true\n"
        }
    };
    let front = start_with(&format!("upstream = 'http://{}'\npass_through = 'all'\n{more}", cluster.address)).await;
    let (user, refused) = (server.superuser(), ("results_only", "file-secret"));
    for client in &*INSTALLED {
        let through = run(client, front, user, refused, Some("through"));
        assert_buckets(client, front, user, &through);
        let directly = run_directly(client, cluster.address, user);
        let (through, directly) = (&through["ordinary"], &directly["ordinary"]);
        match server {
            Server::Elasticsearch(_) => assert_eq!(through, directly, "{}", client.name),
            Server::OpenSearch(_) => assert_as_elasticsearch(client, through, directly),
        }
        if is_served(client, server) {
            assert_ordinary(client, server, through);
        }
    }
}

/// Elasticsearch 8 refuses the media types of version 9, through mlgate as directly.
fn is_served(client: &Package, server: Server) -> bool {
    !(client.major == 9 && matches!(server, Server::Elasticsearch(version) if version.starts_with("8.")))
}

fn run(client: &Package, to: SocketAddr, user: Login, refused: Login, tag: Option<&str>) -> Value {
    let tag = tag.map(|tag| format!("{tag}-{}", client.name));
    client.run(&json!({
        "major": client.major, "url": format!("http://{to}"), "user": user.0, "password": user.1,
        "refused": [refused.0, refused.1], "tag": tag,
    }))
}

fn run_directly(client: &Package, to: SocketAddr, user: Login) -> Value {
    client.run(&json!({
        "major": client.major, "url": format!("http://{to}"), "user": user.0, "password": user.1,
        "only_ordinary": true, "tag": format!("directly-{}", client.name),
    }))
}

/// What the client was given is what a plain request gives.
fn assert_buckets(client: &Package, front: SocketAddr, user: Login, found: &Value) {
    let get = |query: &str| -> Value {
        let target = format!("/_ml/anomaly_detectors/it-ops-kpi/results/buckets{query}");
        let reply = send(front, "GET", &target, &[("Authorization", &basic(user.0, user.1))], None);
        assert_eq!(reply.status, 200, "{reply:?}");
        serde_json::from_str(&reply.body).unwrap()
    };
    let timestamps = |query: &str| {
        let reply = get(query);
        let buckets = reply["buckets"].as_array().unwrap().iter().map(|bucket| bucket["timestamp"].clone());
        Value::Array([reply["count"].clone()].into_iter().chain(buckets).collect())
    };
    let expanded = get("/1454943900000?expand");
    let records = expanded["buckets"][0]["records"].as_array().unwrap().len();
    assert!(records > 0);
    let page = timestamps("?sort=anomaly_score&desc&from=1&size=2");
    let raised = |status: u16| match client.name.split_once('-').unwrap().0 {
        "python" => {
            let name = match status {
                400 if client.major >= 8 => "BadRequestError",
                400 => "RequestError",
                401 => "AuthenticationException",
                403 => "AuthorizationException",
                _ => "NotFoundError",
            };
            json!({"raised": name, "status": status})
        }
        _ => json!({"raised": "ResponseError", "status": status}),
    };
    let mut expected = json!({
        "options": [[94.1706, 1_454_943_900_000_u64]],
        "sorted": timestamps("?sort=anomaly_score&desc&size=3"),
        "timestamp": timestamps("/1454943900000"),
        "expand": [1, records],
        "page": page,
        "unknown job": raised(404),
        "no bucket": raised(404),
        "bad": raised(400),
        "refused": raised(403),
        "unknown": raised(401),
    });
    if client.major < 7 {
        expected["posted"] = page;
    }
    if client.major >= 8 {
        // These send a size in the query beside the rest in a body, which Elastic's own server refuses as well.
        expected["sorted"] = raised(400);
    }
    assert_eq!(found["buckets"], expected, "{}", client.name);
}

/// On OpenSearch the client gets through mlgate what it gets directly, where it gets anything.
fn assert_as_elasticsearch(client: &Package, through: &Value, directly: &Value) {
    assert_eq!(through["info"], "7.10.2", "{}", client.name);
    // Old clients ask nobody who he is; those of 7.14 and later refuse the server, or it refuses them.
    if client.major < 7 {
        for step in ["ping", "create", "index", "bulk", "count", "search", "scroll", "scan", "get", "missing", "delete"]
        {
            assert_eq!(through[step], directly[step], "{}: {step}", client.name);
        }
    } else {
        for step in ["create", "search"] {
            assert!(directly[step]["raised"].is_string(), "{}: {step}: {directly}", client.name);
        }
    }
}

/// What was stored through mlgate was found through it.
fn assert_ordinary(client: &Package, server: Server, found: &Value) {
    let sum: u64 = (0..=300).sum();
    for (step, expected) in [
        ("ping", json!(true)),
        ("create", json!(true)),
        ("index", json!("created")),
        ("bulk", json!(300)),
        ("count", json!(301)),
        ("search", json!([99, 98, 97])),
        ("scroll", json!([301, true, sum])),
        ("scan", json!(sum)),
        ("get", json!(7)),
        ("delete", json!(true)),
    ] {
        assert_eq!(found[step], expected, "{}: {step}", client.name);
    }
    assert_eq!(found["missing"]["status"], 404, "{}", client.name);
    // OpenSearch has another path for it.
    if client.major >= 7 && matches!(server, Server::Elasticsearch(_)) {
        assert_eq!(found["point in time"], json!([301, sum]), "{}", client.name);
    }
}
