//! From the documents that were found to the reply.

use crate::{
    error::Error,
    results::documents::{Style, bucket::Bucket},
    store::Hits,
    xcontent::{Sink, json_parser::JsonParser},
};

/// The buckets of one reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Buckets {
    /// All buckets that match, not only those of the page.
    pub count: u64,
    pub buckets: Vec<Bucket>,
}

// === impl Buckets ===

impl Buckets {
    /// Reads what the store found.
    ///
    /// # Errors
    /// 400 for the first document that cannot be read, as Elastic answers it: a page is never shown with a hole.
    pub fn read(hits: &Hits, style: Style) -> Result<Self, Error> {
        let read = |source: &[u8]| {
            let mut bucket = Bucket::read(&mut JsonParser::stored(source))?;
            if style.partition_scores {
                bucket.read_partition_scores(&mut JsonParser::stored(source))?;
            }
            Ok(bucket)
        };
        let buckets = hits.sources().map(read).collect::<Result<_, _>>();
        Ok(Self {
            count: hits.total,
            buckets: buckets.map_err(|refusal: crate::xcontent::parser::Refusal| Error::bad_request(*refusal))?,
        })
    }

    /// Writes `{"count":…,"buckets":[…]}`.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized), style: Style) {
        sink.start_object();
        sink.name("count");
        sink.long(self.count.try_into().unwrap_or(i64::MAX));
        sink.name("buckets");
        sink.start_array();
        for bucket in &self.buckets {
            bucket.write(sink, style);
        }
        sink.end_array();
        sink.end_object();
    }
}
