//! What is read: a pull parser over a document in any of the four formats.
//!
//! Elasticsearch's refusals name the place in the document and the token found there, so a parser tells both.

use std::{borrow::Cow, fmt};

use super::double::parse_double;
use crate::error::Exception;

/// The parts of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    FieldName,
    String,
    Number,
    Boolean,
    EmbeddedObject,
    Null,
}

/// Where a token starts: line and column, both counted from 1, columns in bytes. Binary formats have neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location {
    pub line: i64,
    pub column: i64,
}

/// The text of a number, and whether the document spells it as an integer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number<'a> {
    /// As spelled in a text format.
    Text {
        text: &'a str,
        integer: bool,
    },
    Long(i64),
    Double(f64),
}

/// A refusal, with the chain of causes that Elasticsearch shows.
pub type Refusal = Box<Exception>;

/// Reads a document token by token.
pub trait Parser {
    /// Advances; `None` behind the end of the document.
    ///
    /// # Errors
    /// A refusal where the document is malformed.
    fn next_token(&mut self) -> Result<Option<Token>, Refusal>;

    /// The token that [`Parser::next_token`] returned last.
    fn current(&self) -> Option<Token>;

    /// Where the current token starts.
    fn token_location(&self) -> Location;

    /// The current field name or string, or a number, boolean or null as spelled.
    ///
    /// # Errors
    /// A refusal where a string turns out to be malformed.
    fn text(&mut self) -> Result<Cow<'_, str>, Refusal>;

    /// The current number.
    ///
    /// # Errors
    /// A refusal where a number turns out to be malformed.
    fn number(&mut self) -> Result<Number<'_>, Refusal>;

