//! A cluster that writes down what it is sent, byte for byte, and answers as it is told: a genuine one does neither.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// Says that the caller may.
pub const YES: &str = r#"{"username":"u","has_all_requested":true,"cluster":{"monitor_ml":true},
    "index":{".ml-anomalies-it-ops-kpi":{"read":true}},"application":{}}"#;

/// A search that found nothing.
pub const NOTHING: &str = r#"{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},
    "hits":{"total":{"value":0,"relation":"eq"},"max_score":null,"hits":[]}}"#;

/// What the cluster answers: the bytes for a request; `None` for the usual.
pub type Answers = dyn Fn(&Recorded) -> Option<Vec<u8>> + Send + Sync;

/// Such a cluster.
#[derive(Clone)]
pub struct Recorder {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Recorded>>>,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub head: String,
    pub body: Vec<u8>,
}

// === impl Recorded ===

impl Recorded {
    /// The target of the request line.
    pub fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// All values of a header.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

// === impl Recorder ===

impl Recorder {
    /// A cluster that lets everyone in who has a credential, and has no results.
    pub fn start() -> Self {
        Self::answering(|_| None)
    }

    /// One that answers as `answers` says.
    pub fn answering(answers: impl Fn(&Recorded) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let recorder = Self { address, seen: Arc::default() };
        let (seen, answers): (_, Arc<Answers>) = (Arc::clone(&recorder.seen), Arc::new(answers));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answers) = (Arc::clone(&seen), Arc::clone(&answers));
                std::thread::spawn(move || speak(stream, &seen, &*answers));
            }
        });
        recorder
    }

    /// What came, without mlgate's own questions what kind of cluster this is.
    pub fn seen(&self) -> Vec<Recorded> {
        let seen = self.seen.lock().unwrap();
        let own = |one: &Recorded| matches!(one.target(), "/") && one.values("authorization").is_empty();
        seen.iter().filter(|one| !own(one)).cloned().collect()
    }

    /// The targets of what came.
    pub fn targets(&self) -> Vec<String> {
        self.seen().iter().map(|one| one.target().to_owned()).collect()
    }

    /// Forgets what came.
    pub fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }
}

/// Answers the requests of a connection; `None` when it has ended.
fn speak(stream: TcpStream, seen: &Mutex<Vec<Recorded>>, answers: &Answers) -> Option<()> {
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if reader.read_until(b'\n', &mut head).ok()? == 0 {
                return None;
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut recorded = Recorded { head, body: Vec::new() };
        let length = recorded.values("content-length").first().map_or(0, |length| length.parse().unwrap());
        if recorded.values("transfer-encoding").is_empty() {
            recorded.body.resize(length, 0);
            reader.read_exact(&mut recorded.body).ok()?;
        } else {
            while !recorded.body.ends_with(b"0\r\n\r\n") {
                reader.read_until(b'\n', &mut recorded.body).ok()?;
            }
        }
        let answer = answers(&recorded).unwrap_or_else(|| usual(&recorded));
        let ends = answer.is_empty();
        let answer = if recorded.head.starts_with("HEAD") { cut_body(answer) } else { answer };
        seen.lock().unwrap().push(recorded);
        writer.write_all(&answer).ok()?;
        if ends || String::from_utf8_lossy(&answer).contains("Connection: close") {
            return None;
        }
    }
}

fn usual(asked: &Recorded) -> Vec<u8> {
    match asked.target() {
        _ if asked.values("authorization").is_empty() => reply(401, "", "{}"),
        target if target.ends_with("_has_privileges") => {
            let asked: serde_json::Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let index = asked["index"][0]["names"][0].as_str().unwrap_or(".ml-anomalies-it-ops-kpi");
            reply(200, "", &YES.replace(".ml-anomalies-it-ops-kpi", index))
        }
        target if target.contains("_search") => reply(200, "", NOTHING),
        _ => reply(200, "", "{\"passed\":true}"),
    }
}

/// What a caller gets who may nothing.
pub fn may_nothing(asked: &Recorded) -> Option<Vec<u8>> {
    let refusal = r#"{"error":{"root_cause":[],"type":"security_exception","reason":"action [cluster:monitor/main] is unauthorized for user [u] with effective roles [], this action is granted by the cluster privileges [monitor,manage,all]"},"status":403}"#;
    match asked.target() {
        "/" => Some(reply(403, "", refusal)),
        "/_security/_authenticate" => {
            Some(reply(200, "", r#"{"username":"u","roles":[],"authentication_realm":{"name":"f","type":"file"}}"#))
        }
        target if target.ends_with("_has_privileges") => {
            let yes = String::from_utf8(usual(asked)).unwrap();
            let body = yes.split_once("\r\n\r\n").unwrap().1.replace("true", "false");
            Some(reply(200, "", &body))
        }
        _ => None,
    }
}

fn cut_body(mut answer: Vec<u8>) -> Vec<u8> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    answer.truncate(end);
    answer
}

/// A reply with further lines in its head.
pub fn reply(status: u16, lines: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nX-elastic-product: Elasticsearch\r\n{lines}\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
