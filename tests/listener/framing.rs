//! Where a request ends, in raw bytes. The numbers are those of the hostile cases in the project's list.

use std::io::{Read as _, Write as _};

use flate2::{Compression, write::GzEncoder};

use crate::{
    BUCKETS, assert_elastic, assert_healthy, connect, only, statuses,
    support::{parse, start_embedded},
    until_closed,
};

const REFUSED: &str = "illegal_argument_exception";

/// A request for one bucket, with more lines in its head and whatever follows.
fn request(lines: &str, rest: &str) -> Vec<u8> {
    format!("POST {BUCKETS} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n{lines}\r\n{rest}").into_bytes()
}

/// The whole of what is sent is more than the server reads, and yet the reply arrives.
#[tokio::test(flavor = "multi_thread")]
async fn case_30_heads_that_are_too_large() {
    let (address, _folder) = start_embedded().await;
    let many = "h: x\r\n".repeat(101);
    let large = format!("x: {}\r\n", "y".repeat(20_000));
    let huge = format!("x: {}\r\n", "y".repeat(2_000_000));
    for lines in [many, large, huge] {
        let reply = until_closed(address, &request(&lines, ""));
        assert_elastic(&only(&reply), 431, "too_long_http_header_exception");
        assert_healthy(address);
    }
    let long = format!("GET {BUCKETS}?x={} HTTP/1.1\r\nHost: h\r\n\r\n", "y".repeat(5_000));
    assert_elastic(&only(&until_closed(address, long.as_bytes())), 414, "too_long_http_line_exception");
    let fitting = format!("x: {}\r\nConnection: close\r\n", "y".repeat(15_000));
    assert_eq!(statuses(&until_closed(address, &request(&fitting, ""))), [200]);
    assert_healthy(address);
}

/// The chunks count, and nothing else is read from the connection.
#[tokio::test(flavor = "multi_thread")]
async fn case_32_a_length_and_chunks() {
    let (address, _folder) = start_embedded().await;
    for lines in
        ["Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"]
    {
        let second = format!("GET {BUCKETS} HTTP/1.1\r\nHost: h\r\n\r\n");
        let reply = until_closed(address, &request(lines, &format!("2\r\n{{}}\r\n0\r\n\r\n{second}")));
        assert_eq!(statuses(&reply), [200], "{lines}");
        assert_healthy(address);
    }
}

/// Each of these lines is refused and the connection closed; what follows is never read as a request.
async fn all_refused(all: &[&str]) {
    let (address, _folder) = start_embedded().await;
    let second = format!("{{}}\r\n\r\nGET {BUCKETS} HTTP/1.1\r\nHost: h\r\n\r\n");
    for lines in all {
        let reply = until_closed(address, &request(lines, &second));
        assert_elastic(&only(&reply), 400, REFUSED);
        assert!(reply.windows(19).any(|window| window.eq_ignore_ascii_case(b"connection: close\r\n")), "{lines:?}");
        assert_healthy(address);
    }
}

