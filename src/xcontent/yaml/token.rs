//! Tokens, and how complaints name them.

use super::reader::Mark;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Alias(String),
    Anchor(String),
    BlockEnd,
    BlockEntry,
    BlockMappingStart,
    BlockSequenceStart,
    /// A version where it is one, a handle and what it stands for where it is one.
    Directive(Directive),
    DocumentEnd,
    DocumentStart,
    FlowEntry,
    FlowMappingEnd,
    FlowMappingStart,
    FlowSequenceEnd,
    FlowSequenceStart,
    Key,
    /// A text, and whether it stands without quotes.
    Scalar(String, bool),
    StreamEnd,
    StreamStart,
    Tag(Option<String>, String),
    Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Directive {
    Version(String),
    Tag(String, String),
    Other,
}

#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

// === impl Kind ===

impl Kind {
    /// As complaints name it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Alias(_) => "<alias>",
            Self::Anchor(_) => "<anchor>",
            Self::BlockEnd => "<block end>",
            Self::BlockEntry => "-",
            Self::BlockMappingStart => "<block mapping start>",
            Self::BlockSequenceStart => "<block sequence start>",
            Self::Directive(_) => "<directive>",
            Self::DocumentEnd => "<document end>",
            Self::DocumentStart => "<document start>",
            Self::FlowEntry => ",",
            Self::FlowMappingEnd => "}",
            Self::FlowMappingStart => "{",
            Self::FlowSequenceEnd => "]",
            Self::FlowSequenceStart => "[",
            Self::Key => "?",
            Self::Scalar(..) => "<scalar>",
            Self::StreamEnd => "<stream end>",
            Self::StreamStart => "<stream start>",
            Self::Tag(..) => "<tag>",
            Self::Value => ":",
        }
    }
}
