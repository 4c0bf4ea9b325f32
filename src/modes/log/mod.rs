//! The file of differences: one line of JSON each, and now and then a line that says how many there were of how many.
//!
//! It has values of results, so it is its owner's alone. A thread of its own writes; where that does not keep up, lines are
//! dropped and counted.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use super::{
    compare::Answered,
    difference::{Difference, Found},
    rules::SideName,
};
use crate::{
    observe::{
        metrics::{self, Shadowed},
        one_line::escape,
    },
    rest::Parameters,
    results::job_id::JobId,
    route::{Dialect, Route},
};

/// How often the numbers are written, where they have changed.
const TALLY_EVERY: Duration = Duration::from_secs(5);

/// Lines that wait to be written.
const WAITING: usize = 256;

/// Comparisons whose times are kept for the numbers.
const TIMES_KEPT: usize = 1_024;

/// Parameters that may be shown, and how much of them.
const SHOWN: [&str; 9] = ["start", "end", "anomaly_score", "from", "size", "sort", "desc", "expand", "exclude_interim"];
const MOST_OF_A_PARAMETER: usize = 64;

/// What is told of a request that was compared. Of the query only the API's own parameters, of a body its length.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct About {
    pub job: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    pub method: String,
    /// Whether it has the old path.
    #[serde(default)]
    pub v6: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(String, String)>,
    #[serde(default)]
    pub body_bytes: usize,
}

/// One answer, without what was in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    pub side: String,
    pub status: u16,
    pub ms: f64,
}

/// A line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Different(Box<Different>),
    Tally(Tally),
}

/// Two answers that differ.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Different {
    pub time: String,
    #[serde(flatten)]
    pub about: About,
    pub primary: Seen,
    pub secondary: Seen,
    pub differences: Vec<Difference>,
    /// All of them, those included that are not listed.
    pub count: usize,
}

/// The numbers of one run of the program up to now.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Tally {
    pub time: String,
    /// Tells runs apart.
    pub run: String,
    pub primary: Numbers,
    pub secondary: Numbers,
    pub equal: u64,
    pub different: u64,
    pub skipped: u64,
    pub failed: u64,
}

/// One side, and how long its last answers took.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Numbers {
    pub side: String,
    pub p50_ms: f64,
    pub p95_ms: f64,
}

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

/// A file that does not grow beyond a size: then it becomes `FILE.1`, and a new one is begun.
struct Bounded {
    path: PathBuf,
    file: File,
    size: u64,
    most: u64,
}

/// The thread's own.
struct Writer {
    to: Bounded,
    tally: Tally,
    times: VecDeque<Times>,
    /// Since when there are numbers that were not written.
    news: Option<Instant>,
    failing: bool,
}

// === impl About ===

impl About {
    /// Takes from a request what may be told.
    #[must_use]
    pub fn of(head: &Parts, job: &JobId, request: Option<String>, body_bytes: usize) -> Self {
        let route = Route::find(&head.method, head.uri.path());
        let parameters = Parameters::parse(head.uri.query().unwrap_or_default()).unwrap_or_default();
        let cut = |text: &str| text.chars().take(MOST_OF_A_PARAMETER).collect::<String>();
        let mut shown: Vec<_> = SHOWN
            .iter()
            .filter_map(|name| parameters.get(name).map(|value| ((*name).to_owned(), cut(value))))
            .collect();
        let mut v6 = false;
        if let Ok(Route::GetBuckets { dialect, timestamp, .. }) = route {
            v6 = dialect == Dialect::V6;
            shown.extend(timestamp.map(|timestamp| ("timestamp".to_owned(), cut(&timestamp))));
        }
        Self {
            job: job.as_str().to_owned(),
            request,
            method: head.method.to_string(),
            v6,
            parameters: shown,
            body_bytes,
        }
    }
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
        let writer = Writer { to, tally, times: VecDeque::new(), news: None, failing: false };
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

// === impl Writer ===

impl Writer {
    fn run(mut self, events: &Receiver<Event>) {
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

// === impl Bounded ===

impl Bounded {
    fn open(path: &Path, most: u64) -> io::Result<Self> {
        let file = append(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size, most })
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        let line = escape(line).into_owned() + "\n";
        if self.size > 0 && self.size + line.len() as u64 > self.most {
            std::fs::rename(&self.path, before(&self.path))?;
            self.file = append(&self.path)?;
            self.size = 0;
        }
        self.file.write_all(line.as_bytes())?;
        self.size += line.len() as u64;
        Ok(())
    }
}

/// The file that was written before this one.
#[must_use]
pub fn before(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn milliseconds(time: Duration) -> f64 {
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
    use std::{path::Path, time::Duration};

    use http::Request;
    use serde_json::json;

    use super::{About, Bounded, Line, ShadowLog, before, percentiles};
    use crate::{
        modes::{
            compare::Answered,
            difference::{Found, Kind},
            rules::SideName,
        },
        results::job_id::JobId,
    };

    #[test]
    fn two_files_of_a_bounded_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut file = Bounded::open(&path, 100).unwrap();
        for number in 0..100 {
            file.write(&format!("{number:09}")).unwrap();
        }
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!((read(&path).lines().count(), read(&before(&path)).lines().count()), (10, 10));
        assert!(read(&path).ends_with("000000099\n"));
    }

    #[test]
    fn what_is_told_of_a_request() {
        let request = Request::get("/_xpack/ml/anomaly_detectors/j/results/buckets/5?sort=secret&token=hunter2&size=3");
        let head = request.header("authorization", "hunter2").body(()).unwrap().into_parts().0;
        let about = About::of(&head, &JobId::parse("j").unwrap(), None, 7);
        let text = serde_json::to_string(&about).unwrap();
        assert!(!text.contains("hunter2") && text.contains("[\"size\",\"3\"]"), "{text}");
        assert!(about.v6 && about.parameters.contains(&("timestamp".into(), "5".into())));
    }

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

    #[test]
    fn percentiles_of_few_and_of_many() {
        let told = |times| format!("{:?}", percentiles(times));
        assert_eq!(told(vec![]), "[0.0, 0.0]");
        assert_eq!(told(vec![7.0]), "[7.0, 7.0]");
        assert_eq!(told((1..=100).rev().map(f64::from).collect()), "[50.0, 95.0]");
    }
}
