//! Cases 28, 29 and 31: headers of replies. Those of requests are in `tests/identity_headers.rs`.

use crate::{
    BUCKETS, Site,
    recorder::{Recorder, reply},
};

#[test]
fn case_28_what_belongs_to_the_connection_ends_with_it() {
    let cluster = Recorder::answering(|asked| {
        let head = &asked.head;
        let lines = "Connection: X-Foo\r\nX-Foo: secret\r\nKeep-Alive: timeout=5\r\nTrailer: X-Bar\r\nSet-Cookie: a=1\r\n\
                     Set-Cookie: b=2\r\nWarning: 299 one \"a\"\r\nX-Kept: yes\r\nWarning: 299 two \"b\"\r\n";
        head.starts_with("GET /x ").then(|| reply(200, lines, "{}"))
    });
    let site = Site::before(cluster, "");
    let reply = site.get("/x");
    for name in ["x-foo", "keep-alive", "trailer"] {
        assert_eq!(reply.header(name), None, "{reply:?}");
    }
    let all = |name: &str| {
        reply.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(all("warning"), ["299 one \"a\"", "299 two \"b\""]);
    assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!((all("x-kept"), all("connection")), (vec!["yes"], vec!["close"]));
    site.end();
}

#[test]
fn case_29_the_product_is_named_where_mlgate_answers() {
    let cluster = Recorder::answering(|asked| {
        let head = &asked.head;
        let plain = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}".to_vec();
        head.starts_with("GET /x ").then_some(plain)
    });
    let site = Site::before(cluster, "");
    assert_eq!(site.get("/x").header("x-elastic-product"), None, "what the cluster says is not made up");
    for target in [BUCKETS, "/_ml/anomaly_detectors/-/results/buckets", "/a//b"] {
        assert_eq!(site.get(target).header("x-elastic-product"), Some("Elasticsearch"), "{target}");
    }
    site.end();
}

#[test]
fn case_31_what_is_promised_is_what_comes() {
    let site = Site::start();
    let yaml = "---\ncount: 0\nbuckets: []\n";
    let json = r#"{"count":0,"buckets":[]}"#;
    for (query, lines, kind, body) in [
        ("", "Accept: application/yaml\r\n", "application/yaml", yaml),
        ("?format=yaml", "", "application/yaml", yaml),
        ("", "Accept: application/json\r\n", "application/json", json),
        ("?human", "", "application/json", json),
        ("?error_trace", "", "application/json", json),
        ("?filter_path=count", "", "application/json", r#"{"count":0}"#),
        ("?filter_path=x", "", "application/json", "{}"),
        ("?pretty", "", "application/json", "{\n  \"count\" : 0,\n  \"buckets\" : [ ]\n}\n"),
    ] {
        let reply = site.ask("GET", &format!("{BUCKETS}{query}"), lines, "");
        assert_eq!(
            (reply.status, reply.header("content-type"), &*reply.body),
            (200, Some(kind), body),
            "{query} {lines}"
        );
    }
    for (query, kind) in [("?format=cbor", "application/cbor"), ("?format=smile", "application/smile")] {
        let reply = site.get(&format!("{BUCKETS}{query}"));
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)));
        assert!(!reply.body.starts_with('{'), "{query}: {reply:?}");
    }
    site.end();
}
