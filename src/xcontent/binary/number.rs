//! Numbers of any size.

use std::fmt::Write as _;

use crate::xcontent::{double::write_double, parser::Number};

/// A number as its document has it.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Long(i64),
    /// An integer of any size, in digits.
    Big(String),
    Float(f32),
    Double(f64),
    /// A decimal number of any size, as Java shows it.
    Decimal(String),
}

// === impl Value ===

impl Value {
    /// An integer in big-endian two's complement.
    pub(crate) fn big(bytes: &[u8], negate: bool) -> Self {
        let (negative, mut magnitude) = magnitude(bytes);
        let mut digits = digits(&mut magnitude);
        if negative != negate && digits != "0" {
            digits.insert(0, '-');
        }
        Self::Big(digits)
    }

    /// `unscaled` with that many digits behind the point, as `BigDecimal.toString` shows it.
    pub(crate) fn decimal(unscaled: &Self, scale: i32) -> Self {
        let text = unscaled.text();
        let (sign, digits) = text.strip_prefix('-').map_or(("", &*text), |digits| ("-", digits));
        let (length, scale) = (i64::try_from(digits.len()).unwrap_or(i64::MAX), i64::from(scale));
        let exponent = length - 1 - scale;
        let shown = if scale == 0 {
            digits.to_owned()
        } else if scale > 0 && exponent >= -6 {
            let padded = format!("{digits:0>width$}", width = usize::try_from(scale + 1).unwrap_or(0));
            let (whole, fraction) = padded.split_at(padded.len() - usize::try_from(scale).unwrap_or(0));
            format!("{whole}.{fraction}")
        } else {
            let (first, rest) = digits.split_at(1);
            let point = if rest.is_empty() { "" } else { "." };
            let plus = if exponent > 0 { "+" } else { "" };
            let exponent = if exponent == 0 { String::new() } else { format!("E{plus}{exponent}") };
            format!("{first}{point}{rest}{exponent}")
        };
        Self::Decimal(format!("{sign}{shown}"))
    }

    pub(crate) fn number(&self) -> Number<'_> {
        match self {
            Self::Long(value) => Number::Long(*value),
            Self::Big(text) => Number::Text { text, integer: true },
            Self::Float(value) => Number::Double(f64::from(*value)),
            Self::Double(value) => Number::Double(*value),
            Self::Decimal(text) => Number::Text { text, integer: false },
        }
    }

    /// As Java shows it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Long(value) => value.to_string(),
            Self::Big(text) | Self::Decimal(text) => text.clone(),
            Self::Double(value) => java(*value),
            // The shortest digits of a float are fewer than those of the double that equals it.
            Self::Float(value) => java(value.to_string().parse().unwrap_or(f64::from(*value))),
        }
    }
}

fn java(value: f64) -> String {
    let mut out = Vec::new();
    write_double(&mut out, value);
    String::from_utf8_lossy(&out).into_owned()
}

/// The sign and the absolute value.
fn magnitude(bytes: &[u8]) -> (bool, Vec<u8>) {
    if bytes.first().is_none_or(|&byte| byte < 0x80) {
        return (false, bytes.to_vec());
    }
    let mut inverted: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    let mut carry = true;
    for byte in inverted.iter_mut().rev() {
        if !carry {
            break;
        }
        (*byte, carry) = byte.overflowing_add(1);
    }
    if carry {
        inverted.insert(0, 1);
    }
    (true, inverted)
}

/// Big-endian bytes in decimal, by repeated division.
fn digits(number: &mut [u8]) -> String {
    const GROUP: u64 = 1_000_000_000;
    let mut groups = Vec::new();
    loop {
        let mut rest = 0;
        for byte in number.iter_mut() {
            let part = rest << 8 | u64::from(*byte);
            *byte = u8::try_from(part / GROUP).unwrap_or(0);
            rest = part % GROUP;
        }
        groups.push(rest);
        if number.iter().all(|&byte| byte == 0) {
            break;
        }
    }
    let mut text = groups.pop().unwrap_or(0).to_string();
    for group in groups.iter().rev() {
        let _ = write!(text, "{group:09}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn numbers_of_any_size() {
        let big = |bytes: &[u8], negate| Value::big(bytes, negate).text();
        assert_eq!(big(&[], false), "0");
        assert_eq!(big(&[0], true), "0");
        assert_eq!(big(&[0xFF], false), "-1");
        assert_eq!(big(&[0x80], false), "-128");
        assert_eq!(big(&[0x80], true), "128");
        assert_eq!(big(&[1, 0, 0, 0, 0, 0, 0, 0, 0], false), "18446744073709551616");
        let decimal = |unscaled, scale| Value::decimal(&Value::Long(unscaled), scale).text();
        assert_eq!(decimal(1_000, 1), "100.0");
        assert_eq!(decimal(-5, 3), "-0.005");
        assert_eq!(decimal(5, 7), "5E-7");
        assert_eq!(decimal(123, -2), "1.23E+4");
    }
}
