//! Runs the program as a person does, and reads what it says.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// What a run of the program gave.
#[derive(Debug)]
pub struct Said {
    pub succeeded: bool,
    pub stdout: String,
    pub stderr: Vec<String>,
}

// === impl Said ===

impl Said {
    /// Reads the output of a program that ended by itself.
    pub fn of(output: &Output) -> Self {
        assert!(output.status.code().is_some(), "it was killed: {output:?}");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            succeeded: output.status.success(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr).lines().map(str::to_owned).collect(),
        }
    }

    /// It failed, saying one line that names `what` and tells `why`.
    pub fn assert_one_line(&self, what: &Path, why: &str) {
        let [line] = &self.stderr[..] else { panic!("not one line: {self:?}") };
        assert_eq!(*line, format!("mlgate: {}: {why}", what.display()));
        assert!(!self.succeeded, "{self:?}");
    }
}

/// The program, with nothing of this environment that could change what it does.
pub fn mlgate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mlgate"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MLGATE_")) {
        command.env_remove(name);
    }
    command
}

/// `mlgate import --store STORE FILE…`.
pub fn import(store: &Path, files: &[&Path]) -> Command {
    let mut command = mlgate();
    command.arg("import").arg("--store").arg(store).args(files);
    command
}

/// Runs to the end.
pub fn run(command: &mut Command) -> Said {
    Said::of(&command.output().unwrap())
}

/// Writes a file into a folder.
pub fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, content).unwrap();
    file
}

/// A result as a bare line, with a time of its own.
pub fn bucket(job: &str, time: u64) -> String {
    format!(
        "{{\"job_id\":\"{job}\",\"result_type\":\"bucket\",\"timestamp\":{time},\"anomaly_score\":1.5,\"bucket_span\":300,\
         \"initial_anomaly_score\":1.5,\"event_count\":7,\"is_interim\":false,\"bucket_influencers\":[],\"processing_time_ms\":2}}"
    )
}
