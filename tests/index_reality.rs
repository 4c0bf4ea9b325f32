//! Where results are in real clusters: behind the alias or without one, in shared, custom, rolled-over and reindexed indices,
//! in several at once, in an index that has the name of a job's alias, in one that a reindex made without Elastic's mapping. On
//! a genuine Elasticsearch mlgate in front of it gives what that server itself gives while the alias is there, whether it is
//! there or not; on OpenSearch the same as with the alias; and never another job's results.

#![allow(clippy::unwrap_used)]

mod support;

use std::{fmt::Write as _, net::SocketAddr, path::Path};

use serde_json::{Value, json};
use support::{
    Cluster, Reply, Server, basic,
    command::{import, run, write},
    fixtures, send, start_front, start_with,
};
use tokio::sync::Mutex;

const HOUR: u64 = 3_600_000;
const START: u64 = 1_454_529_600_000;
/// More than one search may return, on one page.
const MANY: u64 = 4_100;

/// What is asked of each layout. None of it depends on the order of equals.
const QUERIES: [&str; 9] = [
    "",
    "?size=3&from=2",
    "?size=0",
    "?from=50",
    "?sort=anomaly_score&desc&size=4",
    "?expand",
    "?expand&size=2&from=3&exclude_interim",
    "?start=2016-02-03T22:00:00Z&end=1454554800000",
    "/1454540400000?expand",
];

/// One cluster at a time: each takes a gigabyte.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn results_are_found_wherever_they_are() {
    on(Server::Elasticsearch("8.19.21")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_opensearch_as_well() {
    on(Server::OpenSearch("3.4.0")).await;
}

async fn on(server: Server) {
    let _one = ONE_AT_A_TIME.lock().await;
    let Some(cluster) = Cluster::start_server(server) else { return };
    let front = start_front(cluster.address).await;
    let node = Node { cluster: &cluster, front, server };
    node.every_layout_with_and_without_alias();
    node.an_index_that_has_the_name_of_the_alias();
    node.jobs_of_one_index_never_see_each_other();
    node.unknown_jobs_stay_unknown();
    if node.has_the_api() {
        many_records_are_all_shown(&node).await;
    }
    node.a_reindex_without_mapping();
}

struct Node<'a> {
    cluster: &'a Cluster,
    front: SocketAddr,
    server: Server,
}

// === impl Node ===

