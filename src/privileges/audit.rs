//! The audit log: one line of JSON a decision. It has names and reasons, never a credential.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use serde::Serialize;

use super::authority::Who;
use crate::observe::{decisions::Decisions, one_line::escape};

/// Where the lines go.
pub struct Audit {
    sink: Option<Mutex<Box<dyn Write + Send>>>,
    /// The file that is opened again; none where there is no file.
    path: Option<PathBuf>,
    last: Arc<Decisions>,
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
    /// The id of the request in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
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
        Self { sink: None, path: None, last: Arc::default() }
    }

    /// Appends to a file; `-` is standard output.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub fn to(path: &Path) -> anyhow::Result<Self> {
        let (sink, path): (Box<dyn Write + Send>, _) = match path {
            path if path == Path::new("-") => (Box::new(io::stdout()), None),
            path => (Box::new(open(path)?), Some(path.to_owned())),
        };
        Ok(Self { sink: Some(Mutex::new(sink)), path, last: Arc::default() })
    }

    /// The last decisions.
    #[must_use]
    pub fn last(&self) -> Arc<Decisions> {
        Arc::clone(&self.last)
    }

    /// Opens the file again, as it may have been moved away.
    ///
    /// # Errors
    /// Where it cannot be opened: then the old one is written.
    pub fn reopen(&self) -> anyhow::Result<()> {
        let (Some(sink), Some(path)) = (&self.sink, &self.path) else { return Ok(()) };
        let file = open(path)?;
        *sink.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(file);
        Ok(())
    }

    /// Writes a line, whole.
    ///
    /// # Errors
    /// Where it cannot be written: then nobody should be told yes.
    pub fn write(&self, line: &Line<'_>) -> io::Result<()> {
        let text = serde_json::to_string(line)?;
        self.last.push(&text);
        let Some(sink) = &self.sink else { return Ok(()) };
        let text = escape(&text).into_owned() + "\n";
        let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
        sink.write_all(text.as_bytes())?;
        sink.flush()
    }
}

// === impl Outcome ===

impl Outcome {
    /// The outcome in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Unauthenticated => "unauthenticated",
            Self::Unavailable => "unavailable",
        }
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("audit_log: {}", path.display()))
}
