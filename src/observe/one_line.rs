//! One event is one line, whatever is in it: texts of clients and of clusters reach the log. What is escaped is escaped as in
//! JSON, as the line may be JSON.

use std::io::{self, Write};

/// Escapes control characters in all that is written at once, but for a line break at its end.
pub(super) struct OneLine<W>(pub W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        // The formatter writes an event at once.
        let (line, end) = event.split_at(event.len() - usize::from(event.ends_with(b"\n")));
        match std::str::from_utf8(line) {
            Ok(text) if !text.contains(breaks) => self.0.write_all(event)?,
            _ => {
                let mut escaped = String::with_capacity(event.len() + 16);
                for c in String::from_utf8_lossy(line).chars() {
                    match c {
                        '\n' => escaped.push_str("\\n"),
                        '\r' => escaped.push_str("\\r"),
                        '\t' => escaped.push_str("\\t"),
                        c if breaks(c) => escaped.extend(format!("\\u{:04x}", u32::from(c)).chars()),
                        c => escaped.push(c),
                    }
                }
                self.0.write_all(escaped.as_bytes())?;
                self.0.write_all(end)?;
            }
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Whether a character may end a line, or move the cursor of who looks at it.
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
