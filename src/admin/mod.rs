//! A listener of its own for who runs mlgate: health, readiness, metrics, the last decisions, the settings. It asks for no
//! credential, so it is for this machine only, unless the configuration says otherwise.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, middleware, routing::get};
use http::{HeaderMap, Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};
use tower::ServiceExt as _;

use crate::observe::decisions::Decisions;

mod endpoints;

/// Whether requests can be answered.
pub mod ready;

use ready::Readiness;

/// Longest time for a request, its head and its answer included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most connections at once: one scraper, a few probes and people.
const MOST_CONNECTIONS: usize = 32;
/// Largest head, in bytes.
const LARGEST_HEAD: usize = 16 << 10;

/// What can be looked at.
pub struct Admin {
    pub readiness: Arc<Readiness>,
    pub decisions: Arc<Decisions>,
    /// The settings in effect, as they may be shown.
    pub settings: Box<dyn Fn() -> serde_json::Value + Send + Sync>,
}

/// Answers until it is dropped.
///
/// # Errors
/// Where the address cannot be had.
pub async fn bind(address: SocketAddr, admin: Admin) -> std::io::Result<(SocketAddr, impl Future<Output = ()>)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let app = Router::new()
        .route("/health", get(endpoints::health))
        .route("/ready", get(endpoints::ready))
        .route("/metrics", get(endpoints::metrics))
        .route("/decisions", get(endpoints::decisions))
        .route("/config", get(endpoints::config))
        .fallback(endpoints::index)
        .with_state(Arc::new(admin));
    let app = if address.ip().is_loopback() { app.layer(middleware::map_request(local_name)) } else { app };
    Ok((address, serve(listener, app)))
}

async fn serve(listener: TcpListener, app: Router) {
    let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let place = Arc::clone(&connections).acquire_owned().await;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection to admin_listen could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let app = app.clone();
        let service = service_fn(move |request: Request<Incoming>| app.clone().oneshot(request.map(Body::new)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(TIMEOUT)
            .max_buf_size(LARGEST_HEAD)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            let _ = tokio::time::timeout(TIMEOUT, connection).await;
            drop(place);
        });
    }
}

/// Refuses requests by a name that somebody else's DNS may have made one of this machine: a page in a browser here could
/// read the answer.
async fn local_name(headers: HeaderMap, request: Request<Body>) -> Result<Request<Body>, Response<Body>> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.parse::<http::uri::Authority>().map(|authority| authority.host().to_owned()).unwrap_or_default();
    let name = name.trim_start_matches('[').trim_end_matches(']');
    if name == "localhost" || name.parse::<std::net::IpAddr>().is_ok() {
        return Ok(request);
    }
    Err(endpoints::json(StatusCode::FORBIDDEN, &serde_json::json!({ "error": "Host must be localhost or an address" })))
}
