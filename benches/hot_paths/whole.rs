//! Whole requests: through the listener, to a cluster or a file and back, over sockets.

use mlgate::{
    assemble::Checked,
    config::Settings,
    listen::{phase::Phases, socket::Place},
    store::embedded::EmbeddedStore,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    runtime::Builder,
};

use crate::{cluster, documents};

const CREDENTIAL: &str = "Basic bWxfcmVhZGVyOmRlbW8tcGFzc3dvcmQ=";
const BUCKETS: &str = "/_ml/anomaly_detectors/j/results/buckets";

/// Something that is not ours.
pub fn pass_through(times: usize) {
    ask("/logs/_doc/1kb", b"HTTP/1.1 200 ", times);
}

/// 100 buckets for a caller whose verdict is known.
pub fn get_buckets(times: usize) {
    ask(BUCKETS, b"HTTP/1.1 200 ", times);
}

/// 100 buckets with 400 records.
pub fn expand(times: usize) {
    ask(&format!("{BUCKETS}?expand=true"), b"HTTP/1.1 200 ", times);
}

/// What is refused before anyone is asked.
pub fn not_known(times: usize) {
    ask("/_ml/../_search", b"HTTP/1.1 400 ", times);
}

/// A page from the middle of the embedded store.
pub fn embedded_page(times: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (dump, file) = (folder.path().join("dump.ndjson"), folder.path().join("results.db"));
    std::fs::write(&dump, (0..500).map(|step| documents::bucket(step, true) + "\n").collect::<String>()).unwrap();
    let store = EmbeddedStore::open(&file).unwrap();
    store.import(&dump, |line, reason| panic!("{line}: {reason}"), |_| {}).unwrap();
    let settings = format!("store = '{}'\nunsafe_open_to_all = true", file.display());
    in_one_thread(converse(&settings, &format!("{BUCKETS}?start=1454973900000"), b"HTTP/1.1 200 ", times));
}

/// Asks mlgate in front of a cluster.
fn ask(path: &str, begins: &[u8], times: usize) {
    in_one_thread(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(cluster::answer(listener));
        let settings =
            format!("upstream = 'http://{address}'\nauthority = 'elasticsearch'\nprivilege_cache_seconds = 36000");
        converse(&settings, path, begins, times).await;
    });
}

/// Starts mlgate and asks it, over one connection.
async fn converse(settings: &str, path: &str, begins: &[u8], times: usize) {
    let settings: Settings = toml::from_str(&format!("listen = '127.0.0.1:0'\n{settings}")).unwrap();
    let listening = Checked::of(&settings).unwrap().assemble().unwrap().listen().unwrap();
    let [Place::Address(address)] = listening.addresses().unwrap()[..] else { panic!("not one address") };
    let (_running, phases) = Phases::new();
    tokio::spawn(listening.serve(phases));
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {CREDENTIAL}\r\n\r\n");
    for _ in 0..times {
        client.write_all(request.as_bytes()).await.unwrap();
        let reply = cluster::message(&mut client).await.unwrap();
        assert!(reply.starts_with(begins), "{}", String::from_utf8_lossy(&reply));
    }
}

fn in_one_thread(work: impl Future<Output = ()>) {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}
