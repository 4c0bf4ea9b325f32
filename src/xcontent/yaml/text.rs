//! The texts, tags, anchors and directives of YAML.

use super::{
    reader::{Mark, Problem, count_from, is_blank_or_end, is_break_or_blank, is_end, is_space},
    scanner::{Directive, Kind, Scanner, Token, coded},
};

impl Scanner {
    fn token(&self, kind: Kind, start: Mark) -> Token {
        Token { kind, start, end: self.reader.mark() }
    }

    fn skip_blanks(&mut self) {
        while self.reader.peek(0) == ' ' {
            self.reader.forward(1);
        }
    }
}

// === directives, anchors, tags ===

impl Scanner {
    pub(super) fn scan_directive(&mut self) -> Result<Token, Problem> {
        const CONTEXT: &str = "while scanning a directive";
        let start = self.reader.mark();
        self.reader.forward(1);
        let name = self.reader.take_while(is_word);
        if name.is_empty() {
            let found = coded(self.reader.peek(0));
            return Err(self.fault(
                CONTEXT,
                start,
                &format!("expected alphabetic or numeric character, but found {found}"),
            ));
        }
        self.expect_blank(CONTEXT, start, "alphabetic or numeric character")?;
        let directive = match &*name {
            "YAML" => {
                self.skip_blanks();
                let major = self.directive_number(start)?;
                if self.reader.peek(0) != '.' {
                    let found = coded(self.reader.peek(0));
                    return Err(self.fault(CONTEXT, start, &format!("expected a digit or '.', but found {found}")));
                }
                self.reader.forward(1);
                self.directive_number(start)?;
                self.expect_blank(CONTEXT, start, "a digit or ' '")?;
                Directive::Version(major)
            }
            "TAG" => {
                self.skip_blanks();
                let handle = self.tag_handle("directive", start)?;
                if self.reader.peek(0) != ' ' {
                    let found = coded(self.reader.peek(0));
                    return Err(self.fault(CONTEXT, start, &format!("expected ' ', but found {found}")));
                }
                self.skip_blanks();
                let prefix = self.tag_uri("directive", start)?;
                self.expect_blank(CONTEXT, start, "' '")?;
                Directive::Tag(handle, prefix)
            }
            _ => {
                self.reader.take_while(|c| !is_end(c));
                Directive::Other
            }
        };
        let token = self.token(Kind::Directive(directive), start);
        self.rest_of_line(CONTEXT, start)?;
        Ok(token)
    }

    fn directive_number(&mut self, start: Mark) -> Result<String, Problem> {
        let digits = self.reader.take_while(|c| c.is_ascii_digit());
        if digits.is_empty() {
            let found = coded(self.reader.peek(0));
            let problem = format!("expected a digit, but found {found}");
            return Err(self.fault("while scanning a directive", start, &problem));
        }
        Ok(digits)
    }

    pub(super) fn scan_anchor(&mut self) -> Result<Token, Problem> {
        let start = self.reader.mark();
        let alias = self.reader.peek(0) == '*';
        self.reader.forward(1);
        let name = self.reader.take_while(|c| !is_space(c) && !":,[]{}/.*&".contains(c));
        let c = self.reader.peek(0);
        if name.is_empty() || !(is_space(c) || "?:,]}%@`".contains(c)) {
            let context = if alias { "while scanning an alias" } else { "while scanning an anchor" };
            return Err(self.fault(context, start, &format!("unexpected character found {}", coded(c))));
        }
        Ok(self.token(if alias { Kind::Alias(name) } else { Kind::Anchor(name) }, start))
    }

    pub(super) fn scan_tag(&mut self) -> Result<Token, Problem> {
        let start = self.reader.mark();
        let quoted = |c: char| format!("but found '{c}' ({})", u32::from(c));
        let next = self.reader.peek(1);
        let (handle, suffix) = if next == '<' {
            self.reader.forward(2);
            let suffix = self.tag_uri("tag", start)?;
            let c = self.reader.peek(0);
            if c != '>' {
                return Err(self.fault("while scanning a tag", start, &format!("expected '>', {}", quoted(c))));
            }
            self.reader.forward(1);
            (None, suffix)
        } else if is_space(next) {
            self.reader.forward(1);
            (None, "!".to_owned())
        } else {
            let before = |ahead| !matches!(self.reader.peek(ahead), '!') && !is_blank_or_end(self.reader.peek(ahead));
            let named = self.reader.peek(1 + count_from(1, before)) == '!';
            let handle = if named {
                self.tag_handle("tag", start)?
            } else {
                self.reader.forward(1);
                "!".to_owned()
            };
            (Some(handle), self.tag_uri("tag", start)?)
        };
        let c = self.reader.peek(0);
        if !is_blank_or_end(c) {
            return Err(self.fault("while scanning a tag", start, &format!("expected ' ', {}", quoted(c))));
        }
        Ok(self.token(Kind::Tag(handle, suffix), start))
    }

