//! Recognises stored buckets that are, byte for byte, what the API shows: these are passed on without being read.
//!
//! Elastic stores a bucket as it shows it, so most are. Whatever is not recognised here is read and written anew, so this may
//! be stricter than need be, and must never be laxer.

use crate::xcontent::double::write_double;

/// A place in a document that is compared with what the API would write.
struct Scan<'a> {
    rest: &'a [u8],
}

/// Whether the document is a bucket exactly as the API shows it, without records and scheduled events.
#[must_use]
pub fn is_canonical_bucket(source: &[u8]) -> bool {
    let mut scan = Scan { rest: source };
    scan.bucket().is_some() && scan.rest.is_empty()
}

// === impl Scan ===

impl Scan<'_> {
    fn bucket(&mut self) -> Option<()> {
        self.literal(br#"{"job_id":"#)?.string()?.literal(br#","timestamp":"#)?.long()?;
        self.literal(br#","anomaly_score":"#)?.double()?.literal(br#","bucket_span":"#)?.long()?;
        self.literal(br#","initial_anomaly_score":"#)?.double()?.literal(br#","event_count":"#)?.long()?;
        self.literal(br#","is_interim":"#)?.boolean()?.literal(br#","bucket_influencers":["#)?;
        if !self.rest.starts_with(b"]") {
            self.influencer()?;
            while self.rest.starts_with(b",") {
                self.literal(b",")?.influencer()?;
            }
        }
        self.literal(br#"],"processing_time_ms":"#)?.long()?.literal(br#","result_type":"bucket"}"#)?;
        Some(())
    }

    fn influencer(&mut self) -> Option<()> {
        self.literal(br#"{"job_id":"#)?.string()?.literal(br#","result_type":"bucket_influencer""#)?;
        self.literal(br#","influencer_field_name":"#)?.string()?.literal(br#","initial_anomaly_score":"#)?.double()?;
        self.literal(br#","anomaly_score":"#)?.double()?.literal(br#","raw_anomaly_score":"#)?.double()?;
        self.literal(br#","probability":"#)?.double()?.literal(br#","timestamp":"#)?.long()?;
        self.literal(br#","bucket_span":"#)?.long()?.literal(br#","is_interim":"#)?.boolean()?.literal(b"}")?;
        Some(())
    }

    fn literal(&mut self, expected: &[u8]) -> Option<&mut Self> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(self)
    }

    /// A string that is written without any escape.
    fn string(&mut self) -> Option<&mut Self> {
        let inside = self.rest.strip_prefix(b"\"")?;
        let length = inside.iter().position(|&byte| !(0x20..0xF0).contains(&byte) || matches!(byte, b'"' | b'\\'))?;
        self.rest = inside[length..].strip_prefix(b"\"")?;
        Some(self)
    }

    fn boolean(&mut self) -> Option<&mut Self> {
        self.rest = self.rest.strip_prefix(b"true").or_else(|| self.rest.strip_prefix(b"false"))?;
        Some(self)
    }

    /// An integer of at most 18 digits, written as it would be.
    fn long(&mut self) -> Option<&mut Self> {
        let digits = self.rest.strip_prefix(b"-").unwrap_or(self.rest);
        let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let zero = digits.first() == Some(&b'0');
        if !(1..=18).contains(&length) || (zero && (length > 1 || digits.len() < self.rest.len())) {
            return None;
        }
        self.rest = &digits[length..];
        Some(self)
    }

    /// A double, written as it would be.
    fn double(&mut self) -> Option<&mut Self> {
        let length =
            self.rest.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'E' | b'-')).count();
        let (text, rest) = self.rest.split_at(length);
        if !is_short_double(text) {
            let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
            let mut written = Vec::with_capacity(24);
            write_double(&mut written, value);
            if written != text {
                return None;
            }
        }
        self.rest = rest;
        Some(self)
    }
}

/// Whether a text surely is what Java prints: of at most 15 digits no two name the same double, so the shortest is itself.
fn is_short_double(text: &[u8]) -> bool {
    let Some(point) = text.iter().position(|&byte| byte == b'.') else { return false };
    let (whole, fraction) = (&text[..point], &text[point + 1..]);
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let whole_fits = digits(whole) && whole.len() <= 7 && (whole[0] != b'0' || whole == b"0");
    let fraction_fits =
        digits(fraction) && whole.len() + fraction.len() <= 15 && (fraction.last() != Some(&b'0') || fraction == b"0");
    // Below a thousandth there would be an exponent.
    let large_enough = whole != b"0" || fraction == b"0" || fraction.iter().take(3).any(|&byte| byte != b'0');
    whole_fits && fraction_fits && large_enough
}

#[cfg(test)]
mod tests {
    use super::{Scan, is_canonical_bucket, is_short_double};
    use crate::{
        results::documents::{Style, bucket::Bucket},
        xcontent::{double::write_double, json::Json, json_parser::JsonParser},
    };

    /// What is recognised must be what reading and writing gives.
    fn assert_equal_when_recognised(source: &str) -> bool {
        let recognised = is_canonical_bucket(source.as_bytes());
        if recognised {
            let bucket = Bucket::read(&mut JsonParser::stored(source.as_bytes())).unwrap();
            let mut sink = Json::default();
            bucket.write(&mut sink, Style::default());
            assert_eq!(String::from_utf8(sink.finish()).unwrap(), source);
        }
        recognised
    }

    #[test]
    fn every_fixture_bucket() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/results");
        let mut recognised = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            recognised += text.lines().filter(|line| assert_equal_when_recognised(line)).count();
        }
        assert!(recognised > 500, "only {recognised} buckets were recognised");
    }

    proptest::proptest! {
        #[test]
        fn any_double(bits: u64, short in "-?[0-9]{1,8}(\\.[0-9]{1,12})?(E-?[0-9]{1,2})?") {
            let mut text = Vec::new();
            write_double(&mut text, f64::from_bits(bits));
            for text in [text, short.into_bytes()] {
                let accepted = is_short_double(&text) || Scan { rest: &text }.double().is_some_and(|scan| scan.rest.is_empty());
                if accepted {
                    let mut written = Vec::new();
                    write_double(&mut written, std::str::from_utf8(&text).unwrap().parse().unwrap());
                    assert_eq!(written, text);
                }
            }
        }
    }
}
