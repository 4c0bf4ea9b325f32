//! Case 63: slow heads, slow bodies, readers that stop, idle connections, clients that leave. Each is cut by its own limit,
//! and no other.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::Ordering,
    time::Duration,
};

use crate::{
    BUCKETS, assert_elastic, assert_healthy, cluster, connect, eventually, only, rest,
    support::{send, start_with, store_with_fixtures},
};

const KEY: (&str, &str) = ("Authorization", "Bearer x");

async fn embedded(more: &str) -> (SocketAddr, tempfile::TempDir) {
    let (store, folder) = store_with_fixtures();
    (start_with(&format!("store = '{}'\nunsafe_open_to_all = true\n{more}", store.display())).await, folder)
}

/// Sends a byte at a time until the other side has enough.
fn trickle(stream: &mut TcpStream, bytes: impl Iterator<Item = u8>) -> usize {
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut sent = 0;
    for byte in bytes {
        let gone = stream.write_all(&[byte]).is_err() || stream.peek(&mut [0]).is_ok();
        if gone {
            break;
        }
        sent += 1;
    }
    stream.set_read_timeout(Some(crate::PATIENCE)).unwrap();
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn case_63_a_slow_head() {
    let (address, _folder) = embedded("head_timeout_seconds = 1\n").await;
    let endless = b"GET / HTTP/1.1\r\nx: ".iter().copied().chain(std::iter::repeat_n(b'y', 1_000));
    let mut stream = connect(address);
    assert!(trickle(&mut stream, endless) < 1_000, "cut, though something came all the time");
    assert_eq!(rest(&mut stream), b"");
    let mut stalled = connect(address);
    stalled.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    assert_eq!(rest(&mut stalled), b"");
    assert_healthy(address);
}

/// An idle connection has another limit than a head, before the first request and after one.
#[tokio::test(flavor = "multi_thread")]
async fn case_63_an_idle_connection() {
    let (address, _folder) = embedded("head_timeout_seconds = 1\nkeep_alive_seconds = 3\n").await;
    let mut stream = connect(address);
    let get = format!("GET {BUCKETS}?size=0 HTTP/1.1\r\nHost: h\r\n\r\n");
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(1_600));
        stream.write_all(get.as_bytes()).unwrap();
        let mut reply = vec![0; 4_096];
        let length = stream.read(&mut reply).unwrap();
        assert!(reply[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&reply[..length]));
    }
    assert_eq!(rest(&mut stream), b"");
    assert_eq!(rest(&mut connect(address)), b"");
    assert_healthy(address);
}

#[tokio::test(flavor = "multi_thread")]
async fn case_63_a_slow_body_for_us() {
    let (address, _folder) = embedded("body_timeout_seconds = 1\nhead_timeout_seconds = 1\n").await;
    let head = format!("POST {BUCKETS} HTTP/1.1\r\nHost: h\r\nX-Opaque-Id: me\r\nContent-Length: 1000\r\n\r\n");
    let mut stream = connect(address);
    stream.write_all(head.as_bytes()).unwrap();
    assert!(trickle(&mut stream, std::iter::repeat_n(b' ', 1_000)) < 1_000);
    let reply = only(&rest(&mut stream));
    assert_elastic(&reply, 408, "status_exception");
    assert_eq!((reply.header("connection"), reply.header("x-opaque-id")), (Some("close"), Some("me")));
    assert_healthy(address);
}

#[tokio::test(flavor = "multi_thread")]
async fn case_63_a_slow_body_for_the_cluster() {
    let (front, seen) = cluster::start("body_timeout_seconds = 1\n").await;
    let mut stream = connect(front);
    stream
        .write_all(b"POST /length HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\nContent-Length: 1000\r\n\r\n{}")
        .unwrap();
    assert_elastic(&only(&rest(&mut stream)), 408, "status_exception");
    eventually("the cluster sees a body that broke off", || seen.broken.load(Ordering::SeqCst) == 1);
    // A body that takes long and always goes on is fine.
    let mut stream = connect(front);
    stream
        .write_all(b"POST /length HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\nContent-Length: 163840\r\nConnection: close\r\n\r\n")
        .unwrap();
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(250));
        stream.write_all(&[b'x'; 16 << 10]).unwrap();
    }
    let reply = only(&rest(&mut stream));
    assert_eq!((reply.status, &*reply.body), (200, "163840"));
}

/// The connection is cut, the cluster is told, and what was not read was never held here.
#[tokio::test(flavor = "multi_thread")]
async fn case_63_a_reader_that_stops() {
    let (front, seen) = cluster::start("reply_timeout_seconds = 1\n").await;
    let mut stream = connect(front);
    stream.write_all(b"GET /big HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n").unwrap();
    eventually("it is under way", || seen.taken.load(Ordering::SeqCst) > 0);
    eventually("it is given up", || seen.under_way.load(Ordering::SeqCst) == 0);
    let taken = seen.taken.load(Ordering::SeqCst);
    assert!(taken < cluster::BIG / 16, "{taken} bytes were taken from the cluster for nobody");
    let mut read = Vec::new();
    let _ = stream.read_to_end(&mut read);
    assert!(!read.ends_with(b"\r\n0\r\n\r\n"), "no clean end");
    assert_eq!(send(front, "GET", "/length", &[KEY], None).status, 200);
}

/// Who reads slowly, and all the time, gets it all.
#[tokio::test(flavor = "multi_thread")]
async fn case_63_a_slow_reader() {
    let (front, seen) = cluster::start("reply_timeout_seconds = 1\n").await;
    let mut stream = connect(front);
    stream.write_all(b"GET /big HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n").unwrap();
    let mut piece = vec![0; 40 << 10];
    for step in 0..50 {
        stream.read_exact(&mut piece).unwrap_or_else(|error| panic!("cut in step {step}: {error}"));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(seen.under_way.load(Ordering::SeqCst), 1);
    drop(stream);
    eventually("it is given up", || seen.under_way.load(Ordering::SeqCst) == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn case_63_a_client_that_leaves() {
    let (front, seen) = cluster::start("").await;
    for (target, credential) in [("/hang", "x"), (BUCKETS, "hang")] {
        let mut stream = connect(front);
        let request = format!("GET {target} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {credential}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        eventually("it is under way", || seen.under_way.load(Ordering::SeqCst) == 1);
        drop(stream);
        eventually("the cluster is told", || seen.under_way.load(Ordering::SeqCst) == 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn case_63_two_thousand_idle_connections() {
    let (address, _folder) = embedded("keep_alive_seconds = 4\n").await;
    let idle: Vec<_> = (0..2_000).map(|_| connect(address)).collect();
    let slow: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = connect(address);
            stream.write_all(b"GET / HTTP/1.1\r\nx: ").unwrap();
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_healthy(address);
    }
    for mut stream in idle {
        assert_eq!(rest(&mut stream), b"", "cut by its limit");
    }
    for mut stream in slow {
        assert_eq!(rest(&mut stream), b"");
    }
    assert_healthy(address);
}
