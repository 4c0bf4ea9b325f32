//! Refuses early what could be understood in two ways, before anything is looked up for it.

use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};

use crate::{
    error::{Error, Exception, Fault},
    privileges::caller::RUN_AS,
};

/// Longest request target, in bytes; Elasticsearch's own limit.
const LONGEST_TARGET: usize = 4_096;

/// Longest name that a client may give its request, in bytes: it goes into logs.
const LONGEST_OPAQUE_ID: usize = 4_096;

/// Headers that name another caller, in any spelling of `-` and `_`: never obeyed by accident.
const IDENTITY: [&str; 2] = ["es-security-runas-user", "es-secondary-authorization"];

const OPAQUE_ID: HeaderName = HeaderName::from_static("x-opaque-id");

/// Headers that a client may not ask to be dropped.
const KEPT: [&str; 4] = ["authorization", "x-opaque-id", "es-security-runas-user", "host"];

/// Checks the target and the headers of a request; `run_as` says whether it may name whom to act as.
///
/// # Errors
/// 400 for what is ambiguous, 414 for a target that is too long.
pub fn admit(method: &Method, uri: &Uri, headers: &HeaderMap, run_as: bool) -> Result<(), Error> {
    let refuse = |message: String| Err(Error::bad_request(Exception::illegal_argument(message)));
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    if matches!(*method, Method::CONNECT | Method::TRACE) || !target.starts_with('/') {
        return refuse(format!("Unexpected http method [{method}] or target"));
    }
    if target.len() > LONGEST_TARGET {
        let message = format!("An HTTP line is larger than {LONGEST_TARGET} bytes.");
        let exception = Exception::new("too_long_http_line_exception", message);
        return Err(Error::new(StatusCode::URI_TOO_LONG, Fault::Client, exception.clone(), exception));
    }
    if let Some(reason) = ambiguous(uri.path()) {
        return refuse(format!("the path [{}] {reason}", uri.path()));
    }
    if target.bytes().any(|c| !c.is_ascii_graphic() || matches!(c, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`')) {
        return refuse("the request target contains characters that must be percent-encoded".into());
    }
    for name in IDENTITY {
        let allowed = |key: &str| run_as && key == RUN_AS.as_str();
        if headers.keys().map(HeaderName::as_str).any(|key| spells(key, name) && !allowed(key)) {
            return refuse(format!("the header [{name}] is not accepted here"));
        }
    }
    // Whether any header is given more than once is known without looking for one.
    let repeats = headers.len() > headers.keys_len();
    if repeats {
        for single in [header::HOST, header::AUTHORIZATION, RUN_AS, OPAQUE_ID] {
            if headers.get_all(&single).iter().count() > 1 {
                return refuse(format!("the header [{single}] may be given once only"));
            }
        }
    }
    if headers.get(OPAQUE_ID).is_some_and(|id| id.len() > LONGEST_OPAQUE_ID) {
        return refuse(format!("the header [x-opaque-id] is longer than {LONGEST_OPAQUE_ID} bytes"));
    }
    if repeats && headers.get_all(header::TRANSFER_ENCODING).iter().count() > 1 {
        return refuse("the header [transfer-encoding] may be given once only".into());
    }
    for named in headers.get_all(header::CONNECTION).iter().flat_map(|value| value.as_bytes().split(|c| *c == b',')) {
        let name = String::from_utf8_lossy(named).trim().to_ascii_lowercase();
        if KEPT.contains(&&*name) {
            return refuse(format!("the header [connection] may not name [{name}]"));
        }
    }
    Ok(())
}

/// Whether a header has this name, in any spelling of `-` and `_`.
fn spells(key: &str, name: &str) -> bool {
    let spelled = key.bytes().map(|byte| if byte == b'_' { b'-' } else { byte });
    key.len() == name.len() && spelled.eq(name.bytes())
}

/// Why a path could mean two things.
fn ambiguous(path: &str) -> Option<&'static str> {
    for segment in path.trim_end_matches('/').split('/').skip(1) {
        if segment.is_empty() {
            return Some("contains an empty segment");
        }
        if is_dots(segment.as_bytes()) {
            return Some("contains a dot segment");
        }
    }
    let contains = |escape: fn(u8, u8) -> bool| path.as_bytes().windows(3).any(|w| w[0] == b'%' && escape(w[1], w[2]));
    if contains(|one, two| one == b'5' && two.eq_ignore_ascii_case(&b'c')) {
        return Some("contains an encoded backslash");
    }
    let control = contains(|one, two| matches!(one, b'0' | b'1') || one == b'7' && two.eq_ignore_ascii_case(&b'f'));
    control.then_some("contains an encoded control character")
}

/// Whether a segment is `.` or `..`, with any of them encoded.
fn is_dots(mut segment: &[u8]) -> bool {
    let mut dots = 0;
    while !segment.is_empty() {
        let ([b'.', rest @ ..] | [b'%', b'2', b'e' | b'E', rest @ ..]) = segment else { return false };
        (segment, dots) = (rest, dots + 1);
    }
    dots <= 2
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::admit;

    #[test]
    fn paths_that_mean_two_things() {
        for path in [
            "//_ml/x",
            "/_ml//x",
            "/_ml/./x",
            "/_ml/../x",
            "/_ml/%2e%2E/x",
            "/_ml/.%2e",
            "/a%5Cb",
            "/a%00",
            "/a%0d%0ab",
            "/a%7f",
        ] {
            assert!(admit(&Method::GET, &path.parse().unwrap(), &HeaderMap::new(), false).is_err(), "{path}");
        }
        for path in ["/", "/_ml/anomaly_detectors/j/results/buckets///", "/a/b?x=//../", "/a%2Fb"] {
            assert!(admit(&Method::GET, &path.parse().unwrap(), &HeaderMap::new(), false).is_ok(), "{path}");
        }
    }
}
