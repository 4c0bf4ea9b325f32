//! What the admin listener answers.

use std::sync::Arc;

use axum::{body::Body, extract::State};
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::json;

use super::Admin;
use crate::observe::metrics;

/// The process is alive, whatever the rest of the world does.
pub(super) async fn health() -> Response<Body> {
    json(StatusCode::OK, &json!({ "status": "alive" }))
}

/// Requests can be answered.
pub(super) async fn ready(State(admin): State<Arc<Admin>>) -> Response<Body> {
    match admin.readiness.ready().await {
        Ok(()) => json(StatusCode::OK, &json!({ "status": "ready" })),
        Err(why) => json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "not ready", "why": why })),
    }
}

pub(super) async fn metrics() -> Response<Body> {
    answer(StatusCode::OK, metrics::MEDIA_TYPE, metrics::text())
}

/// The last decisions, the oldest first.
pub(super) async fn decisions(State(admin): State<Arc<Admin>>) -> Response<Body> {
    #[derive(Serialize)]
    struct All {
        decisions: Vec<Box<serde_json::value::RawValue>>,
    }
    json(StatusCode::OK, &All { decisions: admin.decisions.all() })
}

/// The settings in effect.
pub(super) async fn config(State(admin): State<Arc<Admin>>) -> Response<Body> {
    json(StatusCode::OK, &(admin.settings)())
}

pub(super) async fn index() -> Response<Body> {
    json(StatusCode::NOT_FOUND, &json!({ "endpoints": ["/health", "/ready", "/metrics", "/decisions", "/config"] }))
}

pub(super) fn json(status: StatusCode, document: &impl Serialize) -> Response<Body> {
    answer(status, "application/json", serde_json::to_string_pretty(document).unwrap_or_default() + "\n")
}

fn answer(status: StatusCode, media_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
