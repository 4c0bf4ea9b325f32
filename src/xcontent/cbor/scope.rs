//! Objects and arrays that are open, and what is said where they end too early.

use super::{parser::CborParser, references::TAG_REFERENCES};
use crate::xcontent::{binary::token::Kind, names::Names, parser::Refusal};

/// An object or array that is open.
pub(super) struct Scope {
    pub(super) object: bool,
    /// How many entries it has; negative where it ends with a break.
    pub(super) length: i32,
    /// How many entries were begun.
    index: i32,
    pub(super) names: Names<'static>,
    /// Where references to strings count anew, the strings that may be referred to.
    pub(super) strings: Option<Vec<Vec<u8>>>,
}

// === impl Scope ===

impl Scope {
    pub(super) fn expects_more(&mut self) -> bool {
        if self.index == self.length {
            return false;
        }
        self.index += 1;
        true
    }

    /// The end of a message on a document that ends in here.
    pub(super) fn unfinished(&self, document: &str) -> String {
        let (kind, what) = if self.object { ("Object", "property") } else { ("Array", "element") };
        let start = format!("(start token at {document})");
        if self.length >= 0 {
            // The entry that is being read counts as missing.
            let more = (self.length - self.index + 1).max(0);
            let what = if self.object { "properties" } else { "elements" };
            format!(" in {kind} value: expected {more} more {what} {start}")
        } else {
            let article = if self.object { "a" } else { "an" };
            format!(" in {kind} value: expected {article} {what} or close marker (0xFF) {start}")
        }
    }
}

// === impl CborParser ===

impl CborParser<'_> {
    pub(super) fn open(&mut self, object: bool, length: i32) {
        let strings = self.tags.contains(&TAG_REFERENCES).then(Vec::new);
        self.scopes.push(Scope { object, length, index: 0, names: Names::default(), strings });
    }

    pub(super) fn close(&mut self) -> Kind {
        self.tags.clear();
        if self.scopes.pop().is_some_and(|scope| scope.object) { Kind::EndObject } else { Kind::EndArray }
    }

    pub(super) fn unexpected_break(&self) -> Refusal {
        self.bytes.fault(&match self.scopes.last() {
            None => "Unexpected Break (0xFF) token in Root context".to_owned(),
            Some(scope) => {
                let kind = if scope.object { "Object" } else { "Array" };
                format!("Unexpected Break (0xFF) token in definite length ({}) {kind}", scope.length)
            }
        })
    }
}
