//! Cases 51, 54 and 56 to 58: who may. More of them, on genuine clusters, is in `tests/privileges.rs`; what becomes of an
//! authority that fails, in `tests/authority_faults.rs`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use crate::{
    BUCKETS, SECRET, Site,
    recorder::{Recorded, Recorder, may_nothing, reply},
    support::{basic, send},
};

/// The number of searches among what came.
fn searches(site: &Site) -> usize {
    site.cluster.targets().iter().filter(|target| target.contains("_search")).count()
}

fn questions(site: &Site) -> usize {
    site.cluster.targets().iter().filter(|target| target.ends_with("_has_privileges")).count()
}

#[test]
fn case_51_who_may_not_causes_no_search() {
    let refused = basic("eve", "eves-secret");
    let is_eve = refused.clone();
    let site = Site::before(
        Recorder::answering(move |asked| {
            let head = &asked.head;
            head.contains(&is_eve).then(|| may_nothing(asked)).flatten()
        }),
        "",
    );
    for (method, target) in
        [("GET", BUCKETS.to_owned()), ("POST", format!("{BUCKETS}/5")), ("GET", format!("{BUCKETS}?expand=true"))]
    {
        let answer = send(site.address(), method, &target, &[("Authorization", &refused)], None);
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(answer.body.contains("security_exception"), "{answer:?}");
        assert_eq!(searches(&site), 0, "{target}");
        site.well();
    }
    site.end();
}

#[test]
fn case_54_what_is_revoked_is_refused() {
    let revoked = Arc::new(AtomicBool::new(false));
    let is_revoked = Arc::clone(&revoked);
    let answers = move |asked: &Recorded| is_revoked.load(SeqCst).then(|| may_nothing(asked)).flatten();
    let site = Site::before(Recorder::answering(answers), "privilege_cache_seconds = 1\n");
    site.well();
    revoked.store(true, SeqCst);
    std::thread::sleep(Duration::from_millis(1_100));
    assert_eq!(site.get(BUCKETS).status, 403);
    revoked.store(false, SeqCst);
    std::thread::sleep(Duration::from_millis(1_100));
    site.end();
}

/// Case 54, the other half: the cluster refuses a search, and a yes of a minute's life ends with that.
#[test]
fn case_54_a_refusal_of_the_cluster_ends_a_yes() {
    let refusing = Arc::new(AtomicBool::new(false));
    let is_refusing = Arc::clone(&refusing);
    let answers = move |asked: &Recorded| {
        let head = &asked.head;
        let refusal = r#"{"error":{"type":"security_exception","reason":"no"},"status":403}"#;
        (is_refusing.load(SeqCst) && head.contains("_search")).then(|| reply(403, "", refusal))
    };
    let site = Site::before(Recorder::answering(answers), "privilege_cache_seconds = 60\n");
    site.well();
    refusing.store(true, SeqCst);
    assert_eq!(site.get(BUCKETS).status, 403);
    refusing.store(false, SeqCst);
    site.cluster.forget();
    assert_eq!(site.get(BUCKETS).status, 200);
    assert_eq!(questions(&site), 1, "asked anew");
    site.end();
}

#[test]
fn case_56_credentials_that_are_nearly_the_same() {
    let site = Site::before(Recorder::start(), "privilege_cache_seconds = 60\n");
    let known = basic("u", SECRET);
    site.well();
    let (head, last) = known.split_at(known.len() - 2);
    let variants = [
        known.replace("Basic", "basic"),
        known.to_ascii_lowercase(),
        format!("{known}="),
        format!("{head}{}", last.chars().rev().collect::<String>()),
        format!("ApiKey {}", &known[6..]),
    ];
    for (number, variant) in variants.iter().enumerate() {
        let answer = send(site.address(), "GET", BUCKETS, &[("Authorization", variant)], None);
        assert!(matches!(answer.status, 200 | 400 | 401), "{answer:?}");
        if answer.status == 200 {
            assert_eq!(questions(&site), 1, "variant {number} was not asked about");
        }
        site.cluster.forget();
        // The known one is still known.
        assert_eq!(site.get(BUCKETS).status, 200);
        assert_eq!(questions(&site), 0);
        site.cluster.forget();
    }
    site.end();
}

/// Bad credentials by the thousand: who is known stays known, and memory is bounded.
#[test]
fn case_57_a_flood_of_credentials() {
    const FLOOD: usize = 3_000;
    let known = basic("u", SECRET);
    let is_known = known.clone();
    let answers = move |asked: &Recorded| {
        let head = &asked.head;
        let refusal = r#"{"error":{"type":"security_exception","reason":"no"},"status":401}"#;
        (!head.contains(&is_known) && head.contains("_has_privileges")).then(|| reply(401, "", refusal))
    };
    let site = Site::before(Recorder::answering(answers), "privilege_cache_seconds = 600\n");
    site.well();
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", site.program.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap().to_owned();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    let mut half = 0;
    for number in 0..FLOOD {
        let authorization = basic(&format!("user-{number}"), "x");
        assert_eq!(send(site.address(), "GET", BUCKETS, &[("Authorization", &authorization)], None).status, 401);
        if number == FLOOD / 2 {
            half = resident();
        }
    }
    let last = resident();
    assert!(last < half + 16_384, "{half} kB, then {last} kB");
    site.cluster.forget();
    assert_eq!(site.get(BUCKETS).status, 200);
    assert_eq!(questions(&site), 0, "who was known had to be asked about again");
    site.end();
}

#[test]
fn case_58_a_yes_is_for_one_job() {
    let answers = |asked: &Recorded| {
        let about_him = matches!(asked.target(), "/" | "/_security/_authenticate");
        (about_him || String::from_utf8_lossy(&asked.body).contains("farequote")).then(|| may_nothing(asked)).flatten()
    };
    let site = Site::before(Recorder::answering(answers), "privilege_cache_seconds = 60\n");
    for _ in 0..3 {
        assert_eq!(site.get(BUCKETS).status, 200);
        assert_eq!(site.get(&BUCKETS.replace("it-ops-kpi", "farequote")).status, 403);
    }
    assert!(!site.cluster.targets().iter().any(|target| target.contains("farequote/_search")));
    // The job is in every search, alias or not.
    for one in site.cluster.seen().iter().filter(|one| one.target().contains("_search")) {
        let body = String::from_utf8_lossy(&one.body).into_owned();
        assert_eq!(body.matches("\"job_id\"").count(), 1, "{body}");
        assert!(body.contains("it-ops-kpi") && !body.contains("farequote"), "{body}");
    }
    site.end();
}
