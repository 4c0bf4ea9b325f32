//! Parts of the program, called as functions.

use std::{hint::black_box, time::Duration};

use http::HeaderValue;
use mlgate::{
    privileges::{Privileges, Rule, audit::Audit, cache::Verdicts, caller::Caller, open::OpenToAll},
    results::{documents::Style, get_buckets::reply::Buckets},
    store::cluster::reply::read_hits,
    xcontent::json::Json,
};
use tokio::runtime::Builder;

use crate::documents;

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
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let rule = Rule { index_read: true, ..Rule::default() };
    let verdicts = Verdicts::new(Duration::from_hours(10), Duration::ZERO);
    let privileges = Privileges::new(Box::new(OpenToAll), rule, verdicts, Audit::off()).unwrap();
    let credential = HeaderValue::from_static("Basic bWxfcmVhZGVyOmRlbW8tcGFzc3dvcmQ=");
    let caller = Caller::with_credential(Some(credential), "/_ml/anomaly_detectors/j/results/buckets");
    for _ in 0..times {
        let decision = runtime.block_on(privileges.decide(black_box(&caller), Some("j"))).unwrap();
        black_box(decision.permit().unwrap());
    }
}
