//! The parser for a request's body, whatever its format.

use std::borrow::Cow;

use http::StatusCode;

use super::{
    cbor_parser::CborParser,
    json_parser::JsonParser,
    media_type::{Format, Negotiated},
    parser::{Location, Number, Parser, Refusal, Token},
    smile_parser::SmileParser,
};
use crate::{
    error::{Error, Exception, Fault},
    rest::RestRequest,
    xcontent::Node,
};

/// A parser over the body, or over the parameter `source` that stands for one.
pub enum AnyParser<'a> {
    Json(JsonParser<'a>),
    Cbor(CborParser<'a>),
    Smile(SmileParser<'a>),
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

    /// A parser over a document in a format.
    ///
    /// # Errors
    /// 500, as Elasticsearch has it, for SMILE without a header.
    pub fn of(format: Format, bytes: &'a [u8]) -> Result<Self, Error> {
        match format {
            Format::Json => Ok(Self::Json(JsonParser::new(bytes))),
            Format::Cbor => Ok(Self::Cbor(CborParser::new(bytes))),
            Format::Smile => SmileParser::new(bytes).map(Self::Smile).map_err(|refusal| {
                let exception = *refusal;
                Error::new(StatusCode::INTERNAL_SERVER_ERROR, Fault::Client, exception.clone(), exception)
            }),
            Format::Yaml => {
                let message = "Content-Type header [application/yaml] is not supported";
                let document = vec![("error".into(), Node::from(message)), ("status".into(), Node::Long(406))];
                Err(Error::document_as_is(StatusCode::NOT_ACCEPTABLE, Fault::Client, Node::Object(document)))
            }
        }
    }
}

fn invalid(reason: &str) -> Error {
    Error::bad_request(Exception::new("validation_exception", format!("Validation Failed: 1: {reason};")))
}

/// Hands a call to the parser of the body's format.
macro_rules! delegate {
    ($self:ident, $parser:ident => $call:expr) => {
        match $self {
            AnyParser::Json($parser) => $call,
            AnyParser::Cbor($parser) => $call,
            AnyParser::Smile($parser) => $call,
        }
    };
}

impl Parser for AnyParser<'_> {
    fn next_token(&mut self) -> Result<Option<Token>, Refusal> {
        delegate!(self, parser => parser.next_token())
    }

    fn current(&self) -> Option<Token> {
        delegate!(self, parser => parser.current())
    }

    fn token_location(&self) -> Location {
        delegate!(self, parser => parser.token_location())
    }

    fn text(&mut self) -> Result<Cow<'_, str>, Refusal> {
        delegate!(self, parser => parser.text())
    }

    fn number(&mut self) -> Result<Number<'_>, Refusal> {
        delegate!(self, parser => parser.number())
    }

    fn out_of_range(&self, kind: &'static str) -> Refusal {
        delegate!(self, parser => parser.out_of_range(kind))
    }

    fn not_numeric(&self) -> Refusal {
        delegate!(self, parser => parser.not_numeric())
    }

    fn boolean(&self) -> bool {
        delegate!(self, parser => parser.boolean())
    }
}
