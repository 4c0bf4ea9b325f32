//! The names seen in one object, none of which may come again.

use std::{borrow::Cow, collections::HashSet};

/// The names seen in one object: a few are compared one by one, many are hashed.
#[derive(Default)]
pub(crate) struct Names<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

// === impl Names ===

impl<'a> Names<'a> {
    const FEW: usize = 24;

    /// Room for the names of another object.
    pub(crate) fn emptied(mut self) -> Self {
        self.few.clear();
        Self { few: self.few, many: HashSet::new() }
    }

    /// Whether the name is new.
    pub(crate) fn insert(&mut self, name: Cow<'a, str>) -> bool {
        if !self.many.is_empty() {
            return self.many.insert(name);
        }
        if self.few.contains(&name) {
            return false;
        }
        self.few.push(name);
        if self.few.len() > Self::FEW {
            self.many.extend(self.few.drain(..));
        }
        true
    }
}
