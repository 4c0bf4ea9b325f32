//! A search reply, read while it comes in: each hit is given to a taker as soon as it is there, so that no more of a large
//! reply is in memory than one hit. Whether the reply is a whole one is known at its end.

use super::reply::{FoundHit, SearchReply, nonsense, read_whole};
use crate::{
    error::Error,
    store::Taker,
    xcontent::scan::{number_length, plain_string},
};

/// Bytes within which the hits begin. What is said before them is short; a reply in another order is read as a whole.
const LONGEST_HEAD: usize = 16 << 10;

/// Bytes that are put to a hit that was cut, to read it.
const STEP: usize = 4 << 10;

/// Reads one reply.
pub(super) struct ReplyReader<'t, T> {
    taker: &'t mut T,
    /// The reply without its hits, as far as it came.
    envelope: Vec<u8>,
    /// Of the hits, what cannot be read yet.
    rest: Vec<u8>,
    place: Place,
    /// Whether there was a hit, and the index of the first one.
    any: bool,
    first_index: Option<String>,
    /// How much there must be of a hit before it is looked at again: long ones are not read anew with every piece of them.
    enough: usize,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// What stands before the hits.
    Head,
    /// A hit, or the end of them.
    First,
    /// A hit.
    Hit,
    /// A comma, or the end of the hits.
    Behind,
    /// What stands behind the hits.
    Tail,
    /// Anything: all of it is read at the end.
    Whole,
    /// Nothing that matters: this is no search reply.
    Nonsense,
}

/// What stands in front of a text.
enum Front {
    /// A hit of so many bytes.
    Hit(usize),
    /// The beginning of one, perhaps.
    Part,
    Nonsense,
}

// === impl ReplyReader ===

impl<'t, T: Taker> ReplyReader<'t, T> {
    pub(super) fn new(taker: &'t mut T) -> Self {
        Self {
            taker,
            envelope: Vec::new(),
            rest: Vec::new(),
            place: Place::Head,
            any: false,
            first_index: None,
            enough: 0,
        }
    }

    /// The taker, for who looks after what it took.
    pub(super) fn taker(&mut self) -> &mut T {
        self.taker
    }

