//! Texts and binary values, whole or in pieces.

use super::{heads::BREAK, parser::CborParser};
use crate::xcontent::{
    binary::text::{Text, code, continuation},
    parser::Refusal,
};

impl CborParser<'_> {
    pub(super) fn read_unread(&mut self, first: u8) -> Result<(), Refusal> {
        if first >> 5 == 2 { self.read_binary(first).map(drop) } else { self.read_text(first) }
    }

    pub(super) fn read_text(&mut self, first: u8) -> Result<(), Refusal> {
        let length = self.length(first & 0x1F)?;
        self.bytes.string = match usize::try_from(length) {
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
    pub(super) fn decode(&mut self, taken: &[u8], name: bool) -> Result<String, Refusal> {
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
                        return Err(self.bytes.invalid_middle(byte));
                    }
                }
            }
            text.push(code(character));
            at += more + 1;
        }
        Ok(text.finish())
    }

    /// A text of which less is there than it says: whatever is wrong first.
    pub(super) fn cut_text(&mut self, mut length: usize) -> Result<String, Refusal> {
        while length > 0 {
            let first = self.bytes.next()?;
            let more = self.bytes.continuation(first)?;
            if more >= length {
                let message = "Malformed UTF-8 character at the end of a (non-chunked) text segment";
                return Err(self.bytes.fault(message));
            }
            length -= more + 1;
            for _ in 0..more {
                self.bytes.next_of_character()?;
            }
        }
        Ok(String::new())
    }

    /// A text in pieces. Unlike the standard, a character may be spread over several.
    pub(super) fn chunked(&mut self) -> Result<String, Refusal> {
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
            let more = self.bytes.continuation(first)?;
            let mut character = vec![first];
            for _ in 0..more {
                if left == 0 {
                    left = self.chunk_length()?.unwrap_or(0);
                    if left == 0 {
                        return Err(self.bytes.end(": chunked Text ends with partial UTF-8 character"));
                    }
                }
                character.push(self.bytes.next_of_character()?);
                left -= 1;
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

    pub(super) fn read_binary(&mut self, first: u8) -> Result<Vec<u8>, Refusal> {
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
}
