//! Java doubles: `Double.parseDouble` and `Double.toString`, which requests, replies and messages show.

use std::io::Write as _;

/// Why a text is no double; the words are Java's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDouble {
    #[error("empty String")]
    Empty,
    #[error("multiple points")]
    Points,
    #[error("For input string: \"{0}\"")]
    Malformed(String),
}

/// Reads what `Double.parseDouble` reads: surrounding blanks, a `d` or `f` behind, hexadecimal floats, `NaN`, `Infinity`.
///
/// # Errors
/// [`InvalidDouble`], whose message is that of Java's `NumberFormatException`.
pub fn parse_double(text: &str) -> Result<f64, InvalidDouble> {
    let trimmed = text.trim_matches(|c| c <= ' ');
    if trimmed.is_empty() {
        return Err(InvalidDouble::Empty);
    }
    let (sign, unsigned) = match trimmed.as_bytes()[0] {
        b'-' => (-1.0, &trimmed[1..]),
        b'+' => (1.0, &trimmed[1..]),
        _ => (1.0, trimmed),
    };
    let magnitude = match unsigned {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        _ => match unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
            Some(hex) => parse_hex(hex),
            None => parse_decimal(unsigned),
        },
    };
    magnitude.map(|value| sign * value).ok_or_else(|| {
        let mut parts = unsigned.split('.');
        let mut whole = || parts.next().is_some_and(|part| part.bytes().all(|c| c.is_ascii_digit()));
        if whole() && whole() && parts.next().is_some() {
            return InvalidDouble::Points;
        }
        // As given: older JDKs, as 17, show it without the blanks around it.
        InvalidDouble::Malformed(text.to_owned())
    })
}

fn without_suffix(text: &str) -> &str {
    text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text)
}

fn parse_decimal(text: &str) -> Option<f64> {
    let digits = without_suffix(text);
    let starts = digits.as_bytes().first()?;
    let well_formed = (starts.is_ascii_digit() || *starts == b'.')
        && digits.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'.' | b'e' | b'E' | b'+' | b'-'));
    if well_formed { digits.parse().ok() } else { None }
}

/// `1.8p3` behind `0x`. Exact for up to 13 hexadecimal digits, rounded to nearest beyond.
fn parse_hex(text: &str) -> Option<f64> {
    let (mantissa, exponent) = without_suffix(text).split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0.0_f64;
    for c in whole.chars() {
        value = value * 16.0 + f64::from(c.to_digit(16)?);
    }
    let mut place = 1.0 / 16.0;
    for c in fraction.chars() {
        value += f64::from(c.to_digit(16)?) * place;
        place /= 16.0;
    }
    Some(value * 2.0_f64.powi(exponent))
}

/// Writes a finite or infinite double as `Double.toString` of JDK 19 and later: the shortest digits that read back, at
/// least one behind the point, with an exponent outside 10^-3..10^7.
pub fn write_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let value = value.abs();
    if value.is_infinite() {
        return out.extend_from_slice(b"Infinity");
    }
    if value == 0.0 {
        return out.extend_from_slice(b"0.0");
    }
    if (1e-3..1e7).contains(&value) {
        let start = out.len();
        let _ = write!(out, "{value}");
        if !out[start..].contains(&b'.') {
            out.extend_from_slice(b".0");
        }
        return;
    }
    let mut digits = format!("{value:e}");
    if digits.as_bytes().get(1) == Some(&b'e') {
        // Among decimals of one and two digits that read back, Java takes the closest.
        let two = format!("{value:.1e}");
        if two.parse() == Ok(value) {
            digits = two;
        }
    }
    let (mantissa, exponent) = digits.split_once('e').unwrap_or((&digits, "0"));
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let _ = write!(out, "{mantissa}{point}E{exponent}");
}

#[cfg(test)]
mod tests {
    use super::{parse_double, write_double};

    fn java(value: f64) -> String {
        let mut out = Vec::new();
        write_double(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn written_as_java_writes() {
        for (value, text) in [
            (94.1706, "94.1706"),
            (20.0, "20.0"),
            (0.001, "0.001"),
            (0.002, "0.002"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (5.750_42e-6, "5.75042E-6"),
            (1e-4, "1.0E-4"),
            (1.234e21, "1.234E21"),
            (2e23, "2.0E23"),
            (4.9e-324, "4.9E-324"),
            (1e23, "1.0E23"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (f64::MAX, "1.7976931348623157E308"),
        ] {
            assert_eq!(java(value), text);
        }
    }

    #[test]
    fn read_as_java_reads() {
        for (text, value) in [
            ("80d", 80.0),
            (" 80 ", 80.0),
            ("0x1p3", 8.0),
            ("0x.8p1f", 1.0),
            ("-1e3", -1000.0),
            (".5", 0.5),
            ("1.", 1.0),
        ] {
            assert_eq!(parse_double(text), Ok(value), "{text}");
        }
        assert!(parse_double("NaN").unwrap().is_nan());
        for (text, message) in [
            ("", "empty String"),
            ("  ", "empty String"),
            ("abc", "For input string: \"abc\""),
            ("inf", "For input string: \"inf\""),
            (" x ", "For input string: \" x \""),
        ] {
            assert_eq!(parse_double(text).unwrap_err().to_string(), message);
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            let read = parse_double(&java(value)).unwrap();
            assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()));
        }
    }
}
