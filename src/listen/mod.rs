//! Listens, limits and drains. An accept loop of its own, because axum's sets no time limit on request heads.
//!
//! A connection is waited for in bounds (`guarded`), its requests are admitted one by one (`answer`), and both know of each
//! other (`exchange`).

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, Response};

use crate::config::listener::Limits;

mod accept;
mod answer;
mod bare_refusal;
mod bodies;
mod connection;
mod exchange;
mod framing;
mod guarded;
mod in_flight;
mod patience;
pub mod phase;
pub mod rates;
pub mod socket;
pub mod tls;

pub use accept::serve;

use in_flight::InFlight;
use rates::Rates;
use tls::Tls;

/// What answers requests. A future is made for each one, so that a connection that waits holds none.
pub type App = Arc<dyn Fn(Request<Body>) -> Answering + Send + Sync>;

/// A request that is being answered.
pub type Answering = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// What every connection needs.
pub struct Front {
    limits: Limits,
    in_flight: InFlight,
    rates: Arc<Rates>,
    tls: Option<Arc<Tls>>,
    drain: Duration,
}

// === impl Front ===

impl Front {
    /// `drain`: longest time for requests under way after the signal to stop.
    #[must_use]
    pub fn new(limits: Limits, rates: Arc<Rates>, tls: Option<Arc<Tls>>, drain: Duration) -> Self {
        Self { limits, in_flight: InFlight::new(limits), rates, tls, drain }
    }

    /// Reads the certificates again, where there are any: what SIGHUP is for.
    pub fn reload(&self) {
        if let Some(tls) = &self.tls {
            tls.reload();
        }
    }
}
