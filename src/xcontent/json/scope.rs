//! Objects and arrays that are open: entered, left, and not too many.

use std::mem;

use super::{faults::Fault, parser::JsonParser};
use crate::xcontent::{
    names::Names,
    parser::{Location, Refusal, Token},
};

/// Deepest nesting.
const MOST_DEPTH: usize = 1_000;
/// An object or array that is open.
pub(super) struct Scope<'a> {
    pub(super) kind: Kind,
    pub(super) start: Location,
    pub(super) entries: usize,
    pub(super) names: Names<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Root,
    Array,
    Object,
}

// === impl Kind ===

impl Kind {
    pub(super) fn describe(self) -> &'static str {
        match self {
            Kind::Root => "root",
            Kind::Array => "Array",
            Kind::Object => "Object",
        }
    }
}

// === impl JsonParser ===

impl JsonParser<'_> {
    /// Makes `token` current, entering it where it is a container.
    pub(super) fn open(&mut self, token: Option<Token>) -> Result<Option<Token>, Refusal> {
        let kind = match token {
            Some(Token::StartObject) => Kind::Object,
            Some(Token::StartArray) => Kind::Array,
            _ => return Ok(token),
        };
        if self.outer.len() >= MOST_DEPTH {
            let message = format!(
                "Document nesting depth ({}) exceeds the maximum allowed ({MOST_DEPTH}, from `StreamReadConstraints.getMaxNestingDepth()`)",
                self.outer.len() + 1
            );
            return Err(self.fault(Fault::Constraint(&message)));
        }
        let names = self.spare.pop().unwrap_or_default();
        let scope = Scope { kind, start: self.token_location, entries: 0, names };
        self.outer.push(mem::replace(&mut self.scope, scope));
        Ok(token)
    }

    pub(super) fn close(&mut self, byte: u8) -> Result<Token, Refusal> {
        self.token_location = self.before();
        let (token, kind, other) =
            if byte == b']' { (Token::EndArray, Kind::Array, '}') } else { (Token::EndObject, Kind::Object, ']') };
        if self.kind() != kind {
            let open = self.kind().describe();
            let start = self.source().at(self.scope.start);
            let message = format!(
                "Unexpected close marker '{}': expected '{other}' (for {open} starting at {start})",
                char::from(byte)
            );
            return Err(self.fault_at_byte(&message));
        }
        if let Some(outer) = self.outer.pop() {
            let names = mem::replace(&mut self.scope, outer).names;
            self.spare.push(names.emptied());
        }
        Ok(token)
    }
}
