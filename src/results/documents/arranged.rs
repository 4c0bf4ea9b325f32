//! Stored buckets whose fields stand in another order, among others, or in another spelling: written as the API shows them
//! from the pieces that they are made of, without being read into a [`Bucket`](super::bucket::Bucket).
//!
//! Older and foreign writers store such buckets. Whatever is not plain is left to `Bucket`, so this may be stricter than need
//! be, and must never be laxer.

use std::mem;

use super::{canonical::Scan, timestamp_of_text};
use crate::xcontent::{double::write_double, scan::number_length};

/// Most fields of an object that nobody knows.
const MOST_UNKNOWN: usize = 16;
/// Longest number of a field that nobody knows: there is a limit to numbers, far above this.
const LONGEST_NUMBER: usize = 100;

/// A value as it is written.
#[derive(Debug, Clone, Copy)]
enum Piece<'a> {
    AsStored(&'a [u8]),
    Long(i64),
    Double(f64),
}

/// The fields of a bucket, or of an influencer.
#[derive(Debug, Clone, Copy, Default)]
struct Fields<'a> {
    job_id: Option<Piece<'a>>,
    timestamp: Option<Piece<'a>>,
    bucket_span: Option<Piece<'a>>,
    influencer_field_name: Option<Piece<'a>>,
    initial_anomaly_score: Option<Piece<'a>>,
    anomaly_score: Option<Piece<'a>>,
    raw_anomaly_score: Option<Piece<'a>>,
    probability: Option<Piece<'a>>,
    event_count: Option<Piece<'a>>,
    processing_time_ms: Option<Piece<'a>>,
    is_interim: Option<Piece<'a>>,
    result_type: Option<Piece<'a>>,
}

/// Names that nobody knows, of one object.
#[derive(Default)]
struct Unknown<'a> {
    names: [&'a [u8]; MOST_UNKNOWN],
    count: usize,
}

/// What of a bucket is read so far.
#[derive(Default)]
struct Reading<'a> {
    fields: Fields<'a>,
    /// The influencers, written.
    influencers: Option<Vec<u8>>,
}