/// Each of these requests is refused as a whole.
async fn all_refused_whole(all: &[String]) {
    let (address, _folder) = start_embedded().await;
    for whole in all {
        assert_elastic(&only(&until_closed(address, whole.as_bytes())), 400, REFUSED);
        assert_healthy(address);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn case_33_lengths_that_mean_two_things() {
    all_refused(&[
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: \r\n",
        "Content-Length: 2, 2\r\n",
        "Content-Length: 18446744073709551616\r\n",
    ])
    .await;
    // Once more the same length is one length.
    let (address, _folder) = start_embedded().await;
    let same = request("Content-Length: 2\r\nContent-Length: 2\r\nConnection: close\r\n", "{}");
    assert_eq!(statuses(&until_closed(address, &same)), [200]);
}

#[tokio::test(flavor = "multi_thread")]
async fn case_34_codings_and_hosts_that_mean_two_things() {
    all_refused(&[
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "Host: other\r\n",
    ])
    .await;
    all_refused_whole(&[
        format!("GET {BUCKETS} HTTP/1.1\r\n\r\n"),
        format!("GET {BUCKETS} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("GET http://evil:1{BUCKETS} HTTP/1.1\r\nHost: h\r\n\r\n"),
        "nonsense\r\n\r\n".to_owned(),
        format!("GET {BUCKETS} HTTP/3.0\r\nHost: h\r\n\r\n"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_36_lines_that_are_none() {
    all_refused(&["Name : value\r\n", "Name: value\r\n folded\r\n", ": value\r\n", "Name: va\0lue\r\n"]).await;
    // Bare line ends are line ends.
    let (address, _folder) = start_embedded().await;
    let bare = format!("GET {BUCKETS} HTTP/1.1\nHost: h\nConnection: close\n\n");
    assert_eq!(statuses(&until_closed(address, bare.as_bytes())), [200]);
}

/// A head that is refused behind a request that is answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_behind_an_answer() {
    let (address, _folder) = start_embedded().await;
    let mut stream = connect(address);
    stream.write_all(format!("GET {BUCKETS}?size=0 HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).unwrap();
    let mut first = vec![0; 4_096];
    let length = stream.read(&mut first).unwrap();
    assert_eq!(statuses(&first[..length]), [200]);
    stream.write_all(b"GET / HTTP/1.1\r\nName : value\r\n\r\n").unwrap();
    assert_elastic(&only(&crate::rest(&mut stream)), 400, REFUSED);
    assert_healthy(address);
}

#[tokio::test(flavor = "multi_thread")]
async fn case_35_chunks_that_are_none() {
    let (address, _folder) = start_embedded().await;
    for chunks in [
        "10000000000000000\r\n{}\r\n0\r\n\r\n",
        "xyz\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}xx0\r\n\r\n",
    ] {
        let reply = until_closed(address, &request("Transfer-Encoding: chunked\r\n", chunks));
        assert_elastic(&only(&reply), 400, REFUSED);
        assert_healthy(address);
    }
    // The last chunk is missing: nobody can be answered, and nothing is.
    let mut stream = connect(address);
    stream.write_all(&request("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n")).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(!statuses(&crate::rest(&mut stream)).contains(&200));
    let trailers = "2\r\n{}\r\n0\r\nAuthorization: Basic eDp5\r\nContent-Length: 50\r\n\r\n";
    let second = format!("GET {BUCKETS}?size=x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let reply = until_closed(address, &request("Transfer-Encoding: chunked\r\n", &format!("{trailers}{second}")));
    assert_eq!(statuses(&reply), [200, 400]);
    assert_healthy(address);
}

/// No tunnel, and the reply is whole.
#[tokio::test(flavor = "multi_thread")]
async fn case_37_upgrades() {
    let (address, _folder) = start_embedded().await;
    for protocol in ["foo", "websocket", "h2c"] {
        let head =
            format!("GET {BUCKETS}?size=0 HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: {protocol}\r\n\r\n");
        let second = format!("GET {BUCKETS}?size=x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assert_eq!(statuses(&until_closed(address, format!("{head}{second}").as_bytes())), [200, 400]);
        assert_healthy(address);
    }
}

/// hyper ends such a connection in a way of its own; a client that is still sending gets its reply all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upgrade() {
    let (address, _folder) = start_embedded().await;
    let mut stream = connect(address);
    stream.write_all(&request("Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3000000\r\n", "")).unwrap();
    for _ in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(200));
        stream.write_all(&vec![b' '; 1_000_000]).unwrap();
    }
    assert_eq!(only(&crate::rest(&mut stream)).status, 413);
    assert_healthy(address);
}

fn get(target: &str, lines: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "GET {target} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n{lines}Content-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn case_38_a_body_is_read_once() {
    let (address, _folder) = start_embedded().await;
    let two =
        [get(BUCKETS, "", r#"{"page":{"size":1}}"#), get(BUCKETS, "Connection: close\r\n", r#"{"page":{"size":0}}"#)];
    let reply = until_closed(address, two.concat().as_bytes());
    assert_eq!(statuses(&reply), [200, 200]);
    assert!(reply.ends_with(b"\"buckets\":[]}"), "{}", String::from_utf8_lossy(&reply));
    assert_healthy(address);
}

#[tokio::test(flavor = "multi_thread")]
async fn case_39_each_gets_its_own_answer_in_order() {
    let (address, _folder) = start_embedded().await;
    let four = [
        get(BUCKETS, "", r#"{"page":{"size":1}}"#),
        get(&format!("{BUCKETS}?x"), "", "{}"),
        get("/a/../b", "", r#"{"page":{"size":1}}"#),
        get(BUCKETS, "Connection: close\r\n", r#"{"page":{"size":0}}"#),
    ];
    let reply = until_closed(address, four.concat().as_bytes());
    assert_eq!(statuses(&reply), [200, 400, 400, 200]);
    assert!(reply.ends_with(b"\"buckets\":[]}"), "{}", String::from_utf8_lossy(&reply));
    assert_healthy(address);
}

/// Who is refused, or sends too much, is not asked to go on.
#[tokio::test(flavor = "multi_thread")]
async fn case_40_nobody_is_asked_for_a_body_that_is_not_read() {
    let (store, _folder) = crate::support::store_with_fixtures();
    let realm = crate::support::fixtures().join("realm");
    let configuration = format!("store = '{}'\nrealm = '{}'\n", store.display(), realm.display());
    let closed = crate::support::start_with(&configuration).await;
    let expecting = |length: usize| request(&format!("Expect: 100-continue\r\nContent-Length: {length}\r\n"), "");
    let reply = until_closed(closed, &expecting(2));
    assert_eq!(statuses(&reply), [401]);
    let (open, _folder) = start_embedded().await;
    assert_eq!(statuses(&until_closed(open, &expecting((1 << 20) + 1))), [413]);
    let mut stream = connect(open);
    stream.write_all(&expecting(2)).unwrap();
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{}").unwrap();
    let mut reply = [0; 12];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"HTTP/1.1 200");
}

const TOO_LARGE: &str = "too_long_http_content_exception";

#[tokio::test(flavor = "multi_thread")]
async fn case_49_a_packed_body_that_is_large() {
    let (address, _folder) = start_embedded().await;
    let pack = |length: usize, rest: &str| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&vec![b' '; length]).unwrap();
        packed.write_all(rest.as_bytes()).unwrap();
        packed.finish().unwrap()
    };
    for (packed, status) in [(pack(500 << 20, "{}"), 413), (pack(10, r#"{"page":{"size":0}}"#), 200)] {
        let lines = format!("Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: {}\r\n", packed.len());
        let mut whole = request(&lines, "");
        whole.extend_from_slice(&packed);
        let reply = only(&until_closed(address, &whole));
        assert_eq!(reply.status, status, "{reply:?}");
        assert!(status != 200 || reply.body.ends_with("\"buckets\":[]}"), "{reply:?}");
        assert_healthy(address);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn case_50_a_body_that_is_a_byte_too_large() {
    let (address, _folder) = start_embedded().await;
    let large = " ".repeat((1 << 20) + 1);
    let length = request(&format!("Content-Length: {}\r\n", large.len()), &large);
    let chunked = request("Transfer-Encoding: chunked\r\n", &format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len()));
    for whole in [length, chunked] {
        assert_elastic(&parse(&crate::support::send_raw(address, &whole)).unwrap(), 413, TOO_LARGE);
        assert_healthy(address);
    }
    // Much more is announced than is sent: nobody waits for the rest.
    let announced = until_closed(address, &request("Content-Length: 100000000000\r\n", &large));
    assert_elastic(&only(&announced), 413, TOO_LARGE);
}
