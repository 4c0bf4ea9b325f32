//! YAML as Elasticsearch reads it: Jackson's tokens from SnakeYAML's events.
//!
//! A plain scalar is what YAML 1.1 says, but for numbers to the base 60 and dates, which are texts. An alias is a text
//! with its name.

use std::borrow::Cow;

use super::{
    documents::CORE,
    events::{Event, Events, Properties, What},
    reader::{Mark, Problem, Reader},
    scalar::{self, Resolved},
    scanner::Scanner,
};
use crate::{
    error::Exception,
    xcontent::{
        binary::{number::Value, token::Kind},
        double::parse_double,
        json::faults::Source,
        names::Names,
        parser::{Location, Number, Parser, Refusal, Token},
    },
};

/// A parser over one document in memory.
pub struct YamlParser<'a> {
    input: &'a [u8],
    /// `None` once it is over, and where the bytes are no text.
    events: Result<Events, Option<Problem>>,
    /// Of the last event.
    pub(super) start: Mark,
    pub(super) end: Mark,
    /// Names of open objects; arrays have none.
    scopes: Vec<Option<Names<'static>>>,
    current: Option<Kind>,
    text: String,
    /// `None` where it is none, which is told when it is asked for.
    number: Option<Value>,
}

// === impl YamlParser ===

impl<'a> YamlParser<'a> {
    /// A parser in front of the first token.
    #[must_use]
    pub fn new(input: &'a [u8]) -> Self {
        let events = Reader::new(input).map(|reader| Events::new(Scanner::new(reader))).map_err(Some);
        Self {
            input,
            events,
            start: Mark::default(),
            end: Mark::default(),
            scopes: Vec::new(),
            current: None,
            text: String::new(),
            number: None,
        }
    }

    fn advance(&mut self) -> Result<Option<Kind>, Refusal> {
        loop {
            let next = match &mut self.events {
                Ok(events) => events.next(),
                Err(problem) => match problem.take() {
                    Some(problem) => Err(problem),
                    None => return Ok(None),
                },
            };
            let event = match next {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(None),
                Err(problem) => return Err(self.malformed(&problem)),
            };
            (self.start, self.end) = (event.start, event.end);
            if self.current != Some(Kind::FieldName)
                && let Some(Some(_)) = self.scopes.last()
            {
                return self.name(event).map(Some);
            }
            return Ok(Some(match event.what {
                What::Frame => continue,
                What::StreamEnd => return Ok(None),
                What::Alias(name) => {
                    self.text = name;
                    Kind::String
                }
                What::Scalar { value, tag, plain } => return self.scalar(value, tag.as_deref(), plain),
                What::SequenceStart(_) => {
                    self.scopes.push(None);
                    Kind::StartArray
                }
                What::MappingStart(_) => {
                    self.scopes.push(Some(Names::default()));
                    Kind::StartObject
                }
                What::SequenceEnd => {
                    self.scopes.pop();
                    Kind::EndArray
                }
                What::MappingEnd => {
                    self.scopes.pop();
                    Kind::EndObject
                }
            }));
        }
    }

    pub(super) fn name(&mut self, event: Event) -> Result<Kind, Refusal> {
        let shown = match event.what {
            What::Scalar { value, .. } => {
                let new = self
                    .scopes
                    .last_mut()
                    .and_then(Option::as_mut)
                    .is_none_or(|names| names.insert(value.clone().into()));
                if !new {
                    return Err(self.fault(&format!("Duplicate field '{value}'")));
                }
                self.text = value;
                return Ok(Kind::FieldName);
            }
            What::MappingEnd => {
                self.scopes.pop();
                return Ok(Kind::EndObject);
            }
            What::Alias(name) => format!("AliasEvent(anchor={name})"),
            What::SequenceStart(properties) => shown("SequenceStartEvent", &properties),
            What::MappingStart(properties) => shown("MappingStartEvent", &properties),
            What::Frame | What::StreamEnd | What::SequenceEnd => String::new(),
        };
        let message = format!(
            "Expected a field name (Scalar value in YAML), got this instead: <org.yaml.snakeyaml.events.{shown}>"
        );
        Err(self.fault(&message))
    }

