//! Tokens, told apart as messages do.

use crate::xcontent::parser::Token;

/// Tokens, told apart as messages do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    FieldName,
    Embedded,
    String,
    Int,
    Float,
    True,
    False,
    Null,
}

// === impl Kind ===

impl Kind {
    pub(crate) fn token(self) -> Token {
        match self {
            Self::StartObject => Token::StartObject,
            Self::EndObject => Token::EndObject,
            Self::StartArray => Token::StartArray,
            Self::EndArray => Token::EndArray,
            Self::FieldName => Token::FieldName,
            Self::Embedded => Token::EmbeddedObject,
            Self::String => Token::String,
            Self::Int | Self::Float => Token::Number,
            Self::True | Self::False => Token::Boolean,
            Self::Null => Token::Null,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Int => "VALUE_NUMBER_INT",
            Self::Float => "VALUE_NUMBER_FLOAT",
            Self::True => "VALUE_TRUE",
            Self::False => "VALUE_FALSE",
            other => other.token().name(),
        }
    }
}
