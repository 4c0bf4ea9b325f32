//! Requests for results, nearly right in most of their parts.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    bodies::{Encoded, body},
    documents::doubles_are_shortest,
};

/// A request as it goes over the wire.
#[derive(Clone)]
pub struct Sent {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    /// The body comes on its own: Elasticsearch counts offsets in binary bodies from where its buffer begins, and that is the
    /// head where both come at once.
    pub in_two_pieces: bool,
}

const FIXTURE_JOBS: &[&str] = &[
    "it-ops-kpi",
    "farequote",
    "weblogs-population",
    "iso-times",
    "rolled",
    "special",
    "quiet",
    "never-run",
    "job.with-dots_1",
    "odd-bad-type",
    "odd-big-numbers",
    "odd-duplicate-time",
    "odd-escapes",
    "odd-fraction-long",
    "odd-influencer-bad",
    "odd-influencer-object",
    "odd-interim",
    "odd-list-null",
    "odd-list-types",
    "odd-missing-span",
    "odd-null-influencers",
    "odd-null-score",
    "odd-numeric-strings",
    "odd-order",
    "odd-record-bad",
    "odd-record-influence",
    "odd-records",
    "odd-score-list",
    "odd-strings",
    "odd-unknown-fields",
];

const ODD_JOBS: &[&str] = &[
    "nosuch",
    "*",
    "_all",
    "a,b",
    "a%2Cb",
    "UPPER",
    "-a",
    "a-",
    "a%20b",
    "%25",
    "..a",
    "a..",
    "_a",
    "%C3%A9",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "%zz",
    "it%2Dops%2Dkpi",
    "it-ops-kpi%2F",
];

const TIMES: &[&str] = &[
    "1600000000000",
    "1600000300000",
    "1454943900000",
    "1454530200000",
    "2020-09-13",
    "2020-09-13T12",
    "2020-09-13T12:26:40Z",
    "2020-09-13T12:26:40.000Z",
    "2020-09-13T14:26:40%2B02:00",
    "2020-09-13T12:26:40.000000000Z",
    "2020-W37",
    "2020-257",
    "2020",
    "2020-9-13",
    "now",
    "now-1d",
    "now-1d%2Fd",
    "now%2F",
    "now%2Bx",
    "now-",
    "now%7C%7C-1d",
    "2020-09-13%7C%7C%2B1M%2Fd",
    "2020-09-13%7C%7C%2Fw",
    "1600000000000%7C%7C-1h",
    "2020-09-13||-1y/y",
    "2016-02-30",
    "2016-13-01",
    "24:00",
    "2020-09-13T24:00:00Z",
    "2020-09-13T12:26:60Z",
    "",
    "%20",
    "invalid",
    "-1",
    "1600000000000.5",
    "99999999999999999999",
    "9999999999999",
    "%2B2020-09-13",
    "+292278994-08-17T07:12:55.807Z",
    "-292275055-05-16",
    "2020-09-13T12:26:40%5BEurope%2FBerlin%5D",
    "2020-09-13T12:26:40+0200",
    "2020-09-13T12:26:40EST",
    "2020-09-13T12:26:40,5Z",
    "2020-09-13t12:26:40z",
    "0",
    "00001600000000000",
    "1e3",
    "2020-09-13T12:26Z",
    "2020-09-13T12:26:40.1234567891Z",
    "2020-09-13T",
    "20200913",
];

const SORTS: &[&str] = &[
    "timestamp",
    "anomaly_score",
    "event_count",
    "bucket_span",
    "initial_anomaly_score",
    "processing_time_ms",
    "is_interim",
    "result_type",
    "job_id",
    "_doc",
    "_score",
    "_id",
    "_index",
    "_source",
    "@timestamp",
    "nosuch",
    "",
    "%20",
    "bucket_influencers",
    "bucket_influencers.probability",
    "bucket_influencers.anomaly_score",
    "scheduled_events",
    "extra",
    "all_field_values",
    "geo_results.actual_point",
    "anomaly_score_explanation.anomaly_type",
    "Timestamp",
    "time*",
    "*",
    "record_score",
    "probability",
    "by_field_value",
    "timestamp,anomaly_score",
    "_seq_no",
    "_version",
    "_routing",
    "_field_names",
    "_type",
    "examples",
    "terms",
];

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "5",
    "100",
    "-1",
    "-0",
    "%2B1",
    "00",
    "01",
    "1.0",
    "1e1",
    "1d",
    "0x1p3",
    "80",
    "80.5",
    ".5",
    "5.",
    "1.2.3",
    "NaN",
    "Infinity",
    "-Infinity",
    "abc",
    "",
    "%20",
    "%205%20",
    "10000",
    "10001",
    "9999",
    "2147483647",
    "2147483648",
    "-2147483648",
    "99999999999",
    "1_000",
    "1,5",
    "0.0000001",
    "1e400",
    "1f",
    "true",
    "null",
];

const SWITCHES: &[&str] = &["true", "false", "", "True", "1", "0", "yes", "null", "%20true", "on"];

