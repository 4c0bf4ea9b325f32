//! Checksums of documents, a job and a day each. They do not depend on the order of documents, nor on how their JSON is written:
//! a SHA-256 of each one's id and of its source with sorted names, added up.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::document::{Document, Head};

const DAY: i64 = 86_400_000;

/// How many documents, and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    pub count: u64,
    sum: u128,
}

/// The sums of every job and day. Documents without a time have a day of their own.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<(String, Option<i64>), Sum>);

/// A day of a job where two places differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    pub job: String,
    pub day: Option<i64>,
    pub source: Sum,
    pub target: Sum,
}

// === impl Sum ===

impl Sum {
    fn add(&mut self, id: &str, source: &[u8]) {
        let digest = Sha256::new().chain_update(id).chain_update([0]).chain_update(canonical(source)).finalize();
        let half = digest.iter().take(16).fold(0_u128, |sum, &byte| sum << 8 | u128::from(byte));
        self.count += 1;
        self.sum = self.sum.wrapping_add(half);
    }
}

/// The document with sorted names and without white space. What is too large for this (a number) stays as it is.
pub(super) fn canonical(source: &[u8]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Value>(source) else { return source.to_vec() };
    value.sort_all_objects();
    serde_json::to_vec(&value).unwrap_or_else(|_| source.to_vec())
}

// === impl Sums ===

impl Sums {
    /// Adds a result. Configurations do not count: what the target has is left as it is.
    pub fn add(&mut self, document: &Document) {
        if document.is_configuration() {
            return;
        }
        let head = Head::read(&document.source).ok();
        let job = head.as_ref().and_then(Head::job).unwrap_or_default();
        let day = head.and_then(|head| head.time()).map(|time| time.div_euclid(DAY));
        self.0.entry((job, day)).or_default().add(&document.id, &document.source);
    }

    /// Adds sums of other documents.
    pub fn extend(&mut self, other: Self) {
        for (key, sum) in other.0 {
            let all = self.0.entry(key).or_default();
            all.count += sum.count;
            all.sum = all.sum.wrapping_add(sum.sum);
        }
    }

    /// Documents of all days.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.0.values().map(|sum| sum.count).sum()
    }

    /// Pairs of a job and a day.
    #[must_use]
    pub fn days(&self) -> usize {
        self.0.len()
    }

    /// Where the two differ, in the order of jobs and days.
    #[must_use]
    pub fn differences(&self, target: &Self) -> Vec<Difference> {
        let all: std::collections::BTreeSet<_> = self.0.keys().chain(target.0.keys()).collect();
        let of = |sums: &Self, key| sums.0.get(key).copied().unwrap_or_default();
        let differ = all.into_iter().filter(|key| of(self, key) != of(target, key));
        differ
            .map(|key| Difference { job: key.0.clone(), day: key.1, source: of(self, key), target: of(target, key) })
            .collect()
    }
}

// === impl Difference ===

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut day = String::from("without a time");
        if let Some(time) = self.day.and_then(|day| jiff::Timestamp::from_millisecond(day * DAY).ok()) {
            day.clear();
            write!(day, "on {}", time.strftime("%F"))?;
        }
        let Self { job, source, target, .. } = self;
        write!(f, "{job} {day}: {} documents at the source, {} at the target", source.count, target.count)?;
        if source.count == target.count { f.write_str(", which are not the same") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Sums;
    use crate::transfer::document::Document;

    fn sums(documents: &[(&str, &str)]) -> Sums {
        let mut sums = Sums::default();
        for (id, source) in documents {
            sums.add(&Document { index: "i".into(), id: (*id).into(), source: (*source).to_owned().into() });
        }
        sums
    }

    #[test]
    fn neither_order_nor_spelling_counts() {
        let one = sums(&[
            ("a", r#"{"job_id":"j","timestamp":5,"x":1.0E-6,"o":{"p":[1,{"b":1,"a":2}]}}"#),
            ("b", r#"{"job_id":"j","timestamp":86400000}"#),
            ("c", r#"{"job_id":"k"}"#),
        ]);
        let other = sums(&[
            ("c", r#"{ "job_id" : "k" }"#),
            ("a", r#"{"o":{"p":[1,{"a":2,"b":1}]},"timestamp":5,"x":0.000001,"job_id":"j"}"#),
            ("b", r#"{"timestamp":86400000,"job_id":"\u006a"}"#),
        ]);
        assert_eq!(one, other);
        assert_eq!((one.documents(), one.days(), one.differences(&other)), (3, 3, vec![]));
    }

    #[test]
    fn every_difference_is_told_by_job_and_day() {
        let one = sums(&[("a", r#"{"job_id":"j","timestamp":5}"#), ("b", r#"{"job_id":"j","timestamp":86400000}"#)]);
        for (other, told) in [
            (
                vec![("a", r#"{"job_id":"j","timestamp":5}"#)],
                "j on 1970-01-02: 1 documents at the source, 0 at the target",
            ),
            (
                vec![("a", r#"{"job_id":"j","timestamp":6}"#), ("b", r#"{"job_id":"j","timestamp":86400000}"#)],
                "j on 1970-01-01: 1 documents at the source, 1 at the target, which are not the same",
            ),
            (
                vec![
                    ("a", r#"{"job_id":"j","timestamp":5}"#),
                    ("b", r#"{"job_id":"j","timestamp":86400000}"#),
                    ("b", r#"{"job_id":"j"}"#),
                ],
                "j without a time: 0 documents at the source, 1 at the target",
            ),
        ] {
            let differences = one.differences(&sums(&other));
            assert_eq!(differences.iter().map(ToString::to_string).collect::<Vec<_>>(), [told]);
        }
        // an id alone
        let other = sums(&[("A", r#"{"job_id":"j","timestamp":5}"#), ("b", r#"{"job_id":"j","timestamp":86400000}"#)]);
        assert_eq!(one.differences(&other).len(), 1);
    }
}
