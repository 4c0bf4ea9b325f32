//! What goes between mlgate and a cluster: written down as it passes, and played again.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State};
use http::{Method, StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::support::send;

/// One line of a file. The reply's body is as it came, to the byte.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Exchange {
    request: Asked,
    reply: Answered,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
struct Asked {
    method: String,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Answered {
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Box<RawValue>>,
}

/// Stands between mlgate and a cluster, and writes down what passes.
pub struct Recorder {
    cluster: SocketAddr,
    seen: Mutex<Vec<Exchange>>,
}

/// Answers as was written down; anything else is kept.
pub struct Player {
    exchanges: Vec<Exchange>,
    played: Mutex<Vec<bool>>,
    unknown: Mutex<Vec<Asked>>,
}

type Response = (StatusCode, [(header::HeaderName, &'static str); 1], String);

// === impl Exchange ===

impl Exchange {
    /// Whatever is in a file.
    pub fn read(file: &Path) -> Vec<Self> {
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A file of these.
    pub fn write(file: &Path, exchanges: &[Self]) {
        let lines: String = exchanges.iter().map(|exchange| serde_json::to_string(exchange).unwrap() + "\n").collect();
        std::fs::write(file, lines).unwrap();
    }

    /// Without what is another with every run of a server.
    pub fn lasting(&self) -> String {
        let mut exchange = serde_json::to_value(self).unwrap();
        forget(&mut exchange);
        exchange.to_string()
    }

    fn response(&self) -> Response {
        let body = self.reply.body.as_ref().map(|body| body.get().to_owned()).unwrap_or_default();
        let json = [(header::CONTENT_TYPE, "application/json; charset=UTF-8")];
        (StatusCode::from_u16(self.reply.status).unwrap(), json, body)
    }
}

fn forget(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "took" | "_scroll_id" | "scroll_id" | "index_uuid" => *value = Value::Null,
                    _ => forget(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(forget),
        _ => {}
    }
}

// === impl Asked ===

impl Asked {
    fn of(method: &Method, uri: &Uri, body: &Bytes) -> Self {
        let body = (!body.is_empty()).then(|| serde_json::from_slice(body).unwrap());
        Self { method: method.to_string(), target: uri.to_string(), body }
    }
}

// === impl Recorder ===

impl Recorder {
    pub async fn start(cluster: SocketAddr) -> (SocketAddr, Arc<Self>) {
        let recorder = Arc::new(Self { cluster, seen: Mutex::default() });
        (serve(Router::new().fallback(pass).with_state(Arc::clone(&recorder))).await, recorder)
    }

    /// What passed, once the cursors that were opened are closed.
    pub async fn seen(&self) -> Vec<Exchange> {
        for _ in 0..200 {
            {
                let seen = self.seen.lock().unwrap();
                let count = |is: fn(&Asked) -> bool| seen.iter().filter(|exchange| is(&exchange.request)).count();
                if count(|asked| asked.target.contains("_search?scroll=")) == count(|asked| asked.method == "DELETE") {
                    return seen.clone();
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("a cursor is left open");
    }
}

async fn pass(State(recorder): State<Arc<Recorder>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let request = Asked::of(&method, &uri, &body);
    let cluster = recorder.cluster;
    let reply = tokio::task::spawn_blocking(move || {
        let json: &[_] = if body.is_empty() { &[] } else { &[("Content-Type", "application/json")] };
        send(cluster, method.as_str(), &uri.to_string(), json, Some(&body))
    });
    let reply = reply.await.unwrap();
    let body = (!reply.body.is_empty()).then(|| RawValue::from_string(reply.body).unwrap());
    let exchange = Exchange { request, reply: Answered { status: reply.status, body } };
    let response = exchange.response();
    recorder.seen.lock().unwrap().push(exchange);
    response
}

// === impl Player ===

impl Player {
    pub async fn start(exchanges: Vec<Exchange>) -> (SocketAddr, Arc<Self>) {
        let none = Mutex::new(vec![false; exchanges.len()]);
        let player = Arc::new(Self { exchanges, played: none, unknown: Mutex::default() });
        (serve(Router::new().fallback(play).with_state(Arc::clone(&player))).await, player)
    }

    /// All that was written down was asked for, and nothing else.
    pub async fn is_through(&self) {
        for _ in 0..200 {
            if self.played.lock().unwrap().iter().all(|played| *played) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let unknown = self.unknown.lock().unwrap().clone();
        assert!(unknown.is_empty(), "{unknown:#?}");
        let played = self.played.lock().unwrap().clone();
        let never: Vec<_> = self.exchanges.iter().zip(&played).filter(|(_, played)| !**played).collect();
        assert!(never.is_empty(), "{:#?}", never.iter().map(|(exchange, _)| &exchange.request).collect::<Vec<_>>());
    }
}

async fn play(State(player): State<Arc<Player>>, method: Method, uri: Uri, body: Bytes) -> Response {
    let asked = Asked::of(&method, &uri, &body);
    let mut done = player.played.lock().unwrap();
    let at = (0..done.len()).find(|at| !done[*at] && player.exchanges[*at].request == asked);
    if let Some(at) = at {
        done[at] = true;
        return player.exchanges[at].response();
    }
    player.unknown.lock().unwrap().push(asked);
    (StatusCode::NOT_IMPLEMENTED, [(header::CONTENT_TYPE, "application/json")], String::new())
}

async fn serve(app: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}
