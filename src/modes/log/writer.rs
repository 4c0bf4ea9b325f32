//! The thread that writes: differences as they come, the numbers now and then.

use std::{
    collections::VecDeque,
    io,
    sync::mpsc::{Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use super::{
    Event, Times,
    bounded::Bounded,
    line::{Line, Numbers, Seen, Tally},
};
use crate::observe::metrics::{self, Shadowed};

/// How often the numbers are written, where they have changed.
const TALLY_EVERY: Duration = Duration::from_secs(5);

/// Comparisons whose times are kept for the numbers.
const TIMES_KEPT: usize = 1_024;

/// What the thread has.
pub(super) struct Writer {
    to: Bounded,
    tally: Tally,
    times: VecDeque<Times>,
    /// Since when there are numbers that were not written.
    news: Option<Instant>,
    failing: bool,
}

// === impl Writer ===

impl Writer {
    /// Begins a run of the program, in which nothing was compared yet.
    pub fn new(to: Bounded, tally: Tally) -> Self {
        Self { to, tally, times: VecDeque::new(), news: None, failing: false }
    }

    /// Takes what comes until nobody is left who sends.
    pub fn run(mut self, events: &Receiver<Event>) {
        loop {
            let left = self.news.map_or(TALLY_EVERY, |since| TALLY_EVERY.saturating_sub(since.elapsed()));
            match events.recv_timeout(left) {
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => self.write_tally(),
                Err(RecvTimeoutError::Disconnected) => return self.write_tally(),
            }
            if self.news.is_some_and(|since| since.elapsed() >= TALLY_EVERY) {
                self.write_tally();
            }
        }
    }

    fn take(&mut self, event: Event) {
        self.news.get_or_insert_with(Instant::now);
        match event {
            Event::Equal(times) => {
                self.tally.equal += 1;
                self.took(times);
            }
            Event::Different(line) => {
                self.tally.different += 1;
                let time = |seen: &Seen| Duration::from_secs_f64(seen.ms / 1_000.0);
                self.took((time(&line.primary), time(&line.secondary)));
                self.write(&Line::Different(line));
            }
            Event::Skipped => self.tally.skipped += 1,
            Event::Failed => self.tally.failed += 1,
        }
    }

    fn took(&mut self, times: Times) {
        if self.times.len() == TIMES_KEPT {
            self.times.pop_front();
        }
        self.times.push_back(times);
    }

    fn write_tally(&mut self) {
        if self.news.take().is_none() {
            return;
        }
        let numbers = |numbers: &mut Numbers, times: Vec<f64>| {
            [numbers.p50_ms, numbers.p95_ms] = percentiles(times);
        };
        self.tally.time = jiff::Timestamp::now().to_string();
        numbers(&mut self.tally.primary, self.times.iter().map(|(primary, _)| milliseconds(*primary)).collect());
        numbers(&mut self.tally.secondary, self.times.iter().map(|(_, other)| milliseconds(*other)).collect());
        let line = Line::Tally(self.tally.clone());
        self.write(&line);
    }

    fn write(&mut self, line: &Line) {
        let written = serde_json::to_string(line).map_err(io::Error::from).and_then(|text| self.to.write(&text));
        match written {
            Ok(()) => self.failing = false,
            Err(error) => {
                metrics::shadowed(Shadowed::NotLogged);
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(%error, "shadow_log cannot be written: differences are counted only");
                }
            }
        }
    }
}

/// As it is told.
pub(super) fn milliseconds(time: Duration) -> f64 {
    // To the microsecond: more is noise.
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// The middle one, and the one that 19 of 20 do not exceed.
#[must_use]
pub fn percentiles(mut times: Vec<f64>) -> [f64; 2] {
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    [at(50).unwrap_or_default(), at(95).unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::percentiles;

    #[test]
    fn percentiles_of_few_and_of_many() {
        let told = |times| format!("{:?}", percentiles(times));
        assert_eq!(told(vec![]), "[0.0, 0.0]");
        assert_eq!(told(vec![7.0]), "[7.0, 7.0]");
        assert_eq!(told((1..=100).rev().map(f64::from).collect()), "[50.0, 95.0]");
    }
}
