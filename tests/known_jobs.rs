//! What the embedded store knows of jobs without results: from their configurations, and from the aliases that lead to their
//! indices. Where an index is, it refuses what it cannot search for; where none is, nothing does.

#![allow(clippy::unwrap_used)]

mod support;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use support::{
    command::{import, run, write},
    fixtures, send, start_with,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_job_has_the_index_that_its_configuration_names() {
    let (address, folder) = serve(&[fixtures().join("index/jobs.ndjson")]).await;
    let reply = buckets(address, "never-run", "start=invalid");
    assert_eq!(reply.0, 400);
    assert!(reply.1.contains(r#""index":".ml-anomalies-shared""#), "{}", reply.1);
    assert_eq!(buckets(address, "never-run", "").0, 200);
    assert_eq!(buckets(address, "unknown", "start=invalid").0, 404);
    let custom = r#"{"job_id":"mine","job_type":"anomaly_detector","results_index_name":"custom-mine"}"#;
    load(&folder, &write(folder.path(), "mine.ndjson", custom));
    assert!(buckets(address, "mine", "sort=nosuch").1.contains(r#""index":".ml-anomalies-custom-mine""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_no_alias_leads_to_has_no_index_where_aliases_are_known() {
    let index = fixtures().join("index");
    let (address, folder) = serve(&[index.join("jobs.ndjson"), index.join("aliases.ndjson")]).await;
    assert_eq!(buckets(address, "never-opened", "start=invalid"), (200, r#"{"count":0,"buckets":[]}"#.into()));
    assert_eq!(buckets(address, "never-run", "start=invalid").0, 400);
    // as `GET _alias?pretty` answers, over several lines; and an alias is enough to know a job
    let dump = "{\n  \".ml-anomalies-shared-000007\" : {\n    \"aliases\" : {\n      \".ml-anomalies-new\" : { }\n    }\n  }\n}\n";
    load(&folder, &write(folder.path(), "aliases.ndjson", dump));
    assert!(buckets(address, "new", "start=invalid").1.contains(r#""index":".ml-anomalies-shared-000007""#));
}

/// A server on a store that holds these files.
async fn serve(files: &[PathBuf]) -> (SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        load(&folder, file);
    }
    let store = folder.path().join("results.db");
    (start_with(&format!("store = '{}'\nunsafe_open_to_all = true\n", store.display())).await, folder)
}

fn load(folder: &tempfile::TempDir, file: &Path) {
    let said = run(&mut import(&folder.path().join("results.db"), &[file]));
    assert!(said.succeeded, "{said:?}");
}

fn buckets(address: SocketAddr, job: &str, query: &str) -> (u16, String) {
    let reply = send(address, "GET", &format!("/_ml/anomaly_detectors/{job}/results/buckets?{query}"), &[], None);
    (reply.status, reply.body)
}
