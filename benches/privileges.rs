//! What it costs to let a caller in whose verdict is known: his fingerprint, the cache, the record of the decision, the
//! permit. `cargo bench --bench privileges`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use divan::Bencher;
use http::HeaderValue;
use mlgate::privileges::{Privileges, Rule, SearchAs, audit::Audit, cache::Verdicts, caller::Caller, open::OpenToAll};

const CREDENTIAL: &str = "Basic bWxfcmVhZGVyOmRlbW8tcGFzc3dvcmQ=";

fn main() {
    divan::main();
}

#[divan::bench]
fn warm_check(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let rule = Rule { index_read: true, hide_forbidden_jobs: false, search_as: SearchAs::Caller };
    let verdicts = Verdicts::new(Duration::from_hours(1), Duration::ZERO);
    let privileges = Privileges::new(Box::new(OpenToAll), rule, verdicts, Audit::off()).unwrap();
    let target = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";
    let caller = Caller::with_credential(Some(HeaderValue::from_static(CREDENTIAL)), target);
    let check = || {
        let decision = runtime.block_on(privileges.decide(&caller, Some("it-ops-kpi"))).unwrap();
        decision.permit().unwrap()
    };
    check();
    bencher.bench_local(check);
}
