//! hyper refuses a head that it cannot read by itself, without a body: here such a refusal gets Elasticsearch's shape.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::{
    config::listener::Limits,
    error::{Error, Exception, Fault},
    reply::Rendering,
};

/// Most header lines of a request; hyper's own limit.
pub(super) const MOST_HEADERS: usize = 100;

/// The reply to send instead of `bare`, where that is a refusal; its body is left out where HEAD was asked.
pub(super) fn with_body(bare: &[u8], for_head: bool, limits: &Limits) -> Option<Bytes> {
    let code = bare.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    let error = explain(StatusCode::from_bytes(code).ok()?, limits)?;
    let (document, headers) = Rendering::of(&HeaderMap::new()).in_bytes(&error);
    let mut reply = Vec::with_capacity(document.len() + 256);
    reply.extend_from_slice(format!("HTTP/1.1 {}\r\n", error.status).as_bytes());
    for (name, value) in &headers {
        reply.extend_from_slice(name.as_str().as_bytes());
        reply.extend_from_slice(b": ");
        reply.extend_from_slice(value.as_bytes());
        reply.extend_from_slice(b"\r\n");
    }
    reply.extend_from_slice(b"connection: close\r\n\r\n");
    if !for_head {
        reply.extend_from_slice(&document);
    }
    Some(reply.into())
}

fn explain(status: StatusCode, limits: &Limits) -> Option<Error> {
    let exception = match status {
        StatusCode::BAD_REQUEST => Exception::illegal_argument("the request is not well-formed HTTP"),
        StatusCode::URI_TOO_LONG => {
            Exception::new("too_long_http_line_exception", "An HTTP line is larger than 65534 bytes.")
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Exception::new(
            "too_long_http_header_exception",
            format!("HTTP header is larger than {} bytes, or has more than {MOST_HEADERS} lines.", limits.largest_head),
        ),
        _ => return None,
    };
    Some(Error::new(status, Fault::Client, exception.clone(), exception))
}

#[cfg(test)]
mod tests {
    use super::with_body;
    use crate::config::listener::Limits;

    #[test]
    fn refusals_only() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let reply = with_body(bare, false, &Limits::default()).unwrap();
        let text = std::str::from_utf8(&reply).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{head}");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
        assert!(body.ends_with("\"status\":431}") && body.contains("too_long_http_header_exception"), "{body}");
        assert_eq!(with_body(b"HTTP/1.1 200 OK\r\n\r\n", false, &Limits::default()), None);
    }
}
