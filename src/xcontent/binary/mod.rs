//! What the binary formats share: the bytes and the place in them, complaints, and numbers of any size.
//!
//! Places are offsets: messages show them as columns of line -1.

use std::fmt::Write as _;

use crate::{
    error::Exception,
    xcontent::{
        double::write_double,
        parser::{Location, Number, Refusal, Token},
    },
};

/// Most bytes of a number without a fixed size.
const MOST_NUMBER_BYTES: usize = 1_000;

/// Tokens, told apart as messages do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    FieldName,
    Embedded,
    String,
    Int,
    Float,
    True,
    False,
    Null,
}

/// A document, how far it is read, and the token that was read last.
pub(super) struct Bytes<'a> {
    pub(super) input: &'a [u8],
    pub(super) at: usize,
    pub(super) current: Option<Kind>,
}

/// A number as its document has it.
#[derive(Debug, PartialEq)]
pub(super) enum Value {
    Long(i64),
    /// An integer of any size, in digits.
    Big(String),
    Float(f32),
    Double(f64),
    /// A decimal number of any size, as Java shows it.
    Decimal(String),
}

/// Text in the making: UTF-16, as the halves of a character may come one by one.
#[derive(Default)]
pub(super) struct Text(Vec<u16>);

// === impl Kind ===

impl Kind {
    pub(super) fn token(self) -> Token {
        match self {
            Self::StartObject => Token::StartObject,
            Self::EndObject => Token::EndObject,
            Self::StartArray => Token::StartArray,
            Self::EndArray => Token::EndArray,
            Self::FieldName => Token::FieldName,
            Self::Embedded => Token::EmbeddedObject,
            Self::String => Token::String,
            Self::Int | Self::Float => Token::Number,
            Self::True | Self::False => Token::Boolean,
            Self::Null => Token::Null,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Int => "VALUE_NUMBER_INT",
            Self::Float => "VALUE_NUMBER_FLOAT",
            Self::True => "VALUE_TRUE",
            Self::False => "VALUE_FALSE",
            other => other.token().name(),
        }
    }
}

// === impl Bytes ===

