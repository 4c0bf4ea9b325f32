//! From the documents that were found to the reply.

use bytes::Bytes;

use crate::{
    error::Error,
    results::documents::{Style, bucket::Bucket, canonical::is_canonical_bucket},
    store::Hits,
    xcontent::{Sink, json_parser::JsonParser, parser::Refusal},
};

/// The buckets of one reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Buckets {
    /// All buckets that match, not only those of the page.
    pub count: u64,
    pub buckets: Vec<Found>,
}

/// A bucket of the page.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Stored exactly as it is shown.
    AsStored(Bytes),
    Read(Box<Bucket>),
}

// === impl Buckets ===

impl Buckets {
    /// Reads what the store found, looking only as far as is needed.
    ///
    /// # Errors
    /// 400 for the first document that cannot be read, as Elastic answers it: a page is never shown with a hole.
    pub fn read(hits: &Hits, style: Style) -> Result<Self, Error> {
        let found = |(hit, source): (&crate::store::Hit, &[u8])| {
            if style == Style::default() && is_canonical_bucket(source) {
                return Ok(Found::AsStored(hits.text.slice(hit.source.clone())));
            }
            Found::read(source, style)
        };
        Self::collect(hits, hits.hits.iter().zip(hits.sources()).map(found))
    }

    /// Reads every document, for buckets that are to be changed.
    ///
    /// # Errors
    /// As [`Buckets::read`].
    pub fn read_whole(hits: &Hits, style: Style) -> Result<Self, Error> {
        Self::collect(hits, hits.sources().map(|source| Found::read(source, style)))
    }

    fn collect(hits: &Hits, found: impl Iterator<Item = Result<Found, Refusal>>) -> Result<Self, Error> {
        let buckets = found.collect::<Result<_, _>>().map_err(|refusal| Error::bad_request(*refusal))?;
        Ok(Self { count: hits.total, buckets })
    }

    /// The buckets that were read.
    pub fn read_buckets(&mut self) -> Vec<&mut Bucket> {
        self.buckets
            .iter_mut()
            .filter_map(|found| match found {
                Found::Read(bucket) => Some(&mut **bucket),
                Found::AsStored(_) => None,
            })
            .collect()
    }

    /// Writes `{"count":…,"buckets":[…]}`.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized), style: Style) {
        sink.start_object();
        sink.name("count");
        sink.long(self.count.try_into().unwrap_or(i64::MAX));
        sink.name("buckets");
        sink.start_array();
        for found in &self.buckets {
            found.write(sink, style);
        }
        sink.end_array();
        sink.end_object();
    }
}

// === impl Found ===

impl Found {
    fn read(source: &[u8], style: Style) -> Result<Self, Refusal> {
        let mut bucket = Bucket::read(&mut JsonParser::stored(source))?;
        if style.partition_scores {
            bucket.read_partition_scores(&mut JsonParser::stored(source))?;
        }
        Ok(Self::Read(Box::new(bucket)))
    }

    /// Writes the bucket.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized), style: Style) {
        match self {
            Self::Read(bucket) => bucket.write(sink, style),
            Self::AsStored(json) => {
                if !sink.verbatim(json)
                    && let Ok(bucket) = Bucket::read(&mut JsonParser::stored(json))
                {
                    bucket.write(sink, style);
                }
            }
        }
    }
}
