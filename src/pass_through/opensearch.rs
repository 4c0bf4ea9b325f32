//! OpenSearch for official clients of Elasticsearch: they send media types that it refuses, want replies that say they are
//! Elasticsearch's, and look at `GET /` for a version that they know.

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Value, json};

use crate::{error::Error, root_page::TAGLINE};

/// How Elastic's own media types start.
const VENDOR: &str = "application/vnd.elasticsearch+";

/// The parameter with the version that a client asks for.
const COMPATIBLE: &str = "compatible-with";

/// What OpenSearch calls itself where it is told to please these clients.
const VERSION: &str = "7.10.2";

/// Largest `GET /` that is read.
const LARGEST: usize = 64 << 10;

/// What a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The version in the media type that it accepts.
    version: Option<String>,
}

/// Says the same with media types that every cluster knows.
pub fn plain_types(headers: &mut HeaderMap) -> Asked {
    let version = plain(headers, &header::ACCEPT);
    plain(headers, &header::CONTENT_TYPE);
    Asked { version }
}

/// Says that a reply is Elasticsearch's, in the type that was asked for.
pub fn as_asked(asked: &Asked, headers: &mut HeaderMap) {
    headers.entry("x-elastic-product").or_insert(HeaderValue::from_static("Elasticsearch"));
    let Some(version) = &asked.version else { return };
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let format = sent.and_then(|sent| sent.split(';').next()?.trim().strip_prefix("application/"));
    let Some(format) = format else { return };
    if let Ok(value) = HeaderValue::from_str(&format!("{VENDOR}{format};{COMPATIBLE}={version}")) {
        headers.insert(header::CONTENT_TYPE, value);
    }
}

/// `GET /` as clients of Elasticsearch take it: the version by which it is compatible, and it still says what it
/// is. What is no such page stays as it is.
///
/// # Errors
/// 502 for a page that does not come whole.
pub async fn root_page(method: &Method, reply: Response<Body>) -> Result<Response<Body>, Error> {
    if reply.status() != StatusCode::OK {
        return Ok(reply);
    }
    let (mut head, body) = reply.into_parts();
    if method == Method::HEAD {
        // The page has another length now.
        head.headers.remove(header::CONTENT_LENGTH);
        return Ok(Response::from_parts(head, body));
    }
    let page = Limited::new(body, LARGEST).collect().await;
    let page = page.map_err(|_| Error::store(StatusCode::BAD_GATEWAY, "the cluster broke off its page"))?.to_bytes();
    let body = match serde_json::from_slice::<Value>(&page) {
        Ok(mut document) if document.pointer("/version/number").is_some() => {
            document["version"]["number"] = json!(VERSION);
            document["version"]["build_flavor"] = json!("default");
            document["tagline"] = json!(TAGLINE);
            document.to_string()
        }
        _ => return Ok(Response::from_parts(head, Body::from(page))),
    };
    head.headers.insert(header::CONTENT_LENGTH, body.len().into());
    Ok(Response::from_parts(head, Body::from(body)))
}

/// Rewrites one header; the version that the first of Elastic's types in it asks for.
fn plain(headers: &mut HeaderMap, name: &HeaderName) -> Option<String> {
    let mut version = None;
    for value in headers.get_all(name).iter().map(HeaderValue::to_str).collect::<Result<Vec<_>, _>>().ok()? {
        version = version.or_else(|| value.split(',').find_map(version_of).map(str::to_owned));
    }
    if let header::Entry::Occupied(mut entry) = headers.entry(name) {
        for value in entry.iter_mut() {
            let plain = value.to_str().ok().filter(|text| text.to_ascii_lowercase().contains(VENDOR));
            let plain = plain.map(|text| text.split(',').map(plain_type).collect::<Vec<_>>().join(","));
            if let Some(plain) = plain.and_then(|text| HeaderValue::from_str(&text).ok()) {
                *value = plain;
            }
        }
    }
    version
}

/// The type without a vendor and without a version; others stay as they are.
fn plain_type(text: &str) -> String {
    let Some(format) = vendors(text) else { return text.to_owned() };
    let mut parts = format.split(';');
    let mut plain = format!("application/{}", parts.next().unwrap_or_default().trim());
    for parameter in parts.filter(|parameter| !parameter.trim().to_ascii_lowercase().starts_with(COMPATIBLE)) {
        plain.push(';');
        plain += parameter.trim();
    }
    plain
}

/// What follows the vendor in one of Elastic's types.
fn vendors(text: &str) -> Option<&str> {
    let text = text.trim();
    let start = text.get(..VENDOR.len())?;
    start.eq_ignore_ascii_case(VENDOR).then(|| &text[VENDOR.len()..])
}

fn version_of(text: &str) -> Option<&str> {
    let parameters = vendors(text)?.split(';').skip(1);
    parameters.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, version)| {
        let version = version.trim();
        let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
        (name.trim().eq_ignore_ascii_case(COMPATIBLE) && is_number).then_some(version)
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, header};

    use super::{as_asked, plain_types};

    fn headers(accept: &str, content: &str) -> HeaderMap {
        [(header::ACCEPT, accept), (header::CONTENT_TYPE, content)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn there_and_back() {
        let json8 = "application/vnd.elasticsearch+json; compatible-with=8";
        for (accept, content, plain_accept, plain_content, reply) in [
            (
                json8,
                json8,
                "application/json",
                "application/json",
                "application/vnd.elasticsearch+json;compatible-with=8",
            ),
            (
                "application/vnd.elasticsearch+json;compatible-with=9,text/plain",
                "application/vnd.elasticsearch+x-ndjson; compatible-with=9",
                "application/json,text/plain",
                "application/x-ndjson",
                "application/vnd.elasticsearch+json;compatible-with=9",
            ),
            (
                "Application/VND.elasticsearch+json; charset=utf-8; compatible-with=8",
                "",
                "application/json;charset=utf-8",
                "",
                "application/vnd.elasticsearch+json;compatible-with=8",
            ),
            ("application/json", "text/plain", "application/json", "text/plain", "application/json; charset=UTF-8"),
            ("*/*", "", "*/*", "", "application/json; charset=UTF-8"),
        ] {
            let mut sent = headers(accept, content);
            let asked = plain_types(&mut sent);
            assert_eq!(sent, headers(plain_accept, plain_content), "{accept}");
            let mut answered = headers("", "application/json; charset=UTF-8");
            as_asked(&asked, &mut answered);
            assert_eq!(answered[header::CONTENT_TYPE], reply, "{accept}");
            assert_eq!(answered["x-elastic-product"], "Elasticsearch");
        }
    }
}
