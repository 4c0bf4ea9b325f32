//! What a document is found under: the values that Elasticsearch would index, and the reason where it would refuse to.

use std::collections::BTreeSet;

use serde_json::Value;

use super::mapping::{Kind, kind};
use crate::{results::time, xcontent::double::parse_double};

/// The indexed values of one document.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Indexed {
    pub job: Option<String>,
    pub result_type: Option<String>,
    /// Epoch milliseconds.
    pub time: Option<i64>,
    pub score: Option<f64>,
    pub interim: Option<bool>,
    /// Leaves that the mapping does not know.
    pub dynamic: BTreeSet<String>,
}

// === impl Indexed ===

impl Indexed {
    /// Reads the indexed values.
    ///
    /// # Errors
    /// Why Elasticsearch would not index the document.
    pub(super) fn read(source: &[u8]) -> Result<Self, String> {
        let document: Value = serde_json::from_slice(source).map_err(|error| format!("not JSON: {error}"))?;
        let Value::Object(fields) = &document else {
            return Err("a document is an object".into());
        };
        let mut indexed = Self::default();
        for (name, value) in fields {
            indexed.visit(name, value)?;
        }
        indexed.job = fields.get("job_id").and_then(keyword);
        indexed.result_type = fields.get("result_type").and_then(keyword);
        indexed.time = fields.get("timestamp").and_then(date);
        indexed.score = fields.get("anomaly_score").and_then(double);
        indexed.interim = fields.get("is_interim").and_then(boolean);
        Ok(indexed)
    }

    /// Checks a field and what is in it.
    fn visit(&mut self, path: &str, value: &Value) -> Result<(), String> {
        match value {
            Value::Null => Ok(()),
            Value::Array(items) => items.iter().try_for_each(|item| self.visit(path, item)),
            Value::Object(fields) => {
                fields.iter().try_for_each(|(name, value)| self.visit(&format!("{path}.{name}"), value))
            }
            leaf => {
                let valid = match kind(path) {
                    Some(Kind::Date) => date(leaf).is_some(),
                    Some(Kind::Double) => double(leaf).is_some_and(f64::is_finite),
                    Some(Kind::Long) => double(leaf).is_some_and(|value| value.abs() <= 9.3e18),
                    Some(Kind::Boolean) => boolean(leaf).is_some(),
                    Some(Kind::Keyword | Kind::Text | Kind::Nested) => true,
                    None => {
                        self.dynamic.insert(path.to_owned());
                        true
                    }
                };
                if valid {
                    Ok(())
                } else {
                    Err(format!("failed to parse field [{path}]: its value {leaf} is of another type"))
                }
            }
        }
    }
}

/// A scalar as the keyword field takes it.
pub(super) fn keyword(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// A scalar as the date field takes it, epoch milliseconds.
pub(super) fn date(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => time::parse_indexed(&number.to_string()),
        Value::String(text) => time::parse_indexed(text),
        _ => None,
    }
}

/// A scalar as a numeric field takes it.
pub(super) fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => parse_double(text).ok(),
        _ => None,
    }
}

/// A scalar as the boolean field takes it; the empty string is false.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => match &**text {
            "true" => Some(true),
            "false" | "" => Some(false),
            _ => None,
        },
        _ => None,
    }
}
