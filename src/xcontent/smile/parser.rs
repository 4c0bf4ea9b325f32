//! SMILE as Jackson reads it: the order of complaints and the messages are its.
//!
//! Texts that nothing may refer to, and most numbers, are only read when they are asked for or passed over, so that their
//! faults come after those of their field.

use std::borrow::Cow;

use crate::{
    error::Exception,
    xcontent::{
        binary::{Bytes, Kind, Text, Value, code, continuation, decode_name, offset},
        names::Names,
        parser::{Location, Number, Parser, Refusal, Token},
    },
};

const END_OF_TEXT: u8 = 0xFC;
/// Where objects and arrays start is not kept.
const UNKNOWN_PLACE: &str = "[Source: UNKNOWN; byte offset: #UNKNOWN]";
/// Most names, and most texts, that may be referred to; then it starts anew.
const MOST_SHARED: usize = 1_024;

/// A parser over one document in memory.
pub struct SmileParser<'a> {
    bytes: Bytes<'a>,
    token_at: usize,
    scopes: Vec<Scope>,
    /// What may be referred to by its number; `None` where the header says that nothing is.
    shared_names: Option<Vec<String>>,
    shared_texts: Option<Vec<String>>,
    /// The first byte of a value that has not been read yet.
    unread: Option<u8>,
    name: String,
    string: String,
    number: Value,
}

/// An object or array that is open.
struct Scope {
    object: bool,
    names: Names<'static>,
}

// === impl SmileParser ===

impl<'a> SmileParser<'a> {
    /// A parser behind the header. Without any bytes there need be none.
    ///
    /// # Errors
    /// For a document without a header, or with a wrong one: a complaint that Elasticsearch does not wrap, and takes for a
    /// fault of its own.
    pub fn new(input: &'a [u8]) -> Result<Self, Exception> {
        let mut parser = Self {
            bytes: Bytes::new(input),
            token_at: 0,
            scopes: Vec::new(),
            shared_names: Some(Vec::new()),
            shared_texts: None,
            unread: None,
            name: String::new(),
            string: String::new(),
            number: Value::Long(0),
        };
        let Some(&first) = input.first() else { return Ok(parser) };
        if first != b':' {
            let how = if matches!(first, b'{' | b'[') {
                format!(" -- rather, it starts with '{}' (plain JSON input?) -- can not parse", char::from(first))
            } else {
                " and parser has REQUIRE_HEADER enabled: can not parse".to_owned()
            };
            let message = format!("Input does not start with Smile format header (first byte = 0x{first:x}){how}");
            return Err(bare(&parser.bytes.fault(&message)));
        }
        parser.bytes.at = 1;
        parser.header(true).map_err(|refusal| bare(&refusal))?;
        Ok(parser)
    }

    /// The rest of a header, behind its first byte; false where it is none.
    fn header(&mut self, required: bool) -> Result<bool, Refusal> {
        for (expected, before, shown) in [(b')', "0x3A", "0x29"), (b'\n', "0x3A, 0x29,", "0xA")] {
            let byte = self.bytes.next()?;
            if byte != expected {
                let message = format!(
                    "Malformed content: signature not valid, starts with {before} but followed by 0x{byte:02X}, not {shown}"
                );
                return if required { Err(self.bytes.fault(&message)) } else { Ok(false) };
            }
        }
        let features = self.bytes.next()?;
        if features >> 4 != 0 {
            let message = format!(
                "Header version number bits (0x{:X}) indicate unrecognized version; only 0x0 accepted by parser",
                features >> 4
            );
            return Err(self.bytes.fault(&message));
        }
        if features & 1 == 0 {
            self.shared_names = None;
        }
        if features & 2 != 0 {
            self.shared_texts = Some(Vec::new());
        }
        Ok(true)
    }

