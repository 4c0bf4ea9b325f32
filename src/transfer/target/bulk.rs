//! Bulk requests: what is sent, and what the answer says of each document.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::transfer::{
    cluster::{may_pass, reason},
    document::{Document, Rejected},
};

/// The answer, as far as it was asked for.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    items: Vec<serde_json::Map<String, Value>>,
}

/// What became of the documents of a request.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Those to be sent again, by their place.
    pub again: Vec<usize>,
    /// Why one of them was not taken.
    pub why: Option<String>,
    pub rejected: Vec<Rejected>,
    pub kept: u64,
}

/// The lines for a document: its action and its source. A configuration that is there already is left as it is.
pub fn append(lines: &mut Vec<u8>, document: &Document) {
    let action = if document.is_configuration() { "create" } else { "index" };
    let action = json!({action: {"_index": &*document.index, "_id": document.id}});
    lines.extend_from_slice(action.to_string().as_bytes());
    lines.push(b'\n');
    lines.extend_from_slice(&document.source);
    lines.push(b'\n');
}

/// The body of a request.
#[must_use]
pub fn body(documents: &[Document]) -> Bytes {
    let mut lines = Vec::with_capacity(documents.iter().map(Document::size).sum::<usize>() + documents.len() * 64);
    for document in documents {
        append(&mut lines, document);
    }
    lines.into()
}

/// Reads an answer of success. `None` where it does not tell of every document.
#[must_use]
pub fn read(answer: &[u8], documents: &[Document]) -> Option<Outcome> {
    let answer: Answer = serde_json::from_slice(answer).ok()?;
    if answer.items.len() != documents.len() {
        return None;
    }
    let mut outcome = Outcome::default();
    for (at, (item, document)) in answer.items.iter().zip(documents).enumerate() {
        let (action, item) = item.iter().next()?;
        let status = u16::try_from(item["status"].as_u64()?).ok()?;
        let why = || reason(&item["error"]).unwrap_or_else(|| format!("status {status}"));
        match http::StatusCode::from_u16(status).ok()? {
            status if status.is_success() => {}
            http::StatusCode::CONFLICT if action == "create" => outcome.kept += 1,
            status if may_pass(status) => {
                outcome.again.push(at);
                outcome.why.get_or_insert_with(why);
            }
            _ => outcome.rejected.push(Rejected { what: format!("{}/{}", document.index, document.id), why: why() }),
        }
    }
    Some(outcome)
}

#[cfg(test)]
mod tests {
    use super::{body, read};
    use crate::transfer::document::Document;

    fn documents() -> Vec<Document> {
        let document = |index: &str, id: &str| Document { index: index.into(), id: id.into(), source: "{}".into() };
        vec![document(".ml-config", "c"), document(".ml-anomalies-a", "q\"uote"), document(".ml-anomalies-a", "x")]
    }

    #[test]
    fn a_body() {
        let lines = body(&documents());
        assert_eq!(
            std::str::from_utf8(&lines).unwrap().lines().step_by(2).collect::<Vec<_>>(),
            [
                r#"{"create":{"_index":".ml-config","_id":"c"}}"#,
                r#"{"index":{"_index":".ml-anomalies-a","_id":"q\"uote"}}"#,
                r#"{"index":{"_index":".ml-anomalies-a","_id":"x"}}"#,
            ]
        );
    }

    #[test]
    fn what_an_answer_says_of_each_document() {
        let answer = br#"{"errors":true,"items":[{"create":{"status":409,"error":{"type":"t","reason":"r"}}},
            {"index":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"full"}}},
            {"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"bad","caused_by":{"type":"c","reason":"worse"}}}}]}"#;
        let outcome = read(answer, &documents()).unwrap();
        assert_eq!((outcome.kept, outcome.again), (1, vec![1]));
        assert_eq!(outcome.why.as_deref(), Some("es_rejected_execution_exception: full"));
        assert_eq!(outcome.rejected[0].what, ".ml-anomalies-a/x");
        assert_eq!(outcome.rejected[0].why, "mapper_parsing_exception: bad: worse");
        // not a word of one of them
        assert!(read(br#"{"errors":false,"items":[{"index":{"status":201}}]}"#, &documents()).is_none());
        assert!(read(br#"{"errors":false}"#, &documents()).is_none());
        assert!(read(b"<html>", &documents()).is_none());
    }
}
