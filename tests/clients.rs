//! The official clients against the running server: their own checks of product and media types must pass. The packages are
//! installed from `PyPI` and npm into `target/clients` on first use; where an installer is missing that is said loudly.

#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;

use support::{root, start_embedded};

const EXPECTED: &str = "1 94.1706 1454943900000";

const PYTHON: &str = r#"
import sys
from elasticsearch import Elasticsearch
es = Elasticsearch([sys.argv[1]])
if sys.argv[2] == "8":
    reply = es.ml.get_buckets(job_id="it-ops-kpi", anomaly_score=80, start="1454530200001")
else:
    reply = es.xpack.ml.get_buckets("it-ops-kpi", body={"anomaly_score": 80, "start": "1454530200001"})
bucket = reply["buckets"][0]
print(reply["count"], bucket["anomaly_score"], bucket["timestamp"])
"#;

const JAVASCRIPT: &str = r"
const { Client } = require('@elastic/elasticsearch');
const client = new Client({ node: process.argv[process.argv.length - 1] });
client.ml.getBuckets({ job_id: 'it-ops-kpi', anomaly_score: 80, start: '1454530200001' }).then(reply => {
  const bucket = reply.buckets[0];
  console.log(reply.count, bucket.anomaly_score, bucket.timestamp);
}).catch(error => { console.error(error); process.exit(1); });
";

#[tokio::test(flavor = "multi_thread")]
async fn python_8() {
    python("elasticsearch==8.19.2", "8").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_6() {
    python("elasticsearch==6.8.2", "6").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_8() {
    let folder = root().join("target/clients/javascript-8");
    std::fs::create_dir_all(&folder).unwrap();
    let install = [
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--prefix",
        folder.to_str().unwrap(),
        "@elastic/elasticsearch@8.19.1",
    ];
    if !folder.join("node_modules/@elastic/elasticsearch").exists() && !installed("npm", &install) {
        return;
    }
    let (address, _store) = start_embedded().await;
    let mut node = Command::new("node");
    node.current_dir(&folder).args(["-e", JAVASCRIPT, "--", &format!("http://{address}")]);
    assert_prints_expected(&mut node);
}

async fn python(package: &str, version: &str) {
    let folder = root().join(format!("target/clients/python-{version}"));
    let target = folder.to_str().unwrap();
    if !folder.join("elasticsearch").exists()
        && !installed("python3", &["-m", "pip", "install", "-q", "--target", target, package])
    {
        return;
    }
    let (address, _store) = start_embedded().await;
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", &folder).args(["-W", "ignore", "-c", PYTHON, &format!("http://{address}"), version]);
    assert_prints_expected(&mut python);
}

fn installed(program: &str, arguments: &[&str]) -> bool {
    let succeeded = Command::new(program).args(arguments).status().is_ok_and(|status| status.success());
    if !succeeded {
        assert!(std::env::var_os("MLGATE_REQUIRE_CLIENTS").is_none(), "{program} {arguments:?} failed");
        eprintln!("\n*** SKIPPED: {program} {arguments:?} does not work here\n");
    }
    succeeded
}

fn assert_prints_expected(command: &mut Command) {
    let output = command.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(shown.trim(), EXPECTED, "{}", String::from_utf8_lossy(&output.stderr));
}
