//! The body of a request that is answered here: as large as is allowed and no larger, whether it comes compressed or not.

use std::io::{self, Read};

use axum::body::Body;
use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};
use http::{HeaderMap, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::error::{Error, Exception};

/// Reads a body whole. What is known to be too large is not asked for.
///
/// # Errors
/// 413 for a body of more than `most` bytes, sent or unpacked; 400 for one that is cut off or wrongly packed.
pub async fn read_body(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Error> {
    if body.size_hint().lower() > most as u64 {
        return Err(Error::body_too_large(most));
    }
    let sent = Limited::new(body, most).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { Error::body_too_large(most) } else { refused("cut off or wrongly framed") }
    })?;
    let sent = sent.to_bytes();
    let coding =
        headers.get(header::CONTENT_ENCODING).map_or(&b"identity"[..], |coding| coding.as_bytes().trim_ascii());
    match &*coding.to_ascii_lowercase() {
        _ if sent.is_empty() => Ok(sent),
        b"gzip" | b"x-gzip" => unpack(GzDecoder::new(&*sent), most),
        b"deflate" | b"x-deflate" => unpack(ZlibDecoder::new(&*sent), most),
        _ => Ok(sent),
    }
}

fn unpack(packed: impl Read, most: usize) -> Result<Bytes, Error> {
    let mut body = Vec::new();
    let read: io::Result<usize> = packed.take(most as u64 + 1).read_to_end(&mut body);
    match read {
        Ok(_) if body.len() > most => Err(Error::body_too_large(most)),
        Ok(_) => Ok(body.into()),
        Err(_) => Err(refused("not packed as [content-encoding] says")),
    }
}

fn refused(why: &str) -> Error {
    Error::bad_request(Exception::illegal_argument(format!("the body of the request is {why}")))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use axum::body::Body;
    use flate2::{Compression, write::GzEncoder};
    use http::{HeaderMap, HeaderValue};

    use super::read_body;

    async fn read(coding: Option<&'static str>, body: Vec<u8>, most: usize) -> Result<usize, u16> {
        let headers: HeaderMap = coding
            .map(|coding| (http::header::CONTENT_ENCODING, HeaderValue::from_static(coding)))
            .into_iter()
            .collect();
        read_body(&headers, Body::from(body), most).await.map(|body| body.len()).map_err(|error| error.status.as_u16())
    }

    #[tokio::test]
    async fn as_large_as_is_allowed() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&vec![b' '; 10 << 20]).unwrap();
        let bomb = packed.finish().unwrap();
        assert!(bomb.len() < 20 << 10, "{}", bomb.len());
        assert_eq!(read(Some("gzip"), bomb.clone(), 1 << 20).await, Err(413));
        assert_eq!(read(Some("gzip"), bomb.clone(), 10 << 20).await, Ok(10 << 20));
        assert_eq!(read(Some("gzip"), bomb[..1_000].to_vec(), 10 << 20).await, Err(400));
        assert_eq!(read(Some("deflate"), bomb.clone(), 10 << 20).await, Err(400));
        assert_eq!(read(None, bomb, 20 << 10).await.map(|_| ()), Ok(()));
        assert_eq!(read(None, vec![0; 11], 10).await, Err(413));
        assert_eq!(read(None, vec![0; 10], 10).await, Ok(10));
    }
}
