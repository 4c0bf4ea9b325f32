//! Cases 1 to 19: what a path means.

use crate::{
    BUCKETS, SECRET, Site,
    recorder::{Recorded, Recorder},
    support::{Reply, basic},
};

/// What the cluster sees of a Get Buckets request.
fn searched(site: &Site, what: &str) {
    let targets = site.cluster.targets();
    assert!(
        targets.iter().any(|target| target.starts_with("/.ml-anomalies-it-ops-kpi/_search?")),
        "{what}: {targets:?}"
    );
    assert!(!targets.iter().any(|target| target.contains("_ml/")), "{what}: {targets:?}");
}

#[test]
fn case_01_a_trailing_slash_is_get_buckets() {
    // A caller whose privileges nobody asked for yet: the check is seen.
    let site = Site::before(Recorder::start(), "privilege_cache_seconds = 0\n");
    for tail in ["/", "/?size=1", "/1454943900000/"] {
        let reply = site.get(&format!("{BUCKETS}{tail}"));
        assert!(matches!(reply.status, 200 | 404), "{reply:?}");
        assert!(site.cluster.targets()[0].ends_with("_has_privileges"), "{:?}", site.cluster.targets());
        searched(&site, tail);
        site.well();
    }
    site.end();
}

#[test]
fn case_02_many_trailing_slashes_are_get_buckets() {
    let site = Site::start();
    assert_eq!(site.get(&format!("{BUCKETS}///")).body, site.get(BUCKETS).body);
    searched(&site, "///");
    site.end();
}

/// Refuses each of these targets before the cluster hears of it.
fn all_refused(targets: &[&str]) {
    let site = Site::start();
    for target in targets {
        for method in ["GET", "POST", "DELETE"] {
            let reply = site.ask(method, target, "", "");
            site.refuses(target, &reply, 400);
        }
    }
    site.end();
}

/// Refuses Get Buckets of a job that can be none before anything is searched.
fn no_job(site: &Site, id: &str) -> Reply {
    let reply = site.get(&format!("/_ml/anomaly_detectors/{id}/results/buckets"));
    assert_eq!(reply.status, 400, "{id}: {reply:?}");
    assert!(!site.cluster.targets().iter().any(|target| target.contains("_search")), "{id}");
    reply
}

/// Passes a target on as it is, and does nothing else with it.
fn passed_on(site: &Site, target: &str) {
    let reply = site.get(target);
    assert_eq!((reply.status, &*reply.body), (200, "{\"passed\":true}"), "{target}");
    assert_eq!(site.cluster.targets(), [target]);
    site.well();
}

#[test]
fn case_03_an_empty_first_segment() {
    all_refused(&["//_ml/anomaly_detectors/j/results/buckets", "///x"]);
}

#[test]
fn case_04_empty_and_dot_segments() {
    all_refused(&["/_ml//anomaly_detectors/j/results/buckets", "/_ml/./anomaly_detectors/j/results/buckets", "/a//b"]);
}

#[test]
fn case_05_a_way_up() {
    all_refused(&[
        "/_ml/anomaly_detectors/../../_security/user",
        "/_ml/anomaly_detectors/%2e%2e/%2E%2E/_security/user",
        "/_ml/anomaly_detectors/.%2e/x",
        "/_ml/anomaly_detectors/%2E./x",
        "/x/..",
        "/%2e",
    ]);
}

#[test]
fn case_06_an_encoded_slash_in_a_job() {
    let site = Site::start();
    let reply = no_job(&site, "a%2Fb");
    assert!(reply.body.contains("Invalid job_id; 'a/b' can contain"), "{reply:?}");
    assert!(
        site.cluster.targets().iter().all(|target| target.ends_with("_has_privileges")),
        "{:?}",
        site.cluster.targets()
    );
    for one in site.cluster.seen() {
        assert!(!String::from_utf8_lossy(&one.body).contains("a/b"), "{one:?}");
    }
    site.end();
}

#[test]
fn case_07_decoded_once_only() {
    let site = Site::start();
    for (id, decoded) in [("a%252Fb", "a%2Fb"), ("a%25%32%46b", "a%2Fb")] {
        let reply = no_job(&site, id);
        assert!(reply.body.contains(&format!("Invalid job_id; '{decoded}' can contain")), "{reply:?}");
        site.well();
    }
    site.end();
}

#[test]
fn case_08_backslashes() {
    all_refused(&[
        "/a\\b",
        "/a%5Cb",
        "/a%5cb",
        "/_ml\\anomaly_detectors",
        "/_ml/anomaly_detectors/j%5C/results/buckets",
    ]);
}

#[test]
fn case_09_control_characters_and_broken_escapes() {
    all_refused(&["/a%00", "/a%0d%0ab", "/a%1F", "/a%7F", "/_ml/anomaly_detectors/a%0Ab/results/buckets"]);
    let site = Site::start();
    for id in ["%", "%z", "%zz", "a%2"] {
        no_job(&site, id);
        site.well();
    }
    site.end();
}

#[test]
fn case_10_what_is_no_utf8() {
    let site = Site::start();
    for id in ["%ff", "a%c3", "%ed%a0%80"] {
        no_job(&site, id);
        site.well();
    }
    site.end();
}

