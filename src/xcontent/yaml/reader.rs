//! A YAML text as `SnakeYAML` reads it: characters, places in them, and complaints that show both.

use std::{cell::Cell, fmt::Write as _};

/// Longest part of a line on each side of a place that a complaint shows.
const HALF_SNIPPET: usize = 36;

/// A place, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub(super) index: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// What is wrong with a text.
#[derive(Debug)]
pub(super) struct Problem {
    /// Java's exceptions, from the innermost.
    pub(super) kind: &'static str,
    pub(super) message: String,
}

/// The characters of a document, and how far they are read.
pub(super) struct Reader {
    pub(super) chars: Vec<char>,
    pub(super) mark: Mark,
    /// Behind these characters another one begins, and is cut off.
    cut: Option<Problem>,
    looked_behind: Cell<bool>,
}

// === impl Reader ===

impl Reader {
    /// # Errors
    /// Where there are bytes that are no text, or characters that may not stand in one.
    pub(super) fn new(input: &[u8]) -> Result<Self, Problem> {
        let (whole, cut) = match input.iter().rposition(|byte| *byte >= 0xC0) {
            Some(at) if at + sequence(input[at]) > input.len() => (&input[..at], Some(cut_off(input.len() - at))),
            _ => (input, None),
        };
        let text = std::str::from_utf8(whole).map_err(|error| not_utf8(whole, error.valid_up_to()))?;
        if !text.chars().all(is_printable) {
            return Err(Problem { kind: "reader_exception", message: "special characters are not allowed".into() });
        }
        Ok(Self { chars: text.chars().collect(), mark: Mark::default(), cut, looked_behind: Cell::new(false) })
    }

    pub(super) fn mark(&self) -> Mark {
        self.mark
    }

    pub(super) fn column(&self) -> i64 {
        i64::try_from(self.mark.column).unwrap_or(i64::MAX)
    }

    /// The character so far ahead; NUL behind the end.
    pub(super) fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.mark.index + ahead).copied().unwrap_or_else(|| {
            self.looked_behind.set(true);
            '\0'
        })
    }

    /// The complaint about the end, once the end was looked at.
    pub(super) fn cut_off(&mut self) -> Option<Problem> {
        if self.looked_behind.get() { self.cut.take() } else { None }
    }

    pub(super) fn forward(&mut self, count: usize) {
        for _ in 0..count {
            let Some(&c) = self.chars.get(self.mark.index) else { return };
            self.mark.index += 1;
            let next = self.chars.get(self.mark.index);
            if is_line_break(c) || (c == '\r' && next.is_some_and(|next| *next != '\n')) {
                self.mark.line += 1;
                self.mark.column = 0;
            } else if c != '\u{feff}' {
                self.mark.column += 1;
            }
        }
    }

    /// The next characters, fewer at the end.
    pub(super) fn prefix(&self, count: usize) -> String {
        self.chars.iter().skip(self.mark.index).take(count).collect()
    }

    /// Takes characters of one line.
    pub(super) fn take(&mut self, count: usize) -> String {
        let taken = self.prefix(count);
        self.mark.index += count;
        self.mark.column += count;
        taken
    }

    /// Takes characters as long as they fit.
    pub(super) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> String {
        let count = count_from(0, |ahead| fits(self.peek(ahead)));
        self.take(count)
    }

    /// Whether the next characters are a marker of a document's start or end.
    pub(super) fn at_marker(&self, marker: &str) -> bool {
        self.prefix(3) == marker && is_space(self.peek(3))
    }

    /// A complaint: what was going on and since where, what is wrong and where.
    pub(super) fn problem(
        &self,
        kind: &'static str,
        context: Option<(&str, Option<Mark>)>,
        problem: &str,
        at: Mark,
    ) -> Problem {
        let mut message = String::new();
        if let Some((context, since)) = context {
            let _ = writeln!(message, "{context}");
            if let Some(since) = since {
                self.show(since, &mut message);
            }
        }
        let _ = writeln!(message, "{problem}");
        self.show(at, &mut message);
        Problem { kind, message }
    }

    /// A place with its line.
    fn show(&self, mark: Mark, out: &mut String) {
        let at = mark.index;
        let ends = |c: &char| is_end(*c);
        let before = self.chars[..at.min(self.chars.len())].iter().rev().take_while(|c| !ends(c)).count();
        let after = self.chars.iter().skip(at).take_while(|c| !ends(c)).count();
        let (start, head) =
            if before > HALF_SNIPPET { (at - HALF_SNIPPET - 1 + 5, " ... ") } else { (at - before, "") };
        let (end, tail) = if after > HALF_SNIPPET { (at + HALF_SNIPPET + 1 - 5, " ... ") } else { (at + after, "") };
        let line: String = self.chars.get(start..end).unwrap_or_default().iter().collect();
        let indent = " ".repeat(4 + at - start + head.len());
        let (row, column) = (mark.line + 1, mark.column + 1);
        let _ = writeln!(out, " in 'reader', line {row}, column {column}:\n    {head}{line}{tail}\n{indent}^");
    }
}

/// A complaint about the character whose first byte stands at `at`.
fn not_utf8(text: &[u8], at: usize) -> Problem {
    let before = String::from_utf8_lossy(&text[..at]).encode_utf16().count();
    let first = text[at];
    let more = sequence(first) - 1;
    let wrong = text[at + 1..].iter().take(more).find(|byte| **byte & 0xC0 != 0x80);
    let message = match wrong {
        _ if more == 0 => {
            format!("Invalid UTF-8 start byte 0x{first:x} (at char #{}, byte #-1)", before + 1)
        }
        Some(byte) => format!("Invalid UTF-8 middle byte 0x{byte:x} (at char #{before}, byte #-1)"),
        None => format!("Invalid UTF-8 start byte 0x{first:x} (at char #{}, byte #-1)", before + 1),
    };
    Problem { kind: "char_conversion_exception", message: format!("java.io.CharConversionException: {message}") }
}

/// How many bytes a character has that starts with this one.
fn sequence(first: u8) -> usize {
    match first {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => 1,
    }
}

fn cut_off(bytes: usize) -> Problem {
    let message = format!(
        "java.io.IOException: End-of-input after first {bytes} byte(s) of a UTF-8 character: needed at least one more"
    );
    Problem { kind: "i_o_exception", message }
}

/// How many places in a row fit, from one ahead on; what fits must end at a NUL.
pub(super) fn count_from(first: usize, fits: impl Fn(usize) -> bool) -> usize {
    let mut ahead = first;
    while fits(ahead) {
        ahead += 1;
    }
    ahead - first
}

// === characters ===

pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A line end, or the text's.
pub(super) fn is_end(c: char) -> bool {
    is_line_break(c) || matches!(c, '\0' | '\r')
}

pub(super) fn is_blank_or_end(c: char) -> bool {
    c == ' ' || is_end(c)
}

pub(super) fn is_space(c: char) -> bool {
    c == '\t' || is_blank_or_end(c)
}

pub(super) fn is_break_or_blank(c: char) -> bool {
    is_line_break(c) || matches!(c, ' ' | '\r')
}
