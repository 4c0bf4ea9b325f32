//! Writes the stored results that the tests run on: made-up jobs, always the same to the byte.
//!
//! ```text
//! cargo run --example generate_fixtures -- [--check] fixtures/results [fixtures/index]
//! ```
//!
//! The first folder gets one bulk file a job. The second, if named, gets what must stand beside the results:
//! `jobs.ndjson` with the jobs' configurations, and the aliases as the request that makes them (`aliases.json`) and as a dump
//! (`aliases.ndjson`). (`results-mapping.json` there is written by hand.)
//! With `--check` nothing is written, and the exit code is 1 if a file is missing, differs or should not be there.

#![allow(
    clippy::float_cmp,
    clippy::format_push_string,
    clippy::format_collect,
    clippy::cast_possible_wrap,
    clippy::needless_for_each
)]

mod anomaly;
mod documents;
mod ids;
mod index_files;
mod job;
mod jobs;
mod json;
mod number;
mod random;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let check = arguments.iter().any(|argument| argument == "--check");
    arguments.retain(|argument| argument != "--check");
    let (results, index) = match arguments.as_slice() {
        [results] => (Path::new(results), None),
        [results, index] => (Path::new(results), Some(Path::new(index))),
        _ => {
            eprintln!("usage: generate_fixtures [--check] RESULTS_FOLDER [INDEX_FOLDER]");
            return ExitCode::from(2);
        }
    };
    let files = files(results, index);
    let outcome = if check { differences(&files, results) } else { write(&files).map(|()| Vec::new()) };
    match outcome {
        Ok(differences) if differences.is_empty() => ExitCode::SUCCESS,
        Ok(differences) => {
            differences.iter().for_each(|difference| eprintln!("{difference}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// A file to be, and its whole text.
type File = (PathBuf, String);

fn files(results: &Path, index: Option<&Path>) -> Vec<File> {
    let jobs = jobs::all();
    let with_results = jobs.iter().filter(|job| !job.bulk().is_empty());
    let mut files: Vec<File> =
        with_results.map(|job| (results.join(format!("{}.ndjson", job.id)), job.bulk().to_owned())).collect();
    if let Some(index) = index {
        files.push((index.join("jobs.ndjson"), index_files::configurations(&jobs)));
        files.push((index.join("aliases.json"), index_files::aliases(&jobs)));
        files.push((index.join("aliases.ndjson"), index_files::alias_dump(&jobs)));
    }
    files
}

fn write(files: &[File]) -> io::Result<()> {
    for (path, text) in files {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// One line for each file that is not as it should be, and for each bulk file of a job that no longer exists.
fn differences(files: &[File], results: &Path) -> io::Result<Vec<String>> {
    let mut differences = Vec::new();
    for (path, text) in files {
        match fs::read(path) {
            Ok(found) if found == text.as_bytes() => {}
            Ok(_) => differences.push(format!("{} differs", path.display())),
            Err(error) => differences.push(format!("{}: {error}", path.display())),
        }
    }
    for entry in fs::read_dir(results)? {
        let path = entry?.path();
        let bulk = path.extension().is_some_and(|extension| extension == "ndjson");
        if bulk && !files.iter().any(|(expected, _)| *expected == path) {
            differences.push(format!("{} belongs to no job", path.display()));
        }
    }
    Ok(differences)
}
