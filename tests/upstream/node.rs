//! A node that misbehaves as it is told: what a genuine one cannot be made to do.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpSocket},
    task::{AbortHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

const YES: &str = r#"{"username":"u","has_all_requested":true,"cluster":{"monitor_ml":true},
    "index":{".ml-anomalies-it-ops-kpi":{"read":true}},"application":{}}"#;

const EMPTY_SEARCH: &str = r#"{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},
    "hits":{"total":{"value":0,"relation":"eq"},"max_score":null,"hits":[]}}"#;

/// How a node answers what has a credential and is no question about privileges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Well,
    /// Well, and the connection is closed without a word.
    Closes,
    /// With nothing: the connection is closed when the request is there.
    Cuts,
    /// With half of what it promised.
    CutsReply,
    /// With a status; 302 leads to another node.
    Says(u16),
    /// Nothing is answered, not even to those who ask how it is.
    Dead,
    /// Everyone without a credential is let in, as those of a certificate are.
    KnowsCertificate,
}

/// What is known of a node.
pub struct Node {
    pub address: SocketAddr,
    /// Requests that its manner is about.
    pub asked: Arc<AtomicUsize>,
    manner: Arc<Mutex<Manner>>,
    tls: Option<TlsAcceptor>,
    serving: Mutex<AbortHandle>,
}

impl Node {
    pub async fn start(manner: Manner) -> Self {
        Self::start_with(manner, None).await
    }

    /// A node behind TLS, where there is any.
    pub async fn start_with(manner: Manner, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked, manner) = (listener.local_addr().unwrap(), Arc::default(), Arc::new(Mutex::new(manner)));
        let serving = Mutex::new(serve(listener, Arc::clone(&asked), Arc::clone(&manner), tls.clone()));
        Self { address, asked, manner, tls, serving }
    }

    pub fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// Closes everything at once, in the midst of whatever it was.
    pub fn kill(&self) {
        self.serving.lock().unwrap().abort();
    }

    /// Starts again at the same address.
    pub fn revive(&self) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        let listener = socket.listen(64).unwrap();
        let serving = serve(listener, Arc::clone(&self.asked), Arc::clone(&self.manner), self.tls.clone());
        *self.serving.lock().unwrap() = serving;
    }
}

fn serve(
    listener: TcpListener,
    asked: Arc<AtomicUsize>,
    manner: Arc<Mutex<Manner>>,
    tls: Option<TlsAcceptor>,
) -> AbortHandle {
    tokio::spawn(async move {
        // Aborted with the task.
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (asked, manner, tls) = (Arc::clone(&asked), Arc::clone(&manner), tls.clone());
            connections.spawn(async move {
                match tls {
                    None => speak(stream, asked, manner).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => speak(stream, asked, manner).await,
                        Err(_) => None,
                    },
                }
            });
        }
    })
    .abort_handle()
}

/// Answers the requests of a connection; `None` when it has ended.
async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    asked: Arc<AtomicUsize>,
    manner: Arc<Mutex<Manner>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.ok()?;
        let manner = *manner.lock().unwrap();
        let (status, text) = match manner {
            Manner::Dead => std::future::pending().await,
            Manner::KnowsCertificate => (200, YES),
            _ if !head.contains("\r\nauthorization: ") => (401, "{}"),
            _ if head.contains("_has_privileges") => (200, YES),
            _ => {
                asked.fetch_add(1, SeqCst);
                match manner {
                    Manner::Cuts => return None,
                    Manner::Says(status) => (status, r#"{"error":{"type":"made_up_exception","reason":"no"}}"#),
                    _ => (200, EMPTY_SEARCH),
                }
            }
        };
        let length = text.len();
        let sent = if head.starts_with("head ") { "" } else { text };
        let cut = status == 200 && manner == Manner::CutsReply && text == EMPTY_SEARCH;
        let sent = if cut { &sent[..length / 2] } else { sent };
        let reply = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nX-Elastic-Product: Elasticsearch\r\n\
             Location: http://127.0.0.1:1/\r\nContent-Length: {length}\r\n\r\n{sent}"
        );
        stream.write_all(reply.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        if cut || manner == Manner::Closes {
            return None;
        }
    }
}
