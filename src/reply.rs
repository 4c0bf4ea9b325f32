//! From an outcome to the bytes and headers of a response.

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body::SizeHint;

use crate::{
    error::Error,
    rest::Parameters,
    results::{
        documents::Style,
        get_buckets::{lines::Lines, page::Page},
        job_id::JobId,
    },
    spool::{Spooled, Spools},
    xcontent::{
        Node,
        filter_path::FilterPath,
        media_type::{Format, Negotiated},
        render::{Form, render},
    },
};

/// An answer that is no error.
pub enum Reply {
    Buckets(Spooled),
    /// One a line.
    Lines(Lines),
    /// A small document.
    Document(Node),
    /// To `OPTIONS`: which methods a path of ours takes, or nothing at all.
    Options {
        ours: bool,
    },
    /// The cluster's own.
    Passed(Box<Response<Body>>),
}

/// How the answer to one request is to be written.
#[allow(clippy::struct_excessive_bools, reason = "each is a switch that a request has")]
#[derive(Debug)]
pub struct Rendering {
    format: Format,
    content_type: String,
    pretty: bool,
    /// Also write times as text.
    pub human: bool,
    filter: FilterPath,
    /// Whether buckets are wanted one a line.
    pub lines: bool,
    error_trace: bool,
    /// The `Warning` of a path that is deprecated.
    pub deprecation: Option<String>,
    opaque_id: Option<HeaderValue>,
}

const OPAQUE_ID: HeaderName = HeaderName::from_static("x-opaque-id");

const ALLOWED: &str = "GET,POST";

/// The type of a reply of lines.
const LINES: &str = "application/x-ndjson";

// === impl Rendering ===

