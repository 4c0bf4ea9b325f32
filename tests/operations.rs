//! What who runs mlgate sees: health, readiness, metrics, decisions, settings, the log. Nothing of it tells a secret.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::fs::MetadataExt as _,
};

use serde_json::Value;
use support::{
    Program, basic,
    command::{mlgate, run, write},
    fixtures,
    operator::{Operated, within},
    send, send_raw,
};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";
const PASSWORD: &str = "demo-password";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn realm() -> String {
    format!("store = 'FOLDER/results.db'\nrealm = '{}'\n", fixtures().join("realm").display())
}

/// The program on a store and a realm of its own; the store is filled.
fn start(more: &str) -> Operated {
    start_with(more, |_| {})
}

fn start_with(more: &str, environment: impl FnOnce(&mut std::process::Command)) -> Operated {
    let folder = tempfile::tempdir().unwrap();
    let (from, _keep) = support::store_with_fixtures();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::copy(format!("{}{end}", from.display()), folder.path().join(format!("results.db{end}")));
    }
    let mut command = mlgate();
    command.env_remove("RUST_LOG");
    environment(&mut command);
    Operated::start_in(folder, &(realm() + more), &mut command)
}

fn ask(front: &Operated, user: &str, password: &str, target: &str, headers: &[(&str, &str)]) -> u16 {
    let authorization = basic(user, password);
    let mut all = vec![("Authorization", &*authorization)];
    all.extend(headers);
    send(front.address, "GET", target, &all, None).status
}

#[test]
fn health_and_readiness() {
    let mut front = start("");
    assert_eq!(front.look("/health").status, 200);
    let ready = front.look("/ready");
    assert_eq!((ready.status, ready.header("cache-control")), (200, Some("no-store")));
    assert_eq!(front.look("/elsewhere").status, 404);
    assert_eq!(send(front.admin, "POST", "/health", &[], None).status, 405);
    // The store goes and comes again.
    std::fs::rename(front.path("results.db"), front.path("elsewhere.db")).unwrap();
    let gone = front.look("/ready");
    assert_eq!(gone.status, 503);
    assert!(gone.body.contains("the store cannot be read") && !gone.body.contains("results.db"), "{}", gone.body);
    assert_eq!(front.look("/health").status, 200, "alive all the same");
    std::fs::rename(front.path("elsewhere.db"), front.path("results.db")).unwrap();
    assert_eq!(front.look("/ready").status, 200);
    // A request that is half sent holds the drain up: until then mlgate is alive, and not ready.
    let mut half = TcpStream::connect(front.address).unwrap();
    let authorization = basic("ml_reader", PASSWORD);
    let head = format!(
        "POST {BUCKETS} HTTP/1.1\r\nHost: h\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\n\
         Content-Length: 2\r\nConnection: close\r\n\r\n"
    );
    half.write_all(head.as_bytes()).unwrap();
    within("it is under way", || (front.metric("mlgate_requests_in_flight") >= 1.0).then_some(()));
    front.signal("TERM");
    let draining = within("it drains", || Some(front.look("/ready")).filter(|ready| ready.status == 503));
    assert!(draining.body.contains("draining"), "{}", draining.body);
    assert_eq!(front.look("/health").status, 200);
    half.write_all(b"{}").unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(front.ended().success());
}

#[test]
fn a_cluster_that_is_away_is_not_ready() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let front = Operated::start(&format!("upstream = 'http://{gone}'\n"));
    let ready = front.look("/ready");
    assert_eq!(ready.status, 503);
    assert!(!ready.body.contains(&gone.to_string()), "{}", ready.body);
    assert_eq!(front.look("/health").status, 200);
}

