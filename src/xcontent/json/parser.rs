//! JSON as Elasticsearch reads it: the language, the order of complaints and the messages of Jackson's byte parser, with
//! comments allowed and duplicate field names refused.
//!
//! Two of its habits are visible to clients. The first byte of a field's value is looked at together with the field's
//! name, so that a malformed value is refused before an unknown name; and a string is only read when it is asked for or
//! passed over, so that its faults come after those of its field.

use std::borrow::Cow;

use super::{
    faults::{Fault, Source},
    scope::{Kind, Scope},
};
use crate::xcontent::{
    names::Names,
    parser::{Location, Number, Parser, Refusal, Token},
};

/// Most characters of a number.
const MOST_NUMBER_CHARACTERS: usize = 1_000;

/// A parser over one document in memory.
pub struct JsonParser<'a> {
    pub(super) input: &'a [u8],
    /// The same, where all of it is text.
    text: Option<&'a str>,
    quotes: bool,
    pub(super) at: usize,
    pub(super) line: i64,
    pub(super) line_start: usize,
    current: Option<Token>,
    /// The value that follows the current field name.
    pending: Option<Token>,
    pub(super) scope: Scope<'a>,
    pub(super) outer: Vec<Scope<'a>>,
    /// Names of objects that are closed: room for other ones.
    pub(super) spare: Vec<Names<'a>>,
    /// Start of the current value, and of the current name.
    pub(super) token_location: Location,
    name_location: Location,
    name: Cow<'a, str>,
    /// The string of the current token has not been passed yet.
    unread_string: bool,
    string: Cow<'a, str>,
    number: (usize, usize, bool),
}

// === impl JsonParser ===

impl<'a> JsonParser<'a> {
    /// A parser in front of the first token.
    #[must_use]
    pub fn new(input: &'a [u8]) -> Self {
        let start = Location { line: 1, column: 0 };
        let at = if input.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self {
            input,
            text: std::str::from_utf8(input).ok(),
            quotes: true,
            at,
            line: 1,
            line_start: 0,
            current: None,
            pending: None,
            scope: Scope { kind: Kind::Root, start, entries: 0, names: Names::default() },
            outer: Vec::new(),
            spare: Vec::new(),
            token_location: start,
            name_location: start,
            name: Cow::Borrowed(""),
            unread_string: false,
            string: Cow::Borrowed(""),
            number: (0, 0, true),
        }
    }

    /// A parser over a stored document: messages name where it came from instead of quoting it.
    #[must_use]
    pub fn stored(input: &'a [u8]) -> Self {
        Self { quotes: false, ..Self::new(input) }
    }

