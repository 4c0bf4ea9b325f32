//! Numbers of any size, which are tagged binary values and arrays.

use super::parser::CborParser;
use crate::xcontent::{
    binary::{bytes::Bytes, number::Value, parser::BinaryParser, token::Kind},
    parser::Refusal,
};

const TAG_BIG: i32 = 2;
const TAG_BIG_NEGATIVE: i32 = 3;
pub(super) const TAG_DECIMAL: i32 = 4;

impl CborParser<'_> {
    pub(super) fn tagged_binary(&mut self) -> Result<Kind, Refusal> {
        let negate = match &self.tags {
            tags if tags.contains(&TAG_BIG) => false,
            tags if tags.contains(&TAG_BIG_NEGATIVE) => true,
            _ => return Ok(Kind::Embedded),
        };
        let Some(first) = self.unread.take() else { return Ok(Kind::Embedded) };
        let bytes = self.read_binary(first)?;
        Bytes::check_number_length(bytes.len())?;
        self.bytes.number = Value::big(&bytes, negate);
        self.tags.clear();
        Ok(Kind::Int)
    }

    /// A decimal number: an array of its exponent and its digits.
    pub(super) fn decimal(&mut self, length: i32) -> Result<Kind, Refusal> {
        self.bytes.current = Some(Kind::StartArray);
        if length != 2 {
            let message = format!(
                "Unexpected array size ({length}) for tagged 'bigfloat' value; should have exactly 2 number elements"
            );
            return Err(self.bytes.fault(&message));
        }
        self.decimal_part("first")?;
        let exponent = match &self.bytes.number {
            Value::Long(value) => i32::try_from(*value).ok(),
            value => value.text().parse().ok(),
        };
        let Some(exponent) = exponent else { return Err(self.bytes.out_of_range("int")) };
        self.decimal_part("second")?;
        let digits = std::mem::replace(&mut self.bytes.number, Value::Long(0));
        self.advance_in_decimal()?;
        if self.bytes.current != Some(Kind::EndArray) {
            let found = self.bytes.current_name();
            let message = format!("Unexpected token ({found}) after 2 elements of 'bigfloat' value");
            return Err(self.bytes.fault(&message));
        }
        self.bytes.number = Value::decimal(&digits, exponent.wrapping_neg());
        Ok(Kind::Float)
    }

    fn decimal_part(&mut self, which: &str) -> Result<(), Refusal> {
        self.advance_in_decimal()?;
        if self.bytes.current == Some(Kind::Int) {
            return Ok(());
        }
        let message = format!(
            "Unexpected token ({}) as the {which} part of 'bigfloat' value: should get VALUE_NUMBER_INT",
            self.bytes.current_name()
        );
        Err(self.bytes.fault(&message))
    }

    fn advance_in_decimal(&mut self) -> Result<(), Refusal> {
        let at = self.bytes.token_at;
        self.read()?;
        self.bytes.token_at = at;
        Ok(())
    }
}
