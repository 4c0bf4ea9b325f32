//! The strings of JSON: names and values.

use std::borrow::Cow;

use super::{
    faults::{Fault, describe},
    parser::JsonParser,
};
use crate::xcontent::{binary::text::decode_name, parser::Refusal, scan::ascii_length};

impl<'a> JsonParser<'a> {
    /// Refuses a name whose bytes are no characters. That is seen when it is there as a whole.
    pub(super) fn check_name(&mut self) -> Result<(), Refusal> {
        let rest = &self.input[self.at..];
        let Some(end) = rest.iter().position(|&byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) else {
            return Ok(());
        };
        if rest[end] != b'"' || rest[..end].is_ascii() {
            return Ok(());
        }
        let Err(problem) = decode_name(&rest[..end]) else { return Ok(()) };
        self.at += end + 1;
        Err(self.fault(match &problem {
            Some(message) => Fault::Parse(message),
            None => Fault::End(" in field name"),
        }))
    }

    /// The text up to the closing quote; borrowed where nothing is escaped.
    pub(super) fn read_text(&mut self, at_end: &str, place: &str) -> Result<Cow<'a, str>, Refusal> {
        let start = self.at;
        let end = start + ascii_length(&self.input[start..]);
        if self.input.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Cow::Borrowed(self.slice(start, end)));
        }
        self.at = end;
        let mut units = String::from_utf8_lossy(&self.input[start..end]).into_owned();
        self.read_escaped(&mut units, at_end, place)?;
        Ok(Cow::Owned(units))
    }

    fn read_escaped(&mut self, text: &mut String, at_end: &str, place: &str) -> Result<(), Refusal> {
        // A high surrogate that waits for its other half.
        let mut high: Option<u32> = None;
        loop {
            let Some(byte) = self.next_byte() else {
                return Err(self.fault(Fault::End(at_end)));
            };
            let code = match byte {
                b'"' => {
                    if high.is_some() {
                        text.push(char::REPLACEMENT_CHARACTER);
                    }
                    return Ok(());
                }
                b'\\' => self.read_escape()?,
                0..=0x1F => {
                    let message = format!(
                        "Illegal unquoted character ({}): has to be escaped using backslash to be included in {place}",
                        describe(char::from(byte))
                    );
                    return Err(self.fault_at_byte(&message));
                }
                0x20..=0x7F => u32::from(byte),
                _ => {
                    let start = self.at - 1;
                    match self.read_multibyte(byte, at_end) {
                        Ok(code) => code,
                        // The bytes of a name are only decoded once its end was found.
                        Err(_) if place == "name" && self.input[start..].contains(&b'"') => {
                            while self.next_byte().is_some_and(|byte| byte != b'"') {}
                            return Err(self.bad_start(byte));
                        }
                        Err(refusal) => return Err(refusal),
                    }
                }
            };
            match (high.take(), code) {
                (Some(first), 0xDC00..=0xDFFF) => {
                    let joined = 0x10000 + ((first - 0xD800) << 10) + (code - 0xDC00);
                    text.push(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
                    continue;
                }
                (Some(_), _) => text.push(char::REPLACEMENT_CHARACTER),
                (None, _) => {}
            }
            if (0xD800..=0xDBFF).contains(&code) {
                high = Some(code);
            } else {
                text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
    }

    fn read_escape(&mut self) -> Result<u32, Refusal> {
        let in_escape = " in character escape sequence";
        let Some(byte) = self.next_byte() else {
            return Err(self.fault(Fault::End(in_escape)));
        };
        Ok(match byte {
            b'b' => 0x08,
            b't' => 0x09,
            b'n' => 0x0A,
            b'f' => 0x0C,
            b'r' => 0x0D,
            b'"' | b'/' | b'\\' => u32::from(byte),
            b'u' => {
                let mut code = 0;
                for _ in 0..4 {
                    let Some(digit) = self.next_byte() else {
                        return Err(self.fault(Fault::End(in_escape)));
                    };
                    let Some(value) = char::from(digit).to_digit(16) else {
                        return Err(self.unexpected(digit, "expected a hex-digit for character escape sequence"));
                    };
                    code = code << 4 | value;
                }
                code
            }
            other => {
                return Err(
                    self.fault_at_byte(&format!("Unrecognized character escape {}", describe(char::from(other))))
                );
            }
        })
    }

    fn bad_start(&self, byte: u8) -> Refusal {
        self.fault(Fault::Parse(&format!("Invalid UTF-8 start byte 0x{byte:x}")))
    }

    fn read_multibyte(&mut self, first: u8, at_end: &str) -> Result<u32, Refusal> {
        let more = match first {
            0xC0..=0xDF => 1,
            0xE0..=0xEF => 2,
            0xF0..=0xF7 => 3,
            _ => return Err(self.bad_start(first)),
        };
        let mut code = u32::from(first) & (0x3F >> more);
        for _ in 0..more {
            match self.next_byte() {
                Some(byte) if byte & 0xC0 == 0x80 => code = code << 6 | u32::from(byte & 0x3F),
                Some(byte) => return Err(self.fault(Fault::Parse(&format!("Invalid UTF-8 middle byte 0x{byte:x}")))),
                None => return Err(self.fault(Fault::End(at_end))),
            }
        }
        Ok(code)
    }
}
