//! One error for the whole program, shaped as Elasticsearch shapes it.
//!
//! An `Error` knows its HTTP status, whose fault it is, and the chain of exceptions that Elasticsearch would have shown.
//! `Error::document` is the only place that turns it into a reply.

use std::{borrow::Cow, fmt};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use crate::{rest::decode, results::job_id::InvalidJobId, xcontent::Node};

/// What went wrong, as a client of Elasticsearch would be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// HTTP status of the reply.
    pub status: StatusCode,
    /// Whose fault it is.
    pub fault: Fault,
    /// Boxed, as the body is: results are passed around by value, errors are rare.
    headers: Option<Box<HeaderMap>>,
    body: Box<Body>,
}

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request is wrong; it will fail again.
    Client,
    /// The store or the cluster failed.
    Cluster,
    /// mlgate failed.
    Proxy,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    /// An exception with its causes.
    Exception { root_cause: Vec<Exception>, exception: Exception },
    /// A whole document: what a cluster answered, or one of the few errors that have a form of their own.
    Document(Node),
}

/// One exception of a chain: the fields of an object in Elasticsearch's error documents.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Exception {
    /// `type`, in snake case.
    pub kind: Cow<'static, str>,
    /// `reason`; `null` where an exception has no message.
    pub reason: Option<String>,
    /// Further fields, which stand behind `reason`.
    pub metadata: Vec<(Cow<'static, str>, Node)>,
    pub caused_by: Option<Box<Exception>>,
    /// What else went wrong.
    pub suppressed: Option<Box<Exception>>,
}

// === impl Exception ===

impl Exception {
    /// An exception without cause.
    pub fn new(kind: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Self {
        Self { kind: kind.into(), reason: Some(reason.into()), ..Self::default() }
    }

    /// `illegal_argument_exception`.
    pub fn illegal_argument(reason: impl Into<String>) -> Self {
        Self::new("illegal_argument_exception", reason)
    }

    /// Adds a field behind `reason`.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Node>) -> Self {
        self.metadata.push((name.into(), value.into()));
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn caused_by(mut self, cause: Exception) -> Self {
        self.caused_by = Some(Box::new(cause));
        self
    }

    /// The exceptions of the chain, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &Exception> {
        std::iter::successors(Some(self), |exception| exception.caused_by.as_deref())
    }

    /// This exception as an object, causes included.
    #[must_use]
    pub fn node(&self) -> Node {
        self.traced(false)
    }

    fn traced(&self, trace: bool) -> Node {
        let mut fields = self.own_fields(trace);
        if let Some(cause) = &self.caused_by {
            fields.push(("caused_by".into(), cause.traced(trace)));
        }
        if let Some(other) = &self.suppressed {
            fields.push(("suppressed".into(), Node::Array(vec![other.traced(trace)])));
        }
        Node::Object(fields)
    }

    fn own_fields(&self, trace: bool) -> Vec<(Cow<'static, str>, Node)> {
        let reason = self.reason.clone().map_or(Node::Null, Node::from);
        let mut fields = vec![("type".into(), Node::String(self.kind.clone())), ("reason".into(), reason)];
        fields.extend(self.metadata.iter().cloned());
        if trace {
            // There is no Java stack to show: the chain of exceptions is what is known.
            let lines: Vec<_> =
                self.chain().map(|e| format!("{}: {}", e.kind, e.reason.as_deref().unwrap_or("null"))).collect();
            fields.push(("stack_trace".into(), lines.join("\nCaused by: ").into()));
        }
        fields
    }
}

// === impl Error ===

impl Error {
    /// A fault of the client with the given root cause and outermost exception.
    #[must_use]
    pub fn new(status: StatusCode, fault: Fault, root_cause: Exception, exception: Exception) -> Self {
        Self::with_root_causes(status, fault, vec![root_cause], exception)
    }

    /// An error with several root causes, one for each group of failed shards.
    #[must_use]
    pub fn with_root_causes(
        status: StatusCode,
        fault: Fault,
        root_cause: Vec<Exception>,
        exception: Exception,
    ) -> Self {
        Self { status, fault, headers: None, body: Box::new(Body::Exception { root_cause, exception }) }
    }

    /// 400 whose root cause is found in the exception's chain as Elasticsearch finds it: the innermost
    /// `x_content_parse_exception` where the outermost is one, else the outermost.
    #[must_use]
    pub fn bad_request(exception: Exception) -> Self {
        let root = Self::root_cause_of(&exception);
        Self::new(StatusCode::BAD_REQUEST, Fault::Client, root, exception)
    }

    /// 400 for `OPTIONS` with a body.
    #[must_use]
    pub fn options_with_body() -> Self {
        let reason = "OPTIONS requests with a payload body are not supported";
        Self::bad_request(Exception::new("status_exception", reason))
    }

    /// 404 `resource_not_found_exception`.
    pub fn not_found(reason: impl Into<String>) -> Self {
        let exception = Exception::new("resource_not_found_exception", reason);
        Self::new(StatusCode::NOT_FOUND, Fault::Client, exception.clone(), exception)
    }

