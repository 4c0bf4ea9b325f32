//! The option `filter_path`: which parts of a reply are shown.
//!
//! Patterns name paths of fields; `*` stands for any part of a name, `**` for one name or more, a leading `-` takes
//! away instead of choosing. Lists are looked through. What becomes empty is not shown.

use std::borrow::Cow;

use super::{Node, Sink};

/// The patterns of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterPath {
    includes: Vec<Vec<String>>,
    excludes: Vec<Vec<String>>,
}

/// Collects a document as a tree.
#[derive(Debug, Default)]
pub struct Tree {
    open: Vec<Node>,
    names: Vec<String>,
    root: Option<Node>,
}

/// What is left of the patterns below a field.
enum Below<'p> {
    /// The field is meant whole.
    Whole,
    /// Something in the field may be meant.
    Part(Vec<&'p [String]>),
    Nothing,
}

// === impl FilterPath ===

impl FilterPath {
    /// Reads the parameter: patterns separated by commas.
    #[must_use]
    pub fn parse(parameter: &str) -> Self {
        let mut filter = Self::default();
        for pattern in parameter.split(',').map(str::trim) {
            match pattern.strip_prefix('-') {
                Some("") => {}
                Some(excluded) => filter.excludes.push(segments(excluded)),
                None if pattern.is_empty() => {}
                None => filter.includes.push(segments(pattern)),
            }
        }
        filter
    }

    /// Whether everything is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.includes.is_empty() && self.excludes.is_empty()
    }

    /// The parts of a document that are shown.
    #[must_use]
    pub fn apply(&self, document: Node) -> Node {
        let mut shown = Some(document);
        if !self.includes.is_empty() {
            let patterns: Vec<_> = self.includes.iter().map(Vec::as_slice).collect();
            shown = shown.and_then(|node| include(node, &patterns));
        }
        if !self.excludes.is_empty() {
            let patterns: Vec<_> = self.excludes.iter().map(Vec::as_slice).collect();
            shown = shown.and_then(|node| exclude(node, &patterns));
        }
        shown.unwrap_or(Node::Object(Vec::new()))
    }
}

/// Splits at dots that are not escaped.
fn segments(pattern: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' if characters.peek() == Some(&'.') => {
                characters.next();
                if let Some(last) = segments.last_mut() {
                    last.push('.');
                }
            }
            '.' => segments.push(String::new()),
            _ => {
                if let Some(last) = segments.last_mut() {
                    last.push(c);
                }
            }
        }
    }
    segments
}

fn include(node: Node, patterns: &[&[String]]) -> Option<Node> {
    match node {
        Node::Object(fields) => {
            let shown: Vec<_> = fields
                .into_iter()
                .filter_map(|(name, value)| match below(&name, patterns) {
                    Below::Whole => Some((name, value)),
                    Below::Part(rest) => include(value, &rest).map(|value| (name, value)),
                    Below::Nothing => None,
                })
                .collect();
            (!shown.is_empty()).then_some(Node::Object(shown))
        }
        Node::Array(items) => {
            let shown: Vec<_> = items.into_iter().filter_map(|item| include(item, patterns)).collect();
            (!shown.is_empty()).then_some(Node::Array(shown))
        }
        _ => None,
    }
}

/// What becomes empty here is gone; what was empty before stays.
fn exclude(node: Node, patterns: &[&[String]]) -> Option<Node> {
    match node {
        Node::Object(fields) if !fields.is_empty() => {
            let shown: Vec<_> = fields
                .into_iter()
                .filter_map(|(name, value)| match below(&name, patterns) {
                    Below::Whole => None,
                    Below::Part(rest) => exclude(value, &rest).map(|value| (name, value)),
                    Below::Nothing => Some((name, value)),
                })
                .collect();
            (!shown.is_empty()).then_some(Node::Object(shown))
        }
        Node::Array(items) if !items.is_empty() => {
            let shown: Vec<_> = items.into_iter().filter_map(|item| exclude(item, patterns)).collect();
            (!shown.is_empty()).then_some(Node::Array(shown))
        }
        other => Some(other),
    }
}

fn below<'p>(name: &str, patterns: &[&'p [String]]) -> Below<'p> {
    let mut rest = Vec::new();
    for pattern in patterns.iter().copied() {
        let Some((first, tail)) = pattern.split_first() else { continue };
        if first == "**" {
            if tail.is_empty() {
                return Below::Whole;
            }
            // The name is one of the run, and perhaps its last.
            rest.extend([pattern, tail]);
        } else if matches(first, name) {
            if tail.is_empty() {
                return Below::Whole;
            }
            rest.push(tail);
        }
    }
    if rest.is_empty() { Below::Nothing } else { Below::Part(rest) }
}

/// Whether a name is one that `pattern` describes; `*` stands for any run of characters.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

// === impl Tree ===

impl Tree {
    /// The document, once it is complete.
    #[must_use]
    pub fn finish(self) -> Node {
        self.root.unwrap_or(Node::Null)
    }

    fn add(&mut self, value: Node) {
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Node::Array(items)) => items.push(value),
            Some(Node::Object(fields)) => fields.push((Cow::Owned(self.names.pop().unwrap_or_default()), value)),
            Some(_) => {}
        }
    }

    fn close(&mut self) {
        if let Some(container) = self.open.pop() {
            self.add(container);
        }
    }
}

impl Sink for Tree {
    fn start_object(&mut self) {
        self.open.push(Node::Object(Vec::new()));
    }

    fn end_object(&mut self) {
        self.close();
    }

    fn start_array(&mut self) {
        self.open.push(Node::Array(Vec::new()));
    }

    fn end_array(&mut self) {
        self.close();
    }

    fn name(&mut self, name: &str) {
        self.names.push(name.to_owned());
    }

    fn string(&mut self, value: &str) {
        self.add(value.to_owned().into());
    }

    fn long(&mut self, value: i64) {
        self.add(value.into());
    }

    fn double(&mut self, value: f64) {
        self.add(value.into());
    }

    fn bool(&mut self, value: bool) {
        self.add(value.into());
    }

    fn null(&mut self) {
        self.add(Node::Null);
    }
}

#[cfg(test)]
mod tests {
    use super::{FilterPath, Tree, matches};
    use crate::xcontent::{Node, Sink};

    #[test]
    fn stars() {
        assert!(
            matches("a*c", "abc")
                && matches("*", "")
                && matches("*b*", "abc")
                && !matches("a*bc", "abbx")
                && !matches("aba*ba", "aba")
        );
    }

    #[test]
    fn nothing_matched_is_an_empty_object() {
        let mut tree = Tree::default();
        tree.start_object();
        tree.name("count");
        tree.long(1);
        tree.end_object();
        let document = tree.finish();
        assert_eq!(FilterPath::parse("nope").apply(document.clone()), Node::Object(vec![]));
        assert_eq!(FilterPath::parse("count,-count").apply(document.clone()), Node::Object(vec![]));
        assert!(FilterPath::parse(" , -").is_empty());
        assert_eq!(FilterPath::parse("c*").apply(document.clone()), document);
    }
}
