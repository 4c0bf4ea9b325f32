//! What lines mean: bulk actions with their documents, dumped documents, search replies, bare documents, and aliases.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Value, value::RawValue};

/// What a unit holds.
pub enum Content<'a> {
    Documents(Vec<Found<'a>>),
    /// Indices and the aliases that lead to them.
    Aliases(Vec<(String, Vec<String>)>),
}

/// A document in a file.
#[derive(Debug)]
pub struct Found<'a> {
    pub index: Option<Cow<'a, str>>,
    pub id: Option<Cow<'a, str>>,
    pub source: &'a [u8],
}

/// A line of any format.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    update: Option<&'a RawValue>,
    #[serde(borrow)]
    delete: Option<&'a RawValue>,
    #[serde(borrow, rename = "_source")]
    source: Option<&'a RawValue>,
    #[serde(borrow, rename = "_index")]
    index_name: Option<&'a RawValue>,
    #[serde(borrow, rename = "_id")]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    hits: Option<&'a RawValue>,
    #[serde(borrow)]
    job_id: Option<&'a RawValue>,
}

/// The line before the document in a bulk request.
#[derive(Deserialize)]
struct Action<'a> {
    #[serde(borrow)]
    index: Option<Target<'a>>,
    #[serde(borrow)]
    create: Option<Target<'a>>,
}

/// Where a bulk action puts its document.
#[derive(Deserialize)]
struct Target<'a> {
    #[serde(borrow, rename = "_index")]
    index: Option<&'a RawValue>,
    #[serde(borrow, rename = "_id")]
    id: Option<&'a RawValue>,
}

/// One index of a dump of aliases, which is the answer of `GET _alias`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Aliases {
    aliases: serde_json::Map<String, Value>,
}

/// The inner `hits` of a search reply.
#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(borrow)]
    hits: Vec<Hit<'a>>,
}

#[derive(Deserialize)]
struct Hit<'a> {
    #[serde(borrow, rename = "_index")]
    index: Option<&'a RawValue>,
    #[serde(borrow, rename = "_id")]
    id: Option<&'a RawValue>,
    #[serde(borrow, rename = "_source")]
    source: Option<&'a RawValue>,
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

/// Reads a bulk action and the line behind it.
///
/// # Errors
/// Why nothing of it can be stored.
pub fn read_action<'a>(action: &'a [u8], source: &'a [u8]) -> Result<Content<'a>, String> {
    let action: Action<'_> = serde_json::from_slice(action.trim_ascii())
        .map_err(|error| format!("not a bulk action: {}", where_and_why(&error)))?;
    let (index, id) = action.index.or(action.create).map_or((None, None), |target| (target.index, target.id));
    let source = source.strip_suffix(b"\n").unwrap_or(source);
    let source = source.strip_suffix(b"\r").unwrap_or(source);
    Ok(Content::Documents(vec![Found::new(index, id, source)]))
}

/// Reads a line that needs no other.
///
/// # Errors
/// Why nothing of it can be stored.
pub fn read(text: &[u8]) -> Result<Content<'_>, String> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Ok(Content::Documents(Vec::new()));
    }
    let line: Line<'_> =
        serde_json::from_slice(text).map_err(|error| format!("not JSON: {}", where_and_why(&error)))?;
    if let Some(source) = line.source {
        let found = Found::new(line.index_name, line.id, source.get().as_bytes());
        return Ok(Content::Documents(vec![found]));
    }
    if line.job_id.is_some() {
        return Ok(Content::Documents(vec![Found::new(None, None, text)]));
    }
    if [line.update, line.delete].into_iter().flatten().any(is_object) {
        return Err("only the bulk actions index and create can be loaded".into());
    }
    let Some(hits) = line.hits else {
        return read_aliases(text)
            .ok_or_else(|| "neither a bulk action, a dumped document, a search reply, aliases nor a result".into());
    };
    let reply: Reply<'_> =
        serde_json::from_str(hits.get()).map_err(|error| format!("not a search reply: {}", where_and_why(&error)))?;
    let documents = reply.hits.into_iter().map(|hit| {
        let source = hit.source.ok_or("a hit has no _source")?;
        Ok(Found::new(hit.index, hit.id, source.get().as_bytes()))
    });
    documents.collect::<Result<_, _>>().map(Content::Documents)
}

fn read_aliases(text: &[u8]) -> Option<Content<'static>> {
    let indices: BTreeMap<String, Aliases> = serde_json::from_slice(text).ok()?;
    let named = indices
        .into_iter()
        .map(|(index, Aliases { aliases })| (index, aliases.into_iter().map(|(alias, _)| alias).collect()));
    Some(Content::Aliases(named.collect()))
}

/// Why a text is no JSON.
#[must_use]
pub fn not_json(text: &[u8]) -> String {
    match serde_json::from_slice::<IgnoredAny>(text.trim_ascii()) {
        Ok(_) => "not JSON".into(),
        Err(error) => format!("not JSON: {}", where_and_why(&error)),
    }
}

/// The error without the number of a line where there is only one: that of the file stands before it.
fn where_and_why(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

// === impl Found ===

impl<'a> Found<'a> {
    fn new(index: Option<&'a RawValue>, id: Option<&'a RawValue>, source: &'a [u8]) -> Self {
        Self { index: index.and_then(text), id: id.and_then(text), source }
    }
}

/// A name, which may be spelled as a number.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let spelled = value.get();
    match spelled.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
        Some(_) => serde_json::from_str(spelled).ok().map(Cow::Owned),
        None if spelled == "null" => None,
        None => Some(Cow::Borrowed(spelled)),
    }
}
