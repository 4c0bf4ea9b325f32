//! What the binary formats share. Tokens and numbers are YAML's as well.

/// The bytes of a document, the place in them, and complaints.
pub(super) mod bytes;

/// Numbers of any size.
pub(super) mod number;

/// What a parser tells of its current token.
pub(super) mod parser;

/// Text from bytes.
pub(super) mod text;

/// Tokens, told apart as messages do.
pub(super) mod token;
