//! Cases 41 to 48: what is asked for. The bytes of each refusal are compared with a genuine server's in `genuine.rs` and in
//! the scenarios; here, what reaches the cluster.

use serde_json::Value;

use crate::{BUCKETS, Site, recorder::Recorder};

const JSON: &str = "Content-Type: application/json\r\n";

/// The one search that the cluster was sent.
fn search(site: &Site, what: &str) -> Value {
    let seen = site.cluster.seen();
    let one = seen.iter().find(|one| one.target().contains("_search")).unwrap_or_else(|| panic!("{what}: no search"));
    serde_json::from_slice(&one.body).unwrap()
}

/// Refused, and no search was sent.
fn refused(site: &Site, method: &str, target: &str, lines: &str, body: &str) -> String {
    let reply = site.ask(method, target, lines, body);
    assert_eq!(reply.status, 400, "{target} {body:.80}: {reply:?}");
    let targets = site.cluster.targets();
    assert!(!targets.iter().any(|target| target.contains("_search")), "{target} {body:.80}: {targets:?}");
    site.well();
    reply.body
}

#[test]
fn case_41_a_job_is_one_job() {
    let site = Site::start();
    let (long, longest) = ("a".repeat(65), "a".repeat(64));
    for id in ["*", "_all", "a,b", "-x", "<j-{now%2Fd}>", "remote:j", ".ml-config", "%20", &*long, "UPPER", "a%2a"] {
        let id = id.replace('<', "%3C").replace('>', "%3E");
        let said = refused(&site, "GET", &format!("/_ml/anomaly_detectors/{id}/results/buckets"), "", "");
        assert!(
            said.contains("Invalid job_id; '") || said.contains("The job id cannot contain more than 64"),
            "{said}"
        );
    }
    let empty = site.get("/_ml/anomaly_detectors//results/buckets");
    site.refuses("an empty id", &empty, 400);
    for id in ["shared", "a.b", &*longest, "..a"] {
        let reply = site.get(&format!("/_ml/anomaly_detectors/{id}/results/buckets"));
        let index = format!("/.ml-anomalies-{id}/_search?");
        for target in site.cluster.targets() {
            assert!(target.starts_with(&index) || !target.contains(".ml-anomalies-.."), "{id}: {target} {reply:?}");
        }
        site.well();
    }
    site.end();
}

#[test]
fn case_42_numbers_at_their_ends() {
    let site = Site::start();
    for (query, said) in [
        ("from=-1", "Parameter [from] cannot be < 0"),
        ("size=-1", "Parameter [size] cannot be < 0"),
        ("size=abc", "Failed to parse int parameter [size] with value [abc]"),
        ("size=2147483648", "Failed to parse int parameter [size] with value [2147483648]"),
        ("size=1.5", "Failed to parse int parameter [size] with value [1.5]"),
        ("anomaly_score=x", "For input string: \\\"x\\\""),
        ("anomaly_score=", "empty String"),
    ] {
        let body = refused(&site, "GET", &format!("{BUCKETS}?{query}"), "", "");
        assert!(body.contains(said), "{query}: {body}");
    }
    // Java's doubles: NaN and what is not above zero are no filter, and nothing else than a number is sent.
    for (score, filtered) in [("NaN", false), ("-1", false), ("-Infinity", false), ("0x1p3", true), ("80d", true)] {
        assert_eq!(site.get(&format!("{BUCKETS}?anomaly_score={score}")).status, 200, "{score}");
        let sent = search(&site, score).to_string();
        assert_eq!(sent.contains("\"anomaly_score\""), filtered, "{score}: {sent}");
        site.well();
    }
    site.end();
}

