//! SMILE as Jackson reads it: the order of complaints and the messages are its.
//!
//! Texts that nothing may refer to, and most numbers, are only read when they are asked for or passed over, so that their
//! faults come after those of their field.

use super::{numbers::unzigzag, shared::share};
use crate::{
    error::Exception,
    xcontent::{
        binary::{bytes::Bytes, number::Value, parser::BinaryParser, token::Kind},
        names::Names,
        parser::Refusal,
    },
};

/// Where objects and arrays start is not kept.
const UNKNOWN_PLACE: &str = "[Source: UNKNOWN; byte offset: #UNKNOWN]";
/// A parser over one document in memory.
pub struct SmileParser<'a> {
    pub(super) bytes: Bytes<'a>,
    pub(super) scopes: Vec<Scope>,
    /// What may be referred to by its number; `None` where the header says that nothing is.
    pub(super) shared_names: Option<Vec<String>>,
    pub(super) shared_texts: Option<Vec<String>>,
    /// The first byte of a value that has not been read yet.
    unread: Option<u8>,
}

/// An object or array that is open.
pub(super) struct Scope {
    object: bool,
    pub(super) names: Names<'static>,
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
            scopes: Vec::new(),
            shared_names: Some(Vec::new()),
            shared_texts: None,
            unread: None,
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
        self.bytes.token_at = self.bytes.at;
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
                self.bytes.string.clear();
                Kind::String
            }
            0x21 => Kind::Null,
            0x22 => Kind::False,
            0x23 => Kind::True,
            0x24 => {
                self.bytes.number = Value::Long(i64::from(self.int()?));
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
                    let text = self.bytes.string.clone();
                    share(self.shared_texts.as_mut(), text);
                }
                Kind::String
            }
            0xC0..=0xDF => {
                self.bytes.number = Value::Long(i64::from(unzigzag(i32::from(first & 0x1F))));
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

// === impl BinaryParser ===

impl BinaryParser for SmileParser<'_> {
    fn bytes(&self) -> &Bytes<'_> {
        &self.bytes
    }

    fn read(&mut self) -> Result<(), Refusal> {
        self.bytes.current = self.advance()?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        match self.unread.take() {
            None => {}
            Some(0x25) => self.bytes.number = Value::Long(self.long()?),
            Some(0x26) => {
                let bytes = self.seven_bit_binary()?;
                Bytes::check_number_length(bytes.len())?;
                self.bytes.number = Value::big(&bytes, false);
            }
            #[expect(clippy::cast_possible_truncation, reason = "a float has 32 bits; Java cuts in the same way")]
            Some(0x28) => self.bytes.number = Value::Float(f32::from_bits(self.groups(5)?.cast_unsigned() as u32)),
            Some(0x29) => self.bytes.number = Value::Double(f64::from_bits(self.groups(10)?.cast_unsigned())),
            Some(0x2A) => {
                let scale = unzigzag(self.unsigned()?);
                let bytes = self.seven_bit_binary()?;
                Bytes::check_number_length(bytes.len())?;
                let scale = if bytes.is_empty() { 0 } else { scale };
                self.bytes.number = Value::decimal(&Value::big(&bytes, false), scale);
            }
            Some(first @ 0x40..=0x7F) => self.bytes.string = self.ascii(usize::from(first & 0x3F) + 1)?,
            Some(first @ 0x80..=0xBF) => self.bytes.string = self.short_text(usize::from(first & 0x3F) + 2, false)?,
            // Java widens the bytes with their sign.
            Some(0xE0) => {
                let widened = |byte: &u8| u16::from_ne_bytes(i16::from(byte.cast_signed()).to_ne_bytes());
                let units: Vec<u16> = self.up_to_end()?.iter().map(widened).collect();
                self.bytes.string = String::from_utf16_lossy(&units);
            }
            Some(0xE4) => self.bytes.string = self.long_text()?,
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
