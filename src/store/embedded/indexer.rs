//! What a document is found under: the values that Elasticsearch would index, the fields it would add to the mapping, and the
//! reason where it would refuse the document.

use std::collections::HashMap;

use super::{
    document::{Value, Visitor, check_keyword, read, walk},
    mapping::{self, Kind, score_field},
};
use crate::{
    error::Exception,
    xcontent::{
        json::parser::JsonParser,
        parser::{Parser, Refusal, Token},
    },
};

/// Longest value that a refusal repeats, in characters.
const LONGEST_PREVIEW: usize = 100;

/// Fields that documents of one index have brought in.
pub(super) type Dynamic = HashMap<Box<str>, Kind>;

/// The indexed values of one document.
#[derive(Debug, Default)]
pub(super) struct Indexed {
    pub(super) job: Option<String>,
    pub(super) result_type: Option<String>,
    /// Epoch milliseconds; the first of several.
    pub(super) time: Option<i64>,
    /// The score that goes with the result type; the first of several.
    pub(super) score: Option<f64>,
    pub(super) interim: Option<bool>,
    /// The columns do not tell all: one of these fields has several values, or there is no time.
    pub(super) odd: bool,
    /// Fields that the index did not have.
    pub(super) added: Vec<(Box<str>, Kind)>,
    /// `job_type` and `results_index_name`, which the configuration of a job has.
    pub(super) job_type: Option<String>,
    pub(super) results_index_name: Option<String>,
}

struct Indexer<'a> {
    known: &'a Dynamic,
    found: Indexed,
    times: usize,
    interims: usize,
    scores: [(Option<f64>, usize); 3],
}

/// The keywords that are kept beside the document.
const KEPT: [&str; 4] = ["job_id", "result_type", "job_type", "results_index_name"];

const SCORES: [&str; 3] = ["anomaly_score", "record_score", "influencer_score"];

// === impl Indexed ===

impl Indexed {
    /// Reads the indexed values of a document that goes to an index with these fields.
    ///
    /// # Errors
    /// Why Elasticsearch would not index the document, in its words.
    pub(super) fn read(source: &[u8], id: Option<&str>, known: &Dynamic) -> Result<Self, String> {
        let mut indexer =
            Indexer { known, found: Self::default(), times: 0, interims: 0, scores: [(None, 0); SCORES.len()] };
        walk(source, &mut indexer).map_err(|refusal| in_one_line(&refusal, id))?;
        Ok(indexer.finish())
    }
}

/// The reasons of a chain of exceptions, without repetitions and without the document that some quote.
fn in_one_line(refusal: &Exception, id: Option<&str>) -> String {
    let mut line = String::new();
    for exception in refusal.chain() {
        let reason = exception.reason.as_deref().unwrap_or("null").lines().next().unwrap_or_default();
        if !line.contains(reason) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(reason);
        }
    }
    match id {
        Some(id) => format!("document '{id}': {line}"),
        None => line,
    }
}

// === impl Indexer ===

