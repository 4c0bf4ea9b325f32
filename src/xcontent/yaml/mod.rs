//! YAML, written and read. Reading takes four steps: characters, tokens, events, and what Jackson makes of them.

/// Written as Elasticsearch writes it.
pub mod writer;

/// Which names are quoted.
mod key;

/// Characters, places in them, and complaints that show both.
mod reader;

/// Tokens.
mod scanner;

/// Texts, tags, anchors and directives.
mod text;

/// The grammar above the tokens.
mod events;

/// What a scalar is.
mod scalar;

/// Read as Jackson and SnakeYAML read it.
pub mod parser;