    fn advance(&mut self) -> Result<Option<Kind>, Refusal> {
        self.finish()?;
        self.token_at = self.bytes.at;
        if self.bytes.current != Some(Kind::FieldName) && self.scopes.last().is_some_and(|scope| scope.object) {
            return self.read_name().map(Some);
        }
        let Some(first) = self.bytes.peek() else {
            let Some(scope) = self.scopes.last() else { return Ok(None) };
            let kind = if scope.object { "Object" } else { "Array" };
            return Err(self
                .bytes
                .end(&format!(": expected close marker for {kind} (start marker at {UNKNOWN_PLACE})")));
        };
        self.bytes.at += 1;
        self.value(first)
    }

    fn value(&mut self, first: u8) -> Result<Option<Kind>, Refusal> {
        Ok(Some(match first {
            0x01..=0x1F => self.shared_text(usize::from(first) - 1)?,
            0x20 => {
                self.string.clear();
                Kind::String
            }
            0x21 => Kind::Null,
            0x22 => Kind::False,
            0x23 => Kind::True,
            0x24 => {
                self.number = Value::Long(i64::from(self.int()?));
                Kind::Int
            }
            0x25 | 0x26 => self.later(first, Kind::Int),
            0x28..=0x2A => self.later(first, Kind::Float),
            b':' => {
                if !self.header(false)? {
                    return Err(self.bytes.fault("Unrecognized token byte 0x3A (malformed segment header?"));
                }
                // A second document: its start is a token of its own, unless nothing was read of the first one.
                if self.bytes.current.is_some() || self.bytes.peek() == Some(b':') {
                    return Ok(None);
                }
                return self.advance();
            }
            0x40..=0xBF => {
                self.later(first, Kind::String);
                if self.shared_texts.is_some() {
                    self.finish()?;
                    let text = self.string.clone();
                    share(self.shared_texts.as_mut(), text);
                }
                Kind::String
            }
            0xC0..=0xDF => {
                self.number = Value::Long(i64::from(unzigzag(i32::from(first & 0x1F))));
                Kind::Int
            }
            0xE0 | 0xE4 => self.later(first, Kind::String),
            0xE8 | 0xFD => self.later(first, Kind::Embedded),
            0xEC..=0xEF => {
                let low = self.bytes.next()?;
                self.shared_text(usize::from(first & 3) << 8 | usize::from(low))?
            }
            0xF8 => self.open(false),
            0xF9 => {
                if self.scopes.last().is_none_or(|scope| scope.object) {
                    return Err(self.mismatched(']', '}'));
                }
                self.scopes.pop();
                Kind::EndArray
            }
            0xFA => self.open(true),
            0xFB => {
                let message = "Invalid type marker byte 0xFB in value mode (would be END_OBJECT in key mode)";
                return Err(self.bytes.fault(message));
            }
            0xFF => return Ok(None),
            _ => {
                let message = format!("Invalid type marker byte 0x{first:x} for expected value token");
                return Err(self.bytes.fault(&message));
            }
        }))
    }

    /// A value that is read later.
    fn later(&mut self, first: u8, kind: Kind) -> Kind {
        self.unread = Some(first);
        kind
    }

    fn open(&mut self, object: bool) -> Kind {
        self.scopes.push(Scope { object, names: Names::default() });
        if object { Kind::StartObject } else { Kind::StartArray }
    }

    fn mismatched(&self, found: char, expected: char) -> Refusal {
        let open = match self.scopes.last() {
            None => "root",
            Some(scope) if scope.object => "Object",
            Some(_) => "Array",
        };
        self.bytes.fault(&format!(
            "Unexpected close marker '{found}': expected '{expected}' (for {open} starting at {UNKNOWN_PLACE})"
        ))
    }
}

/// A complaint as it is before Elasticsearch wraps it.
fn bare(refusal: &Exception) -> Exception {
    refusal.caused_by.as_deref().unwrap_or(refusal).clone()
}

fn share(shared: Option<&mut Vec<String>>, text: String) {
    if let Some(shared) = shared {
        if shared.len() == MOST_SHARED {
            shared.clear();
        }
        shared.push(text);
    }
}

// === names and texts ===

