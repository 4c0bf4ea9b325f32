//! What stands before a document or a node: directives, anchors, tags.

use super::{
    reader::{Mark, Problem, count_from, is_blank_or_end, is_end, is_space},
    scanner::{Scanner, coded},
    token::{Directive, Kind, Token},
};

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

    fn skip_blanks(&mut self) {
        while self.reader.peek(0) == ' ' {
            self.reader.forward(1);
        }
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
