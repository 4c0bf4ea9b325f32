//! Between files and the embedded store.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    bulk, fails, in_folder, killed, results, succeeds,
    support::{
        command::{bucket, import, run, write},
        fixture_files, fixtures, store_with_fixtures,
    },
};

/// The documents of bulk lines by index and id; each is there once.
fn documents(lines: &str) -> BTreeMap<(String, String), Value> {
    let lines: Vec<&str> = lines.lines().collect();
    let mut found = BTreeMap::new();
    for pair in lines.chunks(2) {
        let action: Value = serde_json::from_str(pair[0]).unwrap();
        let action = &action.as_object().unwrap().values().next().unwrap();
        let key = (action["_index"].as_str().unwrap().to_owned(), action["_id"].as_str().unwrap().to_owned());
        assert!(found.insert(key.clone(), serde_json::from_str(pair[1]).unwrap()).is_none(), "{key:?} is there twice");
    }
    found
}

#[test]
fn what_goes_through_the_store_comes_out_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let read = |file: &std::path::PathBuf| std::fs::read_to_string(file).unwrap();
    let all: String = fixture_files().iter().map(read).collect();
    let file = write(path, "all.ndjson", &all);
    let file = file.to_str().unwrap();
    let said = succeeds(path, &["copy", "--from", file, "--to", "embedded", "--store", "a.db"]);
    assert!(said.stdout.contains("verified: the same "), "{said:?}");
    succeeds(path, &["export", "--store", "a.db", "out.ndjson"]);
    let results = |text: &str| {
        let mut documents = documents(text);
        documents.retain(|(index, _), _| index != ".ml-config");
        documents
    };
    let out = std::fs::read_to_string(path.join("out.ndjson")).unwrap();
    assert!(results(&out) == results(&all), "the documents are not the same");
    // what is exported, import takes
    assert!(run(&mut import(&path.join("b.db"), &[&path.join("out.ndjson")])).succeeded);
    let said = succeeds(path, &["copy", "--from", "out.ndjson", "--to", "embedded", "--store", "b.db", "--verify"]);
    assert!(said.stdout.contains("verified: the same "), "{said:?}");
    let states =
        path.read_dir().unwrap().filter(|entry| entry.as_ref().unwrap().path().extension().unwrap() == "state");
    assert_eq!(states.count(), 0, "a copy that is done has no state");
}

#[test]
fn killed_three_times_a_file_has_everything_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let mut lines = bulk(".ml-anomalies-shared", &results("a", 2_000));
    lines += &bulk(".ml-anomalies-custom-b", &results("b", 2_000));
    write(path, "in.ndjson", &lines);
    succeeds(path, &["copy", "--from", "in.ndjson", "--to", "embedded", "--store", "a.db", "--no-verify"]);
    let arguments =
        ["copy", "--from", "embedded", "--store", "a.db", "--to", "out.ndjson", "--bulk", "50", "--state", "s"];
    let (kills, said) = killed(path, "s", 3, || in_folder(path, &arguments));
    assert_eq!(kills, 3, "{said:?}");
    assert!(said.succeeded && said.stderr[0].starts_with("going on after "), "{said:?}");
    assert!(said.stdout.contains("verified: the same 16040 documents"), "{said:?}");
    let out = std::fs::read_to_string(path.join("out.ndjson")).unwrap();
    assert!(documents(&out) == documents(&lines), "the documents are not the same");
    assert!(!path.join("s").exists());
}

#[test]
fn killed_three_times_a_store_has_everything_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // results without ids have only their places to be known by
    let mut lines: String = (0..6_000).map(|n| bucket("j", crate::FIRST + n % 3_000) + "\n").collect();
    lines += &bulk(".ml-anomalies-shared", &results("k", 1_000));
    write(path, "in.ndjson", &lines);
    let arguments =
        ["copy", "--from", "in.ndjson", "--to", "embedded", "--store", "a.db", "--bulk", "50", "--state", "s"];
    let (kills, said) = killed(path, "s", 3, || in_folder(path, &arguments));
    assert_eq!(kills, 3, "{said:?}");
    assert!(said.stdout.contains("verified: the same 10020 documents"), "{said:?}");
    let store = rusqlite::Connection::open(path.join("a.db")).unwrap();
    let count: u64 = store.query_row("SELECT count(*) FROM results", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 10_020);
}

#[test]
fn what_cannot_be_moved_is_named_and_all_else_is_moved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let lines = [
        bucket("j", 1),
        "nonsense".into(),
        r#"{"index":{"_index":"logs","_id":"x"}}"#.into(),
        bucket("j", 2),
        r#"{"job_id":"j","result_type":"bucket","timestamp":"no time"}"#.into(),
        bucket("j", 3),
    ];
    write(path, "in.ndjson", lines.join("\n"));
    let said = run(&mut in_folder(
        path,
        &["copy", "--from", "in.ndjson", "--to", "embedded", "--store", "a.db", "--no-verify"],
    ));
    assert!(!said.succeeded);
    let [one, two, three, last] = &said.stderr[..] else { panic!("{said:?}") };
    assert!(one.starts_with("in.ndjson:2: not JSON: "), "{one}");
    assert_eq!(two, r#"in.ndjson:3: the index "logs" is none of results (.ml-anomalies-…)"#);
    assert!(three.starts_with(".ml-anomalies-shared/j_bucket_") && three.contains("[timestamp]"), "{three}");
    assert_eq!(last, "mlgate: 3 documents could not be moved; all others were");
    assert!(said.stdout.starts_with("5 documents of 1 jobs"), "{said:?}");
    // and the difference is found
    let told =
        run(&mut in_folder(path, &["copy", "--from", "in.ndjson", "--to", "embedded", "--store", "a.db", "--verify"]));
    assert_eq!(told.stderr[0], "j without a time: 1 documents at the source, 0 at the target", "{told:?}");
    assert!(told.stderr[1].starts_with("mlgate: 1 of 2 days of jobs differ"), "{told:?}");
}

