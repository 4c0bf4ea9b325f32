//! How often one user, one credential or one address may ask.
//!
//! A request is counted for its credential before anything is asked about it, and, once it is known whose it is, for that
//! user. A credential that was never let in here is counted for its address as well: who invents credentials gets no
//! further than with one. All that is kept is bounded.

use std::{net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use http::{HeaderValue, StatusCode};
use moka::{policy::EvictionPolicy, sync::Cache};

use super::in_flight::too_many;
use crate::{
    error::Error,
    observe::metrics::{self, Limit},
    privileges::{
        authority::Who,
        caller::{Caller, Fingerprint, FingerprintKey},
    },
};

/// Most addresses, credentials and users, each, that are told apart.
const MOST_KEYS: u64 = 10_000;
/// How long a credential that was let in is remembered, without being used.
const KNOWN: Duration = Duration::from_mins(10);

/// How often one of them may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub per_second: NonZeroU32,
    /// How many requests may come at once.
    pub burst: NonZeroU32,
}

/// The counts of everyone.
pub struct Rates(Option<Counts>);

struct Counts {
    rate: Rate,
    key: FingerprintKey,
    clock: DefaultClock,
    peers: Buckets<Peer>,
    credentials: Buckets<Fingerprint>,
    users: Buckets<(String, String)>,
    known: Cache<Fingerprint, ()>,
}

type Buckets<K> = Cache<K, Arc<DefaultDirectRateLimiter>>;

/// Where a request comes from; one network of version 6 is one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(Option<IpAddr>);

// === impl Peer ===

impl Peer {
    /// None: a program on this machine, by a unix socket.
    #[must_use]
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
            address @ IpAddr::V4(_) => address,
        }))
    }
}

// === impl Rates ===

impl Rates {
    /// Counts against `rate`, or nothing.
    ///
    /// # Errors
    /// Where the system has no random numbers.
    pub fn new(rate: Option<Rate>) -> anyhow::Result<Self> {
        rate.map(Counts::new).transpose().map(Self)
    }

    /// Counts a request before anything is done for it. The answer is what [`Rates::saw`] takes.
    ///
    /// # Errors
    /// 429 for who asks too often.
    pub fn count(&self, peer: Peer, credential: Option<&HeaderValue>) -> Result<Option<Fingerprint>, Error> {
        let Some(counts) = &self.0 else { return Ok(None) };
        let credential =
            credential.map(|value| Caller::with_credential(Some(value.clone()), "").fingerprint(&counts.key));
        if credential.is_none_or(|credential| counts.known.get(&credential).is_none()) {
            counts.take(&counts.peers, peer)?;
        }
        if let Some(credential) = credential {
            counts.take(&counts.credentials, credential)?;
        }
        Ok(credential)
    }

    /// Takes notice of how a request was answered that carried this credential.
    pub fn saw(&self, credential: Option<Fingerprint>, status: StatusCode) {
        let (Some(counts), Some(credential)) = (&self.0, credential) else { return };
        if status == StatusCode::UNAUTHORIZED {
            counts.known.invalidate(&credential);
        } else if status.is_success() {
            counts.known.insert(credential, ());
        }
    }

    /// Counts a request of a user.
    ///
    /// # Errors
    /// 429 for who asks too often.
    pub fn count_user(&self, who: &Who) -> Result<(), Error> {
        match &self.0 {
            Some(counts) => counts.take(&counts.users, (who.user.clone(), who.realm.clone())),
            None => Ok(()),
        }
    }
}

impl Counts {
    fn new(rate: Rate) -> anyhow::Result<Self> {
        fn cache<K: std::hash::Hash + Eq + Send + Sync + 'static, V: Clone + Send + Sync + 'static>(
            idle: Duration,
        ) -> Cache<K, V> {
            // The oldest goes first: who comes new is always counted.
            Cache::builder().max_capacity(MOST_KEYS).time_to_idle(idle).eviction_policy(EvictionPolicy::lru()).build()
        }
        // A bucket that is full again need not be kept.
        let full = Duration::from_secs(u64::from(rate.burst.get() / rate.per_second.get()) + 1);
        Ok(Self {
            rate,
            key: FingerprintKey::random()?,
            clock: DefaultClock::default(),
            peers: cache(full),
            credentials: cache(full),
            users: cache(full),
            known: cache(KNOWN),
        })
    }

