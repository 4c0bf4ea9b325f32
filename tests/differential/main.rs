//! A hunt for differences: requests that nobody thought of, to a genuine Elasticsearch with Elastic's own request and reply
//! classes, to mlgate in front of it, and to mlgate on its embedded store with the same documents. All three must give the
//! same status, headers and bytes.
//!
//! `MLGATE_DIFFERENTIAL=20000 MLGATE_DIFFERENTIAL_SEED=7 cargo test --test differential` hunts longer, elsewhere;
//! `MLGATE_DIFFERENTIAL_NODE=host:port` uses a node that runs already, with the fixtures.

#![allow(clippy::unwrap_used, clippy::format_push_string)]

mod bodies;
mod documents;
mod requests;
#[path = "../support/mod.rs"]
mod support;

use std::{collections::BTreeMap, net::SocketAddr};

use mlgate::store::embedded::EmbeddedStore;
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use requests::Sent;
use support::{Cluster, Reply, SUPERUSER, basic, comparable, start_with, store_with_fixtures, try_send};

/// Headers that a client may look at.
const HEADERS: [&str; 7] =
    ["content-type", "x-elastic-product", "warning", "allow", "www-authenticate", "x-opaque-id", "location"];

/// Differences that are shown in full.
const MOST_SHOWN: usize = 100;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_cannot_tell() {
    let own = if let Ok(address) = std::env::var("MLGATE_DIFFERENTIAL_NODE") {
        Err(address.parse().unwrap())
    } else {
        let Some(cluster) = Cluster::start() else { return };
        Ok(cluster)
    };
    let node: SocketAddr = own.as_ref().map_or_else(|address| *address, |cluster| cluster.address);
    let seed = number("MLGATE_DIFFERENTIAL_SEED", 1);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));

    let jobs = documents::generate(node, &mut runner);
    documents::load_into_node(node, &jobs);
    let (path, _folder) = store_with_fixtures();
    documents::load_into_store(&EmbeddedStore::open(&path).unwrap(), &jobs);
    let embedded = start_with(&format!("store = '{}'\nunsafe_open_to_all = true\n", path.display())).await;
    let front = start_with(&format!("upstream = 'http://{node}'\npass_through = 'all'\n")).await;

    let strategy = requests::sent(jobs.iter().map(|job| job.id.clone()).collect());
    let hunt = Hunt { node, others: [("mlgate in front", front, true), ("embedded store", embedded, false)] };
    let count = number("MLGATE_DIFFERENTIAL", 400);
    let found = tokio::task::block_in_place(|| {
        (0..count).map(|_| hunt.compare(&strategy.new_tree(&mut runner).unwrap().current())).collect::<Vec<_>>()
    });
    let met: BTreeMap<u16, usize> = found.iter().fold(BTreeMap::new(), |mut met, (status, _)| {
        *met.entry(*status).or_default() += 1;
        met
    });
    let differences: Vec<_> = found.iter().flat_map(|(_, differences)| differences).collect();
    for difference in differences.iter().take(MOST_SHOWN) {
        eprintln!("{difference}\n");
    }
    eprintln!("seed {seed}: {count} requests, answered {met:?}; {} differences", differences.len());
    assert!(met.contains_key(&200) && met.contains_key(&400) && met.contains_key(&404), "the hunt is blind: {met:?}");
    assert!(differences.is_empty(), "{} differences", differences.len());
}

/// Whom to ask.
struct Hunt {
    node: SocketAddr,
    /// A name, an address, and whether a user is needed.
    others: [(&'static str, SocketAddr, bool); 2],
}

#[derive(PartialEq)]
struct Seen {
    status: u16,
    headers: Vec<(&'static str, Vec<String>)>,
    body: String,
}

// === impl Hunt ===

impl Hunt {
    /// The genuine status, and what is different elsewhere.
    fn compare(&self, sent: &Sent) -> (u16, Vec<String>) {
        let genuine = ask(self.node, true, sent);
        // Elasticsearch leaves a refusal that it cannot write without an answer.
        if genuine.status == 0 {
            return (0, Vec::new());
        }
        let differences = self.others.iter().filter_map(|(name, address, user)| {
            let ours = ask(*address, *user, sent);
            (ours != genuine).then(|| format!("{name}: {sent:?}\n genuine {genuine:?}\n ours    {ours:?}"))
        });
        (genuine.status, differences.collect())
    }
}

/// Ids of nodes and indices cannot be told apart from the rest in a binary reply.
fn names_node(reply: &Reply) -> bool {
    reply.header("content-type").is_some_and(|kind| !kind.contains("json") && !kind.contains("yaml"))
        && reply.body.contains("failed_shards")
}

fn ask(to: SocketAddr, user: bool, sent: &Sent) -> Seen {
    let authorization = basic(SUPERUSER.0, SUPERUSER.1);
    let mut headers: Vec<(&str, &str)> =
        sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if user {
        headers.push(("Authorization", &authorization));
    }
    let reply = try_send(to, &sent.method, &sent.target, &headers, sent.body.as_deref(), sent.in_two_pieces);
    let reply = reply.unwrap_or_else(|bytes| Reply {
        status: 0,
        headers: Vec::new(),
        body: format!("no reply: {}", bytes.escape_ascii()),
    });
    let values = |wanted: &str| {
        reply.headers.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.clone()).collect()
    };
    Seen {
        status: reply.status,
        headers: HEADERS
            .iter()
            .map(|name| (*name, values(name)))
            .filter(|(_, values): &(_, Vec<_>)| !values.is_empty())
            .collect(),
        body: if names_node(&reply) { String::new() } else { comparable(&reply.body) },
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = self.body.chars().take(6_000).collect();
        write!(f, "{} {:?} {}", self.status, self.headers, body.escape_debug())
    }
}
