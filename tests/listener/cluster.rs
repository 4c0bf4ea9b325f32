//! A cluster that misbehaves on purpose: it is slow, hangs, or has very much to say.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, extract::State};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt as _;

use crate::support::start_with;

/// The size of the reply to `/big`.
pub const BIG: usize = 1 << 30;

const YES: &str = r#"{"username":"u","has_all_requested":true,"cluster":{"monitor_ml":true},
    "index":{".ml-anomalies-it-ops-kpi":{"read":true}},"application":{}}"#;

const EMPTY_SEARCH: &str = r#"{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},
    "hits":{"total":{"value":0,"relation":"eq"},"max_score":null,"hits":[]}}"#;

/// What the cluster has seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Requests that have come, other than without a credential.
    pub requests: AtomicUsize,
    /// Requests whose answer is not given up.
    pub under_way: AtomicUsize,
    /// Bodies that broke off.
    pub broken: AtomicUsize,
    /// Bytes of the big reply that were taken.
    pub taken: AtomicUsize,
}

/// Counts one request as under way.
struct UnderWay(Arc<Seen>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Such a cluster.
pub async fn start_alone() -> (SocketAddr, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cluster = listener.local_addr().unwrap();
    let app = Router::new().fallback(handle).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (cluster, seen)
}

/// A front before such a cluster; all is passed on.
pub async fn start(more: &str) -> (SocketAddr, Arc<Seen>) {
    let (cluster, seen) = start_alone().await;
    let configuration =
        format!("upstream = 'http://{cluster}'\nauthority = 'elasticsearch'\npass_through = 'all'\n{more}");
    (start_with(&configuration).await, seen)
}

async fn handle(State(seen): State<Arc<Seen>>, request: Request<Body>) -> Response<Body> {
    let response = || Response::builder().header("content-type", "application/json").header("x-elastic-product", "x");
    let authorization = request.headers().get(header::AUTHORIZATION).map(|value| value.as_bytes().to_vec());
    match authorization.as_deref() {
        None => return response().status(StatusCode::UNAUTHORIZED).body(Body::empty()).unwrap(),
        Some(wrong) if wrong.starts_with(b"Bearer wrong") => {
            seen.requests.fetch_add(1, Ordering::SeqCst);
            let refusal = r#"{"error":{"type":"security_exception","reason":"no"},"status":401}"#;
            return response().status(StatusCode::UNAUTHORIZED).body(refusal.into()).unwrap();
        }
        Some(_) => {}
    }
    seen.requests.fetch_add(1, Ordering::SeqCst);
    seen.under_way.fetch_add(1, Ordering::SeqCst);
    let under_way = UnderWay(Arc::clone(&seen));
    let path = request.uri().path().to_owned();
    let body = match &*path {
        "/slow" | "/.ml-anomalies-slow/_search" => {
            tokio::time::sleep(Duration::from_secs(3)).await;
            "{\"slow\":true}".into()
        }
        "/hang" => std::future::pending().await,
        "/big" => return response().body(Body::new(Big { left: BIG, seen, _under_way: under_way })).unwrap(),
        "/length" => {
            let Ok(body) = request.into_body().collect().await else {
                seen.broken.fetch_add(1, Ordering::SeqCst);
                return response().status(StatusCode::BAD_REQUEST).body(Body::empty()).unwrap();
            };
            body.to_bytes().len().to_string().into()
        }
        _ if path.ends_with("_has_privileges") => {
            if authorization.as_deref() == Some(b"Bearer hang") {
                std::future::pending::<()>().await;
            }
            YES.into()
        }
        _ => EMPTY_SEARCH.into(),
    };
    response().body(body).unwrap()
}

/// A reply of [`BIG`] bytes.
struct Big {
    left: usize,
    seen: Arc<Seen>,
    _under_way: UnderWay,
}

impl HttpBody for Big {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        const PIECE: Bytes = Bytes::from_static(&[b'x'; 64 << 10]);
        self.left = self.left.saturating_sub(PIECE.len());
        self.seen.taken.fetch_add(PIECE.len(), Ordering::SeqCst);
        Poll::Ready((self.left > 0).then_some(Ok(Frame::data(PIECE))))
    }
}
