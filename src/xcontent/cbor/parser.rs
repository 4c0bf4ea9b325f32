//! CBOR (RFC 8949) as Jackson reads it: the order of complaints and the messages are its.
//!
//! A text is only read when it is asked for or passed over, so that its faults come after those of its field. Of the tags,
//! big numbers, decimals and references to strings mean something; all others are passed over.

use std::borrow::Cow;

use crate::xcontent::{
    binary::{Bytes, Kind, Text, Value, code, continuation, offset},
    names::Names,
    parser::{Location, Number, Parser, Refusal, Token},
};

const TAG_BIG: i32 = 2;
const TAG_BIG_NEGATIVE: i32 = 3;
const TAG_DECIMAL: i32 = 4;
const TAG_REFERENCE: i32 = 25;
const TAG_REFERENCES: i32 = 256;
const BREAK: u8 = 0xFF;
/// The length of what ends with a break.
const UNKNOWN_LENGTH: i32 = -1;

/// A parser over one document in memory.
pub struct CborParser<'a> {
    bytes: Bytes<'a>,
    token_at: usize,
    scopes: Vec<Scope>,
    tags: Vec<i32>,
    /// The first byte of a text or binary value that has not been read yet.
    unread: Option<u8>,
    name: String,
    string: String,
    number: Value,
}

/// An object or array that is open.
struct Scope {
    object: bool,
    /// How many entries it has; negative where it ends with a break.
    length: i32,
    /// How many entries were begun.
    index: i32,
    names: Names<'static>,
    /// Where references to strings count anew, the strings that may be referred to.
    strings: Option<Vec<Vec<u8>>>,
}

// === impl CborParser ===

impl<'a> CborParser<'a> {
    /// A parser in front of the first token.
    #[must_use]
    pub fn new(input: &'a [u8]) -> Self {
        Self {
            bytes: Bytes::new(input),
            token_at: 0,
            scopes: Vec::new(),
            tags: Vec::new(),
            unread: None,
            name: String::new(),
            string: String::new(),
            number: Value::Long(0),
        }
    }

    fn advance(&mut self) -> Result<Option<Kind>, Refusal> {
        if let Some(first) = self.unread.take() {
            self.read_unread(first)?;
        }
        self.token_at = self.bytes.at;
        let behind_name = self.bytes.current == Some(Kind::FieldName);
        if let Some(scope) = self.scopes.last_mut() {
            if !scope.object {
                if !scope.expects_more() {
                    return Ok(Some(self.close()));
                }
            } else if !behind_name {
                self.tags.clear();
                if !scope.expects_more() {
                    return Ok(Some(self.close()));
                }
                return self.read_name().map(Some);
            }
        }
        let Some(mut first) = self.first_byte()? else { return Ok(None) };
        self.tags.clear();
        while first >> 5 == 6 {
            let tag = self.tag(first)?;
            self.tags.push(tag);
            first = match self.first_byte()? {
                Some(first) => first,
                None => return Ok(None),
            };
        }
        self.value(first).map(Some)
    }

    /// The first byte of a value; `None` where the document may end here.
    fn first_byte(&mut self) -> Result<Option<u8>, Refusal> {
        let Some(first) = self.bytes.peek() else {
            return match self.scopes.last() {
                None => Ok(None),
                Some(scope) => Err(self.bytes.end(&scope.unfinished(&self.bytes.shown()))),
            };
        };
        self.bytes.at += 1;
        Ok(Some(first))
    }

    fn value(&mut self, first: u8) -> Result<Kind, Refusal> {
        let low = first & 0x1F;
        match first >> 5 {
            0 | 1 => {
                self.number = self.integer(first)?;
                if first >> 5 == 0 && self.tags.contains(&TAG_REFERENCE) { self.reference() } else { Ok(Kind::Int) }
            }
            2 => {
                self.unread = Some(first);
                self.tagged_binary()
            }
            3 => {
                self.unread = Some(first);
                Ok(Kind::String)
            }
            4 => {
                let length = self.length(low)?;
                self.open(false, length);
                if self.tags.contains(&TAG_DECIMAL) { self.decimal(length) } else { Ok(Kind::StartArray) }
            }
            5 => {
                self.bytes.current = Some(Kind::StartObject);
                let length = self.length(low)?;
                self.open(true, length);
                Ok(Kind::StartObject)
            }
            _ => self.simple(first),
        }
    }

