//! The test kit. `start_embedded()` and `start_front(&cluster)` start the real server on a free port; `Cluster::start()`
//! starts a genuine Elasticsearch with X-Pack security, once a test program; `send()` speaks HTTP/1.1 in raw bytes, so that
//! a test says exactly what goes over the wire.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::format_push_string)]

/// The program as who runs it sees it.
pub mod operator;

/// The program on the command line.
pub mod command;

/// Other people's programs.
pub mod install;

/// Broken inputs.
pub mod damage;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use mlgate::{
    assemble::Checked,
    config::Settings,
    listen::{
        phase::{Phase, Phases},
        socket::Place,
    },
    store::embedded::EmbeddedStore,
};

/// The user and the password of an Elasticsearch cluster's superuser.
pub const SUPERUSER: (&str, &str) = ("elastic", "elasticpw");

/// The kinds of servers that are started here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    Elasticsearch(&'static str),
    OpenSearch(&'static str),
}

/// Longest wait for an answer, of a busy machine too.
const PATIENCE: Duration = Duration::from_mins(1);

/// A reply as it came over the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// A genuine cluster with the fixtures loaded. It stops with this process.
pub struct Cluster {
    pub address: SocketAddr,
    server: Server,
    folder: PathBuf,
}

// === impl Server ===

impl Server {
    /// The user and the password of the superuser.
    pub fn superuser(self) -> (&'static str, &'static str) {
        match self {
            Self::Elasticsearch(_) => SUPERUSER,
            Self::OpenSearch(_) => ("admin", "adminpw"),
        }
    }
}

// === impl Reply ===

impl Reply {
    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

// === impl Cluster ===

impl Cluster {
    /// Starts an Elasticsearch 8.19; `None`, said loudly, where it cannot run here. With `MLGATE_REQUIRE_CLUSTER` that is a
    /// failure.
    pub fn start() -> Option<Self> {
        Self::start_server(Server::Elasticsearch("8.19.21"))
    }

    /// As [`Cluster::start`], any server.
    pub fn start_server(server: Server) -> Option<Self> {
        Self::start_empty(server).inspect(Self::load)
    }

