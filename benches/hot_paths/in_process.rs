//! Parts of the program, called as functions.

use std::{hint::black_box, time::Duration};

use http::HeaderValue;
use mlgate::{
    privileges::{Privileges, Rule, audit::Audit, cache::Verdicts, caller::Caller, open::OpenToAll},
    results::{documents::Style, get_buckets::page::Page, job_id::JobId},
    spool::Spools,
    store::cluster::reply::read_reply,
    xcontent::render::Form,
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
    // As where there is room for it in memory.
    let (spools, job) = (Spools::new(64 << 20), JobId::parse("j").unwrap());
    for _ in 0..times {
        let mut page = Page::new(&job, Form::json(), Style::default(), &spools);
        read_reply(black_box(text).as_bytes(), &mut page).unwrap();
        black_box(page.finish().unwrap());
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
