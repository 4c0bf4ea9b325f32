//! Requests of any kind, most of them nearly right.

use proptest::{collection::vec, prelude::*, sample::select};

/// A request as it goes over the wire.
#[derive(Clone)]
pub struct Sent {
    pub method: String,
    target: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

// === impl Sent ===

impl Sent {
    /// Its headers may promise a body that does not come.
    pub fn has_own_framing(&self) -> bool {
        let framing = ["content-length", "transfer-encoding", "expect", "upgrade"];
        self.headers.iter().any(|(name, _)| framing.contains(&&*name.to_ascii_lowercase()))
    }

    /// What goes over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes =
            [self.method.as_bytes(), b" ", &self.target, b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"].concat();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        if let Some(body) = &self.body {
            bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes());
            bytes.extend(body);
        } else {
            bytes.extend(b"\r\n");
        }
        bytes
    }
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.bytes().escape_ascii())
    }
}

fn of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(texts).prop_map(str::to_owned)
}

/// Values that mean something somewhere, and others.
fn value() -> impl Strategy<Value = String> {
    const TELLING: &[&str] = &[
        "",
        "true",
        "false",
        "1",
        "-1",
        "2",
        "10000",
        "2147483648",
        "1e400",
        "NaN",
        "80d",
        "0x1p3",
        "now-1d%2Fd",
        "1454530200001",
        "invalid",
        "2016-06-01T00:00:00%2B02:00",
        "2016-06-01%7C%7C%2B1M",
        "99999999999999999999",
        "-292275055-05-16",
        "%C2%A0",
        "%ff",
        "%%",
        "%",
        "timestamp",
        "anomaly_score",
        "_doc",
        "_score",
        "_id",
        "result_type",
        "bucket_influencers.probability",
        "nosuch",
        "json",
        "yaml",
        "cbor",
        "smile",
        "count",
        "**.job_id",
        "-buckets",
        "buckets.*,count",
        "application/json",
        "%22%27%3B--",
        "*",
    ];
    prop_oneof![4 => of(TELLING), 1 => "[!-~]{0,20}", 1 => "(%[0-9a-fA-F]{2}){0,8}"]
}

fn target() -> impl Strategy<Value = Vec<u8>> {
    const JOBS: &[&str] = &[
        "it-ops-kpi",
        "rolled",
        "special",
        "quiet",
        "never-run",
        "never-opened",
        "odd-order",
        "odd-bad-type",
        "weblogs-population",
        "nosuch",
        "*",
        "_all",
        "a,b",
        "a%2Fb",
        "..",
        "UPPER",
        "%2e%2e",
        "",
        "%00",
        "<j-{now/d}>",
    ];
    const NAMES: &[&str] = &[
        "expand",
        "exclude_interim",
        "start",
        "end",
        "anomaly_score",
        "sort",
        "desc",
        "from",
        "size",
        "timestamp",
        "page",
        "source",
        "source_content_type",
        "pretty",
        "human",
        "filter_path",
        "error_trace",
        "format",
        "job_id",
        "operatorRequest",
        "foo",
        "",
    ];
    let base = of(&["/_ml", "/_xpack/ml", "/_ML", "//_ml", "/_ml/.", "", "/%5Fml", "http://other:1/_ml"]);
    let tail = prop_oneof![4 => Just(String::new()), 2 => value().prop_map(|value| format!("/{value}")), 1 => of(&["/", "//", "/1/2"])];
    let pair =
        (of(NAMES), value(), of(&["=", "", "=="])).prop_map(|(name, value, sign)| format!("{name}{sign}{value}"));
    let query = vec((of(&["&", ";", "?"]), pair), 0..5);
    let path =
        (prop_oneof![6 => Just("/_ml".to_owned()), 1 => base], prop_oneof![6 => of(JOBS), 1 => value()], tail, query);
    let ours = path.prop_map(|(base, job, tail, query)| {
        let query: String = query
            .into_iter()
            .enumerate()
            .map(|(at, (sign, pair))| if at == 0 { format!("?{pair}") } else { sign + &pair })
            .collect();
        format!("{base}/anomaly_detectors/{job}/results/buckets{tail}{query}").into_bytes()
    });
    prop_oneof![8 => ours, 1 => vec(any::<u8>(), 0..60), 1 => "/[!-~]{0,60}".prop_map(String::into_bytes)]
}

fn headers() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    const NAMES: &[&str] = &[
        "Content-Type",
        "Accept",
        "X-Opaque-Id",
        "Authorization",
        "es-security-runas-user",
        "ES_Secondary_Authorization",
        "Connection",
        "Transfer-Encoding",
        "Content-Length",
        "Expect",
        "Upgrade",
        "Content-Encoding",
        "traceparent",
        "x-other",
        "Host",
        "a b",
        "",
    ];
    const VALUES: &[&str] = &[
        "application/json",
        "application/vnd.elasticsearch+json; compatible-with=8",
        "application/vnd.elasticsearch+json;compatible-with=7",
        "application/yaml",
        "application/cbor",
        "application/smile",
        "text/plain",
        "*/*",
        "garbage",
        "",
        "chunked",
        "gzip",
        "0",
        "5, 5",
        "keep-alive",
        "authorization",
        "100-continue",
        "Basic xxx",
        "Bearer x",
        "application/x-ndjson",
        "application/json; charset=utf-16",
    ];
    let value = prop_oneof![4 => of(VALUES).prop_map(String::into_bytes), 1 => vec(any::<u8>().prop_filter("ends the line", |byte| !b"\r\n".contains(byte)), 0..30)];
    vec((of(NAMES), value), 0..4)
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    const FIELDS: &[&str] = &[
        "job_id",
        "timestamp",
        "expand",
        "exclude_interim",
        "start",
        "end",
        "page",
        "anomaly_score",
        "sort",
        "desc",
        "from",
        "size",
        "strt",
        "",
    ];
    const VALUES: &[&str] = &[
        "true",
        "false",
        "null",
        "\"true\"",
        "80",
        "80.5",
        "-1",
        "1e400",
        "\"1454530200001\"",
        "\"invalid\"",
        "{\"from\":0,\"size\":1}",
        "{\"from\":-1}",
        "{}",
        "[]",
        "[[[[",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"now-1d\"",
        "\"anomaly_score\"",
        "nul",
        "0x1",
        "\"",
        "99999999999999999999",
    ];
    let pair = (of(FIELDS), of(VALUES)).prop_map(|(field, value)| format!("\"{field}\":{value}"));
    let object = vec(pair, 0..5).prop_map(|pairs| format!("{{{}}}", pairs.join(",")).into_bytes());
    let cut = (object, any::<prop::sample::Index>()).prop_map(|(mut object, at)| {
        object.truncate(at.index(object.len()) + 1);
        object
    });
    prop_oneof![4 => cut, 1 => vec(any::<u8>(), 0..80), 1 => "[\\[\\]{}:,\"0-9a-z\\\\ ]{0,40}".prop_map(String::into_bytes)]
}

/// A request that makes sense in most of its parts.
pub fn sent() -> impl Strategy<Value = Sent> {
    let method = prop_oneof![8 => of(&["GET", "POST"]), 1 => of(&["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get"]), 1 => "[A-Za-z!#]{1,9}"];
    let json = prop_oneof![3 => Just(true), 1 => Just(false)];
    (method, target(), headers(), proptest::option::of(body()), json).prop_map(
        |(method, target, mut headers, body, json)| {
            if json && body.is_some() {
                headers.insert(0, ("Content-Type".into(), b"application/json".to_vec()));
            }
            Sent { method, target, headers, body }
        },
    )
}
