//! A span reaches a collector: OTLP over HTTP, as bytes on the wire.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use support::{basic, fixtures, operator::Operated, send};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";

/// Takes requests, one a connection or several, and tells of them.
fn collector() -> (SocketAddr, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, tell) = (stream.unwrap(), tell.clone());
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let mut buffer = [0; 4096];
                loop {
                    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
                    let head = end.map(|end| String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase());
                    let length = head.as_ref().map_or(0, |head| {
                        let line = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                        line.map_or(0, |length| length.trim().parse().unwrap())
                    });
                    if let (Some(end), Some(head)) = (end, head)
                        && bytes.len() >= end + 4 + length
                    {
                        let body = bytes.drain(..end + 4 + length).skip(end + 4).collect();
                        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                        tell.send((head, body)).unwrap();
                        continue;
                    }
                    match stream.read(&mut buffer) {
                        Ok(0) | Err(_) => return,
                        Ok(read) => bytes.extend_from_slice(&buffer[..read]),
                    }
                }
            });
        }
    });
    (address, told)
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_span_is_sent_as_the_clients_child() {
    let (address, told) = collector();
    let realm = fixtures().join("realm");
    let mut front = Operated::start(&format!(
        "store = 'FOLDER/results.db'\nrealm = '{}'\notlp_endpoint = 'http://{address}'\nlog_level = 'info,mlgate::request=off'\n",
        realm.display()
    ));
    let authorization = basic("ml_reader", "demo-password");
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [("Authorization", &*authorization), ("traceparent", trace)];
    assert_eq!(send(front.address, "GET", &format!("{BUCKETS}?size=1&x-secret=1"), &headers, None).status, 400);
    assert_eq!(send(front.address, "GET", &format!("{BUCKETS}?size=1"), &headers, None).status, 404);
    // What is not yet sent is sent at the end.
    front.signal("TERM");
    assert!(front.ended().success());
    let mut all = Vec::new();
    while let Ok((head, body)) = told.recv_timeout(Duration::from_millis(200)) {
        assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
        all.extend(body);
    }
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let (trace, parent) = (hex("0af7651916cd43dd8448eb211c80319c"), hex("b7ad6b7169203331"));
    for part in [
        &trace[..],
        &parent,
        b"GET get_buckets",
        b"service.name",
        b"mlgate",
        b"http.response.status_code",
        b"it-ops-kpi",
    ] {
        assert!(holds(&all, part), "{}: {}", part.escape_ascii(), all.escape_ascii());
    }
    assert_eq!(all.windows(16).filter(|window| *window == trace).count(), 2, "one span a request");
    for secret in [&b"demo-password"[..], authorization[6..].as_bytes(), b"x-secret"] {
        assert!(!holds(&all, secret), "{}", all.escape_ascii());
    }
}

/// A collector that is away is no reason for anything to fail, or to wait.
#[test]
fn a_collector_that_is_away() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let realm = fixtures().join("realm");
    let mut front = Operated::start(&format!(
        "store = 'FOLDER/results.db'\nrealm = '{}'\notlp_endpoint = 'http://{gone}'\n",
        realm.display()
    ));
    let authorization = basic("ml_reader", "demo-password");
    for _ in 0..3 {
        assert_eq!(send(front.address, "GET", BUCKETS, &[("Authorization", &*authorization)], None).status, 404);
    }
    front.signal("TERM");
    assert!(front.ended().success());
    assert!(!front.log_text().contains("demo-password"));
}
