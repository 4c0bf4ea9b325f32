//! How much at once: connections, requests, bytes; and how long what is answered here may take.

use std::{
    io::{Read as _, Write as _},
    sync::atomic::Ordering,
    time::Duration,
};

use crate::{
    BUCKETS, assert_elastic, assert_healthy, cluster, connect, eventually,
    support::{send, start_with, store_with_fixtures},
};

const KEY: (&str, &str) = ("Authorization", "Bearer x");

async fn embedded(more: &str) -> (std::net::SocketAddr, tempfile::TempDir) {
    let (store, folder) = store_with_fixtures();
    (start_with(&format!("store = '{}'\nunsafe_open_to_all = true\n{more}", store.display())).await, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_wait() {
    let (address, _folder) = embedded("max_connections = 2").await;
    let held = (connect(address), connect(address));
    let mut third = connect(address);
    third.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    third
        .write_all(format!("GET {BUCKETS}?size=0 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").as_bytes())
        .unwrap();
    assert!(third.read(&mut [0; 1]).is_err(), "not served yet");
    drop(held);
    let mut first = [0; 12];
    third.set_read_timeout(Some(crate::PATIENCE)).unwrap();
    third.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    drop(third);
    assert_healthy(address);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_limit_are_refused() {
    let (front, seen) = cluster::start("max_requests = 1\n").await;
    let mut hanging = connect(front);
    hanging.write_all(b"GET /hang HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n").unwrap();
    eventually("the request is under way", || seen.under_way.load(Ordering::SeqCst) == 1);
    let before = seen.requests.load(Ordering::SeqCst);
    for target in ["/length", BUCKETS] {
        let reply = send(front, "GET", target, &[KEY, ("X-Opaque-Id", "me")], None);
        assert_elastic(&reply, 429, "es_rejected_execution_exception");
        assert_eq!((reply.header("retry-after"), reply.header("x-opaque-id")), (Some("1"), Some("me")));
    }
    assert_eq!(seen.requests.load(Ordering::SeqCst), before, "the cluster sees nothing of it");
    drop(hanging);
    eventually("its end is passed on", || seen.under_way.load(Ordering::SeqCst) == 0);
    eventually("its place is free", || send(front, "GET", "/length", &[KEY], None).status == 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_beyond_the_limit_are_refused() {
    let (front, seen) = cluster::start("max_body_bytes = 65536\nmax_request_bytes = 100000\n").await;
    let mut half = connect(front);
    half.write_all(b"POST /length HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\nContent-Length: 60000\r\n\r\n")
        .unwrap();
    eventually("it is under way", || seen.under_way.load(Ordering::SeqCst) == 1);
    let refused = send(front, "POST", "/length", &[KEY], Some(&vec![0; 60_000]));
    assert_elastic(&refused, 429, "es_rejected_execution_exception");
    assert_eq!(send(front, "POST", "/length", &[KEY], Some(b"small")).body, "5");
    half.write_all(&vec![0; 60_000]).unwrap();
    let mut status = [0; 12];
    half.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    eventually("its bytes are free", || send(front, "POST", "/length", &[KEY], Some(&vec![0; 60_000])).status == 200);
    // What is only passed on may be larger than all that is held at once.
    assert_eq!(send(front, "POST", "/length", &[KEY], Some(&vec![0; 3_000_000])).body, "3000000");
}

/// Our own work has a limit as a whole; the cluster's work on what is passed on has none here.
#[tokio::test(flavor = "multi_thread")]
async fn only_our_own_work_is_limited_in_time() {
    let (front, seen) = cluster::start("request_timeout_seconds = 1\nauthority_timeout_seconds = 60\n").await;
    let reply = send(front, "GET", BUCKETS, &[("Authorization", "Bearer hang")], None);
    assert_elastic(&reply, 503, "status_exception");
    eventually("the question is given up", || seen.under_way.load(Ordering::SeqCst) == 0);
    let reply = send(front, "GET", "/slow", &[KEY], None);
    assert_eq!((reply.status, &*reply.body), (200, "{\"slow\":true}"));
    assert_eq!(send(front, "GET", BUCKETS, &[KEY], None).status, 200);
}
