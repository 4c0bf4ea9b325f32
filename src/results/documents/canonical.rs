//! Recognises stored buckets that are, byte for byte, what the API shows: these are passed on without being read.
//!
//! Elastic stores a bucket as it shows it, so most are. Whatever is not recognised here is read and written anew, so this may
//! be stricter than need be, and must never be laxer.

use crate::xcontent::{
    double::is_written_so,
    scan::{digit_count, plain_string},
};

/// A place in a document that is compared with what the API would write.
pub(super) struct Scan<'a> {
    rest: &'a [u8],
    /// A double of many digits that was found to be right: influencers repeat their bucket's scores.
    proven: &'a [u8],
}

/// The length of the document in front of a text, where it is a bucket exactly as the API shows it, without records and
/// scheduled events.
#[must_use]
pub fn canonical_bucket(text: &[u8]) -> Option<usize> {
    let mut scan = Scan::of(text);
    scan.bucket()?;
    Some(text.len() - scan.rest.len())
}

// === impl Scan ===

impl<'a> Scan<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self { rest: text, proven: &[] }
    }

    /// What was not looked at yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn is_at_end(&mut self) -> bool {
        self.blanks().rest.is_empty()
    }

    pub(super) fn skip(&mut self, length: usize) {
        self.rest = &self.rest[length..];
    }

    /// Passes over white space.
    pub(super) fn blanks(&mut self) -> &mut Self {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
        self
    }

    /// What `read` passes over.
    pub(super) fn taken(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<&'a [u8]> {
        let before = self.rest;
        read(self)?;
        Some(&before[..before.len() - self.rest.len()])
    }

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

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compared as a few words where its length is known")]
    pub(super) fn literal<const LENGTH: usize>(&mut self, expected: &[u8; LENGTH]) -> Option<&mut Self> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(self)
    }

    /// A string that is written without any escape.
    pub(super) fn string(&mut self) -> Option<&mut Self> {
        (_, self.rest) = plain_string(self.rest)?;
        Some(self)
    }

    pub(super) fn boolean(&mut self) -> Option<&mut Self> {
        self.rest = self.rest.strip_prefix(b"true").or_else(|| self.rest.strip_prefix(b"false"))?;
        Some(self)
    }

    /// An integer of at most 18 digits, written as it would be.
    pub(super) fn long(&mut self) -> Option<&mut Self> {
        let digits = self.rest.strip_prefix(b"-").unwrap_or(self.rest);
        let length = digit_count(digits);
        let zero = digits.first() == Some(&b'0');
        if !(1..=18).contains(&length) || (zero && (length > 1 || digits.len() < self.rest.len())) {
            return None;
        }
        self.rest = &digits[length..];
        Some(self)
    }

    /// A double, written as it would be.
    pub(super) fn double(&mut self) -> Option<&mut Self> {
        let spelled = Spelled::of(self.rest)?;
        let (text, rest) = self.rest.split_at(spelled.length);
        if !spelled.surely && text != self.proven {
            let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
            if !is_written_so(text, value) {
                return None;
            }
            self.proven = text;
        }
        self.rest = rest;
        Some(self)
    }
}

/// How the double in front of a text is spelled.
struct Spelled {
    length: usize,
    /// Java surely prints it like this: of at most 15 digits no two name the same double, so the shortest is itself.
    surely: bool,
}

// === impl Spelled ===

impl Spelled {
    /// `None` for what Java never prints.
    fn of(text: &[u8]) -> Option<Self> {
        let sign = usize::from(text.first() == Some(&b'-'));
        let unsigned = &text[sign..];
        let whole = digit_count(unsigned);
        if unsigned.get(whole) != Some(&b'.') {
            return None;
        }
        let behind = &unsigned[whole + 1..];
        let fraction = digit_count(behind);
        if whole == 0 || fraction == 0 || whole > 7 {
            return None;
        }
        let length = sign + whole + 1 + fraction;
        let mantissa = &behind[..fraction];
        let (zero, no_fraction) = (unsigned[0] == b'0', mantissa == b"0");
        let shortest = whole + fraction <= 15 && (no_fraction || mantissa[fraction - 1] != b'0');
        if behind.get(fraction) == Some(&b'E') {
            let minus = usize::from(behind.get(fraction + 1) == Some(&b'-'));
            let exponent = behind.get(fraction + 1 + minus..)?;
            let digits = digit_count(exponent);
            // Of up to two digits: at the ends of the range doubles have fewer digits than 15.
            let outside = match (digits, minus) {
                (1, 0) => exponent[0] >= b'7',
                (1, _) => exponent[0] >= b'4',
                (2, _) => exponent[0] != b'0',
                _ => false,
            };
            let surely = shortest && whole == 1 && !zero && outside;
            return (digits > 0).then_some(Self { length: length + 1 + minus + digits, surely });
        }
        // Below a thousandth there would be an exponent.
        let large_enough = !zero || no_fraction || mantissa.iter().take(3).any(|&byte| byte != b'0');
        Some(Self { length, surely: shortest && large_enough && (!zero || whole == 1) })
    }
}

