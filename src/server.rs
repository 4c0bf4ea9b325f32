//! Listens, limits and drains. An accept loop of its own, because axum's sets no time limit on request heads.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{Router, body::Body, middleware::from_fn};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tower::ServiceExt as _;

use crate::{
    handle::{Gate, handle},
    observe::{metrics, request::observed},
};

/// Longest time for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for a request as a whole, its body and its answer included.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// Most connections at once; further ones wait in the listener's queue.
const MOST_CONNECTIONS: usize = 1_024;
/// Longest time for requests under way after the signal to stop.
const DRAIN: Duration = Duration::from_secs(20);
/// Largest head, in bytes.
const LARGEST_HEAD: usize = 64 << 10;

/// Serves until `stop` is done, then lets requests under way finish.
pub async fn serve(listener: TcpListener, gate: Gate, stop: impl Future<Output = ()>) {
    let app = Router::new().fallback(handle).layer(from_fn(observed)).with_state(Arc::new(gate));
    let graceful = GracefulShutdown::new();
    let connections = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let place = Arc::clone(&connections).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, stream) = tokio::select! {
            (place, accepted) = accepted => match accepted {
                Ok((stream, _)) => (place, stream),
                Err(error) => {
                    // Out of descriptors, most likely: wait for connections to end.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let app = app.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let app = app.clone();
            async move {
                let answer = tokio::time::timeout(REQUEST_TIMEOUT, app.oneshot(request.map(Body::new))).await;
                Ok::<_, Infallible>(match answer {
                    Ok(Ok(response)) => response,
                    Err(_) => crate::reply::Rendering::timed_out(),
                })
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(LARGEST_HEAD)
            .auto_date_header(false)
            .preserve_header_case(true)
            .serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        let counted = metrics::connection();
        tokio::spawn(async move {
            let _counted = counted;
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still under way when the time to drain was over");
    }
}
