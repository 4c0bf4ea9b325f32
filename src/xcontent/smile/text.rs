//! Texts: short ones of known length, and long ones up to a mark.

use super::parser::SmileParser;
use crate::xcontent::{
    binary::text::{Text, code, continuation},
    parser::Refusal,
};

const END_OF_TEXT: u8 = 0xFC;

impl SmileParser<'_> {
    pub(super) fn ascii(&mut self, length: usize) -> Result<String, Refusal> {
        let taken = self.bytes.take(length)?;
        let char_of = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
        Ok(taken.iter().map(char_of).collect())
    }

    /// A text of known length, whose bytes are not looked at beyond their payload.
    pub(super) fn short_text(&mut self, length: usize, name: bool) -> Result<String, Refusal> {
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
    pub(super) fn up_to_end(&mut self) -> Result<&[u8], Refusal> {
        let start = self.bytes.at;
        while self.bytes.next()? != END_OF_TEXT {}
        Ok(&self.bytes.input[start..self.bytes.at - 1])
    }

    pub(super) fn long_text(&mut self) -> Result<String, Refusal> {
        let mut text = Text::default();
        loop {
            let first = self.bytes.next()?;
            if first == END_OF_TEXT {
                return Ok(text.finish());
            }
            let more = self.bytes.continuation(first)?;
            let mut character = vec![first];
            for _ in 0..more {
                character.push(self.bytes.next_of_character()?);
            }
            text.push(code(&character));
        }
    }
}
