//! One connection, from its first byte to its last.

use std::{io, pin::pin, sync::Arc};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    App, Front,
    answer::answer,
    exchange::Exchange,
    guarded::Guarded,
    phase::{Phase, Phases},
    rates::Peer,
    socket::Stream,
};

use crate::observe::metrics::{self, Limit};

/// Bytes of a request that are read ahead, at least, and of a reply that wait to be written, at most: no head may be larger,
/// and a slow reader's connection holds little more.
const AHEAD: usize = 16 << 10;

/// What a connection runs on, with TLS or without.
trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Serves a connection until it ends.
pub(super) async fn serve(stream: Stream, front: Arc<Front>, app: App, mut phases: Phases) {
    let _counted = metrics::connection();
    let peer = Peer::of(stream.peer());
    let transport = tokio::select! {
        transport = shake_hands(stream, &front) => transport,
        () = phases.reached(Phase::Draining) => return,
    };
    let outcome = match transport {
        Ok(transport) => speak(transport, peer, front, app, phases).await,
        Err(error) => {
            metrics::limited(Limit::Tls);
            Err(error.into())
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(error = &*error, "a connection ended");
    }
}

async fn shake_hands(stream: Stream, front: &Front) -> io::Result<Box<dyn Transport>> {
    match &front.tls {
        Some(tls) => {
            let shaken = tokio::time::timeout(front.limits.handshake, tls.acceptor().accept(stream)).await;
            Ok(Box::new(shaken.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no TLS handshake in time"))??))
        }
        None => Ok(Box::new(stream)),
    }
}

async fn speak(
    transport: Box<dyn Transport>,
    peer: Peer,
    front: Arc<Front>,
    app: App,
    mut phases: Phases,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let exchange = Arc::new(Exchange::default());
    let stream = Guarded::new(transport, Arc::clone(&exchange), front.limits);
    let most = front.limits.largest_head;
    let of_connection = Arc::clone(&exchange);
    let service = service_fn(move |request| {
        answer(Arc::clone(&front), Arc::clone(&app), Arc::clone(&of_connection), peer, request)
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            // Times of waiting are the stream's, which tells an idle connection from a slow head.
            .header_read_timeout(None)
            .max_header_size(most)
            .max_buf_size(AHEAD.max(most))
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), service)
    );
    let mut draining = false;
    let outcome = loop {
        tokio::select! {
            outcome = connection.as_mut() => break outcome,
            () = phases.reached(Phase::Draining), if !draining => {
                draining = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    };
    // Where a request wanted another protocol hyper ends as if it had got it, without shutting the stream down; asked again
    // it does that.
    if outcome.is_ok() && exchange.upgrade() {
        connection.await?;
    }
    Ok(outcome?)
}
