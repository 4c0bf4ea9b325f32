//! CBOR (RFC 8949) as Elasticsearch writes it: containers of unknown length, shortest integers, 64-bit floats.

use crate::xcontent::Sink;

/// Texts of more characters than this are written in pieces.
const LONGEST_TEXT: usize = 3_996;

/// Writes CBOR.
#[derive(Debug, Default)]
pub struct Cbor {
    out: Vec<u8>,
}

// === impl Cbor ===

impl Cbor {
    /// What is written: it may be taken away at any time.
    pub fn written(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// The bytes written so far.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    /// A type with its argument, in as few bytes as hold it.
    fn head(&mut self, kind: u8, argument: u64) {
        if let Ok(byte) = u8::try_from(argument) {
            match byte {
                0..24 => self.out.push(kind | byte),
                _ => self.out.extend_from_slice(&[kind | 0x18, byte]),
            }
        } else if let Ok(short) = u16::try_from(argument) {
            self.out.push(kind | 0x19);
            self.out.extend_from_slice(&short.to_be_bytes());
        } else if let Ok(word) = u32::try_from(argument) {
            self.out.push(kind | 0x1A);
            self.out.extend_from_slice(&word.to_be_bytes());
        } else {
            self.out.push(kind | 0x1B);
            self.out.extend_from_slice(&argument.to_be_bytes());
        }
    }

    fn text(&mut self, text: &str) {
        self.head(0x60, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }
}

impl Sink for Cbor {
    fn start_object(&mut self) {
        self.out.push(0xBF);
    }

    fn end_object(&mut self) {
        self.out.push(0xFF);
    }

    fn start_array(&mut self) {
        self.out.push(0x9F);
    }

    fn end_array(&mut self) {
        self.out.push(0xFF);
    }

    fn name(&mut self, name: &str) {
        self.text(name);
    }

    fn string(&mut self, value: &str) {
        if value.encode_utf16().count() <= LONGEST_TEXT {
            return self.text(value);
        }
        self.out.push(0x7F);
        for piece in pieces(value, LONGEST_TEXT) {
            self.text(piece);
        }
        self.out.push(0xFF);
    }

    fn long(&mut self, value: i64) {
        if value < 0 {
            self.head(0x20, (!value).cast_unsigned());
        } else {
            self.head(0x00, value.cast_unsigned());
        }
    }

    fn double(&mut self, value: f64) {
        self.out.push(0xFB);
        self.out.extend_from_slice(&value.to_bits().to_be_bytes());
    }

    fn bool(&mut self, value: bool) {
        self.out.push(if value { 0xF5 } else { 0xF4 });
    }

    fn null(&mut self) {
        self.out.push(0xF6);
    }
}

/// Cuts a text after every `most` UTF-16 units; a surrogate pair is not cut.
fn pieces(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut units = 0;
        let end = rest.char_indices().find(|(_, c)| {
            units += c.len_utf16();
            units > most
        });
        let (piece, left) = rest.split_at(end.map_or(rest.len(), |(at, _)| at));
        rest = left;
        (!piece.is_empty()).then_some(piece)
    })
}
