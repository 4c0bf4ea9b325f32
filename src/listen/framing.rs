//! Refuses what hyper lets through and another server may read as another request. The connection is closed after it.

use http::{Version, header, request::Parts};

use crate::error::{Error, Exception};

/// Checks how a request says where it goes and where its body ends.
pub(super) fn check(head: &Parts) -> Result<(), Error> {
    let refuse = |reason: &str| Err(Error::bad_request(Exception::illegal_argument(reason)));
    let mut hosts = head.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return refuse("the header [host] may be given once only"),
        (None, None) if head.version == Version::HTTP_11 => return refuse("the header [host] is missing"),
        (Some(host), None) => {
            let named = head.uri.authority();
            if named.is_some_and(|named| !named.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes())) {
                return refuse("the header [host] names another host than the request target");
            }
        }
        (None, None) => {}
    }
    let mut codings = head.headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (_, Some(_)) => refuse("the header [transfer-encoding] may be given once only"),
        (Some(coding), None) if !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => {
            refuse("the only [transfer-encoding] that is understood is [chunked]")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, Version};

    use super::check;

    fn refused(target: &str, version: Version, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().uri(target).version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap().into_parts().0).is_err()
    }

    #[test]
    fn one_host_and_one_coding() {
        let (v11, v10) = (Version::HTTP_11, Version::HTTP_10);
        let host = ("host", "h:1");
        assert!(!refused("/", v11, &[host]));
        assert!(!refused("/", v10, &[]));
        assert!(refused("/", v11, &[]));
        assert!(refused("/", v10, &[host, host]));
        assert!(!refused("http://H:1/x", v11, &[host]));
        assert!(refused("http://evil:1/x", v11, &[host]));
        let chunked = ("transfer-encoding", "chunked");
        assert!(!refused("/", v11, &[host, chunked]));
        assert!(refused("/", v11, &[host, chunked, chunked]));
        assert!(refused("/", v11, &[host, ("transfer-encoding", "gzip, chunked")]));
    }
}
