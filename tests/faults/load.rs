//! Clients who go on whatever happens, and what they saw.

use std::{
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread::{self, JoinHandle, sleep},
    time::Duration,
};

use serde_json::Value;

use crate::support::{Reply, parse, send_raw};

/// Documents of one bulk request.
pub const BATCH: usize = 50;

/// What the clients saw.
#[derive(Default)]
pub struct Seen {
    /// Answers that were the expected bytes.
    pub whole: AtomicU64,
    /// Refusals in Elastic's form.
    pub refused: AtomicU64,
    /// Whether the node is starting: until it has read its users, it knows nobody.
    pub starting: AtomicBool,
    /// Bulk requests that were answered in full.
    pub written: Mutex<Vec<u64>>,
    /// Anything else.
    pub wrong: Mutex<Vec<String>>,
}

/// Clients under way.
pub struct Load {
    pub seen: Arc<Seen>,
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

// === impl Seen ===

impl Seen {
    /// Whether it is said in Elastic's form that there is no answer now.
    fn allows(&self, reply: &Reply) -> bool {
        let answer: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let unknown = reply.status == 401 && self.starting.load(SeqCst);
        (unknown || matches!(reply.status, 429 | 502..=504)) && answer["error"]["type"].is_string()
    }
}

// === impl Load ===

impl Load {
    /// Starts readers, whose answer must always be `expected`, and writers, whose requests are passed on.
    pub fn start(front: SocketAddr, target: &'static str, authorization: &str, expected: &str) -> Self {
        let mut load = Self { seen: Arc::default(), over: Arc::default(), clients: Vec::new() };
        for _ in 0..4 {
            let (expected, authorization) = (expected.to_owned(), authorization.to_owned());
            load.client(move |seen, _| match request(front, "GET", target, &authorization, "") {
                Some(reply) if reply.status == 200 && reply.body == expected => {
                    seen.whole.fetch_add(1, SeqCst);
                }
                Some(reply) if seen.allows(&reply) => {
                    seen.refused.fetch_add(1, SeqCst);
                }
                other => seen.wrong.lock().unwrap().push(format!("{other:?}")),
            });
        }
        for writer in 0..2 {
            let authorization = authorization.to_owned();
            load.client(move |seen, round| {
                let number = 2 * round + writer;
                let lines = format!("{{\"index\":{{\"_index\":\"faults\"}}}}\n{{\"batch\":{number}}}\n").repeat(BATCH);
                match request(front, "POST", "/_bulk", &authorization, &lines) {
                    Some(reply) if is_written(&reply) => seen.written.lock().unwrap().push(number),
                    Some(reply) if seen.allows(&reply) => {}
                    // A reply that broke off is seen to have.
                    None => {}
                    other => seen.wrong.lock().unwrap().push(format!("{other:?}")),
                }
                sleep(Duration::from_millis(20));
            });
        }
        load
    }

    fn client(&mut self, ask: impl Fn(&Seen, u64) + Send + 'static) {
        let (seen, over) = (Arc::clone(&self.seen), Arc::clone(&self.over));
        self.clients.push(thread::spawn(move || {
            for round in 0.. {
                if over.load(SeqCst) {
                    return;
                }
                ask(&seen, round);
            }
        }));
    }

    /// Ends it, and gives what was seen.
    pub fn end(self) -> Arc<Seen> {
        self.over.store(true, SeqCst);
        for client in self.clients {
            client.join().unwrap();
        }
        self.seen
    }
}

/// One request on a connection of its own; `None` where no reply came whole.
pub fn request(to: SocketAddr, method: &str, target: &str, authorization: &str, body: &str) -> Option<Reply> {
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: {authorization}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    TcpStream::connect(to).ok()?;
    let parsed = parse(&send_raw(to, request.as_bytes()))?;
    let promised = parsed.header("content-length").and_then(|length| length.parse().ok());
    promised.is_none_or(|length: usize| length == parsed.body.len()).then_some(parsed)
}

fn is_written(reply: &Reply) -> bool {
    let answer: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    reply.status == 200 && answer["errors"] == false
}
