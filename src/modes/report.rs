//! What the file of differences says: how many, of which kind, for which job, and the first of each.
//!
//! Values come from clusters, and are shown to a person: nothing in them may move his cursor.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::Value;

use super::{
    difference::{Difference, Kind},
    log::{Different, Line, Numbers, Tally, before, percentiles},
};
use crate::observe::one_line::escape;

/// Comparisons whose times are kept for one group.
const TIMES_KEPT: usize = 100_000;

/// All that was found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub equal: u64,
    pub different: u64,
    pub skipped: u64,
    pub failed: u64,
    /// The sides and their last times, as the last run has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary: Option<Numbers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary: Option<Numbers>,
    /// Lines that are none of ours, such as one that was cut off.
    pub unreadable: u64,
    pub groups: Vec<Group>,
}

/// Differences of one kind, at one place, for one job.
#[derive(Debug, Serialize)]
pub struct Group {
    pub job: String,
    pub kind: Kind,
    /// Places in lists are `*`.
    pub place: String,
    /// How many requests' answers have it.
    pub requests: u64,
    /// How often it is listed; of one request at most 20 are.
    pub listed: u64,
    pub first: First,
    pub primary: Numbers,
    pub secondary: Numbers,
    #[serde(skip)]
    times: (Vec<f64>, Vec<f64>),
}

/// The first difference of a group.
#[derive(Debug, Serialize)]
pub struct First {
    #[serde(flatten)]
    pub request: Different,
    pub difference: Difference,
}

// === impl Report ===

impl Report {
    /// Reads a file, and the one before it where there is one.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let mut report = Self::default();
        let mut groups: BTreeMap<(String, Kind, String), Group> = BTreeMap::new();
        let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
        let older = before(path);
        let files: Vec<&Path> = [&*older, path].into_iter().filter(|file| file.exists()).collect();
        if files.is_empty() {
            bail!("{}: no such file", path.display());
        }
        for file in files {
            let named = || file.display().to_string();
            for line in BufReader::new(File::open(file).with_context(named)?).split(b'\n') {
                match serde_json::from_slice(&line.with_context(named)?) {
                    Ok(Line::Tally(tally)) => drop(tallies.insert(tally.run.clone(), tally)),
                    Ok(Line::Different(line)) => sort_in(&mut groups, &line),
                    Err(_) => report.unreadable += 1,
                }
            }
        }
        for tally in tallies.into_values() {
            report.equal += tally.equal;
            report.different += tally.different;
            report.skipped += tally.skipped;
            report.failed += tally.failed;
            (report.primary, report.secondary) = (Some(tally.primary), Some(tally.secondary));
        }
        report.groups = groups.into_values().map(Group::done).collect();
        report.groups.sort_by_key(|group| Reverse(group.requests));
        Ok(report)
    }

    /// Whether anything differs.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.different > 0 || !self.groups.is_empty()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        // Writing into a text does not fail.
        let mut text = String::new();
        let Self { equal, different, skipped, failed, .. } = self;
        let compared = equal + different;
        let _ = writeln!(
            text,
            "{compared} compared: {equal} equal, {different} different; {skipped} skipped, {failed} without an answer"
        );
        for (what, numbers) in [("answered", &self.primary), ("compared", &self.secondary)] {
            if let Some(numbers) = numbers {
                let _ = writeln!(text, "{what}: {}", numbers.in_words());
            }
        }
        if self.unreadable > 0 {
            let _ = writeln!(text, "{} lines could not be read", self.unreadable);
        }
        for group in &self.groups {
            let _ = writeln!(text, "\n{}", group.in_words());
        }
        text
    }
}

fn sort_in(groups: &mut BTreeMap<(String, Kind, String), Group>, line: &Different) {
    let mut counted: Vec<(Kind, String)> = Vec::new();
    for difference in &line.differences {
        let place = general(&difference.pointer);
        let group = groups.entry((line.about.job.clone(), difference.kind, place.clone())).or_insert_with(|| Group {
            job: line.about.job.clone(),
            kind: difference.kind,
            place: place.clone(),
            requests: 0,
            listed: 0,
            first: First {
                request: Different { differences: Vec::new(), ..line.clone() },
                difference: difference.clone(),
            },
            primary: Numbers { side: line.primary.side.clone(), ..Numbers::default() },
            secondary: Numbers { side: line.secondary.side.clone(), ..Numbers::default() },
            times: (Vec::new(), Vec::new()),
        });
        group.listed += 1;
        let key = (difference.kind, place);
        if !counted.contains(&key) {
            counted.push(key);
            group.requests += 1;
            if group.times.0.len() < TIMES_KEPT {
                group.times.0.push(line.primary.ms);
                group.times.1.push(line.secondary.ms);
            }
        }
    }
}

