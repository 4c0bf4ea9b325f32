//! The same requests to the embedded store, to mlgate in front of a genuine Elasticsearch, and to that Elasticsearch itself,
//! whose oracle plugin answers with Elastic's own request and reply classes. All three must give the recorded bytes.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use support::{Cluster, SUPERUSER, comparable, fixtures, start_embedded, start_front, try_send};

#[derive(Deserialize)]
struct Scenario {
    request: Request,
    reply: Expected,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    target: String,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    body: Option<String>,
    /// A body that is no text.
    body_base64: Option<String>,
}

#[derive(Deserialize, PartialEq, Debug)]
struct Expected {
    status: u16,
    content_type: Option<String>,
    body: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn embedded_store_gives_the_recorded_bytes() {
    let (address, _folder) = start_embedded().await;
    run("embedded store", address, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn genuine_cluster_and_mlgate_in_front_of_it_give_the_recorded_bytes() {
    let Some(cluster) = Cluster::start() else { return };
    run("mlgate in front of Elasticsearch", start_front(cluster.address).await, Some(SUPERUSER));
    run("Elasticsearch", cluster.address, Some(SUPERUSER));
}

fn scenarios() -> Vec<Scenario> {
    let mut all: Vec<Scenario> = Vec::new();
    for name in ["parameters", "bodies", "documents", "formats"] {
        let text = std::fs::read_to_string(fixtures().join(format!("scenarios/{name}.yml"))).unwrap();
        all.extend(serde_saphyr::from_str::<Vec<Scenario>>(&text).unwrap());
    }
    assert!(all.len() > 1_000, "only {} scenarios were read", all.len());
    all
}

fn run(what: &str, address: SocketAddr, user: Option<(&str, &str)>) {
    let authorization =
        user.map(|(name, password)| format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}"))));
    let all = scenarios();
    let mut differ = 0;
    for Scenario { request, reply } in &all {
        let mut headers: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
        let binary = request.body_base64.as_ref().map(|text| BASE64_STANDARD.decode(text).unwrap());
        let body = binary.as_deref().or(request.body.as_deref().map(str::as_bytes));
        // Elasticsearch counts offsets from where its buffer begins, and that is the head where both come at once.
        let answer = try_send(address, &request.method, &request.target, &headers, body, binary.is_some()).unwrap();
        let answered = Expected {
            status: answer.status,
            content_type: answer.header("content-type").map(str::to_owned),
            body: comparable(&answer.body),
        };
        if answered != *reply {
            differ += 1;
            eprintln!(
                "{what}: {} {} {:?}\n expected {reply:?}\n answered {answered:?}",
                request.method, request.target, request.body
            );
        }
    }
    assert_eq!(differ, 0, "{what}: {differ} of {} scenarios differ", all.len());
    eprintln!("{what}: {} scenarios, all equal", all.len());
}
