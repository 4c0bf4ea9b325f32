//! A file, unit by unit: a line, a bulk action with its document, or a document over several lines. Each unit's format is
//! recognised by itself, so that files may be joined.

use std::io::{BufRead, BufReader, Read};

use super::formats::{Content, not_json, read, read_action};

/// Longest line, in bytes.
const LONGEST: usize = 1 << 30;
/// Longest document printed over several lines, in bytes.
const LONGEST_PRINTED: usize = 16 << 20;
/// Deepest document that can be read.
const DEEPEST: usize = 128;
/// Read at once, in bytes.
const BUFFER: usize = 1 << 20;

/// The smallest part of a file that is loaded whole.
pub struct Unit<'a> {
    /// The number of its first line, from 1.
    pub line: u64,
    /// What is to be stored, or why nothing can be.
    pub content: Result<Content<'a>, String>,
    /// The file ends within it: what is missing may still be written.
    pub unfinished: bool,
}

/// A file that is being read.
pub struct Lines<R> {
    reader: BufReader<R>,
    /// The lines of the unit.
    text: Vec<u8>,
    /// Lines that were read too far, and how many of their bytes are read again by now.
    ahead: Vec<u8>,
    again: usize,
    offset: u64,
    line: u64,
}

/// Where the text of a value that spans lines is: enough of JSON to see where it ends, or that it does not.
#[derive(Default)]
struct Nesting {
    depth: usize,
    /// The last byte that is not white space, outside strings.
    last: u8,
}

// === impl Lines ===

impl<R: Read> Lines<R> {
    /// Reads on from the file's position, which is at `offset` bytes, behind `line` lines.
    pub fn new(file: R, offset: u64, line: u64) -> Self {
        let reader = BufReader::with_capacity(BUFFER, file);
        Self { reader, text: Vec::new(), ahead: Vec::new(), again: 0, offset, line }
    }

    /// Bytes before the next unit.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Lines before the next unit.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The next unit; `None` at the end of the file.
    ///
    /// # Errors
    /// Where the file cannot be read, or a line is longer than memory should be.
    pub fn next_unit(&mut self) -> std::io::Result<Option<Unit<'_>>> {
        self.text.clear();
        if !self.append(false)? {
            return Ok(None);
        }
        let line = self.line;
        let unfinished = self.text.last() != Some(&b'\n');
        // a line that opens what it does not close belongs to a document over several lines
        if is_cut(&self.text) && !self.complete()? {
            return Ok(Some(Unit { line, content: Err(not_json(&self.text)), unfinished }));
        }
        let action_length = self.text.len();
        if is_action(&self.text) && !self.append(false)? {
            let content = Err("the document of this bulk action is missing".into());
            return Ok(Some(Unit { line, content, unfinished: true }));
        }
        let (first, second) = self.text.split_at(action_length);
        let content = if second.is_empty() { read(first) } else { read_action(first, second) };
        // what is wrong with the document of an action is said of its own line
        let line = line + u64::from(!second.is_empty());
        Ok(Some(Unit { line, content, unfinished: self.text.last() != Some(&b'\n') }))
    }

    /// Appends the next line, which may have to be read again if `keep` is set; false at the end of the file.
    fn append(&mut self, keep: bool) -> std::io::Result<bool> {
        let before = self.text.len();
        let ahead = &self.ahead[self.again..];
        if ahead.is_empty() {
            if !keep {
                self.ahead.clear();
            }
            read_line(&mut self.reader, &mut self.text)?;
            if keep {
                self.ahead.extend_from_slice(&self.text[before..]);
            }
            self.again = self.ahead.len();
        } else {
            let end = memchr::memchr(b'\n', ahead).map_or(ahead.len(), |at| at + 1);
            self.text.extend_from_slice(&ahead[..end]);
            self.again += end;
        }
        let read = self.text.len() - before;
        self.offset += read as u64;
        self.line += u64::from(read > 0);
        Ok(read > 0)
    }

    /// Takes lines until the document is complete. Where it never is, gives all but the first line back.
    fn complete(&mut self) -> std::io::Result<bool> {
        if self.again > self.ahead.len() / 2 {
            self.ahead.drain(..self.again);
            self.again = 0;
        }
        let (first, again, offset, line) = (self.text.len(), self.again, self.offset, self.line);
        let mut nesting = Nesting::default();
        let mut open = nesting.read(&self.text) && nesting.depth > 0;
        while open && self.text.len() < LONGEST_PRINTED {
            let from = self.text.len();
            if !self.append(true)? {
                break;
            }
            open = nesting.read(&self.text[from..]);
            if nesting.depth == 0 {
                return Ok(true);
            }
        }
        self.text.truncate(first);
        (self.again, self.offset, self.line) = (again, offset, line);
        Ok(false)
    }
}

fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<()> {
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
                    if self.depth == DEEPEST || self.depth > 0 && !matches!(self.last, b'{' | b'[' | b',' | b':') {
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

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::{Content, Lines};

    /// A part of a file with the number of documents in it, and the lines that are bad, counted from its first.
    type Block = (&'static str, usize, &'static [u64]);

    /// None of them reads differently for what stands before or behind it.
    const BLOCKS: [Block; 14] = [
        ("{\"job_id\":\"j\"}\n", 1, &[]),
        ("{\"_source\":{\"a\":1},\"_id\":\"x\"}\r\n", 1, &[]),
        ("{\"index\":{\"_id\":\"x\"}}\n{\"job_id\":\"j\"}\n", 1, &[]),
        ("{\n \"job_id\" : \"}{\",\n \"a\" : [\n  { }\n ]\n}\n", 1, &[]),
        ("{\"hits\":{\"hits\":[{\"_source\":{}},{\"_source\":{}}]}}\n", 2, &[]),
        ("\n", 0, &[]),
        (" \t\r\n", 0, &[]),
        ("nothing\n", 0, &[1]),
        ("{\"job_id\":\"j\"},\n", 0, &[1]),
        ("{\"job_id\":\"j\",\"a\":1,\n", 0, &[1]),
        ("{\"job_id\":\"j\",\"a\n", 0, &[1]),
        ("{\"job_id\":\"j\",\"a\":[[[\n", 0, &[1]),
        ("{\"a\":1}\n", 0, &[1]),
        ("[{\"job_id\":\"j\"}]\n", 0, &[1]),
    ];

    fn read(text: &[u8]) -> (usize, Vec<u64>, u64) {
        let mut lines = Lines::new(text, 0, 0);
        let (mut documents, mut bad) = (0, Vec::new());
        while let Some(unit) = lines.next_unit().unwrap() {
            match unit.content {
                Ok(Content::Documents(found)) => documents += found.len(),
                Ok(Content::Aliases(_)) => {}
                Err(_) => bad.push(unit.line),
            }
        }
        (documents, bad, lines.offset())
    }

    proptest! {
        #[test]
        fn a_bad_line_takes_no_other_with_it(blocks in proptest::collection::vec(select(&BLOCKS[..]), 0..40)) {
            let text: String = blocks.iter().map(|(text, ..)| *text).collect();
            let (mut documents, mut bad, mut line) = (0, Vec::new(), 0);
            for (text, found, wrong) in blocks {
                documents += found;
                bad.extend(wrong.iter().map(|at| line + at));
                line += text.matches('\n').count() as u64;
            }
            prop_assert_eq!(read(text.as_bytes()), (documents, bad, text.len() as u64));
        }

        #[test]
        fn any_bytes_are_read_to_their_end(text in proptest::collection::vec(select(&b"{}[],:\"\\\n 1ajob_idhits\xff"[..]), 0..300)) {
            prop_assert_eq!(read(&text).2, text.len() as u64);
        }
    }

    #[test]
    fn no_file_takes_more_than_its_length_deserves() {
        for line in ["{\n", "{\"a\":[\n", "1,\n", "{\"a\":1},\n"] {
            let text = "{\"a\":[\n".to_owned() + &line.repeat(200_000);
            let start = std::time::Instant::now();
            assert_eq!(read(text.as_bytes()).2, text.len() as u64);
            let took = start.elapsed();
            assert!(took.as_secs() < 120, "{line:?}: {took:?}");
        }
    }
}
