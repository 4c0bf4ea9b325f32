//! A request as Elasticsearch's REST layer sees it: decoded parameters, which of them were read, and the body.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use bytes::Bytes;

use crate::{
    error::{Error, Exception},
    xcontent::suggest::did_you_mean,
};

/// Parameters that no client may set: Elasticsearch marks its own requests with them.
const RESERVED: [&str; 2] = ["serverlessRequest", "operatorRequest"];

/// The parameters of one request, by name. Where a name is repeated the last value counts; a name in the path beats the
/// same name in the query.
#[derive(Debug, Default)]
pub struct Parameters {
    values: BTreeMap<String, String>,
    /// Names that were asked for, whether they were there or not: what is left over is refused, and these are suggested.
    consumed: RefCell<BTreeSet<String>>,
}

/// A request for one operation of the API.
#[derive(Debug)]
pub struct RestRequest {
    /// The path, undecoded, without the query.
    pub raw_path: String,
    pub parameters: Parameters,
    pub body: Bytes,
}

// === impl RestRequest ===

impl RestRequest {
    /// A request with what stands in its path put among its parameters.
    #[must_use]
    pub fn new(
        raw_path: &str,
        mut parameters: Parameters,
        job_id: String,
        timestamp: Option<String>,
        body: Bytes,
    ) -> Self {
        parameters.insert("job_id", job_id);
        if let Some(timestamp) = timestamp {
            parameters.insert("timestamp", timestamp);
        }
        Self { raw_path: raw_path.to_owned(), parameters, body }
    }

    /// The decoded path, for messages.
    #[must_use]
    pub fn path(&self) -> String {
        decode(&self.raw_path, false).unwrap_or_else(|_| self.raw_path.clone())
    }
}

// === decoding ===

/// Decodes percent escapes as Elasticsearch does: `%%` is a percent sign, what is no UTF-8 becomes U+FFFD, and `+` is a
/// blank only in a query.
///
/// # Errors
/// The message of the exception for a malformed escape.
pub fn decode(text: &str, plus_is_blank: bool) -> Result<String, String> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|&b| b == b'%' || (plus_is_blank && b == b'+')) {
        return Ok(text.to_owned());
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'+' if plus_is_blank => decoded.push(b' '),
            b'%' => match bytes.get(at + 1..) {
                None | Some([]) => return Err(format!("unterminated escape sequence at end of string: {text}")),
                Some([b'%', ..]) => {
                    decoded.push(b'%');
                    at += 1;
                }
                Some([_]) => return Err(format!("partial escape sequence at end of string: {text}")),
                Some([high, low, ..]) => {
                    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                    let (Some(upper), Some(lower)) = (digit(*high), digit(*low)) else {
                        let (high, low) = (char::from(*high), char::from(*low));
                        return Err(format!("invalid escape sequence `%{high}{low}' at index {at} of: {text}"));
                    };
                    decoded.push(upper << 4 | lower);
                    at += 2;
                }
            },
            byte => decoded.push(byte),
        }
        at += 1;
    }
    Ok(String::from_utf8(decoded).unwrap_or_else(|error| lossy(error.as_bytes())))
}

/// What Java makes of bytes that are no UTF-8: as Rust does, but half of a surrogate pair is one wrong character, not one
/// for each byte.
fn lossy(bytes: &[u8]) -> String {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => break,
            [0xED, 0xA0..=0xBF, 0x80..=0xBF, rest @ ..] | [0xED, 0xA0..=0xBF, rest @ ..] => {
                plain.extend_from_slice("\u{FFFD}".as_bytes());
                rest
            }
            [byte, rest @ ..] => {
                plain.push(*byte);
                rest
            }
        };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

// === impl Parameters ===

