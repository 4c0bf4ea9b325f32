//! Sends spans to a collector: OTLP over HTTP, with the client that everything else here uses.

use std::{pin::Pin, time::Duration};

use http::{HeaderMap, Request, Response};
use opentelemetry::{
    KeyValue,
    propagation::TextMapPropagator as _,
    trace::{Status, TracerProvider as _},
};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use reqwest::{Client, Url, redirect};
use tokio::runtime::Handle;
use tracing::{Span, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, Registry, filter::Targets};

use crate::observe::about::About;

/// Longest time for one delivery.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Spans on their way to the collector.
pub struct Spans(SdkTracerProvider);

/// A client on the runtime of the program: the exporter has a thread of its own, without one.
#[derive(Debug)]
struct OnRuntime {
    client: Client,
    runtime: Handle,
}

/// The layer that makes spans, and what sends them to `endpoint`. Needs a runtime.
///
/// # Errors
/// Where no client can be made.
pub fn layer(endpoint: &Url) -> anyhow::Result<(Box<dyn Layer<Registry> + Send + Sync>, Spans)> {
    let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(TIMEOUT).build()?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(OnRuntime { client, runtime: Handle::current() })
        .with_endpoint(endpoint.as_str())
        .with_timeout(TIMEOUT)
        .build()?;
    let resource = Resource::builder()
        .with_service_name("mlgate")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("mlgate"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        // Lines of the log are no part of a span: they are not made for a collector.
        .with_filter(Targets::new().with_target("mlgate::request", LevelFilter::ERROR));
    Ok((layer.boxed(), Spans(provider)))
}

/// Makes the span a child of the client's, and says what is known when a request begins.
pub fn begin(span: &Span, about: &About, headers: &HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    // Fails where the span is not made, as nothing is sent.
    let _ = span.set_parent(parent);
    span.set_attribute("otel.name", format!("{} {}", about.method, about.route));
    span.set_attribute("otel.kind", "server");
    span.set_attribute("http.request.method", about.method);
    span.set_attribute("http.route", about.route);
    if let Some(job) = &about.job {
        span.set_attribute("mlgate.job", job.clone());
    }
}

/// Says what came of it.
pub fn end(span: &Span, status: u16) {
    if status != 0 {
        span.set_attribute("http.response.status_code", i64::from(status));
    }
    if status == 0 || status >= 500 {
        span.set_status(Status::error(""));
    }
}

// === impl Spans ===

impl Spans {
    /// Sends what is left.
    pub async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(TIMEOUT)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last spans could not be sent");
        }
    }
}

// === impl OnRuntime ===

impl HttpClient for OnRuntime {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move {
            let answer = client.execute(request.try_into()?).await?;
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                headers.clone_from(answer.headers());
            }
            Ok::<_, HttpError>(response.body(answer.bytes().await?)?)
        });
        Box::pin(async move { sending.await? })
    }
}
