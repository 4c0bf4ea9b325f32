//! The audit log: one line of JSON a decision. It has names and reasons, never a credential.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use serde::Serialize;

use super::authority::Who;

/// Where the lines go.
pub struct Audit {
    sink: Option<Mutex<Box<dyn Write + Send>>>,
}

/// One decision.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// RFC 3339, UTC.
    pub time: String,
    pub outcome: Outcome,
    #[serde(flatten)]
    pub who: Option<&'a Who>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<&'a str>,
    pub asked: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'a str>,
    /// Counts the decisions of this process.
    pub request: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opaque_id: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Allowed,
    Refused,
    Unauthenticated,
    Unavailable,
}

// === impl Audit ===

impl Audit {
    /// No audit log.
    #[must_use]
    pub fn off() -> Self {
        Self { sink: None }
    }

    /// Appends to a file; `-` is standard output.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub fn to(path: &Path) -> anyhow::Result<Self> {
        let sink: Box<dyn Write + Send> = if path == Path::new("-") {
            Box::new(io::stdout())
        } else {
            let mut options = OpenOptions::new();
            options.create(true).append(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            Box::new(options.open(path).with_context(|| format!("audit_log: {}", path.display()))?)
        };
        Ok(Self { sink: Some(Mutex::new(sink)) })
    }

    /// Writes a line, whole.
    ///
    /// # Errors
    /// Where it cannot be written: then nobody should be told yes.
    pub fn write(&self, line: &Line<'_>) -> io::Result<()> {
        let Some(sink) = &self.sink else { return Ok(()) };
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        sink.write_all(&text)?;
        sink.flush()
    }
}
