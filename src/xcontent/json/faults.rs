//! The complaints of Jackson's parser, in the wrapping that Elasticsearch gives them.

use std::fmt::Write as _;

use super::parser::JsonParser;
use crate::{
    error::Exception,
    xcontent::parser::{Location, Refusal},
};

/// Longest part of a document that a message quotes, in bytes.
const MOST_QUOTED: usize = 500;
/// Longest unknown word that a message quotes, in characters.
const MOST_WORD: usize = 256;
const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// A kind of complaint, with its message.
#[derive(Clone, Copy)]
pub(super) enum Fault<'m> {
    /// The document is malformed.
    Parse(&'m str),
    /// The document ends too early; the message continues `Unexpected end-of-input`.
    End(&'m str),
    /// A limit on documents is exceeded.
    Constraint(&'m str),
    /// A number does not fit the type that it is read as.
    Coercion(&'m str),
}

/// The document, as messages quote it.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    Request(&'a [u8]),
    /// Only its origin is named: the class that Elasticsearch reads hits from.
    Stored,
}

// === impl Source ===

impl Source<'_> {
    /// `[Source: (byte[])"…"; line: 1, column: 2]`.
    pub(crate) fn at(self, location: Location) -> String {
        let mut text = String::from("[Source: ");
        match self {
            Source::Stored => text.push_str("(org.elasticsearch.common.io.stream.ByteBufferStreamInput)"),
            Source::Request(document) => quote(document, &mut text),
        }
        let _ = write!(text, "; line: {}, column: {}]", location.line, location.column);
        text
    }
}

/// What is no UTF-8 is replaced as Java does it: an encoded half of a character as a whole.
fn decoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(3).position(|three| matches!(three, [0xED, 0xA0..=0xBF, 0x80..=0xBF])) {
        text += &String::from_utf8_lossy(&rest[..at]);
        text.push(char::REPLACEMENT_CHARACTER);
        rest = &rest[at + 3..];
    }
    text + &String::from_utf8_lossy(rest)
}