    fn take<K: std::hash::Hash + Eq + Send + Sync + 'static>(&self, buckets: &Buckets<K>, key: K) -> Result<(), Error> {
        let Rate { per_second, burst } = self.rate;
        let quota = Quota::per_second(per_second).allow_burst(burst);
        let bucket = buckets.get_with(key, || Arc::new(RateLimiter::direct(quota)));
        bucket.check().map_err(|until| {
            metrics::limited(Limit::Rate);
            let wait = until.wait_time_from(self.clock.now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            too_many(&format!("more than [{per_second}] requests a second"), seconds.max(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::{MOST_KEYS, Peer, Rate, Rates};
    use crate::privileges::authority::Who;

    fn rates(per_second: u32, burst: u32) -> Rates {
        Rates::new(Some(Rate { per_second: per_second.try_into().unwrap(), burst: burst.try_into().unwrap() })).unwrap()
    }

    fn peer(address: &str) -> Peer {
        Peer::of(Some(address.parse().unwrap()))
    }

    fn token(number: u64) -> HeaderValue {
        format!("Bearer {number}").parse().unwrap()
    }

    #[test]
    fn addresses() {
        assert_eq!(peer("::ffff:10.0.0.1"), peer("10.0.0.1"));
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:2"));
        assert_ne!(peer("2001:db8::1"), peer("2001:db8:0:1::1"));
    }

    #[test]
    fn invented_credentials_get_no_further_than_one() {
        let rates = rates(1, 10);
        let here = peer("10.0.0.1");
        let passed = (0..1_000).filter(|number| rates.count(here, Some(&token(*number))).is_ok()).count();
        assert!((10..=11).contains(&passed), "{passed}");
        assert!(rates.count(peer("10.0.0.2"), Some(&token(0))).is_ok(), "others are not touched");
        assert!(rates.count(here, None).is_err());
    }

    #[test]
    fn a_known_credential_has_a_count_of_its_own() {
        let rates = rates(1, 5);
        let here = peer("10.0.0.1");
        let known = rates.count(here, Some(&token(0))).unwrap();
        rates.saw(known, StatusCode::OK);
        while rates.count(here, None).is_ok() {}
        for _ in 0..4 {
            rates.count(here, Some(&token(0))).unwrap();
        }
        let error = rates.count(here, Some(&token(0))).unwrap_err();
        assert_eq!(error.status, 429);
        let (_, seconds) = error.headers().find(|(name, _)| *name == "retry-after").unwrap();
        assert_eq!(seconds, "1");
        rates.saw(known, StatusCode::UNAUTHORIZED);
        assert!(rates.count(here, Some(&token(0))).is_err());
    }

    #[test]
    fn a_user_is_one_whatever_the_credential() {
        let rates = rates(1, 3);
        let who = |user: &str| Who { user: user.into(), realm: "file".into(), ..Who::default() };
        for _ in 0..3 {
            rates.count_user(&who("a")).unwrap();
        }
        assert!(rates.count_user(&who("a")).is_err());
        assert!(rates.count_user(&who("b")).is_ok());
    }

    #[test]
    fn a_flood_of_keys_is_bounded() {
        let rates = rates(1_000, 1_000);
        for number in 0..60_000_u64 {
            let address = std::net::Ipv4Addr::from_bits(u32::try_from(number).unwrap());
            let _ = rates.count(Peer::of(Some(address.into())), Some(&token(number)));
        }
        let counts = rates.0.unwrap();
        counts.peers.run_pending_tasks();
        counts.credentials.run_pending_tasks();
        assert!(counts.peers.entry_count() <= MOST_KEYS && counts.credentials.entry_count() <= MOST_KEYS);
    }

    #[test]
    fn no_rate_no_counts() {
        let rates = Rates::new(None).unwrap();
        for _ in 0..1_000 {
            assert!(rates.count(peer("10.0.0.1"), None).is_ok());
        }
    }
}
