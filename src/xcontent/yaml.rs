//! YAML as Elasticsearch writes it: block style, strings in double quotes, lists on the level of their name.

use super::{Node, double::write_double, json::write_string};

/// A YAML document in the making.
#[derive(Debug, Default)]
pub struct Yaml {
    out: Vec<u8>,
}

// === impl Yaml ===

impl Yaml {
    /// The document, from its `---` to a line end.
    #[must_use]
    pub fn write(document: &Node) -> Vec<u8> {
        let mut yaml = Self { out: b"---".to_vec() };
        match document {
            Node::Object(fields) if !fields.is_empty() => {
                yaml.out.push(b'\n');
                yaml.fields(document, 0, false);
            }
            Node::Array(items) if !items.is_empty() => {
                yaml.out.push(b'\n');
                yaml.items(items, 0);
            }
            other => {
                yaml.out.push(b' ');
                yaml.scalar(other);
            }
        }
        yaml.out
    }

    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n(b' ', 2 * depth));
    }

    /// The fields of an object; the first may stand behind a dash already.
    fn fields(&mut self, object: &Node, depth: usize, mut behind_dash: bool) {
        let Node::Object(fields) = object else { return };
        for (name, value) in fields {
            if !behind_dash {
                self.indent(depth);
            }
            behind_dash = false;
            self.key(name);
            match value {
                Node::Object(inner) if !inner.is_empty() => {
                    self.out.push(b'\n');
                    self.fields(value, depth + 1, false);
                }
                Node::Array(items) if !items.is_empty() => {
                    self.out.push(b'\n');
                    self.items(items, depth);
                }
                other => {
                    self.out.push(b' ');
                    self.scalar(other);
                }
            }
        }
    }

    fn items(&mut self, items: &[Node], depth: usize) {
        for item in items {
            self.indent(depth);
            self.out.extend_from_slice(b"- ");
            match item {
                Node::Object(fields) if !fields.is_empty() => self.fields(item, depth + 1, true),
                other => self.scalar(other),
            }
        }
    }

    fn key(&mut self, name: &str) {
        let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
            && !matches!(name, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
        if plain { self.out.extend_from_slice(name.as_bytes()) } else { write_string(&mut self.out, name) }
        self.out.push(b':');
    }

    /// A value on one line, and the line's end.
    fn scalar(&mut self, value: &Node) {
        match value {
            Node::Null => self.out.extend_from_slice(b"null"),
            Node::Bool(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Node::Long(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Node::Double(value) => write_double(&mut self.out, *value),
            Node::String(text) => write_string(&mut self.out, text),
            Node::Array(_) => self.out.extend_from_slice(b"[]"),
            Node::Object(_) => self.out.extend_from_slice(b"{}"),
        }
        self.out.push(b'\n');
    }
}