#[cfg(test)]
mod tests {
    use super::{Scan, canonical_bucket};
    use crate::{
        results::documents::{Style, bucket::Bucket},
        xcontent::{
            double::write_double,
            json::{parser::JsonParser, writer::Json},
        },
    };

    /// What is recognised must be what reading and writing gives.
    fn assert_equal_when_recognised(source: &[u8]) -> bool {
        let Some(length) = canonical_bucket(source) else { return false };
        let bucket = Bucket::read(&mut JsonParser::stored(&source[..length])).unwrap();
        let mut sink = Json::default();
        bucket.write(&mut sink, Style::default());
        assert_eq!(sink.finish().escape_ascii().to_string(), source[..length].escape_ascii().to_string());
        true
    }

    fn fixtures() -> Vec<Vec<u8>> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/results");
        let files = std::fs::read_dir(folder).unwrap();
        let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        texts.flat_map(|text| text.lines().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn every_fixture_bucket() {
        let recognised = fixtures().iter().filter(|line| assert_equal_when_recognised(line)).count();
        assert!(recognised > 500, "only {recognised} buckets were recognised");
    }

    /// A double as a text of any kind that could be taken for one of Java's.
    fn spelling() -> impl proptest::strategy::Strategy<Value = String> {
        proptest::prop_oneof![
            "-?[0-9]{1,8}(\\.[0-9]{1,12})?(E-?[0-9]{1,3})?",
            "-?0\\.0{0,4}[0-9]{1,19}",
            "-?[1-9]\\.[0-9]{1,17}E-?[0-9]{1,3}",
            "-?[0-9]{1,7}\\.[0-9]{8,16}",
        ]
    }

    proptest::proptest! {
        #[test]
        fn any_double(bits: u64, spelled in spelling(), more in "[,}]?[0-9.E\\-]{0,3}") {
            let mut text = Vec::new();
            write_double(&mut text, f64::from_bits(bits));
            let written = text.len();
            for text in [text, spelled.into_bytes(), more.into_bytes()] {
                let mut scan = Scan { rest: &text, proven: &[] };
                if scan.double().is_some() {
                    let read = &text[..text.len() - scan.rest.len()];
                    let mut written = Vec::new();
                    write_double(&mut written, std::str::from_utf8(read).unwrap().parse().unwrap());
                    assert_eq!(written, read);
                }
            }
            let mut text = Vec::new();
            write_double(&mut text, f64::from_bits(bits));
            text.push(b',');
            let mut scan = Scan { rest: &text, proven: &[] };
            let finite = f64::from_bits(bits).is_finite();
            assert_eq!(scan.double().map(|scan| scan.rest.len()), finite.then_some(1), "{written}");
        }

        /// Whatever stands anywhere in a bucket: where it is still recognised, reading and writing gives the same.
        #[test]
        fn any_change(at: proptest::sample::Index, place: proptest::sample::Index, cut in 0..4_usize, put in proptest::prop_oneof![
            "[0-9]{0,3}", "[\\-.E0]{1,2}", "\\PC{0,2}", "[\\x00-\\x1f\"\\\\]",
        ], byte: Option<u8>) {
            static BUCKETS: std::sync::LazyLock<Vec<Vec<u8>>> =
                std::sync::LazyLock::new(|| fixtures().into_iter().filter(|line| canonical_bucket(line).is_some()).collect());
            let mut source = at.get(&BUCKETS).clone();
            let start = place.index(source.len());
            let end = (start + cut).min(source.len());
            source.splice(start..end, put.bytes().chain(byte));
            assert_equal_when_recognised(&source);
        }
    }
}