impl Node<'_> {
    fn every_layout_with_and_without_alias(&self) {
        let layouts: [(&str, &[&str]); 6] = [
            ("in-shared", &[".ml-anomalies-shared"]),
            ("in-custom", &[".ml-anomalies-custom-x"]),
            ("rolled-over", &[".ml-anomalies-shared-000001", ".ml-anomalies-shared-000002"]),
            ("custom-rolled", &[".ml-anomalies-custom-y-000001", ".ml-anomalies-custom-y-000002"]),
            ("reindexed", &[".reindexed-v8-ml-anomalies-shared"]),
            ("half-moved", &[".reindexed-v7-ml-anomalies-custom-z", ".ml-anomalies-shared"]),
        ];
        for (job, indices) in layouts {
            for number in 0..12 {
                let part = usize::try_from(number).unwrap() * indices.len() / 12;
                self.store(indices[part], &bucket(job, number, 2));
            }
            self.configure(job);
            self.alias(job, indices, true);
            // What a server without the API would say is what mlgate says while nothing is missing.
            let genuine: Vec<Reply> = QUERIES.iter().map(|query| self.genuine_or_mlgate(job, query)).collect();
            assert!(genuine.iter().all(|reply| reply.status == 200), "{job}: {genuine:?}");
            assert_eq!(count(&genuine[0]), 12, "{job}");
            let same = |when: &str| {
                for (query, genuine) in QUERIES.iter().zip(&genuine) {
                    let reply = self.mlgate(job, query);
                    assert_eq!((reply.status, &reply.body), (genuine.status, &genuine.body), "{job}{query} {when}");
                }
            };
            same("with its alias");
            self.drop_alias(job, indices);
            if self.has_the_api() {
                assert_eq!(count(&self.genuine(job, "")), 0, "{job} is still found by the server itself");
            }
            same("without its alias");
            self.forget(job);
            assert!(!self.has_the_api() || self.genuine(job, "").status == 404);
            same("without its configuration");
        }
    }

    /// A job called `shared` may have results in the index that has the name of its alias, with those of others, and elsewhere.
    fn an_index_that_has_the_name_of_the_alias(&self) {
        for (job, elsewhere) in [
            ("shared", ".ml-anomalies-custom-shared"),
            ("shared-000001", ".ml-anomalies-shared"),
            ("custom-x", ".ml-anomalies-shared"),
        ] {
            let own = format!(".ml-anomalies-{job}");
            self.store(elsewhere, &bucket(job, 20, 1));
            let reply = self.mlgate(job, "?expand");
            assert_eq!(stored(&reply), [(START + 20 * HOUR, 1)], "{job} elsewhere: {reply:?}");
            self.store(&own, &bucket(job, 21, 2));
            for (query, found) in [
                ("?expand", vec![(START + 20 * HOUR, 1), (START + 21 * HOUR, 2)]),
                ("?expand&sort=anomaly_score&desc&size=1", vec![(START + 21 * HOUR, 2)]),
                ("?size=0", vec![]),
                ("?end=2016-01-01", vec![]),
            ] {
                let reply = self.mlgate(job, query);
                assert_eq!(stored(&reply), found, "{job}{query}: {reply:?}");
            }
            assert_eq!(count(&self.mlgate(job, "?size=0")), 2);
            assert_only(&self.mlgate(job, "?size=1000&expand"), job);
        }
    }

    fn jobs_of_one_index_never_see_each_other(&self) {
        let index = ".ml-anomalies-shared";
        for (job, buckets) in [("tenant-a", 0..5), ("tenant-b", 3..9)] {
            buckets.for_each(|number| self.store(index, &bucket(job, number, 3)));
            self.configure(job);
        }
        for aliased in ["no alias", "aliases without filter", "aliases with filter"] {
            if aliased != "no alias" {
                self.alias("tenant-a", &[index], aliased == "aliases with filter");
                self.alias("tenant-b", &[index], aliased == "aliases with filter");
            }
            if aliased == "aliases without filter" && self.has_the_api() {
                assert!(count(&self.genuine("tenant-a", "")) > 11, "the alias filters after all");
            }
            for (job, expected) in [("tenant-a", 5), ("tenant-b", 6)] {
                let reply = self.mlgate(job, "?size=1000&expand");
                assert_eq!(count(&reply), expected, "{job}, {aliased}");
                assert_only(&reply, job);
            }
            // a bucket that only the other one has
            assert_eq!(self.mlgate("tenant-a", &format!("/{}", START + 8 * HOUR)).status, 404, "{aliased}");
            assert_eq!(self.mlgate("tenant-b", &format!("/{}", START + 8 * HOUR)).status, 200, "{aliased}");
        }
    }

    fn unknown_jobs_stay_unknown(&self) {
        // the last two have an index of the name of their alias
        for job in ["nobody", "shared-000002", "custom-special"] {
            let reply = self.mlgate(job, "");
            assert!(!self.has_the_api() || reply.body == self.genuine(job, "").body, "{job}: {reply:?}");
            assert_eq!(reply.status, 404, "{job}");
        }
    }

    /// Texts, with the whole in a field beside: `kpi` is a word of `it-kpi`, and an alias that filters by `it-kpi` finds
    /// nothing. Each job is shown its own results, whole and in order, whether they are only there or half there.
    fn a_reindex_without_mapping(&self) {
        let bad = ".ml-anomalies-custom-bad";
        let no_mapping = json!({"mappings": {"properties": {"timestamp": {"type": "date"}}}});
        self.done("PUT", &format!("/{bad}"), &no_mapping);
        for (job, buckets) in [("kpi", 0..5), ("it-kpi", 3..10), ("ops", 0..0)] {
            buckets.for_each(|number| self.store(bad, &bucket(job, number, 3)));
            self.configure(job);
        }
        (10..12).for_each(|number| self.store(".ml-anomalies-shared", &bucket("it-kpi", number, 3)));
        for aliased in [false, true] {
            if aliased {
                self.alias("kpi", &[bad], true);
                self.alias("it-kpi", &[bad, ".ml-anomalies-shared"], true);
                self.alias("ops", &[bad], true);
            }
            for (job, numbers) in [("kpi", 0..5), ("it-kpi", 3..12), ("ops", 0..0)] {
                let reply = self.mlgate(job, "?size=1000");
                let expected: Vec<_> = numbers.clone().map(|number| (START + number * HOUR, 0)).collect();
                assert_eq!(stored(&reply), expected, "{job}, alias: {aliased}: {reply:?}");
                if job != "ops" {
                    assert_only(&reply, job);
                }
                assert_eq!(
                    count(&self.mlgate(job, "?start=2016-02-03T22:00:00Z&size=0")),
                    numbers.filter(|n| *n >= 2).count() as u64
                );
            }
            let reply = self.mlgate("kpi", "?expand&size=2");
            assert_eq!(stored(&reply), [(START, 3), (START + HOUR, 3)], "alias: {aliased}: {reply:?}");
        }
        // Without the whole beside it nothing tells one job from another.
        let worse = ".ml-anomalies-custom-worse";
        let texts = json!({"mappings": {"properties": {"job_id": {"type": "text"}, "timestamp": {"type": "date"}}}});
        self.done("PUT", &format!("/{worse}"), &texts);
        for job in ["x-y", "y"] {
            self.store(worse, &bucket(job, 0, 1));
            self.alias(job, &[worse], true);
            let reply = self.mlgate(job, "");
            assert_eq!(reply.status, 502, "{reply:?}");
            assert!(reply.body.contains("cannot be told apart"), "{reply:?}");
        }
    }

    /// Only Elasticsearch has the plugin that answers as Elastic does.
    fn has_the_api(&self) -> bool {
        matches!(self.server, Server::Elasticsearch(_))
    }

    fn genuine_or_mlgate(&self, job: &str, query: &str) -> Reply {
        if self.has_the_api() { self.genuine(job, query) } else { self.mlgate(job, query) }
    }

    fn genuine(&self, job: &str, query: &str) -> Reply {
        ask(self.cluster.address, self.server, job, query)
    }

    fn mlgate(&self, job: &str, query: &str) -> Reply {
        ask(self.front, self.server, job, query)
    }

    /// Stores documents in an index, which is made where it is not there.
    fn store(&self, index: &str, documents: &[Value]) {
        let mapping = std::fs::read(fixtures().join("index/results-mapping.json")).unwrap();
        let made = self.cluster.call("PUT", &format!("/{index}"), "application/json", &mapping);
        assert!(made.status == 200 || made.body.contains("resource_already_exists_exception"), "{made:?}");
        let reply = self.bulk(&lines(documents, index));
        assert!(reply.status == 200 && reply.body.contains(r#""errors":false"#), "{}", reply.body);
    }

    fn alias(&self, job: &str, indices: &[&str], filtered: bool) {
        let alias = format!(".ml-anomalies-{job}");
        let mut add = json!({"indices": indices, "alias": alias});
        if filtered {
            add["filter"] = json!({"term": {"job_id": {"value": job}}});
        }
        self.done("POST", "/_aliases", &json!({"actions": [{"add": add}]}));
    }

    fn drop_alias(&self, job: &str, indices: &[&str]) {
        let remove = json!({"indices": indices, "alias": format!(".ml-anomalies-{job}")});
        self.done("POST", "/_aliases", &json!({"actions": [{"remove": remove}]}));
    }

    fn configure(&self, job: &str) {
        let config = json!({"job_id": job, "job_type": "anomaly_detector"});
        self.done("PUT", &format!("/.ml-config/_doc/anomaly_detector-{job}?refresh=true"), &config);
    }

    fn forget(&self, job: &str) {
        let delete = json!({"delete": {"_index": ".ml-config", "_id": format!("anomaly_detector-{job}")}});
        let reply = self.bulk(&format!("{delete}\n"));
        assert!(reply.body.contains(r#""result":"deleted""#), "{reply:?}");
    }

    fn bulk(&self, lines: &str) -> Reply {
        self.cluster.call("POST", "/_bulk?refresh=true", "application/x-ndjson", lines.as_bytes())
    }

    fn done(&self, method: &str, target: &str, body: &Value) {
        let reply = self.cluster.call(method, target, "application/json", body.to_string().as_bytes());
        assert!(matches!(reply.status, 200 | 201), "{method} {target}: {reply:?}");
    }
}

/// Three buckets with more records together than one search may return, and one with more than Elastic shows of a bucket.
async fn many_records_are_all_shown(node: &Node<'_>) {
    let mut documents: Vec<Value> = (0..3).flat_map(|number| bucket("many", number, MANY)).collect();
    documents.extend(bucket("many", 3, 10_050));
    for part in documents.chunks(5_000) {
        node.store(".ml-anomalies-shared", part);
    }
    node.configure("many");
    node.alias("many", &[".ml-anomalies-shared"], true);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("results.db");
    let dump: &Path = &write(folder.path(), "many.ndjson", lines(&documents, ".ml-anomalies-shared"));
    assert!(run(&mut import(&store, &[dump])).succeeded);
    let embedded = start_with(&format!("store = '{}'\nunsafe_open_to_all = true\n", store.display())).await;

    let genuine = node.genuine("many", "?expand");
    let shown: Vec<usize> = stored(&genuine).into_iter().map(|(_, records)| records).collect();
    let most = usize::try_from(MANY).unwrap();
    assert_eq!(shown, [most, most, most, 10_000]);
    for (what, address) in [("in front of the cluster", node.front), ("on the embedded store", embedded)] {
        for query in ["?expand", "?expand&desc", "?expand&size=2&from=1"] {
            let reply = ask(address, node.server, "many", query);
            assert_eq!(reply.status, 200, "{what}{query}");
            assert!(reply.body == node.genuine("many", query).body, "{what}{query}: {:?}", stored(&reply));
        }
        // beyond the window there is an error, never a shorter page
        let reply = ask(address, node.server, "many", "?from=9999&size=2");
        let genuine = node.genuine("many", "?from=9999&size=2");
        assert_eq!((reply.status, reason(&reply)), (400, reason(&genuine)), "{what}");
    }
}

fn ask(address: SocketAddr, server: Server, job: &str, query: &str) -> Reply {
    let (user, password) = server.superuser();
    let credentials = basic(user, password);
    let target = format!("/_ml/anomaly_detectors/{job}/results/buckets{query}");
    send(address, "GET", &target, &[("Authorization", &credentials)], None)
}

/// A bucket with its influencer and its records. The higher its number, the higher its score.
fn bucket(job: &str, number: u64, records: u64) -> Vec<Value> {
    let (timestamp, score) = (START + number * HOUR, 10.5 + f64::from(u32::try_from(number).unwrap()));
    let influencer = json!({
        "job_id": job, "result_type": "bucket_influencer", "influencer_field_name": "bucket_time", "timestamp": timestamp,
        "anomaly_score": score, "initial_anomaly_score": score, "raw_anomaly_score": 0.5, "probability": 0.25,
        "bucket_span": 3600, "is_interim": false,
    });
    let mut documents = vec![json!({
        "job_id": job, "result_type": "bucket", "timestamp": timestamp, "anomaly_score": score, "bucket_span": 3600,
        "initial_anomaly_score": score, "event_count": 7, "is_interim": number % 5 == 4, "processing_time_ms": 1,
        "bucket_influencers": [influencer],
    })];
    documents.extend((0..records).map(|record| {
        json!({
            "job_id": job, "result_type": "record", "timestamp": timestamp, "record_score": 1.5, "bucket_span": 3600,
            "probability": 0.5 / f64::from(u32::try_from(records - record).unwrap()), "initial_record_score": 1.5,
            "detector_index": 0, "is_interim": record % 2 == 1, "function": "mean", "field_name": format!("f{record}"),
        })
    }));
    documents
}

fn lines(documents: &[Value], index: &str) -> String {
    documents.iter().fold(String::new(), |mut lines, document| {
        writeln!(lines, "{}\n{document}", json!({"index": {"_index": index}})).unwrap();
        lines
    })
}

fn read(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap()
}

fn count(reply: &Reply) -> u64 {
    read(reply)["count"].as_u64().unwrap_or_else(|| panic!("{reply:?}"))
}

fn reason(reply: &Reply) -> String {
    read(reply)["error"]["root_cause"][0]["reason"].as_str().unwrap().to_owned()
}

/// The buckets of a reply: their times, and how many records they have.
fn stored(reply: &Reply) -> Vec<(u64, usize)> {
    let document = read(reply);
    let buckets = document["buckets"].as_array().unwrap_or_else(|| panic!("{reply:?}"));
    let of = |bucket: &Value| (bucket["timestamp"].as_u64().unwrap(), bucket["records"].as_array().map_or(0, Vec::len));
    buckets.iter().map(of).collect()
}

/// Nothing in the reply is of another job.
fn assert_only(reply: &Reply, job: &str) {
    let named = reply.body.matches(r#""job_id":""#).count();
    assert!(named > 0);
    assert_eq!(reply.body.matches(&format!(r#""job_id":"{job}""#)).count(), named, "{}", reply.body);
}
