//! Loading a file into the embedded store, against reading the same file as JSON and doing nothing with it.

#![allow(clippy::unwrap_used)]

use std::{fmt::Write as _, path::Path};

use divan::{Bencher, counter::ItemsCount};
use mlgate::store::embedded::EmbeddedStore;
use serde_json::Value;

const DOCUMENTS: usize = 100_000;

fn main() {
    divan::main();
}

/// Bulk actions with ids, and buckets of ordinary size.
fn dump() -> String {
    let mut dump = String::new();
    for number in 0..DOCUMENTS {
        let (time, score) = (1_454_530_200_000 + 300_000 * number, number % 997);
        writeln!(
            dump,
            r#"{{"index":{{"_index":".ml-anomalies-shared","_id":"j_bucket_{time}_300"}}}}
{{"job_id":"j","timestamp":{time},"anomaly_score":{score}.25,"bucket_span":300,"initial_anomaly_score":{score}.5,"event_count":153,"is_interim":false,"bucket_influencers":[{{"job_id":"j","result_type":"bucket_influencer","influencer_field_name":"bucket_time","initial_anomaly_score":{score}.5,"anomaly_score":{score}.25,"raw_anomaly_score":2.32119,"probability":5.75042E-6,"timestamp":{time},"bucket_span":300,"is_interim":false}}],"processing_time_ms":2,"result_type":"bucket"}}"#
        )
        .unwrap();
    }
    dump
}

#[divan::bench(sample_count = 5)]
fn import(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump.ndjson");
    std::fs::write(&file, dump()).unwrap();
    let open = || {
        let store = tempfile::tempdir_in(folder.path()).unwrap();
        (EmbeddedStore::open(&store.path().join("results.db")).unwrap(), store)
    };
    bencher.counter(ItemsCount::new(DOCUMENTS)).with_inputs(open).bench_values(|(store, folder)| {
        load(&store, &file);
        folder
    });
}

fn load(store: &EmbeddedStore, file: &Path) {
    let summary = store.import(file, |line, reason| panic!("{line}: {reason}"), |_| {}).unwrap();
    assert_eq!(summary.documents, DOCUMENTS as u64);
}

#[divan::bench(sample_count = 5)]
fn parse_only(bencher: Bencher<'_, '_>) {
    let dump = dump();
    bencher.counter(ItemsCount::new(DOCUMENTS)).bench(|| {
        dump.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(Value::is_object).count()
    });
}
