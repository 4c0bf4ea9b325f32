//! What goes wrong on the way, and how long it is borne.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Why something did not work.
#[derive(Debug)]
pub enum Trouble {
    /// It may work in a while; perhaps it was said when.
    Passing { why: String, after: Option<Duration> },
    /// It will not.
    Lasting(anyhow::Error),
}

/// How long one puts up with nothing getting on.
pub struct Patience {
    limit: Duration,
    since: Option<Instant>,
    wait: Duration,
}

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

// === impl Trouble ===

impl Trouble {
    /// Why, for a person.
    #[must_use]
    pub fn in_words(self) -> anyhow::Error {
        match self {
            Self::Passing { why, .. } => anyhow::anyhow!(why),
            Self::Lasting(error) => error,
        }
    }

    /// What may pass, without a time.
    pub fn passing(why: impl Into<String>) -> Self {
        Self::Passing { why: why.into(), after: None }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Lasting(error.into())
    }
}

// === impl Patience ===

impl Patience {
    /// Patience for so long.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit, since: None, wait: FIRST_WAIT }
    }

    /// It goes on.
    pub fn restore(&mut self) {
        (self.since, self.wait) = (None, FIRST_WAIT);
    }

    /// Waits until it may be tried again: longer each time, or as long as was asked for. False where it was borne long enough.
    pub async fn wait(&mut self, after: Option<Duration>) -> bool {
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.limit {
            return false;
        }
        sleep(after.unwrap_or(self.wait).min(self.limit)).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Patience;

    #[tokio::test(start_paused = true)]
    async fn waits_longer_each_time_and_then_no_more() {
        let start = tokio::time::Instant::now();
        let mut patience = Patience::new(Duration::from_mins(1));
        let mut waits = 0;
        while patience.wait(None).await {
            waits += 1;
        }
        assert_eq!((waits, start.elapsed().as_millis()), (11, 62_600));
        patience.restore();
        assert!(patience.wait(Some(Duration::from_secs(3))).await);
        assert_eq!(start.elapsed().as_millis(), 65_600);
    }
}
