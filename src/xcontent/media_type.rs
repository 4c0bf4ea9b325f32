//! Which format a body has and which one the reply gets, as Elasticsearch negotiates them.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

use crate::{
    error::{Error, Exception, Fault},
    xcontent::{Node, encoding::to_utf8},
};

/// The newest and oldest versions of the API that a media type may ask for. Elasticsearch 8 accepts 7 and 8; 9 is accepted
/// here as well, because clients of version 9 are served.
const VERSIONS: std::ops::RangeInclusive<u8> = 7..=9;

/// The version that is meant where none is asked for.
const CURRENT: u8 = 8;

/// How Elastic's own media types start.
const VENDOR: &str = "application/vnd.elasticsearch+";

/// A format of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Yaml,
    Cbor,
    Smile,
}

/// A media type as a header spells it, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MediaType {
    /// As sent.
    header: String,
    essence: String,
    parameters: Vec<(String, String)>,
}

/// What the headers and the parameter `format` say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// The format of the body, where its media type is known.
    pub body: Option<Format>,
    /// The format of the reply.
    pub reply: Format,
    /// The `content-type` of the reply.
    pub reply_type: String,
    /// Whether the results shall come one a line; errors are documents all the same.
    pub lines: bool,
    /// The header `Content-Type` as sent.
    pub sent_type: Option<String>,
}

/// Headers that say nothing that can be served.
#[derive(Debug)]
pub struct Refused {
    pub error: Error,
    /// What the others say.
    pub said: Negotiated,
}

// === impl Format ===

impl Format {
    /// By the name that the parameter `format` uses, or a short media type.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            "cbor" => Self::Cbor,
            "smile" => Self::Smile,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Cbor => "cbor",
            Self::Smile => "smile",
        }
    }

    fn default_type(self) -> String {
        format!("application/{}", self.name())
    }
}

// === impl MediaType ===

impl MediaType {
    /// `None` for a list or a range over everything, which say nothing.
    fn parse(header: &str) -> Result<Option<Self>, String> {
        if header.trim().is_empty() {
            return Err("cannot be empty".into());
        }
        if header.contains(',') || header.trim() == "*/*" {
            return Ok(None);
        }
        let lower = header.to_ascii_lowercase();
        let mut elements = lower.split(';');
        let essence = elements.next().unwrap_or_default().trim();
        let token = |text: &str| {
            !text.is_empty() && text.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c))
        };
        if !essence.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype)) {
            return Err(format!("invalid media-type [{header}]"));
        }
        let mut parameters = Vec::new();
        for element in elements.map(str::trim).filter(|element| !element.is_empty()) {
            let pair = element
                .split_once('=')
                .filter(|(name, value)| !format!("{name}{value}").contains([' ', '=']) && !value.is_empty());
            let Some((name, value)) = pair else {
                return Err(format!("invalid parameters for header [{header}]"));
            };
            parameters.push((name.to_owned(), value.to_owned()));
        }
        Ok(Some(Self { header: header.to_owned(), essence: essence.to_owned(), parameters }))
    }

    fn format(&self) -> Option<Format> {
        let subtype = self.essence.strip_prefix("application/")?;
        let subtype = subtype.strip_prefix("vnd.elasticsearch+").unwrap_or(subtype);
        let json = subtype == "x-ndjson" || self.essence == "application/*";
        if json { Some(Format::Json) } else { Format::by_name(subtype) }
    }

    /// `application/json`, or the same as a type of Elastic's.
    fn essence_of(&self, format: Format) -> String {
        let vendor = if self.essence.starts_with(VENDOR) { VENDOR } else { "application/" };
        format!("{vendor}{}", format.name())
    }

    /// The parameters as they follow the type, by name.
    fn suffix(&self) -> String {
        let mut parameters: Vec<_> = self.parameters.iter().map(|(name, value)| format!(";{name}={value}")).collect();
        parameters.sort();
        parameters.concat()
    }

    /// The version that a vendor media type asks for.
    fn version(&self) -> Option<u8> {
        if !self.essence.starts_with(VENDOR) {
            return None;
        }
        let (_, version) = self.parameters.iter().find(|(name, _)| name == "compatible-with")?;
        version.parse().ok()
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.header)
    }
}

// === impl Negotiated ===

impl Negotiated {
    /// JSON both ways: for what is refused before anything is known.
    #[must_use]
    pub fn json() -> Self {
        Self { body: None, reply: Format::Json, reply_type: Format::Json.default_type(), lines: false, sent_type: None }
    }

    /// Reads `Accept`, `Content-Type` and the parameter `format`.
    ///
    /// # Errors
    /// 400 `media_type_header_exception` for a header that is none, or for versions that do not go together. Headers that are
    /// refused have no say in how that looks; what is wrong with the others is told beside it.
    pub fn read(headers: &HeaderMap, format: Option<&str>, has_body: bool) -> Result<Self, Box<Refused>> {
        let accept = header_media_type(headers, &header::ACCEPT, "Accept");
        let content_type = header_media_type(headers, &header::CONTENT_TYPE, "Content-Type");
        let refused = match (&accept, &content_type) {
            (Err(first), Err(second)) => Some((first.clone(), Some(second.clone()))),
            (Err(first), _) | (_, Err(first)) => Some((first.clone(), None)),
            (Ok(_), Ok(_)) => None,
        };
        let (accept, content_type) = (accept.ok().flatten(), content_type.ok().flatten());
        let versions = check_versions(accept.as_ref(), content_type.as_ref(), has_body);
        let said = if versions.is_ok() {
            Self::of(accept.as_ref(), content_type.as_ref(), headers, format)
        } else {
            Self::of(None, None, headers, format)
        };
        let (mut exception, other) = match (refused, versions) {
            (None, Ok(())) => return Ok(said),
            (None, Err(versions)) => (versions, None),
            (Some((exception, other)), versions) => (exception, other.or(versions.err())),
        };
        exception.suppressed = other.map(Box::new);
        Err(Box::new(Refused { error: Error::bad_request(exception), said }))
    }

