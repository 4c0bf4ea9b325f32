//! Strings that are only there as references to those before them.

use super::parser::CborParser;
use crate::xcontent::{
    binary::{number::Value, token::Kind},
    parser::Refusal,
};

/// What follows is the number of a string.
pub(super) const TAG_REFERENCE: i32 = 25;
/// In what follows, strings are counted anew.
pub(super) const TAG_REFERENCES: i32 = 256;

impl CborParser<'_> {
    /// Takes note of a string that may be referred to, where that is on and a reference would be shorter.
    pub(super) fn remember(&mut self, bytes: &[u8], length: usize) {
        let Some(strings) = self.scopes.iter_mut().rev().find_map(|scope| scope.strings.as_mut()) else { return };
        let least = match strings.len() {
            0..24 => 3,
            24..256 => 4,
            256..65_536 => 5,
            _ => 7,
        };
        if length >= least {
            strings.push(bytes.to_vec());
        }
    }

    pub(super) fn referred(&self, index: i64) -> Result<Vec<u8>, Refusal> {
        let Some(strings) = self.scopes.iter().rev().find_map(|scope| scope.strings.as_ref()) else {
            return Err(self.bytes.fault("String reference outside of a namespace"));
        };
        let found = usize::try_from(index).ok().and_then(|index| strings.get(index));
        found.cloned().ok_or_else(|| self.bytes.fault(&format!("String reference ({index}) out of range")))
    }

    pub(super) fn reference(&mut self) -> Result<Kind, Refusal> {
        let index = match self.bytes.number {
            Value::Long(index) if i32::try_from(index).is_ok() => index,
            _ if self.scopes.iter().all(|scope| scope.strings.is_none()) => -1,
            _ => return Err(self.bytes.fault("String reference index too large")),
        };
        self.bytes.string = String::from_utf8_lossy(&self.referred(index)?).into_owned();
        Ok(Kind::String)
    }
}
