//! The last decisions, for who runs mlgate to look at: as many as fit, the same lines as in the audit log.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use serde_json::value::RawValue;

/// Most decisions that are kept.
const MOST: usize = 500;

/// Longest line that is kept, in bytes; a longer one is one of a caller who wants it long.
const LONGEST: usize = 4 << 10;

/// A ring of decisions.
#[derive(Default)]
pub struct Decisions {
    lines: Mutex<VecDeque<Box<RawValue>>>,
}

// === impl Decisions ===

impl Decisions {
    /// Takes a line of the audit log; the oldest one goes.
    pub fn push(&self, line: &str) {
        if line.len() > LONGEST {
            return;
        }
        let Ok(line) = RawValue::from_string(line.to_owned()) else { return };
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == MOST {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// All that are kept, the oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Box<RawValue>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Decisions, LONGEST, MOST};

    #[test]
    fn the_last_ones_are_kept() {
        let decisions = Decisions::default();
        for number in 0..MOST + 3 {
            decisions.push(&format!("{{\"request\":{number}}}"));
        }
        decisions.push("no json");
        decisions.push(&format!("\"{}\"", "x".repeat(LONGEST)));
        let all = decisions.all();
        assert_eq!(all.len(), MOST);
        assert_eq!((all[0].get(), all[MOST - 1].get()), ("{\"request\":3}", "{\"request\":502}"));
    }
}
