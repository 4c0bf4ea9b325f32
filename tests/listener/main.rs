//! The listener: what it takes, how long it waits, where it listens, how it stops. Bytes go over real sockets to the real
//! server; where a cluster is needed it is a small one that misbehaves on purpose.

#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod cluster;
mod framing;
mod limits;
mod places;
mod program;
mod rates;
mod slow;
mod stopping;
mod tls;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use support::{Reply, parse, send};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A fresh connection gets its answer.
fn assert_healthy(address: SocketAddr) {
    let reply = send(address, "GET", &format!("{BUCKETS}?size=1"), &[], None);
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// A connection on which a test waits.
fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends bytes; all that comes until the server closes the connection, which it must do.
fn until_closed(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    rest(&mut stream)
}

/// What comes until the server closes the connection.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let (mut reply, begin) = (Vec::new(), Instant::now());
    let end = stream.read_to_end(&mut reply);
    let timed_out = end.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
    assert!(!timed_out, "open after {:?}: {}", begin.elapsed(), String::from_utf8_lossy(&reply));
    reply
}

/// The statuses of all replies in these bytes.
fn statuses(bytes: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    text.match_indices("HTTP/1.1 ").map(|(at, _)| text[at + 9..at + 12].parse().unwrap()).collect()
}

/// An error as Elasticsearch shapes it.
fn assert_elastic(reply: &Reply, status: u16, kind: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.header("x-elastic-product"), Some("Elasticsearch"), "{reply:?}");
    let document: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((&document["status"], &document["error"]["type"]), (&status.into(), &kind.into()), "{reply:?}");
}

/// The one reply in these bytes.
fn only(bytes: &[u8]) -> Reply {
    assert_eq!(statuses(bytes).len(), 1, "{}", String::from_utf8_lossy(bytes));
    parse(bytes).unwrap()
}

/// Waits for something that must come true.
fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is() {
        assert!(begin.elapsed() < PATIENCE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