impl Rendering {
    /// What is known from the headers alone: compact JSON.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let json = Negotiated::json();
        Self {
            format: json.reply,
            content_type: json.reply_type,
            pretty: false,
            human: false,
            filter: FilterPath::default(),
            lines: false,
            error_trace: false,
            deprecation: None,
            opaque_id: headers.get(&OPAQUE_ID).cloned(),
        }
    }

    /// The document and the headers of an error, for who writes replies without hyper.
    #[must_use]
    pub fn in_bytes(&self, error: &Error) -> (Vec<u8>, HeaderMap) {
        let document = error.document(self.error_trace);
        let body = render(self.format, self.pretty, &FilterPath::default(), |sink| document.write(sink));
        let headers = self.headers(&self.content_type, body.len() as u64);
        (body, headers)
    }

    /// Takes what can be told before the request is understood, and its body is read: the form of answers to callers who
    /// are not known.
    pub fn foresee(&mut self, headers: &HeaderMap, parameters: &Result<Parameters, Error>) {
        let Ok(parameters) = parameters else { return };
        // What is wrong with the options will be said to those who are known.
        let _ = self.negotiate(headers, parameters, false);
    }

    /// Reads what comes in and what goes out. Headers that are refused have no say in how that looks.
    ///
    /// # Errors
    /// 400 for a media type or a switch that is none.
    pub fn negotiate(
        &mut self,
        headers: &HeaderMap,
        parameters: &Parameters,
        has_body: bool,
    ) -> Result<Negotiated, Error> {
        let read = Negotiated::read(headers, parameters.get("format"), has_body);
        let content = read.as_ref().unwrap_or_else(|refused| &refused.said);
        self.choose(content, parameters).inspect_err(|_| {
            // A switch that is none: the refusal is written as if there were no options at all.
            if let (Err(_), Ok(plain)) = (parameters.switches(), Negotiated::read(headers, None, has_body)) {
                (self.format, self.content_type) = (plain.reply, plain.reply_type);
                (self.pretty, self.human) = (false, false);
            }
        })?;
        read.map_err(|refused| refused.error)
    }

    /// Whether `OPTIONS` may be answered.
    ///
    /// # Errors
    /// 400 with a body, and what [`Rendering::negotiate`] refuses; a body of one byte is seen later than others.
    pub fn options(&mut self, headers: &HeaderMap, parameters: &Parameters, body: &SizeHint) -> Result<(), Error> {
        let bytes = body.exact().unwrap_or(u64::MAX);
        let understood = self.negotiate(headers, parameters, bytes == 1);
        if bytes <= 1 {
            understood?;
        }
        if bytes == 0 { Ok(()) } else { Err(Error::options_with_body()) }
    }

    /// Takes the options that every operation has.
    fn choose(&mut self, content: &Negotiated, parameters: &Parameters) -> Result<(), Error> {
        self.format = content.reply;
        self.content_type.clone_from(&content.reply_type);
        self.filter = FilterPath::parse(parameters.get("filter_path").unwrap_or_default());
        (self.pretty, self.human) = parameters.switches()?;
        self.error_trace = parameters.boolean("error_trace").map_err(|error| Error::bare(&error))?;
        let filters = parameters.get("filter_path").is_some_and(|paths| !paths.is_empty());
        // Neither has a meaning for lines: such a request is one for a document, as it is on Elastic's server.
        self.lines = content.lines && !self.pretty && !filters;
        Ok(())
    }

    /// An empty page of a job's buckets.
    #[must_use]
    pub fn page(&self, style: Style, job: &JobId, spools: &Spools) -> Page {
        Page::new(job, Form { format: self.format, pretty: self.pretty, filter: self.filter.clone() }, style, spools)
    }

    /// Writes the response.
    #[must_use]
    pub fn respond(&self, method: &Method, outcome: Result<Reply, Error>) -> Response<Body> {
        match outcome {
            Ok(Reply::Passed(response)) => *response,
            Ok(Reply::Buckets(buckets)) => {
                let length = buckets.len();
                self.write(method, StatusCode::OK, &self.content_type, length, Body::new(buckets))
            }
            Ok(Reply::Lines(lines)) => {
                let mut headers = self.headers(LINES, 0);
                headers.remove(header::CONTENT_LENGTH);
                let mut response = Response::new(lines.into_body());
                *response.headers_mut() = headers;
                response
            }
            Ok(Reply::Document(document)) => {
                let body = render(self.format, self.pretty, &self.filter, |sink| document.write(sink));
                self.write(method, StatusCode::OK, &self.content_type, body.len() as u64, Body::from(body))
            }
            Ok(Reply::Options { ours }) => {
                let response = self.write(method, StatusCode::OK, "text/plain; charset=UTF-8", 0, Body::empty());
                if ours { allowing(response) } else { response }
            }
            Err(error) => {
                // Errors are never filtered.
                let document = error.document(self.error_trace);
                let body = render(self.format, self.pretty, &FilterPath::default(), |sink| document.write(sink));
                let mut response =
                    self.write(method, error.status, &self.content_type, body.len() as u64, Body::from(body));
                for (name, value) in error.headers() {
                    response.headers_mut().append(name, value.clone());
                }
                if error.status == StatusCode::METHOD_NOT_ALLOWED { allowing(response) } else { response }
            }
        }
    }

    fn write(
        &self,
        method: &Method,
        status: StatusCode,
        content_type: &str,
        length: u64,
        body: Body,
    ) -> Response<Body> {
        let headers = self.headers(content_type, length);
        let mut response = Response::new(if method == Method::HEAD { Body::empty() } else { body });
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    fn headers(&self, content_type: &str, length: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-elastic-product", HeaderValue::from_static("Elasticsearch"));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        if let Ok(value) = HeaderValue::from_str(content_type) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        if let Some(opaque_id) = &self.opaque_id {
            headers.insert("x-opaque-id", opaque_id.clone());
        }
        if let Some(Ok(warning)) = self.deprecation.as_deref().map(HeaderValue::from_str) {
            headers.insert(header::WARNING, warning);
        }
        headers
    }
}

/// Says which methods our paths take.
fn allowing(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(ALLOWED));
    response
}
