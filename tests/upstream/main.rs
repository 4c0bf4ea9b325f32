//! The way to the cluster: several nodes, what is sent how often, certificates. Nodes that misbehave are ours; those that
//! are killed under load are genuine as well.

#![allow(clippy::unwrap_used)]

mod genuine;
mod node;
#[path = "../support/mod.rs"]
mod support;
mod tls;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use node::{Manner, Node};
use support::{Reply, basic, send, start_with};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets";

fn get(front: SocketAddr, target: &str) -> Reply {
    send(front, "GET", target, &[("Authorization", &basic("u", "p"))], None)
}

async fn ask(front: SocketAddr, target: &'static str) -> u16 {
    tokio::task::spawn_blocking(move || get(front, target).status).await.unwrap()
}

async fn front_of(nodes: &[&Node], more: &str) -> SocketAddr {
    let nodes: Vec<String> = nodes.iter().map(|node| format!("http://{}", node.address)).collect();
    let nodes = nodes.join(",");
    start_with(&format!("upstream = '{nodes}'\nauthority = 'elasticsearch'\npass_through = 'all'\n{more}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_is_sent_twice_and_what_is_passed_on_once() {
    for manner in [Manner::Cuts, Manner::CutsReply] {
        let node = Node::start(manner).await;
        let front = front_of(&[&node], "").await;
        assert_eq!((ask(front, BUCKETS).await, node.asked()), (502, 2), "{manner:?}");
        assert_eq!((ask(front, "/x").await, node.asked()), (if manner == Manner::Cuts { 502 } else { 200 }, 3));
        node.behave(Manner::Well);
        assert_eq!((ask(front, BUCKETS).await, ask(front, "/x").await), (200, 200));
    }
}

/// Half a reply is never taken for a whole one.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_reply_stays_half() {
    let node = Node::start(Manner::CutsReply).await;
    let front = front_of(&[&node], "").await;
    let request = format!("GET /x HTTP/1.1\r\nHost: h\r\nAuthorization: {}\r\n\r\n", basic("u", "p"));
    let begun = Instant::now();
    let reply = tokio::task::spawn_blocking(move || support::send_raw(front, request.as_bytes())).await.unwrap();
    let reply = String::from_utf8(reply).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "the connection is closed");
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let length: usize =
        head.to_ascii_lowercase().split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert!(body.len() < length, "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_budget_ends() {
    const REQUESTS: usize = 400;
    let node = Node::start(Manner::Cuts).await;
    let front = front_of(&[&node], "").await;
    for _ in 0..REQUESTS {
        assert_eq!(ask(front, BUCKETS).await, 502);
    }
    // A hundred in ten seconds, and one of five; the few questions about the caller count as well.
    let again = node.asked() - REQUESTS;
    assert!((100..=200).contains(&again), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_is_left_for_another() {
    for status in [502, 503, 504] {
        let (bad, good) = (Node::start(Manner::Says(status)).await, Node::start(Manner::Well).await);
        let front = front_of(&[&bad, &good], "").await;
        for _ in 0..4 {
            assert_eq!(ask(front, BUCKETS).await, 200);
        }
        // Each asks twice, as an empty answer may have no alias behind it; the first one also how the indices are mapped.
        assert_eq!((bad.asked(), good.asked()), (4, 9), "{status}");
    }
    // What the cluster means is not asked of another node, and no way leads to where it points.
    for (status, told) in [(429, 429), (400, 400), (302, 502)] {
        let (one, two) = (Node::start(Manner::Says(status)).await, Node::start(Manner::Says(status)).await);
        let front = front_of(&[&one, &two], "").await;
        for _ in 0..4 {
            assert_eq!(ask(front, BUCKETS).await, told, "{status}");
        }
        // A server of old that does not know how its indices are mapped is asked that once.
        assert_eq!(one.asked() + two.asked(), if status == 400 { 5 } else { 4 });
        assert_eq!(ask(front, "/x").await, status, "what is passed on goes back as it is");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_refuses_costs_nothing() {
    let (gone, good) = (Node::start(Manner::Well).await, Node::start(Manner::Well).await);
    gone.kill();
    let front = front_of(&[&gone, &good], "").await;
    let body = vec![b'x'; 1 << 20];
    for round in 1..=6 {
        let header = ("Authorization", &*basic("u", "p"));
        assert_eq!(send(front, "POST", "/x", &[header], Some(&body)).status, 200);
        assert_eq!(good.asked(), round, "sent once");
    }
    assert_eq!(ask(front, BUCKETS).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_silent_is_asked_last() {
    let (dead, good) = (Node::start(Manner::Dead).await, Node::start(Manner::Well).await);
    let front = front_of(&[&dead, &good], "upstream_timeout_seconds = 1\nauthority_timeout_seconds = 1\n").await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(ask(front, BUCKETS).await);
    }
    assert!(statuses.iter().filter(|status| **status != 200).count() <= 1, "{statuses:?}");
    assert_eq!(statuses[7], 200);
}

/// Connections that the cluster closes between two requests are no failures.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_closed_meanwhile() {
    let node = Node::start(Manner::Closes).await;
    let front = front_of(&[&node], "").await;
    for _ in 0..30 {
        assert_eq!(ask(front, BUCKETS).await, 200);
    }
    let before = node.asked();
    for _ in 0..30 {
        // The end of a connection must have been heard of: what is passed on is not sent again.
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(ask(front, "/x").await, 200);
    }
    assert_eq!(node.asked(), before + 30);
}

/// Calls `during` while many ask, for as long as that takes, and gives how often each status came.
async fn under_load<F: Future<Output = ()>>(
    front: SocketAddr,
    authorization: &str,
    during: impl FnOnce() -> F,
) -> Vec<(u16, usize)> {
    let over = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let (over, authorization) = (Arc::clone(&over), authorization.to_owned());
            std::thread::spawn(move || {
                let mut statuses = Vec::new();
                while !over.load(SeqCst) {
                    statuses.push(send(front, "GET", BUCKETS, &[("Authorization", &authorization)], None).status);
                }
                statuses
            })
        })
        .collect();
    during().await;
    over.store(true, SeqCst);
    let mut statuses: Vec<u16> = asking.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    statuses.sort_unstable();
    statuses.chunk_by(|one, other| one == other).map(|chunk| (chunk[0], chunk.len())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_killed_and_comes_back() {
    let (one, two) = (Node::start(Manner::Well).await, Node::start(Manner::Well).await);
    let front = front_of(&[&one, &two], "").await;
    let pause = || tokio::time::sleep(Duration::from_millis(700));
    let statuses = under_load(front, &basic("u", "p"), || async {
        pause().await;
        two.kill();
        pause().await;
        let before = two.asked();
        two.revive();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(two.asked() > before, "it is asked again within a second");
        // One of the two is left, whichever it is.
        one.kill();
        pause().await;
    })
    .await;
    assert!(matches!(statuses[..], [(200, asked)] if asked > 100), "{statuses:?}");
}