impl SmileParser<'_> {
    fn read_name(&mut self) -> Result<Kind, Refusal> {
        let first = self.bytes.next()?;
        let name = match first {
            0x20 => String::new(),
            0x30..=0x33 => {
                let low = self.bytes.next()?;
                self.shared_name(usize::from(first & 3) << 8 | usize::from(low))?
            }
            0x34 => {
                self.bytes.current = Some(Kind::FieldName);
                let name = self.long_name()?;
                share(self.shared_names.as_mut(), name.clone());
                name
            }
            0x40..=0x7F => self.shared_name(usize::from(first & 0x3F))?,
            0x80..=0xBF => {
                let name = self.ascii(usize::from(first & 0x3F) + 1)?;
                share(self.shared_names.as_mut(), name.clone());
                name
            }
            0xC0..=0xF7 => {
                let name = self.short_text(usize::from(first & 0x3F) + 2, true)?;
                share(self.shared_names.as_mut(), name.clone());
                name
            }
            0xFB => {
                self.scopes.pop();
                return Ok(Kind::EndObject);
            }
            _ => {
                let message =
                    format!("Invalid type marker byte 0x{first:x} for expected field name (or END_OBJECT marker)");
                return Err(self.bytes.fault(&message));
            }
        };
        if self.scopes.last_mut().is_some_and(|scope| !scope.names.insert(name.clone().into())) {
            return Err(self.bytes.fault(&format!("Duplicate field '{name}'")));
        }
        self.name = name;
        Ok(Kind::FieldName)
    }

    fn shared_name(&self, index: usize) -> Result<String, Refusal> {
        let Some(names) = &self.shared_names else {
            let message = "Encountered shared name reference, even though document header explicitly declared no shared name references are included";
            return Err(self.bytes.fault(message));
        };
        names.get(index).cloned().ok_or_else(|| {
            let message = format!(
                "Invalid shared name reference {index}; only got {} names in buffer (invalid content)",
                names.len()
            );
            self.bytes.fault(&message)
        })
    }

    fn shared_text(&mut self, index: usize) -> Result<Kind, Refusal> {
        let Some(texts) = &self.shared_texts else {
            let message = "Encountered shared text value reference, even though document header did not declare shared text value references may be included";
            return Err(self.bytes.fault(message));
        };
        let Some(text) = texts.get(index) else {
            let message = format!(
                "Invalid shared text value reference {index}; only got {} names in buffer (invalid content)",
                texts.len()
            );
            return Err(self.bytes.fault(&message));
        };
        text.clone_into(&mut self.string);
        Ok(Kind::String)
    }

    fn ascii(&mut self, length: usize) -> Result<String, Refusal> {
        let taken = self.bytes.take(length)?;
        let char_of = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
        Ok(taken.iter().map(char_of).collect())
    }

    /// A text of known length, whose bytes are not looked at beyond their payload.
    fn short_text(&mut self, length: usize, name: bool) -> Result<String, Refusal> {
        let start = self.bytes.at;
        let taken = self.bytes.take(length)?;
        let mut text = Text::default();
        let mut at = 0;
        while let Some(&first) = taken.get(at) {
            let Some(more) = continuation(first) else {
                if name {
                    self.bytes.at = start + at + 1;
                }
                let message = format!("Invalid byte 0x{first:02X} in short Unicode text block");
                return Err(self.bytes.fault(&message));
            };
            let Some(character) = taken.get(at..=at + more) else {
                let what = if name { "Name" } else { "String value" };
                if name {
                    self.bytes.at = start;
                }
                let message = format!(
                    "Truncated UTF-8 character in Short Unicode {what} ({length} bytes): byte 0x{first:02X} at offset #{at} indicated {more} more bytes needed"
                );
                return Err(self.bytes.fault(&message));
            };
            text.push(code(character));
            at += more + 1;
        }
        Ok(text.finish())
    }

    /// Bytes up to an end mark.
    fn up_to_end(&mut self) -> Result<&[u8], Refusal> {
        let start = self.bytes.at;
        while self.bytes.next()? != END_OF_TEXT {}
        Ok(&self.bytes.input[start..self.bytes.at - 1])
    }

    fn long_name(&mut self) -> Result<String, Refusal> {
        let taken = self.up_to_end()?.to_vec();
        match decode_name(&taken) {
            Ok(name) => Ok(name),
            Err(Some(message)) => Err(self.bytes.fault(&message)),
            Err(None) => Err(self.bytes.end(" in long field name")),
        }
    }

    fn long_text(&mut self) -> Result<String, Refusal> {
        let mut text = Text::default();
        loop {
            let first = self.bytes.next()?;
            if first == END_OF_TEXT {
                return Ok(text.finish());
            }
            let Some(more) = continuation(first) else { return Err(self.invalid_start(first)) };
            let mut character = vec![first];
            for _ in 0..more {
                let byte = self.bytes.next()?;
                if byte & 0xC0 != 0x80 {
                    return Err(self.invalid_middle(byte));
                }
                character.push(byte);
            }
            text.push(code(&character));
        }
    }

    fn invalid_start(&self, byte: u8) -> Refusal {
        self.bytes.fault(&format!("Invalid UTF-8 start byte 0x{byte:x}"))
    }

    fn invalid_middle(&self, byte: u8) -> Refusal {
        self.bytes.fault(&format!("Invalid UTF-8 middle byte 0x{byte:x}"))
    }

    /// Reads what was left for later.
    fn finish(&mut self) -> Result<(), Refusal> {
        match self.unread.take() {
            None => {}
            Some(0x25) => self.number = Value::Long(self.long()?),
            Some(0x26) => {
                let bytes = self.seven_bit_binary()?;
                Bytes::check_number_length(bytes.len())?;
                self.number = Value::big(&bytes, false);
            }
            #[expect(clippy::cast_possible_truncation, reason = "a float has 32 bits; Java cuts in the same way")]
            Some(0x28) => self.number = Value::Float(f32::from_bits(self.groups(5)?.cast_unsigned() as u32)),
            Some(0x29) => self.number = Value::Double(f64::from_bits(self.groups(10)?.cast_unsigned())),
            Some(0x2A) => {
                let scale = unzigzag(self.unsigned()?);
                let bytes = self.seven_bit_binary()?;
                Bytes::check_number_length(bytes.len())?;
                let scale = if bytes.is_empty() { 0 } else { scale };
                self.number = Value::decimal(&Value::big(&bytes, false), scale);
            }
            Some(first @ 0x40..=0x7F) => self.string = self.ascii(usize::from(first & 0x3F) + 1)?,
            Some(first @ 0x80..=0xBF) => self.string = self.short_text(usize::from(first & 0x3F) + 2, false)?,
            // Java widens the bytes with their sign.
            Some(0xE0) => {
                let widened = |byte: &u8| u16::from_ne_bytes(i16::from(byte.cast_signed()).to_ne_bytes());
                let units: Vec<u16> = self.up_to_end()?.iter().map(widened).collect();
                self.string = String::from_utf16_lossy(&units);
            }
            Some(0xE4) => self.string = self.long_text()?,
            Some(0xE8) => drop(self.seven_bit_binary()?),
            Some(_) => {
                let length = self.unsigned()?;
                for _ in 0..length {
                    self.bytes.next()?;
                }
            }
        }
        Ok(())
    }
}

