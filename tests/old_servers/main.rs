//! Servers of old, without security, in front of which the files of a realm decide: genuine Elasticsearch 7.17 and 6.8, and
//! what that 6.8 answered, played again where no server can run.

#![allow(clippy::unwrap_used)]

mod exchanges;
mod genuine;
mod recorded;
#[path = "../support/mod.rs"]
mod support;

use std::net::SocketAddr;

use support::{Reply, basic, fixtures, send, start_with, store_with_fixtures};

/// May read every job.
const READER: Option<(&str, &str)> = Some(("ml_reader", "demo-password"));

fn ask(to: SocketAddr, accept: &str, target: &str, login: Option<(&str, &str)>) -> Reply {
    let credentials = login.map(|(user, password)| basic(user, password));
    let mut headers = vec![("Accept", accept)];
    headers.extend(credentials.as_deref().map(|credentials| ("Authorization", credentials)));
    send(to, "GET", target, &headers, None)
}

fn buckets(job: &str, query: &str) -> String {
    format!("/_ml/anomaly_detectors/{job}/results/buckets{query}")
}

/// A server in front of a cluster that knows no callers.
async fn front(cluster: SocketAddr) -> SocketAddr {
    start_with(&format!("upstream = 'http://{cluster}'\nrealm = '{}'\n", fixtures().join("realm").display())).await
}

/// The same people on the embedded store; its folder goes when it is dropped.
async fn embedded() -> (SocketAddr, tempfile::TempDir) {
    let (store, folder) = store_with_fixtures();
    let realm = fixtures().join("realm");
    (start_with(&format!("store = '{}'\nrealm = '{}'\n", store.display(), realm.display())).await, folder)
}

/// The same replies as from the embedded store.
fn are_the_same(ours: SocketAddr, embedded: SocketAddr, accept: &str, target: &str) {
    let (ours, expected) = (ask(ours, accept, target, READER), ask(embedded, accept, target, READER));
    assert_eq!(ours.status, expected.status, "{target}: {ours:?}");
    assert!(ours.body == expected.body, "{target}: {:.400} {:.400}", ours.body, expected.body);
}