#[test]
fn requests_and_decisions_are_counted_and_told() {
    let front = start("audit_log = 'FOLDER/audit.log'\n");
    assert_eq!(ask(&front, "ml_reader", PASSWORD, &format!("{BUCKETS}?size=1"), &[]), 200);
    assert_eq!(ask(&front, "ml_reader", PASSWORD, &format!("{BUCKETS}?size=1"), &[]), 200);
    assert_eq!(ask(&front, "team_a", PASSWORD, &BUCKETS.replace("it-ops-kpi", "farequote"), &[]), 403);
    let target = format!("{BUCKETS}?sort=query-secret");
    assert_eq!(ask(&front, "nobody", "wrong-secret", &target, &[("X-Opaque-Id", "dashboard")]), 401);
    assert_eq!(send(front.address, "MADEUP", "/x/any-path", &[], None).status, 401);
    let requests = within("five lines", || Some(front.requests()).filter(|lines| lines.len() == 5));

    for (start, number) in [
        ("mlgate_requests_total{route=\"get_buckets\",method=\"GET\",status=\"200\"}", 2.0),
        ("mlgate_requests_total{route=\"get_buckets\",method=\"GET\",status=\"403\"}", 1.0),
        ("mlgate_requests_total{route=\"get_buckets\",method=\"GET\",status=\"401\"}", 1.0),
        ("mlgate_requests_total{route=\"other\",method=\"other\",status=\"401\"}", 1.0),
        ("mlgate_requests_total", 5.0),
        ("mlgate_request_duration_seconds_count{route=\"get_buckets\"}", 4.0),
        ("mlgate_requests_in_flight", 0.0),
        ("mlgate_connections_total", 5.0),
        ("mlgate_decisions_total{outcome=\"allowed\"}", 2.0),
        ("mlgate_decisions_total{outcome=\"refused\"}", 1.0),
        ("mlgate_decisions_total{outcome=\"unauthenticated\"}", 2.0),
        ("mlgate_verdicts_total{cache=\"hit\"}", 1.0),
        ("mlgate_verdicts_total{cache=\"miss\"}", 4.0),
    ] {
        assert!((front.metric(start) - number).abs() < 1e-9, "{start}: {}", front.look("/metrics").body);
    }
    let sent: u64 = requests.iter().map(|line| line["sent"].as_u64().unwrap()).sum();
    #[allow(clippy::cast_precision_loss)]
    let sent = sent as f64;
    assert!(sent > 0.0 && (front.metric("mlgate_sent_bytes_total") - sent).abs() < 1e-9);

    let reply = front.look("/decisions");
    let decisions: Value = serde_json::from_str(&reply.body).unwrap();
    let told: Vec<_> = decisions["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["outcome"].as_str().unwrap(), line["user"].as_str(), line["job"].as_str()))
        .collect();
    let job = Some("it-ops-kpi");
    assert_eq!(
        told,
        [
            ("allowed", Some("ml_reader"), job),
            ("allowed", Some("ml_reader"), job),
            ("refused", Some("team_a"), Some("farequote")),
            ("unauthenticated", None, job),
            ("unauthenticated", None, None),
        ]
    );
    let last = &decisions["decisions"][3];
    assert_eq!(last["opaque_id"], "dashboard");
    assert!(last["why"].as_str().unwrap().contains("unable to authenticate user [nobody]"), "{last}");
    assert!(decisions["decisions"][2]["why"].as_str().unwrap().contains("is unauthorized for user [team_a]"));
    // The same request is the same in the log, in the audit log and here.
    let audit = std::fs::read_to_string(front.path("audit.log")).unwrap();
    for (line, audited) in decisions["decisions"].as_array().unwrap().iter().zip(audit.lines()) {
        assert_eq!(*line, serde_json::from_str::<Value>(audited).unwrap());
        let request = requests.iter().find(|request| request["id"] == line["request_id"]).unwrap();
        assert_eq!(request["job"], line["job"]);
        assert_eq!(request["user"], line["user"]);
    }

    let everything = ["/health", "/ready", "/metrics", "/decisions", "/config"].map(|target| front.look(target).body);
    for text in everything.iter().chain([&front.log_text(), &audit]) {
        for secret in [PASSWORD, "wrong-secret", "query-secret", &basic("ml_reader", PASSWORD)[6..]] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    for (name, text) in [("job", &everything[2]), ("any-path", &everything[2])] {
        assert!(!text.contains(name) && !text.contains("it-ops") && !text.contains("ml_reader"), "{text}");
    }
}

#[test]
fn the_settings_in_effect_without_secrets() {
    let gone = "http://127.0.0.1:1";
    let front = Operated::start(&format!(
        "upstream = '{gone}'\nupstream_username = 'gate'\nupstream_password = 'pass-secret'\nmax_body_bytes = 99\n"
    ));
    let reply = front.look("/config");
    let shown: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(shown["set"]["max_body_bytes"], 99);
    assert_eq!(shown["set"]["upstream_username"], "gate");
    assert_eq!(shown["set"]["upstream_password"], "(hidden)");
    assert_eq!(shown["defaults"]["authority_timeout_seconds"], "5");
    for text in [&reply.body, &front.log_text()] {
        assert!(!text.contains("pass-secret"), "{text}");
    }
}

#[test]
fn a_page_of_another_name_is_not_answered() {
    let front = start("");
    for (host, status) in [("evil.example", 403), ("evil.example:9281", 403), ("localhost:9281", 200), ("[::1]", 200)] {
        let raw = format!("GET /decisions HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let reply = support::parse(&send_raw(front.admin, raw.as_bytes())).unwrap();
        assert_eq!(reply.status, status, "{host}");
    }
    // Nothing of it is on the listener for clients, and nothing of theirs on this one.
    for target in ["/health", "/ready", "/metrics", "/decisions", "/config"] {
        assert_eq!(send(front.address, "GET", target, &[], None).status, 401, "{target}");
    }
    assert_eq!(front.look(BUCKETS).status, 404);
}

#[test]
fn a_line_a_request() {
    let front = start("");
    let trace = format!("00-{TRACE}-b7ad6b7169203331-01");
    let headers = [("X-Opaque-Id", "me\u{9b}31m"), ("X-Request-Id", "mine-1"), ("traceparent", &*trace)];
    assert_eq!(ask(&front, "ml_reader", PASSWORD, &format!("{BUCKETS}?size=1"), &headers), 200);
    let body = r#"{"page":{"size":1}}"#;
    let headers = [
        ("Authorization", &*basic("ml_reader", PASSWORD)),
        ("Content-Type", "application/json"),
        ("X-Request-Id", "not well formed"),
    ];
    assert_eq!(send(front.address, "POST", BUCKETS, &headers, Some(body.as_bytes())).status, 200);
    let lines = within("two lines", || Some(front.requests()).filter(|lines| lines.len() == 2));
    let [first, second] = &lines[..] else { unreachable!() };
    for (name, value) in [
        ("level", "INFO"),
        ("method", "GET"),
        ("route", "get_buckets"),
        ("job", "it-ops-kpi"),
        ("user", "ml_reader"),
        ("ended", "whole"),
        ("opaque_id", "me\u{9b}31m"),
        ("request_id", "mine-1"),
        ("trace_id", TRACE),
    ] {
        assert_eq!(first[name], value, "{first}");
    }
    assert_eq!((&first["status"], &first["received"]), (&Value::from(200), &Value::from(0)));
    assert!(first["sent"].as_u64().unwrap() > 100 && first["duration_ms"].is_u64(), "{first}");
    assert_eq!((&second["method"], &second["received"]), (&Value::from("POST"), &Value::from(body.len())));
    assert!(second.get("request_id").is_none() && second.get("trace_id").is_none(), "{second}");
    assert_ne!(first["id"], second["id"]);
}

#[test]
fn a_client_who_goes_is_told_of() {
    let front = start("");
    let mut half = TcpStream::connect(front.address).unwrap();
    let authorization = basic("ml_reader", PASSWORD);
    let head =
        format!("POST {BUCKETS} HTTP/1.1\r\nHost: h\r\nAuthorization: {authorization}\r\nContent-Length: 9\r\n\r\n{{");
    half.write_all(head.as_bytes()).unwrap();
    within("it is under way", || (front.metric("mlgate_requests_in_flight") >= 1.0).then_some(()));
    drop(half);
    let line = front.wait_for("its end", |line| line["target"] == "mlgate::request");
    assert!(line["ended"] == "abandoned" || line["status"] == 400 || line["status"] == 413, "{line}");
    assert!(front.metric("mlgate_requests_in_flight").abs() < 1e-9);
    assert_eq!(ask(&front, "ml_reader", PASSWORD, &format!("{BUCKETS}?size=1"), &[]), 200);
}

/// Names with control characters: in JSON, and in lines for people, nothing begins a line of its own or moves a cursor.
#[test]
fn nothing_of_a_client_breaks_a_line() {
    const EVIL: &str = "evil\n2026-01-01T00:00:00Z INFO forged\r\u{1b}[2J\u{7f}\u{9b}2J\u{2028}";
    let attack = |address: SocketAddr| {
        let authorization = basic(EVIL, "p");
        let headers = [("Authorization", &*authorization), ("X-Opaque-Id", "a\u{9b}2J\u{85}b")];
        assert_eq!(send(address, "GET", BUCKETS, &headers, None).status, 401);
        let target = "/_ml/anomaly_detectors/a%0ab/results/buckets";
        assert_eq!(send(address, "GET", target, &[], None).status, 400);
    };
    let check = |text: &str| {
        for c in ['\r', '\u{1b}', '\u{7f}', '\u{9b}', '\u{2028}', '\u{85}'] {
            assert!(!text.contains(c), "{c:?}: {text}");
        }
        assert!(!text.lines().any(|line| line.starts_with("2026-01-01")), "{text}");
    };
    let front = start("log_level = 'trace'\n");
    attack(front.address);
    within("two lines", || Some(front.requests()).filter(|lines| lines.len() == 2));
    check(&front.log_text());
    let decisions: Value = serde_json::from_str(&front.look("/decisions").body).unwrap();
    let why = decisions["decisions"][0]["why"].as_str().unwrap();
    assert!(why.contains("evil\n2026"), "who reads JSON reads what was sent: {why}");

    let folder = tempfile::tempdir().unwrap();
    let settings = realm().replace("FOLDER", folder.path().to_str().unwrap());
    let program = Program::start(&settings);
    attack(program.address);
    let (log, audit) = program.stop();
    assert!(log.contains("opaque_id=\"a\\u{9b}2J\\u{85}b\""), "{log}");
    check(&log);
    check(&audit);
    assert_eq!(audit.lines().count(), 1, "{audit}");
}

#[test]
fn a_hangup_takes_what_can_be_taken() {
    let folder = tempfile::tempdir().unwrap();
    let realm = folder.path().join("realm");
    std::fs::create_dir(&realm).unwrap();
    for name in ["users", "users_roles", "roles.yml"] {
        std::fs::copy(fixtures().join("realm").join(name), realm.join(name)).unwrap();
    }
    let configuration = "store = 'FOLDER/results.db'\nrealm = 'FOLDER/realm'\naudit_log = 'FOLDER/audit.log'\n\
                         privilege_cache_seconds = 600\n";
    let mut command = mlgate();
    let front = Operated::start_in(folder, configuration, command.env_remove("RUST_LOG"));
    let status = || ask(&front, "ml_reader", PASSWORD, &BUCKETS.replace("it-ops-kpi", "no-such"), &[]);
    assert_eq!(status(), 404);

    // logrotate: the file is moved, and a new one is begun.
    std::fs::rename(front.path("audit.log"), front.path("audit.log.1")).unwrap();
    assert_eq!(status(), 404);
    assert!(!front.path("audit.log").exists());
    front.reload();
    assert_eq!(status(), 404);
    let lines = |name: &str| std::fs::read_to_string(front.path(name)).unwrap().lines().count();
    assert_eq!((lines("audit.log.1"), lines("audit.log")), (2, 1));
    assert_eq!(std::fs::metadata(front.path("audit.log")).unwrap().mode() & 0o777, 0o600);

    // The level, without a connection being dropped; what cannot be taken is named.
    let mut open = TcpStream::connect(front.address).unwrap();
    front.configure(&format!("{configuration}log_level = 'debug,mlgate::request=off'\nmax_body_bytes = 5\n"));
    front.reload();
    let named = front.wait_for("the key is named", |line| line["key"] == "max_body_bytes");
    assert!(named["message"].as_str().unwrap().contains("takes effect at the next start"), "{named}");
    assert!(!front.log().iter().any(|line| line["key"] == "log_level" || line["key"] == "audit_log"));
    let shown: Value = serde_json::from_str(&front.look("/config").body).unwrap();
    assert_eq!(shown["set"]["log_level"], "debug,mlgate::request=off");
    assert_eq!(shown["set"].get("max_body_bytes"), None, "what runs is shown");
    let before = front.requests().len();
    open.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    front.configure(configuration);
    front.reload();
    assert_eq!(status(), 404);
    within("the line of the last request only", || (front.requests().len() == before + 1).then_some(()));

    // A wrong setting is told with its line, and changes nothing.
    front.configure(&format!("{configuration}log_level = 'loud'\n"));
    front.reload();
    let told = front.wait_for("the error", |line| line["level"] == "ERROR");
    assert!(told["message"].as_str().unwrap().contains("mlgate.toml:8: log_level: [loud]"), "{told}");
    assert_eq!(status(), 404);

    // Who is no longer a user is out at once, although a yes would be kept for ten minutes.
    std::fs::write(front.path("realm/users"), "").unwrap();
    front.configure(configuration);
    front.reload();
    assert_eq!(status(), 401);
    assert!(!front.log_text().contains(PASSWORD));
}

#[test]
fn the_environment_overrules_the_level() {
    for (name, value, lines) in [("MLGATE_LOG", "warn,mlgate=info,mlgate::request=off", 0), ("RUST_LOG", "info", 1)] {
        let front = start_with("log_level = 'mlgate=info'\n", |command| {
            command.env(name, value);
        });
        assert_eq!(ask(&front, "ml_reader", PASSWORD, &format!("{BUCKETS}?size=1"), &[]), 200);
        // Numbers come with the line, and are there even where the line is not.
        within("it was counted", || (front.metric("mlgate_requests_total") >= 1.0).then_some(()));
        front.reload();
        assert_eq!(front.requests().len(), lines, "{name}");
    }
}

#[test]
fn what_the_admin_listener_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let base = format!("store = '{}/results.db'\nunsafe_open_to_all = true\n", folder.path().display());
    for (text, told) in [
        ("admin_listen = '0.0.0.0:0'", "3: admin_listen: 0.0.0.0:0 is not a loopback address"),
        ("admin_listen = '127.0.0.1:9280'", "3: admin_listen: must not be the address of listen"),
        ("unsafe_admin_public = true", "3: unsafe_admin_public: is of use only with admin_listen"),
        ("log_level = 'loud'", "3: log_level: [loud] must be"),
        ("log_format = 'xml'", "3: log_format: unknown variant `xml`"),
        ("otlp_endpoint = 'hunter2'", "3: otlp_endpoint: "),
    ] {
        let config = write(folder.path(), "mlgate.toml", base.clone() + text);
        for command in ["check", "serve"] {
            let said = run(mlgate().env_remove("RUST_LOG").arg("--config").arg(&config).arg(command));
            let start = format!("mlgate: {}:{told}", config.display());
            assert!(!said.succeeded && said.stderr.len() == 1 && said.stderr[0].starts_with(&start), "{said:?}");
            assert!(!said.stderr[0].contains("hunter2"), "{said:?}");
        }
    }
}
