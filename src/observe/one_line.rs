//! One event is one line, whatever is in it: texts of clients and of clusters reach the log. What is escaped is escaped as in
//! JSON, as the line may be JSON.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

/// Escapes control characters in all that is written at once, but for a line break at its end.
pub(super) struct OneLine<W>(pub W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // The formatter writes an event at once.
        let (line, end) = event.split_at(event.len() - usize::from(event.ends_with(b"\n")));
        let line = String::from_utf8_lossy(line);
        if matches!(line, Cow::Borrowed(text) if !text.contains(breaks)) {
            self.0.write_all(event)?;
        } else {
            self.0.write_all(escape(&line).as_bytes())?;
            self.0.write_all(end)?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The text without anything that may end a line, or move the cursor of who looks at it. JSON stays the same JSON.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(breaks) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            // All of them are below 0x10000. Writing into a text does not fail.
            c if breaks(c) => drop(write!(escaped, "\\u{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped.into()
}

fn breaks(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::OneLine;

    #[test]
    fn only_the_end_breaks_the_line() {
        let mut written = Vec::new();
        let mut lines = OneLine(&mut written);
        lines.write_all("a\nb\r\x1b[2J\u{9b}\u{2028}é\n".as_bytes()).unwrap();
        lines.write_all(b"plain\n").unwrap();
        lines.write_all(b"\xff\n").unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "a\\nb\\r\\u001b[2J\\u009b\\u2028é\nplain\n\u{fffd}\n");
    }
}