    fn tag_handle(&mut self, what: &str, start: Mark) -> Result<String, Problem> {
        let fault = |scanner: &Self, c| {
            scanner.fault(&format!("while scanning a {what}"), start, &format!("expected '!', but found {}", coded(c)))
        };
        let c = self.reader.peek(0);
        if c != '!' {
            return Err(fault(self, c));
        }
        let mut length = 1;
        if self.reader.peek(1) != ' ' {
            length += count_from(1, |ahead| is_word(self.reader.peek(ahead)));
            let c = self.reader.peek(length);
            if c != '!' {
                self.reader.forward(length);
                return Err(fault(self, c));
            }
            length += 1;
        }
        Ok(self.reader.take(length))
    }

    fn tag_uri(&mut self, what: &str, start: Mark) -> Result<String, Problem> {
        let mut uri = String::new();
        loop {
            uri += &self.reader.take_while(|c| c != '%' && is_uri(c));
            if self.reader.peek(0) != '%' {
                break;
            }
            uri += &self.uri_escapes(what, start)?;
        }
        if uri.is_empty() {
            let problem = format!("expected URI, but found {}", coded(self.reader.peek(0)));
            return Err(self.fault(&format!("while scanning a {what}"), start, &problem));
        }
        Ok(uri)
    }

    fn uri_escapes(&mut self, what: &str, start: Mark) -> Result<String, Problem> {
        let mut bytes = Vec::new();
        while self.reader.peek(0) == '%' {
            self.reader.forward(1);
            let Ok(byte) = u8::from_str_radix(&self.reader.prefix(2), 16) else {
                let problem = format!(
                    "expected URI escape sequence of 2 hexadecimal numbers, but found {} and {}",
                    coded(self.reader.peek(0)),
                    coded(self.reader.peek(1))
                );
                return Err(self.fault(&format!("while scanning a {what}"), start, &problem));
            };
            bytes.push(byte);
            self.reader.forward(2);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn is_uri(c: char) -> bool {
    is_word(c) || "-;/?:@&=+$,_.!~*'()[]%".contains(c)
}

// === texts in blocks ===

impl Scanner {
    pub(super) fn scan_block_scalar(&mut self) -> Result<Token, Problem> {
        const CONTEXT: &str = "while scanning a block scalar";
        let start = self.reader.mark();
        let folded = self.reader.peek(0) == '>';
        self.reader.forward(1);
        let (keep, increment) = self.block_indicators(CONTEXT, start)?;
        self.rest_of_line(CONTEXT, start)?;
        let least = (self.indent + 1).max(1);
        let (mut breaks, mut end, indent) = match increment {
            None => {
                let (breaks, deepest, end) = self.block_indentation();
                (breaks, end, least.max(deepest))
            }
            Some(increment) => {
                let indent = least + increment - 1;
                let (breaks, end) = self.block_breaks(indent);
                (breaks, end, indent)
            }
        };
        let mut text = String::new();
        let mut line_break = String::new();
        while self.reader.column() == indent && self.reader.peek(0) != '\0' {
            text += &breaks;
            let flush = !matches!(self.reader.peek(0), ' ' | '\t');
            text += &self.reader.take_while(|c| !is_end(c));
            line_break = self.line_break().map(String::from).unwrap_or_default();
            (breaks, end) = self.block_breaks(indent);
            if self.reader.column() != indent || self.reader.peek(0) == '\0' {
                break;
            }
            if folded && line_break == "\n" && flush && !matches!(self.reader.peek(0), ' ' | '\t') {
                if breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text += &line_break;
            }
        }
        if keep != Some(false) {
            text += &line_break;
        }
        if keep == Some(true) {
            text += &breaks;
        }
        Ok(Token { kind: Kind::Scalar(text, false), start, end })
    }

    /// Whether line ends at the end are kept, and how deep the text stands.
    fn block_indicators(&mut self, context: &str, start: Mark) -> Result<(Option<bool>, Option<i64>), Problem> {
        let (mut keep, mut increment) = (None, None);
        for _ in 0..2 {
            let c = self.reader.peek(0);
            match c.to_digit(10) {
                Some(0) if increment.is_none() => {
                    let problem = "expected indentation indicator in the range 1-9, but found 0";
                    return Err(self.fault(context, start, problem));
                }
                Some(digit) if increment.is_none() => increment = Some(i64::from(digit)),
                None if matches!(c, '-' | '+') && keep.is_none() => keep = Some(c == '+'),
                _ => break,
            }
            self.reader.forward(1);
        }
        self.expect_blank(context, start, "chomping or indentation indicators")?;
        Ok((keep, increment))
    }

    fn block_indentation(&mut self) -> (String, i64, Mark) {
        let (mut breaks, mut deepest, mut end) = (String::new(), 0, self.reader.mark());
        while is_break_or_blank(self.reader.peek(0)) {
            if self.reader.peek(0) == ' ' {
                self.reader.forward(1);
                deepest = deepest.max(self.reader.column());
            } else {
                breaks.extend(self.line_break());
                end = self.reader.mark();
            }
        }
        (breaks, deepest, end)
    }

    fn block_breaks(&mut self, indent: i64) -> (String, Mark) {
        let (mut breaks, mut end) = (String::new(), self.reader.mark());
        loop {
            while self.reader.column() < indent && self.reader.peek(0) == ' ' {
                self.reader.forward(1);
            }
            let Some(c) = self.line_break() else { return (breaks, end) };
            breaks.push(c);
            end = self.reader.mark();
        }
    }
}

// === texts on lines ===

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
