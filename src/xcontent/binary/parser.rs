//! What a parser tells of its current token, which is the same in both formats.

use std::borrow::Cow;

use super::{
    bytes::{Bytes, offset},
    token::Kind,
};
use crate::xcontent::parser::{Location, Number, Parser, Refusal, Token};

/// The part of a parser in which the formats differ.
pub(crate) trait BinaryParser {
    /// The document, with the current token.
    fn bytes(&self) -> &Bytes<'_>;

    /// Makes the next token the current one.
    fn read(&mut self) -> Result<(), Refusal>;

    /// Reads what of the current token is only read when it is asked for.
    fn finish(&mut self) -> Result<(), Refusal>;
}

// === impl Parser ===

impl<P: BinaryParser> Parser for P {
    fn next_token(&mut self) -> Result<Option<Token>, Refusal> {
        self.read()?;
        Ok(self.current())
    }

    fn current(&self) -> Option<Token> {
        self.bytes().current.map(Kind::token)
    }

    fn token_location(&self) -> Location {
        offset(self.bytes().token_at)
    }

    fn text(&mut self) -> Result<Cow<'_, str>, Refusal> {
        self.finish()?;
        let bytes = self.bytes();
        Ok(Cow::Borrowed(match bytes.current {
            Some(Kind::FieldName) => &bytes.name,
            Some(Kind::String) => &bytes.string,
            Some(Kind::Int | Kind::Float) => return Ok(Cow::Owned(bytes.number.text())),
            Some(Kind::True) => "true",
            Some(Kind::False) => "false",
            Some(Kind::Null) => "null",
            _ => "",
        }))
    }

    fn number(&mut self) -> Result<Number<'_>, Refusal> {
        self.finish()?;
        Ok(self.bytes().number.number())
    }

    fn out_of_range(&self, kind: &'static str) -> Refusal {
        self.bytes().out_of_range(kind)
    }

    fn not_numeric(&self) -> Refusal {
        self.bytes().not_numeric()
    }

    fn boolean(&self) -> bool {
        self.bytes().current == Some(Kind::True)
    }
}
