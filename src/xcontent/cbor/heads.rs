//! Heads: what a value is, and the length, number or tag behind that.

use super::parser::CborParser;
use crate::xcontent::{binary::number::Value, parser::Refusal};

/// The end of what does not say its length.
pub(super) const BREAK: u8 = 0xFF;
/// The length of what ends with a break.
const UNKNOWN_LENGTH: i32 = -1;

impl CborParser<'_> {
    /// A big-endian number of so many bytes.
    pub(super) fn argument(&mut self, bytes: usize) -> Result<u64, Refusal> {
        (0..bytes).try_fold(0, |number, _| Ok(number << 8 | u64::from(self.bytes.next()?)))
    }

    /// What stands in the low bits of a head, or in the one, two or four bytes behind it.
    pub(super) fn short(&mut self, low: u8) -> Result<u64, Refusal> {
        match low {
            24 => self.argument(1),
            25 => self.argument(2),
            26 => self.argument(4),
            _ => Ok(u64::from(low)),
        }
    }

    pub(super) fn integer(&mut self, first: u8) -> Result<Value, Refusal> {
        let argument = match first & 0x1F {
            low @ 0..27 => self.short(low)?,
            27 => self.argument(8)?,
            _ => return Err(self.invalid(first)),
        };
        let value = if first >> 5 == 1 { -1 - i128::from(argument) } else { i128::from(argument) };
        Ok(i64::try_from(value).map_or_else(|_| Value::Big(value.to_string()), Value::Long))
    }

    pub(super) fn length(&mut self, low: u8) -> Result<i32, Refusal> {
        match low {
            0..27 => self.short(low).map(narrow),
            27 => {
                let length = self.argument(8)?.cast_signed();
                i32::try_from(length).ok().filter(|length| *length >= 0).ok_or_else(|| {
                    self.bytes.fault(&format!("Illegal length for {}: {length}", self.bytes.current_name()))
                })
            }
            31 => Ok(UNKNOWN_LENGTH),
            _ => {
                let token = self.bytes.current_name();
                let message = format!(
                    "Invalid 5-bit length indicator for `JsonToken.{token}`: 0x{low:02X}; only 0x00-0x17, 0x1F allowed"
                );
                Err(self.bytes.fault(&message))
            }
        }
    }

    pub(super) fn tag(&mut self, first: u8) -> Result<i32, Refusal> {
        let low = first & 0x1F;
        match low {
            0..27 => self.short(low).map(narrow),
            27 => {
                let tag = self.argument(8)?.cast_signed();
                i32::try_from(tag).map_err(|_| self.bytes.fault(&format!("Illegal Tag value: {tag}")))
            }
            _ => Err(self.bytes.fault(&format!("Invalid low bits for Tag token: 0x{low:x}"))),
        }
    }

    pub(super) fn invalid(&self, first: u8) -> Refusal {
        if first == BREAK {
            return self.bytes.fault("Mismatched BREAK byte (0xFF): encountered where value expected");
        }
        self.bytes.fault(&format!("Invalid CBOR value token (first byte): 0x{first:x}"))
    }
}

/// Java's cast; what has its highest bit set counts as negative.
#[expect(clippy::cast_possible_truncation, reason = "no more bytes are read than fit")]
fn narrow(argument: u64) -> i32 {
    (argument as u32).cast_signed()
}

/// A 16-bit float.
pub(super) fn half(bits: u64) -> f32 {
    let negative = bits >> 15 != 0;
    let (exponent, fraction) =
        (i16::try_from(bits >> 10 & 0x1F).unwrap_or(0), u16::try_from(bits & 0x3FF).unwrap_or(0));
    let fraction = f32::from(fraction) / 1_024.0;
    let magnitude = match exponent {
        0 => 2.0_f32.powi(-14) * fraction,
        0x1F if fraction != 0.0 => return f32::NAN,
        0x1F => f32::INFINITY,
        _ => 2.0_f32.powi(i32::from(exponent) - 15) * (1.0 + fraction),
    };
    if negative { -magnitude } else { magnitude }
}