/// A pointer with `*` for places in lists.
fn general(pointer: &str) -> String {
    let is_number = |segment: &str| !segment.is_empty() && segment.bytes().all(|c| c.is_ascii_digit());
    let segments = pointer.split('/').map(|segment| if is_number(segment) { "*" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

// === impl Group ===

impl Group {
    fn done(mut self) -> Self {
        let (primary, secondary) = std::mem::take(&mut self.times);
        [self.primary.p50_ms, self.primary.p95_ms] = percentiles(primary);
        [self.secondary.p50_ms, self.secondary.p95_ms] = percentiles(secondary);
        self
    }

    fn in_words(&self) -> String {
        let First { request, difference } = &self.first;
        let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
        let mut parameters = String::new();
        for (name, value) in &request.about.parameters {
            let _ = write!(parameters, " {name}={value}");
        }
        let at = if self.place.is_empty() { String::new() } else { format!(" at {}", self.place) };
        let lines = [
            format!("{}: {}{at}, {} requests", self.job, self.kind.name(), self.requests),
            format!(
                "  first {} request {} {}{parameters}",
                request.time,
                request.about.request.as_deref().unwrap_or("-"),
                request.about.method
            ),
            format!("    pointer {:?}", difference.pointer),
            format!("    {} {}: {}", request.primary.side, request.primary.status, value(&difference.primary)),
            format!("    {} {}: {}", request.secondary.side, request.secondary.status, value(&difference.secondary)),
            format!("  {}; {}", self.primary.in_words(), self.secondary.in_words()),
        ];
        lines.map(|line| escape(&line).into_owned()).join("\n")
    }
}

// === impl Numbers ===

impl Numbers {
    fn in_words(&self) -> String {
        let Self { side, p50_ms, p95_ms } = self;
        escape(&format!("{side} p50 {p50_ms} ms, p95 {p95_ms} ms")).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, general};

    #[test]
    fn groups_and_numbers_and_nothing_that_moves_the_cursor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let line = |job: &str, pointer: &str| {
            format!(
                r#"{{"different":{{"time":"t","job":"{job}","method":"GET","primary":{{"side":"rewrite","status":200,"ms":1.0}},
                "secondary":{{"side":"native","status":200,"ms":3.0}},"count":2,"differences":[
                {{"kind":"value","pointer":"{pointer}","primary":"\u001b[2J","secondary":"\u202ex"}},
                {{"kind":"value","pointer":"{pointer}","primary":1,"secondary":2}}]}}}}"#
            )
            .replace('\n', "")
                + "\n"
        };
        let tally = |run: u8, equal: u8| {
            format!(
                r#"{{"tally":{{"time":"t","run":"{run}","equal":{equal},"different":1,"skipped":0,"failed":2,
                "primary":{{"side":"rewrite","p50_ms":1,"p95_ms":2}},"secondary":{{"side":"native","p50_ms":1,"p95_ms":2}}}}}}"#
            )
            .replace('\n', "")
                + "\n"
        };
        std::fs::write(folder.path().join("log.1"), line("a", "/buckets/0/x") + &tally(1, 5) + &tally(1, 6)).unwrap();
        std::fs::write(&path, line("a", "/buckets/12/x") + &line("b", "/x") + &tally(2, 1) + "{\"diff").unwrap();
        let report = Report::read(&path).unwrap();
        assert_eq!((report.equal, report.different, report.failed, report.unreadable), (7, 2, 4, 1));
        let groups: Vec<_> = report.groups.iter().map(|it| (&*it.job, &*it.place, it.requests, it.listed)).collect();
        assert_eq!(groups, [("a", "/buckets/*/x", 2, 4), ("b", "/x", 1, 2)]);
        let text = report.text();
        assert!(
            text.contains("a: value at /buckets/*/x, 2 requests") && text.contains("7 equal, 2 different"),
            "{text}"
        );
        assert!(text.bytes().all(|c| c == b'\n' || (b' '..0x7f).contains(&c)), "{text}");
        assert!(Report::read(&folder.path().join("none")).is_err());
    }

    #[test]
    fn places_in_lists() {
        assert_eq!(general("/buckets/3/a1/0"), "/buckets/*/a1/*");
        assert_eq!(general(""), "");
    }
}
