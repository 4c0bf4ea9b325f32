//! What stands in front of a text: looked at in words of eight bytes, for texts that are not read but recognised.

const ONES: u64 = 0x0101_0101_0101_0101;

/// The number of digits in front of a text.
#[must_use]
pub fn digit_count(text: &[u8]) -> usize {
    let mut count = 0;
    while let Some(eight) = text[count..].first_chunk::<8>() {
        // 0 to 9 where it was a digit.
        let offset = u64::from_le_bytes(*eight) ^ (ONES * 0x30);
        let others = (offset.wrapping_add(ONES * 0x06) | offset) & (ONES * 0xF0);
        if others != 0 {
            return count + others.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    count + text[count..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// The string in front of a text, between its quotes, and what stands behind it. `None` where any of its characters is escaped,
/// or would be, or is none.
#[must_use]
pub fn plain_string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let ascii = ascii_length(inside);
    if inside.get(ascii) == Some(&b'"') {
        return Some((&inside[..ascii], &inside[ascii + 1..]));
    }
    let (string, rest) = inside.split_at(plain_length(inside));
    let rest = rest.strip_prefix(b"\"")?;
    std::str::from_utf8(string).is_ok().then_some((string, rest))
}

/// The length of the JSON number in front of a text.
#[must_use]
pub fn number_length(text: &[u8]) -> Option<usize> {
    let digits = |at: usize| Some(digit_count(text.get(at..)?)).filter(|count| *count > 0);
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = digits(at)?;
    if whole > 1 && text[at] == b'0' {
        return None;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        at += 1 + digits(at + 1)?;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        at += 1 + signed;
        at += digits(at)?;
    }
    Some(at)
}

/// The number of bytes in front of a text that stand in a string as they are: neither quote nor escape, control character or
/// part of a character beyond the basic plane.
#[must_use]
pub fn plain_length(text: &[u8]) -> usize {
    let ascii = ascii_length(text);
    let is_plain = |&byte: &u8| (0x20..0xF0).contains(&byte) && !matches!(byte, b'"' | b'\\');
    ascii + text[ascii..].iter().take_while(|byte| is_plain(byte)).count()
}

/// As [`plain_length`], of ASCII only.
#[must_use]
pub fn ascii_length(text: &[u8]) -> usize {
    let mut length = 0;
    while let Some(eight) = text[length..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        // The highest bit of every byte below `least`, where it is ASCII; perhaps also of what stands behind such a byte.
        let below = |word: u64, least: u64| word.wrapping_sub(ONES * least) & !word & (ONES * 0x80);
        let (quote, escape) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5C));
        let special = below(word, 0x20) | below(quote, 1) | below(escape, 1) | (word & (ONES * 0x80));
        if special != 0 {
            return length + special.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let is_plain = |&byte: &u8| (0x20..0x80).contains(&byte) && !matches!(byte, b'"' | b'\\');
    length + text[length..].iter().take_while(|byte| is_plain(byte)).count()
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{ascii_length, digit_count, number_length, plain_length};

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let telling = prop::sample::select(&b"\"\\\x1f\x20\x21\x23\x5b\x5d\x7f\x80\xc3\xef\xf0\xffa"[..]);
        let start = prop_oneof!["[0-9]{0,20}", "[a-z\u{e4}]{0,20}"];
        (start, vec(prop_oneof![0x2F..0x3B_u8, telling, any::<u8>()], 0..40))
            .prop_map(|(start, rest)| [start.as_bytes(), &rest].concat())
    }

    proptest! {
        #[test]
        fn eight_at_once_as_one_by_one(text in bytes()) {
            prop_assert_eq!(digit_count(&text), text.iter().take_while(|byte| byte.is_ascii_digit()).count());
            let special = |byte: &u8| *byte < 0x20 || *byte >= 0xF0 || matches!(byte, b'"' | b'\\');
            prop_assert_eq!(plain_length(&text), text.iter().position(special).unwrap_or(text.len()));
            let ends = |byte: &u8| special(byte) || !byte.is_ascii();
            prop_assert_eq!(ascii_length(&text), text.iter().position(ends).unwrap_or(text.len()));
        }

        #[test]
        fn numbers_are_json(text in "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?[,\\].eE+0-9-]?") {
            if let Some(length) = number_length(text.as_bytes()) {
                let number = &text[..length];
                prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(number).is_ok(), "{}", number);
            } else {
                prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&text).is_err(), "{}", text);
            }
        }
    }
}
