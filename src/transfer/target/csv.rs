//! Rows of a table: what all kinds of results have, a column each. For people and spreadsheets.

use bytes::Bytes;
use serde_json::Value;

use crate::{observe::one_line::escape, transfer::document::Document};

/// Fields of documents, a column each behind index and id.
const COLUMNS: [&str; 27] = [
    "job_id",
    "result_type",
    "timestamp",
    "bucket_span",
    "is_interim",
    "anomaly_score",
    "record_score",
    "influencer_score",
    "probability",
    "event_count",
    "processing_time_ms",
    "detector_index",
    "function",
    "field_name",
    "typical",
    "actual",
    "by_field_name",
    "by_field_value",
    "over_field_name",
    "over_field_value",
    "partition_field_name",
    "partition_field_value",
    "influencer_field_name",
    "influencer_field_value",
    "category_id",
    "terms",
    "num_matches",
];

/// Rows for documents, below the names of the columns at the top of a file. Configurations of jobs are none.
///
/// # Errors
/// Where a document is no JSON.
pub fn rows(documents: &[Document], is_top: bool) -> anyhow::Result<Bytes> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if is_top {
        writer.write_record(["_index", "_id"].iter().chain(&COLUMNS))?;
    }
    for document in documents.iter().filter(|document| !document.is_configuration()) {
        let source: Value = serde_json::from_slice(&document.source)?;
        let cells = COLUMNS.map(|column| cell(&source[column]));
        writer.write_record([harmless(&document.index), harmless(&document.id)].iter().chain(&cells))?;
    }
    Ok(writer.into_inner()?.into())
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => harmless(text),
        other => other.to_string(),
    }
}

/// Texts come from logs: without control characters, and never a spreadsheet's formula.
fn harmless(text: &str) -> String {
    let shown = escape(text);
    if shown.starts_with(['=', '+', '-', '@']) { format!("'{shown}") } else { shown.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::{COLUMNS, rows};
    use crate::transfer::document::Document;

    #[test]
    fn a_table() {
        let document = |index: &str, source: &str| Document {
            index: index.into(),
            id: "a".into(),
            source: source.to_owned().into(),
        };
        let documents = [
            document(".ml-config", "{}"),
            document(
                "i",
                r#"{"job_id":"j","timestamp":5,"actual":[1.5],"by_field_value":"=cmd()","terms":"a,\"b\"\nc"}"#,
            ),
        ];
        let text = String::from_utf8(rows(&documents, true).unwrap().to_vec()).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().len(), COLUMNS.len() + 2);
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let cells: Vec<&str> = records[0].iter().filter(|cell| !cell.is_empty()).collect();
        assert_eq!((records.len(), cells), (1, vec!["i", "a", "j", "5", "[1.5]", "'=cmd()", "a,\"b\"\\nc"]));
        assert_eq!(rows(&[], false).unwrap(), "");
    }
}
