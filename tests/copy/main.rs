//! `mlgate copy` and `mlgate export`, the program itself: whatever is moved arrives, once, however often it is killed; and what
//! cannot be moved is said. Between files and the embedded store, and between genuine clusters. A target of ours shows the
//! faults that a genuine one cannot be made to show.

#![allow(clippy::unwrap_used)]

mod cluster;
mod faults;
mod files;
mod guide;
mod mapping;
mod relay;
#[path = "../support/mod.rs"]
mod support;

use std::{
    fmt::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use support::command::{Said, mlgate, run};

const FIRST: u64 = 1_454_530_200_000;

/// Buckets, their influencers and their records, each as index, id and source.
fn results(job: &str, buckets: u64) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for number in 0..buckets {
        let time = FIRST + number * 900_000;
        let common = format!(r#""job_id":"{job}","timestamp":{time},"bucket_span":900,"is_interim":false"#);
        all.push((
            format!("{job}_bucket_{time}_900"),
            format!(
                r#"{{{common},"result_type":"bucket","anomaly_score":{}.5,"initial_anomaly_score":1.0E-6,"event_count":{number},
                "processing_time_ms":2,"bucket_influencers":[]}}"#,
                number % 90
            )
            .replace('\n', " "),
        ));
        for record in 0..3 {
            all.push((
                format!("{job}_record_{time}_900_0_{record}_1"),
                format!(
                    r#"{{{common},"result_type":"record","record_score":{record}.25,"initial_record_score":1,"probability":0.5,
                    "function":"mean","detector_index":0,"partition_field_value":"host-{record}","host":["host-{record}"]}}"#
                )
                .replace('\n', " "),
            ));
        }
    }
    // of no time
    for category in 1..=20 {
        all.push((
            format!("{job}_category_definition_{category}"),
            format!(r#"{{"job_id":"{job}","category_id":{category},"terms":"node {category} up"}}"#),
        ));
    }
    all
}

/// Lines of a bulk request.
fn bulk(index: &str, results: &[(String, String)]) -> String {
    results.iter().fold(String::new(), |mut lines, (id, source)| {
        writeln!(lines, r#"{{"index":{{"_index":"{index}","_id":"{id}"}}}}"#).unwrap();
        writeln!(lines, "{source}").unwrap();
        lines
    })
}

/// The program in a folder of its own, where state files are.
fn in_folder(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = mlgate();
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

/// Runs it in a folder; it succeeds.
fn succeeds(folder: &Path, arguments: &[&str]) -> Said {
    let said = run(&mut in_folder(folder, arguments));
    assert!(said.succeeded, "{arguments:?}: {said:?}");
    said
}

/// Runs it in a folder; it fails, and the last line says why.
fn fails(folder: &Path, arguments: &[&str]) -> String {
    let said = run(&mut in_folder(folder, arguments));
    assert!(!said.succeeded, "{arguments:?}: {said:?}");
    said.stderr.last().unwrap_or_else(|| panic!("{said:?}")).clone()
}

/// Starts it as often as it takes, and kills it each time but the last a little after it has got on. Gives the number of kills
/// and what it said at last.
fn killed(folder: &Path, state: &str, most_kills: u32, command: impl Fn() -> Command) -> (u32, Said) {
    let steps = || std::fs::read_to_string(folder.join(state)).map_or(0, |text| text.lines().count());
    let mut kills = 0;
    loop {
        let before = steps().max(1);
        let mut child = command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let is_over = kills == most_kills || !gets_on(&mut child, || steps() > before);
        if !is_over {
            std::thread::sleep(Duration::from_millis(u64::from(kills) * 7));
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        if output.status.code().is_some() {
            return (kills, Said::of(&output));
        }
        kills += 1;
    }
}

fn gets_on(child: &mut Child, got_on: impl Fn() -> bool) -> bool {
    let end = Instant::now() + Duration::from_mins(2);
    while !got_on() {
        assert!(Instant::now() < end, "the copy does not get on");
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}
