//! The bytes of a document, the place in them, and complaints.
//!
//! Places are offsets: messages show them as columns of line -1.

use super::{number::Value, token::Kind};
use crate::{
    error::Exception,
    xcontent::{
        names::Names,
        parser::{Location, Refusal},
    },
};

/// Most bytes of a number without a fixed size.
const MOST_NUMBER_BYTES: usize = 1_000;

/// A document, how far it is read, and the token that was read last.
pub(crate) struct Bytes<'a> {
    pub(crate) input: &'a [u8],
    pub(crate) at: usize,
    pub(crate) current: Option<Kind>,
    /// Where the current token starts.
    pub(crate) token_at: usize,
    pub(crate) name: String,
    pub(crate) string: String,
    pub(crate) number: Value,
}

// === impl Bytes ===

impl<'a> Bytes<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            at: 0,
            current: None,
            token_at: 0,
            name: String::new(),
            string: String::new(),
            number: Value::Long(0),
        }
    }

    pub(crate) fn current_name(&self) -> &'static str {
        self.current.map_or("null", Kind::name)
    }

    pub(crate) fn left(&self) -> usize {
        self.input.len() - self.at
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// The next byte of what is being read.
    pub(crate) fn next(&mut self) -> Result<u8, Refusal> {
        let Some(byte) = self.peek() else {
            return Err(self.end(&format!(" in {}", self.current_name())));
        };
        self.at += 1;
        Ok(byte)
    }

    /// As many bytes, all of which must be there.
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Refusal> {
        let Some(taken) = self.input[self.at..].get(..length) else {
            return Err(self.fault(&format!("Needed to read {length} bytes, reached end-of-input")));
        };
        self.at += length;
        Ok(taken)
    }

    /// Takes `name` as that of a field of an object that has had `names`.
    pub(crate) fn name_field(&mut self, name: String, names: Option<&mut Names<'static>>) -> Result<Kind, Refusal> {
        if names.is_some_and(|names| !names.insert(name.clone().into())) {
            return Err(self.fault(&format!("Duplicate field '{name}'")));
        }
        self.name = name;
        Ok(Kind::FieldName)
    }

    /// The document as messages show it.
    pub(crate) fn shown(&self) -> String {
        format!("(byte[])[{} bytes]", self.input.len())
    }

    fn place(&self) -> String {
        format!("\n at [Source: {}; byte offset: #{}]", self.shown(), self.at)
    }

    fn here(&self) -> Location {
        offset(self.at)
    }

    /// The document is malformed.
    pub(crate) fn fault(&self, message: &str) -> Refusal {
        self.wrapped("json_parse_exception", message)
    }

    fn wrapped(&self, kind: &'static str, message: &str) -> Refusal {
        let message = format!("{message}{}", self.place());
        let outer = Exception::new("x_content_parse_exception", format!("[{}] {message}", self.here()));
        Box::new(outer.caused_by(Exception::new(kind, message)))
    }

    /// The document ends too early; the message continues `Unexpected end-of-input`.
    pub(crate) fn end(&self, message: &str) -> Refusal {
        let message = format!("Unexpected end-of-input{message}{}", self.place());
        let outer = Exception::new("x_content_e_o_f_exception", format!("[{}] Unexpected end of file", self.here()));
        Box::new(outer.caused_by(Exception::new("json_e_o_f_exception", message)))
    }

    pub(crate) fn check_number_length(length: usize) -> Result<(), Refusal> {
        if length <= MOST_NUMBER_BYTES {
            return Ok(());
        }
        let message = format!(
            "Number value length ({length}) exceeds the maximum allowed ({MOST_NUMBER_BYTES}, from `StreamReadConstraints.getMaxNumberLength()`)"
        );
        let outer = Exception::new("x_content_parse_exception", message.clone());
        Err(Box::new(outer.caused_by(Exception::new("stream_constraints_exception", message))))
    }

    /// The refusal of the current number, which does not fit `kind`.
    pub(crate) fn out_of_range(&self, kind: &'static str) -> Refusal {
        let text = self.number.text();
        let shown = if text.len() < 1_000 {
            text
        } else {
            format!("[Integer with {} digits]", text.trim_start_matches('-').len())
        };
        let (least, most) = match kind {
            "int" => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        let message = format!("Numeric value ({shown}) out of range of {kind} ({least} - {most})");
        self.wrapped("input_coercion_exception", &message)
    }

    pub(crate) fn not_numeric(&self) -> Refusal {
        let found = self.current_name();
        self.fault(&format!("Current token ({found}) not numeric, can not use numeric value accessors"))
    }
}

/// A place in a binary document.
pub(crate) fn offset(at: usize) -> Location {
    Location { line: -1, column: i64::try_from(at).unwrap_or(i64::MAX) }
}
