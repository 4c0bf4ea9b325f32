//! The guide `docs/switching.md`, step by step: its settings and its commands, with two genuine clusters.

use std::path::Path;

use serde_json::Value;

use super::{SUPERUSER, get, report, wait_for};
use crate::support::{
    Cluster,
    command::{mlgate, run},
    operator::Operated,
    root,
};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets?size=300&desc=true&sort=anomaly_score";
const COPIED: &str = "/.ml-anomalies-shared/_doc/it-ops-kpi_bucket_1454943900000_300?refresh=true";

/// What stands in the guide's blocks of a language.
fn blocks(language: &str) -> Vec<String> {
    let guide = std::fs::read_to_string(root().join("docs/switching.md")).unwrap();
    let parts = guide.split("```").skip(1).step_by(2);
    parts.filter_map(|part| part.strip_prefix(&format!("{language}\n"))).map(str::to_owned).collect()
}

/// A command of the guide, in a folder.
fn command(text: &str, folder: &Path) -> (bool, String) {
    let mut words = text.split_whitespace();
    let output = match words.next().unwrap() {
        "mlgate" => {
            let said = run(mlgate()
                .args(words)
                .current_dir(folder)
                .env("MLGATE_UPSTREAM_USERNAME", SUPERUSER.0)
                .env("MLGATE_UPSTREAM_PASSWORD", SUPERUSER.1));
            return (said.succeeded, said.stdout + &said.stderr.join("\n"));
        }
        other => std::process::Command::new(other).args(words).current_dir(folder).output().unwrap(),
    };
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step() {
    let _one = super::ONE_PAIR_AT_A_TIME.lock().await;
    let (Some(new), Some(old)) = (Cluster::start(), Cluster::start()) else { return };
    tokio::task::spawn_blocking(move || steps(&new, &old)).await.unwrap();
}

fn steps(new: &Cluster, old: &Cluster) {
    let [first, flipped, end] = &blocks("toml")[..] else { panic!("the guide has other settings") };
    let [check, look, clean, strict] = &blocks("sh")[..] else { panic!("the guide has other commands") };
    let here = |settings: &str| {
        settings
            .replace("https://new.example.com:9200", &format!("http://{}", new.address))
            .replace("https://old.example.com:9200", &format!("http://{}", old.address))
            .replace("\"shadow.ndjson\"", "\"FOLDER/shadow.ndjson\"")
    };
    // The copy lacks a bucket.
    let lost = new.call("GET", COPIED.split('?').next().unwrap(), "", b"");
    assert_eq!(new.call("DELETE", COPIED, "", b"").status, 200);
    let expected = old.call("GET", BUCKETS, "", b"");

    let front = Operated::start(&here(first));
    let folder = front.path("").clone();
    let (right, told) = command(check, &folder);
    assert!(right && told.contains("secondary: http://"), "{told}");
    let reply = get(&front, BUCKETS);
    assert_eq!((reply.status, reply.body), (200, expected.body), "the old cluster answers");
    wait_for(&front, 1.0);
    assert_eq!(report(&front, 1)["different"], 1);
    let (_, told) = command(look, &folder);
    for part in ["1 compared: 0 equal, 1 different", "it-ops-kpi: missing at /buckets/*", "native@secondary 200: "] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let (right, told) = command(strict, &folder);
    assert!(!right && told.contains("1 of 1 answers differ"), "{told}");
    drop(front);

    // The copy is mended.
    let source = serde_json::from_str::<Value>(&lost.body).unwrap()["_source"].to_string();
    assert_eq!(new.call("PUT", COPIED, "application/json", source.as_bytes()).status, 201);
    let front = Operated::start(&here(first));
    let folder = front.path("").clone();
    std::fs::write(front.path("shadow.ndjson.1"), "of before").unwrap();
    assert!(command(clean, &folder).0 && !front.path("shadow.ndjson.1").exists());
    drop(front);
    let front = Operated::start(&here(first));
    let folder = front.path("").clone();
    assert!(!command(strict, &folder).0, "nothing was compared yet");
    get(&front, BUCKETS);
    wait_for(&front, 1.0);
    assert_eq!(report(&front, 1)["equal"], 1);
    let (right, told) = command(strict, &folder);
    assert!(right, "{told}");
    drop(front);

    // Flipped: the old cluster may be gone.
    let settings = first.replace("shadow_flip = true", flipped.trim());
    assert_ne!(settings, *first);
    let front = Operated::start(&here(&settings));
    old.kill();
    assert_eq!(get(&front, BUCKETS).status, 200);
    wait_for(&front, 1.0);
    drop(front);
    let front = Operated::start(&here(end));
    assert_eq!(get(&front, BUCKETS).status, 200);
}
