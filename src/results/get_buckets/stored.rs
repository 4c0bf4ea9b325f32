//! From a stored document to a bucket of the reply.

use http::StatusCode;

use crate::{
    error::Error,
    results::{
        documents::{Style, arranged::write_arranged, bucket::Bucket, canonical::canonical_bucket},
        job_id::JobId,
    },
    xcontent::json::{parser::JsonParser, writer::Json},
};

/// How documents of one job are shown.
#[derive(Debug)]
pub struct Stored {
    pub style: Style,
    job: JobId,
    /// How every bucket of the job begins, as JSON.
    start: String,
}

// === impl Stored ===

impl Stored {
    #[must_use]
    pub fn new(job: &JobId, style: Style) -> Self {
        Self { style, job: job.clone(), start: format!("{{\"job_id\":\"{job}\"") }
    }

    /// The length of the bucket in front of a text, where it is shown as it is stored.
    #[must_use]
    pub fn canonical(&self, text: &[u8]) -> Option<usize> {
        if self.style != Style::default() || !text.starts_with(self.start.as_bytes()) {
            return None;
        }
        canonical_bucket(text)
    }

    /// Writes a document that need not be read: as it stands, or from its pieces. False, with nothing written, for all others.
    pub fn write_plain(&self, json: &mut Json, source: &[u8]) -> bool {
        if self.canonical(source) == Some(source.len()) {
            json.verbatim(source);
            return true;
        }
        let arranged = |out: &mut Vec<u8>| {
            let before = out.len();
            write_arranged(source, out)?;
            out[before..].starts_with(self.start.as_bytes()).then_some(())
        };
        self.style == Style::default() && json.verbatim_by(arranged).is_some()
    }

    /// Reads a document.
    ///
    /// # Errors
    /// 400 for one that cannot be read, as Elastic answers it; 502 for one of another job, which was not asked for.
    pub fn read(&self, source: &[u8]) -> Result<Bucket, Error> {
        let refused = |refusal: Box<_>| Error::bad_request(*refusal);
        let mut bucket = Bucket::read(&mut JsonParser::stored(source)).map_err(refused)?;
        if self.style.partition_scores {
            bucket.read_partition_scores(&mut JsonParser::stored(source)).map_err(refused)?;
        }
        if bucket.job_id() != self.job.as_str() {
            return Err(Error::store(StatusCode::BAD_GATEWAY, "the cluster answered with results of another job"));
        }
        Ok(bucket)
    }
}
