//! A walk through a stored document, from field to field, as Elasticsearch's document parser goes.

use super::mapping::Kind;
use crate::{
    error::Exception,
    xcontent::{
        json::parser::JsonParser,
        parser::{self, Parser, Refusal, Token},
    },
};

/// Longest keyword, in bytes of UTF-8: Lucene's longest term.
const LONGEST_KEYWORD: usize = 32_766;

/// A value as it is sorted and filtered by.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Numbers without fraction, dates in epoch milliseconds, booleans as 0 and 1.
    Integer(i64),
    Real(f64),
    Keyword(String),
}

/// What a walk finds.
pub(super) trait Visitor {
    /// A value that is neither object nor array; the parser stands on it.
    fn leaf(&mut self, path: &str, in_array: bool, parser: &mut JsonParser<'_>) -> Result<(), Refusal>;

    /// An object; whether to walk through it.
    fn object(&mut self, path: &str, parser: &mut JsonParser<'_>) -> Result<bool, Refusal>;
}

/// Walks through the document.
///
/// # Errors
/// Where it is no object, malformed, or the visitor refuses a field.
pub(super) fn walk(source: &[u8], visitor: &mut dyn Visitor) -> Result<(), Refusal> {
    let mut parser = JsonParser::new(source);
    if parser.next_token()? != Some(Token::StartObject) {
        return Err(Box::new(Exception::new(
            "document_parsing_exception",
            "Malformed content, must start with an object",
        )));
    }
    walk_object(&mut parser, &mut String::with_capacity(64), visitor)?;
    if parser.next_token()?.is_some() {
        return Err(Box::new(Exception::new(
            "document_parsing_exception",
            "Malformed content, found extra data after parsing",
        )));
    }
    Ok(())
}

fn walk_object(parser: &mut JsonParser<'_>, path: &mut String, visitor: &mut dyn Visitor) -> Result<(), Refusal> {
    let parent = path.len();
    while parser.next_token()? == Some(Token::FieldName) {
        if parent > 0 {
            path.push('.');
        }
        {
            let name = parser.text()?;
            check_name(&name)?;
            path.push_str(name.strip_suffix('.').unwrap_or(&name));
        }
        parser.next_token()?;
        walk_value(parser, path, false, visitor)?;
        path.truncate(parent);
    }
    Ok(())
}

fn walk_value(
    parser: &mut JsonParser<'_>,
    path: &mut String,
    in_array: bool,
    visitor: &mut dyn Visitor,
) -> Result<(), Refusal> {
    match parser.current() {
        Some(Token::StartObject) => {
            if visitor.object(path, parser)? {
                walk_object(parser, path, visitor)
            } else {
                parser::skip_children(parser)
            }
        }
        Some(Token::StartArray) => {
            while !matches!(parser.next_token()?, Some(Token::EndArray) | None) {
                walk_value(parser, path, true, visitor)?;
            }
            Ok(())
        }
        _ => visitor.leaf(path, in_array, parser),
    }
}

/// A name is made of parts with something in them.
fn check_name(name: &str) -> Result<(), Refusal> {
    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.') {
        return Ok(());
    }
    let refuse = |reason: String| Err(Box::new(Exception::illegal_argument(reason)));
    if name.is_empty() {
        return refuse("field name cannot be an empty string".into());
    }
    let parts = name.strip_suffix('.').unwrap_or(name);
    if parts.split('.').any(|part| part.trim().is_empty()) {
        return refuse(format!("field name cannot contain only whitespace: ['{name}']"));
    }
    Ok(())
}

/// Reads the value the parser stands on as a field of this kind does; `None` where nothing is indexed.
///
/// # Errors
/// Why the value cannot be indexed.
pub(super) fn read(kind: Kind, parser: &mut JsonParser<'_>) -> Result<Option<Value>, Refusal> {
    let token = parser.current();
    if token == Some(Token::Null) {
        return Ok(None);
    }
    let numeric = matches!(kind, Kind::Double | Kind::Long | Kind::Integer);
    if numeric && token == Some(Token::Boolean) {
        let name = if parser.boolean() { "TRUE" } else { "FALSE" };
        let message = format!("Current token (VALUE_{name}) not numeric, can not use numeric value accessors");
        return Err(Box::new(Exception::new("json_parse_exception", message)));
    }
    if numeric && token == Some(Token::String) && parser.text()?.is_empty() {
        return Ok(None);
    }
    Ok(Some(match kind {
        Kind::Date => Value::Integer(crate::results::time::parse_stored(&parser.text()?)?),
        Kind::Long => Value::Integer(parser::long(parser)?),
        Kind::Integer => Value::Integer(parser::int(parser)?.into()),
        Kind::Double => Value::Real(finite(parser::double(parser)?)?),
        Kind::Boolean if token == Some(Token::Number) => {
            let message = "Current token (VALUE_NUMBER) not of boolean type";
            return Err(Box::new(Exception::new("json_parse_exception", message)));
        }
        Kind::Boolean => Value::Integer(parser::boolean(parser)?.into()),
        Kind::Keyword => Value::Keyword(keyword(parser)?),
        Kind::Text | Kind::GeoPoint | Kind::Alias | Kind::Object | Kind::Nested | Kind::Disabled => return Ok(None),
    }))
}

fn keyword(parser: &mut JsonParser<'_>) -> Result<String, Refusal> {
    check_keyword(parser)?;
    parser::string(parser)
}

/// Reads a value as a keyword without keeping it.
///
/// # Errors
/// Where it is malformed or too long.
pub(super) fn check_keyword(parser: &mut JsonParser<'_>) -> Result<(), Refusal> {
    let length = parser.text()?.len();
    if length > LONGEST_KEYWORD {
        let message = format!("the keyword is {length} bytes long, more than {LONGEST_KEYWORD}");
        return Err(Box::new(Exception::illegal_argument(message)));
    }
    Ok(())
}

fn finite(value: f64) -> Result<f64, Refusal> {
    if value.is_finite() {
        return Ok(value);
    }
    let shown = match value {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    };
    Err(Box::new(Exception::illegal_argument(format!("[double] supports only finite values, but got [{shown}]"))))
}
