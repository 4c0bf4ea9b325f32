//! Between genuine clusters: Elasticsearch 8.19 and OpenSearch 2.19.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    bulk, guide, in_folder, killed, mapping, relay, results,
    support::{
        Cluster, Server,
        command::{Said, run},
    },
};

/// 4 documents each, and 20 of no time.
const BUCKETS: u64 = 1_500;

struct Pair {
    elasticsearch: Cluster,
    opensearch: Cluster,
    folder: tempfile::TempDir,
}

#[tokio::test(flavor = "multi_thread")]
async fn from_elasticsearch_to_opensearch_and_further() {
    let Some(elasticsearch) = Cluster::start() else { return };
    let Some(opensearch) = Cluster::start_empty(Server::OpenSearch("2.19.4")) else { return };
    let pair = Pair { elasticsearch, opensearch, folder: tempfile::tempdir().unwrap() };
    let lines = bulk(".ml-anomalies-custom-big", &results("big", BUCKETS));
    let mapping = std::fs::read(crate::support::fixtures().join("index/results-mapping.json")).unwrap();
    pair.elasticsearch.call("PUT", "/.ml-anomalies-custom-big", "application/json", &mapping);
    let reply = pair.elasticsearch.call("POST", "/_bulk?refresh=true", "application/x-ndjson", lines.as_bytes());
    assert!(reply.body.contains("\"errors\":false"), "{reply:?}");

    tokio::task::block_in_place(|| {
        pair.a_mapping_conflict_is_named();
        pair.a_full_target_is_waited_for_and_given_up();
        pair.killed_three_times_it_ends_complete();
        pair.clients_see_the_same();
        mapping::is_the_genuine_one(&pair.opensearch, ".ml-anomalies-shared");
        pair.on_through_a_file_into_the_store();
        pair.who_may_not_is_told();
        pair.an_index_that_cannot_tell_jobs_apart_is_refused();
    });
    pair.cut_again_and_again_it_ends_complete().await;
    tokio::task::block_in_place(|| guide::every_command_works(&pair.elasticsearch, &pair.opensearch));
    tokio::task::block_in_place(|| pair.of_two_indices_that_become_one_nothing_is_lost());
}

// === impl Pair ===

impl Pair {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `mlgate copy` from the one to the other.
    fn copy(&self, rest: &[&str]) -> Command {
        self.copy_over(&self.elasticsearch.address.to_string(), &self.opensearch.address.to_string(), rest)
    }

    fn copy_over(&self, from: &str, to: &str, rest: &[&str]) -> Command {
        let mut command = in_folder(self.path(), &["copy", "--from", &format!("http://{from}")]);
        command.args(["--to", &format!("http://{to}")]).args(rest);
        accounts(&mut command);
        command
    }

    fn documents(cluster: &Cluster, job: &str) -> BTreeMap<String, Value> {
        let query = json!({"size": 10_000, "query": {"term": {"job_id": job}}});
        let reply = cluster.call("POST", "/.ml-anomalies-*/_search", "application/json", query.to_string().as_bytes());
        let reply: Value = serde_json::from_str(&reply.body).unwrap();
        let hits = reply["hits"]["hits"].as_array().unwrap_or_else(|| panic!("{reply}"));
        let found: BTreeMap<_, _> =
            hits.iter().map(|hit| (format!("{}/{}", hit["_index"], hit["_id"]), hit["_source"].clone())).collect();
        assert_eq!(found.len(), hits.len());
        found
    }

