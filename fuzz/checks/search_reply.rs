use mlgate::{
    results::{documents::Style, get_buckets::page::Page, job_id::JobId},
    spool::Spools,
    store::cluster::reply::{read_hits, read_reply},
    xcontent::render::Form,
};
use serde_json::Value;

use super::check_error;

/// What is taken for a whole search reply is one, its hits are those of the text, and what is made of them is JSON.
pub fn search_reply(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let hits = match read_hits(text) {
        Ok(hits) => hits,
        Err(error) => return check_error(&error),
    };
    // another reader stops at a depth of 128
    if let Ok(reply) = serde_json::from_str::<Value>(text) {
        assert_eq!(reply["timed_out"], false);
        assert_eq!(reply["_shards"]["failed"], 0);
        let total = &reply["hits"]["total"];
        assert_eq!(total.as_u64().or_else(|| total["value"].as_u64()), Some(hits.total));
        let expected: Vec<&Value> =
            reply["hits"]["hits"].as_array().expect("hits").iter().map(|hit| &hit["_source"]).collect();
        let sources: Vec<Value> =
            hits.sources().map(|source| serde_json::from_slice(source).expect("a source is JSON")).collect();
        assert_eq!(sources.iter().collect::<Vec<_>>(), expected);
    }
    for style in [Style::default(), Style { human: true, partition_scores: true }] {
        for pretty in [false, true] {
            let job = JobId::parse("it-ops-kpi").expect("a job");
            let mut page = Page::new(&job, Form { pretty, ..Form::json() }, style, &Spools::default());
            read_reply(input, &mut page).expect("it was read before");
            match page.finish() {
                Ok(buckets) => {
                    let text = buckets.into_bytes().expect("what was kept");
                    let shown: Value = serde_json::from_slice(&text).expect("a reply is JSON");
                    assert_eq!(shown["count"], hits.total.min(i64::MAX as u64));
                    assert_eq!(shown["buckets"].as_array().map(Vec::len), Some(hits.hits.len()));
                }
                Err(error) => check_error(&error),
            }
        }
    }
}
