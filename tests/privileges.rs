//! Who may, on every genuine kind of cluster: each kind of caller, both paths, two jobs. What Elasticsearch itself refuses
//! must be refused with its own bytes, and a refused request must never become a search.

#![allow(clippy::unwrap_used)]

mod support;

use std::{net::SocketAddr, sync::Mutex};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use support::{Cluster, Program, Reply, Server, basic, send, start_with, store_with_fixtures};

/// One cluster at a time: each takes a gigabyte.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

const ACTION: &str = "cluster:monitor/xpack/ml/job/results/buckets/get";

/// What a caller gets.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Access {
    /// Both jobs.
    All,
    /// Only it-ops-kpi.
    OneJob,
    /// The cluster privilege without `read`.
    NoRead,
    /// No cluster privilege.
    NoCluster,
    Unknown,
}

struct Caller {
    name: String,
    headers: Vec<(&'static str, String)>,
    access: Access,
}

impl Caller {
    fn new(name: &str, password: &str, access: Access) -> Self {
        Self { name: name.into(), headers: vec![("Authorization", basic(name, password))], access }
    }

    fn with(name: &str, authorization: &str, access: Access) -> Self {
        Self { name: name.into(), headers: vec![("Authorization", authorization.to_owned())], access }
    }

    fn send(&self, to: SocketAddr, target: &str) -> Reply {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        send(to, "GET", target, &headers, None)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_8() {
    on_elasticsearch("8.19.21").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_9() {
    on_elasticsearch("9.5.3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch_2() {
    on_opensearch("2.19.4").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch_3() {
    on_opensearch("3.4.0").await;
}

/// The embedded store with the users of the demo, and API keys made for them.
#[tokio::test(flavor = "multi_thread")]
async fn file_realm() {
    let (store, folder) = store_with_fixtures();
    let realm = folder.path().join("realm");
    std::fs::create_dir(&realm).unwrap();
    for file in ["users", "users_roles", "roles.yml"] {
        std::fs::copy(support::fixtures().join("realm").join(file), realm.join(file)).unwrap();
    }
    let key = |name: &str, user: &str, more: &[&str]| -> Value {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_mlgate"));
        command.args(["api-key", "create", "--name", name, "--user", user]).args(more).arg("--realm").arg(&realm);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let limit = folder.path().join("limit.json");
    std::fs::write(&limit, r#"{"x": {"cluster": ["monitor_ml"]}}"#).unwrap();
    let with = |name: &str, key: &Value, access| {
        Caller::with(name, &format!("ApiKey {}", key["encoded"].as_str().unwrap()), access)
    };
    let password = "demo-password";
    let mut callers = vec![
        Caller { name: "anonymous".into(), headers: vec![], access: Access::Unknown },
        Caller::new("elastic", "wrong", Access::Unknown),
        Caller::new("ghost", password, Access::Unknown),
        Caller::with("bearer", "Bearer abc", Access::Unknown),
        Caller::with("expired", "ApiKey YWJjOmRlZg==", Access::Unknown),
        with("key", &key("k", "ml_reader", &[]), Access::All),
        with("key of a team", &key("k", "team_a", &["--expires", "1d"]), Access::OneJob),
        with("expired key", &key("k", "elastic", &["--expires", "0s"]), Access::Unknown),
        with("limited key", &key("k", "elastic", &["--role-descriptors", limit.to_str().unwrap()]), Access::NoRead),
    ];
    for (name, access) in [
        ("elastic", Access::All),
        ("ml_reader", Access::All),
        ("ml_admin", Access::All),
        ("monitor_only", Access::NoRead),
        ("results_only", Access::NoCluster),
        ("team_a", Access::OneJob),
        ("nobody", Access::NoCluster),
    ] {
        callers.push(Caller::new(name, password, access));
    }
    let configuration = format!("store = '{}'\nrealm = '{}'\n", store.display(), realm.display());
    let front = start_with(&configuration).await;
    matrix(None, front, &callers, false);
    nothing_secret_is_logged(&callers, &configuration);
    // A job that may not be read looks like one that is not there.
    let hiding = start_with(&format!("{configuration}hide_forbidden_jobs = true\n")).await;
    let team = callers.iter().find(|caller| caller.name == "team_a").unwrap();
    let reply = |job: &str| team.send(hiding, &format!("/_ml/anomaly_detectors/{job}/results/buckets"));
    assert_eq!(reply("it-ops-kpi").status, 200);
    let (forbidden, unknown) = (reply("farequote"), reply("no-such-job"));
    assert_eq!((forbidden.status, unknown.status), (404, 404));
    assert_eq!(forbidden.body.replace("farequote", "no-such-job"), unknown.body);
}

#[allow(clippy::await_holding_lock)]
async fn on_elasticsearch(version: &'static str) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(cluster) = Cluster::start_server(Server::Elasticsearch(version)) else { return };
    let callers = elasticsearch_callers(&cluster);
    for authority in ["auto", "elasticsearch"] {
        let front = start_with(&format!("upstream = 'http://{}'\nauthority = '{authority}'\n", cluster.address)).await;
        matrix(Some(&cluster), front, &callers, true);
    }
    // What servers do since 6.1: the cluster privilege is enough, and mlgate's own account searches.
    let front = start_with(&format!(
        "upstream = 'http://{}'\nindex_read = 'not-required'\nsearch_as = 'service'\n\
         upstream_username = 'service'\nupstream_password = 'file-secret'\n",
        cluster.address
    ))
    .await;
    for caller in &callers {
        for job in ["it-ops-kpi", "farequote"] {
            let target = format!("/_ml/anomaly_detectors/{job}/results/buckets?size=2");
            let (ours, theirs) = (caller.send(front, &target), caller.send(cluster.address, &target));
            assert_eq!((ours.status, &ours.body), (theirs.status, &theirs.body), "{} {target}", caller.name);
        }
    }
    nothing_secret_is_logged(&callers, &format!("upstream = 'http://{}'\n", cluster.address));
    run_as(&cluster).await;
    revoked_at_once_after_a_refusal(&cluster).await;
}

#[allow(clippy::await_holding_lock)]
async fn on_opensearch(version: &'static str) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(cluster) = Cluster::start_server(Server::OpenSearch(version)) else { return };
    let callers = opensearch_callers(&cluster);
    for authority in ["auto", "opensearch"] {
        // The account may read what roles mean.
        let front = start_with(&format!(
            "upstream = 'http://{}'\nauthority = '{authority}'\nupstream_username = 'service'\n\
             upstream_password = 'file-secret'\n",
            cluster.address
        ))
        .await;
        matrix(Some(&cluster), front, &callers, false);
    }
    nothing_secret_is_logged(
        &callers,
        &format!("upstream = 'http://{}'\nopensearch_roles = ['all_access=all']\n", cluster.address),
    );
    // Without it, the configuration says what roles mean. The grant of a filtered alias opens the whole index to its user on
    // the cluster: the pattern keeps the jobs apart.
    let front = start_with(&format!(
        "upstream = 'http://{}'\nopensearch_roles = ['all_access=all', 'ml_reader=monitor_ml', \
         'can_read_one=monitor@.ml-anomalies-it-ops-*', 'can_read=monitor@.ml-anomalies-*']\n",
        cluster.address
    ))
    .await;
    let one = callers.iter().find(|caller| caller.name == "one_job").unwrap();
    let direct = one.send(cluster.address, "/.ml-anomalies-farequote/_search");
    assert_eq!(direct.status, 200, "the cluster itself keeps them apart: the test proves nothing: {direct:?}");
    for (job, status) in [("it-ops-kpi", 200), ("farequote", 403)] {
        let reply = one.send(front, &format!("/_ml/anomaly_detectors/{job}/results/buckets"));
        assert_eq!(reply.status, status, "{job}: {reply:?}");
        assert!(!reply.body.contains("\"job_id\":\"farequote\""));
    }
}

fn matrix(cluster: Option<&Cluster>, front: SocketAddr, callers: &[Caller], genuine: bool) {
    for caller in callers {
        for base in ["_ml", "_xpack/ml"] {
            for job in ["it-ops-kpi", "farequote"] {
                let target = format!("/{base}/anomaly_detectors/{job}/results/buckets?size=3");
                let before = cluster.map(searches);
                let reply = caller.send(front, &target);
                let what = format!("{} {target}: {reply:?}", caller.name);
                let expected = match caller.access {
                    Access::All => 200,
                    Access::OneJob if job == "it-ops-kpi" => 200,
                    Access::OneJob | Access::NoRead | Access::NoCluster => 403,
                    Access::Unknown => 401,
                };
                assert_eq!(reply.status, expected, "{what}");
                assert_eq!(reply.header("x-elastic-product"), Some("Elasticsearch"), "{what}");
                if expected != 200 {
                    assert_eq!(cluster.map(searches), before, "a refused request was searched for: {what}");
                    assert!(!reply.body.contains("buckets\":["), "{what}");
                }
                match expected {
                    401 => assert!(reply.header("www-authenticate").is_some(), "{what}"),
                    403 if caller.access == Access::NoCluster => {
                        let words = format!("action [{ACTION}] is unauthorized for ");
                        let list = "by the cluster privileges [monitor_ml,manage_ml,monitor,manage,all]";
                        assert!(reply.body.contains(&words) && reply.body.contains(list), "{what}");
                    }
                    403 => assert!(
                        reply.body.contains(&format!("on indices [.ml-anomalies-{job}], "))
                            && reply.body.contains(&format!("[read,all] for job [{job}]")),
                        "{what}"
                    ),
                    _ => {
                        let reply: Value = serde_json::from_str(&reply.body).unwrap();
                        assert!(reply["count"].as_u64().unwrap() > 3, "{what}");
                        assert!(reply["buckets"].as_array().unwrap().iter().all(|b| b["job_id"] == job), "{what}");
                    }
                }
                // Elasticsearch refuses for the same reasons, except for read, which it no longer asks for.
                let asks_for_the_same = base == "_ml" && !matches!(caller.access, Access::OneJob | Access::NoRead);
                if let Some(cluster) = cluster.filter(|_| genuine && asks_for_the_same) {
                    let theirs = caller.send(cluster.address, &target);
                    assert_eq!((reply.status, &reply.body), (theirs.status, &theirs.body), "{what}");
                    let challenges = |reply: &Reply| -> Vec<String> {
                        let all = reply.headers.iter().filter(|(name, _)| name == "www-authenticate");
                        all.map(|(_, value)| value.clone()).collect()
                    };
                    assert_eq!(challenges(&reply), challenges(&theirs), "{what}");
                }
            }
        }
    }
}

/// How many searches the results indices have seen.
fn searches(cluster: &Cluster) -> u64 {
    let reply = cluster.call("GET", "/.ml-anomalies-*/_stats/search?expand_wildcards=all", "", b"");
    let stats: Value = serde_json::from_str(&reply.body).unwrap();
    stats["_all"]["total"]["search"]["query_total"].as_u64().unwrap()
}

fn put(cluster: &Cluster, path: &str, body: &Value) -> Value {
    let reply = cluster.call("PUT", path, "application/json", body.to_string().as_bytes());
    assert!(reply.status < 300, "{path}: {reply:?}");
    serde_json::from_str(&reply.body).unwrap()
}

fn elasticsearch_callers(cluster: &Cluster) -> Vec<Caller> {
    let read = |names: &str| json!([{"names": [names], "privileges": ["read"]}]);
    for (role, body) in [
        ("can_monitor", json!({"cluster": ["monitor"]})),
        ("can_manage", json!({"cluster": ["manage"]})),
        ("can_manage_ml", json!({"cluster": ["manage_ml"]})),
        ("can_monitor_ml", json!({"cluster": ["monitor_ml"]})),
        ("can_act", json!({"cluster": [ACTION]})),
        ("can_main", json!({"cluster": ["cluster:monitor/main"]})),
        ("can_read", json!({"indices": read(".ml-anomalies-*")})),
        ("can_read_one", json!({"indices": read(".ml-anomalies-it-ops-kpi")})),
    ] {
        put(cluster, &format!("/_security/role/{role}"), &body);
    }
    let mut callers = vec![
        Caller { name: "anonymous".into(), headers: vec![], access: Access::Unknown },
        Caller::new("ml_reader", "wrong", Access::Unknown),
        Caller::new("nobody-knows", "me", Access::Unknown),
        Caller::with("no base64", "Basic %%%", Access::Unknown),
        Caller::with("no colon", &format!("Basic {}", BASE64_STANDARD.encode("abc")), Access::Unknown),
        Caller::with("bad bearer", "Bearer abc", Access::Unknown),
        Caller::with("bad api key", "ApiKey abc", Access::Unknown),
        Caller::with("another scheme", "Foo bar", Access::Unknown),
        Caller::new("elastic", "elasticpw", Access::All),
        // users of a file
        Caller::new("ml_reader", "file-secret", Access::NoRead),
        Caller::new("results_only", "file-secret", Access::NoCluster),
        Caller::new("nobody", "file-secret", Access::NoCluster),
        Caller::new("service", "file-secret", Access::All),
    ];
    for (name, roles, access) in [
        ("all_of_it", &["superuser"][..], Access::All),
        ("ml_user", &["machine_learning_user"], Access::All),
        ("ml_admin", &["machine_learning_admin"], Access::All),
        ("monitors", &["can_monitor", "can_read"], Access::All),
        ("manages", &["can_manage", "can_read"], Access::All),
        ("manages_ml", &["can_manage_ml", "can_read"], Access::All),
        ("acts", &["can_act", "can_read"], Access::All),
        ("one_job", &["can_monitor_ml", "can_read_one"], Access::OneJob),
        ("monitor_only", &["can_monitor"], Access::NoRead),
        ("manage_only", &["can_manage"], Access::NoRead),
        ("monitor_ml_only", &["can_monitor_ml"], Access::NoRead),
        ("read_only", &["can_read"], Access::NoCluster),
        ("main_only", &["can_main", "can_read"], Access::NoCluster),
        ("neither", &[], Access::NoCluster),
        ("ghost_roles", &["zz_gone", "can_read", "also_gone"], Access::NoCluster),
    ] {
        let password = format!("password-of-{name}");
        put(cluster, &format!("/_security/user/{name}"), &json!({"password": password, "roles": roles}));
        callers.push(Caller::new(name, &password, access));
    }
    for (name, more, access) in [
        ("key", json!({}), Access::All),
        ("key-none", json!({"role_descriptors": {"x": {"cluster": []}}}), Access::NoCluster),
        ("key-ml", json!({"role_descriptors": {"x": {"cluster": ["monitor_ml"]}}}), Access::NoRead),
        (
            "key-one",
            json!({"role_descriptors": {"x": {"cluster": ["monitor_ml"], "indices": read(".ml-anomalies-it-ops-kpi")}}}),
            Access::OneJob,
        ),
        ("key-expired", json!({"expiration": "1ms"}), Access::Unknown),
        ("key-revoked", json!({}), Access::Unknown),
    ] {
        let mut body = more;
        body["name"] = json!(name);
        // A key of a native user: the superuser of the recipe is a file user, for whom the same holds.
        let owner = callers.iter().find(|caller| caller.name == "all_of_it").unwrap();
        let headers = [("Authorization", owner.headers[0].1.as_str()), ("Content-Type", "application/json")];
        let made = send(cluster.address, "POST", "/_security/api_key", &headers, Some(body.to_string().as_bytes()));
        let made: Value = serde_json::from_str(&made.body).unwrap();
        if name == "key-revoked" {
            let ids = json!({"ids": [made["id"]]}).to_string();
            assert_eq!(cluster.call("DELETE", "/_security/api_key", "application/json", ids.as_bytes()).status, 200);
        }
        callers.push(Caller::with(name, &format!("ApiKey {}", made["encoded"].as_str().unwrap()), access));
    }
    callers
}

fn opensearch_callers(cluster: &Cluster) -> Vec<Caller> {
    let api =
        |kind: &str, name: &str, body: &Value| put(cluster, &format!("/_plugins/_security/api/{kind}/{name}"), body);
    let read = |pattern: &str| json!([{"index_patterns": [pattern], "allowed_actions": ["read"]}]);
    for (role, body) in [
        ("can_ml", json!({"cluster_permissions": ["cluster:monitor/xpack/ml/*"]})),
        ("can_read", json!({"index_permissions": read(".ml-anomalies-*")})),
        ("can_read_one", json!({"index_permissions": read(".ml-anomalies-it-ops-kpi")})),
    ] {
        api("roles", role, &body);
    }
    let mut callers = vec![
        Caller { name: "anonymous".into(), headers: vec![], access: Access::Unknown },
        Caller::new("ml_reader", "wrong", Access::Unknown),
        Caller::with("no base64", "Basic %%%", Access::Unknown),
        Caller::with("another scheme", "Foo bar", Access::Unknown),
        Caller::new("admin", "adminpw", Access::All),
        Caller::new("ml_reader", "file-secret", Access::All),
        Caller::new("results_only", "file-secret", Access::NoCluster),
        Caller::new("logs_only", "file-secret", Access::NoCluster),
        Caller::new("nobody", "file-secret", Access::NoCluster),
    ];
    for (name, roles, access) in [
        ("both", &["can_ml", "can_read"][..], Access::All),
        ("one_job", &["can_ml", "can_read_one"], Access::OneJob),
        ("ml_only", &["can_ml"], Access::NoRead),
        ("read_only", &["can_read"], Access::NoCluster),
        ("neither", &[], Access::NoCluster),
    ] {
        // Nothing like the name may be in it.
        let password = format!("Zq7!wTfk#{:03}-Lm4", name.len());
        let body = json!({"password": password, "opendistro_security_roles": roles});
        api("internalusers", name, &body);
        callers.push(Caller::new(name, &password, access));
    }
    callers
}

/// Every caller once more, with everything logged: a line in the audit log each, and no secret anywhere.
fn nothing_secret_is_logged(callers: &[Caller], configuration: &str) {
    let program = Program::start(configuration);
    let target = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets?size=1";
    for caller in callers {
        caller.send(program.address, target);
    }
    let (log, audit) = program.stop();
    assert!(log.contains("TRACE") || configuration.starts_with("store"), "not everything was logged");
    let mut outcomes = std::collections::BTreeSet::new();
    for line in audit.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["time"].is_string() && line["asked"].is_array(), "{line}");
        outcomes.insert(line["outcome"].as_str().unwrap().to_owned());
    }
    assert_eq!(audit.lines().count(), callers.len());
    assert!(outcomes.into_iter().eq(["allowed", "refused", "unauthenticated"]), "{audit}");
    for caller in callers {
        for (_, value) in &caller.headers {
            let (_, encoded) = value.split_once(' ').unwrap();
            let decoded = BASE64_STANDARD.decode(encoded).map(|bytes| String::from_utf8(bytes).unwrap());
            let secret = decoded.ok().and_then(|pair| pair.split_once(':').map(|(_, secret)| secret.to_owned()));
            // Words that are too short to be told from others are no secrets here.
            for secret in [Some(encoded.to_owned()), secret].into_iter().flatten().filter(|s| s.len() > 6) {
                assert!(!log.contains(&secret) && !audit.contains(&secret), "{}: {secret} is in a log", caller.name);
            }
        }
    }
}

/// Callers who act as others, as far as the cluster lets them; never where it is not configured.
async fn run_as(cluster: &Cluster) {
    let upstream = format!(
        "upstream = 'http://{}'\nindex_read = 'not-required'\nsearch_as = 'service'\n\
         upstream_username = 'service'\nupstream_password = 'file-secret'\n",
        cluster.address
    );
    let closed = start_with(&upstream).await;
    let open = start_with(&format!("{upstream}allow_run_as = true\n")).await;
    let target = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets?size=1";
    let mut statuses = vec![];
    for (who, password, other) in [
        ("elastic", "elasticpw", "ml_reader"),
        ("elastic", "elasticpw", "results_only"),
        ("elastic", "elasticpw", "ghost"),
        ("elastic", "elasticpw", ""),
        ("ml_reader", "file-secret", "elastic"),
        ("ml_reader", "wrong", "elastic"),
    ] {
        let authorization = basic(who, password);
        let headers = [("Authorization", &*authorization), ("es-security-runas-user", other)];
        assert_eq!(send(closed, "GET", target, &headers, None).status, 400);
        let (ours, theirs) =
            (send(open, "GET", target, &headers, None), send(cluster.address, "GET", target, &headers, None));
        assert_eq!((ours.status, &ours.body), (theirs.status, &theirs.body), "{who} as {other}");
        statuses.push(ours.status);
    }
    assert_eq!(statuses[..2], [200, 403]);
    assert!(!statuses[2..].contains(&200), "{statuses:?}");
}

/// A yes is kept for its time; the first refusal of the caller ends all of them.
async fn revoked_at_once_after_a_refusal(cluster: &Cluster) {
    let front = start_with(&format!("upstream = 'http://{}'\nprivilege_cache_seconds = 600\n", cluster.address)).await;
    let role =
        |names: &str| json!({"cluster": ["monitor_ml"], "indices": [{"names": [names], "privileges": ["read"]}]});
    put(cluster, "/_security/role/passing", &role(".ml-anomalies-*"));
    put(cluster, "/_security/user/passing", &json!({"password": "password-of-passing", "roles": ["passing"]}));
    let caller = Caller::new("passing", "password-of-passing", Access::All);
    let status = |job: &str| caller.send(front, &format!("/_ml/anomaly_detectors/{job}/results/buckets")).status;
    assert_eq!(status("it-ops-kpi"), 200);
    put(cluster, "/_security/role/passing", &json!({"cluster": ["monitor_ml"]}));
    // The decision is kept, but the search runs as the caller: the cluster refuses it, and the caller is asked about anew.
    assert_eq!(status("it-ops-kpi"), 403);
    put(cluster, "/_security/role/passing", &role(".ml-anomalies-*"));
    assert_eq!(status("it-ops-kpi"), 200, "the refusal came from a search, and is not kept");
    put(cluster, "/_security/role/passing", &json!({}));
    assert_eq!(status("farequote"), 403, "not asked about yet");
    assert_eq!(status("it-ops-kpi"), 403, "its yes went with the refusal");
}
