//! Verdicts that are still fresh. One question for any number of concurrent callers; what failed is not kept.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use moka::future::Cache;

use super::{
    authority::{NoVerdict, Verdict},
    caller::Fingerprint,
};
use crate::{observe::metrics, results::job_id::JobId};

/// Most verdicts that are kept.
const MOST_VERDICTS: u64 = 10_000;

/// One caller, and the job that is asked about.
pub type Key = (Fingerprint, Option<JobId>);

/// Fresh verdicts, and where configured older ones for the time in which the authority is away.
pub struct Verdicts {
    fresh: Cache<Key, Arc<Verdict>>,
    /// Yeses only.
    stale: Option<Cache<Key, Arc<Verdict>>>,
    /// Callers who have a yes somewhere above: only they are worth an eviction.
    warm: Cache<Fingerprint, ()>,
}

// === impl Verdicts ===

impl Verdicts {
    /// Keeps verdicts for `lifetime`; where the authority is away, a yes may be used up to the age of `stale`.
    #[must_use]
    pub fn new(lifetime: Duration, stale: Duration) -> Self {
        fn cache<K, V>(lifetime: Duration) -> Cache<K, V>
        where
            K: std::hash::Hash + Eq + Send + Sync + 'static,
            V: Clone + Send + Sync + 'static,
        {
            Cache::builder().max_capacity(MOST_VERDICTS).time_to_live(lifetime).support_invalidation_closures().build()
        }
        Self {
            fresh: cache(lifetime),
            stale: (stale > lifetime).then(|| cache(stale)),
            warm: cache(lifetime.max(stale)),
        }
    }

    /// The verdict for `key`: a fresh one, else what `ask` says. A no makes the caller's older yeses void.
    ///
    /// # Errors
    /// As `ask`, where nothing that is old enough to be kept may stand in.
    pub async fn get(
        &self,
        key: Key,
        ask: impl Future<Output = Result<Verdict, NoVerdict>>,
    ) -> Result<Arc<Verdict>, NoVerdict> {
        let caller = key.0;
        let known = AtomicBool::new(true);
        let asked = async {
            known.store(false, Ordering::Relaxed);
            let verdict = ask.await.map(Arc::new);
            match &verdict {
                Ok(verdict) if verdict.cluster.is_ok() && verdict.read.is_ok() => {
                    self.warm.insert(caller, ()).await;
                    if let Some(stale) = &self.stale {
                        stale.insert(key.clone(), Arc::clone(verdict)).await;
                    }
                }
                Ok(_) | Err(NoVerdict::Unauthenticated(_)) => self.forget(caller).await,
                Err(NoVerdict::Unavailable) => {}
            }
            verdict
        };
        let verdict = self.fresh.try_get_with(key.clone(), asked).await;
        metrics::verdict(known.into_inner());
        match verdict {
            Ok(verdict) => Ok(verdict),
            Err(failure) => {
                let older = match (&*failure, &self.stale) {
                    (NoVerdict::Unavailable, Some(stale)) => stale.get(&key).await,
                    _ => None,
                };
                if older.is_some() {
                    tracing::warn!("the authority is away: an older yes is used, as configured");
                }
                older.ok_or_else(|| (*failure).clone())
            }
        }
    }

    /// Drops everything.
    pub fn forget_all(&self) {
        for cache in std::iter::once(&self.fresh).chain(&self.stale) {
            cache.invalidate_all();
        }
    }

    /// Drops everything that is known of a caller.
    pub async fn forget(&self, caller: Fingerprint) {
        if self.warm.remove(&caller).await.is_none() {
            return;
        }
        for cache in std::iter::once(&self.fresh).chain(&self.stale) {
            if let Err(error) = cache.invalidate_entries_if(move |key, _| key.0 == caller) {
                // Cannot be: closures are switched on. If it is, nothing may be kept.
                tracing::error!(%error, "verdicts could not be dropped one by one");
                cache.invalidate_all();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use http::HeaderValue;

    use super::{Key, Verdicts};
    use crate::{
        privileges::{
            authority::{NoVerdict, Verdict, Who},
            caller::{Caller, FingerprintKey},
            refusal,
        },
        results::job_id::JobId,
    };

    fn key(job: &str) -> Key {
        static KEY: std::sync::OnceLock<FingerprintKey> = std::sync::OnceLock::new();
        let caller = Caller::with_credential(Some(HeaderValue::from_static("Basic x")), "/");
        (caller.fingerprint(KEY.get_or_init(|| FingerprintKey::random().unwrap())), Some(JobId::parse(job).unwrap()))
    }

    fn verdict(yes: bool) -> Verdict {
        let read = if yes { Ok(()) } else { Err(refusal::forbidden("no")) };
        Verdict { who: Who::default(), cluster: Ok(()), read }
    }

    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn one_question_for_many_and_no_failure_kept() {
        let verdicts = Verdicts::new(LONG, Duration::ZERO);
        let asked = AtomicUsize::new(0);
        for (round, answer) in [Err(NoVerdict::Unavailable), Ok(verdict(true))].into_iter().enumerate() {
            let ask = || async {
                asked.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                answer.clone()
            };
            let five = tokio::join!(
                verdicts.get(key("j"), ask()),
                verdicts.get(key("j"), ask()),
                verdicts.get(key("j"), ask()),
            );
            assert_eq!(asked.load(Ordering::SeqCst), round + 1);
            for got in [five.0, five.1, five.2] {
                assert_eq!(got.is_ok(), round == 1);
            }
        }
    }

    #[tokio::test]
    async fn a_no_ends_every_yes_of_the_caller() {
        let verdicts = Verdicts::new(LONG, LONG * 2);
        verdicts.get(key("a"), async { Ok(verdict(true)) }).await.unwrap();
        assert!(verdicts.get(key("a"), async { Ok(verdict(false)) }).await.unwrap().read.is_ok(), "kept");
        assert!(verdicts.get(key("b"), async { Ok(verdict(false)) }).await.unwrap().read.is_err());
        assert!(
            verdicts.get(key("b"), async { Ok(verdict(true)) }).await.unwrap().read.is_err(),
            "the no itself is kept"
        );
        assert!(
            verdicts.get(key("a"), async { Err(NoVerdict::Unavailable) }).await.is_err(),
            "asked again, not even stale"
        );
    }

    #[tokio::test]
    async fn an_older_yes_only_where_configured() {
        for (stale, served) in [(Duration::ZERO, false), (LONG, true)] {
            let verdicts = Verdicts::new(Duration::ZERO, stale);
            verdicts.get(key("a"), async { Ok(verdict(true)) }).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert_eq!(verdicts.get(key("a"), async { Err(NoVerdict::Unavailable) }).await.is_ok(), served);
        }
    }
}
