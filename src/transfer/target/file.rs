//! Documents into a file: lines that a bulk request or `mlgate import` takes, or rows of CSV. What is counted as done is on the
//! disk; what stands behind it, from a copy that was killed, is cut off.

use std::{
    fs::{File, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use super::{Written, bulk, csv};
use crate::transfer::{document::Batch, trouble::Trouble};

/// What stands in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// Lines of a bulk request
    Ndjson,
    /// A table for people; it cannot be read back
    Csv,
}

/// A file to write to.
pub struct FileTarget {
    path: Arc<Path>,
    file: Arc<Mutex<File>>,
    format: FileFormat,
}

// === impl FileTarget ===

impl FileTarget {
    /// Opens the file, or makes it. One with something in it is taken only where a copy is gone on with.
    ///
    /// # Errors
    /// Where the file cannot be written, or is not what a copy left.
    pub fn open(path: PathBuf, format: FileFormat, is_resumed: bool) -> anyhow::Result<Self> {
        let named = || path.display().to_string();
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).with_context(named)?;
        if file.metadata().with_context(named)?.len() > 0 && !is_resumed {
            bail!("{}: is there already; remove it, or name another one", named());
        }
        Ok(Self { path: path.into(), file: Arc::new(Mutex::new(file)), format })
    }

    pub fn rewind(&self, bytes: u64) -> anyhow::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let named = || self.path.display().to_string();
        let length = file.metadata().with_context(named)?.len();
        if length < bytes {
            let path = named();
            bail!("{path}: is shorter than the copy left it ({length} of {bytes} bytes); remove it and the state file");
        }
        file.set_len(bytes).with_context(named)?;
        file.seek(SeekFrom::Start(bytes)).with_context(named)?;
        Ok(())
    }

    pub async fn write(&self, batch: &mut Batch) -> Result<Written, Trouble> {
        let (path, file, format) = (Arc::clone(&self.path), Arc::clone(&self.file), self.format);
        let (documents, is_mark) = (std::mem::take(&mut batch.documents), batch.mark.is_some() || batch.is_last);
        let write = move || -> anyhow::Result<u64> {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            let named = || path.display().to_string();
            let before = file.stream_position().with_context(named)?;
            let text = match format {
                FileFormat::Ndjson => bulk::body(&documents),
                FileFormat::Csv => csv::rows(&documents, before == 0)?,
            };
            file.write_all(&text).with_context(named)?;
            if is_mark {
                file.sync_data().with_context(named)?;
            }
            Ok(before + text.len() as u64)
        };
        let bytes = tokio::task::spawn_blocking(write).await??;
        Ok(Written { bytes, ..Written::default() })
    }
}