#[test]
fn case_43_a_time_excludes_the_rest() {
    let site = Site::start();
    for rest in ["start=1", "end=1", "anomaly_score=1", "from=1", "size=1", "from=1&size=1"] {
        for target in [format!("{BUCKETS}/5?{rest}"), format!("{BUCKETS}?timestamp=5&{rest}")] {
            let body = refused(&site, "GET", &target, "", "");
            assert!(body.contains("is incompatible with [timestamp]"), "{target}: {body}");
        }
    }
    for body in [
        r#"{"timestamp":"5","start":"1"}"#,
        r#"{"end":"1","timestamp":"5"}"#,
        r#"{"timestamp":"5","page":{"size":1}}"#,
        r#"{"anomaly_score":5,"timestamp":"5"}"#,
    ] {
        assert!(refused(&site, "POST", BUCKETS, JSON, body).contains("is incompatible with"), "{body}");
    }
    for target in [format!("{BUCKETS}/5"), format!("{BUCKETS}?timestamp=5")] {
        assert!(refused(&site, "POST", &target, JSON, r#"{"start":"1"}"#).contains("[timestamp] is incompatible with"));
    }
    site.end();
}

#[test]
fn case_44_unknown_parameters() {
    let site = Site::start();
    for (query, named) in
        [("foo=1", "[foo]"), ("strt=1", "[strt]"), ("page=1", "[page]"), ("a&b", "parameters: [a], [b]")]
    {
        let body = refused(&site, "GET", &format!("{BUCKETS}?{query}"), "", "");
        assert!(body.contains("contains unrecognized parameter") && body.contains(named), "{query}: {body}");
    }
    site.end();
}

#[test]
fn case_45_one_value_is_checked_and_used() {
    let site = Site::start();
    assert_eq!(site.get(&format!("{BUCKETS}?size=1&size=7&from=3&from=2")).status, 200);
    let sent = search(&site, "twice");
    assert_eq!((&sent["size"], &sent["from"]), (&7.into(), &2.into()));
    site.well();
    // In the query and in the body: neither is taken for the other.
    assert!(refused(&site, "POST", &format!("{BUCKETS}?size=7"), JSON, r#"{"page":{"size":1}}"#).contains("[size]"));
    // A body, and a body in the query.
    let both = format!("{BUCKETS}?source=%7B%22sort%22:%22a%22%7D&source_content_type=application/json");
    let reply = site.ask("POST", &both, JSON, r#"{"sort":"b"}"#);
    let sent = site.cluster.seen().iter().find(|one| one.target().contains("_search")).map(|one| one.body.clone());
    let sent = String::from_utf8(sent.unwrap_or_default()).unwrap();
    assert!(reply.status == 400 || (sent.contains("\"b\"") != sent.contains("\"a\"")), "{reply:?} {sent}");
    site.well();
    // The job of the path is the job, whatever the query and the body say.
    for (target, body) in
        [(format!("{BUCKETS}?job_id=farequote"), ""), (BUCKETS.to_owned(), r#"{"job_id":"farequote"}"#)]
    {
        let reply = site.ask("POST", &target, if body.is_empty() { "" } else { JSON }, body);
        let seen = site.cluster.seen();
        assert!(!seen.iter().any(|one| one.target().contains("farequote")), "{target} {body}: {reply:?}");
        assert!(!seen.iter().any(|one| String::from_utf8_lossy(&one.body).contains("farequote")), "{target} {body}");
        site.well();
    }
    site.end();
}

#[test]
fn case_46_bodies_that_are_none() {
    let site = Site::start();
    let said = refused(&site, "GET", &format!("{BUCKETS}?source=%7B%7D"), "", "");
    assert!(said.contains("source and source_content_type parameters are required"), "{said}");
    for body in ["null", "[]", "\"x\"", "1", "{", "{\"start\"", "{\"start\":", "{\"start\":\"1\"", "\u{feff}{", "}"] {
        refused(&site, "POST", BUCKETS, JSON, body);
    }
    let reply = site.ask("POST", BUCKETS, JSON, "{}");
    assert_eq!(reply.status, 200, "{reply:?}");
    site.end();
}

#[test]
fn case_47_bodies_that_are_deep() {
    let site = Site::start();
    let deep = "{\"page\":".repeat(200);
    refused(&site, "POST", BUCKETS, JSON, &deep);
    refused(&site, "POST", BUCKETS, JSON, &"[".repeat(1 << 20));
    refused(&site, "POST", BUCKETS, JSON, &format!("{{\"x\":{}", "[".repeat(1 << 19)));
    refused(&site, "POST", BUCKETS, JSON, r#"{"sort":"a","sort":"b"}"#);
    site.end();
}

#[test]
fn case_48_texts_stay_texts() {
    let site = Site::before(Recorder::start(), "");
    for (name, text) in [
        ("start", "\"||-1d"),
        ("end", "now-1d/d"),
        ("start", "\"}},{\"match_all\":{}}"),
        ("sort", "_doc"),
        ("sort", "a:b"),
        ("sort", "_script"),
        ("sort", "x\",\"y"),
        ("sort", "nested.field"),
    ] {
        let encoded = text.bytes().fold(String::new(), |encoded, byte| format!("{encoded}%{byte:02X}"));
        assert_eq!(site.get(&format!("{BUCKETS}?{name}={encoded}")).status, 200, "{name}={text}");
        let sent = search(&site, text);
        let mut keys = Vec::new();
        let mut texts = Vec::new();
        walk(&sent, &mut keys, &mut texts);
        // A field to sort by is a key, or a text where the key would mean another kind of sort.
        let is_there =
            texts.iter().any(|found| found == text) || (name == "sort" && keys.iter().any(|key| key == text));
        assert!(is_there, "{name}={text}: {sent}");
        let jobs = sent.to_string().matches("\"job_id\"").count();
        assert_eq!(jobs, 1, "{sent}");
        site.well();
    }
    site.end();
}

fn walk(value: &Value, keys: &mut Vec<String>, texts: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            keys.push(key.clone());
            walk(value, keys, texts);
        }),
        Value::Array(items) => items.iter().for_each(|item| walk(item, keys, texts)),
        Value::String(text) => texts.push(text.clone()),
        _ => {}
    }
}
