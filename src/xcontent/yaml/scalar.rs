//! What a scalar is: by its looks, or as its tag says.

use crate::xcontent::binary::number::Value;

/// What a scalar turned out to be.
#[derive(Debug, PartialEq)]
pub(super) enum Resolved {
    Text,
    Null,
    Bool(bool),
    Int(Value),
    /// A decimal number, as Java reads it.
    Float(String),
    Binary,
    /// Jackson has no token for it.
    Nothing,
}

/// Resolves a plain scalar by its looks.
///
/// # Errors
/// A message about a malformed number.
pub(super) fn resolve(text: &str) -> Result<Resolved, String> {
    match text {
        "~" | "null" | "Null" | "NULL" | "" => return Ok(Resolved::Null),
        "y" | "Y" | "n" | "N" => return Ok(Resolved::Text),
        _ => {}
    }
    if let Some(value) = boolean(text)
        && (text.chars().all(char::is_lowercase)
            || text.chars().skip(1).all(char::is_lowercase)
            || text.chars().all(char::is_uppercase))
    {
        return Ok(Resolved::Bool(value));
    }
    if is_int(text) {
        return int(text);
    }
    Ok(if is_float(text) { Resolved::Float(text.replace('_', "")) } else { Resolved::Text })
}

/// Resolves a scalar as its tag says.
///
/// # Errors
/// A message about a value that is none of its type.
pub(super) fn resolve_as(text: &str, tag: &str) -> Result<Resolved, String> {
    Ok(match tag.split(',').next().unwrap_or_default() {
        _ if text.is_empty() => Resolved::Text,
        "binary" => {
            let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            let odd = compact.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')));
            if let Some(c) = odd {
                return Err(format!("Illegal character '{c}' (code 0x{:x}) in base64 content", u32::from(c)));
            }
            if !compact.len().is_multiple_of(4) {
                return Err("Unexpected end of base64-encoded String: base64 variant 'MIME' expects padding (one or more '=' characters) at the end. This Base64Variant might have been incorrectly configured".into());
            }
            Resolved::Binary
        }
        "bool" => boolean(text).map_or(Resolved::Text, Resolved::Bool),
        "int" => return int(text),
        "float" => Resolved::Float(text.replace('_', "")),
        "null" => Resolved::Null,
        _ => Resolved::Text,
    })
}

fn boolean(text: &str) -> Option<bool> {
    match &*text.to_ascii_lowercase() {
        "y" | "yes" | "on" | "true" => Some(true),
        "n" | "no" | "off" | "false" => Some(false),
        _ => None,
    }
}

/// The sign, and the rest.
fn signed(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether it looks like an integer, to whichever base.
fn is_int(text: &str) -> bool {
    let (_, digits) = signed(text);
    let all = |digits: &str, base: u32| {
        digits.chars().all(|c| c == '_' || c.is_digit(base)) && !digits.is_empty() && !digits.chars().all(|c| c == '_')
    };
    if let Some(digits) = digits.strip_prefix("0b") {
        return all(digits, 2);
    }
    if let Some(digits) = digits.strip_prefix("0x") {
        return all(digits, 16);
    }
    if digits == "0" || (digits.starts_with('0') && all(&digits[1..], 8)) {
        return true;
    }
    if !starts_with_digit(digits) || digits.starts_with('0') {
        return false;
    }
    let mut parts = digits.split(':');
    parts.next().is_some_and(|whole| all(whole, 10)) && parts.all(is_sixtieth)
}

/// One or two digits of a number to the base 60.
fn is_sixtieth(part: &str) -> bool {
    part.chars().all(|c| c.is_ascii_digit()) && (part.len() == 1 || (part.len() == 2 && part.as_bytes()[0] < b'6'))
}

fn is_float(text: &str) -> bool {
    let (_, unsigned) = signed(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let digits = |part: &str| part.chars().all(|c| c == '_' || c.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(signed(exponent).1)),
        None => (unsigned, None),
    };
    if exponent.is_some_and(|exponent| exponent.is_empty() || !exponent.chars().all(|c| c.is_ascii_digit())) {
        return false;
    }
    match mantissa.split_once('.') {
        None => exponent.is_some() && starts_with_digit(mantissa) && digits(mantissa),
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => {
            let mut parts = whole.split(':');
            let first = parts.next().unwrap_or_default();
            let rest: Vec<_> = parts.collect();
            let base_60 = !rest.is_empty();
            digits(fraction)
                && starts_with_digit(first)
                && digits(first)
                && rest.iter().all(|part| is_sixtieth(part))
                && !(base_60 && exponent.is_some())
        }
    }
}

/// Reads an integer as Jackson does, which leaves what is to the base 60, and garbage, as text.
fn int(text: &str) -> Result<Resolved, String> {
    let (negative, digits) = signed(text);
    if digits.is_empty() {
        return Ok(Resolved::Nothing);
    }
    let (base, digits) = match digits.as_bytes() {
        [b'0'] => return Ok(Resolved::Int(Value::Long(0))),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'0'..=b'9' | b'_', ..] => (8, &digits[1..]),
        [b'0', ..] => return Ok(Resolved::Text),
        _ if digits.bytes().all(|c| c == b'_' || c.is_ascii_digit()) => (10, digits),
        _ => return Ok(Resolved::Text),
    };
    let clean = digits.replace('_', "");
    if let Ok(value) = i128::from_str_radix(&clean, base) {
        let value = if negative { -value } else { value };
        return Ok(Resolved::Int(i64::try_from(value).map_or_else(|_| Value::Big(value.to_string()), Value::Long)));
    }
    if clean.is_empty() || !clean.chars().all(|c| c.is_digit(base)) {
        let radix = if base == 10 { String::new() } else { format!(" under radix {base}") };
        return Err(format!("Invalid base-{base} number ('{clean}'), problem: For input string: \"{clean}\"{radix}"));
    }
    // Far beyond any range: only its sign and its size are looked at.
    Ok(Resolved::Int(Value::Big(if negative { format!("-{clean}") } else { clean })))
}