// === numbers ===

impl SmileParser<'_> {
    fn signed_byte(&mut self) -> Result<i64, Refusal> {
        self.bytes.next().map(|byte| i64::from(byte.cast_signed()))
    }

    /// A number of so many groups of seven bits. A byte with its highest bit set counts as negative, as in Java.
    fn groups(&mut self, count: usize) -> Result<i64, Refusal> {
        (0..count).try_fold(0_i64, |number, _| Ok((number << 7).wrapping_add(self.signed_byte()?)))
    }

    fn int(&mut self) -> Result<i32, Refusal> {
        let (start, near_end) = (self.bytes.at, self.bytes.left() <= 5);
        let mut value = 0_i32;
        for _ in 0..5 {
            let byte = self.bytes.next()?;
            if byte >= 0x80 {
                return Ok(unzigzag((value << 6).wrapping_add(i32::from(byte & 0x3F))));
            }
            value = (value << 7).wrapping_add(i32::from(byte));
        }
        if !near_end {
            self.bytes.at = start;
        }
        Err(self.bytes.fault("Corrupt input; 32-bit VInt extends beyond 5 data bytes"))
    }

    fn long(&mut self) -> Result<i64, Refusal> {
        let (start, near_end) = (self.bytes.at, self.bytes.left() <= 11);
        #[expect(clippy::cast_possible_truncation, reason = "Java has 32 bits here as well")]
        let mut value = i64::from(self.groups(4)? as i32);
        loop {
            let byte = self.bytes.next()?;
            if byte >= 0x80 {
                value = (value << 6).wrapping_add(i64::from(byte & 0x3F));
                return Ok((value.cast_unsigned() >> 1).cast_signed() ^ -(value & 1));
            }
            value = (value << 7).wrapping_add(i64::from(byte));
            if !near_end && self.bytes.at >= start + 11 {
                self.bytes.at = start;
                return Err(self.bytes.fault("Corrupt input; 64-bit VInt extends beyond 11 data bytes"));
            }
        }
    }

    fn unsigned(&mut self) -> Result<i32, Refusal> {
        let mut value = 0_i32;
        for _ in 0..4 {
            let byte = self.bytes.next()?;
            if byte >= 0x80 {
                return Ok((value << 6) + i32::from(byte & 0x3F));
            }
            value = (value << 7) + i32::from(byte);
        }
        let byte = self.bytes.next()?;
        let token = self.bytes.current_name();
        if byte < 0x80 {
            let message = format!(
                "Overflow in VInt (current token {token}): 5th byte (0x{byte:2X}) of 5-byte sequence must have its highest bit set to indicate end"
            );
            return Err(self.bytes.fault(&message));
        }
        if value >> 25 != 0 {
            let message = format!(
                "Overflow in VInt (current token {token}): 1st byte (0x{:2X}) of 5-byte sequence must have its top 4 bits zeroes",
                value >> 21
            );
            return Err(self.bytes.fault(&message));
        }
        Ok((value << 6) + i32::from(byte & 0x3F))
    }

    /// Bytes in groups of seven bits, behind their number.
    fn seven_bit_binary(&mut self) -> Result<Vec<u8>, Refusal> {
        let length = usize::try_from(self.unsigned()?).unwrap_or(usize::MAX);
        let mut whole = Vec::new();
        while whole.len() < length {
            let bytes = (length - whole.len()).min(7);
            if self.bytes.left() <= bytes {
                let encoded = (7 + 8 * length) / 7;
                let message = format!(
                    " for Binary value (7-bit): expected {length} payload bytes (from {encoded} encoded), only decoded {}",
                    whole.len()
                );
                return Err(self.bytes.end(&message));
            }
            // All bits but those of the last group stand in groups of seven.
            let mut bits = 0_u64;
            for _ in 0..bytes {
                bits = bits << 7 | u64::from(self.bytes.next()? & 0x7F);
            }
            bits = (bits << bytes).wrapping_add(u64::from(self.bytes.next()?));
            whole.extend_from_slice(&bits.to_be_bytes()[8 - bytes..]);
        }
        Ok(whole)
    }
}

fn unzigzag(value: i32) -> i32 {
    (value.cast_unsigned() >> 1).cast_signed() ^ -(value & 1)
}

// === impl Parser ===

impl Parser for SmileParser<'_> {
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
        self.finish()?;
        Ok(Cow::Borrowed(match self.bytes.current {
            Some(Kind::FieldName) => &self.name,
            Some(Kind::String) => &self.string,
            Some(Kind::Int | Kind::Float) => return Ok(Cow::Owned(self.number.text())),
            Some(Kind::True) => "true",
            Some(Kind::False) => "false",
            Some(Kind::Null) => "null",
            _ => "",
        }))
    }

    fn number(&mut self) -> Result<Number<'_>, Refusal> {
        self.finish()?;
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
