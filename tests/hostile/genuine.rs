//! The cases that a genuine server must answer in the same way, and the property that both find the same paths.

use std::{
    cell::Cell,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use mlgate::{admit::admit, route::Route};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};

use crate::{
    BUCKETS,
    support::{Cluster, Reply, SUPERUSER, basic, parse, send_raw, start_with},
};

const JSON: &str = "Content-Type: application/json\r\n";

/// Each case, by its number, with a request line, lines of the head, and a body.
#[allow(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<(u8, String, &'static str, String)> {
    let mut all: Vec<(u8, String, &'static str, String)> = Vec::new();
    let mut get = |number, target: &str| all.push((number, format!("GET {target}"), "", String::new()));
    for tail in ["/", "///", "/1454943900000/", "//?size=1"] {
        get(if tail == "/" { 1 } else { 2 }, &format!("{BUCKETS}{tail}"));
    }
    for id in ["a%2Fb", "it-ops-kpi%2F", "%2F"] {
        get(6, &format!("/_ml/anomaly_detectors/{id}/results/buckets"));
    }
    for id in ["a%252Fb", "a%25%32%46b", "it%2Dops%2Dkpi", "%69t-ops-kpi"] {
        get(7, &format!("/_ml/anomaly_detectors/{id}/results/buckets"));
    }
    for id in ["%", "%z", "%zz", "a%2", "%%", "%ff", "a%c3", "%ed%a0%80", "a+b"] {
        get(9, &format!("/_ml/anomaly_detectors/{id}/results/buckets"));
    }
    for target in ["/_ML/anomaly_detectors/j/results/buckets", "/%5Fml/anomaly_detectors/j/results/buckets", "/_ml/x"] {
        get(16, target);
    }
    for id in [
        "*",
        "_all",
        "a,b",
        "-x",
        "x-",
        "%3Cj-%7Bnow%2Fd%7D%3E",
        "remote:j",
        ".ml-config",
        "%20",
        "UPPER",
        "shared",
        "_",
    ] {
        get(41, &format!("/_ml/anomaly_detectors/{id}/results/buckets"));
    }
    get(41, &format!("/_ml/anomaly_detectors/{}/results/buckets", "a".repeat(65)));
    for query in [
        "from=-1",
        "size=-1",
        "size=abc",
        "from=9999&size=2",
        "size=10001",
        "size=2147483648",
        "size=2147483647",
        "from=1",
        "size=0",
        "size=+5",
        "size=%205",
        "size=",
        "from=00",
        "anomaly_score=NaN",
        "anomaly_score=Infinity",
        "anomaly_score=1e400",
        "anomaly_score=-1",
        "anomaly_score=0x1p3",
        "anomaly_score=80d",
        "anomaly_score=",
        "anomaly_score=1_0",
    ] {
        get(42, &format!("{BUCKETS}?{query}"));
    }
    for query in
        ["start=1", "end=1", "anomaly_score=1", "from=1", "size=1", "from=1&size=1&start=1", "expand=true", "sort=x"]
    {
        get(43, &format!("{BUCKETS}/1454943900000?{query}"));
        get(43, &format!("{BUCKETS}?timestamp=1454943900000&{query}"));
    }
    for query in
        ["foo=1", "strt=1", "page=1", "a&b", "expnd&srt=1", "timestmp=5", "pretty=x", "human=x", "=1", "&&", "Size=1"]
    {
        get(44, &format!("{BUCKETS}?{query}"));
    }
    for query in
        ["size=1&size=2", "size=2&size=x", "job_id=farequote", "source=%7B%7D&size=1", "expand&expand=false&size=1"]
    {
        get(45, &format!("{BUCKETS}?{query}"));
    }
    for query in [
        "source=%7B%7D",
        "source=&source_content_type=application/json",
        "source_content_type=application/json",
        "source=%7B%7D&source_content_type=x",
        "source=%7B%22page%22:%7B%22size%22:1%7D%7D&source_content_type=application/json",
    ] {
        get(46, &format!("{BUCKETS}?{query}"));
    }
    for query in [
        "start=%22%7C%7C-1d",
        "end=now-1d/d&size=1",
        "start=2016-02-08%7C%7C%2B1d&size=1",
        "sort=_doc&size=1",
        "sort=a:b",
        "sort=_script",
        "sort=bucket_influencers.anomaly_score&size=1",
        "sort=x%22,%22y",
        "sort=",
    ] {
        get(48, &format!("{BUCKETS}?{query}"));
    }
    for query in [
        "pretty&size=1",
        "human&size=1",
        "format=yaml&size=1",
        "filter_path=count",
        "filter_path=-count",
        "format=x&size=1",
    ] {
        get(31, &format!("{BUCKETS}?{query}"));
    }
    for method in ["HEAD", "DELETE", "PUT", "OPTIONS", "PATCH"] {
        all.push((19, format!("{method} {BUCKETS}"), "", String::new()));
    }
    for lines in ["Accept: application/yaml\r\n", "Accept: garbage\r\n", "Accept: text/html\r\n", "X-Opaque-Id: me\r\n"]
    {
        all.push((if lines.starts_with('X') { 26 } else { 31 }, format!("GET {BUCKETS}?size=1"), lines, String::new()));
    }
    let deep = "{\"page\":".repeat(200);
    for (number, method, body) in [
        (38, "GET", r#"{"page":{"size":1}}"#),
        (38, "POST", r#"{"page":{"size":1}}"#),
        (43, "POST", r#"{"timestamp":"5","start":"1"}"#),
        (43, "POST", r#"{"end":"1","timestamp":"5"}"#),
        (45, "POST", r#"{"job_id":"farequote","page":{"size":1}}"#),
        (45, "POST", r#"{"sort":"a","sort":"b"}"#),
        (46, "POST", "null"),
        (46, "POST", "[]"),
        (46, "POST", "\"x\""),
        (46, "POST", "{"),
        (46, "POST", "{\"start\""),
        (46, "POST", "{\"start\":\"1\""),
        (46, "POST", " "),
        (46, "POST", "{}"),
        (46, "POST", "}"),
        (47, "POST", &deep),
    ] {
        all.push((number, format!("{method} {BUCKETS}"), JSON, body.to_owned()));
    }
    all
}

fn ask(to: SocketAddr, line: &str, lines: &str, body: &str) -> Reply {
    let length = body.len();
    let framing = if body.is_empty() { String::new() } else { format!("Content-Length: {length}\r\n") };
    let authorization = basic(SUPERUSER.0, SUPERUSER.1);
    let request = format!(
        "{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: {authorization}\r\n{lines}{framing}\r\n{body}"
    );
    parse(&send_raw(to, request.as_bytes())).unwrap_or_else(|| panic!("no reply to {line}"))
}

/// What must be equal: the status, the body, and the headers that both make up themselves.
fn comparable(reply: &Reply) -> (u16, Vec<Option<&str>>, String) {
    let names = ["content-type", "x-elastic-product", "x-opaque-id", "allow", "www-authenticate"];
    // A server draws the order of two names by chance when it starts, and each has an id.
    let mut body = reply.body.replace("[Content-Type, Accept]", "[Accept, Content-Type]");
    for (name, stand_in) in [("node", "N"), ("index_uuid", "U")] {
        let marker = format!("\"{name}\":\"");
        let mut from = 0;
        while let Some(at) = body[from..].find(&marker).map(|at| from + at + marker.len()) {
            let end = body[at..].find('"').map_or(body.len(), |length| at + length);
            body.replace_range(at..end, stand_in);
            from = at;
        }
    }
    (reply.status, names.iter().map(|name| reply.header(name)).collect(), body)
}

/// Whether a server takes a target for Get Buckets: only that reads `desc`, and says so where it is neither true nor false.
fn is_get_buckets(mut stream: &TcpStream, authorization: &str, path: &str) -> bool {
    let request = format!("GET {path}?desc=QQ HTTP/1.1\r\nHost: h\r\nAuthorization: {authorization}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let (mut reply, mut piece) = (Vec::new(), [0; 16_384]);
    loop {
        let length = stream.read(&mut piece).unwrap();
        reply.extend_from_slice(&piece[..length]);
        let whole = parse(&reply).filter(|parsed| {
            let promised = parsed.header("content-length").map(|length| length.parse::<usize>().unwrap());
            promised.is_none_or(|length| length <= parsed.body.len())
        });
        if let Some(whole) = whole {
            return whole.body.contains("Failed to parse value [QQ] as only [true] or [false] are allowed.");
        }
        assert!(length > 0, "{path}: {}", String::from_utf8_lossy(&reply));
    }
}

/// Paths that are nearly ours.
fn path() -> impl Strategy<Value = String> {
    let names = ["_ml", "_xpack", "ml", "anomaly_detectors", "results", "buckets", "j", "5", ""];
    let odd = ["%5Fml", "_ML", "a%2Fb", "%6dl", "result%73", "buckets;", "a b", "*", "records", "x"];
    let segment = prop_oneof![
        8 => proptest::sample::select(names.to_vec()),
        1 => proptest::sample::select(odd.to_vec()),
    ];
    let free = vec(segment.clone(), 0..8).prop_map(|segments| format!("/{}", segments.join("/")));
    let ours = ["_ml", "anomaly_detectors", "j", "results", "buckets", "5"].map(str::to_owned);
    let near = (0_usize..7, vec((0_usize..7, segment), 0..2), "/{0,3}").prop_map(move |(length, changes, tail)| {
        let mut segments = ours.to_vec();
        segments.truncate(length.max(4));
        for (at, other) in changes {
            let at = at % segments.len();
            other.clone_into(&mut segments[at]);
        }
        format!("/{}{tail}", segments.join("/"))
    });
    prop_oneof![1 => free, 3 => near].prop_map(|path| path.replace(' ', "%20"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_server_answers_and_routes_alike() {
    let Some(cluster) = Cluster::start() else { return };
    let front = start_with(&format!("upstream = 'http://{}'\n", cluster.address)).await;
    let mut differ = 0;
    let all = cases();
    for (number, line, lines, body) in &all {
        let (ours, theirs) = (ask(front, line, lines, body), ask(cluster.address, line, lines, body));
        if comparable(&ours) != comparable(&theirs) {
            differ += 1;
            eprintln!(
                "case {number}: {line} {body:.80}\n ours {:?}\n theirs {:?}",
                comparable(&ours),
                comparable(&theirs)
            );
        }
    }
    assert_eq!(differ, 0, "of {}", all.len());

    let authorization = basic(SUPERUSER.0, SUPERUSER.1);
    let stream = TcpStream::connect(cluster.address).unwrap();
    let (found, other) = (Cell::new(0), Cell::new(0));
    let config = ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&path(), |path| {
            let uri: http::Uri = path.parse().map_err(|_| TestCaseError::reject("no target"))?;
            if admit(&http::Method::GET, &uri, &http::HeaderMap::new(), false).is_err() {
                return Ok(());
            }
            let ours = matches!(Route::find(&http::Method::GET, &path), Ok(Route::GetBuckets { .. }));
            // 8.19 has the old path for clients of version 7 only.
            prop_assert_eq!(
                ours && !path.starts_with("/_xpack"),
                is_get_buckets(&stream, &authorization, &path),
                "{}",
                path
            );
            let count = if ours { &found } else { &other };
            count.set(count.get() + 1);
            Ok(())
        })
        .unwrap();
    assert!(found.get() > 100 && other.get() > 300, "{found:?} are ours, {other:?} are not");
}