    fn open(&mut self, object: bool, length: i32) {
        let strings = self.tags.contains(&TAG_REFERENCES).then(Vec::new);
        self.scopes.push(Scope { object, length, index: 0, names: Names::default(), strings });
    }

    fn close(&mut self) -> Kind {
        self.tags.clear();
        if self.scopes.pop().is_some_and(|scope| scope.object) { Kind::EndObject } else { Kind::EndArray }
    }

    fn simple(&mut self, first: u8) -> Result<Kind, Refusal> {
        self.number = match first & 0x1F {
            20 => return Ok(Kind::False),
            21 => return Ok(Kind::True),
            22 | 23 => return Ok(Kind::Null),
            25 => Value::Float(half(self.argument(2)?)),
            #[expect(clippy::cast_possible_truncation, reason = "four bytes were read")]
            26 => Value::Float(f32::from_bits(self.argument(4)? as u32)),
            27 => Value::Double(f64::from_bits(self.argument(8)?)),
            31 => {
                return match self.scopes.last() {
                    Some(scope) if !scope.object && scope.length < 0 => Ok(self.close()),
                    _ => Err(self.unexpected_break()),
                };
            }
            low @ 0..24 => {
                self.number = Value::Long(i64::from(low));
                return Ok(Kind::Int);
            }
            24 => {
                let byte = self.bytes.next()?;
                if byte < 32 {
                    let message =
                        format!("Invalid second byte for simple value: 0x{byte:x} (only values 0x20 - 0xFF allowed)");
                    return Err(self.bytes.fault(&message));
                }
                self.number = Value::Long(i64::from(byte));
                return Ok(Kind::Int);
            }
            _ => return Err(self.invalid(first)),
        };
        Ok(Kind::Float)
    }
}

// === names ===

