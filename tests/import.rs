//! `mlgate import`, the program itself: what was killed goes on where it was, what is bad is named, and of the rest nothing is
//! lost and nothing is there twice.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OptionalExtension};
use support::command::{Said, bucket, import, mlgate, run, write};

/// More than three times what one transaction takes in.
const DOCUMENTS: u64 = 230_000;
/// The time of the first document.
const FIRST: u64 = 1_454_530_200_000;

#[test]
fn killed_in_the_middle_it_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let file = write(folder.path(), "dump.ndjson", dump());

    let mut kills = 0;
    let last = loop {
        let reached = offset(&store);
        let mut child = import(&store, &[&file]).stderr(Stdio::piped()).spawn().unwrap();
        // killed somewhere in the transaction behind the next one that is seen
        let end = Instant::now() + Duration::from_mins(2);
        let ended = loop {
            assert!(Instant::now() < end, "the import does not get on");
            if child.try_wait().unwrap().is_some() {
                break true;
            }
            if offset(&store) > reached {
                break false;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if !ended {
            std::thread::sleep(Duration::from_millis(61 * kills));
            // SIGKILL
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        if output.status.code().is_some() {
            break Said::of(&output);
        }
        kills += 1;
    };

    assert!(kills >= 3, "only {kills} kills");
    assert!(last.succeeded, "{last:?}");
    assert!(last.stderr[0].contains(" 0 bad lines (went on at byte "), "{last:?}");
    assert_holds(&store, DOCUMENTS);

    let again = run(&mut import(&store, &[&file]));
    assert!(again.stderr[0].contains(": 0 documents, "), "{again:?}");
    assert_holds(&store, DOCUMENTS);
}

/// Results with ids and results without, by turns: only what was counted exactly keeps the latter from being there twice.
fn dump() -> String {
    let mut dump = String::new();
    for time in FIRST..FIRST + DOCUMENTS {
        if time % 2 == 0 {
            writeln!(dump, r#"{{"index":{{"_index":".ml-anomalies-shared","_id":"j_bucket_{time}_300"}}}}"#).unwrap();
        }
        writeln!(dump, "{}", bucket("j", time)).unwrap();
    }
    dump
}

/// How far an import has come, by what it wrote down; 0 while there is nothing to read.
fn offset(store: &Path) -> u64 {
    let read = || -> rusqlite::Result<Option<u64>> {
        let connection = Connection::open_with_flags(store, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.query_row("SELECT offset FROM imports", [], |row| row.get(0)).optional()
    };
    read().ok().flatten().unwrap_or(0)
}

/// Each time from the first on is there exactly once, and the file is sound.
fn assert_holds(store: &Path, documents: u64) {
    let connection = Connection::open(store).unwrap();
    let all = "SELECT count(*), count(DISTINCT time), min(time), max(time), count(DISTINCT source) FROM results";
    let found: (u64, u64, u64, u64, u64) = connection
        .query_row(all, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .unwrap();
    assert_eq!(found, (documents, documents, FIRST, FIRST + documents - 1, documents));
    let counted = "SELECT count(DISTINCT level), sum(number) / count(DISTINCT level) FROM tallies";
    let found: (u64, u64) = connection.query_row(counted, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(found, (3, documents));
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

#[test]
fn bad_lines_are_named_and_counted_and_all_others_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let good = |number| bucket("j", FIRST + number);
    let lines = [
        good(0),
        "no JSON at all".into(),
        good(1),
        r#"{"some":"other object"}"#.into(),
        r#"{"delete":{"_id":"x"}}"#.into(),
        good(2),
        // the document of an action, one line further down
        r#"{"index":{"_id":"a"}}"#.into(),
        r#"{"job_id":"j","result_type":"bucket","timestamp":"not a time"}"#.into(),
        String::new(),
        r#"{"index":{"_id":"b"}}"#.into(),
        good(3),
        r#"{"job_id":"j","result_type":"bucket","timestamp":5"#.into(),
        // several documents in one line, one of them bad
        format!(r#"{{"hits":{{"hits":[{{"_source":{}}},{{"_source":{{"timestamp":true}}}}]}}}}"#, good(4)),
        "{\"job_id\":\"\u{7}\"}".into(),
        good(5),
        r#"{"index":{"_id":"c"}}"#.into(),
    ];
    let mut content = lines.join("\n").into_bytes();
    let at = content.windows(7).position(|window| window == b"no JSON").unwrap();
    content[at] = 0xff;
    let file = write(folder.path(), "dump.ndjson", content);

    let said = run(&mut import(&store, &[&file]));

    let named: Vec<(u64, &str)> = said
        .stderr
        .iter()
        .filter_map(|line| line.strip_prefix(&format!("{}:", file.display()))?.split_once(": "))
        .filter_map(|(number, reason)| Some((number.parse().ok()?, reason)))
        .collect();
    let numbers: Vec<u64> = named.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [2, 4, 5, 8, 12, 13, 14, 16], "{said:#?}");
    assert_eq!(named[4].1, "not JSON: EOF while parsing an object at column 50");
    assert!(named[3].1.contains("failed to parse field [timestamp] of type [date]"), "{named:#?}");
    let count = format!("{}: 6 documents, 0 job configurations, 8 bad lines", file.display());
    assert!(said.stderr.contains(&count), "{said:#?}");
    assert_eq!(said.stderr.last().unwrap(), "mlgate: 8 lines could not be loaded; all others were");
    assert!(!said.succeeded);
    assert_holds(&store, 6);

    // what an earlier load could not load is still not there; what the file breaks off in is tried again
    let again = run(&mut import(&store, &[&file]));
    assert!(again.stderr[0].ends_with(":16: the document of this bulk action is missing"), "{again:#?}");
    assert!(again.stderr[1].contains("8 bad lines (7 of them named by an earlier load)"), "{again:#?}");
    assert!(!again.succeeded);
}

#[test]
fn a_file_that_grew_is_loaded_from_where_it_had_ended() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let text = |range: std::ops::Range<u64>| range.map(|time| bucket("j", FIRST + time) + "\n").collect::<String>();
    let file = write(folder.path(), "dump.ndjson", text(0..100));
    assert!(run(&mut import(&store, &[&file])).succeeded);
    write(folder.path(), "dump.ndjson", text(0..150));
    let said = run(&mut import(&store, &[&file]));
    assert!(said.succeeded && said.stderr[0].contains(": 50 documents, "), "{said:?}");
    assert_holds(&store, 150);
}

#[test]
fn a_file_that_broke_off_is_read_on_from_the_line_that_was_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let whole: String = (0..6).map(|number| bucket("j", FIRST + number) + "\n").collect();
    let action = r#"{"index":{"_id":"a"}}"#.to_owned() + "\n";
    let all = whole.clone() + &action + &bucket("j", FIRST + 6);
    // in a document, behind an action, and in the document of the action
    for (cut, bad) in [(whole.len() - 20, 1), (whole.len() + action.len(), 1), (all.len() - 1, 1), (all.len(), 0)] {
        let file = write(folder.path(), "dump.ndjson", &all[..cut]);
        let said = run(&mut import(&store, &[&file]));
        assert!(said.stderr.iter().any(|line| line.contains(&format!(", {bad} bad lines"))), "{cut}: {said:#?}");
        assert_eq!(said.succeeded, bad == 0);
    }
    assert_holds(&store, 7);
}

#[test]
fn fields_that_an_earlier_load_brought_in_keep_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let with =
        |number: u64, mine: &str| bucket("j", FIRST + number).replacen('{', &format!(r#"{{"mine":{mine},"#), 1) + "\n";
    let first = write(folder.path(), "a.ndjson", with(0, r#"{"a":1}"#));
    let second = write(folder.path(), "b.ndjson", with(1, "5") + &with(1, r#"{"b":2}"#) + &with(2, r#"{"b":{"c":3}}"#));
    assert!(run(&mut import(&store, &[&first])).succeeded);

    let said = run(&mut import(&store, &[&second]));

    let named: Vec<&String> = said.stderr.iter().filter(|line| line.contains("b.ndjson:")).collect();
    assert!(named[0].contains(":1: object mapping for [mine] tried to parse field [mine] as object"), "{said:#?}");
    assert!(named[1].contains(":3: failed to parse field [mine.b] of type [keyword]"), "{said:#?}");
    assert_holds(&store, 2);
}

#[test]
fn folders_give_their_ndjson_files() {
    let folder = tempfile::tempdir().unwrap();
    let results = folder.path().join("results");
    std::fs::create_dir(&results).unwrap();
    write(&results, "b.ndjson", bucket("j", FIRST + 1));
    write(&results, "a.ndjson", bucket("j", FIRST));
    write(&results, "notes.txt", "not a result");
    let store = folder.path().join("results.db");
    let said = run(&mut import(&store, &[&results]));
    assert!(said.succeeded, "{said:?}");
    assert_holds(&store, 2);
    let check = run(mlgate().arg("check").arg("--store").arg(&store).env("MLGATE_UNSAFE_OPEN_TO_ALL", "true"));
    assert!(check.stdout.contains("2 documents of 1 jobs"), "{check:?}");
}

#[test]
fn all_fixtures_load_without_a_bad_line() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let files = support::fixture_files();
    let files: Vec<&Path> = files.iter().map(std::path::PathBuf::as_path).collect();
    let said = run(&mut import(&store, &files));
    assert!(said.succeeded, "{said:?}");
    let summaries: BTreeSet<&String> = said.stderr.iter().filter(|line| line.ends_with(", 0 bad lines")).collect();
    assert_eq!(summaries.len(), files.len(), "{said:#?}");
}
