//! What may differ between two answers.

use std::{fmt, str::FromStr};

use anyhow::{anyhow, bail};
use serde::{Deserialize, Serialize};

/// A line of `shadow_ignore`: `/buckets/*/processing_time_ms`, `/buckets/**/probability within 1e-9`, or `content-type`.
///
/// In a path `*` is any one segment, and `**` any number of them. What a line covers, it covers with all that is in it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Rule {
    /// The media type.
    ContentType,
    /// A place in the document; numbers only as far as they differ by no more than this part of the greater one.
    Place(Vec<Segment>, Option<f64>),
}

/// A segment of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Name(String),
    Any,
    AnyNumber,
}

/// A step on the way into a document.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    Name(&'a str),
    At(usize),
}

/// All that may differ.
#[derive(Debug, Clone)]
pub struct Ignore(Vec<Rule>);

/// Names of nodes and of indices in errors: no two clusters share them.
const NEVER_THE_SAME: [&str; 2] = ["/error/**/node", "/error/**/index_uuid"];

/// What the old path's replies have and those of `/_ml` have not.
const ONLY_IN_V6: &str = "/buckets/*/partition_scores";

// === impl Ignore ===

impl Ignore {
    /// The rules of the configuration, and those that always hold.
    #[must_use]
    pub fn new(rules: &[Rule]) -> Self {
        let always = NEVER_THE_SAME.iter().filter_map(|text| text.parse().ok());
        Self(rules.iter().cloned().chain(always).collect())
    }

    /// For a request with the old path where one side was asked with the new one.
    #[must_use]
    pub fn and_what_only_v6_has(&self) -> Self {
        let mut rules = self.0.clone();
        rules.extend(ONLY_IN_V6.parse().ok());
        Self(rules)
    }

    /// Whether the media type may differ.
    #[must_use]
    pub fn content_type(&self) -> bool {
        self.0.contains(&Rule::ContentType)
    }

    /// Whether what stands at a place may differ, whatever it is.
    #[must_use]
    pub fn covers(&self, path: &[Step<'_>]) -> bool {
        self.0.iter().any(|rule| matches!(rule, Rule::Place(place, None) if leads(place, path)))
    }

    /// Whether two numbers at a place are near enough.
    #[must_use]
    pub fn covers_numbers(&self, path: &[Step<'_>], one: f64, other: f64) -> bool {
        self.0.iter().any(|rule| match rule {
            Rule::Place(place, Some(part)) => {
                (one - other).abs() <= part * one.abs().max(other.abs()) && leads(place, path)
            }
            _ => false,
        })
    }
}

fn leads(place: &[Segment], path: &[Step<'_>]) -> bool {
    match (place, path) {
        ([], []) => true,
        ([Segment::AnyNumber, rest @ ..], _) => {
            leads(rest, path) || path.split_first().is_some_and(|(_, path)| leads(place, path))
        }
        ([Segment::Any, rest @ ..], [_, path @ ..]) => leads(rest, path),
        ([Segment::Name(name), rest @ ..], [step, path @ ..]) => step.is(name) && leads(rest, path),
        _ => false,
    }
}

// === impl Step ===

impl Step<'_> {
    fn is(self, name: &str) -> bool {
        match self {
            Self::Name(step) => step == name,
            Self::At(at) => name.parse() == Ok(at),
        }
    }
}

// === impl Rule ===

impl FromStr for Rule {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let text = text.trim();
        if text == "content-type" {
            return Ok(Self::ContentType);
        }
        let (place, part) = match text.split_once(" within ") {
            None => (text, None),
            Some((place, part)) => {
                let part = part.trim().parse().ok().filter(|part: &f64| part.is_finite() && *part >= 0.0);
                (place, Some(part.ok_or_else(|| anyhow!("[{text}]: within must be followed by a number as 1e-9"))?))
            }
        };
        let Some(segments) = place.trim().strip_prefix('/').filter(|it| !it.is_empty() && !it.contains(' ')) else {
            bail!("[{text}] must be a place as /buckets/*/processing_time_ms, or content-type");
        };
        let segment = |text: &str| match text {
            "*" => Segment::Any,
            "**" => Segment::AnyNumber,
            name => Segment::Name(name.replace("~1", "/").replace("~0", "~")),
        };
        Ok(Self::Place(segments.split('/').map(segment).collect(), part))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Place(segments, part) = self else { return f.write_str("content-type") };
        for segment in segments {
            match segment {
                Segment::Any => f.write_str("/*")?,
                Segment::AnyNumber => f.write_str("/**")?,
                Segment::Name(name) => write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))?,
            }
        }
        part.map_or(Ok(()), |part| write!(f, " within {part:e}"))
    }
}

impl TryFrom<String> for Rule {
    type Error = anyhow::Error;

    fn try_from(text: String) -> anyhow::Result<Self> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Ignore, Rule, Step};

    #[test]
    fn places() {
        let covers = |rule: &str, path: &[Step<'_>]| Ignore::new(&[rule.parse().unwrap()]).covers(path);
        let score = [Step::Name("buckets"), Step::At(3), Step::Name("score")];
        for rule in ["/buckets/*/score", "/buckets/3/score", "/**/score", "/buckets/**", "/**"] {
            assert!(covers(rule, &score), "{rule}");
        }
        for rule in ["/buckets", "/buckets/*", "/buckets/4/score", "/*/score", "content-type", "/**/score within 1"] {
            assert!(!covers(rule, &score), "{rule}");
        }
        assert!(covers("/a~1b/c~0d", &[Step::Name("a/b"), Step::Name("c~d")]));
        for rule in ["", "/", "score", "/a within", "/a within x", "/a within -1", "status"] {
            assert!(rule.parse::<Rule>().is_err(), "{rule}");
        }
        for rule in ["/a~1b/*/**/c", "/a within 1e-9", "content-type"] {
            assert_eq!(rule.parse::<Rule>().unwrap().to_string(), rule);
        }
    }

    #[test]
    fn a_part_of_the_greater_number() {
        let near = |one, other| {
            Ignore::new(&["/a within 1e-3".parse().unwrap()]).covers_numbers(&[Step::Name("a")], one, other)
        };
        assert!(near(1000.0, 1000.9) && near(1e-300, 1.0005e-300) && near(0.0, 0.0) && near(-1.0, -1.0));
        assert!(!near(1000.0, 1002.0) && !near(1e-300, 2e-300) && !near(-1.0, 1.0) && !near(0.0, 1e-300));
    }
}
