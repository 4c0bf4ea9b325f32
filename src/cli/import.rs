//! `mlgate import`: loads files of result documents into the embedded store.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    config::{Config, Results, Settings},
    store::embedded::EmbeddedStore,
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
        let resumed =
            if summary.resumed_at > 0 { format!(" (went on at byte {})", summary.resumed_at) } else { String::new() };
        eprintln!(
            "{}: {} documents, {} job configurations, {} bad lines{resumed}",
            file.display(),
            summary.documents,
            summary.jobs,
            summary.bad
        );
        bad += summary.bad;
    }
    Ok(bad)
}

/// The files behind paths; those of a folder in the order of their names.
fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
                .with_context(|| path.display().to_string())?
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|file| file.extension() == Some(Path::new("ndjson").as_os_str()))
                .collect();
            inside.sort();
            files.extend(inside);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}
