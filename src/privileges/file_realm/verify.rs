//! Comparing passwords without being brought to a halt by it: a bounded number at once, off the threads that serve, and not
//! again for a while where it succeeded.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::Semaphore;

use super::password::PasswordHash;
use crate::secret::Secret;

/// So long a password is not compared again.
const LIFETIME: Duration = Duration::from_mins(1);
const MOST_REMEMBERED: usize = 4096;

/// The limit of comparisons at once, one for each core.
#[derive(Debug, Clone)]
pub(super) struct Comparer(Arc<Semaphore>);

/// Who was found to know their password. It goes with the files it was found by, so a reload forgets everything.
pub(super) struct Verified {
    key: [u8; 32],
    entries: Mutex<HashMap<[u8; 32], Instant>>,
}

// === impl Comparer ===

impl Comparer {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new(Semaphore::new(cores)))
    }

    pub async fn compare(&self, hash: Arc<PasswordHash>, password: Secret) -> bool {
        let Ok(permit) = Arc::clone(&self.0).acquire_owned().await else { return false };
        // The permit goes along: a client that leaves does not end the comparison.
        let comparison = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            hash.verify(password.expose().as_bytes())
        });
        comparison.await.unwrap_or(false)
    }
}

// === impl Verified ===

impl Verified {
    pub fn new() -> anyhow::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
        Ok(Self { key, entries: Mutex::default() })
    }

    /// Whether this very password was right not long ago.
    pub fn remembers(&self, user: &str, password: &Secret) -> bool {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(&self.name(user, password)).is_some_and(|since| since.elapsed() < LIFETIME)
    }

    pub fn remember(&self, user: &str, password: &Secret) {
        let name = self.name(user, password);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST_REMEMBERED {
            entries.retain(|_, since| since.elapsed() < LIFETIME);
        }
        if entries.len() < MOST_REMEMBERED {
            entries.insert(name, Instant::now());
        }
    }

    /// A name that tells nothing about the password, even to one who sees this memory but not the key.
    fn name(&self, user: &str, password: &Secret) -> [u8; 32] {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) else { return [0; 32] };
        mac.update(&user.len().to_be_bytes());
        mac.update(user.as_bytes());
        mac.update(password.expose().as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verified")
    }
}

#[cfg(test)]
mod tests {
    use super::{super::authorization::secret, MOST_REMEMBERED, Verified};

    #[test]
    fn remembers_the_very_pair_and_stays_bounded() {
        let verified = Verified::new().unwrap();
        verified.remember("ab", &secret("c"));
        assert!(verified.remembers("ab", &secret("c")));
        assert!(!verified.remembers("a", &secret("bc")) && !verified.remembers("ab", &secret("C")));
        for user in 0..2 * MOST_REMEMBERED {
            verified.remember(&user.to_string(), &secret("x"));
        }
        assert!(verified.entries.lock().unwrap().len() <= MOST_REMEMBERED);
        assert!(verified.remembers("ab", &secret("c")));
    }
}
