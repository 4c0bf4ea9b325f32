//! What turns out to be a key, and how deep lines stand.

use super::{
    reader::{Mark, Problem},
    scanner::Scanner,
    token::Kind,
};

/// Longest key that stands on one line with its value.
const LONGEST_KEY: usize = 1_024;

/// Something that may turn out to be a key.
#[derive(Clone, Copy)]
pub(super) struct PossibleKey {
    pub(super) flow_level: i32,
    /// The number of its token.
    pub(super) token: usize,
    required: bool,
    pub(super) mark: Mark,
}

impl Scanner {
    pub(super) fn drop_stale_keys(&mut self) -> Result<(), Problem> {
        let here = self.reader.mark();
        let stale = |key: &PossibleKey| key.mark.line != here.line || here.index - key.mark.index > LONGEST_KEY;
        if let Some(key) = self.keys.iter().find(|key| stale(key) && key.required) {
            return Err(self.no_colon(key.mark));
        }
        self.keys.retain(|key| !stale(key));
        Ok(())
    }

    pub(super) fn save_key(&mut self) -> Result<(), Problem> {
        if self.key_allowed {
            let required = self.flow_level == 0 && self.indent == self.reader.column();
            self.drop_key()?;
            let token = self.taken + self.tokens.len();
            self.keys.push(PossibleKey { flow_level: self.flow_level, token, required, mark: self.reader.mark() });
        }
        Ok(())
    }

    pub(super) fn take_key(&mut self) -> Option<PossibleKey> {
        let at = self.keys.iter().position(|key| key.flow_level == self.flow_level)?;
        Some(self.keys.remove(at))
    }

    pub(super) fn drop_key(&mut self) -> Result<(), Problem> {
        match self.take_key() {
            Some(key) if key.required => Err(self.no_colon(key.mark)),
            _ => Ok(()),
        }
    }

    fn no_colon(&self, since: Mark) -> Problem {
        self.fault("while scanning a simple key", since, "could not find expected ':'")
    }

    pub(super) fn unwind(&mut self, column: i64) {
        while self.flow_level == 0 && self.indent > column {
            self.indent = self.indents.pop().unwrap_or(-1);
            self.push(Kind::BlockEnd, 0);
        }
    }

    pub(super) fn add_indent(&mut self, column: i64) -> bool {
        let deeper = self.indent < column;
        if deeper {
            self.indents.push(self.indent);
            self.indent = column;
        }
        deeper
    }
}
