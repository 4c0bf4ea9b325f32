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
    if value.is_infinite() {
        return out.extend_from_slice(if value > 0.0 { b"Infinity" } else { b"-Infinity" });
    }
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value);
    if is_plain(value) {
        return out.extend_from_slice(shortest.as_bytes());
    }
    let magnitude = shortest.trim_start_matches('-');
    if magnitude.len() < shortest.len() {
        out.push(b'-');
    }
    write_scientific(out, value.abs(), magnitude);
}

/// Whether the text is what [`write_double`] makes of the double.
pub(crate) fn is_written_so(text: &[u8], value: f64) -> bool {
    if is_plain(value) {
        return zmij::Buffer::new().format_finite(value).as_bytes() == text;
    }
    let mut written = Vec::with_capacity(24);
    write_double(&mut written, value);
    written == text
}

/// Whether it is written without an exponent.
fn is_plain(value: f64) -> bool {
    value == 0.0 || (1e-3..1e7).contains(&value.abs())
}

/// The digits of `shortest`, which may have an exponent or not, with one.
fn write_scientific(out: &mut Vec<u8>, value: f64, shortest: &str) {
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (mut digits, mut all) = ([0; 32], 0);
    for digit in whole.bytes().chain(fraction.bytes()).take(digits.len()) {
        digits[all] = digit;
        all += 1;
    }
    let leading = digits[..all].iter().take_while(|digit| **digit == b'0').count();
    let trailing = digits[leading..all].iter().rev().take_while(|digit| **digit == b'0').count();
    let significant = &digits[leading..all - trailing];
    let Some((first, more)) = significant.split_first() else { return };
    if more.is_empty() {
        // Among decimals of one and two digits that read back, Java takes the closest.
        let two = format!("{value:.1e}");
        if two.parse() == Ok(value) {
            return out.extend_from_slice(two.to_ascii_uppercase().as_bytes());
        }
    }
    out.extend_from_slice(&[*first, b'.']);
    out.extend_from_slice(if more.is_empty() { b"0" } else { more });
    let places = i64::try_from(whole.len()).unwrap_or(0) - i64::try_from(leading).unwrap_or(0) - 1;
    let _ = write!(out, "E{}", exponent.parse::<i64>().unwrap_or(0) + places);
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

    /// The same by the standard library's formatting.
    fn slowly(value: f64) -> String {
        let magnitude = value.abs();
        let sign = if value.is_sign_negative() { "-" } else { "" };
        if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
            let text = format!("{magnitude}");
            return format!("{sign}{text}{}", if text.contains('.') { "" } else { ".0" });
        }
        let mut digits = format!("{magnitude:e}");
        if digits.as_bytes()[1] == b'e' {
            let two = format!("{magnitude:.1e}");
            if two.parse() == Ok(magnitude) {
                digits = two;
            }
        }
        let (mantissa, exponent) = digits.split_once('e').unwrap();
        format!("{sign}{mantissa}{}E{exponent}", if mantissa.contains('.') { "" } else { ".0" })
    }

    /// Whether both are as short and as near: Java takes the one whose last digit is even, the standard library either.
    fn is_other_half(ours: &str, other: &str, value: f64) -> bool {
        let last = ours.split('E').next().and_then(|mantissa| mantissa.bytes().last());
        ours.len() == other.len()
            && ours.parse() == Ok(value)
            && last.is_some_and(|digit| (digit - b'0').is_multiple_of(2))
    }

    #[test]
    fn of_two_as_near_the_even_one() {
        assert_eq!(java(f64::from_bits(4_829_061_136_474_118_474)), "7.132419450396572E14");
    }

    proptest::proptest! {
        #[test]
        fn written_as_the_standard_library_would(bits: u64, whole in -1_000_000_i64..1_000_000, digits in 0..18_u32, exponent in -330..310) {
            let decimal: f64 = format!("{}e{exponent}", bits % 10_u64.pow(digits)).parse().unwrap();
            #[allow(clippy::cast_precision_loss)]
            let near = whole as f64 / 1_000.0;
            for value in [f64::from_bits(bits), decimal, near] {
                if value.is_finite() {
                    let (ours, other) = (java(value), slowly(value));
                    assert!(ours == other || is_other_half(&ours, &other, value), "{ours}, not {other}");
                    assert!(super::is_written_so(java(value).as_bytes(), value));
                }
            }
        }

        #[test]
        fn what_is_written_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            let read = parse_double(&java(value)).unwrap();
            assert!(read.to_bits() == value.to_bits() || (read.is_nan() && value.is_nan()));
        }
    }
}
