//! HTTP to the authority: fixed paths only, no redirect followed, no proxy of the environment, everything bounded.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode, header};
use reqwest::{Client, Url, redirect};
use serde_json::Value;

use super::authority::NoVerdict;

/// Largest answer, in bytes: roles and their texts.
const LARGEST_ANSWER: usize = 4 << 20;

/// A line to the cluster for questions about callers.
#[derive(Debug, Clone)]
pub struct Line {
    client: Client,
    base: Url,
}

/// An answer of any status.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

// === impl Line ===

impl Line {
    /// A line to the cluster at `base`; each question may take `timeout` as a whole.
    ///
    /// # Errors
    /// Where no client can be made.
    pub fn new(base: Url, timeout: Duration) -> anyhow::Result<Self> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .connect_timeout(timeout.min(Duration::from_secs(2)))
            .pool_idle_timeout(Duration::from_secs(5))
            .build()?;
        Ok(Self { client, base })
    }

    /// The path of the address that this line was made with.
    #[must_use]
    pub fn path(&self) -> &str {
        self.base.path()
    }

    /// Sends a question. `path` is a constant of the program, never a client's.
    ///
    /// # Errors
    /// [`NoVerdict::Unavailable`] where no whole answer comes in time.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Option<&Value>,
    ) -> Result<Answer, NoVerdict> {
        let failed = |error: reqwest::Error| {
            let error = error.without_url();
            tracing::warn!(path, error = &error as &dyn std::error::Error, "the authority could not be asked");
            NoVerdict::Unavailable
        };
        let mut url = self.base.clone();
        url.set_path(path);
        let mut request = self.client.request(method, url).headers(headers);
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let mut response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                tracing::warn!(path, "the authority's answer is too large");
                return Err(NoVerdict::Unavailable);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body: body.freeze() })
    }
}

// === impl Answer ===

impl Answer {
    /// The answer as JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Says that this answer is none, and that nobody may.
    #[must_use]
    pub fn nonsense(&self, path: &str) -> NoVerdict {
        tracing::warn!(path, status = self.status.as_u16(), "the authority's answer is not understood");
        NoVerdict::Unavailable
    }
}
