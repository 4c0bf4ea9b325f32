//! Whole requests: through the listener, to a cluster and back, over sockets.

use mlgate::{
    assemble::Checked,
    config::Settings,
    listen::{phase::Phases, socket::Place},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    runtime::Builder,
};

use crate::cluster;

const CREDENTIAL: &str = "Authorization: Basic bWxfcmVhZGVyOmRlbW8tcGFzc3dvcmQ=\r\n";
const BUCKETS: &str = "/_ml/anomaly_detectors/j/results/buckets";

/// Something that is not ours.
pub fn pass_through(times: usize) {
    ask("/logs/_doc/1kb", CREDENTIAL, b"HTTP/1.1 200 ", times);
}

/// 100 buckets for a caller whose verdict is known.
pub fn get_buckets(times: usize) {
    ask(BUCKETS, CREDENTIAL, b"HTTP/1.1 200 ", times);
}

/// 100 buckets with 400 records.
pub fn expand(times: usize) {
    ask(&format!("{BUCKETS}?expand=true"), CREDENTIAL, b"HTTP/1.1 200 ", times);
}

/// What is refused before anyone is asked.
pub fn not_known(times: usize) {
    ask("/_ml/../_search", CREDENTIAL, b"HTTP/1.1 400 ", times);
}

fn ask(path: &str, credential: &str, begins: &[u8], times: usize) {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = format!(
            "listen = '127.0.0.1:0'\nupstream = 'http://{}'\nauthority = 'elasticsearch'\nprivilege_cache_seconds = 36000",
            listener.local_addr().unwrap()
        );
        tokio::spawn(cluster::answer(listener));
        let settings: Settings = toml::from_str(&settings).unwrap();
        let listening = Checked::of(&settings).unwrap().assemble().unwrap().listen().unwrap();
        let [Place::Address(address)] = listening.addresses().unwrap()[..] else { panic!("not one address") };
        let (_running, phases) = Phases::new();
        tokio::spawn(listening.serve(phases));
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n{credential}\r\n");
        for _ in 0..times {
            client.write_all(request.as_bytes()).await.unwrap();
            let reply = cluster::message(&mut client).await.unwrap();
            assert!(reply.starts_with(begins), "{}", String::from_utf8_lossy(&reply));
        }
    });
}
