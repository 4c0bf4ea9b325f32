//! Documents that came as JSON.

use serde_json::Value;

use super::Node;

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Node::Null,
            Value::Bool(value) => value.into(),
            Value::Number(number) => {
                number.as_i64().map_or_else(|| Node::Double(number.as_f64().unwrap_or(f64::NAN)), Node::Long)
            }
            Value::String(text) => text.into(),
            Value::Array(items) => Node::Array(items.into_iter().map(Node::from).collect()),
            Value::Object(fields) => {
                Node::Object(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
            }
        }
    }
}
