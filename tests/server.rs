//! The running server: the documented example, and requests that mean to confuse it. Each attack is followed by a healthy
//! request on a fresh connection.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;

use support::{parse, send, send_raw, start_embedded};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";

fn assert_healthy(address: SocketAddr) {
    let reply = send(address, "GET", &format!("{BUCKETS}?size=1"), &[], None);
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_example() {
    let (address, _folder) = start_embedded().await;
    let body = br#"{"anomaly_score": 80, "start": "1454530200001"}"#;
    let target = "/_xpack/ml/anomaly_detectors/it-ops-kpi/results/buckets";
    let reply =
        send(address, "GET", target, &[("Content-Type", "application/json"), ("X-Opaque-Id", "me")], Some(body));
    assert_eq!(
        reply.body,
        concat!(
            r#"{"count":1,"buckets":[{"job_id":"it-ops-kpi","timestamp":1454943900000,"anomaly_score":94.1706,"bucket_span":300,"#,
            r#""initial_anomaly_score":94.1706,"event_count":153,"is_interim":false,"bucket_influencers":[{"job_id":"it-ops-kpi","#,
            r#""result_type":"bucket_influencer","influencer_field_name":"bucket_time","initial_anomaly_score":94.1706,"#,
            r#""anomaly_score":94.1706,"raw_anomaly_score":2.32119,"probability":5.75042E-6,"timestamp":1454943900000,"#,
            r#""bucket_span":300,"is_interim":false}],"processing_time_ms":2,"partition_scores":[],"result_type":"bucket"}]}"#
        )
    );
    assert_eq!(reply.header("x-elastic-product"), Some("Elasticsearch"));
    assert_eq!(reply.header("x-opaque-id"), Some("me"));
    assert!(reply.header("warning").unwrap().contains("is deprecated! Use [GET /_ml/"), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_requests_are_refused() {
    let (address, _folder) = start_embedded().await;
    for target in [
        "//_ml/anomaly_detectors/j/results/buckets",
        "/_ml/./x",
        "/_ml/%2e%2e/_security",
        "/a%5Cb",
        "/a%00b",
        "/a%0d%0ab",
    ] {
        assert_eq!(send(address, "GET", target, &[], None).status, 400, "{target}");
        assert_healthy(address);
    }
    for header in [("es-security-runas-user", "x"), ("ES_Security_Runas_User", "x"), ("Connection", "Authorization")] {
        assert_eq!(send(address, "GET", BUCKETS, &[header], None).status, 400, "{header:?}");
        assert_healthy(address);
    }
    for framing in [
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "Content-Length: +2\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n",
        "Host: other\r\n\r\n",
        "a b: c\r\n\r\n",
    ] {
        let raw = format!("GET {BUCKETS} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{framing}");
        let reply = parse(&send_raw(address, raw.as_bytes())).unwrap();
        assert_eq!(reply.status, 400, "{framing:?}: {reply:?}");
        assert_healthy(address);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_is_refused() {
    let (address, _folder) = start_embedded().await;
    let json = ("Content-Type", "application/json");
    let large = vec![b' '; (1 << 20) + 1];
    assert_eq!(send(address, "POST", BUCKETS, &[json], Some(&large)).status, 413);
    assert_healthy(address);
    assert_eq!(send(address, "POST", BUCKETS, &[json], Some(&vec![b'['; 1 << 20])).status, 400);
    assert_healthy(address);
    assert_eq!(send(address, "GET", &format!("{BUCKETS}?x={}", "y".repeat(5_000)), &[], None).status, 400);
    assert_healthy(address);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_get_their_own_answers() {
    let (address, _folder) = start_embedded().await;
    let raw = format!(
        "GET {BUCKETS}?size=x HTTP/1.1\r\nHost: h\r\n\r\nGET {BUCKETS}?size=0 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    );
    let text = String::from_utf8(send_raw(address, raw.as_bytes())).unwrap();
    let statuses: Vec<_> = text.match_indices("HTTP/1.1 ").map(|(at, _)| &text[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["400", "200"]);
}
