//! Case 64: the signals to stop, and descriptors that run out.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::{BUCKETS, assert_healthy, cluster, connect, eventually, only, program, rest, support::start_draining};
use mlgate::listen::phase::Phase;

/// A cluster's front as a program of its own.
async fn front(more: &str) -> (program::Program, std::sync::Arc<cluster::Seen>) {
    let (cluster, seen) = cluster::start_alone().await;
    let text = format!(
        "listen = '127.0.0.1:0'\nupstream = 'http://{cluster}'\nauthority = 'elasticsearch'\npass_through = 'all'\n{more}"
    );
    (program::start_in(tempfile::tempdir().unwrap(), &text, program::plainly), seen)
}

fn ask(stream: &mut TcpStream, target: &str) {
    stream
        .write_all(format!("GET {target} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n").as_bytes())
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn case_64_what_is_under_way_finishes_and_what_is_idle_closes() {
    let (mut front, seen) = front("").await;
    let address = front.address();
    let (mut slow, mut big, mut idle, mut used) =
        (connect(address), connect(address), connect(address), connect(address));
    ask(&mut used, "/length");
    let mut status = [0; 12];
    used.read_exact(&mut status).unwrap();
    ask(&mut big, "/big");
    big.read_exact(&mut status).unwrap();
    ask(&mut slow, "/slow");
    eventually("both are under way", || seen.under_way.load(Ordering::SeqCst) == 2);
    front.signal("TERM");
    assert_eq!(rest(&mut idle), b"", "closed at once");
    rest(&mut used);
    eventually("nobody listens", || TcpStream::connect(address).is_err());
    assert!(front.child.try_wait().unwrap().is_none(), "not yet");
    let reply = only(&rest(&mut slow));
    assert_eq!((reply.status, &*reply.body), (200, "{\"slow\":true}"));
    let whole = rest(&mut big);
    assert!(whole.len() > cluster::BIG && whole.ends_with(b"\r\n0\r\n\r\n"), "half sent, and then whole");
    assert!(front.end().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn case_64_a_second_signal_ends_at_once() {
    let (mut front, seen) = front("drain_seconds = 600\n").await;
    let mut hanging = connect(front.address());
    ask(&mut hanging, "/hang");
    eventually("it is under way", || seen.under_way.load(Ordering::SeqCst) == 1);
    front.signal("TERM");
    eventually("it drains", || front.log().contains("may finish"));
    assert!(front.child.try_wait().unwrap().is_none());
    front.signal("TERM");
    assert!(front.end().success());
    assert!(front.log().contains("a second signal came"), "{}", front.log());
    eventually("the cluster is told", || seen.under_way.load(Ordering::SeqCst) == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn case_64_the_drain_has_an_end() {
    let (mut front, seen) = front("drain_seconds = 1\n").await;
    let mut hanging = connect(front.address());
    ask(&mut hanging, "/hang");
    eventually("it is under way", || seen.under_way.load(Ordering::SeqCst) == 1);
    let begin = Instant::now();
    front.signal("INT");
    assert!(front.end().success());
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert!(front.log().contains("the time to drain is over"), "{}", front.log());
}

/// A half-sent head is waited for as long as any other.
#[tokio::test(flavor = "multi_thread")]
async fn case_64_a_head_that_has_begun_is_answered() {
    let (store, _folder) = crate::support::store_with_fixtures();
    let (address, phase) = start_draining(&format!("store = '{}'\nunsafe_open_to_all = true\n", store.display()));
    let mut stream = connect(address);
    let request = format!("GET {BUCKETS}?size=0 HTTP/1.1\r\nHost: h\r\n\r\n");
    let (first, second) = request.split_at(20);
    stream.write_all(first.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    phase.send_replace(Phase::Draining);
    eventually("nobody listens", || TcpStream::connect(address).is_err());
    stream.write_all(second.as_bytes()).unwrap();
    assert_eq!(only(&rest(&mut stream)).status, 200);
}

#[test]
fn case_64_descriptors_that_run_out() {
    let configuration = "listen = '127.0.0.1:0'\n";
    let mut program = program::start(configuration, |_, plain| {
        program::around("sh", &["-c", "ulimit -n 60; exec \"$@\"", "sh"], plain)
    });
    let address = program.address();
    assert_healthy(address);
    let held: Vec<_> = (0..120).map(|_| connect(address)).collect();
    eventually("they run out", || program.log().contains("could not be accepted"));
    assert!(program.child.try_wait().unwrap().is_none());
    std::thread::sleep(Duration::from_millis(500));
    let warnings = program.log().matches("could not be accepted").count();
    assert!(warnings < 50, "it pauses: {warnings}");
    drop(held);
    eventually("it recovers", || {
        let mut stream = connect(address);
        stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        ask(&mut stream, &format!("{BUCKETS}?size=0"));
        stream.read(&mut [0; 12]).is_ok_and(|length| length > 0)
    });
    assert_healthy(address);
}
