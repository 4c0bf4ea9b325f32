//! Spans of requests for an OpenTelemetry collector, where mlgate was built with the feature `otel`. Each is a child of the
//! client's span. The client's `traceparent` goes on to the cluster as it came, so the cluster's spans are children of it too.

use anyhow::{Context as _, bail};
use elasticsearch::http::Url;

#[cfg(feature = "otel")]
mod otlp;

#[cfg(feature = "otel")]
pub(super) use otlp::{Spans, begin, end, layer};
#[cfg(not(feature = "otel"))]
pub(super) use without::{Spans, begin, end, layer};

/// The address to which spans are sent: of the protocol OTLP over HTTP, with the usual path where none is given.
///
/// # Errors
/// Where it is no such address, or nothing could be sent to it.
pub(super) fn endpoint(text: &str) -> anyhow::Result<Url> {
    if !cfg!(feature = "otel") {
        bail!("this mlgate was built without the feature otel");
    }
    // What is no address may hold a password: it is not shown.
    let mut url: Url = text.parse().context("is no address")?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        bail!(
            "must be http://host:port or https://host:port, without a user; OTEL_EXPORTER_OTLP_HEADERS takes credentials"
        );
    }
    if url.path() == "/" {
        url.set_path("/v1/traces");
    }
    Ok(url)
}

/// What stands in where nothing can be sent.
#[cfg(not(feature = "otel"))]
mod without {
    use elasticsearch::http::Url;
    use http::HeaderMap;
    use tracing::Span;
    use tracing_subscriber::{Layer, Registry};

    use crate::observe::about::About;

    pub enum Spans {}

    impl Spans {
        #[allow(clippy::unused_async, reason = "the other one waits")]
        pub async fn end(self) {
            match self {}
        }
    }

    pub fn layer(_: &Url) -> anyhow::Result<(Box<dyn Layer<Registry> + Send + Sync>, Spans)> {
        anyhow::bail!("otlp_endpoint: this mlgate was built without the feature otel")
    }

    pub fn begin(_: &Span, _: &About, _: &HeaderMap) {}

    pub fn end(_: &Span, _: u16) {}
}
