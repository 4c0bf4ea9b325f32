//! The reply, written bucket by bucket while the search's answer comes in.

use std::mem;

use super::stored::Stored;
use crate::{
    error::Error,
    results::{
        documents::{Style, bucket::Bucket},
        job_id::JobId,
    },
    spool::{Spool, Spooled, Spools},
    store::{Hits, Taker},
    xcontent::render::{Form, Writer},
};

/// Bytes that are collected before they are put away.
const PIECE: usize = 28 << 10;

/// Room for a piece with the bucket that fills it, so that what is written is hardly ever moved.
const ROOM: usize = 32 << 10;

/// Bytes of a usual bucket.
const USUAL: usize = 700;

/// `{"count":…,"buckets":[…]}` in the making.
#[derive(Debug)]
pub struct Page {
    form: Form,
    stored: Stored,
    writer: Writer,
    spool: Spool,
    total: u64,
    /// The first document that cannot be read: a page is never shown with a hole.
    refused: Option<Error>,
}

// === impl Page ===

impl Page {
    /// An empty page of a job's buckets.
    #[must_use]
    pub fn new(job: &JobId, form: Form, style: Style, spools: &Spools) -> Self {
        let (writer, spool) = (form.writer(), spools.spool());
        let mut page = Self { form, stored: Stored::new(job, style), writer, spool, total: 0, refused: None };
        page.begin(0);
        page
    }

    /// All buckets that match, not only those of the page.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Writes a bucket.
    pub fn write(&mut self, bucket: &Bucket) {
        match self.writer.json() {
            Some(json) => bucket.write(json, self.stored.style),
            None => bucket.write(self.writer.sink(), self.stored.style),
        }
        self.put_away();
    }

    /// Writes buckets, which were read and changed.
    pub async fn write_all(&mut self, total: u64, buckets: &[Bucket]) {
        self.begin(total);
        for bucket in buckets {
            self.write(bucket);
            self.spool.settle().await;
        }
    }

    /// Reads documents for buckets that are to be changed.
    ///
    /// # Errors
    /// As [`Page::finish`].
    pub fn read_all(&self, hits: &Hits) -> Result<Vec<Bucket>, Error> {
        hits.sources().map(|source| self.stored.read(source)).collect()
    }

    /// The reply.
    ///
    /// # Errors
    /// 400 for the first document that could not be read, as Elastic answers it; 503 where the reply could not be kept.
    pub fn finish(mut self) -> Result<Spooled, Error> {
        if let Some(refusal) = self.refused {
            return Err(refusal);
        }
        let sink = self.writer.sink();
        sink.end_array();
        sink.end_object();
        self.spool.push(self.writer.finish());
        self.spool.finish().map_err(|error| {
            tracing::error!(%error, "a reply cannot be kept in a file until it is sent");
            Error::cannot_keep()
        })
    }

    fn put_away(&mut self) {
        if let Some(written) = self.writer.written().filter(|written| written.len() >= PIECE) {
            self.spool.push(mem::replace(written, Vec::with_capacity(ROOM)));
        }
    }
}

impl Taker for Page {
    fn begin(&mut self, total: u64) {
        self.spool.clear();
        (self.writer, self.total, self.refused) = (self.form.writer(), total, None);
        if let Some(written) = self.writer.written() {
            written.reserve(usize::try_from(total).map_or(ROOM, |total| total.saturating_mul(USUAL).min(ROOM)));
        }
        let sink = self.writer.sink();
        sink.start_object();
        sink.name("count");
        sink.long(total.try_into().unwrap_or(i64::MAX));
        sink.name("buckets");
        sink.start_array();
    }

    fn take(&mut self, source: &[u8], _: Option<i64>) {
        if self.writer.json().is_some_and(|json| self.stored.write_plain(json, source)) {
            return self.put_away();
        }
        // An answer that is not whole is said before a document that cannot be read: all of it is looked at.
        if self.refused.is_none() {
            match self.stored.read(source) {
                Ok(bucket) => self.write(&bucket),
                Err(refusal) => self.refused = Some(refusal),
            }
        }
    }

    fn recognise(&self, text: &[u8]) -> Option<usize> {
        if self.writer.is_json() { self.stored.canonical(text) } else { None }
    }

    fn take_recognised(&mut self, source: &[u8]) {
        if let Some(json) = self.writer.json() {
            json.verbatim(source);
            self.put_away();
        }
    }

    fn spool(&mut self) -> Option<&mut Spool> {
        Some(&mut self.spool)
    }
}