fn quote(document: &[u8], text: &mut String) {
    text.push_str("(byte[])\"");
    for c in decoded(&document[..document.len().min(MOST_QUOTED)]).chars() {
        if c.is_control() && !matches!(c, '\r' | '\n') {
            let _ = write!(text, "\\u{:04X}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text.push('"');
    if let Some(rest @ 1..) = document.len().checked_sub(MOST_QUOTED) {
        let _ = write!(text, "[truncated {rest} bytes]");
    }
}

// === complaints ===

impl JsonParser<'_> {
    /// A complaint at the place where reading stopped.
    pub(super) fn fault(&self, fault: Fault<'_>) -> Refusal {
        self.fault_at(fault, self.here())
    }

    fn fault_at(&self, fault: Fault<'_>, location: Location) -> Refusal {
        let place = self.source().at(location);
        let cause = |kind: &'static str, message: &str| Exception::new(kind, format!("{message}\n at {place}"));
        Box::new(match fault {
            Fault::Parse(message) => wrapped(location, cause("json_parse_exception", message)),
            Fault::Coercion(message) => wrapped(location, cause("input_coercion_exception", message)),
            Fault::Constraint(message) => {
                let cause = Exception::new("stream_constraints_exception", message);
                Exception::new("x_content_parse_exception", message).caused_by(cause)
            }
            Fault::End(message) => {
                let cause = cause("json_e_o_f_exception", &format!("Unexpected end-of-input{message}"));
                Exception::new("x_content_e_o_f_exception", format!("[{location}] Unexpected end of file"))
                    .caused_by(cause)
            }
        })
    }

    /// A complaint about the byte that was read last.
    pub(super) fn fault_at_byte(&self, message: &str) -> Refusal {
        self.fault_at(Fault::Parse(message), self.last_byte())
    }

    /// `Unexpected character (…): …`, at the byte that was read last.
    pub(super) fn unexpected(&self, byte: u8, expected: &str) -> Refusal {
        self.unexpected_char(char::from(byte), expected)
    }

    /// The same for a byte that may start a character of several bytes.
    pub(super) fn unexpected_decoded(&mut self, byte: u8, expected: &str) -> Refusal {
        match self.decode(byte) {
            Ok(c) => self.unexpected_char(c, expected),
            Err(refusal) => refusal,
        }
    }

    fn unexpected_char(&self, c: char, expected: &str) -> Refusal {
        let message = format!("Unexpected character ({}): {expected}", describe(c));
        self.fault_at_byte(&message)
    }

    pub(super) fn unexpected_in_number(&self, byte: u8, expected: &str) -> Refusal {
        let message = format!("Unexpected character ({}) in numeric value: {expected}", describe(char::from(byte)));
        self.fault_at_byte(&message)
    }

    fn last_byte(&self) -> Location {
        let Location { line, column } = self.here();
        Location { line, column: column - 1 }
    }

    /// A byte that no value starts with.
    pub(super) fn unexpected_value(&mut self, byte: u8, in_array: bool) -> Refusal {
        match byte {
            b']' if !in_array => {}
            b']' | b',' | b'}' => return self.unexpected(byte, "expected a value"),
            b'N' => return self.non_standard("NaN", 1),
            b'I' => return self.non_standard("Infinity", 1),
            b'+' => {
                return match self.next_byte() {
                    None => self.fault(Fault::End(" in VALUE_NUMBER_INT")),
                    Some(next) => self.bad_number_start(next, false),
                };
            }
            _ => {}
        }
        if byte.is_ascii_alphabetic()
            || matches!(byte, b'_' | b'$')
            || byte >= 0xC0
            || matches!(byte, 0xA2..=0xA5 | 0xAA | 0xB5 | 0xBA)
        {
            return self.unknown_word(char::from(byte).to_string());
        }
        self.unexpected(byte, &format!("expected a valid value {VALUES}"))
    }

    /// What may follow a sign: nothing but a digit; the named infinities are told apart from garbage.
    pub(super) fn bad_number_start(&mut self, first: u8, negative: bool) -> Refusal {
        let mut byte = first;
        if byte == b'I' {
            match self.next_byte() {
                Some(b'N') => return self.non_standard(if negative { "-INF" } else { "+INF" }, 3),
                Some(b'n') => return self.non_standard(if negative { "-Infinity" } else { "+Infinity" }, 3),
                Some(other) => byte = other,
                None => return self.fault(Fault::End(" in VALUE_NUMBER_INT")),
            }
        }
        if negative {
            self.unexpected_in_number(byte, "expected digit (0-9) to follow minus sign, for valid numeric value")
        } else {
            let advice = "JSON spec does not allow numbers to have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow";
            self.unexpected_in_number(b'+', advice)
        }
    }

    fn non_standard(&mut self, word: &'static str, matched: usize) -> Refusal {
        match self.word(word, matched) {
            Err(refusal) => refusal,
            Ok(()) => self.fault(Fault::Parse(&format!(
                "Non-standard token '{word}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
            ))),
        }
    }

    /// Matches the rest of a literal of which `matched` bytes were read.
    pub(super) fn word(&mut self, word: &'static str, matched: usize) -> Result<(), Refusal> {
        for (index, &expected) in word.as_bytes().iter().enumerate().skip(matched) {
            if self.peek() != Some(expected) {
                return Err(self.unknown_word(word[..index].to_owned()));
            }
            self.at += 1;
        }
        match self.peek() {
            Some(byte) if byte >= b'0' && !matches!(byte, b']' | b'}') => {
                let at = self.at;
                self.at += 1;
                let decoded = self.decode(byte)?;
                self.at = at;
                if is_identifier_part(decoded) { Err(self.unknown_word(word.to_owned())) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// Collects what looks like one word and refuses it.
    fn unknown_word(&mut self, mut seen: String) -> Refusal {
        while let Some(byte) = self.next_byte() {
            let c = match self.decode(byte) {
                Ok(c) => c,
                Err(refusal) => return refusal,
            };
            if !is_identifier_part(c) {
                break;
            }
            seen.push(c);
            if seen.chars().count() >= MOST_WORD {
                seen.push_str("...");
                break;
            }
        }
        self.fault(Fault::Parse(&format!("Unrecognized token '{seen}': was expecting {VALUES}")))
    }

    /// The character that starts with the byte read last.
    fn decode(&mut self, first: u8) -> Result<char, Refusal> {
        let more = match first {
            0..=0x7F => return Ok(char::from(first)),
            0xC0..=0xDF => 1,
            0xE0..=0xEF => 2,
            0xF0..=0xF7 => 3,
            _ => return Err(self.fault(Fault::Parse(&format!("Invalid UTF-8 start byte 0x{first:x}")))),
        };
        let mut code = u32::from(first) & (0x3F >> more);
        for _ in 0..more {
            match self.next_byte() {
                Some(byte) if byte & 0xC0 == 0x80 => code = code << 6 | u32::from(byte & 0x3F),
                Some(byte) => return Err(self.fault(Fault::Parse(&format!("Invalid UTF-8 middle byte 0x{byte:x}")))),
                None => return Err(self.fault(Fault::End(" in character"))),
            }
        }
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

fn wrapped(location: Location, cause: Exception) -> Exception {
    let reason = cause.reason.clone().unwrap_or_default();
    Exception::new("x_content_parse_exception", format!("[{location}] {reason}")).caused_by(cause)
}

/// A character with its code, as messages show it.
pub(super) fn describe(c: char) -> String {
    let code = u32::from(c);
    if c.is_control() {
        format!("(CTRL-CHAR, code {code})")
    } else if code > 255 {
        format!("'{c}' (code {code} / 0x{code:x})")
    } else {
        format!("'{c}' (code {code})")
    }
}

/// Java's `isJavaIdentifierPart`, closely enough for an error message.
fn is_identifier_part(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20c0}' | '\u{203f}' | '\u{2040}')
        // formatting characters count as nothing
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || (c.is_control() && !c.is_ascii_whitespace() && !matches!(c, '\x0b' | '\x1c'..='\x1f'))
}
