//! JSON in UTF-16 and UTF-32, which Jackson recognises by its first bytes: a mark, or where the zeros stand.

use std::borrow::Cow;

/// The bytes of each unit, the lowest place last or first, and the length of the mark.
struct Encoding {
    bytes: usize,
    little: bool,
    mark: usize,
}

/// The same text in UTF-8; as it is where it seems to be that already.
#[must_use]
pub fn to_utf8(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(Encoding { bytes, little, mark }) = encoding(text) else { return Cow::Borrowed(text) };
    let units = text[mark..].chunks_exact(bytes).map(|unit| {
        let fold = |code: u32, byte: &u8| code << 8 | u32::from(*byte);
        if little { unit.iter().rev().fold(0, fold) } else { unit.iter().fold(0, fold) }
    });
    let decoded: String = if bytes == 4 {
        units.map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    } else {
        let units = units.map(|unit| u16::try_from(unit).unwrap_or(0));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    Cow::Owned(decoded.into_bytes())
}

fn encoding(text: &[u8]) -> Option<Encoding> {
    let found = |bytes, little, mark| Some(Encoding { bytes, little, mark });
    match text {
        [0, 0, 0xFE, 0xFF, ..] => found(4, false, 4),
        [0xFF, 0xFE, 0, 0, ..] => found(4, true, 4),
        [0xFE, 0xFF, _, _, ..] => found(2, false, 2),
        [0xFF, 0xFE, _, _, ..] => found(2, true, 2),
        [0, 0, 0, _, ..] => found(4, false, 0),
        [_, 0, 0, 0, ..] => found(4, true, 0),
        [0, _, ..] => found(2, false, 0),
        [_, 0, ..] => found(2, true, 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::to_utf8;

    #[test]
    fn recognised_by_mark_or_zeros() {
        let text = "{\"é😀\":1}";
        let wide = |mark: &[u16], order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.iter().copied().chain(text.encode_utf16()).flat_map(order).collect()
        };
        for mark in [&[0xFEFF][..], &[]] {
            assert_eq!(*to_utf8(&wide(mark, u16::to_be_bytes)), *text.as_bytes());
            assert_eq!(*to_utf8(&wide(mark, u16::to_le_bytes)), *text.as_bytes());
        }
        let wider: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        assert_eq!(*to_utf8(&wider), *text.as_bytes());
        assert_eq!(*to_utf8(text.as_bytes()), *text.as_bytes());
    }
}
