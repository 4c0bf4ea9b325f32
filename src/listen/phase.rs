//! Whether the server runs, drains or ends; everything that serves looks at the same phase.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// The phases, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Running,
    /// Requests under way may finish, no new ones come in.
    Draining,
    /// Nothing is waited for.
    Ending,
}

/// Tells in which phase the server is.
#[derive(Debug, Clone)]
pub struct Phases(watch::Receiver<Phase>);

// === impl Phases ===

impl Phases {
    /// Phases that the caller sends. Where the sender is dropped, the last one stays.
    #[must_use]
    pub fn new() -> (watch::Sender<Phase>, Self) {
        let (sender, receiver) = watch::channel(Phase::Running);
        (sender, Self(receiver))
    }

    /// SIGTERM or SIGINT drains, a second one ends.
    ///
    /// # Errors
    /// Where the signals cannot be listened to.
    pub fn of_signals() -> std::io::Result<Self> {
        let (sender, phases) = Self::new();
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::spawn(async move {
            for phase in [Phase::Draining, Phase::Ending] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if phase == Phase::Draining {
                    tracing::info!("stopping: requests under way may finish; a second signal ends them");
                }
                sender.send_replace(phase);
            }
        });
        Ok(phases)
    }

    /// Waits until a phase, or a later one, has begun.
    pub async fn reached(&mut self, phase: Phase) {
        if self.0.wait_for(|now| *now >= phase).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
