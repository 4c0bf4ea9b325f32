//! Text from bytes, as Java decodes it.

use super::bytes::Bytes;
use crate::xcontent::parser::Refusal;

/// Text in the making: UTF-16, as the halves of a character may come one by one.
#[derive(Default)]
pub(crate) struct Text(Vec<u16>);

// === impl Text ===

impl Text {
    /// A character by its code; beyond the basic plane, as two halves.
    pub(crate) fn push(&mut self, code: u32) {
        #[expect(clippy::cast_possible_truncation, reason = "Java casts to 16 bits as well")]
        let unit = |code: u32| code as u16;
        if code < 0x1_0000 {
            self.0.push(unit(code));
        } else {
            let code = code.wrapping_sub(0x1_0000);
            self.0.extend([unit(0xD800 | code >> 10), unit(0xDC00 | code & 0x3FF)]);
        }
    }

    pub(crate) fn finish(self) -> String {
        String::from_utf16_lossy(&self.0)
    }
}

// === impl Bytes ===

impl Bytes<'_> {
    /// How many bytes follow the first one of a character.
    pub(crate) fn continuation(&self, first: u8) -> Result<usize, Refusal> {
        continuation(first).ok_or_else(|| self.fault(&format!("Invalid UTF-8 start byte 0x{first:x}")))
    }

    /// The next byte of a character that has begun.
    pub(crate) fn next_of_character(&mut self) -> Result<u8, Refusal> {
        let byte = self.next()?;
        if byte & 0xC0 == 0x80 { Ok(byte) } else { Err(self.invalid_middle(byte)) }
    }

    pub(crate) fn invalid_middle(&self, byte: u8) -> Refusal {
        self.fault(&format!("Invalid UTF-8 middle byte 0x{byte:x}"))
    }
}

/// How many bytes follow the first one of a character; `None` for one that starts none.
pub(crate) fn continuation(first: u8) -> Option<usize> {
    match first {
        0..=0x7F => Some(0),
        0xC0..=0xDF => Some(1),
        0xE0..=0xEF => Some(2),
        0xF0..=0xF7 => Some(3),
        _ => None,
    }
}

/// The code of a character from its bytes, of which only the payload is looked at.
pub(crate) fn code(bytes: &[u8]) -> u32 {
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
pub(crate) fn decode_name(bytes: &[u8]) -> Result<String, Option<String>> {
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
