//! Two answers to one request: the same bytes, the same document, or what differs.

use std::{io::Read as _, time::Duration};

use bytes::Bytes;
use flate2::read::{GzDecoder, ZlibDecoder};
use http::{HeaderMap, header};
use serde_json::{Value, json};

use super::{
    difference::{Found, Kind, differences},
    ignore::Ignore,
};

/// Most members of a document that is read: each takes many times its text.
const MOST_MEMBERS: usize = 1_000_000;

/// An answer, as far as it is compared.
#[derive(Debug, Clone)]
pub struct Answered {
    pub status: u16,
    pub content_type: Option<String>,
    /// How the body is packed.
    pub coding: String,
    /// None: it is larger than what is compared.
    pub body: Option<Bytes>,
    /// From the decision that the caller may, until the answer began.
    pub took: Duration,
}

/// What a comparison found.
#[derive(Debug)]
pub enum Compared {
    Equal(Equality),
    Different(Found),
}

/// In which way two answers are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equality {
    /// To the byte.
    Bytes,
    /// As documents.
    Document,
    /// But for what may differ.
    Ignoring,
}

// === impl Answered ===

impl Answered {
    /// Takes the parts of a response.
    #[must_use]
    pub fn of(status: u16, headers: &HeaderMap, body: Option<Bytes>, took: Duration) -> Self {
        let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let coding = text(header::CONTENT_ENCODING).unwrap_or_default().to_ascii_lowercase();
        Self { status, content_type: text(header::CONTENT_TYPE), coding, body, took }
    }

    /// The answer with its body unpacked, up to `most` bytes. One that cannot be unpacked is compared as it is.
    #[must_use]
    pub fn unpacked(mut self, most: usize) -> Self {
        let Some(body) = &self.body else { return self };
        let mut unpacked = Vec::new();
        let limit = most as u64 + 1;
        let outcome = match &*self.coding {
            "gzip" => GzDecoder::new(&**body).take(limit).read_to_end(&mut unpacked),
            "deflate" => ZlibDecoder::new(&**body).take(limit).read_to_end(&mut unpacked),
            _ => return self,
        };
        if outcome.is_ok() {
            self.body = (unpacked.len() <= most).then(|| unpacked.into());
        }
        self
    }
}

/// A body as a document, where it is one that can be held.
fn document(body: &Bytes) -> Option<Value> {
    // Between members is a comma, and within one another they are not many.
    let members = memchr::memchr_iter(b',', body).count();
    if members > MOST_MEMBERS { None } else { serde_json::from_slice(body).ok() }
}

/// Compares status, media type and body. Where the status differs the bodies are not looked at: they are about other things.
#[must_use]
pub fn compare(primary: &Answered, secondary: &Answered, ignore: &Ignore) -> Compared {
    let mut found = Found::default();
    if primary.status != secondary.status {
        let (one, other) = (json!(primary.status), json!(secondary.status));
        found.add(Kind::Status, String::new(), Some(&one), Some(&other));
        return Compared::Different(found);
    }
    if primary.content_type != secondary.content_type {
        if ignore.content_type() {
            found.ignored = true;
        } else {
            let (one, other) = (json!(primary.content_type), json!(secondary.content_type));
            found.add(Kind::ContentType, String::new(), Some(&one), Some(&other));
        }
    }
    let (Some(one), Some(other)) = (&primary.body, &secondary.body) else {
        let size = |body: &Option<Bytes>| body.as_ref().map_or_else(|| json!("too large"), |body| json!(body.len()));
        found.add(Kind::Bytes, String::new(), Some(&size(&primary.body)), Some(&size(&secondary.body)));
        return Compared::Different(found);
    };
    let mut equality = Equality::Bytes;
    if one != other {
        equality = Equality::Document;
        if let (Some(one), Some(other)) = (document(one), document(other)) {
            let within = differences(&one, &other, ignore);
            found.count += within.count;
            found.shown.extend(within.shown);
            found.ignored |= within.ignored;
        } else {
            let at = one.iter().zip(other).take_while(|(one, other)| one == other).count();
            let told = |body: &Bytes| json!(format!("{} bytes, others from byte {at}", body.len()));
            found.add(Kind::Bytes, String::new(), Some(&told(one)), Some(&told(other)));
        }
    }
    match found {
        Found { count: 0, ignored: true, .. } => Compared::Equal(Equality::Ignoring),
        Found { count: 0, .. } => Compared::Equal(equality),
        found => Compared::Different(found),
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, time::Duration};

    use flate2::{Compression, write::GzEncoder};
    use http::{HeaderMap, HeaderValue, header};

    use super::{Answered, Compared, Equality, compare};
    use crate::modes::{difference::Kind, ignore::Ignore};

    fn answered(status: u16, content_type: &'static str, body: &[u8]) -> Answered {
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))].into_iter().collect();
        Answered::of(status, &headers, Some(body.to_vec().into()), Duration::ZERO)
    }

    fn kinds(one: &Answered, other: &Answered) -> Vec<Kind> {
        match compare(one, other, &Ignore::new(&[])) {
            Compared::Equal(_) => Vec::new(),
            Compared::Different(found) => found.shown.iter().map(|difference| difference.kind).collect(),
        }
    }

    #[test]
    fn status_media_type_and_body() {
        const JSON: &str = "application/json";
        let one = answered(200, JSON, br#"{"a":1,"b":2}"#);
        let equality = |other: &Answered| match compare(&one, other, &Ignore::new(&["content-type".parse().unwrap()])) {
            Compared::Equal(equality) => equality,
            Compared::Different(found) => panic!("{found:?}"),
        };
        assert_eq!(equality(&one), Equality::Bytes);
        assert_eq!(equality(&answered(200, JSON, b"{ \"b\" : 2, \"a\" : 1 }")), Equality::Document);
        assert_eq!(equality(&answered(200, "text/plain", br#"{"a":1,"b":2}"#)), Equality::Ignoring);
        assert_eq!(kinds(&one, &answered(404, JSON, b"{}")), [Kind::Status]);
        assert_eq!(kinds(&one, &answered(200, "x/y", br#"{"a":1}"#)), [Kind::ContentType, Kind::Missing]);
        assert_eq!(kinds(&one, &answered(200, JSON, br#"{"a":1,"b":"#)), [Kind::Bytes]);
        assert_eq!(kinds(&one, &answered(200, JSON, &b"[".repeat(100_000))), [Kind::Bytes]);
        let many = format!("[{}0]", "0,".repeat(1_000_001));
        assert_eq!(kinds(&one, &answered(200, JSON, many.as_bytes())), [Kind::Bytes]);
        assert_eq!(kinds(&one, &Answered { body: None, ..one.clone() }), [Kind::Bytes]);
    }

    #[test]
    fn packed_bodies() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&vec![b' '; 1 << 20]).unwrap();
        let packed = packed.finish().unwrap();
        let headers: HeaderMap = [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))].into_iter().collect();
        let length = |body: &[u8], most| {
            let body = Some(body.to_vec().into());
            Answered::of(200, &headers, body, Duration::ZERO).unpacked(most).body.map(|body| body.len())
        };
        assert_eq!(length(&packed, 1 << 20), Some(1 << 20));
        assert_eq!(length(&packed, (1 << 20) - 1), None);
        assert_eq!(length(b"not packed", 10), Some(10));
    }
}
