//! YAML, written and read. Reading takes four steps: characters, tokens, events, and what Jackson makes of them.

/// Written as Elasticsearch writes it.
pub mod writer;

/// Which names are written in quotes.
mod key;

/// Characters, places in them, and complaints that show both.
mod reader;

/// Tokens, and how complaints name them.
mod token;

/// Tokens, found.
mod scanner;

/// What turns out to be a key, and how deep lines stand.
mod keys;

/// Directives, anchors, tags.
mod properties;

/// Texts in blocks.
mod block_text;

/// Texts on lines.
mod line_text;

/// Events: the grammar above the tokens.
mod events;

/// Where a document starts.
mod documents;

/// Collections in blocks.
mod block_collections;

/// Collections in brackets.
mod flow_collections;

/// What a scalar is.
mod scalar;

/// Read as Jackson and SnakeYAML read it.
pub mod parser;
