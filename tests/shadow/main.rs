//! Shadow and native mode. Clusters that answer are genuine; those that misbehave are ours.

#![allow(clippy::unwrap_used)]

mod faults;
mod genuine;
mod guide;
mod opensearch;
mod planted;
#[path = "../support/mod.rs"]
mod support;

use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use support::{
    Reply, SUPERUSER, basic,
    command::{mlgate, run},
    fixtures,
    operator::{Operated, within},
    send,
};

/// Two genuine nodes at a time: each takes a gigabyte.
static ONE_PAIR_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A request of the recorded scenarios.
#[derive(Deserialize)]
struct Request {
    method: String,
    target: String,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    body: Option<String>,
}

/// Every request of the recorded scenarios, but for those whose answers are known to differ from the genuine ones.
fn requests() -> Vec<Request> {
    #[derive(Deserialize)]
    struct Scenario {
        request: Request,
    }
    let mut all: Vec<Request> = Vec::new();
    for name in ["parameters", "bodies", "documents"] {
        let text = std::fs::read_to_string(fixtures().join(format!("scenarios/{name}.yml"))).unwrap();
        let read: Vec<Scenario> = serde_saphyr::from_str(&text).unwrap();
        all.extend(read.into_iter().map(|scenario| scenario.request));
    }
    all
}

/// Sends a request as the superuser of the clusters.
fn ask(front: &Operated, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&str>) -> Reply {
    let (user, password) = SUPERUSER;
    let authorization = basic(user, password);
    let mut all = vec![("Authorization", &*authorization)];
    all.extend(headers);
    send(front.address, method, target, &all, body.map(str::as_bytes))
}

fn get(front: &Operated, target: &str) -> Reply {
    ask(front, "GET", target, &[], None)
}

/// Comparisons that came to an end, by outcome.
fn compared(front: &Operated, outcome: &str) -> f64 {
    front.metric(&format!("mlgate_shadow_comparisons_total{{outcome=\"{outcome}\""))
}

/// Waits until so many comparisons have come to an end, whichever.
fn wait_for(front: &Operated, comparisons: f64) {
    within("every comparison ends", || {
        let ended: f64 =
            ["equal", "different", "skipped", "failed"].map(|outcome| compared(front, outcome)).iter().sum();
        (ended >= comparisons).then_some(())
    });
}

/// `mlgate shadow report --json`, once the file has numbers of so many comparisons.
fn report(front: &Operated, comparisons: u64) -> Value {
    let ask = || -> Option<Value> {
        let said = run(report_of(front).arg("--json"));
        let report: Value = serde_json::from_str(&said.stdout).ok()?;
        let counted: u64 =
            ["equal", "different", "skipped", "failed"].map(|name| report[name].as_u64().unwrap()).iter().sum();
        (counted >= comparisons).then_some(report)
    };
    within("the numbers are written", ask)
}

fn report_of(front: &Operated) -> Command {
    let mut command = mlgate();
    command.args(["shadow", "report", "--log"]).arg(front.path("shadow.ndjson"));
    command
}
