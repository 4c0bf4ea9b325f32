//! The documents of a results index, each with the fields, the order and the id that Elasticsearch gives it.

pub mod bucket;
pub mod record;
pub mod upkeep;

use crate::json::{Json, Object};

/// One document to be indexed.
pub struct Document {
    pub id: String,
    pub body: Json,
}

impl Document {
    pub fn new(id: String, body: impl Into<Json>) -> Self {
        Self { id, body: body.into() }
    }
}

/// What all the results of one bucket have in common.
#[derive(Clone, Copy)]
pub struct Frame {
    pub job: &'static str,
    /// Start of the bucket in milliseconds.
    pub timestamp: i64,
    /// Length of the bucket in seconds.
    pub span: i64,
    pub interim: bool,
}

impl Frame {
    pub fn interim(self, interim: bool) -> Self {
        Self { interim, ..self }
    }

    /// `<job>_<kind>_<ms>_<span>`, how the ids of all results of a bucket begin.
    pub fn id(&self, kind: &str) -> String {
        format!("{}_{kind}_{}_{}", self.job, self.timestamp, self.span)
    }
}

/// When the document reached the cluster: a text or a number, either way a date.
pub fn event(ingested: impl Into<Json>) -> Object {
    Object::new().with("ingested", ingested)
}
