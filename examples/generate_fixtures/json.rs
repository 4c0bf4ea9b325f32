//! JSON text under our own control: order of fields, spelling of doubles, verbatim parts.

use crate::number::Style;

pub enum Json {
    Bool(bool),
    Integer(i64),
    Double(f64),
    Text(String),
    List(Vec<Json>),
    Object(Object),
    /// Copied as it stands.
    Verbatim(String),
}

/// Fields in the order in which they were added.
#[derive(Default)]
pub struct Object(Vec<(String, Json)>);

impl Object {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    /// Adds the field if there is a value.
    pub fn with_some(self, name: &str, value: Option<impl Into<Json>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds the list if it has an element.
    pub fn with_any<T: Into<Json>>(self, name: &str, values: Vec<T>) -> Self {
        if values.is_empty() { self } else { self.with(name, values) }
    }
}

impl Json {
    pub fn to_text(&self, style: Style) -> String {
        let mut out = String::new();
        write(self, style, &mut out);
        out
    }
}

fn write(value: &Json, style: Style, out: &mut String) {
    match value {
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Integer(value) => out.push_str(&value.to_string()),
        Json::Double(value) => out.push_str(&style.spell(*value)),
        Json::Text(value) => write_text(value, out),
        Json::Verbatim(value) => out.push_str(value),
        Json::Object(value) => write_object(value, style, out),
        Json::List(values) => {
            out.push('[');
            for (position, value) in values.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write(value, style, out);
            }
            out.push(']');
        }
    }
}

fn write_object(object: &Object, style: Style, out: &mut String) {
    out.push('{');
    for (position, (name, value)) in object.0.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        write(value, style, out);
    }
    out.push('}');
}

fn write_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// Joins the lines of a document that was written by hand: a bulk file has one document a line.
pub fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect()
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for Json {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Json {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Object> for Json {
    fn from(value: Object) -> Self {
        Self::Object(value)
    }
}

impl<T: Into<Json>> From<Vec<T>> for Json {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
