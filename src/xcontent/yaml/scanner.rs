//! The tokens of a YAML text, as `SnakeYAML` finds them: the same places, and the same complaints.
//!
//! The one thing that needs looking back: what turns out to be a key gets its token in front of those that follow it.

use std::collections::VecDeque;

use super::{
    keys::PossibleKey,
    reader::{Mark, Problem, Reader, is_blank_or_end, is_end, is_space},
    token::{Kind, Token},
};

/// Finds tokens when they are asked for.
pub(super) struct Scanner {
    pub(super) reader: Reader,
    done: bool,
    pub(super) flow_level: i32,
    pub(super) tokens: VecDeque<Token>,
    /// How many tokens were taken already.
    pub(super) taken: usize,
    pub(super) indent: i64,
    pub(super) indents: Vec<i64>,
    pub(super) key_allowed: bool,
    pub(super) keys: Vec<PossibleKey>,
}

// === impl Scanner ===

impl Scanner {
    pub(super) fn new(reader: Reader) -> Self {
        let mark = reader.mark();
        Self {
            reader,
            done: false,
            flow_level: 0,
            tokens: VecDeque::from([Token { kind: Kind::StreamStart, start: mark, end: mark }]),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            key_allowed: true,
            keys: Vec::new(),
        }
    }

    /// The next token, which stays the next one.
    pub(super) fn peek(&mut self) -> Result<Token, Problem> {
        while self.needs_more()? {
            let fetched = self.fetch();
            self.reader.cut_off().map_or(fetched, Err)?;
        }
        let end = || Token { kind: Kind::StreamEnd, start: self.reader.mark(), end: self.reader.mark() };
        Ok(self.tokens.front().cloned().unwrap_or_else(end))
    }

    /// Takes the next token.
    pub(super) fn next(&mut self) -> Result<Token, Problem> {
        let token = self.peek()?;
        self.taken += 1;
        self.tokens.pop_front();
        Ok(token)
    }

    fn needs_more(&mut self) -> Result<bool, Problem> {
        if self.done {
            return Ok(false);
        }
        if self.tokens.is_empty() {
            return Ok(true);
        }
        self.drop_stale_keys()?;
        Ok(self.keys.first().is_some_and(|key| key.token == self.taken))
    }

    fn fetch(&mut self) -> Result<(), Problem> {
        self.skip_to_token();
        self.drop_stale_keys()?;
        self.unwind(self.reader.column());
        let (c, next) = (self.reader.peek(0), self.reader.peek(1));
        let at_start = self.reader.column() == 0;
        let (block, before_space) = (self.flow_level == 0, is_space(next));
        match c {
            '\0' => self.fetch_end(),
            '%' if at_start => {
                self.fetch_unindented()?;
                let token = self.scan_directive()?;
                self.tokens.push_back(token);
                Ok(())
            }
            '-' if at_start && self.reader.at_marker("---") => self.fetch_marker(Kind::DocumentStart),
            '-' if before_space => self.fetch_block_entry(),
            '.' if at_start && self.reader.at_marker("...") => self.fetch_marker(Kind::DocumentEnd),
            '[' => self.fetch_flow_start(Kind::FlowSequenceStart),
            '{' => self.fetch_flow_start(Kind::FlowMappingStart),
            ']' => self.fetch_flow_end(Kind::FlowSequenceEnd),
            '}' => self.fetch_flow_end(Kind::FlowMappingEnd),
            ',' => {
                self.key_allowed = true;
                self.drop_key()?;
                self.push(Kind::FlowEntry, 1);
                Ok(())
            }
            '?' if !block || before_space => self.fetch_key(),
            ':' if !block || before_space => self.fetch_value(),
            '*' | '&' => self.fetch_scanned(Self::scan_anchor),
            '!' => self.fetch_scanned(Self::scan_tag),
            '|' | '>' if block => {
                self.key_allowed = true;
                self.drop_key()?;
                let token = self.scan_block_scalar()?;
                self.tokens.push_back(token);
                Ok(())
            }
            '\'' | '"' => self.fetch_scanned(Self::scan_quoted),
            _ if self.starts_plain(c, next) => self.fetch_scanned(|scanner| Ok(scanner.scan_plain())),
            _ => {
                let shown = if c == '\t' { "\\t(TAB)".to_owned() } else { escaped(c) };
                let problem = format!(
                    "found character '{shown}' that cannot start any token. (Do not use {shown} for indentation)"
                );
                let context = Some(("while scanning for the next token", None));
                Err(self.reader.problem("scanner_exception", context, &problem, self.reader.mark()))
            }
        }
    }

    fn starts_plain(&self, c: char, next: char) -> bool {
        !(is_space(c) || "-?:,[]{}#&*!|>'\"%@`".contains(c))
            || (!is_space(next) && (c == '-' || (self.flow_level == 0 && "?:".contains(c))))
    }

    fn skip_to_token(&mut self) {
        if self.reader.mark().index == 0 && self.reader.peek(0) == '\u{feff}' {
            self.reader.forward(1);
        }
        loop {
            while self.reader.peek(0) == ' ' {
                self.reader.forward(1);
            }
            if self.reader.peek(0) == '#' {
                self.reader.take_while(|c| !is_end(c));
            }
            if self.line_break().is_none() {
                return;
            }
            if self.flow_level == 0 {
                self.key_allowed = true;
            }
        }
    }

