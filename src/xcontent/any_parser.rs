//! The parser for a request's body, whatever its format.

use std::borrow::Cow;

use http::StatusCode;

use super::{
    json_parser::JsonParser,
    media_type::{Format, Negotiated},
    parser::{Location, Number, Parser, Refusal, Token},
};
use crate::{
    error::{Error, Exception, Fault},
    rest::RestRequest,
    xcontent::Node,
};

/// A parser over the body, or over the parameter `source` that stands for one.
pub enum AnyParser<'a> {
    Json(JsonParser<'a>),
}

// === impl AnyParser ===

impl<'a> AnyParser<'a> {
    /// `None` where the request has neither a body nor a `source`.
    ///
    /// # Errors
    /// 406 for a body of unknown type, 400 for a `source` without a type or of an unknown one.
    pub fn of_request(rest: &'a RestRequest, content: &Negotiated) -> Result<Option<Self>, Error> {
        if !rest.body.is_empty() {
            return Self::of(content.body_format()?, &rest.body).map(Some);
        }
        if !rest.parameters.has("source") {
            return Ok(None);
        }
        let (Some(source), Some(media_type)) =
            (rest.parameters.get("source"), rest.parameters.get("source_content_type"))
        else {
            return Err(invalid("source and source_content_type parameters are required"));
        };
        let subtype = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let name =
            subtype.strip_prefix("application/").map(|name| name.strip_prefix("vnd.elasticsearch+").unwrap_or(name));
        let Some(format) = name.and_then(Format::by_name) else {
            if !subtype.contains('/') {
                let message = format!("invalid Content-Type header [{media_type}]");
                return Err(Error::bad_request(Exception::illegal_argument(message)));
            }
            return Err(invalid(&format!("Unknown value for source_content_type [{media_type}]")));
        };
        Self::of(format, source.as_bytes()).map(Some)
    }

    fn of(format: Format, bytes: &'a [u8]) -> Result<Self, Error> {
        match format {
            Format::Json => Ok(Self::Json(JsonParser::new(bytes))),
            other => {
                let message = format!(
                    "Content-Type header [application/{}] is not supported",
                    format!("{other:?}").to_lowercase()
                );
                let document = vec![("error".into(), Node::from(message)), ("status".into(), Node::Long(406))];
                Err(Error::document_as_is(StatusCode::NOT_ACCEPTABLE, Fault::Client, Node::Object(document)))
            }
        }
    }
}

fn invalid(reason: &str) -> Error {
    Error::bad_request(Exception::new("validation_exception", format!("Validation Failed: 1: {reason};")))
}

impl Parser for AnyParser<'_> {
    fn next_token(&mut self) -> Result<Option<Token>, Refusal> {
        let Self::Json(parser) = self;
        parser.next_token()
    }

    fn current(&self) -> Option<Token> {
        let Self::Json(parser) = self;
        parser.current()
    }

    fn token_location(&self) -> Location {
        let Self::Json(parser) = self;
        parser.token_location()
    }

    fn text(&mut self) -> Result<Cow<'_, str>, Refusal> {
        let Self::Json(parser) = self;
        parser.text()
    }

    fn number(&self) -> Number<'_> {
        let Self::Json(parser) = self;
        parser.number()
    }

    fn out_of_range(&self, kind: &'static str) -> Refusal {
        let Self::Json(parser) = self;
        parser.out_of_range(kind)
    }

    fn not_numeric(&self) -> Refusal {
        let Self::Json(parser) = self;
        parser.not_numeric()
    }

    fn boolean(&self) -> bool {
        let Self::Json(parser) = self;
        parser.boolean()
    }
}
