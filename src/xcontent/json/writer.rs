//! JSON as Elasticsearch writes it: compact, or pretty with two blanks and ` : `.

use crate::xcontent::{Sink, double::write_double, scan::plain_length};

/// Writes compact JSON.
#[derive(Debug, Default)]
pub struct Json {
    out: Vec<u8>,
    /// The next value is not the first of its container.
    comma: bool,
}

/// Writes indented JSON, with a line end behind it.
#[derive(Debug, Default)]
pub struct Pretty {
    json: Json,
    /// Whether each open container is an array, and has had an entry.
    open: Vec<(bool, bool)>,
}

// === impl Json ===

impl Json {
    /// A sink with room for `bytes`.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), comma: false }
    }

    /// What is written: it may be taken away at any time.
    pub fn written(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// The text written so far.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// Takes a value that is already written as compact JSON.
    pub fn verbatim(&mut self, json: &[u8]) {
        self.separate();
        self.out.extend_from_slice(json);
    }

    /// Takes a value that `write` writes as compact JSON, or writes nothing of.
    pub fn verbatim_by(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<()> {
        let (before, comma) = (self.out.len(), self.comma);
        self.separate();
        let written = write(&mut self.out);
        if written.is_none() {
            self.out.truncate(before);
            self.comma = comma;
        }
        written
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }

    fn quoted(&mut self, text: &str) {
        write_string(&mut self.out, text);
    }
}

impl Sink for Json {
    fn start_object(&mut self) {
        self.separate();
        self.out.push(b'{');
        self.comma = false;
    }

    fn end_object(&mut self) {
        self.out.push(b'}');
        self.comma = true;
    }

    fn start_array(&mut self) {
        self.separate();
        self.out.push(b'[');
        self.comma = false;
    }

    fn end_array(&mut self) {
        self.out.push(b']');
        self.comma = true;
    }

    fn name(&mut self, name: &str) {
        self.separate();
        self.quoted(name);
        self.out.push(b':');
        self.comma = false;
    }

    fn string(&mut self, value: &str) {
        self.separate();
        self.quoted(value);
    }

    fn long(&mut self, value: i64) {
        self.separate();
        self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    fn double(&mut self, value: f64) {
        self.separate();
        // JSON has no literal for these; they are shown as strings.
        if value.is_finite() {
            write_double(&mut self.out, value);
        } else {
            self.out.push(b'"');
            write_double(&mut self.out, value);
            self.out.push(b'"');
        }
    }

    fn bool(&mut self, value: bool) {
        self.separate();
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn null(&mut self) {
        self.separate();
        self.out.extend_from_slice(b"null");
    }
}

/// A quoted string. Characters beyond the basic plane are escaped as surrogate pairs, other non-ASCII stays.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let bytes = text.as_bytes();
    out.push(b'"');
    let mut at = 0;
    loop {
        let plain = plain_length(&bytes[at..]);
        out.extend_from_slice(&bytes[at..at + plain]);
        at += plain;
        let Some(&byte) = bytes.get(at) else { break };
        let mut width = 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0C => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0xF0.. => {
                width = 4;
                if let Some(c) = text[at..].chars().next() {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.extend_from_slice(format!("\\u{unit:04X}").as_bytes());
                    }
                }
            }
            control => {
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[HEX[usize::from(control >> 4)], HEX[usize::from(control & 15)]]);
            }
        }
        at += width;
    }
    out.push(b'"');
}

// === impl Pretty ===

impl Pretty {
    /// What is written: it may be taken away at any time.
    pub fn written(&mut self) -> &mut Vec<u8> {
        &mut self.json.out
    }

    /// The text, ended by a line end.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.json.out.push(b'\n');
        self.json.out
    }

    /// What stands before a value of an array.
    fn element(&mut self) {
        if let Some((true, _)) = self.open.last() {
            self.entry();
        }
        self.json.comma = false;
    }

    fn entry(&mut self) {
        if let Some((_, filled)) = self.open.last_mut() {
            if *filled {
                self.json.out.push(b',');
            }
            *filled = true;
        }
        self.line();
        self.json.comma = false;
    }

    fn line(&mut self) {
        self.json.out.push(b'\n');
        self.json.out.extend(std::iter::repeat_n(b' ', 2 * self.open.len()));
    }

    fn close(&mut self, bracket: u8) {
        if let Some((_, filled)) = self.open.pop() {
            if filled { self.line() } else { self.json.out.push(b' ') }
        }
        self.json.out.push(bracket);
    }
}

impl Sink for Pretty {
    fn start_object(&mut self) {
        self.element();
        self.json.out.push(b'{');
        self.open.push((false, false));
    }

    fn end_object(&mut self) {
        self.close(b'}');
    }

    fn start_array(&mut self) {
        self.element();
        self.json.out.push(b'[');
        self.open.push((true, false));
    }

    fn end_array(&mut self) {
        self.close(b']');
    }

    fn name(&mut self, name: &str) {
        self.entry();
        self.json.quoted(name);
        self.json.out.extend_from_slice(b" : ");
    }

    fn string(&mut self, value: &str) {
        self.element();
        self.json.string(value);
    }

    fn long(&mut self, value: i64) {
        self.element();
        self.json.long(value);
    }

    fn double(&mut self, value: f64) {
        self.element();
        self.json.double(value);
    }

    fn bool(&mut self, value: bool) {
        self.element();
        self.json.bool(value);
    }

    fn null(&mut self) {
        self.element();
        self.json.null();
    }
}
