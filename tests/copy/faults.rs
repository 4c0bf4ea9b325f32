//! A target that throttles, cuts, takes less at once, answers half: in the end it has every document once.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Response},
    routing::{any, post},
};
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::{
    bulk, fails, in_folder, results,
    support::command::{run, write},
};

/// Most bytes that it takes at once.
const MOST: usize = 60_000;

/// What a target was sent.
#[derive(Default)]
struct Got {
    requests: usize,
    documents: BTreeMap<String, String>,
}

type Shared = Arc<Mutex<Got>>;

/// Misbehaves in turn; what it says that it took, it took.
async fn take(State(got): State<Shared>, body: Bytes) -> Response {
    let mut got = got.lock().unwrap();
    got.requests += 1;
    if body.len() > MOST {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    match got.requests % 7 {
        0 => return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")], "slow down").into_response(),
        1 => return (StatusCode::SERVICE_UNAVAILABLE, "<html>nobody is there</html>").into_response(),
        _ => {}
    }
    let manner = got.requests % 7;
    let text = String::from_utf8(body.to_vec()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut items = Vec::new();
    for (number, pair) in lines.chunks(2).enumerate() {
        if manner == 2 && number % 3 == 1 {
            let error = json!({"type": "es_rejected_execution_exception", "reason": "the queue is full"});
            items.push(json!({"index": {"status": 429, "error": error}}));
            continue;
        }
        let action: Value = serde_json::from_str(pair[0]).unwrap();
        got.documents.insert(action["index"]["_id"].as_str().unwrap().to_owned(), pair[1].to_owned());
        items.push(json!({"index": {"status": 201}}));
    }
    match manner {
        // taken, and not said
        3 => {
            items.pop();
        }
        4 => {
            let broken = breaks_off();
            return Response::new(broken);
        }
        _ => {}
    }
    json!({"items": items}).to_string().into_response()
}

/// A body that breaks off.
fn breaks_off() -> axum::body::Body {
    struct Cut;
    impl http_body::Body for Cut {
        type Data = Bytes;
        type Error = std::io::Error;
        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
            std::task::Poll::Ready(Some(Err(std::io::Error::other("cut"))))
        }
    }
    axum::body::Body::new(Cut)
}

async fn start(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_throttles_and_cuts_has_everything_once() {
    let got = Shared::default();
    let router = Router::new().route("/_bulk", post(take)).fallback(any(async || "{}")).with_state(Arc::clone(&got));
    let address = start(router).await;
    let folder = tempfile::tempdir().unwrap();
    let all = results("j", 800);
    write(folder.path(), "in.ndjson", bulk(".ml-anomalies-shared", &all));
    let to = format!("http://{address}");
    let arguments = ["copy", "--from", "in.ndjson", "--to", &to, "--no-verify", "--bulk", "300", "--in-flight", "2"];
    let said = tokio::task::block_in_place(|| run(&mut in_folder(folder.path(), &arguments)));
    assert!(said.succeeded, "{said:?}");
    let got = got.lock().unwrap();
    assert!(got.requests > 20, "{}", got.requests);
    assert!(got.documents == all.into_iter().collect(), "the documents are not the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_takes_nothing_is_given_up_and_gone_on_with() {
    let refuse =
        async || (StatusCode::TOO_MANY_REQUESTS, json!({"error": {"type": "t", "reason": "no\n room"}}).to_string());
    let router = Router::new().route("/_bulk", post(refuse)).fallback(any(async || "{}"));
    let to = format!("http://{}", start(router).await);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "in.ndjson", bulk(".ml-anomalies-shared", &results("j", 10)));
    let arguments = ["copy", "--from", "in.ndjson", "--to", &to, "--patience", "1", "--state", "s"];
    let told = tokio::task::block_in_place(|| fails(folder.path(), &arguments));
    let expected = format!(
        "mlgate: {to}: took nothing for 1 seconds: 429 Too Many Requests: t: no\\n room; called again, the copy goes on from here"
    );
    assert_eq!(told, expected);
    assert!(folder.path().join("s").exists());
    // nobody is there
    let arguments = ["copy", "--from", "in.ndjson", "--to", "http://127.0.0.1:9", "--patience", "1", "--state", "t"];
    let told = tokio::task::block_in_place(|| fails(folder.path(), &arguments));
    assert!(
        told.contains("http://127.0.0.1:9: took nothing for 1 seconds: the cluster could not be reached; "),
        "{told}"
    );
}
