//! A disk that fills up while loading: one line that names the store and the cause, nothing broken, and with more room the
//! load goes on where it was.

#![allow(clippy::unwrap_used)]

mod support;

use std::{path::Path, process::Command};

use rusqlite::Connection;
use support::command::{Said, bucket, import, mlgate, run, write};

/// Four transactions' worth, of which the small disk holds one or two.
const DOCUMENTS: u64 = 250_000;
const FIRST: u64 = 1_454_530_200_000;
const WRITE_FAILED: &str = "disk I/O error: it cannot be written to; is there a limit on the size of files?";
const SMALL_DISK: &str = "size=44m";

/// On a file system of its own, which the kernel lets everybody make in name spaces of his own.
const ON_A_SMALL_DISK: &str = r#"
    mount -t tmpfs -o "$1" tmpfs "$2" || exit 77
    "$3" import --store "$2/results.db" "$4"
    status=$?
    df --output=avail "$2" | tail -n 1
    cp "$2"/results.db* "$5" || exit 78
    exit $status
"#;

/// The limit is told as an error to who ignores the signal for it.
const WITH_SMALL_FILES: &str = r#"trap "" XFSZ; ulimit -f "$1"; exec "$2" import --store "$3" "$4""#;

#[test]
fn a_full_disk_is_told_and_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("disk")).unwrap();
    std::fs::create_dir(path("saved")).unwrap();
    let dump = write(folder.path(), "dump.ndjson", dump());
    let mut script = Command::new("unshare");
    script.args(["--user", "--map-root-user", "--mount", "sh", "-c", ON_A_SMALL_DISK, "sh", SMALL_DISK]);
    script.arg(path("disk")).arg(mlgate().get_program()).arg(&dump).arg(path("saved"));
    let output = script.output().unwrap();
    if output.status.code() == Some(77) || String::from_utf8_lossy(&output.stderr).contains("unshare failed") {
        assert!(std::env::var_os("MLGATE_REQUIRE_NAMESPACES").is_none(), "{output:?}");
        eprintln!("\n*** SKIPPED: no file system can be mounted here: {output:?}\n");
        return;
    }
    let said = Said::of(&output);
    said.assert_one_line(&path("disk").join("results.db"), "database or disk is full");
    assert_goes_on(&path("saved").join("results.db"), &dump);
}

#[test]
fn a_limit_of_file_sizes_is_told_and_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let dump = write(folder.path(), "dump.ndjson", dump());
    // blocks of 512 bytes
    let mut script = Command::new("sh");
    script.args(["-c", WITH_SMALL_FILES, "sh", "90000"]).arg(mlgate().get_program()).arg(&store).arg(&dump);
    run(&mut script).assert_one_line(&store, WRITE_FAILED);
    assert_goes_on(&store, &dump);
}

fn dump() -> String {
    (FIRST..FIRST + DOCUMENTS).map(|time| bucket("j", time) + "\n").collect()
}

/// What was stored before the disk was full is sound, and the rest can be added.
fn assert_goes_on(store: &Path, dump: &Path) {
    let ask = |sql: &str| -> String {
        let connection = Connection::open(store).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(ask("PRAGMA integrity_check"), "ok");
    let stored: u64 = ask("SELECT CAST(count(*) AS TEXT) FROM results").parse().unwrap();
    assert!((1..DOCUMENTS).contains(&stored), "{stored} of {DOCUMENTS} documents were stored");
    let said = run(&mut import(store, &[dump]));
    assert!(said.succeeded, "{said:?}");
    let rest = format!(
        "{}: {} documents, 0 job configurations, 0 bad lines (went on at byte ",
        dump.display(),
        DOCUMENTS - stored
    );
    assert!(said.stderr[0].starts_with(&rest), "{said:?}");
    let distinct = ask("SELECT count(*) || ' ' || count(DISTINCT time) FROM results");
    assert_eq!(distinct, format!("{DOCUMENTS} {DOCUMENTS}"));
}
