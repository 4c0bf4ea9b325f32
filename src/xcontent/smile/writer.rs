//! SMILE as Elasticsearch writes it: shared names, no shared values.

#![allow(clippy::cast_possible_truncation, reason = "numbers are cut into bytes")]

use std::collections::HashMap;

use crate::xcontent::Sink;

/// `:)`, a line end, and the features in use.
const HEADER: [u8; 4] = [0x3A, 0x29, 0x0A, 0x05];

/// Ends a text that does not say its length.
const END_OF_TEXT: u8 = 0xFC;

/// Most names that are remembered; then it starts anew.
const MOST_NAMES: usize = 1_024;

/// Longest text that is marked as ASCII where it is; a longer one is not looked through.
const LONGEST_MEASURED: usize = 5_332;

/// Longest text that says its length, in bytes of ASCII.
const LONGEST_SHORT: usize = 64;

/// Writes SMILE.
#[derive(Debug)]
pub struct Smile {
    out: Vec<u8>,
    names: HashMap<String, usize>,
    /// Names that could be remembered, since it started anew.
    count: usize,
}

// === impl Smile ===

impl Default for Smile {
    fn default() -> Self {
        Self { out: HEADER.to_vec(), names: HashMap::new(), count: 0 }
    }
}

impl Smile {
    /// What is written: it may be taken away at any time.
    pub fn written(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// The bytes written so far.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// An unsigned number in groups of seven bits, the last one of six and marked.
    fn vint(&mut self, value: u64) {
        let mut groups = vec![0x80 | (value & 0x3F) as u8];
        let mut rest = value >> 6;
        while rest > 0 {
            groups.push((rest & 0x7F) as u8);
            rest >>= 7;
        }
        self.out.extend(groups.iter().rev());
    }

    /// A text of any length: a marker, the bytes, an end.
    fn long_text(&mut self, marker: u8, text: &str) {
        self.out.push(marker);
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(END_OF_TEXT);
    }

    fn reference(&mut self, index: usize) {
        match u8::try_from(index) {
            Ok(index @ 0..64) => self.out.push(0x40 | index),
            _ => self.out.extend_from_slice(&[0x30 | (index >> 8) as u8, index as u8]),
        }
    }

    fn remember(&mut self, name: &str) {
        if self.count == MOST_NAMES {
            self.names.clear();
            self.count = 0;
        }
        // The second byte of a reference may not look like an end of text: some places stay empty.
        if self.count & 0xFF < 0xFE {
            self.names.insert(name.to_owned(), self.count);
        }
        self.count += 1;
    }
}

impl Sink for Smile {
    fn start_object(&mut self) {
        self.out.push(0xFA);
    }

    fn end_object(&mut self) {
        self.out.push(0xFB);
    }

    fn start_array(&mut self) {
        self.out.push(0xF8);
    }

    fn end_array(&mut self) {
        self.out.push(0xF9);
    }

    fn name(&mut self, name: &str) {
        if name.is_empty() {
            self.out.push(0x20);
            return;
        }
        if let Some(&index) = self.names.get(name) {
            return self.reference(index);
        }
        let bytes = name.len();
        let ascii = name.is_ascii();
        match u8::try_from(bytes) {
            Ok(bytes @ 1..=64) if ascii => self.out.push(0x7F + bytes),
            Ok(bytes @ 2..=57) if !ascii => self.out.push(0xBE + bytes),
            _ => {
                self.long_text(0x34, name);
                if name.encode_utf16().count() <= LONGEST_SHORT {
                    self.remember(name);
                }
                return;
            }
        }
        self.out.extend_from_slice(name.as_bytes());
        self.remember(name);
    }

    fn string(&mut self, value: &str) {
        let ascii = value.is_ascii();
        match u8::try_from(value.len()) {
            Ok(0) => return self.out.push(0x20),
            Ok(bytes @ 1..=64) if ascii => self.out.push(0x3F + bytes),
            Ok(bytes @ 2..=65) if !ascii => self.out.push(0x7E + bytes),
            _ if ascii && value.len() <= LONGEST_MEASURED => return self.long_text(0xE0, value),
            _ => return self.long_text(0xE4, value),
        }
        self.out.extend_from_slice(value.as_bytes());
    }

    fn long(&mut self, value: i64) {
        let zigzag = ((value << 1) ^ (value >> 63)).cast_unsigned();
        match i32::try_from(value) {
            Ok(-16..=15) => self.out.push(0xC0 | zigzag as u8),
            Ok(_) => {
                self.out.push(0x24);
                self.vint(zigzag);
            }
            Err(_) => {
                self.out.push(0x25);
                self.vint(zigzag);
            }
        }
    }

    fn double(&mut self, value: f64) {
        self.out.push(0x29);
        let bits = value.to_bits();
        self.out.extend((0..10).rev().map(|group| (bits >> (7 * group) & 0x7F) as u8));
    }

    fn bool(&mut self, value: bool) {
        self.out.push(if value { 0x23 } else { 0x22 });
    }

    fn null(&mut self) {
        self.out.push(0x21);
    }
}

#[cfg(test)]
mod tests {
    use super::Smile;
    use crate::xcontent::Sink;

    /// The places of references whose second byte would be 0xFE or 0xFF stay empty, and the 1,025th name starts anew.
    #[test]
    fn references() {
        let mut smile = Smile::default();
        for round in 0..2 {
            for name in 0..1_024 {
                smile.name(&format!("n{name}"));
            }
            let before = smile.out.len();
            smile.name("n63");
            smile.name("n64");
            smile.name("n253");
            assert_eq!(smile.out[before..], [0x7F, 0x30, 64, 0x30, 0xFD], "{round}");
            smile.name("n254");
            assert_eq!(smile.out[before + 5], 0x83, "{round}: written once more");
            // That was the name that starts anew.
            smile.names.clear();
            smile.count = 0;
        }
    }

    #[test]
    fn numbers() {
        let bytes = |value: i64| {
            let mut smile = Smile::default();
            smile.long(value);
            smile.out.split_off(4)
        };
        assert_eq!(bytes(0), [0xC0]);
        assert_eq!(bytes(-16), [0xDF]);
        assert_eq!(bytes(15), [0xDE]);
        assert_eq!(bytes(16), [0x24, 0xA0]);
        assert_eq!(bytes(i64::from(i32::MIN)), [0x24, 0x1F, 0x7F, 0x7F, 0x7F, 0xBF]);
        assert_eq!(bytes(1_454_943_900_000), [0x25, 0x01, 0x29, 0x30, 0x2D, 0x21, 0x0B, 0x80]);
    }
}
