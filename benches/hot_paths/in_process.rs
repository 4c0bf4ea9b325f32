//! Parts of the program, called as functions.

use std::{hint::black_box, time::Duration};

use http::HeaderValue;
use mlgate::{
    privileges::{Privileges, Rule, audit::Audit, cache::Verdicts, caller::Caller, open::OpenToAll},
    results::{
        documents::Style,
        get_buckets::{get_buckets, reply::Buckets, request::GetBuckets},
    },
    store::{cluster::reply::read_hits, embedded::EmbeddedStore},
    xcontent::json::Json,
};
use tokio::runtime::{Builder, Runtime};

use crate::documents;

const TARGET: &str = "/_ml/anomaly_detectors/j/results/buckets";

/// From a search reply to a client's reply.
pub fn reshape(times: usize) {
    reshape_text(&documents::buckets(true), times);
}

/// The same where documents are not stored as they are shown.
pub fn reshape_read_whole(times: usize) {
    reshape_text(&documents::buckets(false), times);
}

fn reshape_text(text: &str, times: usize) {
    for _ in 0..times {
        let hits = read_hits(black_box(text).to_owned()).unwrap();
        let found = Buckets::read(&hits, Style::default()).unwrap();
        let mut sink = Json::with_capacity(text.len());
        found.write(&mut sink, Style::default());
        black_box(sink.finish());
    }
}

/// A caller whose verdict is known.
pub fn warm_check(times: usize) {
    let (runtime, privileges, caller) = (runtime(), privileges(), caller());
    for _ in 0..times {
        let decision = runtime.block_on(privileges.decide(black_box(&caller), Some("j"))).unwrap();
        black_box(decision.permit().unwrap());
    }
}

/// A page from the middle of the embedded store.
pub fn embedded_page(times: usize) {
    let (runtime, privileges, caller) = (runtime(), privileges(), caller());
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dump.ndjson");
    std::fs::write(&dump, (0..500).map(|step| documents::bucket(step, true) + "\n").collect::<String>()).unwrap();
    let store = EmbeddedStore::open(&folder.path().join("results.db")).unwrap();
    store.import(&dump, |line, reason| panic!("{line}: {reason}"), |_| {}).unwrap();
    let asked = GetBuckets { start: Some("1454973900000".to_owned()), ..GetBuckets::of_job("j") };
    for _ in 0..times {
        let page = async {
            let permit = privileges.decide(&caller, Some("j")).await.unwrap().permit().unwrap();
            get_buckets(&store, &permit, &asked, Style::default()).await.unwrap()
        };
        assert_eq!(runtime.block_on(page).buckets.len(), 100);
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn privileges() -> Privileges {
    let rule = Rule { index_read: true, ..Rule::default() };
    let verdicts = Verdicts::new(Duration::from_hours(10), Duration::ZERO);
    Privileges::new(Box::new(OpenToAll), rule, verdicts, Audit::off()).unwrap()
}

fn caller() -> Caller {
    Caller::with_credential(Some(HeaderValue::from_static("Basic bWxfcmVhZGVyOmRlbW8tcGFzc3dvcmQ=")), TARGET)
}
