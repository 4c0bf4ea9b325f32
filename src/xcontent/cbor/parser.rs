//! CBOR (RFC 8949) as Jackson reads it: the order of complaints and the messages are its.
//!
//! A text is only read when it is asked for or passed over, so that its faults come after those of its field. Of the tags,
//! big numbers, decimals and references to strings mean something; all others are passed over.

use super::{big::TAG_DECIMAL, heads::half, references::TAG_REFERENCE, scope::Scope};
use crate::xcontent::{
    binary::{bytes::Bytes, number::Value, parser::BinaryParser, token::Kind},
    parser::Refusal,
};

/// A parser over one document in memory.
pub struct CborParser<'a> {
    pub(super) bytes: Bytes<'a>,
    pub(super) scopes: Vec<Scope>,
    pub(super) tags: Vec<i32>,
    /// The first byte of a text or binary value that has not been read yet.
    pub(super) unread: Option<u8>,
}

// === impl CborParser ===

impl<'a> CborParser<'a> {
    /// A parser in front of the first token.
    #[must_use]
    pub fn new(input: &'a [u8]) -> Self {
        Self { bytes: Bytes::new(input), scopes: Vec::new(), tags: Vec::new(), unread: None }
    }

    pub(super) fn advance(&mut self) -> Result<Option<Kind>, Refusal> {
        if let Some(first) = self.unread.take() {
            self.read_unread(first)?;
        }
        self.bytes.token_at = self.bytes.at;
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
    pub(super) fn first_byte(&mut self) -> Result<Option<u8>, Refusal> {
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
                self.bytes.number = self.integer(first)?;
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

    fn simple(&mut self, first: u8) -> Result<Kind, Refusal> {
        self.bytes.number = match first & 0x1F {
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
                self.bytes.number = Value::Long(i64::from(low));
                return Ok(Kind::Int);
            }
            24 => {
                let byte = self.bytes.next()?;
                if byte < 32 {
                    let message =
                        format!("Invalid second byte for simple value: 0x{byte:x} (only values 0x20 - 0xFF allowed)");
                    return Err(self.bytes.fault(&message));
                }
                self.bytes.number = Value::Long(i64::from(byte));
                return Ok(Kind::Int);
            }
            _ => return Err(self.invalid(first)),
        };
        Ok(Kind::Float)
    }
}

// === impl BinaryParser ===

impl BinaryParser for CborParser<'_> {
    fn bytes(&self) -> &Bytes<'_> {
        &self.bytes
    }

    fn read(&mut self) -> Result<(), Refusal> {
        self.bytes.current = self.advance()?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Refusal> {
        if self.bytes.current == Some(Kind::String)
            && let Some(first) = self.unread.take()
        {
            self.read_text(first)?;
        }
        Ok(())
    }
}
