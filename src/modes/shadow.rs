//! The comparison of two sides, beside the answer: it has places and times of its own, and where there is no place it does
//! not take place. Nothing that happens here reaches the caller.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::request::Parts;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};

use super::{
    compare::{Answered, Compared, Equality, compare},
    ignore::Ignore,
    log::{About, ShadowLog},
    native::Asked,
    rules::{SideName, Way},
    side::Side,
    watch::{Watch, Watching},
};
use crate::{
    observe::{
        metrics::{self, Shadowed, Shadowing},
        request::current_id,
    },
    privileges::{Decision, Permit},
    upstream::Failure,
};

/// Compares the side that answers with another one.
pub struct Shadow {
    pub primary: SideName,
    pub other: Arc<Side>,
    pub settings: ShadowSettings,
    pub log: ShadowLog,
    places: Arc<Semaphore>,
    /// One comparison of documents at a time: they take memory and a processor.
    comparing: Semaphore,
    asked: AtomicU64,
}

/// How much is compared.
#[derive(Debug, Clone)]
pub struct ShadowSettings {
    pub ignore: Ignore,
    /// Comparisons under way.
    pub in_flight: usize,
    /// Of a hundred requests, so many are compared.
    pub sample_percent: u64,
    /// Longest time for the other side.
    pub within: Duration,
    /// Largest body that is compared.
    pub most: usize,
}

// === impl Shadow ===

impl Shadow {
    #[must_use]
    pub fn new(primary: SideName, other: Arc<Side>, settings: ShadowSettings, log: ShadowLog) -> Self {
        let places = Arc::new(Semaphore::new(settings.in_flight));
        Self { primary, other, settings, log, places, comparing: Semaphore::new(1), asked: AtomicU64::new(0) }
    }

    /// Asks the other side, and waits aside for the caller's answer.
    pub fn begin(self: &Arc<Self>, head: &Parts, body: &Bytes, decision: &Decision<'_>, permit: &Permit) -> Watch {
        // Evenly spread: of ten requests in a row, ten percent are one.
        let number = self.asked.fetch_add(1, Relaxed);
        let due = |number: u64| number.wrapping_mul(self.settings.sample_percent) / 100;
        if due(number.wrapping_add(1)) == due(number) {
            metrics::shadowed(Shadowed::NotSampled);
            return Watch::default();
        }
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            self.skip(Shadowed::Busy);
            return Watch::default();
        };
        let mut asked = Asked::unpacked(head);
        // Nothing is gained by packing what is compared.
        asked.headers.remove(http::header::ACCEPT_ENCODING);
        let about = About::of(head, permit.job(), current_id(), body.len());
        let (other, body, permit) = (Arc::clone(&self.other), body.clone(), self.other.permit(decision, permit));
        let ShadowSettings { within, most, .. } = self.settings;
        let answer = async move {
            let answer = timeout(within, other.answer(&asked, body, permit, most)).await;
            answer.unwrap_or(Err(Failure::TimedOut))
        };
        let place = (place, metrics::shadowing());
        let (to, taken) = oneshot::channel();
        let begun = Instant::now();
        tokio::spawn(Arc::clone(self).run(place, about, taken, answer));
        Watch::new(Watching { begun, most, to })
    }

    /// Lets an answer pass that has a bucket a line: no other API gives such ones, so nobody else is asked.
    pub fn pass_lines(&self) {
        self.skip(Shadowed::Lines);
    }

    async fn run(
        self: Arc<Self>,
        _place: (OwnedSemaphorePermit, Shadowing),
        about: About,
        taken: oneshot::Receiver<Answered>,
        answer: impl Future<Output = Result<Answered, Failure>>,
    ) {
        let (primary, secondary) = tokio::join!(taken, answer);
        let (primary, secondary) = match (primary, secondary) {
            (Err(_), _) => return self.skip(Shadowed::Abandoned),
            (Ok(Answered { body: None, .. }), _) => return self.skip(Shadowed::TooLarge),
            (Ok(_), Err(failure)) => return self.fail(&about, failure),
            (Ok(primary), Ok(secondary)) => (primary, secondary),
        };
        let Ok(_turn) = self.comparing.acquire().await else { return };
        let (shadow, most) = (Arc::clone(&self), self.settings.most);
        // A long list takes a while, and other requests wait for this thread.
        let compared = tokio::task::spawn_blocking(move || {
            let (primary, secondary) = (primary.unpacked(most), secondary.unpacked(most));
            match primary.body {
                None => shadow.skip(Shadowed::TooLarge),
                Some(_) => shadow.compare(&about, &primary, &secondary),
            }
        })
        .await;
        if compared.is_err() {
            self.skip(Shadowed::Abandoned);
        }
    }

    fn compare(&self, about: &About, primary: &Answered, secondary: &Answered) {
        let ways = (self.primary.way, self.other.name.way);
        let ignore = &self.settings.ignore;
        let compared = match ways {
            (Way::Rewrite, Way::Native) | (Way::Native, Way::Rewrite) if about.v6 => {
                compare(primary, secondary, &ignore.and_what_only_v6_has())
            }
            _ => compare(primary, secondary, ignore),
        };
        metrics::shadow_took("primary", primary.took);
        metrics::shadow_took("secondary", secondary.took);
        let times = (primary.took, secondary.took);
        match compared {
            Compared::Equal(equality) => {
                metrics::shadowed(match equality {
                    Equality::Bytes => Shadowed::EqualBytes,
                    Equality::Document => Shadowed::EqualDocument,
                    Equality::Ignoring => Shadowed::EqualIgnoring,
                });
                self.log.equal(times);
            }
            Compared::Different(found) => {
                metrics::shadowed(Shadowed::Different);
                for difference in &found.shown {
                    metrics::shadow_difference(difference.kind.name());
                }
                if let Some(first) = found.shown.first() {
                    tracing::warn!(
                        target: "mlgate::shadow",
                        job = &*about.job,
                        request = about.request.as_deref(),
                        kind = first.kind.name(),
                        pointer = &*first.pointer,
                        differences = found.count,
                        "{} and {} answer differently",
                        self.primary.name(),
                        self.other.name.name(),
                    );
                }
                self.log.different(about, primary, secondary, found);
            }
        }
    }

    fn skip(&self, why: Shadowed) {
        metrics::shadowed(why);
        self.log.skipped();
    }

    fn fail(&self, about: &About, failure: Failure) {
        metrics::shadowed(match failure {
            Failure::Unreachable => Shadowed::Unreachable,
            Failure::TimedOut => Shadowed::TimedOut,
            Failure::Busy => Shadowed::OtherBusy,
            Failure::Broken | Failure::TooLarge => Shadowed::Broken,
        });
        tracing::debug!(target: "mlgate::shadow", job = &*about.job, error = &failure as &dyn std::error::Error,
            "{} gave no answer to compare", self.other.name.name());
        self.log.failed();
    }
}