    /// The refusal of a number that does not fit `kind` (`int` or `long`).
    fn out_of_range(&self, kind: &'static str) -> Refusal;

    /// The refusal of a token that is no number where one is read.
    fn not_numeric(&self) -> Refusal;

    /// The current boolean.
    fn boolean(&self) -> bool;
}

// === impl Token ===

impl Token {
    /// The name that Elasticsearch's messages use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Token::StartObject => "START_OBJECT",
            Token::EndObject => "END_OBJECT",
            Token::StartArray => "START_ARRAY",
            Token::EndArray => "END_ARRAY",
            Token::FieldName => "FIELD_NAME",
            Token::String => "VALUE_STRING",
            Token::Number => "VALUE_NUMBER",
            Token::Boolean => "VALUE_BOOLEAN",
            Token::EmbeddedObject => "VALUE_EMBEDDED_OBJECT",
            Token::Null => "VALUE_NULL",
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

// === refusals ===

/// `x_content_parse_exception` at a place.
#[must_use]
pub fn refuse(location: Location, message: impl fmt::Display) -> Refusal {
    Box::new(Exception::new("x_content_parse_exception", format!("[{location}] {message}")))
}

fn illegal(message: impl Into<String>) -> Refusal {
    Box::new(Exception::illegal_argument(message))
}

// === typed values, as Elasticsearch coerces them ===

/// Jumps over the value of the current token, to its end token where it is a container.
pub fn skip_children(parser: &mut dyn Parser) -> Result<(), Refusal> {
    let mut depth = match parser.current() {
        Some(Token::StartObject | Token::StartArray) => 1_usize,
        _ => return Ok(()),
    };
    while depth > 0 {
        match parser.next_token()? {
            Some(Token::StartObject | Token::StartArray) => depth += 1,
            Some(Token::EndObject | Token::EndArray) => depth -= 1,
            Some(_) => {}
            None => break,
        }
    }
    Ok(())
}

/// The current string, number or boolean as text.
pub fn string(parser: &mut dyn Parser) -> Result<String, Refusal> {
    Ok(parser.text()?.into_owned())
}

/// A boolean, or the strings `true`, `false` and the empty one, which is false.
pub fn boolean(parser: &mut dyn Parser) -> Result<bool, Refusal> {
    if parser.current() != Some(Token::String) {
        return Ok(parser.boolean());
    }
    match &*parser.text()? {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        other => Err(illegal(format!("Failed to parse value [{other}] as only [true] or [false] are allowed."))),
    }
}

/// A number, or a string that Java reads as a double.
pub fn double(parser: &mut dyn Parser) -> Result<f64, Refusal> {
    if parser.current() == Some(Token::String) {
        return java_double(&parser.text()?);
    }
    Ok(match parser.number()? {
        Number::Double(value) => value,
        #[expect(clippy::cast_precision_loss, reason = "Java widens a long in the same way")]
        Number::Long(value) => value as f64,
        // An integer has no negative zero.
        Number::Text { text: "-0", integer: true } => 0.0,
        Number::Text { text, .. } => text.parse().unwrap_or(f64::NAN),
    })
}

/// A 64-bit integer. Fractions are cut off, in numbers and in strings.
pub fn long(parser: &mut dyn Parser) -> Result<i64, Refusal> {
    if parser.current() == Some(Token::String) {
        return long_from_string(&parser.text()?);
    }
    let value = match parser.number()? {
        Number::Long(value) => Some(value),
        Number::Text { text, integer: true } => text.parse().ok(),
        Number::Text { text, integer: false } => text.parse().ok().and_then(cut),
        Number::Double(value) => cut(value),
    };
    value.ok_or_else(|| parser.out_of_range("long"))
}

/// A 32-bit integer. Fractions are cut off; a string is read as a double first.
pub fn int(parser: &mut dyn Parser) -> Result<i32, Refusal> {
    if parser.current() == Some(Token::String) {
        let text = parser.text()?;
        let value = java_double(&text)?;
        return if (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&value) || value.is_nan() {
            #[expect(clippy::cast_possible_truncation, reason = "in range, and Java cuts NaN to 0 as well")]
            Ok(value as i32)
        } else {
            Err(illegal(format!("Value [{text}] is out of range for an integer")))
        };
    }
    let value = match parser.number()? {
        Number::Long(value) => i32::try_from(value).ok(),
        Number::Text { text, integer: true } => text.parse().ok(),
        Number::Text { text, integer: false } => text.parse().ok().and_then(cut_to_int),
        Number::Double(value) => cut_to_int(value),
    };
    value.ok_or_else(|| parser.out_of_range("int"))
}

fn java_double(text: &str) -> Result<f64, Refusal> {
    parse_double(text).map_err(|error| Box::new(Exception::new("number_format_exception", error.to_string())))
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "Java compares and casts like this")]
fn cut(value: f64) -> Option<i64> {
    (i64::MIN as f64..=i64::MAX as f64).contains(&value).then_some(value as i64)
}

#[expect(clippy::cast_possible_truncation, reason = "checked against the range before")]
fn cut_to_int(value: f64) -> Option<i32> {
    // Java compares so that NaN is in range, and cuts it to 0.
    (value.is_nan() || (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&value)).then_some(value as i32)
}

/// `Long.parseLong`, else a decimal cut to its integer part.
pub fn long_from_string(text: &str) -> Result<i64, Refusal> {
    if let Ok(value) = text.parse() {
        return Ok(value);
    }
    let Some(decimal) = Decimal::parse(text) else {
        return Err(illegal(format!("For input string: \"{text}\"")));
    };
    decimal.integer_part().ok_or_else(|| illegal(format!("Value [{text}] is out of range for a long")))
}

/// A decimal number as Java's `BigDecimal` reads it: digits without the point, and how many of them stand behind it.
struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], unsigned[at + 1..].parse::<i32>().ok()?.into()),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = |part: &str| part.bytes().all(|c| c.is_ascii_digit());
        let valid = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
        valid.then_some(Self { negative, whole, fraction, exponent })
    }

    /// The integer part, where it fits. Scales beyond 19 digits are decided without looking at the digits.
    fn integer_part(&self) -> Option<i64> {
        let scale = i64::try_from(self.fraction.len()).ok()? - self.exponent;
        if scale < -19 {
            return None;
        }
        if scale > 19 {
            return Some(0);
        }
        let mut digits = format!("{}{}", self.whole, self.fraction);
        match usize::try_from(scale) {
            Ok(behind) => digits.truncate(digits.len().saturating_sub(behind)),
            Err(_) => digits.extend(std::iter::repeat_n('0', usize::try_from(-scale).ok()?)),
        }
        let trimmed = digits.trim_start_matches('0');
        let text = if trimmed.is_empty() { "0" } else { trimmed };
        if self.negative { format!("-{text}").parse().ok() } else { text.parse().ok() }
    }
}