impl CborParser<'_> {
    fn read_name(&mut self) -> Result<Kind, Refusal> {
        let Some(mut first) = self.first_byte()? else { return Ok(Kind::Null) };
        while first >> 5 == 6 {
            let tag = self.tag(first)?;
            self.tags.push(tag);
            first = match self.first_byte()? {
                Some(first) => first,
                None => return Ok(Kind::Null),
            };
        }
        if first == BREAK {
            return match self.scopes.last() {
                Some(scope) if scope.length < 0 => Ok(self.close()),
                _ => Err(self.unexpected_break()),
            };
        }
        let name = match first >> 5 {
            0 | 1 => self.number_name(first)?,
            2 => {
                let bytes = self.read_binary(first)?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            3 => self.text_name(first)?,
            other => {
                let message =
                    format!("Unsupported major type ({other}) for CBOR Objects, not (yet?) supported, only Strings");
                return Err(self.bytes.fault(&message));
            }
        };
        if self.scopes.last_mut().is_some_and(|scope| !scope.names.insert(name.clone().into())) {
            return Err(self.bytes.fault(&format!("Duplicate field '{name}'")));
        }
        self.name = name;
        Ok(Kind::FieldName)
    }

    fn text_name(&mut self, first: u8) -> Result<String, Refusal> {
        let low = first & 0x1F;
        let length = self.length(low)?;
        let Ok(length) = usize::try_from(length) else { return self.chunked() };
        if length > self.bytes.left() && length >= self.bytes.input.len() && low > 23 {
            return self.cut_text(length);
        }
        let taken = self.bytes.take(length)?;
        let name = self.decode(taken, true)?;
        self.remember(taken, usize::from(low));
        Ok(name)
    }

    /// A number in the place of a name; 64-bit ones overflow, as Java's do.
    fn number_name(&mut self, first: u8) -> Result<String, Refusal> {
        let negative = first >> 5 == 1;
        let reference = self.tags.contains(&TAG_REFERENCE);
        let wide = |argument: u64| if negative { !argument.cast_signed() } else { argument.cast_signed() };
        let index = match first & 0x1F {
            low @ 0..24 => u64::from(low),
            24 => self.argument(1)?,
            25 => self.argument(2)?,
            26 => {
                let argument = self.argument(4)?;
                if reference && argument > i32::MAX.unsigned_abs().into() {
                    return Err(self.bytes.fault("String reference index too large"));
                }
                argument
            }
            27 if reference => return Err(self.bytes.fault("String reference index too large")),
            27 => return Ok(wide(self.argument(8)?).to_string()),
            low => {
                let message = format!("Invalid length indicator for ints ({low}), token 0x{first:x}");
                return Err(self.bytes.fault(&message));
            }
        };
        let index = wide(index);
        if !reference {
            return Ok(index.to_string());
        }
        self.referred(index).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}

// === texts and binary values ===

impl CborParser<'_> {
    fn read_unread(&mut self, first: u8) -> Result<(), Refusal> {
        if first >> 5 == 2 { self.read_binary(first).map(drop) } else { self.read_text(first) }
    }

    fn read_text(&mut self, first: u8) -> Result<(), Refusal> {
        let length = self.length(first & 0x1F)?;
        self.string = match usize::try_from(length) {
            Err(_) => self.chunked()?,
            Ok(length) if length > self.bytes.left() => self.cut_text(length)?,
            Ok(length) => {
                let taken = self.bytes.take(length)?;
                let text = self.decode(taken, false)?;
                self.remember(taken, length);
                text
            }
        };
        Ok(())
    }

    /// A text that is there as a whole. Faults are found in its bytes, and told at its end unless they are in the middle of a
    /// character.
    fn decode(&mut self, taken: &[u8], name: bool) -> Result<String, Refusal> {
        let start = self.bytes.at - taken.len();
        let mut text = Text::default();
        let mut at = 0;
        while let Some(&first) = taken.get(at) {
            let Some(more) = continuation(first) else {
                return Err(self.bytes.fault(&if name {
                    format!("Invalid UTF-8 byte 0x{first:x} in Object property name")
                } else {
                    format!("Invalid UTF-8 start byte 0x{first:x}")
                }));
            };
            let Some(character) = taken.get(at..=at + more) else {
                let what = if name { "Map key" } else { "Unicode String value" };
                let message = format!(
                    "Truncated UTF-8 character in {what} ({} bytes): byte 0x{first:02X} at offset #{at} indicated {more} more bytes needed",
                    taken.len()
                );
                return Err(self.bytes.fault(&message));
            };
            if more < 3 {
                for (index, &byte) in character.iter().enumerate().skip(1) {
                    if byte & 0xC0 != 0x80 {
                        self.bytes.at = start + at + index + 1;
                        return Err(self.invalid_middle(byte));
                    }
                }
            }
            text.push(code(character));
            at += more + 1;
        }
        Ok(text.finish())
    }

    /// A text of which less is there than it says: whatever is wrong first.
    fn cut_text(&mut self, mut length: usize) -> Result<String, Refusal> {
        while length > 0 {
            let first = self.bytes.next()?;
            let Some(more) = continuation(first) else {
                return Err(self.bytes.fault(&format!("Invalid UTF-8 start byte 0x{first:x}")));
            };
            if more >= length {
                let message = "Malformed UTF-8 character at the end of a (non-chunked) text segment";
                return Err(self.bytes.fault(message));
            }
            length -= more + 1;
            for _ in 0..more {
                let byte = self.bytes.next()?;
                if byte & 0xC0 != 0x80 {
                    return Err(self.invalid_middle(byte));
                }
            }
        }
        Ok(String::new())
    }

    /// A text in pieces. Unlike the standard, a character may be spread over several.
    fn chunked(&mut self) -> Result<String, Refusal> {
        let mut text = Text::default();
        let mut left = 0;
        loop {
            while left == 0 {
                match self.chunk_length()? {
                    None => return Ok(text.finish()),
                    Some(length) => left = length,
                }
            }
            let first = self.bytes.next()?;
            left -= 1;
            let Some(more) = continuation(first) else {
                return Err(self.bytes.fault(&format!("Invalid UTF-8 start byte 0x{first:x}")));
            };
            let mut character = vec![first];
            for _ in 0..more {
                if left == 0 {
                    left = self.chunk_length()?.unwrap_or(0);
                    if left == 0 {
                        return Err(self.bytes.end(": chunked Text ends with partial UTF-8 character"));
                    }
                }
                let byte = self.bytes.next()?;
                left -= 1;
                if byte & 0xC0 != 0x80 {
                    return Err(self.invalid_middle(byte));
                }
                character.push(byte);
            }
            text.push(code(&character));
        }
    }

    fn chunk_length(&mut self) -> Result<Option<usize>, Refusal> {
        let first = self.bytes.next()?;
        if first == BREAK {
            return Ok(None);
        }
        if first >> 5 != 3 {
            let message = format!(
                "Mismatched chunk in chunked content: expected major type 3 but encountered {} (byte 0x{first:02X})",
                first >> 5
            );
            return Err(self.bytes.fault(&message));
        }
        let length = self.length(first & 0x1F)?;
        usize::try_from(length).map(Some).map_err(|_| {
            self.bytes.fault("Illegal chunked-length indicator within chunked-length value (major type 3)")
        })
    }

    fn read_binary(&mut self, first: u8) -> Result<Vec<u8>, Refusal> {
        let length = self.length(first & 0x1F)?;
        let Ok(length) = usize::try_from(length) else { return self.chunked_binary() };
        let bytes = self.some_binary(length)?.to_vec();
        if length > 0 {
            self.remember(&bytes, length);
        }
        Ok(bytes)
    }

    fn some_binary(&mut self, length: usize) -> Result<&[u8], Refusal> {
        let left = self.bytes.left();
        if length > left {
            self.bytes.at = self.bytes.input.len();
            let message = format!(" for Binary value: expected {length} bytes, only found {left}");
            return Err(self.bytes.end(&message));
        }
        self.bytes.take(length)
    }

    fn chunked_binary(&mut self) -> Result<Vec<u8>, Refusal> {
        let mut whole = Vec::new();
        loop {
            let first = self.bytes.next()?;
            if first == BREAK {
                return Ok(whole);
            }
            if first >> 5 != 2 {
                let message = format!("Mismatched chunk in chunked content: expected 2 but encountered {}", first >> 5);
                return Err(self.bytes.fault(&message));
            }
            let length = self.length(first & 0x1F)?;
            let Ok(length) = usize::try_from(length) else {
                let message = "Illegal chunked-length indicator within chunked-length value (type 2)";
                return Err(self.bytes.fault(message));
            };
            whole.extend_from_slice(self.some_binary(length)?);
        }
    }

    /// Takes note of a string that may be referred to, where that is on and a reference would be shorter.
    fn remember(&mut self, bytes: &[u8], length: usize) {
        let Some(strings) = self.scopes.iter_mut().rev().find_map(|scope| scope.strings.as_mut()) else { return };
        let least = match strings.len() {
            0..24 => 3,
            24..256 => 4,
            256..65_536 => 5,
            _ => 7,
        };
        if length >= least {
            strings.push(bytes.to_vec());
        }
    }

    fn referred(&self, index: i64) -> Result<Vec<u8>, Refusal> {
        let Some(strings) = self.scopes.iter().rev().find_map(|scope| scope.strings.as_ref()) else {
            return Err(self.bytes.fault("String reference outside of a namespace"));
        };
        let found = usize::try_from(index).ok().and_then(|index| strings.get(index));
        found.cloned().ok_or_else(|| self.bytes.fault(&format!("String reference ({index}) out of range")))
    }
}

