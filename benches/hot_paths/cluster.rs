//! What stands for a cluster: it says always the same, as cheaply as can be.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::documents;

const UNKNOWN: &str = r#"{"error":{"root_cause":[],"type":"security_exception","reason":"missing authentication credentials for REST request [/]"},"status":401}"#;
const MAY: &str = r#"{"username":"ml_reader","has_all_requested":true,"cluster":{"cluster:monitor/xpack/ml/job/results/buckets/get":true,"monitor_ml":true,"monitor":true,"manage_ml":true,"manage":true},"index":{".ml-anomalies-j":{"read":true}},"application":{}}"#;

const FIELDS: &str = r#"{"indices":[".ml-anomalies-shared"],"fields":{"job_id":{"keyword":{"type":"keyword","metadata_field":false,"searchable":true,"aggregatable":true}},"result_type":{"keyword":{"type":"keyword","metadata_field":false,"searchable":true,"aggregatable":true}}}}"#;

/// The replies, made once.
struct Replies {
    unknown: Vec<u8>,
    may: Vec<u8>,
    fields: Vec<u8>,
    buckets: Vec<u8>,
    records: Vec<u8>,
    small: Vec<u8>,
}

/// Answers at this listener.
pub async fn answer(listener: TcpListener) {
    let replies: &Replies = Box::leak(Box::new(Replies {
        unknown: reply("401 Unauthorized", UNKNOWN),
        may: reply("200 OK", MAY),
        fields: reply("200 OK", FIELDS),
        buckets: reply("200 OK", &documents::buckets(true)),
        records: reply("200 OK", &documents::records()),
        small: reply("200 OK", &"x".repeat(1024)),
    }));
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, replies));
    }
}

async fn converse(mut stream: TcpStream, replies: &Replies) {
    while let Some(request) = message(&mut stream).await {
        let bytes = match &request {
            search if search.starts_with(b"POST /.ml-anomalies-") => {
                if holds(search, b"\"record\"") {
                    &replies.records
                } else {
                    &replies.buckets
                }
            }
            question if question.starts_with(b"POST /_security/") => &replies.may,
            fields if fields.starts_with(b"GET /.ml-anomalies-") => &replies.fields,
            nobody if nobody.starts_with(b"GET / ") => &replies.unknown,
            _ => &replies.small,
        };
        if stream.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// A whole request or reply: its head, and as many bytes as that says, or chunks to the last one.
pub async fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut text, mut block) = (Vec::new(), vec![0; 16 << 10]);
    let (mut whole, mut chunked) = (None, false);
    while !(whole.is_some_and(|whole| text.len() >= whole) || chunked && text.ends_with(b"\r\n0\r\n\r\n")) {
        let read = stream.read(&mut block).await.ok().filter(|read| *read > 0)?;
        text.extend_from_slice(&block[..read]);
        if whole.is_none()
            && !chunked
            && let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
            chunked = head.contains("transfer-encoding: chunked");
            let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
            let length = length.map_or(0, |length| length.trim().parse().unwrap());
            whole = (!chunked).then_some(end + 4 + length);
        }
    }
    Some(text)
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

fn reply(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nX-elastic-product: Elasticsearch\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