    /// The taker, for another reply.
    pub(super) fn into_taker(self) -> &'t mut T {
        self.taker
    }

    /// Reads the next piece of the reply.
    pub(super) fn read(&mut self, piece: &[u8]) {
        match self.place {
            Place::Head => self.read_head(piece),
            Place::First | Place::Hit | Place::Behind if self.rest.is_empty() => {
                let read = self.read_hits(piece);
                self.rest.extend_from_slice(&piece[read..]);
            }
            Place::First | Place::Hit | Place::Behind => self.read_on(piece),
            Place::Tail | Place::Whole => self.envelope.extend_from_slice(piece),
            Place::Nonsense => {}
        }
    }

    /// The index of the first hit, if there was one.
    ///
    /// # Errors
    /// 502 for a reply that is not whole: what was taken is void.
    pub(super) fn finish(mut self) -> Result<Option<String>, Error> {
        if matches!(self.place, Place::First | Place::Hit | Place::Behind) {
            self.enough = 0;
            self.read_rest();
        }
        let envelope = String::from_utf8(self.envelope).map_err(|_| nonsense())?;
        match self.place {
            Place::Head | Place::Whole => read_whole(&envelope, self.taker),
            Place::Tail => {
                SearchReply::read(&envelope)?.total()?;
                Ok(self.first_index)
            }
            Place::First | Place::Hit | Place::Behind | Place::Nonsense => Err(nonsense()),
        }
    }

    fn read_head(&mut self, piece: &[u8]) {
        let before = self.envelope.len();
        self.envelope.extend_from_slice(&piece[..piece.len().min(LONGEST_HEAD)]);
        let start = start_of_hits(&self.envelope).filter(|start| self.read_total(*start));
        if let Some(start) = start {
            self.envelope.truncate(start);
            self.place = Place::First;
            return self.read(&piece[start - before..]);
        }
        self.envelope.extend_from_slice(piece.get(LONGEST_HEAD..).unwrap_or_default());
        if self.envelope.len() > LONGEST_HEAD || start_of_hits(&self.envelope).is_some() {
            self.place = Place::Whole;
        }
    }

    /// Begins, where what stands before the hits tells of them.
    fn read_total(&mut self, start: usize) -> bool {
        let without_hits = [&self.envelope[..start], b"]}}"].concat();
        let head = std::str::from_utf8(&without_hits).ok().and_then(|head| SearchReply::read(head).ok());
        // What is wrong with it is said in the end.
        head.inspect(|head| self.taker.begin(head.total().unwrap_or(0))).is_some()
    }

    /// Reads the hit that was cut, with as little of the piece as will do; what is behind it is read where it stands.
    fn read_on(&mut self, piece: &[u8]) {
        let (next, further) = piece.split_at(piece.len().min(STEP));
        self.rest.extend_from_slice(next);
        self.read_rest();
        let again = self.rest.len().min(next.len());
        if again < self.rest.len() || self.rest.is_empty() || further.is_empty() {
            if !further.is_empty() {
                self.read(further);
            }
            return;
        }
        // Other hits were read: the one that is cut now stands in this piece alone.
        self.rest.clear();
        self.enough = 0;
        self.read(&piece[next.len() - again..]);
    }

    fn read_rest(&mut self) {
        let mut rest = std::mem::take(&mut self.rest);
        let read = self.read_hits(&rest);
        rest.drain(..read);
        self.rest = rest;
    }

    /// Reads hits, and says how far.
    fn read_hits(&mut self, text: &[u8]) -> usize {
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            match (byte, self.place) {
                (b' ' | b'\t' | b'\n' | b'\r', _) => at += 1,
                (b',', Place::Behind) => {
                    self.place = Place::Hit;
                    at += 1;
                }
                (b']', Place::First | Place::Behind) => {
                    self.place = Place::Tail;
                    self.envelope.extend_from_slice(&text[at..]);
                    return text.len();
                }
                (b'{', Place::First | Place::Hit) => match self.read_hit(&text[at..]) {
                    Front::Hit(length) => {
                        self.place = Place::Behind;
                        self.enough = 0;
                        at += length;
                    }
                    Front::Part => return at,
                    Front::Nonsense => break,
                },
                _ => break,
            }
        }
        if at < text.len() {
            self.place = Place::Nonsense;
        }
        text.len()
    }

    fn read_hit(&mut self, text: &[u8]) -> Front {
        if text.len() < self.enough {
            return Front::Part;
        }
        if let Some(length) = self.recognise_hit(text) {
            return Front::Hit(length);
        }
        let mut stream = serde_json::Deserializer::from_slice(text).into_iter::<FoundHit<'_>>();
        let Some(Ok(hit)) = stream.next() else {
            // Not every error at the end of a text says that it is one: whether more would help is known at the reply's end.
            self.enough = 2 * text.len();
            return Front::Part;
        };
        let length = stream.byte_offset();
        // What was passed over may be anything.
        if std::str::from_utf8(&text[..length]).is_err() {
            return Front::Nonsense;
        }
        self.saw(|| hit.index.as_deref().map(str::to_owned));
        self.taker.take(hit.source.get().as_bytes(), hit.timestamp());
        Front::Hit(length)
    }

    /// Takes note of the first hit's index.
    fn saw(&mut self, index: impl FnOnce() -> Option<String>) {
        if !self.any {
            (self.any, self.first_index) = (true, index());
        }
    }

    /// A hit as Elasticsearch writes it, around a document that the taker recognises: nothing of it is looked at twice.
    fn recognise_hit(&mut self, text: &[u8]) -> Option<usize> {
        let (index, rest) = plain_string(text.strip_prefix(br#"{"_index":"#)?)?;
        let rest = rest.strip_prefix(br#","_type":"_doc""#).unwrap_or(rest);
        let (_, rest) = plain_string(rest.strip_prefix(br#","_id":"#)?)?;
        let rest = rest.strip_prefix(br#","_score":null,"_source":"#)?;
        let (source, rest) = rest.split_at(self.taker.recognise(rest)?);
        let mut rest = rest.strip_prefix(br#","sort":["#)?;
        loop {
            rest = &rest[number_length(rest)?..];
            match rest.strip_prefix(b",") {
                Some(more) => rest = more,
                None => break,
            }
        }
        let rest = rest.strip_prefix(b"]}")?;
        self.saw(|| Some(String::from_utf8_lossy(index).into_owned()));
        self.taker.take_recognised(source);
        Some(text.len() - rest.len())
    }
}

/// Where the list `hits` in the object `hits` begins.
fn start_of_hits(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth, mut in_hits, mut name) = (0, 0_usize, false, &b""[..]);
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'"' => {
                let start = at;
                while *text.get(at)? != b'"' {
                    at += if text[at] == b'\\' { 2 } else { 1 };
                }
                name = &text[start..at];
                at += 1;
            }
            b'[' if depth == 2 && in_hits && name == b"hits" => return Some(at),
            b'{' | b'[' => {
                depth += 1;
                if depth == 2 {
                    in_hits = name == b"hits";
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::Index};

    use super::{ReplyReader, read_whole};
    use crate::{error::Error, store::Hits};

    type Read = Result<(Hits, Option<String>), Error>;

    /// Read in pieces that end at these places.
    fn in_pieces(text: &[u8], mut ends: Vec<usize>) -> Read {
        let mut hits = Hits::default();
        let mut reader = ReplyReader::new(&mut hits);
        ends.push(text.len());
        ends.sort_unstable();
        let mut start = 0;
        for end in ends {
            reader.read(&text[start..end]);
            start = end;
        }
        let index = reader.finish()?;
        Ok((hits, index))
    }

    fn at_once(text: &[u8]) -> Read {
        let text = std::str::from_utf8(text).map_err(|_| super::nonsense())?;
        let mut hits = Hits::default();
        let index = read_whole(text, &mut hits)?;
        Ok((hits, index))
    }

    const HEAD: &str = r#"{"took":1,"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"total":{"value":3,"relation":"eq"},"max_score":null,"hits":["#;
    const HIT: &str =
        r#"{"_index":"i","_id":"x","_score":null,"_source":{"a":"\"}]","b":[{"c":"ä"}]},"sort":[12,3.5e1]}"#;

    fn seeds() -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/search_reply");
        let mut texts: Vec<String> =
            folder.read_dir().unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        texts.sort();
        texts.push(format!("{HEAD}]}}}}"));
        texts.push(format!("{HEAD}{HIT} ,\n{HIT},{{\"_source\":{{}}}}]}},\"more\":{{\"hits\":{{\"hits\":[]}}}}}} "));
        texts.push(format!("{HEAD}{}]}}}}", vec![HIT; 40].join(",")));
        texts.push(format!(
            r#"{{"hits":{{"hits":[{HIT}],"total":1}},"timed_out":false,"_shards":{{"total":1,"failed":0}}}}"#
        ));
        texts
    }

    proptest! {
        /// However a reply is cut into pieces and whatever is wrong with it: it is read as it would be at once.
        #[test]
        fn in_pieces_as_at_once(
            text in prop::sample::select(seeds()),
            ends in vec(any::<Index>(), 0..12),
            change in proptest::option::of((any::<Index>(), 0..6_usize, prop_oneof![
                prop::sample::select(vec!["", ",", "]", "[", "{", "}", "\"", "\\", " ", "hits", "1", "null", "\"hits\":["]).prop_map(|text| text.as_bytes().to_vec()),
                vec(any::<u8>(), 1..3),
            ])),
        ) {
            let mut text = text.into_bytes();
            if let Some((place, cut, put)) = change {
                let start = place.index(text.len());
                text.splice(start..(start + cut).min(text.len()), put);
            }
            let ends = ends.iter().map(|end| end.index(text.len() + 1)).collect();
            let expected = at_once(&text);
            prop_assert_eq!(&in_pieces(&text, ends), &expected);
            if text.len() < 3_000 {
                prop_assert_eq!(&in_pieces(&text, (0..text.len()).collect()), &expected);
            }
        }
    }

    #[test]
    fn what_is_whole_is_read() {
        for text in seeds() {
            let (hits, index) = in_pieces(text.as_bytes(), vec![]).unwrap_or_default();
            if text.starts_with(HEAD) && hits.hits.len() > 2 {
                assert_eq!((hits.hits[0].timestamp, hits.total, index.as_deref()), (Some(12), 3, Some("i")));
            }
        }
    }
}
