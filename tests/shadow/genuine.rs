//! Two genuine nodes.

use super::{Request, ask, compared, get, planted, report, requests};
use crate::support::{
    Cluster, SUPERUSER,
    operator::{Operated, within},
};

const SHADOW: &str = "shadow_log = 'FOLDER/shadow.ndjson'\nshadow_in_flight = 64\nmodes = ['*=shadow']\n";

/// A server in front of the new cluster; the old one is the other side.
fn front(new: &Cluster, old: &Cluster, more: &str) -> Operated {
    let (user, password) = SUPERUSER;
    Operated::start(&format!(
        "upstream = 'http://{}'\nsecondary = 'http://{}'\nsecondary_username = '{user}'\nsecondary_password = '{password}'\n{more}",
        new.address, old.address
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_planted_differences_and_no_false_ones() {
    let _one = super::ONE_PAIR_AT_A_TIME.lock().await;
    let (Some(new), Some(old)) = (Cluster::start(), Cluster::start()) else { return };
    tokio::task::spawn_blocking(move || {
        native_answers_are_the_genuine_ones(&new, &old);
        for flip in [false, true] {
            nothing_differs(&new, &old, flip);
        }
        planted::are_found(&front(&new, &old, SHADOW), &old);
    })
    .await
    .unwrap();
}

/// Every recorded request, hundreds of which are answered by both sides.
fn nothing_differs(new: &Cluster, old: &Cluster, flip: bool) {
    let front = front(new, old, &format!("{SHADOW}shadow_flip = {flip}\n"));
    let sent = everything_is_asked(&front, |_| true);
    let (equal, different) = (compared(&front, "equal"), compared(&front, "different"));
    eprintln!(
        "flip {flip}: {sent} requests, {equal} equal, {different} different, {} skipped, {} failed",
        compared(&front, "skipped"),
        compared(&front, "failed")
    );
    assert!(different < 1.0, "{:#}", report(&front, 0));
    assert!(equal > 500.0, "only {equal} were compared");
    let without = compared(&front, "failed") + compared(&front, "skipped");
    assert!(without < 1.0, "{}", front.look("/metrics").body);
}

/// Sends every recorded request whose answer is the same on both sides, and waits for the comparisons; how many they were.
pub fn everything_is_asked(front: &Operated, is_fit: impl Fn(&Request) -> bool) -> u64 {
    let mut sent = 0;
    for request in requests() {
        let headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        // What the README says is not the same on both sides.
        if headers.iter().any(|(_, value)| value.contains("compatible-with=9"))
            || request.target.contains("error_trace")
            || !is_fit(&request)
        {
            continue;
        }
        ask(front, &request.method, &request.target, &headers, request.body.as_deref());
        sent += 1;
        // A place for the next one: what is compared here is compared slowly.
        drained(front, 32.0);
    }
    drained(front, 0.0);
    sent
}

/// Waits until no more than so many comparisons are under way.
fn drained(front: &Operated, most: f64) {
    within("comparisons end", || (front.metric("mlgate_shadow_in_flight ") <= most).then_some(()));
}

/// In native mode the status, the headers and the body are the genuine ones, whichever path is asked.
fn native_answers_are_the_genuine_ones(new: &Cluster, old: &Cluster) {
    let front = front(new, old, "modes = ['farequote=native', 'it-ops-*=native@secondary']\npass_through = 'off'\n");
    for (job, cluster) in [("farequote", new), ("it-ops-kpi", old)] {
        let tail = format!("anomaly_detectors/{job}/results/buckets?size=3&anomaly_score=10");
        for (method, target, body) in [
            ("GET", format!("/_ml/{tail}"), ""),
            ("GET", format!("/_ml/{tail}&pretty&human"), ""),
            ("GET", format!("/_ml/{tail}&nosuch=1"), ""),
            ("POST", format!("/_ml/anomaly_detectors/{job}/results/buckets"), r#"{"page":{"size":2},"desc":true}"#),
            ("POST", format!("/_ml/anomaly_detectors/{job}/results/buckets"), r#"{"nosuch":2}"#),
        ] {
            let json = [("Content-Type", "application/json")];
            let headers: &[_] = if body.is_empty() { &[] } else { &json };
            let direct = cluster.call(method, &target, if body.is_empty() { "" } else { json[0].1 }, body.as_bytes());
            for target in [target.clone(), target.replacen("/_ml/", "/_xpack/ml/", 1)] {
                let reply = ask(&front, method, &target, headers, Some(body));
                assert_eq!((reply.status, &reply.body), (direct.status, &direct.body), "{target}");
                assert_eq!(reply.header("content-type"), direct.header("content-type"));
                assert_eq!(reply.header("x-elastic-product"), direct.header("x-elastic-product"));
            }
        }
    }
    let stranger = crate::support::send(
        front.address,
        "GET",
        "/_ml/anomaly_detectors/farequote/results/buckets",
        &[("Authorization", &crate::support::basic("elastic", "wrong"))],
        None,
    );
    assert_eq!(stranger.status, 401);
    assert_eq!(get(&front, "/_ml/anomaly_detectors/no_such_job/results/buckets").status, 404, "others are rewritten");
    let asked =
        front.metric("mlgate_upstream_requests_total{node=\"http://") - front.metric("mlgate_shadow_comparisons_total");
    assert!(asked > 0.0);
    let native = |address| {
        front.metric(&format!("mlgate_upstream_requests_total{{node=\"http://{address}\",purpose=\"native\""))
    };
    assert!(native(new.address) >= 10.0 && native(old.address) >= 10.0);
}