// === tagged values ===

impl CborParser<'_> {
    fn reference(&mut self) -> Result<Kind, Refusal> {
        let index = match self.number {
            Value::Long(index) if i32::try_from(index).is_ok() => index,
            _ if self.scopes.iter().all(|scope| scope.strings.is_none()) => -1,
            _ => return Err(self.bytes.fault("String reference index too large")),
        };
        self.string = String::from_utf8_lossy(&self.referred(index)?).into_owned();
        Ok(Kind::String)
    }

    fn tagged_binary(&mut self) -> Result<Kind, Refusal> {
        let negate = match &self.tags {
            tags if tags.contains(&TAG_BIG) => false,
            tags if tags.contains(&TAG_BIG_NEGATIVE) => true,
            _ => return Ok(Kind::Embedded),
        };
        let Some(first) = self.unread.take() else { return Ok(Kind::Embedded) };
        let bytes = self.read_binary(first)?;
        Bytes::check_number_length(bytes.len())?;
        self.number = Value::big(&bytes, negate);
        self.tags.clear();
        Ok(Kind::Int)
    }

    /// A decimal number: an array of its exponent and its digits.
    fn decimal(&mut self, length: i32) -> Result<Kind, Refusal> {
        self.bytes.current = Some(Kind::StartArray);
        if length != 2 {
            let message = format!(
                "Unexpected array size ({length}) for tagged 'bigfloat' value; should have exactly 2 number elements"
            );
            return Err(self.bytes.fault(&message));
        }
        self.decimal_part("first")?;
        let exponent = match &self.number {
            Value::Long(value) => i32::try_from(*value).ok(),
            value => value.text().parse().ok(),
        };
        let Some(exponent) = exponent else { return Err(self.bytes.out_of_range(&self.number, "int")) };
        self.decimal_part("second")?;
        let digits = std::mem::replace(&mut self.number, Value::Long(0));
        self.advance_in_decimal()?;
        if self.bytes.current != Some(Kind::EndArray) {
            let found = self.bytes.current_name();
            let message = format!("Unexpected token ({found}) after 2 elements of 'bigfloat' value");
            return Err(self.bytes.fault(&message));
        }
        self.number = Value::decimal(&digits, exponent.wrapping_neg());
        Ok(Kind::Float)
    }

    fn decimal_part(&mut self, which: &str) -> Result<(), Refusal> {
        self.advance_in_decimal()?;
        if self.bytes.current == Some(Kind::Int) {
            return Ok(());
        }
        let message = format!(
            "Unexpected token ({}) as the {which} part of 'bigfloat' value: should get VALUE_NUMBER_INT",
            self.bytes.current_name()
        );
        Err(self.bytes.fault(&message))
    }

    fn advance_in_decimal(&mut self) -> Result<(), Refusal> {
        let at = self.token_at;
        self.bytes.current = self.advance()?;
        self.token_at = at;
        Ok(())
    }
}

