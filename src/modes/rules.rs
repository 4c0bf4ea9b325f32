//! What is said about modes: `farequote-*=native`, and the names of the two sides.

use std::{fmt, str::FromStr};

use anyhow::bail;
use serde::{Deserialize, Serialize};

/// How an answer is come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// The results are searched, and the hits made into the reply.
    Rewrite,
    /// A genuine ML API is asked.
    Native,
}

/// Which cluster is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The one of `upstream`, or the file of `store`.
    Upstream,
    /// The one of `secondary`.
    Secondary,
}

/// Who may answer: `rewrite`, `native`, and both with `@secondary`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct SideName {
    pub way: Way,
    pub place: Place,
}

/// What is done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModeName {
    /// One side answers.
    Side(SideName),
    /// One side answers, the other one is asked as well, and both are compared.
    Shadow,
}

/// A line of `modes`: jobs, with `*` for any text, and their mode.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModeRule {
    pub jobs: String,
    pub mode: ModeName,
}

// === impl SideName ===

impl SideName {
    /// What there is without any setting.
    pub const REWRITE: Self = Self { way: Way::Rewrite, place: Place::Upstream };

    /// The side in words, as in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match (self.way, self.place) {
            (Way::Rewrite, Place::Upstream) => "rewrite",
            (Way::Native, Place::Upstream) => "native",
            (Way::Rewrite, Place::Secondary) => "rewrite@secondary",
            (Way::Native, Place::Secondary) => "native@secondary",
        }
    }
}

impl FromStr for SideName {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (way, place) = match text.trim() {
            "rewrite" => (Way::Rewrite, Place::Upstream),
            "native" => (Way::Native, Place::Upstream),
            "rewrite@secondary" => (Way::Rewrite, Place::Secondary),
            "native@secondary" => (Way::Native, Place::Secondary),
            _ => bail!("[{text}] must be rewrite, native, rewrite@secondary or native@secondary"),
        };
        Ok(Self { way, place })
    }
}

// === impl ModeRule ===

impl FromStr for ModeRule {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let Some((jobs, mode)) = text.trim().split_once('=') else { bail!("[{text}] must be JOBS=MODE") };
        let is_of_jobs = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.*".contains(c);
        if jobs.is_empty() || !jobs.chars().all(is_of_jobs) {
            bail!("[{text}] must name jobs: a-z, 0-9, - _ . and * for any text");
        }
        let mode = match mode {
            "shadow" => ModeName::Shadow,
            side => match side.parse() {
                Ok(side) => ModeName::Side(side),
                Err(_) => bail!("[{text}]: the mode must be rewrite or native, also with @secondary, or shadow"),
            },
        };
        Ok(Self { jobs: jobs.to_owned(), mode })
    }
}

impl fmt::Display for ModeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            ModeName::Side(side) => side.name(),
            ModeName::Shadow => "shadow",
        };
        write!(f, "{}={mode}", self.jobs)
    }
}

// === texts ===

impl TryFrom<String> for SideName {
    type Error = anyhow::Error;

    fn try_from(text: String) -> anyhow::Result<Self> {
        text.parse()
    }
}

impl From<SideName> for String {
    fn from(side: SideName) -> Self {
        side.name().to_owned()
    }
}

impl TryFrom<String> for ModeRule {
    type Error = anyhow::Error;

    fn try_from(text: String) -> anyhow::Result<Self> {
        text.parse()
    }
}

impl From<ModeRule> for String {
    fn from(rule: ModeRule) -> Self {
        rule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::ModeRule;

    #[test]
    fn lines_of_modes() {
        for text in ["*=shadow", "farequote-*=native", "a.b_c=rewrite@secondary", "*-x=native@secondary"] {
            assert_eq!(text.parse::<ModeRule>().unwrap().to_string(), text);
        }
        for text in ["", "*", "=native", "a=b", "A=native", "a b=native", "a=shadow@secondary", "a/b=native"] {
            assert!(text.parse::<ModeRule>().is_err(), "{text}");
        }
    }
}
