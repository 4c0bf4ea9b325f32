//! YAML as Elasticsearch writes it: block style, strings in double quotes, lists on the level of their name.

use std::io::Write as _;

use super::{Node, double::write_double};

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
        if plain {
            self.out.extend_from_slice(name.as_bytes())
        } else {
            self.quoted(name)
        }
        self.out.push(b':');
    }

    /// A string in double quotes, with YAML's own escapes.
    fn quoted(&mut self, text: &str) {
        self.out.push(b'"');
        for c in text.chars() {
            let short = match c {
                '\0' => '0',
                '\x07' => 'a',
                '\x08' => 'b',
                '\t' => 't',
                '\n' => 'n',
                '\x0B' => 'v',
                '\x0C' => 'f',
                '\r' => 'r',
                '\x1B' => 'e',
                '"' | '\\' => c,
                '\u{85}' => 'N',
                '\u{A0}' => '_',
                '\u{2028}' => 'L',
                '\u{2029}' => 'P',
                _ if c.is_control() => {
                    let _ = write!(self.out, "\\x{:02x}", u32::from(c));
                    continue;
                }
                '\u{FEFF}' | '\u{FFFE}'..='\u{FFFF}' => {
                    let _ = write!(self.out, "\\u{:04x}", u32::from(c));
                    continue;
                }
                _ => {
                    let _ = write!(self.out, "{c}");
                    continue;
                }
            };
            let _ = write!(self.out, "\\{short}");
        }
        self.out.push(b'"');
    }

    /// A value on one line, and the line's end.
    fn scalar(&mut self, value: &Node) {
        match value {
            Node::Null => self.out.extend_from_slice(b"null"),
            Node::Bool(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Node::Long(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Node::Double(value) => write_double(&mut self.out, *value),
            Node::String(text) => self.quoted(text),
            Node::Array(_) => self.out.extend_from_slice(b"[]"),
            Node::Object(_) => self.out.extend_from_slice(b"{}"),
        }
        self.out.push(b'\n');
    }
}