// === heads ===

impl CborParser<'_> {
    /// A big-endian number of so many bytes.
    fn argument(&mut self, bytes: usize) -> Result<u64, Refusal> {
        (0..bytes).try_fold(0, |number, _| Ok(number << 8 | u64::from(self.bytes.next()?)))
    }

    fn integer(&mut self, first: u8) -> Result<Value, Refusal> {
        let argument = match first & 0x1F {
            low @ 0..24 => u64::from(low),
            24 => self.argument(1)?,
            25 => self.argument(2)?,
            26 => self.argument(4)?,
            27 => self.argument(8)?,
            _ => return Err(self.invalid(first)),
        };
        let value = if first >> 5 == 1 { -1 - i128::from(argument) } else { i128::from(argument) };
        Ok(i64::try_from(value).map_or_else(|_| Value::Big(value.to_string()), Value::Long))
    }

    fn length(&mut self, low: u8) -> Result<i32, Refusal> {
        #[expect(clippy::cast_possible_truncation, reason = "no more bytes are read than fit")]
        let narrow = |argument: u64| (argument as u32).cast_signed();
        match low {
            0..24 => Ok(i32::from(low)),
            24 => self.argument(1).map(narrow),
            25 => self.argument(2).map(narrow),
            26 => self.argument(4).map(narrow),
            27 => {
                let length = self.argument(8)?.cast_signed();
                i32::try_from(length).ok().filter(|length| *length >= 0).ok_or_else(|| {
                    self.bytes.fault(&format!("Illegal length for {}: {length}", self.bytes.current_name()))
                })
            }
            31 => Ok(UNKNOWN_LENGTH),
            _ => {
                let token = self.bytes.current_name();
                let message = format!(
                    "Invalid 5-bit length indicator for `JsonToken.{token}`: 0x{low:02X}; only 0x00-0x17, 0x1F allowed"
                );
                Err(self.bytes.fault(&message))
            }
        }
    }

    fn tag(&mut self, first: u8) -> Result<i32, Refusal> {
        let low = first & 0x1F;
        #[expect(clippy::cast_possible_truncation, reason = "no more bytes are read than fit")]
        let narrow = |argument: u64| (argument as u32).cast_signed();
        match low {
            0..24 => Ok(i32::from(low)),
            24 => self.argument(1).map(narrow),
            25 => self.argument(2).map(narrow),
            26 => self.argument(4).map(narrow),
            27 => {
                let tag = self.argument(8)?.cast_signed();
                i32::try_from(tag).map_err(|_| self.bytes.fault(&format!("Illegal Tag value: {tag}")))
            }
            _ => Err(self.bytes.fault(&format!("Invalid low bits for Tag token: 0x{low:x}"))),
        }
    }

    fn invalid(&self, first: u8) -> Refusal {
        if first == BREAK {
            return self.bytes.fault("Mismatched BREAK byte (0xFF): encountered where value expected");
        }
        self.bytes.fault(&format!("Invalid CBOR value token (first byte): 0x{first:x}"))
    }

    fn invalid_middle(&self, byte: u8) -> Refusal {
        self.bytes.fault(&format!("Invalid UTF-8 middle byte 0x{byte:x}"))
    }

    fn unexpected_break(&self) -> Refusal {
        self.bytes.fault(&match self.scopes.last() {
            None => "Unexpected Break (0xFF) token in Root context".to_owned(),
            Some(scope) => {
                let kind = if scope.object { "Object" } else { "Array" };
                format!("Unexpected Break (0xFF) token in definite length ({}) {kind}", scope.length)
            }
        })
    }
}

