//! The parser for a request's body, whatever its format.

use http::StatusCode;

use super::{
    cbor::parser::CborParser,
    json::parser::JsonParser,
    media_type::{Format, Negotiated},
    parser::Parser,
    smile::parser::SmileParser,
    yaml::parser::YamlParser,
};
use crate::{
    error::{Error, Exception, Fault},
    rest::RestRequest,
};

/// `None` where the request has neither a body nor a `source`.
///
/// # Errors
/// 406 for a body of unknown type, 400 for a `source` without a type or of an unknown one.
pub fn of_request<'a>(rest: &'a RestRequest, content: &Negotiated) -> Result<Option<Box<dyn Parser + 'a>>, Error> {
    if !rest.body.is_empty() {
        return of(content.body_format()?, &rest.body).map(Some);
    }
    if !rest.parameters.has("source") {
        return Ok(None);
    }
    let (Some(source), Some(media_type)) = (rest.parameters.get("source"), rest.parameters.get("source_content_type"))
    else {
        return Err(invalid("source and source_content_type parameters are required"));
    };
    let subtype = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let name = subtype.strip_prefix("application/").map(|name| name.strip_prefix("vnd.elasticsearch+").unwrap_or(name));
    let Some(format) = name.and_then(Format::by_name) else {
        if !subtype.contains('/') {
            let message = format!("invalid Content-Type header [{media_type}]");
            return Err(Error::bad_request(Exception::illegal_argument(message)));
        }
        return Err(invalid(&format!("Unknown value for source_content_type [{media_type}]")));
    };
    of(format, source.as_bytes()).map(Some)
}

/// A parser over a document in a format.
///
/// # Errors
/// 500, as Elasticsearch has it, for SMILE without a header.
pub fn of(format: Format, bytes: &[u8]) -> Result<Box<dyn Parser + '_>, Error> {
    Ok(match format {
        Format::Json => Box::new(JsonParser::new(bytes)),
        Format::Cbor => Box::new(CborParser::new(bytes)),
        Format::Yaml => Box::new(YamlParser::new(bytes)),
        Format::Smile => Box::new(SmileParser::new(bytes).map_err(|exception| {
            Error::new(StatusCode::INTERNAL_SERVER_ERROR, Fault::Client, exception.clone(), exception)
        })?),
    })
}

fn invalid(reason: &str) -> Error {
    Error::bad_request(Exception::new("validation_exception", format!("Validation Failed: 1: {reason};")))
}
