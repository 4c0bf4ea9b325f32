//! Everything that is not ours: the same bytes to the cluster and back, streamed both ways.
//!
//! The cluster decides who may: nothing is sent with a credential of mlgate's own, and nothing at all where the cluster
//! does not know the callers.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, Response, StatusCode, header, request::Parts};
use tokio::sync::OnceCell;

use crate::{
    error::{Error, Exception, Fault},
    headers::{strip_hop_by_hop, strip_request},
    observe::metrics::Purpose,
    privileges::{ask::Line, detect::Kind, refusal::unavailable},
    root_page::is_root_page,
    upstream::Upstream,
};

/// Which requests go on.
pub mod allowed;

/// What clients of Elasticsearch need on OpenSearch.
mod opensearch;

use allowed::Allowed;

/// The way to the cluster for what is not ours.
pub struct PassThrough {
    upstream: Arc<Upstream>,
    allowed: Allowed,
    line: Line,
    /// What kind of security the cluster has, once it is known.
    kind: OnceCell<Kind>,
    /// Whether clients of Elasticsearch shall take OpenSearch for one.
    for_elastic_clients: bool,
}

// === impl PassThrough ===

impl PassThrough {
    /// A way to the cluster for what is `allowed`; what kind it is may be asked for so long.
    #[must_use]
    pub fn new(upstream: Arc<Upstream>, allowed: Allowed, within: Duration) -> Self {
        let line = Line::new(Arc::clone(&upstream), within);
        Self { upstream, allowed, line, kind: OnceCell::new(), for_elastic_clients: false }
    }

    /// Lets clients of Elasticsearch take OpenSearch for one, or not.
    #[must_use]
    pub fn for_elastic_clients(self, for_elastic_clients: bool) -> Self {
        Self { for_elastic_clients, ..self }
    }

    /// Passes a request on, and the reply back.
    ///
    /// # Errors
    /// 403 for what is not passed on, 502 or 504 where the cluster does not answer, 503 where it is not known to have any
    /// security, 429 where too much is under way.
    pub async fn forward(&self, head: &Parts, body: Body) -> Result<Response<Body>, Error> {
        if !self.allowed.covers(&head.method, head.uri.path()) {
            let what = format!("[{} {}]", head.method, head.uri.path());
            return Err(refused(format!("{what} is not passed on to the cluster: pass_through is {}", self.allowed)));
        }
        // A cluster that lets everyone in would let everyone past mlgate as well.
        let kind = *self.kind.get_or_try_init(|| self.detect()).await?;
        match kind {
            Kind::Elasticsearch | Kind::OpenSearch => {}
            Kind::WithoutSecurity => {
                return Err(refused("nothing is passed on to the cluster, as it has no security".to_owned()));
            }
            Kind::OfCertificate => {
                return Err(refused("nothing is passed on to the cluster, as it takes all callers for one".to_owned()));
            }
        }
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.uri_mut() = head.uri.clone();
        *request.headers_mut() = head.headers.clone();
        strip_request(request.headers_mut());
        let translates = self.for_elastic_clients && kind == Kind::OpenSearch;
        let asked = translates.then(|| opensearch::plain_types(request.headers_mut()));
        let is_root_page = translates && is_root_page(&head.method, head.uri.path());
        if is_root_page {
            // It is read here.
            request.headers_mut().remove(header::ACCEPT_ENCODING);
        }
        let mut reply = self.upstream.pass(request, Purpose::PassThrough).await.inspect_err(|failure| {
            tracing::warn!(error = failure as &dyn std::error::Error, "a request that was passed on was not answered");
        })?;
        strip_hop_by_hop(reply.headers_mut());
        if let Some(asked) = &asked {
            opensearch::as_asked(asked, reply.headers_mut());
        }
        if is_root_page { opensearch::root_page(&head.method, reply).await } else { Ok(reply) }
    }

    async fn detect(&self) -> Result<Kind, Error> {
        Kind::of(&self.line).await.map_err(|_| unavailable())
    }
}

fn refused(reason: String) -> Error {
    let exception = Exception::new("status_exception", reason);
    Error::new(StatusCode::FORBIDDEN, Fault::Proxy, exception.clone(), exception)
}