/// Writes the document as the API shows it, where it is a bucket of plain pieces, without records and scheduled events.
/// `None`, with nothing written, where it is not.
#[must_use]
pub fn write_arranged(source: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut scan = Scan::of(source);
    let mut reading = Reading::default();
    read_object(&mut scan, &mut |scan, name| {
        if name == b"bucket_influencers" {
            let mut written = Vec::with_capacity(512);
            read_influencers(scan, &mut written)?;
            return reading.influencers.replace(written).is_none().then_some(true);
        }
        reading.fields.read(scan, name, true)
    })?;
    scan.is_at_end().then_some(())?;
    let Reading { fields: f, influencers } = reading;
    let (job_id, timestamp, bucket_span) = (f.job_id?, f.timestamp?, f.bucket_span?);
    put(out, br#"{"job_id":"#, job_id);
    put(out, br#","timestamp":"#, timestamp);
    put(out, br#","anomaly_score":"#, f.anomaly_score.unwrap_or(NO_SCORE));
    put(out, br#","bucket_span":"#, bucket_span);
    put(out, br#","initial_anomaly_score":"#, f.initial_anomaly_score.unwrap_or(NO_SCORE));
    put(out, br#","event_count":"#, f.event_count.unwrap_or(NONE));
    put(out, br#","is_interim":"#, f.is_interim.unwrap_or(FALSE));
    put(out, br#","bucket_influencers":["#, Piece::AsStored(&influencers.unwrap_or_default()));
    put(out, br#"],"processing_time_ms":"#, f.processing_time_ms.unwrap_or(NONE));
    out.extend_from_slice(br#","result_type":"bucket"}"#);
    Some(())
}

const NO_SCORE: Piece<'static> = Piece::AsStored(b"0.0");
const NONE: Piece<'static> = Piece::AsStored(b"0");
const FALSE: Piece<'static> = Piece::AsStored(b"false");

fn read_influencers(scan: &mut Scan<'_>, out: &mut Vec<u8>) -> Option<()> {
    scan.literal(b"[")?.blanks();
    if scan.literal(b"]").is_some() {
        return Some(());
    }
    loop {
        let mut f = Fields::default();
        read_object(scan, &mut |scan, name| f.read(scan, name, false))?;
        let (job_id, timestamp, bucket_span) = (f.job_id?, f.timestamp?, f.bucket_span?);
        put(out, br#"{"job_id":"#, job_id);
        out.extend_from_slice(br#","result_type":"bucket_influencer""#);
        if let Some(name) = f.influencer_field_name {
            put(out, br#","influencer_field_name":"#, name);
        }
        put(out, br#","initial_anomaly_score":"#, f.initial_anomaly_score.unwrap_or(NO_SCORE));
        put(out, br#","anomaly_score":"#, f.anomaly_score.unwrap_or(NO_SCORE));
        put(out, br#","raw_anomaly_score":"#, f.raw_anomaly_score.unwrap_or(NO_SCORE));
        put(out, br#","probability":"#, f.probability.unwrap_or(NO_SCORE));
        put(out, br#","timestamp":"#, timestamp);
        put(out, br#","bucket_span":"#, bucket_span);
        put(out, br#","is_interim":"#, f.is_interim.unwrap_or(FALSE));
        out.push(b'}');
        scan.blanks();
        if scan.literal(b"]").is_some() {
            return Some(());
        }
        scan.literal(b",")?.blanks();
        out.push(b',');
    }
}

/// Reads the fields of an object; `read` says whether it knows a field, and has read its value then.
fn read_object<'a>(scan: &mut Scan<'a>, read: &mut impl FnMut(&mut Scan<'a>, &'a [u8]) -> Option<bool>) -> Option<()> {
    let mut unknown = Unknown::default();
    scan.literal(b"{")?.blanks();
    if scan.literal(b"}").is_some() {
        return Some(());
    }
    loop {
        let name = scan.taken(|scan| scan.string().map(drop))?;
        let name = &name[1..name.len() - 1];
        scan.blanks().literal(b":")?.blanks();
        if !read(scan, name)? {
            unknown.add(name)?;
            skip(scan)?;
        }
        if scan.blanks().literal(b"}").is_some() {
            return Some(());
        }
        scan.literal(b",")?.blanks();
    }
}

/// Passes over a value of a field that nobody knows, or a list of such values.
fn skip(scan: &mut Scan<'_>) -> Option<()> {
    if scan.literal(b"[").is_none() {
        return skip_plain(scan);
    }
    if scan.blanks().literal(b"]").is_some() {
        return Some(());
    }
    loop {
        skip_plain(scan)?;
        if scan.blanks().literal(b"]").is_some() {
            return Some(());
        }
        scan.literal(b",")?.blanks();
    }
}

fn skip_plain(scan: &mut Scan<'_>) -> Option<()> {
    if scan.literal(b"null").is_some() || scan.boolean().is_some() || scan.string().is_some() {
        return Some(());
    }
    let length = number_length(scan.rest()).filter(|length| *length <= LONGEST_NUMBER)?;
    scan.skip(length);
    Some(())
}

fn put(out: &mut Vec<u8>, name: &[u8], value: Piece<'_>) {
    out.extend_from_slice(name);
    match value {
        Piece::AsStored(text) => out.extend_from_slice(text),
        Piece::Long(value) => out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes()),
        Piece::Double(value) => write_double(out, value),
    }
}

// === impl Fields ===

impl<'a> Fields<'a> {
    /// Reads the value of a field; false where the field belongs to neither a bucket nor an influencer.
    fn read(&mut self, scan: &mut Scan<'a>, name: &[u8], of_bucket: bool) -> Option<bool> {
        let (field, value): (_, fn(&mut Scan<'a>) -> Option<Piece<'a>>) = match name {
            b"job_id" => (&mut self.job_id, string),
            b"timestamp" => (&mut self.timestamp, time),
            b"bucket_span" => (&mut self.bucket_span, long),
            b"anomaly_score" => (&mut self.anomaly_score, double),
            b"initial_anomaly_score" => (&mut self.initial_anomaly_score, double),
            b"is_interim" => (&mut self.is_interim, boolean),
            b"result_type" => (&mut self.result_type, string),
            b"event_count" if of_bucket => (&mut self.event_count, long),
            b"processing_time_ms" if of_bucket => (&mut self.processing_time_ms, long),
            b"records" | b"scheduled_events" if of_bucket => return None,
            b"influencer_field_name" if !of_bucket => (&mut self.influencer_field_name, string),
            b"raw_anomaly_score" if !of_bucket => (&mut self.raw_anomaly_score, double),
            b"probability" if !of_bucket => (&mut self.probability, double),
            _ => return Some(false),
        };
        // A name that is repeated is refused.
        field.replace(value(scan)?).is_none().then_some(true)
    }
}

fn string<'a>(scan: &mut Scan<'a>) -> Option<Piece<'a>> {
    scan.taken(|scan| scan.string().map(drop)).map(Piece::AsStored)
}

fn boolean<'a>(scan: &mut Scan<'a>) -> Option<Piece<'a>> {
    scan.taken(|scan| scan.boolean().map(drop)).map(Piece::AsStored)
}

fn long<'a>(scan: &mut Scan<'a>) -> Option<Piece<'a>> {
    let piece = scan.taken(|scan| scan.long().map(drop)).map(Piece::AsStored);
    // Else it has a fraction, or an exponent.
    piece.filter(|_| !matches!(scan.rest().first(), Some(b'.' | b'e' | b'E' | b'0'..=b'9')))
}

fn time<'a>(scan: &mut Scan<'a>) -> Option<Piece<'a>> {
    if scan.rest().first() != Some(&b'"') {
        return long(scan);
    }
    let text = scan.taken(|scan| scan.string().map(drop))?;
    let text = std::str::from_utf8(&text[1..text.len() - 1]).ok()?;
    Some(Piece::Long(timestamp_of_text(text)))
}

fn double<'a>(scan: &mut Scan<'a>) -> Option<Piece<'a>> {
    let length = number_length(scan.rest()).filter(|length| *length <= LONGEST_NUMBER)?;
    let text = &scan.rest()[..length];
    scan.skip(length);
    let mut alone = Scan::of(text);
    if alone.double().is_some_and(|alone| alone.rest().is_empty()) {
        return Some(Piece::AsStored(text));
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    value.is_finite().then_some(Piece::Double(value))
}

// === impl Unknown ===

impl<'a> Unknown<'a> {
    /// `None` for a name that was there already, which is refused, or for too many.
    fn add(&mut self, name: &'a [u8]) -> Option<()> {
        if self.names[..self.count].contains(&name) {
            return None;
        }
        let place = self.names.get_mut(self.count)?;
        let _ = mem::replace(place, name);
        self.count += 1;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::Index};
    use serde_json::{Map, Value};

    use super::write_arranged;
    use crate::{
        results::documents::{Style, bucket::Bucket},
        xcontent::json::{parser::JsonParser, writer::Json},
    };

    /// What is written must be what reading and writing gives.
    fn assert_equal_when_written(source: &[u8]) -> bool {
        let mut arranged = b"before".to_vec();
        if write_arranged(source, &mut arranged).is_none() {
            assert_eq!(arranged, b"before");
            return false;
        }
        let shown = String::from_utf8_lossy(source);
        let bucket =
            Bucket::read(&mut JsonParser::stored(source)).unwrap_or_else(|refusal| panic!("{refusal:?}: {shown}"));
        let mut sink = Json::default();
        bucket.write(&mut sink, Style::default());
        assert_eq!(String::from_utf8_lossy(&arranged[6..]), String::from_utf8_lossy(&sink.finish()), "{shown}");
        true
    }

    fn fixtures() -> &'static [Vec<u8>] {
        static LINES: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(|| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/results");
            let files = std::fs::read_dir(folder).unwrap();
            let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
            let lines = texts.flat_map(|text| text.lines().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>());
            lines.filter(|line| assert_equal_when_written(line)).collect()
        });
        &LINES
    }

    #[test]
    fn every_plain_bucket() {
        assert!(fixtures().len() > 500, "only {} buckets were written", fixtures().len());
        for plain in [
            " { } ",
            r#"{"job_id":"j","timestamp":1,"bucket_span":3}"#,
            r#" {"bucket_span" : 3, "x":[1,"a", null ],"timestamp":"2016-06-01T00:00:00Z" ,"job_id":"j","anomaly_score":1e2}"#,
            r#"{"job_id":"j","timestamp":"1464739200","bucket_span":3,"bucket_influencers":[ {"job_id":"k","timestamp":"x","bucket_span":0 } ,{"job_id":"k","timestamp":2,"bucket_span":0}]}"#,
        ] {
            assert_eq!(assert_equal_when_written(plain.trim().as_bytes()), plain.len() > 10, "{plain}");
        }
        for left in [
            r#"{"job_id":"j","timestamp":1,"bucket_span":3,"x":1,"x":2}"#,
            r#"{"job_id":"j","timestamp":1,"bucket_span":3.5}"#,
            r#"{"job_id":"j","timestamp":1,"bucket_span":3,"anomaly_score":1e999}"#,
            r#"{"job_id":"j","timestamp":1,"bucket_span":3,"anomaly_score":"1"}"#,
            r#"{"job_id":"j","timestamp":1,"bucket_span":3,"job_id":"j"}"#,
            r#"{"job_id":"j","timestamp":null,"bucket_span":3}"#,
            r#"{"job_id":"j","timestamp":1,"bucket_span":3,"records":[]}"#,
            r#"{"job_id":"j","timestamp":1,"bucket_span":3} {}"#,
        ] {
            assert!(!assert_equal_when_written(left.as_bytes()), "{left}");
        }
    }

    fn shuffled(fields: &Map<String, Value>, order: &[Index]) -> Map<String, Value> {
        let mut fields: Vec<(String, Value)> = fields.clone().into_iter().collect();
        for (at, with) in order.iter().enumerate() {
            let (at, with) = (at % fields.len(), with.index(fields.len()));
            fields.swap(at, with);
        }
        fields.into_iter().collect()
    }

    proptest! {
        /// In any order, with unknown fields, other spellings, and something changed anywhere.
        #[test]
        fn as_read_and_written(
            line in any::<Index>(),
            order in vec(any::<Index>(), 0..12),
            unknown in proptest::option::of(("[a-c]", prop_oneof!["[0-9]{1,3}", "\"[a-z]*\"", "\\[\\]", "\\[1, true\\]", "\\{\\}", "null"])),
            spelled in proptest::option::of((0..12_usize, prop_oneof![
                "-?[0-9]{1,20}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", "\"[0-9TZ:.-]{0,24}\"",
                Just("\"2016-06-01T00:00:00Z\"".to_owned()), Just("null".to_owned()), Just("true".to_owned()),
            ])),
            change in proptest::option::of((any::<Index>(), 0..4_usize, vec(prop_oneof![any::<u8>(), prop::sample::select(&b"{}[],:\" 0.eE-\\"[..])], 0..3))),
        ) {
            let Value::Object(fields) = serde_json::from_slice(&fixtures()[line.index(fixtures().len())]).unwrap() else { panic!() };
            let fields = shuffled(&fields, &order);
            let mut text: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            if let Some((at, value)) = spelled {
                let at = at % text.len();
                let name = fields.keys().nth(at).unwrap();
                text[at] = format!("\"{name}\": {value}");
            }
            text.extend(unknown.map(|(name, value)| format!("\"{name}\":{value}")));
            let mut text = format!("{{{}}}", text.join(", ")).into_bytes();
            if let Some((place, cut, put)) = change {
                let start = place.index(text.len());
                text.splice(start..(start + cut).min(text.len()), put);
            }
            assert_equal_when_written(&text);
        }
    }
}
