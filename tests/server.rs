//! The running server: the documented example.

#![allow(clippy::unwrap_used)]

mod support;

use support::{parse, send, send_raw, start_embedded};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";

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

/// The bytes were recorded from a genuine node.
#[tokio::test(flavor = "multi_thread")]
async fn the_documented_example_in_binary() {
    let (address, _folder) = start_embedded().await;
    let cbor = concat!(
        "bf65636f756e7401676275636b6574739fbf666a6f625f69646a69742d6f70732d6b70696974696d657374616d701b00000152c16a1160",
        "6d616e6f6d616c795f73636f7265fb40578aeb1c432ca56b6275636b65745f7370616e19012c75696e697469616c5f616e6f6d616c795f",
        "73636f7265fb40578aeb1c432ca56b6576656e745f636f756e7418996a69735f696e746572696df4726275636b65745f696e666c75656e",
        "636572739fbf666a6f625f69646a69742d6f70732d6b70696b726573756c745f74797065716275636b65745f696e666c75656e63657275",
        "696e666c75656e6365725f6669656c645f6e616d656b6275636b65745f74696d6575696e697469616c5f616e6f6d616c795f73636f7265",
        "fb40578aeb1c432ca56d616e6f6d616c795f73636f7265fb40578aeb1c432ca5717261775f616e6f6d616c795f73636f7265fb400291cc",
        "100e6afd6b70726f626162696c697479fb3ed81e7769e4e5386974696d657374616d701b00000152c16a11606b6275636b65745f737061",
        "6e19012c6a69735f696e746572696df4ffff7270726f63657373696e675f74696d655f6d73026b726573756c745f74797065666275636b",
        "6574ffffff",
    );
    let smile = concat!(
        "3a290a05fa84636f756e74c2866275636b657473f8fa856a6f625f69644969742d6f70732d6b70698874696d657374616d70250129302d",
        "210b808c616e6f6d616c795f73636f72652900402b625d31620c59258a6275636b65745f7370616e24099894696e697469616c5f616e6f",
        "6d616c795f73636f72652900402b625d31620c59258a6576656e745f636f756e742404b28969735f696e746572696d22916275636b6574",
        "5f696e666c75656e63657273f8fa424969742d6f70732d6b70698a726573756c745f74797065506275636b65745f696e666c75656e6365",
        "7294696e666c75656e6365725f6669656c645f6e616d654a6275636b65745f74696d65462900402b625d31620c5925442900402b625d31",
        "620c5925907261775f616e6f6d616c795f73636f7265290040012439410039557d8a70726f626162696c69747929003e6c074e764f134a",
        "3843250129302d210b80452409984822fbf99170726f63657373696e675f74696d655f6d73c44a456275636b6574fbf9fb",
    );
    for (format, expected) in [("cbor", cbor), ("smile", smile)] {
        let accept = format!("application/{format}");
        let target = format!("{BUCKETS}?anomaly_score=80&start=1454530200001");
        let request = format!("GET {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAccept: {accept}\r\n\r\n");
        let reply = send_raw(address, request.as_bytes());
        assert_eq!(parse(&reply).unwrap().header("content-type"), Some(&*accept));
        let start = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let bytes: Vec<u8> =
            (0..expected.len()).step_by(2).map(|at| u8::from_str_radix(&expected[at..at + 2], 16).unwrap()).collect();
        assert_eq!(reply[start..], bytes);
    }
}
