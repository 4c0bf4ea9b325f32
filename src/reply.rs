//! From an outcome to the bytes and headers of a response.

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::{
    error::Error,
    rest::Parameters,
    results::{documents::Style, get_buckets::page::Page},
    spool::{Spooled, Spools},
    xcontent::{
        filter_path::FilterPath,
        media_type::{Format, Negotiated},
        render::{Form, render},
    },
};

/// An answer that is no error.
pub enum Reply {
    Buckets(Spooled),
    /// Which methods a path of ours takes.
    Options,
    /// The cluster's own.
    Passed(Box<Response<Body>>),
}

/// How the answer to one request is to be written.
#[derive(Debug)]
pub struct Rendering {
    format: Format,
    content_type: String,
    pretty: bool,
    /// Also write times as text.
    pub human: bool,
    filter: FilterPath,
    error_trace: bool,
    /// The `Warning` of a path that is deprecated.
    pub deprecation: Option<String>,
    opaque_id: Option<HeaderValue>,
}

const ALLOWED: &str = "GET,POST";

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
            error_trace: false,
            deprecation: None,
            opaque_id: headers.get("x-opaque-id").cloned(),
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
        if let Ok(content) = Negotiated::read(headers, parameters.get("format"), false) {
            // What is wrong with the options will be said to those who are known.
            let _ = self.choose(&content, parameters);
        }
    }

    /// Takes the options that every operation has.
    ///
    /// # Errors
    /// 400 for a switch that is neither on nor off.
    pub fn choose(&mut self, content: &Negotiated, parameters: &Parameters) -> Result<(), Error> {
        self.format = content.reply;
        self.content_type.clone_from(&content.reply_type);
        self.filter = FilterPath::parse(parameters.get("filter_path").unwrap_or_default());
        self.pretty = parameters.boolean("pretty")?;
        self.human = parameters.boolean("human")?;
        self.error_trace = parameters.boolean("error_trace").map_err(|error| Error::bare(&error))?;
        Ok(())
    }

    /// An empty page of buckets.
    #[must_use]
    pub fn page(&self, style: Style, spools: &Spools) -> Page {
        Page::new(Form { format: self.format, pretty: self.pretty, filter: self.filter.clone() }, style, spools)
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
            Ok(Reply::Options) => {
                allowing(self.write(method, StatusCode::OK, "text/plain; charset=UTF-8", 0, Body::empty()))
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
