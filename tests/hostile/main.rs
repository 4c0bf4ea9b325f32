//! Hostile requests and misbehaving clusters, in raw bytes. A test's name has the number of its case in the project's list of
//! 64; those that need a setting of their own stand in other files, under the same numbers.
//!
//! Every attack goes to the program itself, with everything logged, in front of a cluster that writes down what reaches it.
//! It is followed by a request that must succeed, and at the end the logs are searched for the credential.

#![allow(clippy::unwrap_used)]

mod callers;
mod genuine;

mod headers;
mod list;
mod parameters;
mod paths;
mod recorder;
mod replies;
#[path = "../support/mod.rs"]
mod support;

use std::net::SocketAddr;

use recorder::Recorder;
use support::{Program, Reply, basic, parse, send_raw};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";

/// The password of the caller: it must be nowhere.
const SECRET: &str = "hostile-secret-pQ7x";

/// mlgate before a cluster that writes down what comes.
struct Site {
    program: Program,
    cluster: Recorder,
}

// === impl Site ===

impl Site {
    fn start() -> Self {
        Self::before(Recorder::start(), "")
    }

    fn before(cluster: Recorder, more: &str) -> Self {
        let pass = if more.contains("pass_through") { "" } else { "pass_through = 'all'\n" };
        let configuration =
            format!("upstream = 'http://{}'\nauthority = 'elasticsearch'\n{pass}{more}", cluster.address);
        Self { program: Program::start(&configuration), cluster }
    }

    fn address(&self) -> SocketAddr {
        self.program.address
    }

    /// Sends one request with the caller's credential, as these bytes and no others.
    fn ask(&self, method: &str, target: &str, lines: &str, body: &str) -> Reply {
        let length = body.len();
        let framing = if body.is_empty() { String::new() } else { format!("Content-Length: {length}\r\n") };
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: {}\r\n{lines}{framing}\r\n{body}",
            basic("u", SECRET)
        );
        self.raw(request.as_bytes())
    }

    /// Sends bytes and reads one reply.
    fn raw(&self, bytes: &[u8]) -> Reply {
        let mut reply = send_raw(self.address(), bytes);
        if bytes.starts_with(b"HEAD") && String::from_utf8_lossy(&reply).contains("chunked") {
            reply.extend_from_slice(b"0\r\n\r\n");
        }
        parse(&reply).unwrap_or_else(|| panic!("{}: no reply", bytes.escape_ascii()))
    }

    fn get(&self, target: &str) -> Reply {
        self.ask("GET", target, "", "")
    }

    /// Refused with this status, in Elastic's form, and nothing has reached the cluster; then someone else is served.
    fn refuses(&self, what: &str, reply: &Reply, status: u16) {
        assert_eq!(reply.status, status, "{what}: {reply:?}");
        assert_eq!(reply.header("x-elastic-product"), Some("Elasticsearch"), "{what}: {reply:?}");
        assert!(reply.body.contains("\"error\""), "{what}: {reply:?}");
        assert!(!reply.body.contains(SECRET) && !reply.body.contains(&basic("u", SECRET)[6..]), "{what}: {reply:?}");
        assert_eq!(self.cluster.targets(), [""; 0], "{what}: reached the cluster");
        self.well();
    }

    /// A legitimate request is served; what the cluster saw of it is forgotten.
    fn well(&self) {
        let reply = self.get(BUCKETS);
        assert_eq!((reply.status, &*reply.body), (200, r#"{"count":0,"buckets":[]}"#));
        self.cluster.forget();
    }

    /// Ends it: the credential is in no log.
    fn end(self) {
        self.well();
        let (log, audit) = self.program.stop();
        assert!(log.contains("TRACE"), "not everything was logged");
        for secret in [SECRET, &basic("u", SECRET)[6..]] {
            assert!(!log.contains(secret) && !audit.contains(secret), "the credential is in a log");
        }
    }
}
