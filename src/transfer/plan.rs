//! What is to be moved.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};

use crate::results::job_id::JobId;

/// The jobs that are asked for: names, some of them with `*`.
#[derive(Debug, Clone)]
pub struct Chosen(Vec<String>);

/// A part is read from its beginning to its end, and remembered under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub name: String,
    /// The jobs whose documents are in it.
    pub jobs: BTreeSet<String>,
    /// About how many documents it has.
    pub documents: u64,
}

/// What is known of a job at the source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Job {
    /// About how many results it has.
    pub documents: u64,
    /// Times of the first and the last one, in epoch milliseconds.
    pub span: Option<(i64, i64)>,
    /// Its indices, by their names at the target.
    pub indices: BTreeSet<String>,
    /// Whether its configuration can be moved.
    pub configuration: bool,
}

/// What there is at the source.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub jobs: BTreeMap<String, Job>,
    pub parts: Vec<Part>,
    /// What is left where it is, and why.
    pub notes: Vec<String>,
}

// === impl Chosen ===

impl Chosen {
    /// Reads names and patterns.
    ///
    /// # Errors
    /// What no job can be called.
    pub fn parse(texts: &[String]) -> anyhow::Result<Self> {
        for text in texts {
            JobId::parse(&text.replace('*', "a")).with_context(|| format!("--jobs {text}"))?;
        }
        Ok(Self(texts.to_vec()))
    }

    /// The names without `*`.
    pub fn exact(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).filter(|name| !name.contains('*'))
    }

    /// Whether there are names with `*`.
    #[must_use]
    pub fn has_patterns(&self) -> bool {
        self.0.iter().any(|name| name.contains('*'))
    }

    /// Whether a job is asked for.
    #[must_use]
    pub fn includes(&self, job: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, job))
    }

    /// Refuses names of which the source knows nothing.
    ///
    /// # Errors
    /// Which these are.
    pub fn all_found(&self, plan: &Plan, place: &str) -> anyhow::Result<()> {
        let unknown: Vec<_> = self.exact().filter(|job| !plan.jobs.contains_key(*job)).collect();
        if !unknown.is_empty() {
            bail!(
                "{place}: knows nothing of the job {}; --dry-run without --jobs lists what it knows",
                unknown.join(", ")
            );
        }
        if plan.jobs.is_empty() {
            bail!("{place}: has no results of {}", self.0.join(", "));
        }
        Ok(())
    }
}

/// Whether a name is one of a pattern, where `*` is any text.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(head) else { return false };
    let parts: Vec<_> = rest.split('*').collect();
    let Some((last, middle)) = parts.split_last() else { return true };
    for part in middle {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

// === impl Plan ===

impl Plan {
    /// About how many documents there are.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.parts.iter().map(|part| part.documents).sum()
    }

    /// Counts a result, for sources that are read to know what is in them.
    pub fn count(&mut self, job: String, index: &str, time: Option<i64>) {
        let job = self.jobs.entry(job).or_default();
        job.documents += 1;
        if let Some(time) = time {
            let (first, last) = job.span.unwrap_or((time, time));
            job.span = Some((first.min(time), last.max(time)));
        }
        if !job.indices.contains(index) {
            job.indices.insert(index.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Chosen, matches};

    #[test]
    fn patterns() {
        for (pattern, yes, no) in [
            ("a", vec!["a"], vec!["", "ab"]),
            ("*", vec!["", "a"], vec![]),
            ("a*", vec!["a", "ab"], vec!["ba"]),
            ("a*c", vec!["ac", "abc", "acc"], vec!["a", "acb", "c"]),
            ("*b*d", vec!["bd", "abcd"], vec!["dab", "b"]),
        ] {
            assert!(yes.iter().all(|name| matches(pattern, name)), "{pattern}");
            assert!(no.iter().all(|name| !matches(pattern, name)), "{pattern}");
        }
    }

    #[test]
    fn what_no_job_can_be_called_is_refused() {
        let parse = |text: &str| Chosen::parse(&[text.to_owned()]);
        assert!(parse("it-ops-*").is_ok() && parse("*").is_ok());
        assert!(format!("{:#}", parse("a/b").unwrap_err()).starts_with("--jobs a/b: Invalid job_id"));
    }
}