#[test]
fn a_dry_run_says_what_would_be_moved_and_moves_nothing() {
    let (store, folder) = store_with_fixtures();
    let store = store.to_str().unwrap();
    let arguments =
        ["copy", "--from", "embedded", "--store", store, "--to", "out", "--jobs", "it-ops-*,rolled", "--dry-run"];
    let said = succeeds(folder.path(), &arguments);
    assert!(said.stdout.contains("rolled: 60 documents, 2024-01-01 to 2024-01-01, into .ml-anomalies-shared-000001 .ml-anomalies-shared-000002\n"), "{said:?}");
    assert!(said.stdout.contains("it-ops-kpi: 460 documents") && !said.stdout.contains("farequote"), "{said:?}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "something was written");
}

#[test]
fn what_is_asked_for_in_vain_is_refused_before_anything_is_written() {
    let (store, folder) = store_with_fixtures();
    let (path, store) = (folder.path(), store.to_str().unwrap());
    write(path, "there", "x");
    write(path, "foreign.state", "{\"from\":\"x\",\"to\":\"y\"}\n");
    let base = ["copy", "--from", "embedded", "--store", store, "--to"];
    for (rest, why) in [
        (&["out", "--jobs", "nope"][..], "knows nothing of the job nope; --dry-run without --jobs lists what it knows"),
        (&["out", "--jobs", "../x"], "--jobs ../x: Invalid job_id"),
        (&["there"], "there: is there already; remove it, or name another one"),
        (&["embedded"], "--to: is the place that --from names"),
        (&[store], "--to: is the place that --from names"),
        (&["http://u:hunter2@h:1"], "--to: must be http://host:port"),
        (&["http://h:1", "--to-username", "x"], "--to-username: needs a password, in MLGATE_TO_PASSWORD"),
        (&["http://h:1", "--to-ca", "x"], "--to-ca: is of use only where --to is https"),
        (&["https://h:1", "--to-ca", "nope.pem"], "--to-ca: "),
        (&["out", "--state", "foreign.state"], "foreign.state: is the state of another copy"),
    ] {
        let told = fails(path, &[&base[..], rest].concat());
        assert!(told.contains(why) && !told.contains("hunter2"), "{rest:?}: {told}");
    }
    let told = fails(path, &["copy", "--from", "nope", "--to", "embedded", "--store", "new.db"]);
    assert_eq!(told, "mlgate: --from: nope: no such file");
    let mut names: Vec<_> = path.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["foreign.state", "results.db", "there"]);
}

#[test]
fn a_table_for_people() {
    let (store, folder) = store_with_fixtures();
    let path = folder.path();
    let arguments = [
        "export",
        "--store",
        store.to_str().unwrap(),
        "--format",
        "csv",
        "--jobs",
        "farequote",
        "--bulk",
        "100",
        "f.csv",
    ];
    succeeds(path, &arguments);
    let mut reader = csv::Reader::from_path(path.join("f.csv")).unwrap();
    assert!(reader.headers().unwrap().iter().any(|name| name == "record_score"));
    let fixture = std::fs::read_to_string(fixtures().join("results/farequote.ndjson")).unwrap();
    assert_eq!(reader.records().map(Result::unwrap).count(), fixture.lines().count() / 2);
}

#[test]
fn a_full_disk_is_told_and_the_copy_goes_on_with_more_room() {
    let (store, folder) = store_with_fixtures();
    let (path, program) = (folder.path(), in_folder(folder.path(), &[]).get_program().to_owned());
    // blocks of 512 bytes; the limit is told as an error to who ignores the signal for it
    let mut script = std::process::Command::new("sh");
    script.args([
        "-c",
        r#"trap "" XFSZ; ulimit -f 400; exec "$1" copy --from embedded --store "$2" --to out --state s --bulk 50"#,
        "sh",
    ]);
    script.arg(program).arg(&store).current_dir(path);
    let said = run(&mut script);
    assert!(!said.succeeded && said.stderr.last().unwrap().starts_with("mlgate: out: "), "{said:?}");
    assert!(std::fs::read_to_string(path.join("s")).unwrap().lines().count() > 2);
    let arguments = ["copy", "--from", "embedded", "--store", store.to_str().unwrap(), "--to", "out", "--state", "s"];
    let said = succeeds(path, &arguments);
    assert!(said.stdout.contains("verified: the same 2188 documents"), "{said:?}");
    documents(&std::fs::read_to_string(path.join("out")).unwrap());
}
