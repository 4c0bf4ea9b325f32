//! Texts on lines: in quotes, or plain.

use super::{
    reader::{Mark, Problem, count_from, is_space},
    scanner::{Scanner, coded},
    token::{Kind, Token},
};

impl Scanner {
    pub(super) fn scan_quoted(&mut self) -> Result<Token, Problem> {
        let start = self.reader.mark();
        let quote = self.reader.peek(0);
        self.reader.forward(1);
        let mut text = String::new();
        self.quoted_characters(quote, start, &mut text)?;
        while self.reader.peek(0) != quote {
            self.quoted_spaces(start, &mut text)?;
            self.quoted_characters(quote, start, &mut text)?;
        }
        self.reader.forward(1);
        Ok(self.token(Kind::Scalar(text, false), start))
    }

    fn quoted_characters(&mut self, quote: char, start: Mark, text: &mut String) -> Result<(), Problem> {
        let double = quote == '"';
        loop {
            *text += &self.reader.take_while(|c| !is_space(c) && !"'\"\\".contains(c));
            let c = self.reader.peek(0);
            if !double && c == '\'' && self.reader.peek(1) == '\'' {
                text.push('\'');
                self.reader.forward(2);
            } else if (double && c == '\'') || (!double && matches!(c, '"' | '\\')) {
                text.push(c);
                self.reader.forward(1);
            } else if double && c == '\\' {
                self.reader.forward(1);
                self.escape(start, text)?;
            } else {
                return Ok(());
            }
        }
    }

    fn escape(&mut self, start: Mark, text: &mut String) -> Result<(), Problem> {
        const CONTEXT: &str = "while scanning a double-quoted scalar";
        let c = self.reader.peek(0);
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            self.reader.forward(1);
            let hex = self.reader.prefix(digits);
            if !hex.chars().all(|c| c.is_ascii_hexdigit()) || hex.is_empty() {
                let problem = format!("expected escape sequence of {digits} hexadecimal numbers, but found: {hex}");
                return Err(self.fault(CONTEXT, start, &problem));
            }
            let code = u32::from_str_radix(&hex, 16).unwrap_or(u32::MAX);
            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            self.reader.forward(digits);
            return Ok(());
        }
        let plain = match c {
            '0' => '\0',
            'a' => '\x07',
            'b' => '\x08',
            't' => '\t',
            'n' => '\n',
            'v' => '\x0b',
            'f' => '\x0c',
            'r' => '\r',
            'e' => '\x1b',
            ' ' | '"' | '\\' => c,
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            _ => {
                if self.line_break().is_none() {
                    let problem = format!("found unknown escape character {}", coded(c));
                    return Err(self.fault(CONTEXT, start, &problem));
                }
                *text += &self.quoted_breaks(start)?;
                return Ok(());
            }
        };
        text.push(plain);
        self.reader.forward(1);
        Ok(())
    }

    fn quoted_spaces(&mut self, start: Mark, text: &mut String) -> Result<(), Problem> {
        let spaces = self.reader.take_while(|c| matches!(c, ' ' | '\t'));
        if self.reader.peek(0) == '\0' {
            return Err(self.fault("while scanning a quoted scalar", start, "found unexpected end of stream"));
        }
        match self.line_break() {
            None => *text += &spaces,
            Some(line_break) => {
                let breaks = self.quoted_breaks(start)?;
                if line_break != '\n' {
                    text.push(line_break);
                } else if breaks.is_empty() {
                    text.push(' ');
                }
                *text += &breaks;
            }
        }
        Ok(())
    }

    fn quoted_breaks(&mut self, start: Mark) -> Result<String, Problem> {
        let mut breaks = String::new();
        loop {
            if self.reader.at_marker("---") || self.reader.at_marker("...") {
                return Err(self.fault("while scanning a quoted scalar", start, "found unexpected document separator"));
            }
            while matches!(self.reader.peek(0), ' ' | '\t') {
                self.reader.forward(1);
            }
            match self.line_break() {
                Some(c) => breaks.push(c),
                None => return Ok(breaks),
            }
        }
    }

    pub(super) fn scan_plain(&mut self) -> Token {
        let start = self.reader.mark();
        let (mut text, mut spaces, mut end) = (String::new(), String::new(), start);
        let indent = self.indent + 1;
        while self.reader.peek(0) != '#' {
            let length = count_from(0, |ahead| !self.ends_plain(ahead));
            if length == 0 {
                break;
            }
            self.key_allowed = false;
            text += &spaces;
            text += &self.reader.take(length);
            end = self.reader.mark();
            spaces = self.plain_spaces();
            if spaces.is_empty()
                || self.reader.peek(0) == '#'
                || (self.flow_level == 0 && self.reader.column() < indent)
            {
                break;
            }
        }
        Token { kind: Kind::Scalar(text, true), start, end }
    }

    fn ends_plain(&self, ahead: usize) -> bool {
        let (c, next) = (self.reader.peek(ahead), self.reader.peek(ahead + 1));
        let flow = self.flow_level != 0;
        is_space(c)
            || (c == ':' && (is_space(next) || (flow && ",[]{}".contains(next))))
            || (flow && ",?[]{}".contains(c))
    }

    /// What stands for blanks and line ends within a text; nothing where it ends there.
    fn plain_spaces(&mut self) -> String {
        let spaces = self.reader.take_while(|c| matches!(c, ' ' | '\t'));
        let Some(line_break) = self.line_break() else { return spaces };
        self.key_allowed = true;
        let at_marker = |scanner: &Self| scanner.reader.prefix(3) == "---" || scanner.reader.at_marker("...");
        if at_marker(self) {
            return String::new();
        }
        let mut breaks = String::new();
        loop {
            if self.reader.peek(0) == ' ' {
                self.reader.forward(1);
            } else if let Some(c) = self.line_break() {
                breaks.push(c);
                if at_marker(self) {
                    return String::new();
                }
            } else {
                break;
            }
        }
        if line_break != '\n' {
            breaks.insert(0, line_break);
        } else if breaks.is_empty() {
            breaks.push(' ');
        }
        breaks
    }
}