impl Parameters {
    /// Reads a query string. `&` and `;` separate, a name without `=` has the empty value.
    ///
    /// # Errors
    /// 400 `bad_parameter_exception` for a malformed escape or a reserved name.
    pub fn parse(query: &str) -> Result<Self, Error> {
        let mut parameters = Self::default();
        for pair in query.split(['&', ';']) {
            let (name, value) = match pair.split_once('=') {
                // `=a=b` has no name yet at its first `=`, and finds one before its second.
                Some(("", rest)) => match rest.split_once('=') {
                    Some((name, value)) if !name.is_empty() => (name, value),
                    _ if rest.is_empty() => continue,
                    _ => (rest, ""),
                },
                Some(pair) => pair,
                None if pair.is_empty() => continue,
                None => (pair, ""),
            };
            let bad = |message: String| {
                let cause = Exception::illegal_argument(message.clone());
                let outer = format!("java.lang.IllegalArgumentException: {message}");
                Error::bad_request(Exception::new("bad_parameter_exception", outer).caused_by(cause))
            };
            let name = decode(name, true).map_err(bad)?;
            let value = decode(value, true).map_err(bad)?;
            if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(&name)) {
                return Err(bad(format!("parameter [{name}] is reserved and may not be set")));
            }
            parameters.values.insert(name, value);
        }
        Ok(parameters)
    }

    /// Sets a parameter from the path.
    pub fn insert(&mut self, name: &str, value: String) {
        self.values.insert(name.to_owned(), value);
    }

    /// Whether the parameter was sent; does not consume it.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Takes note that the parameter is known, and gives its value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.consumed.borrow_mut().insert(name.to_owned());
        self.values.get(name).map(String::as_str)
    }

    /// A switch: present without value is on.
    ///
    /// # Errors
    /// 400 where the value is neither `true` nor `false`.
    pub fn boolean(&self, name: &str) -> Result<bool, Error> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("" | "true") => Ok(true),
            Some(other) => Err(Error::bad_request(Exception::illegal_argument(format!(
                "Failed to parse value [{other}] as only [true] or [false] are allowed."
            )))),
        }
    }

    /// `pretty` and `human`.
    ///
    /// # Errors
    /// 400 where one is no switch.
    pub fn switches(&self) -> Result<(bool, bool), Error> {
        Ok((self.boolean("pretty")?, self.boolean("human")?))
    }

    /// A 32-bit integer.
    ///
    /// # Errors
    /// 400 where the value is none.
    pub fn int(&self, name: &str, default: i32) -> Result<i32, Error> {
        let Some(value) = self.get(name) else { return Ok(default) };
        value.parse().map_err(|_| {
            let cause = Exception::new("number_format_exception", format!("For input string: \"{value}\""));
            let message = format!("Failed to parse int parameter [{name}] with value [{value}]");
            Error::bad_request(Exception::illegal_argument(message).caused_by(cause))
        })
    }

    /// Refuses what was sent and never asked for, naming similar parameters that were.
    ///
    /// # Errors
    /// 400, naming every such parameter in alphabetical order.
    pub fn refuse_leftovers(&self, path: &str) -> Result<(), Error> {
        let consumed = self.consumed.borrow();
        let leftovers: Vec<_> = self.values.keys().filter(|name| !consumed.contains(*name)).collect();
        if leftovers.is_empty() {
            return Ok(());
        }
        let listed: Vec<_> = leftovers
            .iter()
            .map(|name| match did_you_mean(name, consumed.iter().map(String::as_str)) {
                Some(names) => format!("[{name}] -> did you mean {names}?"),
                None => format!("[{name}]"),
            })
            .collect();
        let plural = if leftovers.len() > 1 { "s" } else { "" };
        let message = format!("request [{path}] contains unrecognized parameter{plural}: {}", listed.join(", "));
        Err(Error::bad_request(Exception::illegal_argument(message)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Parameters, decode};

    #[test]
    fn decoded_as_elasticsearch_decodes() {
        assert_eq!(decode("a%2Fb%%c+d", false).as_deref(), Ok("a/b%c+d"));
        assert_eq!(decode("a+b", true).as_deref(), Ok("a b"));
        assert_eq!(decode("%zz", true), Err("invalid escape sequence `%zz' at index 0 of: %zz".into()));
        assert_eq!(decode("x%", true), Err("unterminated escape sequence at end of string: x%".into()));
        for (bytes, count) in
            [("%ff", 1), ("%ed%a0%80", 1), ("%ed%a0", 1), ("%ed", 1), ("%e2%82", 1), ("%c0%80", 2), ("%f0%28", 1)]
        {
            let decoded = decode(bytes, false).unwrap();
            assert_eq!(decoded.matches('\u{FFFD}').count(), count, "{bytes}: {decoded}");
        }
        assert_eq!(decode("x%4", true), Err("partial escape sequence at end of string: x%4".into()));
    }

    #[test]
    fn last_value_wins_and_leftovers_are_refused() {
        let parameters = Parameters::parse("size=1&size=2;expnd&foo=").unwrap();
        assert_eq!(parameters.get("size"), Some("2"));
        assert_eq!(parameters.get("expand"), None);
        let message = parameters.refuse_leftovers("/p").unwrap_err().to_string();
        assert!(
            message
                .ends_with("request [/p] contains unrecognized parameters: [expnd] -> did you mean [expand]?, [foo]"),
            "{message}"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_query_panics(query in ".{0,60}") {
            let _ = Parameters::parse(&query);
        }
    }
}