    /// A reply that a cluster, or mlgate in a form of its own, already has.
    #[must_use]
    pub fn document_as_is(status: StatusCode, fault: Fault, document: Node) -> Self {
        Self { status, fault, headers: None, body: Box::new(Body::Document(document)) }
    }

    /// The store failed in a way that Elasticsearch has no exception for.
    pub fn store(status: StatusCode, reason: impl Into<String>) -> Self {
        let exception = Exception::new("status_exception", reason);
        Self::new(status, Fault::Cluster, exception.clone(), exception)
    }

    /// Adds a header to the reply.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.get_or_insert_default().append(name, value);
        self
    }

    /// The headers that this error's reply has and others have not.
    pub fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.headers.iter().flat_map(|headers| headers.iter())
    }

    /// The outermost exception's reason, where there is an exception.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match &*self.body {
            Body::Exception { exception, .. } => exception.reason.as_deref(),
            Body::Document(document) => match document.get("error")?.get("reason")? {
                Node::String(reason) => Some(reason),
                _ => None,
            },
        }
    }

    /// 400 for an escape in the path that is none.
    #[must_use]
    pub fn bad_escape(path: &str) -> Self {
        let message = decode(path, false).err().unwrap_or_default();
        Self::bad_request(Exception::illegal_argument(message))
    }

    /// 400 for what cannot be the id of a job.
    #[must_use]
    pub fn invalid_job_id(reason: &InvalidJobId) -> Self {
        Self::bad_request(Exception::illegal_argument(reason.to_string()))
    }

    /// 405 on a path of ours.
    #[must_use]
    pub fn wrong_method(method: &Method, uri: &Uri) -> Self {
        let message = format!("Incorrect HTTP method for uri [{uri}] and method [{method}], allowed: [GET, POST]");
        let document = vec![("error".into(), Node::from(message)), ("status".into(), Node::Long(405))];
        Self::document_as_is(StatusCode::METHOD_NOT_ALLOWED, Fault::Client, Node::Object(document))
    }

    /// 400 for a path that nothing answers, or that cannot be read.
    #[must_use]
    pub fn no_handler(method: &Method, uri: &Uri) -> Self {
        if decode(uri.path(), false).is_err() {
            return Self::bad_escape(uri.path());
        }
        let message = format!("no handler found for uri [{uri}] and method [{method}]");
        Self::document_as_is(
            StatusCode::BAD_REQUEST,
            Fault::Client,
            Node::Object(vec![("error".into(), message.into())]),
        )
    }

    /// The message of an error alone, as the REST layer itself answers.
    #[must_use]
    pub fn bare(error: &Self) -> Self {
        let Body::Exception { exception, .. } = &*error.body else { return error.clone() };
        let message = exception.reason.clone().map_or(Node::Null, Node::from);
        let status = Node::Long(i64::from(error.status.as_u16()));
        let document = Node::Object(vec![("error".into(), message), ("status".into(), status)]);
        Self::document_as_is(error.status, error.fault, document)
    }

    /// 503 for a request that took too long.
    #[must_use]
    pub fn took_too_long() -> Self {
        Self::store(StatusCode::SERVICE_UNAVAILABLE, "the request took too long")
    }

    /// 503 for a reply that has no room.
    #[must_use]
    pub fn cannot_keep() -> Self {
        Self::store(StatusCode::SERVICE_UNAVAILABLE, "there is no room to keep the reply until it is sent")
    }

    /// 413.
    #[must_use]
    pub fn body_too_large(most: usize) -> Self {
        let exception = Exception::new(
            "too_long_http_content_exception",
            format!("entity content is too long, more than [{most}] bytes"),
        );
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Fault::Client, exception.clone(), exception)
    }

    fn root_cause_of(exception: &Exception) -> Exception {
        const PARSE: [&str; 2] = ["x_content_parse_exception", "x_content_e_o_f_exception"];
        let innermost = exception.chain().take_while(|e| PARSE.contains(&&*e.kind)).last().unwrap_or(exception);
        Exception { caused_by: None, suppressed: None, ..innermost.clone() }
    }

    /// The error document: `{"error":{"root_cause":[…],…},"status":…}`, with a `stack_trace` in each exception where asked for.
    #[must_use]
    pub fn document(&self, trace: bool) -> Node {
        match &*self.body {
            Body::Document(node) => node.clone(),
            Body::Exception { root_cause, exception } => {
                let roots = root_cause.iter().map(|root| Node::Object(root.own_fields(trace))).collect();
                let mut error = vec![("root_cause".into(), Node::Array(roots))];
                if let Node::Object(fields) = exception.traced(trace) {
                    error.extend(fields);
                }
                Node::Object(vec![
                    ("error".into(), Node::Object(error)),
                    ("status".into(), Node::Long(i64::from(self.status.as_u16()))),
                ])
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.body {
            Body::Exception { exception, .. } => {
                write!(f, "{}: {}", exception.kind, exception.reason.as_deref().unwrap_or("null"))
            }
            Body::Document(_) => write!(f, "the store answered {}", self.status),
        }
    }
}

impl std::error::Error for Error {}