    fn of(
        accept: Option<&MediaType>,
        content_type: Option<&MediaType>,
        headers: &HeaderMap,
        format: Option<&str>,
    ) -> Self {
        let sent_type =
            headers.get(header::CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let body = content_type.and_then(MediaType::format);
        let chosen = format.and_then(Format::by_name);
        let (reply, reply_type) = match (accept.and_then(|accept| Some((accept, accept.format()?))), chosen) {
            // A format that is named takes the place of the accepted one, and keeps its parameters.
            (Some((accept, _)), Some(format)) => (format, format!("{}{}", format.default_type(), accept.suffix())),
            (Some((accept, format)), None) => (format, format!("{}{}", accept.essence_of(format), accept.suffix())),
            (None, Some(format)) => (format, format.default_type()),
            (None, None) => match content_type.and_then(|sent| Some((sent, sent.format()?))) {
                Some((sent, format)) => (format, sent.essence_of(format)),
                None => (Format::Json, Format::Json.default_type()),
            },
        };
        let lines = chosen.is_none() && accept.is_some_and(|accept| accept.essence == "application/x-ndjson");
        Self { body, reply, reply_type, lines, sent_type }
    }

    /// A body as the parsers read it.
    #[must_use]
    pub fn in_utf8(&self, body: Bytes) -> Bytes {
        match self.body {
            Some(Format::Json) => match to_utf8(&body) {
                Cow::Owned(text) => text.into(),
                Cow::Borrowed(_) => body,
            },
            _ => body,
        }
    }

    /// The format of a body that is there.
    ///
    /// # Errors
    /// 406 in a form of its own, where it is not known.
    pub fn body_format(&self) -> Result<Format, Error> {
        self.body.ok_or_else(|| {
            let message = match self.sent_type.as_deref().map(str::trim) {
                None => "Content-Type header [] is not supported".to_owned(),
                Some(sent) => format!("Content-Type header [{sent}] is not supported"),
            };
            let document = vec![("error".into(), Node::from(message)), ("status".into(), Node::Long(406))];
            Error::document_as_is(StatusCode::NOT_ACCEPTABLE, Fault::Client, Node::Object(document))
        })
    }
}

fn header_media_type(
    headers: &HeaderMap,
    name: &header::HeaderName,
    shown: &str,
) -> Result<Option<MediaType>, Exception> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let parsed = if values.next().is_some() {
        Err(format!("Incorrect header [{shown}]. Only one value should be provided"))
    } else {
        MediaType::parse(&String::from_utf8_lossy(value.as_bytes())).map_err(|message| {
            if message == "cannot be empty" { format!("Header [{shown}] {message}.") } else { message }
        })
    };
    parsed.map_err(|message| media_type_error(shown, Exception::illegal_argument(message)))
}

fn media_type_error(headers: &str, cause: Exception) -> Exception {
    let message = format!("Invalid media-type value on headers [{headers}]");
    Exception::new("media_type_header_exception", message).caused_by(cause)
}

fn check_versions(
    accept: Option<&MediaType>,
    content_type: Option<&MediaType>,
    has_body: bool,
) -> Result<(), Exception> {
    let refuse =
        |message: String| Err(media_type_error("Accept, Content-Type", Exception::new("status_exception", message)));
    let shown = |media_type: Option<&MediaType>| media_type.map_or_else(|| "null".to_owned(), MediaType::to_string);
    let (accepted, sent) = (accept.and_then(MediaType::version), content_type.and_then(MediaType::version));
    if let Some(version) = accepted.filter(|version| !VERSIONS.contains(version)) {
        return refuse(format!(
            "Accept version must be either version 8 or 7, but found {version}. Accept={}",
            shown(accept)
        ));
    }
    if !has_body {
        return Ok(());
    }
    if let Some(version) = sent.filter(|version| !VERSIONS.contains(version)) {
        let shown = shown(content_type);
        return refuse(format!(
            "Content-Type version must be either version 8 or 7, but found {version}. Content-Type={shown}"
        ));
    }
    let required = "A compatible version is required on both Content-Type and Accept headers if either one has requested a compatible version";
    let both = format!("Accept={}, Content-Type={}", shown(accept), shown(content_type));
    match (accepted, sent) {
        // A header without a version counts as the current one.
        (a, b) if a.unwrap_or(CURRENT) != b.unwrap_or(CURRENT) => {
            refuse(format!("{required} and the compatible versions must match. {both}"))
        }
        (Some(_), None) | (None, Some(_)) => refuse(format!("{required}. {both}")),
        _ => Ok(()),
    }
}
