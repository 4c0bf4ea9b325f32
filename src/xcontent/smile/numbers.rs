//! Numbers, and bytes in groups of seven bits.

use super::parser::SmileParser;
use crate::xcontent::parser::Refusal;

impl SmileParser<'_> {
    fn signed_byte(&mut self) -> Result<i64, Refusal> {
        self.bytes.next().map(|byte| i64::from(byte.cast_signed()))
    }

    /// A number of so many groups of seven bits. A byte with its highest bit set counts as negative, as in Java.
    pub(super) fn groups(&mut self, count: usize) -> Result<i64, Refusal> {
        (0..count).try_fold(0_i64, |number, _| Ok((number << 7).wrapping_add(self.signed_byte()?)))
    }

    pub(super) fn int(&mut self) -> Result<i32, Refusal> {
        let (start, near_end) = (self.bytes.at, self.bytes.left() <= 5);
        let mut value = 0_i32;
        for _ in 0..5 {
            let byte = self.bytes.next()?;
            if byte >= 0x80 {
                return Ok(unzigzag((value << 6).wrapping_add(i32::from(byte & 0x3F))));
            }
            value = (value << 7).wrapping_add(i32::from(byte));
        }
        if !near_end {
            self.bytes.at = start;
        }
        Err(self.bytes.fault("Corrupt input; 32-bit VInt extends beyond 5 data bytes"))
    }

    pub(super) fn long(&mut self) -> Result<i64, Refusal> {
        let (start, near_end) = (self.bytes.at, self.bytes.left() <= 11);
        #[expect(clippy::cast_possible_truncation, reason = "Java has 32 bits here as well")]
        let mut value = i64::from(self.groups(4)? as i32);
        loop {
            let byte = self.bytes.next()?;
            if byte >= 0x80 {
                value = (value << 6).wrapping_add(i64::from(byte & 0x3F));
                return Ok((value.cast_unsigned() >> 1).cast_signed() ^ -(value & 1));
            }
            value = (value << 7).wrapping_add(i64::from(byte));
            if !near_end && self.bytes.at >= start + 11 {
                self.bytes.at = start;
                return Err(self.bytes.fault("Corrupt input; 64-bit VInt extends beyond 11 data bytes"));
            }
        }
    }

    pub(super) fn unsigned(&mut self) -> Result<i32, Refusal> {
        let mut value = 0_i32;
        for _ in 0..4 {
            let byte = self.bytes.next()?;
            if byte >= 0x80 {
                return Ok((value << 6) + i32::from(byte & 0x3F));
            }
            value = (value << 7) + i32::from(byte);
        }
        let byte = self.bytes.next()?;
        let token = self.bytes.current_name();
        if byte < 0x80 {
            let message = format!(
                "Overflow in VInt (current token {token}): 5th byte (0x{byte:2X}) of 5-byte sequence must have its highest bit set to indicate end"
            );
            return Err(self.bytes.fault(&message));
        }
        if value >> 25 != 0 {
            let message = format!(
                "Overflow in VInt (current token {token}): 1st byte (0x{:2X}) of 5-byte sequence must have its top 4 bits zeroes",
                value >> 21
            );
            return Err(self.bytes.fault(&message));
        }
        Ok((value << 6) + i32::from(byte & 0x3F))
    }

    /// Bytes in groups of seven bits, behind their number.
    pub(super) fn seven_bit_binary(&mut self) -> Result<Vec<u8>, Refusal> {
        let length = usize::try_from(self.unsigned()?).unwrap_or(usize::MAX);
        let mut whole = Vec::new();
        while whole.len() < length {
            let bytes = (length - whole.len()).min(7);
            if self.bytes.left() <= bytes {
                let encoded = (7 + 8 * length) / 7;
                let message = format!(
                    " for Binary value (7-bit): expected {length} payload bytes (from {encoded} encoded), only decoded {}",
                    whole.len()
                );
                return Err(self.bytes.end(&message));
            }
            // All bits but those of the last group stand in groups of seven.
            let mut bits = 0_u64;
            for _ in 0..bytes {
                bits = bits << 7 | u64::from(self.bytes.next()? & 0x7F);
            }
            bits = (bits << bytes).wrapping_add(u64::from(self.bytes.next()?));
            whole.extend_from_slice(&bits.to_be_bytes()[8 - bytes..]);
        }
        Ok(whole)
    }
}

pub(super) fn unzigzag(value: i32) -> i32 {
    (value.cast_unsigned() >> 1).cast_signed() ^ -(value & 1)
}