    pub(super) fn source(&self) -> Source<'a> {
        if self.quotes { Source::Request(self.input) } else { Source::Stored }
    }

    /// One past the last byte that was read: where faults are reported.
    pub(super) fn here(&self) -> Location {
        Location { line: self.line, column: column(self.at - self.line_start) + 1 }
    }

    /// The byte that was read last.
    pub(super) fn before(&self) -> Location {
        Location { line: self.line, column: column(self.at - self.line_start) }
    }

    pub(super) fn kind(&self) -> Kind {
        self.scope.kind
    }

    /// A part that is ASCII.
    pub(super) fn slice(&self, from: usize, to: usize) -> &'a str {
        let part = || std::str::from_utf8(&self.input[from..to]).ok();
        self.text.map_or_else(part, |text| text.get(from..to)).unwrap_or("")
    }

    /// The name of the current token where the text ends too early.
    pub(super) fn current_name(&self) -> &'static str {
        match self.current {
            None => "null",
            Some(Token::Number) if self.number.2 => "VALUE_NUMBER_INT",
            Some(Token::Number) => "VALUE_NUMBER_FLOAT",
            Some(Token::Boolean) if self.number.2 => "VALUE_TRUE",
            Some(Token::Boolean) => "VALUE_FALSE",
            Some(token) => token.name(),
        }
    }

    pub(super) fn next_byte(&mut self) -> Option<u8> {
        let byte = self.input.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    fn advance(&mut self) -> Result<Option<Token>, Refusal> {
        if self.current == Some(Token::FieldName) {
            return self.open(self.pending);
        }
        if self.unread_string {
            self.read_string()?;
        }
        let Some(mut byte) = self.skip_space()? else {
            let kind = self.kind();
            return if kind == Kind::Root {
                Ok(None)
            } else {
                let start = self.source().at(self.scope.start);
                let marker = format!(": expected close marker for {} (start marker at {start})", kind.describe());
                Err(self.fault(Fault::End(&marker)))
            };
        };
        if matches!(byte, b']' | b'}') {
            return self.close(byte).map(Some);
        }
        let first = self.scope.entries == 0;
        self.scope.entries += 1;
        if !first && self.kind() != Kind::Root {
            let kind = self.kind().describe();
            if byte != b',' {
                let expected = format!("was expecting comma to separate {kind} entries");
                return Err(self.unexpected(byte, &expected));
            }
            byte = if let Some(byte) = self.skip_space()? {
                byte
            } else {
                let message = format!("Unexpected end-of-input within/between {kind} entries");
                return Err(self.fault(Fault::Parse(&message)));
            };
        }
        if self.kind() != Kind::Object {
            self.token_location = self.before();
            let token = self.value(byte)?;
            return self.open(Some(token));
        }
        self.name_location = self.before();
        self.read_name(byte)?;
        let name = self.name.clone();
        if !self.scope.names.insert(name) {
            let name = &self.name;
            return Err(self.fault(Fault::Parse(&format!("Duplicate field '{name}'"))));
        }
        // From here on it is the name that messages speak of.
        self.current = Some(Token::FieldName);
        let byte = self.skip_colon()?;
        self.token_location = self.before();
        self.pending = Some(self.value(byte)?);
        Ok(Some(Token::FieldName))
    }

    /// Reads the token of a value whose first byte is `byte`.
    fn value(&mut self, byte: u8) -> Result<Token, Refusal> {
        match byte {
            b'"' => {
                self.unread_string = true;
                Ok(Token::String)
            }
            b'{' => Ok(Token::StartObject),
            b'[' => Ok(Token::StartArray),
            b'-' | b'0'..=b'9' => {
                self.number = self.read_number(byte)?;
                let (from, to, _) = self.number;
                if to - from > MOST_NUMBER_CHARACTERS {
                    let message = format!(
                        "Number value length ({}) exceeds the maximum allowed ({MOST_NUMBER_CHARACTERS}, from `StreamReadConstraints.getMaxNumberLength()`)",
                        to - from
                    );
                    return Err(self.fault(Fault::Constraint(&message)));
                }
                if self.kind() == Kind::Root {
                    self.check_root_space()?;
                }
                Ok(Token::Number)
            }
            b't' => self.word("true", 1).map(|()| Token::Boolean),
            b'f' => self.word("false", 1).map(|()| Token::Boolean),
            b'n' => self.word("null", 1).map(|()| Token::Null),
            _ => {
                let kind = self.kind();
                Err(self.unexpected_value(byte, kind == Kind::Array))
            }
        }
        .inspect(|token| {
            if *token == Token::Boolean {
                self.number.2 = byte == b't';
            }
        })
    }

    /// A field name, from its first byte on.
    fn read_name(&mut self, byte: u8) -> Result<(), Refusal> {
        if byte != b'"' {
            return Err(self.unexpected_decoded(byte, "was expecting double-quote to start field name"));
        }
        if self.peek().is_none() {
            return Err(self.fault(Fault::End(": was expecting closing '\"' for name")));
        }
        self.check_name()?;
        self.name = self.read_text(" in field name", "name")?;
        Ok(())
    }

    fn number_text(&self) -> &'a str {
        let (from, to, _) = self.number;
        std::str::from_utf8(&self.input[from..to]).unwrap_or("")
    }

    fn read_string(&mut self) -> Result<(), Refusal> {
        self.unread_string = false;
        self.string = self.read_text(" in VALUE_STRING", "string value")?;
        Ok(())
    }
}

impl Parser for JsonParser<'_> {
    fn next_token(&mut self) -> Result<Option<Token>, Refusal> {
        let token = self.advance()?;
        self.current = token;
        Ok(token)
    }

    fn current(&self) -> Option<Token> {
        self.current
    }

    fn token_location(&self) -> Location {
        if self.current == Some(Token::FieldName) { self.name_location } else { self.token_location }
    }

    fn text(&mut self) -> Result<Cow<'_, str>, Refusal> {
        Ok(Cow::Borrowed(match self.current {
            Some(Token::FieldName) => &*self.name,
            Some(Token::String) => {
                if self.unread_string {
                    self.read_string()?;
                }
                &*self.string
            }
            Some(Token::Number) => self.number_text(),
            Some(Token::Boolean) if self.boolean() => "true",
            Some(Token::Boolean) => "false",
            Some(Token::Null) => "null",
            _ => "",
        }))
    }

    fn number(&mut self) -> Result<Number<'_>, Refusal> {
        let (from, to, integer) = self.number;
        Ok(Number::Text { text: self.slice(from, to), integer })
    }

    fn out_of_range(&self, kind: &'static str) -> Refusal {
        let (from, to, _) = self.number;
        let text = String::from_utf8_lossy(&self.input[from..to]);
        let (least, most) = match kind {
            "int" => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        self.fault(Fault::Coercion(&format!("Numeric value ({text}) out of range of {kind} ({least} - {most})")))
    }

    fn not_numeric(&self) -> Refusal {
        let found = self.current.map_or("null", Token::name);
        self.fault(Fault::Parse(&format!("Current token ({found}) not numeric, can not use numeric value accessors")))
    }

    fn boolean(&self) -> bool {
        self.number.2
    }
}

/// A column or offset as messages count it.
fn column(offset: usize) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}
