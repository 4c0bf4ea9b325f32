//! Whether requests can be answered: the results can be had, and mlgate is not about to stop.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

use crate::{store::embedded::EmbeddedStore, upstream::Upstream};

/// How long an answer of the cluster's stands for those that would come.
const RECENT: Duration = Duration::from_secs(5);

/// Longest time for the cluster to answer; probes do not wait long.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A future that [`Health`] returns: `Err` says in a few words what is missing, without an address.
pub type Checking<'a> = Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send + 'a>>;

/// Knows whether the results can be had.
pub trait Health: Send + Sync {
    /// Looks, or says what was seen a short time ago.
    fn check(&self) -> Checking<'_>;
}

/// Whether requests can be answered.
pub struct Readiness {
    health: Box<dyn Health>,
    draining: AtomicBool,
}

/// The file can be read.
pub struct StoreHealth(pub EmbeddedStore);

/// The cluster answers, whatever it answers: a 401 is an answer too.
pub struct ClusterHealth {
    upstream: Arc<Upstream>,
    /// What is said where it does not.
    missing: &'static str,
    last: Mutex<Option<(Instant, Result<(), &'static str>)>>,
}

/// Both can be had, as callers get answers of both.
pub struct BothHealth {
    pub first: Box<dyn Health>,
    pub second: ClusterHealth,
}

// === impl Readiness ===

impl Readiness {
    #[must_use]
    pub fn new(health: Box<dyn Health>) -> Self {
        Self { health, draining: AtomicBool::new(false) }
    }

    /// From now on no more requests should be sent here.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether requests can be answered.
    ///
    /// # Errors
    /// Why not.
    pub async fn ready(&self) -> Result<(), &'static str> {
        if self.draining.load(Ordering::Relaxed) {
            return Err("draining");
        }
        self.health.check().await
    }
}

// === impl StoreHealth ===

impl Health for StoreHealth {
    fn check(&self) -> Checking<'_> {
        let store = self.0.clone();
        Box::pin(async move {
            match tokio::task::spawn_blocking(move || store.reachable()).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the store cannot be read");
                    Err("the store cannot be read")
                }
                Err(_) => Err("the store was not asked"),
            }
        })
    }
}

// === impl ClusterHealth ===

impl ClusterHealth {
    /// Asks the cluster, without a credential.
    #[must_use]
    pub fn new(upstream: Arc<Upstream>) -> Self {
        Self { upstream, missing: "no node of the cluster answers", last: Mutex::default() }
    }

    /// As [`ClusterHealth::new`], of the second cluster.
    #[must_use]
    pub fn of_secondary(upstream: Arc<Upstream>) -> Self {
        Self { missing: "no node of the secondary cluster answers", ..Self::new(upstream) }
    }
}

impl Health for ClusterHealth {
    fn check(&self) -> Checking<'_> {
        Box::pin(async {
            // One question at a time: the others wait for its answer.
            let mut last = self.last.lock().await;
            if let Some((when, answer)) = *last
                && when.elapsed() < RECENT
            {
                return answer;
            }
            let is_reachable = self.upstream.is_reachable(TIMEOUT).await;
            let answer = if is_reachable { Ok(()) } else { Err(self.missing) };
            *last = Some((Instant::now(), answer));
            answer
        })
    }
}

// === impl BothHealth ===

impl Health for BothHealth {
    fn check(&self) -> Checking<'_> {
        Box::pin(async {
            let (first, second) = tokio::join!(self.first.check(), self.second.check());
            first.and(second)
        })
    }
}