#[test]
fn case_11_bytes_that_must_be_encoded() {
    let site = Site::start();
    for bytes in [&b"/\xc3\xa4"[..], b"/a\"b", b"/a<b", b"/a^b", b"/a`b", b"/\xff", b"/a\x01b"] {
        let mut request = b"GET ".to_vec();
        request.extend_from_slice(bytes);
        let rest =
            format!(" HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: {}\r\n\r\n", basic("u", SECRET));
        request.extend_from_slice(rest.as_bytes());
        let reply = site.raw(&request);
        site.refuses(&bytes.escape_ascii().to_string(), &reply, 400);
    }
    site.end();
}

#[test]
fn case_12_a_fragment_is_no_part_of_a_target() {
    let site = Site::start();
    // Whatever is made of it, what was checked is what is asked for.
    for target in ["/x#/y", &format!("/x#/..{BUCKETS}"), &format!("{BUCKETS}#?size=x")] {
        let reply = site.get(target);
        let targets = site.cluster.targets();
        assert!(matches!(reply.status, 200 | 400), "{target}: {reply:?}");
        assert!(targets.iter().all(|seen| !seen.contains('#')), "{target}: {targets:?}");
        let ours = target.starts_with(BUCKETS);
        assert!(targets.iter().all(|seen| seen == "/x" || (ours && !seen.contains("_ml"))), "{target}: {targets:?}");
        site.well();
    }
    site.end();
}

#[test]
fn case_13_the_absolute_form() {
    let site = Site::start();
    for (host, status) in [("h", 200), ("evil", 400)] {
        let request = format!(
            "GET http://h{BUCKETS}?size=1 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: {}\r\n\r\n",
            basic("u", SECRET)
        );
        let reply = site.raw(request.as_bytes());
        assert_eq!(reply.status, status, "{host}: {reply:?}");
        if status == 400 {
            site.refuses(host, &reply, 400);
        } else {
            searched(&site, host);
            site.well();
        }
    }
    site.end();
}

#[test]
fn case_14_a_path_that_looks_like_an_address() {
    let site = Site::start();
    for target in ["/@evil", "/:80/", "/http:/169.254.169.254/", "/evil:80"] {
        let reply = site.get(target);
        assert_eq!(reply.status, 200, "{target}: {reply:?}");
        let seen = site.cluster.seen();
        assert_eq!(seen.iter().map(Recorded::target).collect::<Vec<_>>(), [target]);
        assert_eq!(seen[0].values("host"), [site.cluster.address.to_string()]);
        site.well();
    }
    for target in ["/http://169.254.169.254/", "//evil/"] {
        let reply = site.get(target);
        site.refuses(target, &reply, 400);
    }
    site.end();
}

#[test]
fn case_15_methods_that_are_none_of_ours() {
    let site = Site::start();
    for line in ["OPTIONS *", "CONNECT evil:1", "CONNECT /x", "TRACE /x", &format!("TRACE {BUCKETS}")] {
        let (method, target) = line.split_once(' ').unwrap();
        let reply = site.ask(method, target, "", "");
        assert!(matches!(reply.status, 400 | 405), "{line}: {reply:?}");
        assert_eq!(site.cluster.targets(), [""; 0], "{line}");
        site.well();
    }
    let reply = site.ask("MADEUP", BUCKETS, "", "");
    assert_eq!(reply.status, 405, "{reply:?}");
    site.end();
}

#[test]
fn case_16_spelled_otherwise_is_not_ours() {
    let site = Site::start();
    for target in [
        "/_ML/anomaly_detectors/j/results/buckets",
        "/%5Fml/anomaly_detectors/j/results/buckets",
        "/_ml/anomaly_detectors/j/results/Buckets",
    ] {
        passed_on(&site, target);
    }
    site.end();
}

#[test]
fn case_17_only_the_path_decides() {
    let site = Site::start();
    for target in [&*format!("/x?y={BUCKETS}"), &format!("/x/?{BUCKETS}"), &format!("/x?/..{BUCKETS}?size=1")] {
        passed_on(&site, target);
    }
    let reply = site.get(&format!("{BUCKETS}?/x"));
    assert_eq!(reply.status, 400, "{reply:?}");
    assert!(!site.cluster.targets().iter().any(|target| target.contains("_ml/")));
    site.end();
}

#[test]
fn case_18_all_eight_ways_are_checked() {
    let site = Site::before(Recorder::start(), "privilege_cache_seconds = 0\n");
    for base in ["/_ml", "/_xpack/ml"] {
        for method in ["GET", "POST"] {
            for tail in ["", "/1454943900000"] {
                let target = format!("{base}/anomaly_detectors/it-ops-kpi/results/buckets{tail}");
                let reply = site.ask(method, &target, "", "");
                assert_eq!(reply.status, if tail.is_empty() { 200 } else { 404 }, "{target}: {reply:?}");
                assert!(site.cluster.targets()[0].ends_with("/_security/user/_has_privileges"), "{target}");
                searched(&site, &target);
                site.well();
            }
        }
    }
    site.end();
}

#[test]
fn case_19_other_methods_on_our_path() {
    let site = Site::start();
    for method in ["HEAD", "DELETE", "PUT", "PATCH"] {
        let reply = site.ask(method, BUCKETS, "", "");
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET,POST")), "{method}: {reply:?}");
        let targets = site.cluster.targets();
        assert!(targets.iter().all(|target| target.ends_with("_has_privileges")), "{method}: {targets:?}");
        site.well();
    }
    site.end();
}
