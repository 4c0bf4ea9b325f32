//! Declares the fields of an object and reads it, strictly (requests) or leniently (stored documents).
//!
//! Elasticsearch reads every object through one such declaration; its order of checks and its messages follow from it.

use super::{
    parser::{Location, Parser, Refusal, Token, refuse, skip_children},
    suggest::did_you_mean,
};
use crate::error::Exception;

/// An object's name in messages, and its fields.
pub struct ObjectParser<T: 'static> {
    pub name: &'static str,
    pub unknown: Unknown,
    pub fields: &'static [Field<T>],
}

/// What becomes of a field that is not declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    Refuse,
    Skip,
}

/// A declared field: which tokens it accepts, and what it does with them.
pub struct Field<T: 'static> {
    pub name: &'static str,
    pub accepts: &'static [Token],
    pub read: fn(&mut dyn Parser, &mut T) -> Result<(), Refusal>,
}

/// The tokens that each type of field accepts.
pub mod accepts {
    use super::Token;

    pub const STRING: &[Token] = &[Token::String];
    pub const STRING_OR_NULL: &[Token] = &[Token::String, Token::Null];
    pub const NUMBER: &[Token] = &[Token::Number, Token::String];
    pub const BOOLEAN: &[Token] = &[Token::Boolean, Token::String];
    pub const STRINGS: &[Token] = &[Token::StartArray, Token::String];
    pub const NUMBERS: &[Token] = &[Token::StartArray, Token::Number, Token::String];
    pub const OBJECT: &[Token] = &[Token::StartObject];
    pub const OBJECTS: &[Token] = &[Token::StartObject, Token::StartArray];
    pub const VALUE: &[Token] = &[Token::Boolean, Token::Null, Token::EmbeddedObject, Token::Number, Token::String];
}

// === impl ObjectParser ===

impl<T> ObjectParser<T> {
    /// Reads the object at, or right behind, the current token into `target`.
    ///
    /// # Errors
    /// The first refusal in the order of the document.
    pub fn read(&self, parser: &mut dyn Parser, target: &mut T) -> Result<(), Refusal> {
        if parser.current() != Some(Token::StartObject) {
            let token = parser.next_token()?;
            if token != Some(Token::StartObject) {
                let found = token.map_or("null", Token::name);
                return Err(self.refuse(parser, format_args!("Expected START_OBJECT but was: {found}")));
            }
        }
        while let Some(token) = parser.next_token()? {
            match token {
                Token::EndObject => return Ok(()),
                Token::FieldName => self.read_field(parser, target)?,
                _ => return Err(self.refuse(parser, "no field found")),
            }
        }
        Ok(())
    }

    fn read_field(&self, parser: &mut dyn Parser, target: &mut T) -> Result<(), Refusal> {
        let location = parser.token_location();
        let name = parser.text()?;
        let Some(field) = self.fields.iter().find(|field| field.name == name) else {
            let name = name.into_owned();
            parser.next_token()?;
            return match self.unknown {
                Unknown::Refuse => Err(self.refuse_unknown(location, &name)),
                Unknown::Skip => skip_children(parser),
            };
        };
        drop(name);
        let token = parser.next_token()?;
        if !token.is_some_and(|token| field.accepts.contains(&token)) {
            let found = token.map_or("null", Token::name);
            return Err(self.refuse(parser, format_args!("{} doesn't support values of type: {found}", field.name)));
        }
        (field.read)(parser, target).map_err(|cause| {
            let mut outer = self.refuse(parser, format_args!("failed to parse field [{}]", field.name));
            outer.caused_by = Some(cause);
            outer
        })
    }

    fn refuse(&self, parser: &dyn Parser, message: impl std::fmt::Display) -> Refusal {
        refuse(parser.token_location(), format_args!("[{}] {message}", self.name))
    }

    fn refuse_unknown(&self, location: Location, field: &str) -> Refusal {
        let suggestion = did_you_mean(field, self.fields.iter().map(|field| field.name))
            .map_or_else(String::new, |names| format!(" did you mean {names}?"));
        refuse(location, format_args!("[{}] unknown field [{field}]{suggestion}", self.name))
    }
}

// === values that declarations share ===

/// Reads the elements of an array; anything else is the only element.
pub fn each(
    parser: &mut dyn Parser,
    mut element: impl FnMut(&mut dyn Parser) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    if parser.current() != Some(Token::StartArray) {
        return element(parser);
    }
    loop {
        match parser.next_token()? {
            Some(Token::EndArray) => return Ok(()),
            Some(Token::StartArray) => {
                let message = "expected value but got [START_ARRAY]";
                return Err(Box::new(Exception::new("illegal_state_exception", message)));
            }
            _ => element(parser)?,
        }
    }
}

/// A list of strings; numbers and booleans in it are taken as text.
pub fn strings(parser: &mut dyn Parser) -> Result<Vec<String>, Refusal> {
    let mut list = Vec::new();
    each(parser, |parser| {
        match parser.current() {
            Some(token @ (Token::StartObject | Token::StartArray | Token::Null)) => {
                let message = format!("Expected text at {} but found {}", parser.token_location(), token.name());
                return Err(Box::new(Exception::illegal_argument(message)));
            }
            _ => list.push(parser.text()?.into_owned()),
        }
        Ok(())
    })?;
    Ok(list)
}

/// `Required [a, b]`, naming the fields that are missing, in the order of their declaration.
pub fn require(fields: &[(&'static str, bool)]) -> Result<(), Refusal> {
    let missing: Vec<_> = fields.iter().filter(|(_, present)| !present).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Box::new(Exception::illegal_argument(format!("Required [{}]", missing.join(", ")))))
}