impl<'a> Bytes<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0, current: None }
    }

    pub(super) fn current_name(&self) -> &'static str {
        self.current.map_or("null", Kind::name)
    }

    pub(super) fn left(&self) -> usize {
        self.input.len() - self.at
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    /// The next byte of what is being read.
    pub(super) fn next(&mut self) -> Result<u8, Refusal> {
        let Some(byte) = self.peek() else {
            return Err(self.end(&format!(" in {}", self.current_name())));
        };
        self.at += 1;
        Ok(byte)
    }

    /// As many bytes, all of which must be there.
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Refusal> {
        let Some(taken) = self.input[self.at..].get(..length) else {
            return Err(self.fault(&format!("Needed to read {length} bytes, reached end-of-input")));
        };
        self.at += length;
        Ok(taken)
    }

    /// The document as messages show it.
    pub(super) fn shown(&self) -> String {
        format!("(byte[])[{} bytes]", self.input.len())
    }

    fn place(&self) -> String {
        format!("\n at [Source: {}; byte offset: #{}]", self.shown(), self.at)
    }

    fn here(&self) -> Location {
        offset(self.at)
    }

    /// The document is malformed.
    pub(super) fn fault(&self, message: &str) -> Refusal {
        self.wrapped("json_parse_exception", message)
    }

    fn wrapped(&self, kind: &'static str, message: &str) -> Refusal {
        let message = format!("{message}{}", self.place());
        let outer = Exception::new("x_content_parse_exception", format!("[{}] {message}", self.here()));
        Box::new(outer.caused_by(Exception::new(kind, message)))
    }

    /// The document ends too early; the message continues `Unexpected end-of-input`.
    pub(super) fn end(&self, message: &str) -> Refusal {
        let message = format!("Unexpected end-of-input{message}{}", self.place());
        let outer = Exception::new("x_content_e_o_f_exception", format!("[{}] Unexpected end of file", self.here()));
        Box::new(outer.caused_by(Exception::new("json_e_o_f_exception", message)))
    }

    pub(super) fn check_number_length(length: usize) -> Result<(), Refusal> {
        if length <= MOST_NUMBER_BYTES {
            return Ok(());
        }
        let message = format!(
            "Number value length ({length}) exceeds the maximum allowed ({MOST_NUMBER_BYTES}, from `StreamReadConstraints.getMaxNumberLength()`)"
        );
        let outer = Exception::new("x_content_parse_exception", message.clone());
        Err(Box::new(outer.caused_by(Exception::new("stream_constraints_exception", message))))
    }

    /// The refusal of a number that does not fit `kind`.
    pub(super) fn out_of_range(&self, value: &Value, kind: &'static str) -> Refusal {
        let text = value.text();
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

    pub(super) fn not_numeric(&self) -> Refusal {
        let found = self.current_name();
        self.fault(&format!("Current token ({found}) not numeric, can not use numeric value accessors"))
    }
}

/// A place in a binary document.
pub(super) fn offset(at: usize) -> Location {
    Location { line: -1, column: i64::try_from(at).unwrap_or(i64::MAX) }
}

// === impl Value ===

impl Value {
    /// An integer in big-endian two's complement.
    pub(super) fn big(bytes: &[u8], negate: bool) -> Self {
        let (negative, mut magnitude) = magnitude(bytes);
        let mut digits = digits(&mut magnitude);
        if negative != negate && digits != "0" {
            digits.insert(0, '-');
        }
        Self::Big(digits)
    }

    /// `unscaled` with that many digits behind the point, as `BigDecimal.toString` shows it.
    pub(super) fn decimal(unscaled: &Self, scale: i32) -> Self {
        let text = unscaled.text();
        let (sign, digits) = text.strip_prefix('-').map_or(("", &*text), |digits| ("-", digits));
        let (length, scale) = (i64::try_from(digits.len()).unwrap_or(i64::MAX), i64::from(scale));
        let exponent = length - 1 - scale;
        let shown = if scale == 0 {
            digits.to_owned()
        } else if scale > 0 && exponent >= -6 {
            let padded = format!("{digits:0>width$}", width = usize::try_from(scale + 1).unwrap_or(0));
            let (whole, fraction) = padded.split_at(padded.len() - usize::try_from(scale).unwrap_or(0));
            format!("{whole}.{fraction}")
        } else {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let plus = if exponent > 0 { "+" } else { "" };
            let exponent = if exponent == 0 { String::new() } else { format!("E{plus}{exponent}") };
            format!("{first}{point}{rest}{exponent}")
        };
        Self::Decimal(format!("{sign}{shown}"))
    }

    pub(super) fn number(&self) -> Number<'_> {
        match self {
            Self::Long(value) => Number::Long(*value),
            Self::Big(text) => Number::Text { text, integer: true },
            Self::Float(value) => Number::Double(f64::from(*value)),
            Self::Double(value) => Number::Double(*value),
            Self::Decimal(text) => Number::Text { text, integer: false },
        }
    }

    /// As Java shows it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Long(value) => value.to_string(),
            Self::Big(text) | Self::Decimal(text) => text.clone(),
            Self::Double(value) => java(*value),
            // The shortest digits of a float are fewer than those of the double that equals it.
            Self::Float(value) => java(value.to_string().parse().unwrap_or(f64::from(*value))),
        }
    }
}

fn java(value: f64) -> String {
    let mut out = Vec::new();
    write_double(&mut out, value);
    String::from_utf8_lossy(&out).into_owned()
}

/// The sign and the absolute value.
fn magnitude(bytes: &[u8]) -> (bool, Vec<u8>) {
    if bytes.first().is_none_or(|&byte| byte < 0x80) {
        return (false, bytes.to_vec());
    }
    let mut inverted: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    let mut carry = true;
    for byte in inverted.iter_mut().rev() {
        if !carry {
            break;
        }
        (*byte, carry) = byte.overflowing_add(1);
    }
    if carry {
        inverted.insert(0, 1);
    }
    (true, inverted)
}

