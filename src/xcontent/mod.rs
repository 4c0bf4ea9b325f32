//! Elasticsearch's content layer: one pull parser for what comes in, one sink for what goes out, four formats.
//!
//! Elastic's server never passes a document through: it parses and writes it again. So do we, through these types.

/// The parser for a request's body.
pub mod any_parser;

/// What the binary formats share.
mod binary;

/// The option `filter_path`.
pub mod filter_path;

/// Encodings of JSON.
pub mod encoding;

/// Which format comes in and which goes out.
pub mod media_type;

/// The names seen in one object.
mod names;

/// A whole document in a chosen format.
pub mod render;

/// CBOR, written and read.
pub mod cbor;

/// SMILE, written and read.
pub mod smile;

/// YAML, written and read.
pub mod yaml;

/// JSON, written and read.
pub mod json;

/// Declares the fields of an object and reads it, strictly or leniently.
pub mod object;

/// "Did you mean".
pub mod suggest;

/// Tokens, places and values: what every format is read as.
pub mod parser;

/// What stands in front of a text.
pub mod scan;

/// Java doubles.
pub mod double;

/// A tree that another library read.
mod value;

use std::borrow::Cow;

/// Receives a document piece by piece and writes it in one format.
///
/// Calls must be balanced and in document order; a sink does not check that.
pub trait Sink {
    fn start_object(&mut self);
    fn end_object(&mut self);
    fn start_array(&mut self);
    fn end_array(&mut self);
    /// The name of the next field of the innermost object.
    fn name(&mut self, name: &str);
    fn string(&mut self, value: &str);
    fn long(&mut self, value: i64);
    /// Written as Java's `Double.toString` writes it in text formats, as 64 bits in binary ones.
    fn double(&mut self, value: f64);
    fn bool(&mut self, value: bool);
    fn null(&mut self);
}

/// A document held as a tree, in the order of its fields: errors, and replies small enough not to be streamed.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    Null,
    Bool(bool),
    Long(i64),
    Double(f64),
    String(Cow<'static, str>),
    Array(Vec<Node>),
    Object(Vec<(Cow<'static, str>, Node)>),
}

// === impl Node ===

impl Node {
    /// Writes the tree into `sink`.
    pub fn write(&self, sink: &mut (impl Sink + ?Sized)) {
        match self {
            Node::Null => sink.null(),
            Node::Bool(value) => sink.bool(*value),
            Node::Long(value) => sink.long(*value),
            Node::Double(value) => sink.double(*value),
            Node::String(value) => sink.string(value),
            Node::Array(items) => {
                sink.start_array();
                for item in items {
                    item.write(sink);
                }
                sink.end_array();
            }
            Node::Object(fields) => {
                sink.start_object();
                for (name, value) in fields {
                    sink.name(name);
                    value.write(sink);
                }
                sink.end_object();
            }
        }
    }

    /// The value of the field `name`, where this is an object that has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Node> {
        match self {
            Node::Object(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

impl From<&'static str> for Node {
    fn from(value: &'static str) -> Self {
        Node::String(value.into())
    }
}

impl From<String> for Node {
    fn from(value: String) -> Self {
        Node::String(value.into())
    }
}

impl From<i64> for Node {
    fn from(value: i64) -> Self {
        Node::Long(value)
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Node::Bool(value)
    }
}

impl From<f64> for Node {
    fn from(value: f64) -> Self {
        Node::Double(value)
    }
}
