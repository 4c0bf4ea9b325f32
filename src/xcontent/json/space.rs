//! What stands between tokens: white space and comments.

use super::{
    faults::{Fault, describe},
    parser::JsonParser,
};
use crate::xcontent::parser::Refusal;

impl JsonParser<'_> {
    /// The next byte that is neither white space nor part of a comment.
    pub(super) fn skip_space(&mut self) -> Result<Option<u8>, Refusal> {
        while let Some(byte) = self.next_byte() {
            match byte {
                b' ' | b'\t' => {}
                b'\n' => self.new_line(),
                b'\r' => self.carriage_return(),
                b'/' => self.skip_comment()?,
                0..=0x1F => {
                    let message = format!(
                        "Illegal character ({}): only regular white space (\\r, \\n, \\t) is allowed between tokens",
                        describe(char::from(byte))
                    );
                    return Err(self.fault(Fault::Parse(&message)));
                }
                _ => return Ok(Some(byte)),
            }
        }
        Ok(None)
    }

    /// The first byte of the value behind a colon.
    pub(super) fn skip_colon(&mut self) -> Result<u8, Refusal> {
        let mut colon = false;
        while let Some(byte) = self.skip_space()? {
            if colon {
                return Ok(byte);
            }
            if byte != b':' {
                return Err(self.unexpected(byte, "was expecting a colon to separate field name and value"));
            }
            colon = true;
        }
        Err(self.fault(Fault::End(" within/between Object entries")))
    }

    fn new_line(&mut self) {
        self.line += 1;
        self.line_start = self.at;
    }

    fn carriage_return(&mut self) {
        if self.peek() == Some(b'\n') {
            self.at += 1;
        }
        self.new_line();
    }

    fn skip_comment(&mut self) -> Result<(), Refusal> {
        match self.next_byte() {
            None => Err(self.fault(Fault::End(" in a comment"))),
            Some(b'/') => {
                while let Some(byte) = self.next_byte() {
                    match byte {
                        b'\n' => {
                            return {
                                self.new_line();
                                Ok(())
                            };
                        }
                        b'\r' => {
                            return {
                                self.carriage_return();
                                Ok(())
                            };
                        }
                        _ => {}
                    }
                }
                Ok(())
            }
            Some(b'*') => {
                while let Some(byte) = self.next_byte() {
                    match byte {
                        b'*' if self.peek() == Some(b'/') => {
                            self.at += 1;
                            return Ok(());
                        }
                        b'\n' => self.new_line(),
                        b'\r' => self.carriage_return(),
                        _ => {}
                    }
                }
                Err(self.fault(Fault::End(" in a comment")))
            }
            Some(other) => Err(self.unexpected(other, "was expecting either '*' or '/' for a comment")),
        }
    }

    /// A number at the top level must be followed by white space.
    pub(super) fn check_root_space(&mut self) -> Result<(), Refusal> {
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\n' | b'\r') => Ok(()),
            Some(byte) => {
                self.at += 1;
                Err(self.unexpected(byte, "Expected space separating root-level values"))
            }
        }
    }
}
