//! The file of differences: one line of JSON each, and now and then a line that says how many there were of how many.
//!
//! It has values of results, so it is its owner's alone. A thread of its own writes; where that does not keep up, lines are
//! dropped and counted.

use std::{
    path::Path,
    sync::mpsc::{SyncSender, sync_channel},
    time::Duration,
};

use anyhow::Context as _;

use super::{compare::Answered, difference::Found, rules::SideName};
use crate::observe::metrics::{self, Shadowed};

mod bounded;
mod line;
mod writer;

use bounded::Bounded;
pub use bounded::before;
pub use line::{About, Different, Line, Numbers, Seen, Tally};
pub use writer::percentiles;
use writer::{Writer, milliseconds};

/// Lines that wait to be written.
const WAITING: usize = 256;

/// Where comparisons are told of; nowhere where there is no file.
#[derive(Clone)]
pub struct ShadowLog {
    to: Option<SyncSender<Event>>,
    sides: [SideName; 2],
}

type Times = (Duration, Duration);

enum Event {
    Equal(Times),
    Different(Box<Different>),
    Skipped,
    Failed,
}

// === impl ShadowLog ===

impl ShadowLog {
    /// Appends to a file of at most `most` bytes; with the one before it there are two.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(path: Option<&Path>, most: u64, sides: [SideName; 2]) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self { to: None, sides }) };
        let to = Bounded::open(path, most).with_context(|| format!("shadow_log: {}", path.display()))?;
        let (sender, events) = sync_channel(WAITING);
        let numbers = |side: SideName| Numbers { side: side.name().to_owned(), ..Numbers::default() };
        let run = jiff::Timestamp::now().as_nanosecond().to_string();
        let tally = Tally { run, primary: numbers(sides[0]), secondary: numbers(sides[1]), ..Tally::default() };
        let writer = Writer::new(to, tally);
        std::thread::Builder::new().name("shadow-log".to_owned()).spawn(move || writer.run(&events))?;
        Ok(Self { to: Some(sender), sides })
    }

    /// Both answered the same.
    pub fn equal(&self, times: Times) {
        self.send(|| Event::Equal(times));
    }

    /// Both answered, and not the same.
    pub fn different(&self, about: &About, primary: &Answered, secondary: &Answered, found: Found) {
        let seen = |side: SideName, answered: &Answered| Seen {
            side: side.name().to_owned(),
            status: answered.status,
            ms: milliseconds(answered.took),
        };
        self.send(|| {
            Event::Different(Box::new(Different {
                time: jiff::Timestamp::now().to_string(),
                about: about.clone(),
                primary: seen(self.sides[0], primary),
                secondary: seen(self.sides[1], secondary),
                differences: found.shown,
                count: found.count,
            }))
        });
    }

    /// There was nothing to compare.
    pub fn skipped(&self) {
        self.send(|| Event::Skipped);
    }

    /// The other side did not answer.
    pub fn failed(&self) {
        self.send(|| Event::Failed);
    }

    fn send(&self, event: impl FnOnce() -> Event) {
        if let Some(to) = &self.to
            && to.try_send(event()).is_err()
        {
            metrics::shadowed(Shadowed::NotLogged);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Request;
    use serde_json::json;

    use super::{About, Line, ShadowLog};
    use crate::{
        modes::{
            compare::Answered,
            difference::{Found, Kind},
            rules::SideName,
        },
        results::job_id::JobId,
    };

    #[test]
    fn differences_and_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = ShadowLog::open(Some(&path), 1 << 20, [SideName::REWRITE; 2]).unwrap();
        let head = Request::get("/").body(()).unwrap().into_parts().0;
        let about = About::of(&head, &JobId::parse("j").unwrap(), None, 0);
        let answered = Answered {
            status: 200,
            content_type: None,
            coding: String::new(),
            body: None,
            took: Duration::from_millis(3),
        };
        let mut found = Found::default();
        found.add(Kind::Value, "/a\u{9b}\n".into(), Some(&json!("\u{202e}")), Some(&json!(1)));
        log.different(&about, &answered, &answered, found);
        log.equal((Duration::from_millis(1), Duration::from_millis(2)));
        log.failed();
        drop(log);
        let lines = || std::fs::read_to_string(&path).unwrap();
        while lines().lines().count() < 2 {
            std::thread::sleep(Duration::from_millis(10));
        }
        let text = lines();
        assert!(text.is_ascii() && text.lines().count() == 2, "{text}");
        let lines: Vec<Line> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [Line::Different(different), Line::Tally(tally)] = &lines[..] else { panic!("{text}") };
        assert_eq!(different.differences[0].primary, Some(json!("\u{202e}")));
        assert_eq!((tally.equal, tally.different, tally.failed), (1, 1, 1));
        assert!((tally.secondary.p50_ms - 2.0).abs() < 1e-9 && (tally.primary.p95_ms - 3.0).abs() < 1e-9);
    }
}