fn pair() -> BoxedStrategy<String> {
    let of = |name: &'static str, values: &'static [&'static str]| {
        select(values).prop_map(move |value| format!("{name}={value}")).boxed()
    };
    let bare = select(
        &["expand", "desc", "exclude_interim", "pretty", "human", "start", "foo", "size", "=", "=x", "a=b=c", "source"]
            [..],
    )
    .prop_map(str::to_owned);
    prop_oneof![
        4 => of("start", TIMES),
        4 => of("end", TIMES),
        1 => of("timestamp", TIMES),
        5 => of("sort", SORTS),
        3 => of("anomaly_score", NUMBERS),
        3 => of("from", NUMBERS),
        3 => of("size", NUMBERS),
        3 => of("expand", SWITCHES),
        3 => of("desc", SWITCHES),
        2 => of("exclude_interim", SWITCHES),
        2 => of("pretty", SWITCHES),
        2 => of("human", SWITCHES),
        1 => of("error_trace", &["false", "x"]),
        2 => of("format", &["json", "yaml", "cbor", "smile", "JSON", "xml", "", "application/json", "vnd.elasticsearch%2Bjson"]),
        3 => of("filter_path", &["count", "-count", "buckets", "buckets.job_id", "buckets.*_score", "**.job_id", "-**.job_id", "*", "", "nosuch", "buckets.bucket_influencers", "count,-buckets", "error", "error.reason", "-error.root_cause", "status", "buckets.a", "b*", "*.*", "**", "buckets.records.causes", "co%2A", ".", "..", "buckets..job_id", "%20count", "count%20,%20buckets"]),
        1 => of("job_id", &["x", "nosuch", ""]),
        1 => of("page", &["1"]),
        1 => of("foo", &["1"]),
        1 => of("expnd", &["1"]),
        1 => of("source_content_type", &["application/json", "application/yaml", "application/cbor", "json", "", "text/plain", "application/vnd.elasticsearch%2Bjson;compatible-with=8", "application/json;charset=utf-8"]),
        1 => of("source", &["%7B%7D", "%7B%22start%22:1%7D", "sort:%20timestamp", "%7B%22sort%22:%22anomaly_score%22%7D", "", "x", "%5B%5D"]),
        1 => bare,
        1 => of("rest_total_hits_as_int", &["true"]),
    ]
    .boxed()
}

fn headers() -> BoxedStrategy<Vec<(String, String)>> {
    let of = |name: &'static str, values: &'static [&'static str]| {
        select(values).prop_map(move |value| (name.to_owned(), value.to_owned())).boxed()
    };
    let header = prop_oneof![
        6 => of("Accept", &["application/json", "*/*", "application/yaml", "application/cbor", "application/smile", "application/vnd.elasticsearch+json;compatible-with=8", "application/vnd.elasticsearch+json; compatible-with=7", "application/vnd.elasticsearch+yaml", "application/*", "text/html, */*", "garbage", "application/json; charset=utf-8", "APPLICATION/JSON", "text/plain", "application/json;q=0.5", "text/csv", "application/vnd.elasticsearch+x-ndjson", "application/json;charset=\"utf-8\"", "application/vnd.elasticsearch+json;compatible-with=6", "application/xml", "json"]),
        2 => of("X-Opaque-Id", &["abc", "", "a b", "a,b", "0123456789012345678901234567890123456789"]),
        1 => of("traceparent", &["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x"]),
        1 => of("Accept-Encoding", &["identity", "*;q=0"]),
        1 => of("X-Other", &["1"]),
    ];
    vec(header, 0..2)
        .prop_map(|mut headers| {
            headers.dedup_by(|a, b| a.0 == b.0);
            headers
        })
        .boxed()
}

pub fn sent(generated: Vec<String>) -> BoxedStrategy<Sent> {
    let mut fixture_jobs = FIXTURE_JOBS.to_vec();
    fixture_jobs.retain(|job| *job != "odd-big-numbers" || doubles_are_shortest());
    let job = prop_oneof![4 => select(fixture_jobs).prop_map(str::to_owned), 5 => select(generated), 1 => select(ODD_JOBS).prop_map(str::to_owned)];
    let tail = prop_oneof![6 => Just(String::new()), 1 => select(TIMES).prop_map(|time| format!("/{time}")), 1 => select(&["/", "/1/2", "/1600000000000/"][..]).prop_map(str::to_owned)];
    let base = prop_oneof![20 => Just("/_ml"), 1 => select(&["/_ML", "/%5Fml"][..])];
    let query = prop_oneof![2 => Just(Vec::new()), 5 => vec(pair(), 1..4)];
    let target =
        (base, job, tail, query, select(&["&", "&", "&", ";"][..])).prop_map(|(base, job, tail, query, sign)| {
            let mark = if query.is_empty() { "" } else { "?" };
            format!("{base}/anomaly_detectors/{job}/results/buckets{tail}{mark}{}", query.join(sign))
        });
    let method = prop_oneof![10 => Just("GET"), 8 => Just("POST"), 1 => select(&["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"][..])];
    let media_type = prop_oneof![8 => Just(None), 1 => select(&["", "text/plain", "application/json; charset=UTF-8", "application/yaml;x=y", "garbage", "application/x-www-form-urlencoded", "APPLICATION/JSON", "application/json;charset=", "application/vnd.elasticsearch+json;compatible-with=8", "application/json, application/yaml"][..]).prop_map(Some)];
    (method, target, headers(), prop_oneof![2 => Just(None), 1 => body().prop_map(Some)], media_type, any::<bool>())
        .prop_map(|(method, target, mut headers, body, media_type, bare)| {
            let in_two_pieces = body.as_ref().is_some_and(|body| body.binary);
            // A body is asked for on its own, or beside parameters that make it wrong.
            let target =
                if body.is_some() && bare { target.split('?').next().unwrap_or_default().to_owned() } else { target };
            let kind = media_type
                .map(str::to_owned)
                .or_else(|| body.as_ref().map(|Encoded { media_type, .. }| (*media_type).to_owned()));
            headers.extend(kind.map(|kind| ("Content-Type".to_owned(), kind)));
            Sent { method: method.to_owned(), target, headers, body: body.map(|body| body.bytes), in_two_pieces }
        })
        .boxed()
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.target, self.headers)?;
        match &self.body {
            Some(body) => write!(f, " {}", body.escape_ascii()),
            None => Ok(()),
        }
    }
}
