//! Files that are missing, broken, unreadable or too large for the disk: one line that names the file and the cause, an exit
//! code that is not 0, and nothing broken that was whole.

#![allow(clippy::unwrap_used)]

mod support;

use std::{path::Path, process::Command};

use rusqlite::Connection;
use support::command::{bucket, import, mlgate, run, write};

#[test]
fn missing_files_are_told_before_anything_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let there = write(folder.path(), "there.ndjson", bucket("j", 1_454_530_200_000));
    let missing = folder.path().join("missing.ndjson");
    run(&mut import(&store, &[&there, &missing])).assert_one_line(&missing, "No such file or directory (os error 2)");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    run(&mut import(&store, &[&there, &empty])).assert_one_line(&empty, "no .ndjson file in this folder");
    assert_eq!(documents(&store), 0);
    let nowhere = folder.path().join("no/such/folder/results.db");
    let said = run(&mut import(&nowhere, &[&there]));
    said.assert_one_line(&nowhere, &format!("unable to open database file: {}", nowhere.display()));
}

#[test]
fn unreadable_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let file = write(folder.path(), "secret.ndjson", bucket("j", 1_454_530_200_000));
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o0)).unwrap();
    let denied = "Permission denied (os error 13)";
    run(&mut without_power(&import(&store, &[&file]))).assert_one_line(&file, denied);
    let config = file;
    run(&mut without_power(mlgate().arg("--config").arg(&config).arg("check"))).assert_one_line(&config, denied);
    // a file that can be opened and not read
    let memory = Path::new("/proc/self/mem");
    run(&mut import(&store, &[memory])).assert_one_line(memory, "Input/output error (os error 5)");
}

#[test]
fn a_store_that_is_none_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "dump.ndjson", bucket("j", 1_454_530_200_000));
    let text = write(
        folder.path(),
        "text.db",
        "This is a text, and long enough to hold what a database begins with. ".repeat(20),
    );
    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x); PRAGMA user_version = 7").unwrap();
    let version = "not a store of this version of mlgate (found version 7, expected 5)";
    for (store, why) in [(&text, "file is not a database"), (&foreign, version)] {
        let before = std::fs::read(store).unwrap();
        run(&mut import(store, &[&file])).assert_one_line(store, why);
        run(&mut with_store("check", store)).assert_one_line(store, why);
        run(with_store("get-buckets", store).arg("j")).assert_one_line(store, why);
        run(&mut with_store("serve", store)).assert_one_line(store, why);
        assert_eq!(std::fs::read(store).unwrap(), before, "{} was changed", store.display());
    }
    run(&mut import(folder.path(), &[&file]))
        .assert_one_line(folder.path(), &format!("unable to open database file: {}", folder.path().display()));
}

#[test]
fn a_broken_store_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let dump: String = (0..20_000).map(|number| bucket("j", 1_454_530_200_000 + number) + "\n").collect();
    let file = write(folder.path(), "dump.ndjson", &dump);
    assert!(run(&mut import(&store, &[&file])).succeeded);
    let whole = std::fs::read(&store).unwrap();

    let mut torn = whole.clone();
    torn.truncate(whole.len() / 2);
    // what is behind the first pages, where the names of the tables are
    let mut scribbled = whole;
    scribbled[64 << 10..].fill(0xa5);
    for broken in [torn, scribbled] {
        std::fs::write(&store, &broken).unwrap();
        let more = write(folder.path(), "more.ndjson", &dump);
        run(&mut import(&store, &[&more])).assert_one_line(&store, "database disk image is malformed");
        run(&mut with_store("check", &store)).assert_one_line(&store, "database disk image is malformed");
    }
}

#[test]
fn a_store_that_is_missing_is_not_made_by_asking() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let why = "no such file; load results with mlgate import";
    run(&mut with_store("check", &store)).assert_one_line(&store, why);
    run(with_store("get-buckets", &store).arg("j")).assert_one_line(&store, why);
    assert!(!store.exists());
}

#[test]
fn a_wrong_setting_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    for (text, line, named) in [
        ("listen = '127.0.0.1:0'\nlistne = 'x'\n", 2, "listne"),
        ("\n\nmax_body_bytes = 'many'\n", 3, "max_body_bytes"),
        ("store = 'a'\nstore = 'b'\n", 2, "store"),
        ("store = \n", 1, "store"),
        ("# who\nupstream_password = hunter2", 2, "upstream_password"),
        ("upstream_password = ['hunter2']", 1, "upstream_password"),
        ("upstream_password = { hunter2 = 1 }", 1, "upstream_password"),
    ] {
        let config = write(folder.path(), "mlgate.toml", text);
        for command in ["check", "serve"] {
            let said = run(mlgate().arg("--config").arg(&config).arg(command));
            let [told] = &said.stderr[..] else { panic!("not one line: {said:#?}") };
            let told = told.strip_prefix(&format!("mlgate: {}:{line}: ", config.display())).expect(told);
            assert!(told.starts_with(&format!("{named}: ")), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
            assert!(!said.succeeded);
        }
    }
    let missing = folder.path().join("missing.toml");
    run(mlgate().arg("--config").arg(&missing).arg("serve"))
        .assert_one_line(&missing, "No such file or directory (os error 2)");
}

/// The program on a store, open to all.
fn with_store(command: &str, store: &Path) -> Command {
    let mut program = mlgate();
    program.arg(command).arg("--store").arg(store);
    if command == "serve" {
        program.args(["--listen", "127.0.0.1:0"]);
    }
    program.env("MLGATE_UNSAFE_OPEN_TO_ALL", "true");
    program
}

fn documents(store: &Path) -> u64 {
    if !store.exists() {
        return 0;
    }
    Connection::open(store).unwrap().query_row("SELECT count(*) FROM results", [], |row| row.get(0)).unwrap()
}

/// The same command without root's power to read every file, should a root run the tests.
fn without_power(command: &Command) -> Command {
    let mut powerless = Command::new("setpriv");
    powerless.arg("--bounding-set=-dac_override,-dac_read_search").arg("--inh-caps=-all");
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !root {
        powerless = Command::new("env");
    }
    powerless.arg(command.get_program()).args(command.get_args());
    powerless
}