    fn a_mapping_conflict_is_named(&self) {
        let index = "/.ml-anomalies-custom-special";
        let mapping = br#"{"mappings":{"properties":{"job_id":{"type":"keyword"},"anomaly_score":{"type":"ip"}}}}"#;
        assert_eq!(self.opensearch.call("PUT", index, "application/json", mapping).status, 200);
        let said = run(&mut self.copy(&["--jobs", "special"]));
        assert!(!said.succeeded, "{said:?}");
        let named = |line: &&String| {
            line.starts_with(".ml-anomalies-custom-special/special_bucket_") && line.contains("anomaly_score")
        };
        assert!(said.stderr.iter().filter(named).count() > 5, "{said:?}");
        assert!(said.stderr.last().unwrap().contains("days of jobs differ"), "{said:?}");
        assert_eq!(self.opensearch.call("DELETE", index, "", b"").status, 200);
        let said = run(&mut self.copy(&["--jobs", "special"]));
        assert!(said.succeeded && said.stdout.contains("verified: the same 45 documents"), "{said:?}");
        assert!(said.stdout.contains("1 configurations of jobs were there already"), "{said:?}");
    }

    /// What a disk that is nearly full makes of every index.
    fn a_full_target_is_waited_for_and_given_up(&self) {
        let index = "/.ml-anomalies-custom-special";
        let block = |value: &str| {
            let body = format!(r#"{{"index.blocks.read_only_allow_delete":{value}}}"#);
            let reply = self.opensearch.call("PUT", &format!("{index}/_settings"), "application/json", body.as_bytes());
            assert_eq!(reply.status, 200, "{reply:?}");
        };
        block("true");
        let said = run(&mut self.copy(&["--jobs", "special", "--patience", "1"]));
        let why = said.stderr.last().unwrap();
        assert!(!said.succeeded && why.contains("took nothing for 1 seconds: "), "{said:?}");
        assert!(
            why.contains("cluster_block_exception: ") && why.contains("disk usage exceeded flood-stage watermark"),
            "{why}"
        );
        let waiting = self.copy(&["--jobs", "special"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(1_500));
        block("null");
        let said = Said::of(&waiting.wait_with_output().unwrap());
        assert!(said.succeeded && said.stdout.contains("verified: the same 45 documents"), "{said:?}");
    }

    fn killed_three_times_it_ends_complete(&self) {
        let arguments = ["--page", "150", "--bulk", "100", "--in-flight", "2", "--state", "s"];
        let (kills, said) = killed(self.path(), "s", 3, || self.copy(&arguments));
        assert_eq!(kills, 3, "{said:?}");
        assert!(said.succeeded, "{said:?}");
        assert!(said.stderr[0].starts_with("going on after "), "{said:?}");
        assert!(said.stdout.contains("verified: the same "), "{said:?}");
        // as seen without the program's own checksums
        for job in
            ["big", "farequote", "rolled", "categories", "it-ops-kpi", "weblogs-population", "odd-unknown-fields"]
        {
            let (source, target) = (Self::documents(&self.elasticsearch, job), Self::documents(&self.opensearch, job));
            assert!(!source.is_empty() && source == target, "{job}: {} and {}", source.len(), target.len());
        }
        assert_eq!(Self::documents(&self.opensearch, "big").len(), 6_020);
    }

    /// What an upgrade made of an index, and a new index of its name, with documents of the same ids.
    fn of_two_indices_that_become_one_nothing_is_lost(&self) {
        let (new, old) = (".ml-anomalies-custom-two", ".reindexed-v8-ml-anomalies-custom-two");
        let all = results("two", 300);
        let mapping = std::fs::read(crate::support::fixtures().join("index/results-mapping.json")).unwrap();
        let store = |index: &str, documents: &[(String, String)]| {
            let reply = self.elasticsearch.call("PUT", &format!("/{index}"), "application/json", &mapping);
            assert!(reply.status == 200 || reply.body.contains("already_exists"), "{reply:?}");
            let lines = bulk(index, documents);
            let reply =
                self.elasticsearch.call("POST", "/_bulk?refresh=true", "application/x-ndjson", lines.as_bytes());
            assert!(reply.body.contains("\"errors\":false"), "{reply:?}");
        };
        // A third of the documents is in both, a third in each alone.
        let (third, rest) = (all.len() / 3, all.len());
        store(new, &all[..third * 2]);
        store(old, &all[third..rest]);
        for cursor in ["auto", "scroll"] {
            let said = run(&mut self
                .copy(&["--jobs", "two", "--cursor", cursor, "--page", "70", "--bulk", "50", "--state", cursor]));
            assert!(said.succeeded && said.stdout.contains("verified: the same "), "{said:?}");
            let told = format!("note: {third} documents were in two indices that have one name now, the same in both");
            assert!(said.stdout.contains(&told), "{said:?}");
            let there = Self::documents(&self.opensearch, "two");
            assert_eq!(there.len(), rest);
            for (id, source) in &all {
                let source: Value = serde_json::from_str(source).unwrap();
                assert_eq!(there[&format!("\"{new}\"/\"{id}\"")], source);
            }
        }
        // One that differs: the one of the index that has the name is moved, the other one is told.
        let (id, source) = &all[third];
        let other = source.replacen('{', "{\"other\":true,", 1);
        store(old, &[(id.clone(), other)]);
        let said = run(&mut self.copy(&["--jobs", "two"]));
        assert!(!said.succeeded && said.stdout.contains("verified: the same "), "{said:?}");
        assert!(said.stdout.contains(&format!("note: {} documents were in two", third - 1)), "{said:?}");
        let named = format!("{new}/{id}: there are two, which differ");
        assert!(said.stderr.iter().any(|line| line.starts_with(&named)), "{said:?}");
        assert!(said.stderr.iter().any(|line| line.contains("1 documents could not be moved")), "{said:?}");
        let source: Value = serde_json::from_str(source).unwrap();
        assert_eq!(Self::documents(&self.opensearch, "two")[&format!("\"{new}\"/\"{id}\"")], source);
    }

    fn clients_see_the_same(&self) {
        let buckets = |cluster: &Cluster, (user, password): (&str, &str), job: &str| {
            let upstream = format!("http://{}", cluster.address);
            let arguments =
                ["get-buckets", job, "--upstream", &upstream, "--expand", "--size", "50", "--output", "json"];
            let mut command = in_folder(self.path(), &arguments);
            command.env("MLGATE_UPSTREAM_USERNAME", user).env("MLGATE_UPSTREAM_PASSWORD", password);
            run(&mut command)
        };
        // None of them has documents whose order among equals shows.
        for job in ["big", "rolled", "special", "it-ops-kpi", "never-run", "quiet"] {
            let genuine = buckets(&self.elasticsearch, ("elastic", "elasticpw"), job);
            let moved = buckets(&self.opensearch, ("admin", "adminpw"), job);
            assert!(genuine.succeeded && genuine.stdout == moved.stdout, "{job}: {genuine:?} {moved:?}");
        }
        let aliases = self.opensearch.call("GET", "/.ml-anomalies-*/_alias", "", b"");
        let aliases: Value = serde_json::from_str(&aliases.body).unwrap();
        let second = &aliases[".ml-anomalies-shared-000002"]["aliases"];
        assert_eq!(second[".ml-anomalies-rolled"]["filter"]["term"]["job_id"]["value"], "rolled", "{aliases}");
        assert_eq!(second[".ml-anomalies-.write-rolled"]["is_write_index"], true, "{aliases}");
        let first = &aliases[".ml-anomalies-shared-000001"]["aliases"];
        assert!(first[".ml-anomalies-rolled"].is_object() && first.get(".ml-anomalies-.write-rolled").is_none());
    }

    /// OpenSearch 2 is read by a scroll.
    fn on_through_a_file_into_the_store(&self) {
        let from = format!("http://{}", self.opensearch.address);
        let mut export = in_folder(self.path(), &["export", "--from", &from, "--page", "97", "os.ndjson"]);
        let said = run(export.env("MLGATE_FROM_USERNAME", "admin").env("MLGATE_FROM_PASSWORD", "adminpw"));
        assert!(said.succeeded && said.stdout.contains("verified: the same "), "{said:?}");
        let said =
            run(&mut in_folder(self.path(), &["copy", "--from", "os.ndjson", "--to", "embedded", "--store", "a.db"]));
        assert!(said.succeeded && said.stdout.contains("verified: the same "), "{said:?}");
        for cursor in ["scroll", "pit"] {
            let from = format!("http://{}", self.elasticsearch.address);
            let arguments =
                ["copy", "--verify", "--from", &from, "--to", "embedded", "--store", "a.db", "--cursor", cursor];
            let mut verify = in_folder(self.path(), &arguments);
            let said = run(verify
                .args(["--page", "500"])
                .env("MLGATE_FROM_USERNAME", "elastic")
                .env("MLGATE_FROM_PASSWORD", "elasticpw"));
            assert!(said.succeeded && said.stdout.contains("verified: the same "), "{cursor}: {said:?}");
        }
    }

    fn who_may_not_is_told(&self) {
        let told = |name: &str, value: &str| {
            let said = run(self.copy(&["--jobs", "quiet", "--state", "t"]).env(name, value));
            assert!(!said.succeeded && !format!("{said:?}").contains("secret-word"), "{said:?}");
            said.stderr.last().unwrap().clone()
        };
        let why = told("MLGATE_FROM_PASSWORD", "secret-word");
        assert!(
            why.contains("401 Unauthorized: ") && why.contains("check the user and the password for this side"),
            "{why}"
        );
        let why = told("MLGATE_TO_PASSWORD", "secret-word");
        assert!(why.contains("401 Unauthorized") && why.contains(&self.opensearch.address.to_string()), "{why}");
        let mut reader = self.copy(&["--jobs", "quiet", "--state", "t"]);
        let said = run(reader.env("MLGATE_TO_USERNAME", "results_only").env("MLGATE_TO_PASSWORD", "file-secret"));
        assert!(said.stderr.last().unwrap().contains("403 Forbidden: security_exception: no permissions"), "{said:?}");
    }

    fn an_index_that_cannot_tell_jobs_apart_is_refused(&self) {
        let index = "/.ml-anomalies-custom-text";
        let mapping = br#"{"mappings":{"properties":{"job_id":{"type":"text"}}}}"#;
        for cluster in [&self.elasticsearch, &self.opensearch] {
            assert_eq!(cluster.call("PUT", index, "application/json", mapping).status, 200);
        }
        let lines = bulk(".ml-anomalies-custom-text", &[results("in-text", 3), results("in-text-2", 3)].concat());
        self.elasticsearch.call("POST", "/_bulk?refresh=true", "application/x-ndjson", lines.as_bytes());
        let said = run(&mut self.copy(&["--jobs", "in-text", "--state", "u"]));
        let why = said.stderr.last().unwrap();
        assert!(why.contains(".ml-anomalies-custom-text is there and has job_id as text"), "{said:?}");
        assert_eq!(self.opensearch.call("DELETE", index, "", b"").status, 200);
        let said = run(&mut self.copy(&["--jobs", "in-text", "--state", "u"]));
        assert!(said.succeeded && said.stdout.contains("verified: the same 32 documents"), "{said:?}");
        assert_eq!(self.elasticsearch.call("DELETE", index, "", b"").status, 200);
    }

    async fn cut_again_and_again_it_ends_complete(&self) {
        assert_eq!(self.opensearch.call("DELETE", "/.ml-anomalies-custom-big", "", b"").status, 200);
        let (from, to) = (relay::start(self.elasticsearch.address).await, relay::start(self.opensearch.address).await);
        for cursor in ["pit", "scroll"] {
            let arguments = ["--jobs", "big", "--page", "400", "--bulk", "150", "--cursor", cursor];
            let mut copy = self.copy_over(&from.to_string(), &to.to_string(), &arguments);
            let said = tokio::task::block_in_place(|| run(&mut copy));
            assert!(said.succeeded && said.stdout.contains("verified: the same 6020 documents"), "{cursor}: {said:?}");
        }
    }
}

/// The superusers of both.
pub fn accounts(command: &mut Command) {
    command.env("MLGATE_FROM_USERNAME", "elastic").env("MLGATE_FROM_PASSWORD", "elasticpw");
    command.env("MLGATE_TO_USERNAME", "admin").env("MLGATE_TO_PASSWORD", "adminpw");
}
