//! What is installed beside the program: units, image, manual pages, completions. Each is read by the tool it is for, where
//! that is here.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    path::Path,
    process::{Command, Output},
};

use support::{command::mlgate, root};

/// Worst exposure that `systemd-analyze security` may find, of 100.
const EXPOSURE: &str = "20";

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join("packaging").join(name)).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// systemd's own reading of the units; `None` where it is not here, which is said.
fn systemd_analyze(folder: &Path, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("systemd-analyze").args(arguments).current_dir(folder).output() else {
        eprintln!("\n*** SKIPPED: there is no systemd-analyze here\n");
        return None;
    };
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    Some(said(&output))
}

#[test]
fn units() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_mlgate");
    let service = read("mlgate.service");
    assert!(service.contains("ExecStart=/usr/bin/mlgate --config /etc/mlgate/mlgate.toml serve\n"));
    std::fs::write(folder.path().join("mlgate.service"), service.replace("/usr/bin/mlgate", program)).unwrap();
    std::fs::write(folder.path().join("mlgate.socket"), read("mlgate.socket")).unwrap();
    let verify = ["verify", "--man=no", "mlgate.service", "mlgate.socket"];
    if let Some(said) = systemd_analyze(folder.path(), &verify) {
        assert!(!said.contains("mlgate."), "{said}");
    }
    systemd_analyze(folder.path(), &["security", "--offline=true", "--threshold", EXPOSURE, "mlgate.service"]);
}

/// What is copied into the image is there, and is all that the build needs.
#[test]
fn image() {
    let text = read("Containerfile");
    let copied: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|line| !line.starts_with("--from"))
        .flat_map(|line| line.split(' ').rev().skip(1))
        .collect();
    assert!(copied.contains(&"src") && copied.contains(&"Cargo.lock"), "{copied:?}");
    let folder = tempfile::tempdir().unwrap();
    for name in copied {
        let to = folder.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let status = Command::new("cp").arg("-r").arg(root().join(name)).arg(to).status().unwrap();
        assert!(status.success(), "{name}");
    }
    let metadata = ["metadata", "--locked", "--no-deps", "--offline", "--format-version", "1"];
    let output = Command::new(env!("CARGO")).args(metadata).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert!(text.contains("USER 65532:65532") && text.contains("STOPSIGNAL SIGTERM"));
}

#[test]
fn manual_and_completions() {
    let folder = tempfile::tempdir().unwrap();
    let output = mlgate().args(["generate", "man"]).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    for page in ["mlgate.1", "mlgate-serve.1", "mlgate-check.1", "mlgate-import.1"] {
        let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(text.contains(".TH ") && text.contains(".SH NAME"), "{page}: {text:.200}");
    }
    let serve = std::fs::read_to_string(folder.path().join("mlgate-serve.1")).unwrap();
    assert!(serve.contains("upstream") && serve.contains("MLGATE_LISTEN"));
    for (shell, word) in [("bash", "complete -F"), ("zsh", "#compdef mlgate"), ("fish", "complete -c mlgate")] {
        let output = mlgate().args(["generate", "completions", shell]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains(word), "{shell}");
        let file = folder.path().join(shell);
        std::fs::write(&file, &text).unwrap();
        // Where the shell is here, it must take it.
        if let Ok(output) = Command::new(shell).arg("-n").arg(&file).output() {
            assert!(output.status.success(), "{shell}: {}", said(&output));
        }
    }
}

/// Every metric that the documents name is one, and every one is named.
#[test]
fn metrics_are_documented() {
    let documented = std::fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let source = std::fs::read_to_string(root().join("src/observe/metrics.rs")).unwrap();
    let mut registered: Vec<String> = source
        .split("to.register(\"")
        .skip(1)
        .map(|rest| format!("mlgate_{}", rest.split('"').next().unwrap()))
        .collect();
    let rows = documented.lines().filter(|line| line.starts_with("| `mlgate_"));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`'));
    let mut listed: Vec<String> = names
        .filter(|part| part.starts_with("mlgate_"))
        .map(|name| name.trim_end_matches("_total").to_owned())
        .collect();
    registered.sort();
    listed.sort();
    assert!(registered.len() > 10 && listed == registered, "documented: {listed:?}\nregistered: {registered:?}");
}
