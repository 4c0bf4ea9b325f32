//! YAML as Elasticsearch writes it: block style, strings in double quotes, lists on the level of their name.

use std::io::Write as _;

use super::key::{Style, is_break, is_simple, style};
use crate::xcontent::{Node, double::write_double};

/// Where a line of text is broken: at the first space beyond this column, or the first character that is written in
/// another way than plain ASCII.
const WIDTH: usize = 80;

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
                yaml.items(items, 0, false);
            }
            other => {
                yaml.out.push(b' ');
                yaml.scalar(other, 0);
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
            let simple = self.key(name, depth);
            match value {
                Node::Object(inner) if !inner.is_empty() => {
                    self.out.push(b'\n');
                    self.fields(value, depth + 1, false);
                }
                Node::Array(items) if !items.is_empty() && simple => {
                    self.out.push(b'\n');
                    self.items(items, depth, false);
                }
                Node::Array(items) if !items.is_empty() => {
                    self.out.push(b' ');
                    self.items(items, depth + 1, true);
                }
                other => {
                    self.out.push(b' ');
                    self.scalar(other, depth);
                }
            }
        }
    }

    fn items(&mut self, items: &[Node], depth: usize, mut behind_colon: bool) {
        for item in items {
            if !behind_colon {
                self.indent(depth);
            }
            behind_colon = false;
            self.out.extend_from_slice(b"- ");
            match item {
                Node::Object(fields) if !fields.is_empty() => self.fields(item, depth + 1, true),
                other => self.scalar(other, depth),
            }
        }
    }

    /// The name of a field and its colon; false where the value goes on behind the colon on a line of its own.
    fn key(&mut self, name: &str, depth: usize) -> bool {
        let simple = is_simple(name);
        if !simple {
            self.out.extend_from_slice(b"? ");
        }
        match style(name) {
            Style::Plain => self.lines(name, depth),
            Style::Single => {
                self.out.push(b'\'');
                self.lines(&name.replace('\'', "''"), depth);
                self.out.push(b'\'');
            }
            Style::Double => self.quoted(name, None),
        }
        if !simple {
            self.out.push(b'\n');
            self.indent(depth);
        }
        self.out.push(b':');
        simple
    }

    /// A text as it is; behind its line ends it goes on where lines of its kind do.
    fn lines(&mut self, text: &str, depth: usize) {
        for line in text.split_inclusive(is_break) {
            self.out.extend_from_slice(line.as_bytes());
            if line.ends_with(is_break) {
                self.indent(depth + 1);
            }
        }
    }

    /// A string in double quotes, with YAML's own escapes. A long one goes on in further lines, `fold` levels deep.
    fn quoted(&mut self, text: &str, fold: Option<usize>) {
        let line = self.out.iter().rposition(|&c| c == b'\n').map_or(0, |at| at + 1);
        // Counted in UTF-16 units, as Java does.
        let mut column = String::from_utf8_lossy(&self.out[line..]).encode_utf16().count() + 1;
        self.out.push(b'"');
        let mut chars = text.chars().peekable();
        // Whether the character before was written in another way than plain ASCII: a line may end behind it as well.
        let (mut first, mut behind_special) = (true, false);
        while let Some(c) = chars.next() {
            let next = chars.peek().copied();
            let special = !matches!(c, ' '..='~') || matches!(c, '"' | '\\');
            let breaks = !special && (c == ' ' || behind_special) && !first && next.is_some() && column > WIDTH;
            if let Some(depth) = fold.filter(|_| breaks) {
                column = self.fold(depth, c);
            }
            let before = self.out.len();
            self.character(c);
            column += String::from_utf8_lossy(&self.out[before..]).encode_utf16().count();
            // A surrogate pair at the start counts as two characters.
            let breaks = special && (!first || c.len_utf16() > 1) && column > WIDTH + 1;
            if let Some((depth, next)) = fold.zip(next).filter(|_| breaks) {
                column = self.fold(depth, next);
            }
            (first, behind_special) = (false, special);
        }
        self.out.push(b'"');
    }

    /// Ends a line within a string; the column of the next one, which `next` starts.
    fn fold(&mut self, depth: usize, next: char) -> usize {
        self.out.extend_from_slice(b"\\\n");
        self.indent(depth);
        // A space at the start of a line would be lost.
        let escape = if next == ' ' { &b"\\"[..] } else { b"" };
        self.out.extend_from_slice(escape);
        2 * depth + escape.len()
    }

    fn character(&mut self, c: char) {
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
                return;
            }
            '\u{FFFE}'..='\u{FFFF}' => {
                let _ = write!(self.out, "\\u{:04x}", u32::from(c));
                return;
            }
            _ => {
                let _ = write!(self.out, "{c}");
                return;
            }
        };
        let _ = write!(self.out, "\\{short}");
    }

    /// A value and its line's end.
    fn scalar(&mut self, value: &Node, depth: usize) {
        match value {
            Node::Null => self.out.extend_from_slice(b"null"),
            Node::Bool(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Node::Long(value) => self.out.extend_from_slice(value.to_string().as_bytes()),
            Node::Double(value) => write_double(&mut self.out, *value),
            Node::String(text) => self.quoted(text, Some(depth + 1)),
            Node::Array(_) => self.out.extend_from_slice(b"[]"),
            Node::Object(_) => self.out.extend_from_slice(b"{}"),
        }
        self.out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::Yaml;
    use crate::xcontent::Node;

    fn object(name: &'static str, value: Node) -> Node {
        Node::Object(vec![(name.into(), value)])
    }

    /// Recorded from a genuine node: where a line ends depends on what stands before it.
    #[test]
    fn long_strings_go_on_in_further_lines() {
        let text = r#"     a  a """  bcbc"bcabc""bc  " "    ""a  "bc""bc  a   ""bc"        a""""   "abcbc""bca" "#;
        let reason = format!("Failed to parse int parameter [size] with value [{text}]");
        let cause = format!("For input string: \"{text}\"");
        let error = Node::Object(vec![
            ("root_cause".into(), Node::Array(vec![object("reason", reason.clone().into())])),
            ("reason".into(), reason.into()),
            ("caused_by".into(), object("reason", cause.into())),
        ]);
        let expected = r#"---
error:
  root_cause:
  - reason: "Failed to parse int parameter [size] with value [     a  a \"\"\"  bcbc\"\
      bcabc\"\"bc  \" \"    \"\"a  \"bc\"\"bc  a   \"\"bc\"        a\"\"\"\"   \"\
      abcbc\"\"bca\" ]"
  reason: "Failed to parse int parameter [size] with value [     a  a \"\"\"  bcbc\"\
    bcabc\"\"bc  \" \"    \"\"a  \"bc\"\"bc  a   \"\"bc\"        a\"\"\"\"   \"abcbc\"\
    \"bca\" ]"
  caused_by:
    reason: "For input string: \"     a  a \"\"\"  bcbc\"bcabc\"\"bc  \" \"    \"\"\
      a  \"bc\"\"bc  a   \"\"bc\"        a\"\"\"\"   \"abcbc\"\"bca\" \""
"#;
        assert_eq!(String::from_utf8(Yaml::write(&object("error", error))).unwrap(), expected);
    }
}
