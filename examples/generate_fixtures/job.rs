//! A job: how it is configured, and the bulk file with all that it wrote.

use std::collections::BTreeSet;

use crate::documents::bucket::Bucket;
use crate::documents::{Document, Frame};
use crate::json::{Json, Object, one_line};
use crate::number::Style;
use crate::random::Random;

pub const SHARED: &str = ".ml-anomalies-shared";

pub struct Job {
    pub id: &'static str,
    pub description: &'static str,
    /// Length of a bucket in seconds.
    pub span: i64,
    pub detectors: Vec<Detector>,
    pub influencers: Vec<&'static str>,
    /// Name of the analysed text field, for a job that sorts messages into categories.
    pub categorization: Option<&'static str>,
    /// The indices that hold the job's results, the newest last; the first one is where it started.
    pub indices: Vec<&'static str>,
    /// Whether the job has its aliases: they are made together with it, and can get lost when indices are moved.
    pub aliased: bool,
    pub style: Style,
    pub random: Random,
    bulk: String,
    ids: BTreeSet<String>,
}

/// One detector of an analysis.
#[derive(Default)]
pub struct Detector {
    pub function: &'static str,
    pub field: Option<&'static str>,
    pub by: Option<&'static str>,
    pub over: Option<&'static str>,
    pub partition: Option<&'static str>,
}

impl Job {
    pub fn new(id: &'static str, span: i64, description: &'static str) -> Self {
        Self {
            id,
            description,
            span,
            detectors: Vec::new(),
            influencers: Vec::new(),
            categorization: None,
            indices: vec![SHARED],
            aliased: true,
            style: Style::Java,
            random: Random::for_job(id),
            bulk: String::new(),
            ids: BTreeSet::new(),
        }
    }

    pub fn detector(mut self, detector: Detector) -> Self {
        self.detectors.push(detector);
        self
    }

    pub fn influenced_by(mut self, fields: &[&'static str]) -> Self {
        self.influencers = fields.to_vec();
        self
    }

    pub fn written_by(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    pub fn in_index(mut self, index: &'static str) -> Self {
        self.indices = vec![index];
        self
    }

    /// From here on the results go to another index.
    pub fn roll_over(&mut self, index: &'static str) {
        self.indices.push(index);
    }

    /// The final bucket that starts at `timestamp`.
    pub fn at(&self, timestamp: i64) -> Frame {
        Frame { job: self.id, timestamp, span: self.span, interim: false }
    }

    pub fn add_bucket(&mut self, frame: &Frame, bucket: Bucket) {
        for document in bucket.documents(frame) {
            self.add(&document);
        }
    }

    /// Adds a document that was written by hand, with `$JOB` and `$TIME` in place of what they stand for.
    pub fn add_text(&mut self, frame: &Frame, id: String, text: &str) {
        let timestamp = frame.timestamp.to_string();
        let source = one_line(text).replace("$JOB", self.id).replace("$TIME", &timestamp);
        self.add(&Document::new(id, Json::Verbatim(source)));
    }

    pub fn add(&mut self, document: &Document) {
        assert!(self.ids.insert(document.id.clone()), "two documents have the id {}", document.id);
        let index = self.indices.last().copied().unwrap_or(SHARED);
        let target = Object::new().with("_index", index).with("_id", &document.id);
        let action = Json::from(Object::new().with("index", target));
        for line in [&action, &document.body] {
            self.bulk.push_str(&line.to_text(self.style));
            self.bulk.push('\n');
        }
    }

    /// The bulk file, empty for a job without results.
    pub fn bulk(&self) -> &str {
        &self.bulk
    }
}
