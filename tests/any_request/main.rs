//! Whatever is sent, there is an answer, soon, and a well-formed one: properties of the running server, over the wire.

#![allow(clippy::unwrap_used)]

mod sent;
#[path = "../support/mod.rs"]
mod support;

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::LazyLock,
    time::Duration,
};

use proptest::{collection::vec, prelude::*, strategy::ValueTree};
use sent::{Sent, sent};
use serde_json::Value;
use support::{Reply, parse, start_embedded};

/// Nothing may take longer.
const SOON: Duration = Duration::from_secs(20);

static SERVER: LazyLock<SocketAddr> = LazyLock::new(|| {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tokio::runtime::Runtime::new().unwrap().block_on(async move {
            let (address, _folder) = start_embedded().await;
            send.send(address).unwrap();
            std::future::pending::<()>().await;
        });
    });
    receive.recv().unwrap()
});

/// Sends bytes, and reads all that comes back. Who says that there is `no_more` may be left without an answer, as by
/// Elasticsearch: a request that is not wanted any more is not answered.
fn exchange(bytes: &[u8], no_more: bool) -> Vec<u8> {
    let mut stream = TcpStream::connect(*SERVER).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    // a server that has heard enough may close before everything is sent
    let _ = stream.write_all(bytes);
    if no_more {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut reply = Vec::new();
    if let Err(error) = stream.read_to_end(&mut reply) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "no answer within {SOON:?}");
    }
    // `100 Continue` is not the answer
    match reply.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n") {
        Some(answer) => answer.to_vec(),
        None => reply,
    }
}

/// What every reply must be.
fn check(sent: &Sent) -> Result<(), TestCaseError> {
    let bytes = exchange(&sent.bytes(), sent.has_own_framing());
    let reply = parse(&bytes);
    if sent.has_own_framing() && bytes.is_empty() {
        return Ok(());
    }
    prop_assert!(reply.is_some(), "no HTTP reply: {:?}", String::from_utf8_lossy(&bytes));
    let Some(reply) = reply else { return Ok(()) };
    prop_assert_eq!(reply.header("x-elastic-product"), Some("Elasticsearch"), "{:?}", reply);
    prop_assert!(matches!(reply.status, 200 | 400 | 404 | 405 | 406 | 413 | 414 | 431 | 500), "{reply:?}");
    if sent.method == "HEAD" {
        prop_assert!(reply.body.is_empty(), "{reply:?}");
    } else if reply.header("content-length") != Some("0") {
        check_body(&reply)?;
    }
    Ok(())
}

fn check_body(reply: &Reply) -> Result<(), TestCaseError> {
    let kind = reply.header("content-type").unwrap_or_default();
    let document: Option<Value> = if kind.contains("yaml") {
        serde_saphyr::from_str(&reply.body).ok()
    } else if kind.contains("cbor") || kind.contains("smile") {
        // other tests compare these by the byte
        return Ok(());
    } else if kind.contains("json") {
        serde_json::from_str(&reply.body).ok()
    } else {
        None
    };
    let Some(Value::Object(document)) = document else {
        return Err(TestCaseError::fail(format!("no {kind}: {reply:?}")));
    };
    if reply.status == 200 && !document.contains_key("tagline") {
        for (name, value) in &document {
            let known = (name == "count" && value.is_u64()) || (name == "buckets" && value.is_array());
            prop_assert!(known, "{name}: {reply:?}");
        }
    } else if reply.status != 200 {
        prop_assert!(document.contains_key("error"), "{reply:?}");
        prop_assert!(document.get("status").is_none_or(|status| *status == reply.status), "{reply:?}");
        // the one fault that Elasticsearch has too: an instant beyond what its dates can hold
        prop_assert!(reply.status != 500 || reply.body.contains("date_time_exception"), "{reply:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_gets_a_well_formed_answer(sent in sent()) {
        check(&sent)?;
    }

    #[test]
    fn any_bytes_get_an_answer_or_none(bytes in vec(any::<u8>(), 0..300)) {
        let reply = exchange(&bytes, true);
        prop_assert!(reply.is_empty() || parse(&reply).is_some_and(|reply| reply.status >= 400), "{:?}", String::from_utf8_lossy(&reply));
    }
}

/// The generator is worth something: what it makes is answered in every way.
#[test]
fn all_ways_to_be_answered_are_met() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut met = std::collections::BTreeSet::new();
    for _ in 0..1_500 {
        let sent = sent().new_tree(&mut runner).unwrap().current();
        if let Some(reply) = parse(&exchange(&sent.bytes(), sent.has_own_framing())) {
            met.insert((reply.status, reply.body.contains("not well-formed HTTP")));
        }
    }
    for expected in [(200, false), (400, false), (404, false), (405, false), (406, false), (400, true)] {
        assert!(met.contains(&expected), "{expected:?} is never met: {met:?}");
    }
}
