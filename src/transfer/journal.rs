//! How far a copy has come, in a file: a line for each step that is done. Who is killed in the midst of a line has not done that
//! step. The file is locked while a copy runs.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions, TryLockError},
    io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::document::Mark;

/// What the file begins with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Whence {
    pub from: String,
    pub to: String,
}

/// How far a part has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Reached {
    /// Where to go on; `None` at the beginning.
    pub at: Option<i64>,
    #[serde(default)]
    pub line: u64,
    /// Documents that are done.
    pub documents: u64,
    /// Of these, how many could not be moved.
    pub rejected: u64,
    /// Bytes of the file that is written.
    pub bytes: u64,
    /// All of it is done.
    pub done: bool,
}

#[derive(Deserialize, Serialize)]
struct Line<'a> {
    part: std::borrow::Cow<'a, str>,
    #[serde(flatten)]
    reached: Reached,
}

/// The file, open and locked.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    parts: HashMap<String, Reached>,
    bytes: u64,
    resumed: bool,
}

// === impl Whence ===

impl Whence {
    /// The name of the file where none was given: another one for other places.
    #[must_use]
    pub fn file(&self) -> String {
        let digest = Sha256::new().chain_update(&self.from).chain_update([0]).chain_update(&self.to).finalize();
        let hex = digest.iter().take(4).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        format!("mlgate-copy-{hex}.state")
    }
}

// === impl Reached ===

impl Reached {
    /// Where to go on reading.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.at.map(|at| Mark { at, line: self.line })
    }
}

// === impl Journal ===

impl Journal {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// Where it cannot be read, is another copy's, or another copy runs with it.
    pub fn open(path: &Path, whence: &Whence) -> anyhow::Result<Self> {
        let named = || path.display().to_string();
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).with_context(named)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("{}: another copy is running with this state file", named()),
            Err(TryLockError::Error(error)) => return Err(error).with_context(named),
        }
        let mut journal =
            Self { path: path.into(), file: file.try_clone()?, parts: HashMap::new(), bytes: 0, resumed: false };
        let mut reader = BufReader::new(&file);
        let (mut text, mut whole) = (String::new(), 0);
        while reader.read_line(&mut text).with_context(named)? > 0 && text.ends_with('\n') {
            if whole == 0 {
                let known = serde_json::from_str::<Whence>(&text).ok();
                if known.as_ref() != Some(whence) {
                    bail!(
                        "{}: is the state of another copy; finish that one, remove the file, or name another one with --state",
                        named()
                    );
                }
            } else {
                let line: Line<'_> = serde_json::from_str(&text)
                    .with_context(|| format!("{}: not a line of a copy's state", named()))?;
                journal.bytes = journal.bytes.max(line.reached.bytes);
                journal.parts.insert(line.part.into_owned(), line.reached);
            }
            whole += text.len() as u64;
            text.clear();
        }
        journal.resumed = !journal.parts.is_empty();
        file.set_len(whole).with_context(named)?;
        file.seek(SeekFrom::End(0)).with_context(named)?;
        if whole == 0 {
            let line = serde_json::to_string(whence)? + "\n";
            file.write_all(line.as_bytes()).with_context(named)?;
        }
        Ok(journal)
    }

    /// Whether it goes on with what an earlier run began.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Bytes of the target that are done, where it is a file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How far a part has come.
    #[must_use]
    pub fn reached(&self, part: &str) -> Reached {
        self.parts.get(part).cloned().unwrap_or_default()
    }

    /// Documents of all parts that are done.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.parts.values().map(|reached| reached.documents).sum()
    }

    /// Documents of all parts that could not be moved.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.parts.values().map(|reached| reached.rejected).sum()
    }

    /// Writes down how far a part has come.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&mut self, part: &str, reached: Reached) -> anyhow::Result<()> {
        let line = serde_json::to_string(&Line { part: part.into(), reached: reached.clone() })? + "\n";
        self.file.write_all(line.as_bytes()).with_context(|| self.path.display().to_string())?;
        self.bytes = self.bytes.max(reached.bytes);
        self.parts.insert(part.to_owned(), reached);
        Ok(())
    }

    /// Removes the file: there is nothing to go on with.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn remove(self) -> anyhow::Result<()> {
        std::fs::remove_file(&self.path).with_context(|| self.path.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{Journal, Reached, Whence};

    #[test]
    fn what_is_written_is_known_again_and_half_a_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let whence = |to: &str| Whence { from: "a".into(), to: to.into() };
        let one = Reached { at: Some(-5), documents: 7, bytes: 9, ..Reached::default() };
        let two = Reached { documents: 8, bytes: 10, rejected: 1, done: true, ..Reached::default() };
        let mut journal = Journal::open(&path, &whence("b")).unwrap();
        assert!(!journal.is_resumed());
        assert!(format!("{:#}", Journal::open(&path, &whence("b")).unwrap_err()).contains("another copy is running"));
        journal.write("p", one.clone()).unwrap();
        journal.write("q", one.clone()).unwrap();
        journal.write("q", two.clone()).unwrap();
        drop(journal);
        // killed in the midst of a line
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(br#"{"part":"p","at":9,"docu"#).unwrap();
        drop(file);
        for _ in 0..2 {
            let journal = Journal::open(&path, &whence("b")).unwrap();
            assert!(journal.is_resumed());
            assert_eq!(
                (journal.reached("p"), journal.reached("q"), journal.reached("r")),
                (one.clone(), two.clone(), Reached::default())
            );
            assert_eq!((journal.bytes(), journal.rejected()), (10, 1));
        }
        assert!(format!("{:#}", Journal::open(&path, &whence("c")).unwrap_err()).contains("another copy;"));
        Journal::open(&path, &whence("b")).unwrap().remove().unwrap();
        assert!(!path.exists());
    }
}
