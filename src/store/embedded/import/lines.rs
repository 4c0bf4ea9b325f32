//! What stands in a file, line by line: each line's format is recognised by itself, so that files may be joined.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{BufRead, BufReader},
};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

/// Longest line, and longest document printed over several lines, in bytes.
const LONGEST: usize = 1 << 30;
/// Read at once, in bytes.
const BUFFER: usize = 1 << 20;

/// The smallest part of a file that is loaded whole.
pub(super) struct Unit<'a> {
    /// The number of its first line, from 1.
    pub(super) line: u64,
    /// What is to be stored, or why nothing can be.
    pub(super) content: Result<Content<'a>, String>,
}

/// What a unit holds.
pub(super) enum Content<'a> {
    Documents(Vec<Found<'a>>),
    /// Indices and the aliases that lead to them.
    Aliases(Vec<(String, Vec<String>)>),
}

/// A document in a file.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) index: Option<Cow<'a, str>>,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) source: &'a [u8],
}

/// A file that is being read.
pub(super) struct Lines {
    reader: BufReader<File>,
    /// The lines of the unit.
    text: Vec<u8>,
    /// Lines that were read too far.
    ahead: Vec<u8>,
    offset: u64,
    line: u64,
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
    aliases: HashMap<String, IgnoredAny>,
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

/// Where the text of a value that spans lines is: enough of JSON to see where it ends, or that it does not.
#[derive(Default)]
struct Nesting {
    depth: usize,
    /// The last byte that is not white space, outside strings.
    last: u8,
}

// === impl Lines ===

impl Lines {
    /// Reads on from the file's position, which is at `offset` bytes, behind `line` lines.
    pub(super) fn new(file: File, offset: u64, line: u64) -> Self {
        Self { reader: BufReader::with_capacity(BUFFER, file), text: Vec::new(), ahead: Vec::new(), offset, line }
    }

    /// Bytes before the next unit.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Lines before the next unit.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The next unit; `None` at the end of the file.
    ///
    /// # Errors
    /// Where the file cannot be read, or a line is longer than memory should be.
    pub(super) fn next_unit(&mut self) -> std::io::Result<Option<Unit<'_>>> {
        self.text.clear();
        if !self.append()? {
            return Ok(None);
        }
        let line = self.line;
        // a line that opens what it does not close belongs to a document over several lines
        if is_cut(&self.text) && !self.complete()? {
            return Ok(Some(Unit { line, content: Err(not_json(&self.text)) }));
        }
        let action_length = self.text.len();
        if is_action(&self.text) && !self.append()? {
            return Ok(Some(Unit { line, content: Err("the document of this bulk action is missing".into()) }));
        }
        let (first, second) = self.text.split_at(action_length);
        let content = if second.is_empty() { read(first) } else { read_action(first, second) };
        // what is wrong with the document of an action is said of its own line
        let line = line + u64::from(!second.is_empty());
        Ok(Some(Unit { line, content }))
    }

    /// Appends the next line; false at the end of the file.
    fn append(&mut self) -> std::io::Result<bool> {
        let before = self.text.len();
        if self.ahead.is_empty() {
            read_line(&mut self.reader, &mut self.text)?;
        } else {
            let end = memchr::memchr(b'\n', &self.ahead).map_or(self.ahead.len(), |at| at + 1);
            self.text.extend(self.ahead.drain(..end));
        }
        let read = self.text.len() - before;
        self.offset += read as u64;
        self.line += u64::from(read > 0);
        Ok(read > 0)
    }

    /// Takes lines until the document is complete. Where it never is, gives all but the first line back.
    fn complete(&mut self) -> std::io::Result<bool> {
        let (first, offset, line) = (self.text.len(), self.offset, self.line);
        let mut nesting = Nesting::default();
        let mut open = nesting.read(&self.text);
        while open && self.text.len() < LONGEST {
            let from = self.text.len();
            if !self.append()? {
                break;
            }
            open = nesting.read(&self.text[from..]);
            if nesting.depth == 0 {
                return Ok(true);
            }
        }
        let mut rest = self.text.split_off(first);
        rest.append(&mut self.ahead);
        (self.ahead, self.offset, self.line) = (rest, offset, line);
        Ok(false)
    }
}

fn read_line(reader: &mut BufReader<File>, line: &mut Vec<u8>) -> std::io::Result<()> {
    let before = line.len();
    loop {
        let buffer = reader.fill_buf()?;
        let end = memchr::memchr(b'\n', buffer).map(|at| at + 1);
        let taken = end.unwrap_or(buffer.len());
        line.extend_from_slice(&buffer[..taken]);
        reader.consume(taken);
        if end.is_some() || taken == 0 {
            return Ok(());
        }
        if line.len() - before > LONGEST {
            return Err(std::io::Error::other(format!("a line is longer than {LONGEST} bytes")));
        }
    }
}

/// Whether the line is the beginning of a JSON object and no more. Who prints objects over several lines breaks the line
/// behind the first brace or behind a value, not between two closing ones.
fn is_cut(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    text.first() == Some(&b'{') && (text.len() == 1 || text.last() != Some(&b'}'))
}

/// Whether a document has to follow: the line holds one object, called `index` or `create`, and nothing else.
fn is_action(line: &[u8]) -> bool {
    let inside = |text: &'_ [u8]| -> Option<bool> {
        let text = text.strip_prefix(b"{")?.trim_ascii_start();
        let text = text.strip_prefix(b"\"index\"").or_else(|| text.strip_prefix(b"\"create\""))?.trim_ascii_start();
        let text = text.strip_prefix(b":")?.trim_ascii_start();
        let text = text.strip_suffix(b"}")?.trim_ascii_end();
        Some(text.starts_with(b"{") && text.ends_with(b"}"))
    };
    inside(line.trim_ascii()).unwrap_or(false)
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

fn read_action<'a>(action: &'a [u8], source: &'a [u8]) -> Result<Content<'a>, String> {
    let action: Action<'_> = serde_json::from_slice(action.trim_ascii())
        .map_err(|error| format!("not a bulk action: {}", where_and_why(&error)))?;
    let (index, id) = action.index.or(action.create).map_or((None, None), |target| (target.index, target.id));
    let source = source.strip_suffix(b"\n").unwrap_or(source);
    let source = source.strip_suffix(b"\r").unwrap_or(source);
    Ok(Content::Documents(vec![Found::new(index, id, source)]))
}

/// Reads a line that needs no other.
fn read(text: &[u8]) -> Result<Content<'_>, String> {
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
    let named = indices.into_iter().map(|(index, Aliases { aliases })| (index, aliases.into_keys().collect()));
    Some(Content::Aliases(named.collect()))
}

fn not_json(text: &[u8]) -> String {
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

// === impl Nesting ===

impl Nesting {
    /// Reads one line; false where it cannot be a part of a document. A string ends on its line.
    fn read(&mut self, line: &[u8]) -> bool {
        let mut rest = line.iter();
        while let Some(&byte) = rest.next() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => continue,
                b'"' => loop {
                    match rest.next() {
                        Some(b'"') => break,
                        Some(b'\\') => {
                            rest.next();
                        }
                        Some(_) => {}
                        None => return false,
                    }
                },
                b'{' | b'[' => {
                    // only behind these can a value begin
                    if self.depth > 0 && !matches!(self.last, b'{' | b'[' | b',' | b':') {
                        return false;
                    }
                    self.depth += 1;
                }
                b'}' | b']' => {
                    let Some(depth) = self.depth.checked_sub(1) else { return false };
                    self.depth = depth;
                }
                _ => {}
            }
            self.last = byte;
        }
        true
    }
}
