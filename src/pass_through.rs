//! Everything that is not ours: the same bytes to the cluster and back, streamed both ways.
//!
//! The cluster decides who may: nothing is sent with a credential of mlgate's own, and nothing at all where the cluster
//! does not know the callers.

use std::time::Duration;

use axum::body::Body;
use clap::ValueEnum;
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri, header, request::Parts, uri::Authority};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::{
    config::access::Access,
    error::{Error, Exception, Fault},
    privileges::{ask::Line, detect::Kind, refusal::unavailable},
};

/// Headers that belong to one connection.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers by which a cluster may be told who asks, with what they start with, `-` for `_`: only a client's `Authorization`
/// says that here.
const IDENTITY: [&str; 6] = [
    "es-client-authentication",
    "opendistro-security-",
    "-opendistro-security-",
    "x-proxy-",
    "x-forwarded-",
    "forwarded",
];

/// Last segments of paths that only read, whatever the method.
const READS: [&str; 8] =
    ["_search", "_msearch", "_count", "_mget", "_field_caps", "_explain", "_termvectors", "_validate"];

/// Longest time for a connection to be made.
const CONNECT: Duration = Duration::from_secs(2);
/// Shorter than clusters keep idle connections.
const IDLE: Duration = Duration::from_secs(5);

/// What is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Passing {
    /// Nothing
    Off,
    /// GET and HEAD, and POST to what searches or counts
    ReadOnly,
    /// Everything
    All,
}

/// The way to the cluster for what is not ours.
pub struct PassThrough {
    client: Client<HttpsConnector<HttpConnector>, Body>,
    cluster: Cluster,
    passing: Passing,
    line: Line,
    /// What kind of security the cluster has, once it is known.
    kind: OnceCell<Kind>,
}

#[derive(Debug, Clone)]
struct Cluster {
    scheme: http::uri::Scheme,
    authority: Authority,
}

/// The way to the cluster, where anything is to be passed on.
///
/// # Errors
/// Where the address of the cluster is none.
pub fn pass_through(upstream: Option<&Url>, access: &Access) -> anyhow::Result<Option<PassThrough>> {
    match upstream {
        Some(upstream) if access.passing != Passing::Off => {
            PassThrough::new(upstream, access.passing, access.timeout).map(Some)
        }
        _ => Ok(None),
    }
}

// === impl PassThrough ===

impl PassThrough {
    /// A way to the cluster at `upstream`, an address without a path.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn new(upstream: &Url, passing: Passing, timeout: Duration) -> anyhow::Result<Self> {
        let line = Line::new(upstream.clone(), timeout)?;
        let parts = upstream.as_str().parse::<Uri>()?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            anyhow::bail!("upstream: {upstream} is no address");
        };
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_preserve_header_case(true)
            // What was never begun to be sent is sent on another connection; nothing else is ever sent twice.
            .retry_canceled_requests(true)
            .build(connector);
        Ok(Self { client, cluster: Cluster { scheme, authority }, passing, line, kind: OnceCell::new() })
    }

    /// Passes a request on, and the reply back.
    ///
    /// # Errors
    /// 403 for what is not passed on, 502 where the cluster does not answer, 503 where it is not known to have any security.
    pub async fn forward(&self, head: &Parts, body: Body) -> Result<Response<Body>, Error> {
        if !self.passes(&head.method, head.uri.path()) {
            let what = format!("[{} {}]", head.method, head.uri.path());
            return Err(refused(format!("{what} is not passed on to the cluster: pass_through is read-only")));
        }
        // A cluster that lets everyone in would let everyone past mlgate as well.
        let kind = self.kind.get_or_try_init(|| Kind::of(&self.line)).await.map_err(|_| unavailable())?;
        if *kind == Kind::WithoutSecurity {
            return Err(refused("nothing is passed on to the cluster, as it has no security".to_owned()));
        }
        let reply = self.client.request(self.request(head, body)?).await.map_err(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "the cluster could not be reached");
            Error::store(StatusCode::BAD_GATEWAY, "the cluster could not be reached")
        })?;
        let (mut head, body) = reply.into_parts();
        strip_hop_by_hop(&mut head.headers);
        Ok(Response::from_parts(head, Body::new(body)))
    }

    fn passes(&self, method: &Method, path: &str) -> bool {
        let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        match self.passing {
            Passing::Off => false,
            Passing::ReadOnly => {
                matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
                    || (*method == Method::POST && READS.contains(&last))
            }
            Passing::All => true,
        }
    }

    fn request(&self, head: &Parts, body: Body) -> Result<Request<Body>, Error> {
        let target = head.uri.path_and_query().cloned();
        let mut uri = Uri::builder().scheme(self.cluster.scheme.clone()).authority(self.cluster.authority.clone());
        if let Some(target) = target {
            uri = uri.path_and_query(target);
        }
        let bad = |_| Error::bad_request(Exception::illegal_argument("the request cannot be passed on"));
        let mut request = Request::new(body);
        *request.uri_mut() = uri.build().map_err(bad)?;
        *request.method_mut() = head.method.clone();
        let mut headers = head.headers.clone();
        strip_hop_by_hop(&mut headers);
        headers.remove(header::HOST);
        headers.remove(header::EXPECT);
        let named: Vec<HeaderName> = headers.keys().filter(|name| says_who(name)).cloned().collect();
        for name in named {
            headers.remove(name);
        }
        *request.headers_mut() = headers;
        Ok(request)
    }
}

fn refused(reason: String) -> Error {
    let exception = Exception::new("status_exception", reason);
    Error::new(StatusCode::FORBIDDEN, Fault::Proxy, exception.clone(), exception)
}

fn says_who(name: &HeaderName) -> bool {
    let name = name.as_str().replace('_', "-");
    IDENTITY.iter().any(|identity| name.starts_with(identity))
}

/// Removes what belongs to the connection, and what the other side says belongs to it.
fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderName, Method};

    use super::{PassThrough, Passing, says_who, strip_hop_by_hop};

    #[test]
    fn read_only_reads() {
        let way = PassThrough::new(&"http://127.0.0.1:1".parse().unwrap(), Passing::ReadOnly, Duration::from_secs(1))
            .unwrap();
        for (method, path) in
            [(Method::GET, "/"), (Method::HEAD, "/i"), (Method::POST, "/i/_search"), (Method::POST, "/_msearch/")]
        {
            assert!(way.passes(&method, path), "{method} {path}");
        }
        for (method, path) in [
            (Method::POST, "/i/_doc"),
            (Method::POST, "/_bulk"),
            (Method::DELETE, "/i"),
            (Method::PUT, "/_search"),
            (Method::POST, "/_search/scroll"),
            (Method::POST, "/i/_delete_by_query"),
            (Method::from_bytes(b"SEARCH").unwrap(), "/"),
        ] {
            assert!(!way.passes(&method, path), "{method} {path}");
        }
    }

    #[test]
    fn headers_of_the_connection_and_of_others_identity() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Foo"),
            ("x-foo", "1"),
            ("te", "x"),
            ("upgrade", "y"),
            ("warning", "a"),
            ("warning", "b"),
        ] {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        strip_hop_by_hop(&mut headers);
        assert_eq!(headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["warning", "warning"]);
        for name in ["x-proxy-user", "X_Proxy_Roles", "opendistro_security_impersonate_as", "_opendistro_security_user"]
        {
            assert!(says_who(&name.parse().unwrap()), "{name}");
        }
        assert!(!says_who(&HeaderName::from_static("authorization")));
    }
}
