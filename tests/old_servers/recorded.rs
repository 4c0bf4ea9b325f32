//! What mlgate asks of a genuine Elasticsearch 6.8 and what that answers, as `fixtures/exchanges` keeps it: compared with a
//! node where one can run, and played again anywhere.

use std::path::PathBuf;

use super::{
    READER, are_the_same, ask,
    exchanges::{Exchange, Player, Recorder},
    front, genuine,
    support::{self, Cluster},
};

/// More than a page of a scroll has.
const LONG: u64 = 502;

/// A question of a client's, and the file with what became of it.
struct Recorded {
    name: &'static str,
    accept: &'static str,
    /// Behind the path's beginning, which 6.8 has itself.
    tail: &'static str,
}

const RECORDED: [Recorded; 9] = [
    json("found", "it-ops-kpi/results/buckets?size=2"),
    json("count", "quiet/results/buckets?size=0"),
    json("by_score", "special/results/buckets?expand&size=3&sort=anomaly_score&desc"),
    json("filtered", "farequote/results/buckets?anomaly_score=50&exclude_interim&start=2016-02-08&size=5"),
    json("none", "rolled/results/buckets?start=2030-01-01"),
    json("only_configured", "never-opened/results/buckets"),
    json("unknown_job", "nobody/results/buckets"),
    lines("lines", "special/results/buckets"),
    lines("long", "long/results/buckets"),
];

const fn json(name: &'static str, tail: &'static str) -> Recorded {
    Recorded { name, accept: "application/json", tail }
}

const fn lines(name: &'static str, tail: &'static str) -> Recorded {
    Recorded { name, accept: "application/x-ndjson", tail }
}

// === impl Recorded ===

impl Recorded {
    fn file(&self) -> PathBuf {
        support::fixtures().join(format!("exchanges/6.8/{}.ndjson", self.name))
    }

    fn target(&self) -> String {
        format!("/_xpack/ml/anomaly_detectors/{}", self.tail)
    }
}

/// Asks a genuine node everything. `MLGATE_RECORD=1` writes the files anew.
pub async fn is_what_it_answers(cluster: &Cluster) {
    genuine::store_buckets(cluster, "doc", "long", LONG);
    for recorded in RECORDED {
        let (relay, recorder) = Recorder::start(cluster.address).await;
        ask(front(relay).await, recorded.accept, &recorded.target(), READER);
        let seen = recorder.seen().await;
        if std::env::var_os("MLGATE_RECORD").is_some() {
            Exchange::write(&recorded.file(), &seen);
        }
        let lasting = |exchanges: &[Exchange]| exchanges.iter().map(Exchange::lasting).collect::<Vec<_>>();
        let (seen, kept) = (lasting(&seen), lasting(&Exchange::read(&recorded.file())));
        assert!(seen == kept, "{}: {seen:#?} {kept:#?}", recorded.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_6_as_recorded() {
    let (embedded, _folder) = super::embedded().await;
    for recorded in RECORDED {
        let (cluster, player) = Player::start(Exchange::read(&recorded.file())).await;
        let front = front(cluster).await;
        if recorded.name == "long" {
            let reply = ask(front, recorded.accept, &recorded.target(), READER);
            assert_eq!((reply.status, reply.body.lines().count() as u64), (200, LONG), "{:.400}", reply.body);
        } else {
            are_the_same(front, embedded, recorded.accept, &recorded.target());
        }
        player.is_through().await;
    }
}
