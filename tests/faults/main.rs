//! Faults of the network and of the node, between mlgate and a genuine Elasticsearch: toxiproxy delays, cuts and leaves
//! half-open, signals freeze and kill. `MLGATE_FAULT_SECONDS` makes it longer.

#![allow(clippy::unwrap_used)]

mod load;
#[path = "../support/mod.rs"]
mod support;
mod toxiproxy;

use std::{
    fs::OpenOptions,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::Ordering::SeqCst,
    thread::sleep,
    time::{Duration, Instant},
};

use load::{BATCH, Load, Seen, request};
use serde_json::Value;
use support::{Cluster, Program, SUPERUSER, basic};
use toxiproxy::{Toxiproxy, faults};

const BUCKETS: &str = "/_ml/anomaly_detectors/it-ops-kpi/results/buckets?size=50";

/// Longest time from the end of a fault to an answer; it is far less, but a timing is no test.
const RECOVERY: Duration = Duration::from_secs(5);

/// How much more memory, in kB, and how many more descriptors may be held at the end than after the first round.
const GROWTH: (u64, usize) = (32 << 10, 16);

/// How a node was started, to start it again from what it left behind.
struct Restart<'a> {
    cluster: &'a Cluster,
    arguments: Vec<String>,
    folder: PathBuf,
}

// === impl Restart ===

impl<'a> Restart<'a> {
    fn of(cluster: &'a Cluster) -> Self {
        let of_node = |what: &str| format!("/proc/{}/{what}", cluster.pid());
        let arguments = std::fs::read_to_string(of_node("cmdline")).unwrap();
        // The port that it found free is its port from now on.
        let port = format!("http.port={}", cluster.address.port());
        let arguments = arguments.split_terminator('\0').map(|word| word.replace("http.port=0", &port)).collect();
        Self { cluster, arguments, folder: std::fs::read_link(of_node("cwd")).unwrap() }
    }

    fn start(&self) {
        let log = OpenOptions::new().append(true).open(self.folder.join("node.log")).unwrap();
        let mut command = Command::new(&self.arguments[0]);
        command.args(&self.arguments[1..]).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.cluster.is_now(command.spawn().unwrap().id());
    }
}

/// Asks until there is an answer; how long that took.
fn recovery(front: SocketAddr, target: &str, authorization: &str) -> Duration {
    let begun = Instant::now();
    while request(front, "GET", target, authorization, "").is_none_or(|reply| reply.status != 200) {
        assert!(begun.elapsed() < Duration::from_mins(2), "no answer any more");
        sleep(Duration::from_millis(20));
    }
    begun.elapsed()
}

/// Memory in kB and open descriptors of a process.
fn held(pid: u32) -> (u64, usize) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident = resident.split_whitespace().next().unwrap().parse().unwrap();
    (resident, std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count())
}

/// Every fault once; how long each recovery took.
fn one_round(
    cluster: &Cluster,
    restart: &Restart,
    toxiproxy: &Toxiproxy,
    seen: &Seen,
    well_again: impl Fn() -> Duration,
) -> Vec<(&'static str, Duration)> {
    let mut took = Vec::new();
    for fault in faults() {
        toxiproxy.poison(&fault);
        sleep(Duration::from_secs(3));
        toxiproxy.heal(&fault);
        took.push((fault.name, well_again()));
        sleep(Duration::from_secs(1));
    }
    cluster.signal("-STOP");
    sleep(Duration::from_secs(4));
    cluster.signal("-CONT");
    took.push(("frozen", well_again()));
    cluster.kill();
    seen.starting.store(true, SeqCst);
    sleep(Duration::from_secs(1));
    restart.start();
    // The node itself takes some time.
    let search = "/.ml-anomalies-it-ops-kpi/_search";
    recovery(cluster.address, search, &basic(SUPERUSER.0, SUPERUSER.1));
    took.push(("killed and started again", well_again()));
    sleep(Duration::from_secs(2));
    seen.starting.store(false, SeqCst);
    took
}

/// No batch was written twice, and none that was answered is missing.
fn assert_written(cluster: &Cluster, seen: &Seen) {
    cluster.call("POST", "/faults/_refresh", "", b"");
    let question = br#"{"size":0,"aggs":{"batches":{"terms":{"field":"batch","size":60000}}}}"#;
    let answer = cluster.call("POST", "/faults/_search", "application/json", question);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let batches = answer["aggregations"]["batches"]["buckets"].as_array().unwrap();
    let full = Some(BATCH as u64);
    assert!(batches.iter().all(|batch| batch["doc_count"].as_u64() <= full), "sent twice: {answer}");
    let is_there = |number: u64| {
        let batch = batches.iter().find(|batch| batch["key"] == number);
        batch.is_some_and(|batch| batch["doc_count"].as_u64() == full)
    };
    let written = seen.written.lock().unwrap();
    assert!(written.len() > 20 && written.iter().all(|number| is_there(*number)));
}

#[test]
fn no_wrong_answer_and_soon_well_again() {
    let Some(cluster) = Cluster::start() else { return };
    let Some(toxiproxy) = Toxiproxy::before(cluster.address) else { return };
    let restart = Restart::of(&cluster);
    let program = Program::start_logging(
        "warn,mlgate::assemble=info",
        &format!(
            "upstream = 'http://{}'\npass_through = 'all'\nupstream_timeout_seconds = 5\nauthority_timeout_seconds = 3\n\
             pass_through_reply_seconds = 5\npass_through_idle_seconds = 5\n",
            toxiproxy.address
        ),
    );
    let (front, authorization) = (program.address, basic(SUPERUSER.0, SUPERUSER.1));
    let expected = request(front, "GET", BUCKETS, &authorization, "").unwrap();
    assert_eq!(expected.status, 200, "{expected:?}");
    let load = Load::start(front, BUCKETS, &authorization, &expected.body);
    let seconds = std::env::var("MLGATE_FAULT_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let until = Instant::now() + Duration::from_secs(seconds);
    sleep(Duration::from_secs(3));
    let mut first = None;
    while first.is_none() || Instant::now() < until {
        for (fault, took) in
            one_round(&cluster, &restart, &toxiproxy, &load.seen, || recovery(front, BUCKETS, &authorization))
        {
            eprintln!("{fault}: well again after {took:?}");
            assert!(took < RECOVERY, "{fault}: {took:?}");
        }
        let (now, seen) = (held(program.pid()), &load.seen);
        eprintln!("kB, descriptors: {now:?}; whole {:?}, refused {:?}", seen.whole, seen.refused);
        first.get_or_insert(now);
    }
    let seen = load.end();
    sleep(Duration::from_secs(1));
    let (first, last) = (first.unwrap(), held(program.pid()));
    assert!(last.0 < first.0 + GROWTH.0 && last.1 <= first.1 + GROWTH.1, "{first:?} {last:?}");
    let wrong = seen.wrong.lock().unwrap();
    assert!(wrong.is_empty(), "{} wrong: {:?}", wrong.len(), &wrong[..wrong.len().min(3)]);
    assert!(seen.whole.load(SeqCst) > 200 && seen.refused.load(SeqCst) > 0);
    assert_written(&cluster, &seen);
}