    /// Takes a line end; what it stands for in a text.
    pub(super) fn line_break(&mut self) -> Option<char> {
        let c = self.reader.peek(0);
        match c {
            '\r' if self.reader.peek(1) == '\n' => self.reader.forward(2),
            '\r' | '\n' | '\u{85}' => self.reader.forward(1),
            '\u{2028}' | '\u{2029}' => {
                self.reader.forward(1);
                return Some(c);
            }
            _ => return None,
        }
        Some('\n')
    }

    /// A token that ends here.
    pub(super) fn token(&self, kind: Kind, start: Mark) -> Token {
        Token { kind, start, end: self.reader.mark() }
    }

    pub(super) fn fault(&self, context: &str, since: Mark, problem: &str) -> Problem {
        self.reader.problem("scanner_exception", Some((context, Some(since))), problem, self.reader.mark())
    }

    fn not_here(&self, problem: &str) -> Problem {
        self.reader.problem("scanner_exception", None, problem, self.reader.mark())
    }
}

// === tokens ===

impl Scanner {
    pub(super) fn push(&mut self, kind: Kind, length: usize) {
        let start = self.reader.mark();
        self.reader.forward(length);
        self.tokens.push_back(Token { kind, start, end: self.reader.mark() });
    }

    fn fetch_unindented(&mut self) -> Result<(), Problem> {
        self.unwind(-1);
        self.drop_key()?;
        self.key_allowed = false;
        Ok(())
    }

    fn fetch_end(&mut self) -> Result<(), Problem> {
        self.fetch_unindented()?;
        self.keys.clear();
        self.push(Kind::StreamEnd, 0);
        self.done = true;
        Ok(())
    }

    fn fetch_marker(&mut self, kind: Kind) -> Result<(), Problem> {
        self.fetch_unindented()?;
        self.push(kind, 3);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: Kind) -> Result<(), Problem> {
        self.save_key()?;
        self.flow_level += 1;
        self.key_allowed = true;
        self.push(kind, 1);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: Kind) -> Result<(), Problem> {
        self.drop_key()?;
        self.flow_level -= 1;
        self.key_allowed = false;
        self.push(kind, 1);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Problem> {
        if self.flow_level == 0 {
            if !self.key_allowed {
                return Err(self.not_here("sequence entries are not allowed here"));
            }
            if self.add_indent(self.reader.column()) {
                self.push(Kind::BlockSequenceStart, 0);
            }
        }
        self.key_allowed = true;
        self.drop_key()?;
        self.push(Kind::BlockEntry, 1);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Problem> {
        if self.flow_level == 0 {
            if !self.key_allowed {
                return Err(self.not_here("mapping keys are not allowed here"));
            }
            if self.add_indent(self.reader.column()) {
                self.push(Kind::BlockMappingStart, 0);
            }
        }
        self.key_allowed = self.flow_level == 0;
        self.drop_key()?;
        self.push(Kind::Key, 1);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Problem> {
        if let Some(key) = self.take_key() {
            let place = key.token - self.taken;
            let token = |kind| Token { kind, start: key.mark, end: key.mark };
            self.tokens.insert(place, token(Kind::Key));
            if self.flow_level == 0 && self.add_indent(i64::try_from(key.mark.column).unwrap_or(i64::MAX)) {
                self.tokens.insert(place, token(Kind::BlockMappingStart));
            }
            self.key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.key_allowed {
                    return Err(self.not_here("mapping values are not allowed here"));
                }
                if self.add_indent(self.reader.column()) {
                    self.push(Kind::BlockMappingStart, 0);
                }
            }
            self.key_allowed = self.flow_level == 0;
            self.drop_key()?;
        }
        self.push(Kind::Value, 1);
        Ok(())
    }

    /// What may be, or stand before, a key.
    fn fetch_scanned(&mut self, scan: fn(&mut Self) -> Result<Token, Problem>) -> Result<(), Problem> {
        self.save_key()?;
        self.key_allowed = false;
        let token = scan(self)?;
        self.tokens.push_back(token);
        Ok(())
    }

    /// The end of a line on which nothing but a comment may follow.
    pub(super) fn rest_of_line(&mut self, context: &str, since: Mark) -> Result<(), Problem> {
        while self.reader.peek(0) == ' ' {
            self.reader.forward(1);
        }
        if self.reader.peek(0) == '#' {
            self.reader.take_while(|c| !is_end(c));
        }
        let c = self.reader.peek(0);
        if self.line_break().is_none() && c != '\0' {
            let problem = format!("expected a comment or a line break, but found {}", coded(c));
            return Err(self.fault(context, since, &problem));
        }
        Ok(())
    }

    pub(super) fn expect_blank(&self, context: &str, since: Mark, expected: &str) -> Result<(), Problem> {
        let c = self.reader.peek(0);
        if is_blank_or_end(c) {
            return Ok(());
        }
        Err(self.fault(context, since, &format!("expected {expected}, but found {}", coded(c))))
    }
}

/// A character with its code.
pub(super) fn coded(c: char) -> String {
    format!("{c}({})", u32::from(c))
}

fn escaped(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        '\u{a0}' => "\\_".into(),
        other => other.to_string(),
    }
}