impl Indexer<'_> {
    fn finish(self) -> Indexed {
        let mut found = self.found;
        let field = score_field(found.result_type.as_deref().unwrap_or_default());
        let of_field = SCORES.iter().position(|name| *name == field).map(|at| self.scores[at]);
        let (score, scores) = of_field.unwrap_or((None, 0));
        found.score = score;
        found.odd = self.times != 1 || scores > 1 || self.interims > 1;
        found
    }

    /// The kind of the field, which is added where it is new.
    fn kind(&mut self, path: &str, new: Kind) -> Result<Kind, Refusal> {
        if let Some(kind) = mapping::kind(path) {
            return Ok(kind);
        }
        if let Some(kind) = self.added(path) {
            return Ok(kind);
        }
        if let Some((parent, _)) = path.rsplit_once('.') {
            let kind = self.kind(parent, Kind::Object)?;
            if !kind.is_object() {
                let reason = format!(
                    "failed to parse field [{parent}] of type [{}]: Can't get text on a START_OBJECT",
                    kind.name()
                );
                return Err(refuse(reason));
            }
        }
        self.found.added.push((path.into(), new));
        Ok(new)
    }

    fn added(&self, path: &str) -> Option<Kind> {
        let new = || self.found.added.iter().find(|(added, _)| **added == *path).map(|(_, kind)| *kind);
        self.known.get(path).copied().or_else(new)
    }

    fn keep(&mut self, path: &str, value: Value) {
        match (path, value) {
            ("job_id", Value::Keyword(job)) if self.found.job.is_none() => self.found.job = Some(job),
            ("result_type", Value::Keyword(kind)) if self.found.result_type.is_none() => {
                self.found.result_type = Some(kind);
            }
            ("timestamp", Value::Integer(time)) => {
                self.found.time.get_or_insert(time);
                self.times += 1;
            }
            ("is_interim", Value::Integer(interim)) => {
                self.found.interim.get_or_insert(interim == 1);
                self.interims += 1;
            }
            ("job_type", Value::Keyword(kind)) => self.found.job_type = Some(kind),
            ("results_index_name", Value::Keyword(name)) => self.found.results_index_name = Some(name),
            (_, Value::Real(score)) => {
                if let Some(at) = SCORES.iter().position(|name| *name == path) {
                    self.scores[at].0.get_or_insert(score);
                    self.scores[at].1 += 1;
                }
            }
            _ => {}
        }
    }
}

impl Visitor for Indexer<'_> {
    fn leaf(&mut self, path: &str, in_array: bool, parser: &mut JsonParser<'_>) -> Result<(), Refusal> {
        if mapping::is_metadata(path) {
            let reason =
                "is a metadata field and cannot be added inside a document. Use the index API request parameters.";
            return Err(refuse(format!("Field [{path}] {reason}")));
        }
        if parser.current() == Some(Token::Null) && mapping::kind(path) != Some(Kind::Alias) {
            return Ok(());
        }
        let kind = self.kind(path, Kind::Keyword)?;
        match kind {
            Kind::Object | Kind::Nested => {
                let field = if in_array { "null" } else { path };
                let reason = format!(
                    "object mapping for [{path}] tried to parse field [{field}] as object, but found a concrete value"
                );
                Err(refuse(reason))
            }
            Kind::Alias => Err(refuse(format!("Cannot write to a field alias [{path}]."))),
            // most keywords only matter to sorts, which read the document
            Kind::Keyword if !KEPT.contains(&path) => {
                check_keyword(parser).map_err(|cause| unreadable(path, kind, parser, *cause))
            }
            _ => match read(kind, parser) {
                Ok(Some(value)) => {
                    self.keep(path, value);
                    Ok(())
                }
                Ok(None) => Ok(()),
                Err(cause) => Err(unreadable(path, kind, parser, *cause)),
            },
        }
    }

    fn object(&mut self, path: &str, _: &mut JsonParser<'_>) -> Result<bool, Refusal> {
        if mapping::is_metadata(path) {
            return Err(refuse(format!("Field [{path}] is a metadata field and cannot be added inside a document.")));
        }
        match self.kind(path, Kind::Object)? {
            Kind::Object | Kind::Nested => Ok(true),
            Kind::GeoPoint | Kind::Disabled => Ok(false),
            Kind::Alias => Err(refuse(format!("Cannot write to a field alias [{path}]."))),
            kind => Err(refuse(format!("failed to parse field [{path}] of type [{}]: found an object", kind.name()))),
        }
    }
}

fn refuse(reason: impl Into<String>) -> Refusal {
    Box::new(Exception::new("document_parsing_exception", reason))
}

fn unreadable(path: &str, kind: Kind, parser: &mut JsonParser<'_>, cause: Exception) -> Refusal {
    let preview: String = parser.text().map(|text| text.chars().take(LONGEST_PREVIEW).collect()).unwrap_or_default();
    let reason = format!("failed to parse field [{path}] of type [{}], whose value is '{preview}'", kind.name());
    Box::new(Exception::new("document_parsing_exception", reason).caused_by(cause))
}
