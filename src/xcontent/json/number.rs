//! The numbers of JSON.

use super::{faults::Fault, parser::JsonParser};
use crate::xcontent::parser::Refusal;

impl JsonParser<'_> {
    /// A number whose first byte is `first`: where it starts and ends, and whether it is an integer.
    pub(super) fn read_number(&mut self, first: u8) -> Result<(usize, usize, bool), Refusal> {
        let start = self.at - 1;
        let mut digit = first;
        if first == b'-' {
            digit = match self.next_byte() {
                None => return Err(self.end_in_value()),
                Some(byte @ b'0'..=b'9') => byte,
                Some(other) => return Err(self.bad_number_start(other, true)),
            };
        }
        if digit == b'0' && self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.fault(Fault::Parse("Invalid numeric value: Leading zeroes not allowed")));
        }
        self.skip_digits();
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.at += 1;
            if self.skip_digits() == 0 {
                return Err(self.bad_number_end("Decimal point not followed by a digit"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.peek().is_none() {
                return Err(self.end_in_value());
            }
            if self.skip_digits() == 0 {
                return Err(self.bad_number_end("Exponent indicator not followed by a digit"));
            }
        }
        Ok((start, self.at, integer))
    }

    fn skip_digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn bad_number_end(&mut self, message: &str) -> Refusal {
        let byte = self.next_byte().unwrap_or(b'.');
        self.unexpected_in_number(byte, message)
    }

    fn end_in_value(&self) -> Refusal {
        self.fault(Fault::End(&format!(" in {}", self.current_name())))
    }
}