/// A 16-bit float.
fn half(bits: u64) -> f32 {
    let negative = bits >> 15 != 0;
    let (exponent, fraction) =
        (i16::try_from(bits >> 10 & 0x1F).unwrap_or(0), u16::try_from(bits & 0x3FF).unwrap_or(0));
    let fraction = f32::from(fraction) / 1_024.0;
    let magnitude = match exponent {
        0 => 2.0_f32.powi(-14) * fraction,
        0x1F if fraction != 0.0 => return f32::NAN,
        0x1F => f32::INFINITY,
        _ => 2.0_f32.powi(i32::from(exponent) - 15) * (1.0 + fraction),
    };
    if negative { -magnitude } else { magnitude }
}

// === impl Scope ===

impl Scope {
    fn expects_more(&mut self) -> bool {
        if self.index == self.length {
            return false;
        }
        self.index += 1;
        true
    }

    /// The end of a message on a document that ends in here.
    fn unfinished(&self, document: &str) -> String {
        let (kind, what) = if self.object { ("Object", "property") } else { ("Array", "element") };
        let start = format!("(start token at {document})");
        if self.length >= 0 {
            // The entry that is being read counts as missing.
            let more = (self.length - self.index + 1).max(0);
            let what = if self.object { "properties" } else { "elements" };
            format!(" in {kind} value: expected {more} more {what} {start}")
        } else {
            let article = if self.object { "a" } else { "an" };
            format!(" in {kind} value: expected {article} {what} or close marker (0xFF) {start}")
        }
    }
}

// === impl Parser ===

impl Parser for CborParser<'_> {
    fn next_token(&mut self) -> Result<Option<Token>, Refusal> {
        self.bytes.current = self.advance()?;
        Ok(self.current())
    }

    fn current(&self) -> Option<Token> {
        self.bytes.current.map(Kind::token)
    }

    fn token_location(&self) -> Location {
        offset(self.token_at)
    }

    fn text(&mut self) -> Result<Cow<'_, str>, Refusal> {
        Ok(Cow::Borrowed(match self.bytes.current {
            Some(Kind::FieldName) => &self.name,
            Some(Kind::String) => {
                if let Some(first) = self.unread.take() {
                    self.read_text(first)?;
                }
                &self.string
            }
            Some(Kind::Int | Kind::Float) => return Ok(Cow::Owned(self.number.text())),
            Some(Kind::True) => "true",
            Some(Kind::False) => "false",
            Some(Kind::Null) => "null",
            _ => "",
        }))
    }

    fn number(&mut self) -> Result<Number<'_>, Refusal> {
        Ok(self.number.number())
    }

    fn out_of_range(&self, kind: &'static str) -> Refusal {
        self.bytes.out_of_range(&self.number, kind)
    }

    fn not_numeric(&self) -> Refusal {
        self.bytes.not_numeric()
    }

    fn boolean(&self) -> bool {
        self.bytes.current == Some(Kind::True)
    }
}
