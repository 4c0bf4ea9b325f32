//! The accept loop: so many connections at once, further ones wait in the system's queue; then the drain.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    App, Front, connection,
    phase::{Phase, Phases},
    socket::Sockets,
};

/// First and longest pause after a connection that could not be accepted.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Serves until the phase changes, then lets requests under way finish.
pub async fn serve(mut sockets: Sockets, front: Arc<Front>, app: App, mut phases: Phases) {
    let places = Arc::new(Semaphore::new(front.limits.connections));
    let mut connections = JoinSet::new();
    let mut pause = PAUSE.0;
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, sockets.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            Some(_) = connections.join_next() => continue,
            () = phases.reached(Phase::Draining) => break,
        };
        match accepted {
            Ok(stream) => {
                pause = PAUSE.0;
                let served = connection::serve(stream, Arc::clone(&front), Arc::clone(&app), phases.clone());
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            // The peer is gone already.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                // Out of descriptors, most likely: there will be some when connections end.
                tracing::warn!(%error, "a connection could not be accepted");
                drop(place);
                tokio::select! {
                    () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE.1),
                    () = phases.reached(Phase::Draining) => break,
                }
            }
        }
    }
    drop(sockets);
    drain(connections, front.drain, phases).await;
}

async fn drain(mut connections: JoinSet<()>, time: Duration, mut phases: Phases) {
    let all = async { while connections.join_next().await.is_some() {} };
    let why = tokio::select! {
        () = all => return,
        () = tokio::time::sleep(time) => "the time to drain is over",
        () = phases.reached(Phase::Ending) => "a second signal came",
    };
    tracing::warn!(connections = connections.len(), "{why}: connections that are still open are cut");
    connections.shutdown().await;
}
