//! How often: 429 with `Retry-After`, and a flood that does not reach the cluster.

use std::sync::atomic::Ordering;

use crate::{
    BUCKETS, assert_elastic, cluster,
    support::{basic, fixtures, send, start_with, store_with_fixtures},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_does_not_reach_the_cluster() {
    let (front, seen) = cluster::start("rate_limit_per_second = 1\nrate_limit_burst = 20\n").await;
    let mut refused = 0;
    for number in 0..200 {
        let token = format!("Bearer wrong-{number}");
        let target = if number % 2 == 0 { "/_search" } else { BUCKETS };
        let reply = send(front, "GET", target, &[("Authorization", &token)], None);
        if reply.status == 429 {
            assert_elastic(&reply, 429, "es_rejected_execution_exception");
            assert_eq!(reply.header("retry-after"), Some("1"));
            refused += 1;
        } else {
            assert_eq!(reply.status, 401, "{reply:?}");
        }
    }
    let asked = seen.requests.load(Ordering::SeqCst);
    assert!(refused >= 150 && asked <= 200 - refused, "{refused} refused, {asked} asked");
    assert_eq!(send(front, "GET", "/_search", &[], None).status, 429, "without a credential it is the same address");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_credential_cannot_take_anothers_share() {
    let (front, _seen) = cluster::start("rate_limit_per_second = 1\nrate_limit_burst = 40\n").await;
    let ask = |token: &str| send(front, "GET", "/length", &[("Authorization", token)], None).status;
    for token in ["Bearer a", "Bearer b"] {
        assert_eq!(ask(token), 200);
    }
    let first = (0..60).filter(|_| ask("Bearer a") == 200).count();
    assert!((39..=45).contains(&first), "{first}");
    assert_eq!((0..30).filter(|_| ask("Bearer b") == 200).count(), 30);
}

/// A user is counted as one, even where his credential is written in different ways.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_counted_once() {
    let (store, _folder) = store_with_fixtures();
    let (store, realm) = (store.display(), fixtures().join("realm"));
    let more = "rate_limit_per_second = 1\nrate_limit_burst = 10\n";
    let front = start_with(&format!("store = '{store}'\nrealm = '{}'\n{more}", realm.display())).await;
    let credential = basic("ml_reader", "demo-password");
    let spellings = [credential.clone(), credential.replace("Basic", "basic"), credential.replace("Basic", "BASIC")];
    let mut passed = 0;
    let mut last = None;
    for number in 0..30 {
        let reply = send(front, "GET", BUCKETS, &[("Authorization", &spellings[number % 3])], None);
        passed += usize::from(reply.status == 200);
        last = Some(reply);
    }
    assert!((10..=14).contains(&passed), "{passed}");
    assert_elastic(&last.unwrap(), 429, "es_rejected_execution_exception");
    let other = basic("team_a", "demo-password");
    assert_eq!(send(front, "GET", BUCKETS, &[("Authorization", &other)], None).status, 200);
}
