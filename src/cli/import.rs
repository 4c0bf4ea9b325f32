//! `mlgate import`: loads files of result documents into the embedded store.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    config::{Config, Results, Settings},
    store::embedded::{EmbeddedStore, import::Summary},
};

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    #[command(flatten)]
    pub settings: Settings,
    /// Files of bulk requests, elasticdump lines, search replies or bare documents; or folders of `.ndjson` files
    #[arg(required = true, value_name = "PATH")]
    files: Vec<PathBuf>,
}

// === impl Import ===

impl Import {
    pub fn run(self, config: &Config) -> anyhow::Result<()> {
        let Results::Embedded(file) = &config.results else {
            bail!("upstream: only the embedded store can be loaded");
        };
        let bad = load(&EmbeddedStore::open(file)?, &self.files)?;
        if bad > 0 {
            bail!("{bad} lines could not be loaded; all others were");
        }
        Ok(())
    }
}

/// Loads files and folders, and says how it went. Gives the number of lines that could not be loaded.
pub(super) fn load(store: &EmbeddedStore, paths: &[PathBuf]) -> anyhow::Result<u64> {
    let mut bad = 0;
    for file in files(paths)? {
        let bar = ProgressBar::new(file.metadata().with_context(|| file.display().to_string())?.len());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
        {
            bar.set_style(style);
        }
        bar.set_message(file.display().to_string());
        let report = |line: u64, reason: &str| bar.suspend(|| eprintln!("{}:{line}: {reason}", file.display()));
        let summary = store.import(&file, report, |done| bar.set_position(done))?;
        bar.finish_and_clear();
        eprintln!("{}: {}", file.display(), in_words(&summary));
        bad += summary.bad;
    }
    Ok(bad)
}

/// What a load did, in one line.
fn in_words(summary: &Summary) -> String {
    let Summary { documents, jobs, aliases, bad, bad_before, skipped, resumed_at, .. } = summary;
    let mut words = format!("{documents} documents, {jobs} job configurations");
    if *aliases > 0 {
        let _ = write!(words, ", {aliases} aliases");
    }
    let _ = write!(words, ", {bad} bad lines");
    if *bad_before > 0 {
        let _ = write!(words, " ({bad_before} of them named by an earlier load)");
    }
    if *skipped > 0 {
        let _ = write!(words, ", {skipped} documents passed over that are no results");
    }
    if *resumed_at > 0 {
        let _ = write!(words, " (went on at byte {resumed_at})");
    }
    words
}

/// The files behind paths; those of a folder in the order of their names. A path that leads nowhere is told before anything
/// is loaded.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let named = || path.display().to_string();
        if path.metadata().with_context(named)?.is_dir() {
            let inside: std::io::Result<Vec<PathBuf>> =
                path.read_dir().with_context(named)?.map(|entry| entry.map(|entry| entry.path())).collect();
            let mut inside = inside.with_context(named)?;
            inside.retain(|file| file.extension().is_some_and(|extension| extension == "ndjson"));
            if inside.is_empty() {
                bail!("{}: no .ndjson file in this folder", path.display());
            }
            inside.sort();
            files.extend(inside);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}
