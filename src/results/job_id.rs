//! `JobId`: the only maker of an index name.

use std::fmt;

/// Longest job id, in characters.
const MOST_CHARACTERS: usize = 64;

/// A job id that Elastic's own grammar accepts: lower-case alphanumerics, `-`, `_` and `.`, starting and ending with an
/// alphanumeric, at most 64 characters. It holds nothing that means something in an index expression or a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JobId(String);

/// Why a text is no job id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidJobId {
    #[error(
        "Invalid job_id; '{0}' can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores; must start and end with alphanumeric"
    )]
    Grammar(String),
    #[error("The job id cannot contain more than {MOST_CHARACTERS} characters.")]
    TooLong,
}

// === impl JobId ===

impl JobId {
    /// Checks a job id as a client sent it, after percent-decoding.
    ///
    /// # Errors
    /// [`InvalidJobId`], in Elastic's words.
    pub fn parse(text: &str) -> Result<Self, InvalidJobId> {
        let alphanumeric = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        let inside = |c: u8| alphanumeric(c) || matches!(c, b'_' | b'-' | b'.');
        let bytes = text.as_bytes();
        let well_formed = matches!((bytes.first(), bytes.last()), (Some(&first), Some(&last)) if alphanumeric(first) && alphanumeric(last))
            && bytes.iter().all(|&c| inside(c));
        if !well_formed {
            return Err(InvalidJobId::Grammar(text.to_owned()));
        }
        if bytes.len() > MOST_CHARACTERS {
            return Err(InvalidJobId::TooLong);
        }
        Ok(Self(text.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The alias under which Elastic keeps this job's results.
    #[must_use]
    pub fn results_alias(&self) -> String {
        format!(".ml-anomalies-{}", self.0)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