/// Big-endian bytes in decimal, by repeated division.
fn digits(number: &mut [u8]) -> String {
    const GROUP: u64 = 1_000_000_000;
    let mut groups = Vec::new();
    loop {
        let mut rest = 0;
        for byte in number.iter_mut() {
            let part = rest << 8 | u64::from(*byte);
            *byte = u8::try_from(part / GROUP).unwrap_or(0);
            rest = part % GROUP;
        }
        groups.push(rest);
        if number.iter().all(|&byte| byte == 0) {
            break;
        }
    }
    let mut text = groups.pop().unwrap_or(0).to_string();
    for group in groups.iter().rev() {
        let _ = write!(text, "{group:09}");
    }
    text
}

// === impl Text ===

impl Text {
    /// A character by its code; beyond the basic plane, as two halves.
    pub(super) fn push(&mut self, code: u32) {
        #[expect(clippy::cast_possible_truncation, reason = "Java casts to 16 bits as well")]
        let unit = |code: u32| code as u16;
        if code < 0x1_0000 {
            self.0.push(unit(code));
        } else {
            let code = code.wrapping_sub(0x1_0000);
            self.0.extend([unit(0xD800 | code >> 10), unit(0xDC00 | code & 0x3FF)]);
        }
    }

    pub(super) fn finish(self) -> String {
        String::from_utf16_lossy(&self.0)
    }
}

/// How many bytes follow the first one of a character; `None` for one that starts none.
pub(super) fn continuation(first: u8) -> Option<usize> {
    match first {
        0..=0x7F => Some(0),
        0xC0..=0xDF => Some(1),
        0xE0..=0xEF => Some(2),
        0xF0..=0xF7 => Some(3),
        _ => None,
    }
}

/// The code of a character from its bytes, of which only the payload is looked at.
pub(super) fn code(bytes: &[u8]) -> u32 {
    let first = bytes.first().copied().unwrap_or(0);
    let mask = match bytes.len() {
        1 => 0x7F,
        2 => 0x1F,
        3 => 0x0F,
        _ => 0x07,
    };
    bytes.iter().skip(1).fold(u32::from(first & mask), |code, byte| code << 6 | u32::from(byte & 0x3F))
}

/// A name from its bytes.
///
/// # Errors
/// What is wrong with them; `None` where the last character is cut off.
pub(super) fn decode_name(bytes: &[u8]) -> Result<String, Option<String>> {
    let mut text = Text::default();
    let mut at = 0;
    while let Some(&first) = bytes.get(at) {
        let more = continuation(first).ok_or_else(|| format!("Invalid UTF-8 start byte 0x{first:x}"))?;
        let character = bytes.get(at..=at + more).ok_or(None)?;
        if let Some(wrong) = (1..=more).find(|index| character[*index] & 0xC0 != 0x80) {
            let word = if wrong == 3 { u32::from(character[wrong]) } else { word_up_to(bytes, at + wrong) };
            return Err(Some(format!("Invalid UTF-8 middle byte 0x{word:x}")));
        }
        text.push(code(character));
        at += more + 1;
    }
    Ok(text.finish())
}

/// A byte with those before it in its word of four, which Java fails to cut off; the highest bit is a sign.
fn word_up_to(bytes: &[u8], at: usize) -> u32 {
    let word = at / 4 * 4;
    let mut quad = [0; 4];
    for (place, byte) in quad.iter_mut().zip(&bytes[word..]) {
        *place = *byte;
    }
    (i32::from_be_bytes(quad) >> (8 * (3 - (at - word)))).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn numbers_of_any_size() {
        let big = |bytes: &[u8], negate| Value::big(bytes, negate).text();
        assert_eq!(big(&[], false), "0");
        assert_eq!(big(&[0], true), "0");
        assert_eq!(big(&[0xFF], false), "-1");
        assert_eq!(big(&[0x80], false), "-128");
        assert_eq!(big(&[0x80], true), "128");
        assert_eq!(big(&[1, 0, 0, 0, 0, 0, 0, 0, 0], false), "18446744073709551616");
        let decimal = |unscaled, scale| Value::decimal(&Value::Long(unscaled), scale).text();
        assert_eq!(decimal(1_000, 1), "100.0");
        assert_eq!(decimal(-5, 3), "-0.005");
        assert_eq!(decimal(5, 7), "5E-7");
        assert_eq!(decimal(123, -2), "1.23E+4");
    }
}
