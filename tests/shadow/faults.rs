//! The other side is down, slow, wrong, huge: the caller sees nothing of it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::{compared, wait_for};
use crate::support::{
    Reply,
    operator::{Operated, within},
    send, store_with_fixtures,
};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets?size=50";
const SECRET: &str = "Basic c2VjcmV0OmNhbGxlcg==";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Down,
    /// Takes the request, and says nothing.
    Silent,
    /// A byte a second.
    Drips,
    /// Something else, in the right media type.
    Wrong,
    NoHttp,
    Cut,
    /// A body without an end.
    Huge,
    Deep,
    Says(u16),
}

/// Answers in its manner for as long as the test runs, and keeps what it was sent.
fn start(manner: Manner) -> (SocketAddr, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, received) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(String::new())));
    if manner == Manner::Down {
        return (address, received);
    }
    let keep = Arc::clone(&received);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let keep = Arc::clone(&keep);
            std::thread::spawn(move || answer(stream.unwrap(), manner, &keep));
        }
    });
    (address, received)
}

/// Until the other side is gone.
fn answer(mut stream: TcpStream, manner: Manner, received: &Mutex<String>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    received.lock().unwrap().push_str(&head);
    let mut say = |text: &str| stream.write_all(text.as_bytes()).ok();
    let with = |status: u16, body: &str| {
        format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    match manner {
        Manner::Down => {}
        Manner::Silent => drop(reader.read_to_end(&mut Vec::new())),
        Manner::Drips => {
            say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")?;
            loop {
                say("{")?;
                std::thread::sleep(Duration::from_secs(1));
            }
        }
        Manner::Wrong => say(&with(200, r#"{"count":"\u001b[2J","buckets":7}"#))?,
        Manner::NoHttp => say("hello\r\n\r\n")?,
        Manner::Cut => say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")?,
        Manner::Huge => {
            say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            let chunk = format!("10000\r\n{}\r\n", "[".repeat(0x1_0000));
            loop {
                say(&chunk)?;
            }
        }
        Manner::Deep => say(&with(200, &"[".repeat(500_000)))?,
        Manner::Says(status) => say(&with(status, "{}"))?,
    }
    Some(())
}

fn front(other: SocketAddr, more: &str) -> (Operated, tempfile::TempDir) {
    let (store, folder) = store_with_fixtures();
    let configuration = format!(
        "store = '{}'\nunsafe_open_to_all = true\nsecondary = 'http://{other}'\nshadow_secondary = 'native@secondary'\n\
         modes = ['it-ops-*=shadow']\nshadow_log = 'FOLDER/shadow.ndjson'\nshadow_timeout_seconds = 2\n\
         shadow_max_body_bytes = 1000000\nlog_level = 'debug'\n{more}",
        store.display()
    );
    (Operated::start(&configuration), folder)
}

fn ask(front: &Operated) -> (Reply, Duration) {
    let begun = Instant::now();
    let reply = send(front.address, "GET", BUCKETS, &[("Authorization", SECRET), ("Cookie", "sid=c2VjcmV0")], None);
    (reply, begun.elapsed())
}

#[test]
fn never_seen_by_the_caller() {
    use Manner::{Cut, Deep, Down, Drips, Huge, NoHttp, Says, Silent, Wrong};
    let mut expected: Option<Reply> = None;
    for (manner, outcome) in [
        (Down, "failed"),
        (Silent, "failed"),
        (Drips, "failed"),
        (NoHttp, "failed"),
        (Cut, "failed"),
        (Wrong, "different"),
        (Huge, "different"),
        (Deep, "different"),
        (Says(302), "different"),
        (Says(401), "different"),
        (Says(500), "different"),
        (Says(503), "different"),
    ] {
        let (other, received) = start(manner);
        let (front, _store) = front(other, "");
        for number in 1..=3 {
            let (reply, took) = ask(&front);
            assert_eq!(reply.status, 200, "{manner:?}");
            // The other side takes two seconds at least where it does not answer.
            assert!(took < Duration::from_millis(1_500), "{manner:?}: {took:?}");
            // Only the date is another one.
            let same =
                |reply: &Reply| (reply.status, reply.body.clone(), reply.header("content-type").map(str::to_owned));
            assert_eq!(same(&reply), same(expected.get_or_insert_with(|| reply.clone())), "{manner:?}");
            wait_for(&front, f64::from(number));
        }
        assert!((compared(&front, outcome) - 3.0).abs() < f64::EPSILON, "{manner:?}: {}", front.look("/metrics").body);
        let received = received.lock().unwrap().to_ascii_lowercase();
        assert!(manner == Down || received.contains("get /_ml/anomaly_detectors/it-ops-kpi/results/buckets?size=50 "));
        assert!(!received.contains("authorization") && !received.contains("cookie"), "a credential left: {received}");
        let logs = front.log_text() + &std::fs::read_to_string(front.path("shadow.ndjson")).unwrap();
        assert!(!logs.contains("c2VjcmV0"), "{logs}");
        assert!(!logs.contains('\u{1b}'));
    }
}

/// Where every place is taken, requests are answered, and not compared.
#[test]
fn no_place_is_no_comparison() {
    let (other, _) = start(Manner::Silent);
    let (front, _store) = front(other, "shadow_in_flight = 2\n");
    for _ in 0..20 {
        assert_eq!(ask(&front).0.status, 200);
    }
    wait_for(&front, 20.0);
    let busy = front.metric("mlgate_shadow_comparisons_total{outcome=\"skipped\",detail=\"busy\"}");
    assert!(busy >= 10.0, "{busy}");
    assert!((compared(&front, "failed") + busy - 20.0).abs() < f64::EPSILON);
}

/// What no other side can answer is not taken for a difference.
#[test]
fn lines_are_not_compared() {
    let (other, _) = start(Manner::Wrong);
    let (front, _store) = front(other, "");
    let lines = send(front.address, "GET", BUCKETS, &[("Accept", "application/x-ndjson")], None);
    assert_eq!((lines.status, lines.body.lines().count()), (200, 50));
    wait_for(&front, 1.0);
    let skipped = front.metric("mlgate_shadow_comparisons_total{outcome=\"skipped\",detail=\"lines\"}");
    assert!((skipped - 1.0).abs() < f64::EPSILON);
}

/// Of a hundred requests, so many are compared; jobs that no rule names are not.
#[test]
fn a_sample() {
    let (other, received) = start(Manner::Says(404));
    let (front, _store) = front(other, "shadow_sample_percent = 10\n");
    for _ in 0..50 {
        assert_eq!(ask(&front).0.status, 200);
        assert_eq!(
            send(front.address, "GET", "/_ml/anomaly_detectors/farequote/results/buckets", &[], None).status,
            200
        );
    }
    wait_for(&front, 50.0);
    assert!((compared(&front, "different") - 5.0).abs() < f64::EPSILON);
    assert_eq!(received.lock().unwrap().matches("GET /").count(), 5);
    for side in ["primary", "secondary"] {
        let times = front.metric(&format!("mlgate_shadow_duration_seconds_count{{side=\"{side}\"}}"));
        assert!((times - 5.0).abs() < f64::EPSILON, "{side}: {times}");
    }
    assert!((front.metric("mlgate_shadow_differences_total{kind=\"status\"}") - 5.0).abs() < f64::EPSILON);
}

/// The other cluster's own account, and what may differ.
#[test]
fn the_account_of_the_other_cluster_and_rules() {
    let (other, received) = start(Manner::Wrong);
    let account = "secondary_username = 'other'\nsecondary_password = 'hunter2-of-other'\n";
    let (front, _store) = front(other, &format!("{account}shadow_ignore = ['/count', '/buckets']\n"));
    ask(&front);
    wait_for(&front, 1.0);
    let ignoring = front.metric("mlgate_shadow_comparisons_total{outcome=\"equal\",detail=\"ignoring\"}");
    assert!((ignoring - 1.0).abs() < f64::EPSILON);
    let authorization = crate::support::basic("other", "hunter2-of-other");
    assert!(
        received
            .lock()
            .unwrap()
            .to_ascii_lowercase()
            .contains(&format!("authorization: {authorization}").to_ascii_lowercase())
    );
    let shown = front.look("/config").body + &front.log_text();
    assert!(!shown.contains("hunter2") && !shown.contains(authorization.split(' ').nth(1).unwrap()), "{shown}");
}

/// A caller who goes away in the midst of his answer.
#[test]
fn half_an_answer_is_not_compared() {
    let (other, _) = start(Manner::Wrong);
    let (front, _store) = front(other, "");
    let mut stream = TcpStream::connect(front.address).unwrap();
    let target = BUCKETS.replace("size=50", "size=300&pretty&human");
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).unwrap();
    // The whole of it does not fit between the two.
    stream.read_exact(&mut [0; 100]).unwrap();
    drop(stream);
    wait_for(&front, 1.0);
    assert_eq!(ask(&front).0.status, 200);
    wait_for(&front, 2.0);
    assert!(compared(&front, "different") >= 1.0);
}

/// A cluster that callers get answers of has to be there; one that is compared does not.
#[test]
fn readiness_is_of_those_who_answer() {
    let (store, _folder) = store_with_fixtures();
    let (here, gone) = (start(Manner::Says(401)).0, start(Manner::Down).0);
    let shadow = "modes = ['*=shadow']\nshadow_secondary = 'native@secondary'\n";
    for (modes, secondary, status) in [
        (shadow.to_owned(), gone, 200),
        (format!("{shadow}shadow_flip = true\n"), gone, 503),
        (format!("{shadow}shadow_flip = true\n"), here, 200),
        ("modes = ['old-*=rewrite@secondary']\n".to_owned(), gone, 503),
        ("modes = ['old-*=native@secondary']\n".to_owned(), here, 200),
    ] {
        let front = Operated::start(&format!(
            "store = '{}'\nunsafe_open_to_all = true\nsecondary = 'http://{secondary}'\n{modes}",
            store.display()
        ));
        let ready = front.look("/ready");
        assert_eq!(ready.status, status, "{modes}: {ready:?}");
        assert_eq!(ready.body.contains("no node of the secondary cluster answers"), status == 503, "{ready:?}");
    }
    // It comes back by itself.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let front = Operated::start(&format!(
        "store = '{}'\nunsafe_open_to_all = true\nsecondary = 'http://{address}'\nmodes = ['old-*=rewrite@secondary']\n",
        store.display()
    ));
    assert_eq!(front.look("/ready").status, 503);
    let listener = TcpListener::bind(address).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || answer(stream.unwrap(), Manner::Says(401), &Mutex::default()));
        }
    });
    within("it is ready", || (front.look("/ready").status == 200).then_some(()));
}