    fn scalar(&mut self, value: String, tag: Option<&str>, plain: bool) -> Result<Option<Kind>, Refusal> {
        let resolved = match tag {
            None | Some("!") if plain || tag.is_some() => scalar::resolve(&value),
            None | Some("!") => Ok(Resolved::Text),
            Some(tag) => scalar::resolve_as(&value, tag.strip_prefix(CORE).unwrap_or(tag)),
        };
        let resolved = resolved.map_err(|message| self.fault(&message))?;
        self.text = value;
        Ok(match resolved {
            Resolved::Text => Some(Kind::String),
            Resolved::Nothing => None,
            Resolved::Null => Some(Kind::Null),
            Resolved::Bool(value) => Some(if value { Kind::True } else { Kind::False }),
            Resolved::Binary => Some(Kind::Embedded),
            Resolved::Int(value) => {
                self.number = Some(value);
                Some(Kind::Int)
            }
            Resolved::Float(digits) => {
                self.number = parse_double(&digits).ok().map(Value::Double);
                Some(Kind::Float)
            }
        })
    }

    fn here(&self) -> Location {
        place(self.end)
    }

    /// The text cannot be read.
    fn malformed(&self, problem: &Problem) -> Refusal {
        let at = Source::Request(self.input).at(self.here());
        let message = format!("{}\n at {at}", problem.message);
        let outer = Exception::new("x_content_parse_exception", format!("[{}] {message}", self.here()));
        let plain = |kind| Exception::new(kind, problem.message.clone());
        let cause = match problem.kind {
            "scanner_exception" | "parser_exception" => {
                Exception::new("marked_y_a_m_l_exception", message).caused_by(plain(problem.kind))
            }
            "char_conversion_exception" | "i_o_exception" => {
                let bare = problem.message.split_once(": ").map_or("", |(_, bare)| bare);
                Exception::new("jackson_y_a_m_l_parse_exception", message)
                    .caused_by(plain("y_a_m_l_exception").caused_by(Exception::new(problem.kind, bare)))
            }
            kind => Exception::new("jackson_y_a_m_l_parse_exception", message).caused_by(plain(kind)),
        };
        Box::new(outer.caused_by(cause))
    }

    /// The text can be read, but not understood.
    pub(super) fn fault(&self, message: &str) -> Refusal {
        self.wrapped("json_parse_exception", message)
    }

    fn wrapped(&self, kind: &'static str, message: &str) -> Refusal {
        let message = format!("{message}\n at {}", Source::Request(self.input).at(self.here()));
        let outer = Exception::new("x_content_parse_exception", format!("[{}] {message}", self.here()));
        Box::new(outer.caused_by(Exception::new(kind, message)))
    }
}

fn place(mark: Mark) -> Location {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX).saturating_add(1);
    Location { line: count(mark.line), column: count(mark.column) }
}

fn shown(event: &str, Properties { anchor, tag }: &Properties) -> String {
    let implicit = tag.as_deref().is_none_or(|tag| tag == "!");
    let or_null = |text: &Option<String>| text.clone().unwrap_or_else(|| "null".into());
    format!("{event}(anchor={}, tag={}, implicit={implicit})", or_null(anchor), or_null(tag))
}

// === impl Parser ===

impl Parser for YamlParser<'_> {
    fn next_token(&mut self) -> Result<Option<Token>, Refusal> {
        self.current = self.advance()?;
        Ok(self.current())
    }

    fn current(&self) -> Option<Token> {
        self.current.map(Kind::token)
    }

    fn token_location(&self) -> Location {
        place(self.start)
    }

    fn text(&mut self) -> Result<Cow<'_, str>, Refusal> {
        Ok(Cow::Borrowed(&self.text))
    }

    fn number(&mut self) -> Result<Number<'_>, Refusal> {
        if let Some(value) = &self.number {
            return Ok(value.number());
        }
        let mut refusal = self.fault(&format!("Malformed numeric value '{}'", self.text));
        if let Some(cause) = &mut refusal.caused_by {
            cause.caused_by = Some(Box::new(Exception::new("number_format_exception", "illegal syntax")));
        }
        Err(refusal)
    }

    fn out_of_range(&self, kind: &'static str) -> Refusal {
        let (least, most) = match kind {
            "int" => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => (i64::MIN, i64::MAX),
        };
        let message = format!("Numeric value ({}) out of range of {kind} ({least} - {most})", self.text);
        self.wrapped("input_coercion_exception", &message)
    }

    fn not_numeric(&self) -> Refusal {
        let found = self.current().map_or("null", Token::name);
        self.fault(&format!("Current token ({found}) not numeric, can not use numeric value accessors"))
    }

    fn boolean(&self) -> bool {
        self.current == Some(Kind::True)
    }
}