    /// As [`Cluster::start_server`], without any results.
    pub fn start_empty(server: Server) -> Option<Self> {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let (kind, version) = match server {
            Server::Elasticsearch(version) if version.starts_with(['6', '7']) => ("elasticsearch-open", version),
            Server::Elasticsearch(version) => ("elasticsearch", version),
            Server::OpenSearch(version) => ("opensearch", version),
        };
        let (process, number) = (std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(format!("mlgate-{kind}-{version}-{process}-{number}"));
        let output = Command::new(root().join("tests/clusters").join(kind).join("up.sh"))
            .args([version, folder.to_str().unwrap(), "0", &format!("watch-pid={process}")])
            .stdin(Stdio::null())
            .output()
            .expect("bash runs");
        if output.status.code() == Some(77) {
            let why = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
            assert!(std::env::var_os("MLGATE_REQUIRE_CLUSTER").is_none(), "no genuine {kind} {version}: {why}");
            eprintln!("\n*** SKIPPED: no genuine {kind} {version} can run here: {why}\n");
            return None;
        }
        assert!(output.status.success(), "the cluster did not start: {output:?}");
        let address = std::fs::read_to_string(folder.join("address")).expect("the launcher wrote its address");
        Some(Self { address: address.trim().parse().expect("host:port"), server, folder })
    }

    /// Kills the node as a lack of memory would.
    pub fn kill(&self) {
        self.signal("-KILL");
    }

    /// Sends a signal to the node's process.
    pub fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.pid()]).status().unwrap().success());
    }

    /// Of the node's process.
    pub fn pid(&self) -> String {
        std::fs::read_to_string(self.folder.join("pid")).expect("the launcher wrote its pid").trim().to_owned()
    }

    /// Says that another process is the node now.
    pub fn is_now(&self, pid: u32) {
        std::fs::write(self.folder.join("pid"), pid.to_string()).unwrap();
    }

    /// Sends a request as the superuser.
    pub fn call(&self, method: &str, target: &str, content_type: &str, body: &[u8]) -> Reply {
        let (user, password) = self.server.superuser();
        let mut headers = vec![("Authorization", basic(user, password))];
        if !content_type.is_empty() {
            headers.push(("Content-Type", content_type.to_owned()));
        }
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        send(self.address, method, target, &headers, Some(body))
    }

    fn load(&self) {
        let index = fixtures().join("index");
        let mut mapping = std::fs::read_to_string(index.join("results-mapping.json")).unwrap();
        let mut aliases = std::fs::read_to_string(index.join("aliases.json")).unwrap();
        // Documents of 6.x have a type, which is `doc` in Elastic's own indices, and nothing there is hidden.
        let has_types = matches!(self.server, Server::Elasticsearch(version) if version.starts_with("6."));
        let bulk = if has_types { "/.ml-anomalies-shared/doc/_bulk" } else { "/_bulk" };
        if has_types {
            let mut index: serde_json::Value = serde_json::from_str(&mapping).unwrap();
            index["settings"]["index"].as_object_mut().unwrap().remove("hidden").unwrap();
            index["mappings"] = serde_json::json!({"doc": index["mappings"].take()});
            mapping = index.to_string();
            aliases = aliases.replace(",\"is_hidden\":true", "");
        }
        for name in ["shared", "custom-special", "shared-000001", "shared-000002"] {
            let reply = self.call("PUT", &format!("/.ml-anomalies-{name}"), "application/json", mapping.as_bytes());
            assert_eq!(reply.status, 200, "{}", reply.body);
        }
        for file in fixture_files() {
            let (target, lines) = (format!("{bulk}?refresh=true"), std::fs::read(&file).unwrap());
            let reply = self.call("POST", &target, "application/x-ndjson", &lines);
            assert!(
                reply.status == 200 && reply.body.contains("\"errors\":false"),
                "{}: {}",
                file.display(),
                reply.body
            );
        }
        let reply = self.call("POST", "/_aliases", "application/json", aliases.as_bytes());
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(root().join("tests/clusters/elasticsearch/down.sh")).arg(&self.folder).output();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

// === servers ===

/// A server on a store that holds all fixtures, for everyone. The folder goes when it is dropped.
pub async fn start_embedded() -> (SocketAddr, tempfile::TempDir) {
    let (file, folder) = store_with_fixtures();
    (start_with(&format!("store = '{}'\nunsafe_open_to_all = true\n", file.display())).await, folder)
}

/// A store that holds all fixtures, and its folder.
pub fn store_with_fixtures() -> (PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.db");
    let store = EmbeddedStore::open(&path).unwrap();
    for file in fixture_files().into_iter().chain([fixtures().join("index/aliases.ndjson")]) {
        let summary =
            store.import(&file, |line, reason| panic!("{}:{line}: {reason}", file.display()), |_| {}).unwrap();
        assert_eq!(summary.bad, 0);
    }
    (path, folder)
}

/// A server in front of a cluster that asks it what each caller may.
pub async fn start_front(cluster: SocketAddr) -> SocketAddr {
    start_with(&format!("upstream = 'http://{cluster}'\n")).await
}

/// A server with a configuration as its file has it; its address is a free port.
#[allow(clippy::unused_async)] // it needs a runtime
pub async fn start_with(configuration: &str) -> SocketAddr {
    start_draining(configuration).0
}

/// As [`start_with`]; it stops as its phase says.
pub fn start_draining(configuration: &str) -> (SocketAddr, tokio::sync::watch::Sender<Phase>) {
    let mut settings: Settings = toml::from_str(configuration).unwrap();
    settings.listen.get_or_insert_with(|| "127.0.0.1:0".parse().unwrap());
    let listening = Checked::of(&settings).unwrap().assemble().unwrap().listen().unwrap();
    let [Place::Address(address)] = listening.addresses().unwrap()[..] else { panic!("not one address") };
    let (sender, phases) = Phases::new();
    tokio::spawn(listening.serve(phases));
    (address, sender)
}

/// The program itself, with everything logged.
pub struct Program {
    pub address: SocketAddr,
    child: std::process::Child,
    folder: tempfile::TempDir,
}

// === impl Program ===

impl Program {
    /// Starts `mlgate serve` with a configuration file, and an audit log.
    pub fn start(configuration: &str) -> Self {
        Self::start_logging("trace", configuration)
    }

    /// As [`Program::start`], with a level of its log.
    pub fn start_logging(level: &str, configuration: &str) -> Self {
        Self::start_among(&[("MLGATE_LOG", level)], configuration)
    }

    /// As [`Program::start`], with these variables in the environment.
    pub fn start_among(variables: &[(&str, &str)], configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let audit = path("audit.log");
        let text = format!("listen = '127.0.0.1:0'\naudit_log = '{}'\n{configuration}", audit.display());
        std::fs::write(path("mlgate.toml"), text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_mlgate"))
            .arg("--config")
            .arg(path("mlgate.toml"))
            .arg("serve")
            .envs(variables.iter().copied())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(path("log")).unwrap())
            .spawn()
            .unwrap();
        for _ in 0..200 {
            let log = std::fs::read_to_string(path("log")).unwrap();
            let at = log.lines().find_map(|line| line.split_once("listening").map(|_| line.rsplit("address=").next()));
            if let Some(Some(address)) = at {
                let address = address.split_whitespace().next().unwrap().parse().unwrap();
                return Self { address, child, folder };
            }
            if let Some(status) = child.try_wait().unwrap() {
                panic!("mlgate ended with {status}: {log}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("mlgate does not listen");
    }

    /// Of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the program: its log, and its audit log.
    pub fn stop(mut self) -> (String, String) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).unwrap();
        (read("log"), read("audit.log"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `Authorization` for a name and a password.
pub fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")))
}

// === raw HTTP ===

/// Sends one request and reads one reply.
pub fn send(to: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Reply {
    try_send(to, method, target, headers, body, false).unwrap_or_else(|reply| {
        panic!("no reply to {method} {target}: {:?}", String::from_utf8_lossy(&reply));
    })
}

/// As [`send`]; what came back where it is no reply. The body may wait until it is asked for: then it surely comes on its own.
pub fn try_send(
    to: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
    waits: bool,
) -> Result<Reply, Vec<u8>> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if let Some(body) = body {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    let body = body.unwrap_or_default();
    let waits = waits && !body.is_empty();
    head += if waits { "Expect: 100-continue\r\n\r\n" } else { "\r\n" };
    let mut reply = if waits {
        send_when_asked(to, head.as_bytes(), body)
    } else {
        exchange(to, &[head.as_bytes(), body].concat(), PATIENCE)
    };
    // The answer to HEAD is framed as if there were a body.
    if method == "HEAD" && String::from_utf8_lossy(&reply).to_ascii_lowercase().contains("transfer-encoding: chunked") {
        reply.extend_from_slice(b"0\r\n\r\n");
    }
    parse(&reply).ok_or(reply)
}

/// Sends bytes and reads until the server closes or says nothing for ten seconds.
pub fn send_raw(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    exchange(to, bytes, Duration::from_secs(10))
}

fn exchange(to: SocketAddr, bytes: &[u8], patience: Duration) -> Vec<u8> {
    let mut stream = connect(to, patience);
    let _ = stream.write_all(bytes);
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    reply
}

/// Sends a head, and the body when the server says `100 Continue`; it may as well refuse.
fn send_when_asked(to: SocketAddr, head: &[u8], body: &[u8]) -> Vec<u8> {
    const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n";
    let mut stream = connect(to, PATIENCE);
    let _ = stream.write_all(head);
    let (mut reply, mut byte) = (Vec::new(), [0]);
    while !reply.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        reply.push(byte[0]);
    }
    if reply.starts_with(CONTINUE) {
        reply.clear();
        let _ = stream.write_all(body);
    }
    let _ = stream.read_to_end(&mut reply);
    reply
}

fn connect(to: SocketAddr, patience: Duration) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(patience)).unwrap();
    stream
}

/// Reads a reply, whichever way its body is framed.
pub fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let body = &bytes[end + 4..];
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if chunked { join_chunks(body)? } else { body.to_vec() };
    Some(Reply { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

fn join_chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        if length == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(end + 2..end + 2 + length)?);
        rest = rest.get(end + 4 + length..)?;
    }
}

// === comparing ===

/// Takes out what two runs of one cluster do not share: ids of nodes and indices, and the order of two header names that
/// Elasticsearch draws by chance when it starts.
pub fn comparable(body: &str) -> String {
    let mut text = body.replace("[Content-Type, Accept]", "[A, C]").replace("[Accept, Content-Type]", "[A, C]");
    for (name, stand_in) in [("node", "N"), ("index_uuid", "U")] {
        for marker in [format!("\"{name}\":\""), format!("\"{name}\" : \""), format!(" {name}: \"")] {
            let mut from = 0;
            while let Some(at) = text[from..].find(&marker).map(|at| from + at + marker.len()) {
                let end = text[at..].find('"').map_or(text.len(), |length| at + length);
                text.replace_range(at..end, stand_in);
                from = at + stand_in.len();
            }
        }
    }
    text
}

// === files ===

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fixtures' folder.
pub fn fixtures() -> PathBuf {
    root().join("fixtures")
}

/// Everything that is loaded: the jobs' configurations, then every file of results, by name.
pub fn fixture_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(fixtures().join("results")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.insert(0, fixtures().join("index/jobs.ndjson"));
    files
}
