//! A file that does not grow beyond a size.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::observe::one_line::escape;

/// When it is full it becomes `FILE.1`, and a new one is begun.
pub struct Bounded {
    path: PathBuf,
    file: File,
    size: u64,
    most: u64,
}

// === impl Bounded ===

impl Bounded {
    /// Appends to a file of at most `most` bytes.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(path: &Path, most: u64) -> io::Result<Self> {
        let file = append(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size, most })
    }

    /// Writes a line.
    ///
    /// # Errors
    /// Where it cannot be written, or the file cannot be renamed.
    pub fn write(&mut self, line: &str) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Bounded, before};

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
}
