//! The checks of the fuzz targets, on their seeds and on inputs made from them: what a fuzzer found stays found.
//! `MLGATE_FUZZ_SECONDS` is how long each goes on; without it there are a few thousand inputs.

#![allow(clippy::unwrap_used)]

#[path = "../fuzz/checks/mod.rs"]
#[allow(clippy::expect_used, reason = "the checks panic on a finding")]
mod checks;
mod support;

use std::time::{Duration, Instant};

use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{TestError, TestRunner},
};
use support::damage::damage;

/// Pieces that turn one seed into something else.
const TOKENS: [&[u8]; 24] = [
    b"/",
    b"%2F",
    b"%",
    b"&",
    b"=",
    b"\n",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"\"hits\":",
    b"\"_source\":",
    b"timestamp",
    b"\xff",
    b"\0",
    b"99999999999999999999",
];

/// A change at a place: what is cut out there, and what is put in.
type Change = (Index, usize, Option<Index>, Option<u8>);

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 3, "{} has {} seeds", folder.display(), files.len());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn changed(mut text: Vec<u8>, changes: Vec<Change>) -> Vec<u8> {
    for (place, cut, token, byte) in changes {
        let token = token.map_or(&[][..], |token| *token.get(&TOKENS));
        damage(&mut text, place, cut, token.iter().copied().chain(byte));
    }
    text
}

/// Runs a check on every seed, on changed seeds, and on bytes alone.
fn try_all(target: &str, check: fn(&[u8])) {
    let seeds = seeds(target);
    for seed in &seeds {
        check(seed);
    }
    let change = (any::<Index>(), 0_usize..12, any::<Option<Index>>(), any::<Option<u8>>());
    let made = (proptest::sample::select(seeds), vec(change, 1..6)).prop_map(|(seed, changes)| changed(seed, changes));
    let input = prop_oneof![6 => made, 1 => vec(any::<u8>(), 0..200)];
    let config = ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() };
    let seconds = std::env::var("MLGATE_FUZZ_SECONDS").map_or(0, |text| text.parse().unwrap());
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        let tried = TestRunner::new(config.clone()).run(&input, |input| {
            check(&input);
            Ok(())
        });
        if let Err(TestError::Fail(reason, input)) = tried {
            panic!("{reason}: {}", input.escape_ascii());
        }
        tried.unwrap();
        if Instant::now() >= until {
            return;
        }
    }
}

#[test]
fn route() {
    try_all("route", checks::route);
}

#[test]
fn request() {
    try_all("request", checks::request);
}

#[test]
fn job_id() {
    try_all("job_id", checks::job_id);
}

#[test]
fn search_reply() {
    try_all("search_reply", checks::search_reply);
}

#[test]
fn import_line() {
    try_all("import_line", checks::import_line);
}
