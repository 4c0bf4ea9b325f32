//! Texts in blocks: behind `|` or `>`, on lines of their own.

use super::{
    reader::{Mark, Problem, is_break_or_blank, is_end},
    scanner::Scanner,
    token::{Kind, Token},
};

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
