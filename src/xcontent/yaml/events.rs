//! What a YAML text says: the grammar above the tokens, as `SnakeYAML` follows it.

use std::collections::BTreeMap;

use super::{
    documents::default_handles,
    reader::{Mark, Problem},
    scanner::Scanner,
    token::{Kind, Token},
};

#[derive(Debug)]
pub(super) enum What {
    /// Documents' and the stream's starts and ends.
    Frame,
    StreamEnd,
    Alias(String),
    Scalar {
        value: String,
        tag: Option<String>,
        /// Whether its looks say what it is.
        plain: bool,
    },
    SequenceStart(Properties),
    SequenceEnd,
    MappingStart(Properties),
    MappingEnd,
}

#[derive(Debug, Default)]
pub(super) struct Properties {
    pub(super) anchor: Option<String>,
    pub(super) tag: Option<String>,
}

#[derive(Debug)]
pub(super) struct Event {
    pub(super) what: What,
    pub(super) start: Mark,
    pub(super) end: Mark,
}

/// What comes next.
#[derive(Clone, Copy)]
pub(super) enum State {
    StreamStart,
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequence,
    IndentlessSequence,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequence,
    FlowSequenceMappingKey,
    FlowSequenceMappingValue,
    FlowSequenceMappingEnd,
    FlowMapping,
    FlowMappingValue,
    FlowMappingNoValue,
    Over,
}

/// Makes events of tokens.
pub(super) struct Events {
    pub(super) scanner: Scanner,
    pub(super) state: State,
    pub(super) states: Vec<State>,
    /// Where the open collections start.
    marks: Vec<Mark>,
    pub(super) handles: BTreeMap<String, String>,
    /// A collection was just announced: its opening token is still there.
    first_entry: bool,
}

// === impl Events ===

impl Events {
    pub(super) fn new(scanner: Scanner) -> Self {
        Self {
            scanner,
            state: State::StreamStart,
            states: Vec::new(),
            marks: Vec::new(),
            handles: default_handles(),
            first_entry: false,
        }
    }

    /// The next event; `None` behind the end.
    pub(super) fn next(&mut self) -> Result<Option<Event>, Problem> {
        Ok(Some(match self.state {
            State::StreamStart => {
                let token = self.scanner.next()?;
                self.state = State::ImplicitDocumentStart;
                event(What::Frame, token.start, token.end)
            }
            State::ImplicitDocumentStart => {
                let token = self.scanner.peek()?;
                if matches!(token.kind, Kind::Directive(_) | Kind::DocumentStart | Kind::StreamEnd) {
                    return self.document_start().map(Some);
                }
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                event(What::Frame, token.start, token.start)
            }
            State::DocumentStart => self.document_start()?,
            State::DocumentContent => {
                let token = self.scanner.peek()?;
                if matches!(token.kind, Kind::Directive(_) | Kind::DocumentStart | Kind::DocumentEnd | Kind::StreamEnd)
                {
                    self.pop_state();
                    empty(token.start)
                } else {
                    self.node(true, false)?
                }
            }
            State::DocumentEnd => {
                let mut token = self.scanner.peek()?;
                let start = token.start;
                if token.kind == Kind::DocumentEnd {
                    token = self.scanner.next()?;
                } else {
                    token.end = start;
                }
                self.state = State::DocumentStart;
                event(What::Frame, start, token.end)
            }
            State::BlockNode => self.node(true, false)?,
            State::BlockSequence => self.block_sequence()?,
            State::IndentlessSequence => self.indentless_sequence()?,
            State::BlockMappingKey => self.block_mapping_key()?,
            State::BlockMappingValue => self.block_mapping_value()?,
            State::FlowSequence => self.flow_sequence()?,
            State::FlowSequenceMappingKey => {
                let end = self.scanner.next()?.end;
                self.flow_part(State::FlowSequenceMappingValue, end, |kind| {
                    matches!(kind, Kind::Value | Kind::FlowEntry | Kind::FlowSequenceEnd)
                })?
            }
            State::FlowSequenceMappingValue => {
                self.flow_value(State::FlowSequenceMappingEnd, &Kind::FlowSequenceEnd)?
            }
            State::FlowSequenceMappingEnd => {
                let token = self.scanner.peek()?;
                self.state = State::FlowSequence;
                event(What::MappingEnd, token.start, token.end)
            }
            State::FlowMapping => self.flow_mapping()?,
            State::FlowMappingValue => self.flow_value(State::FlowMapping, &Kind::FlowMappingEnd)?,
            State::FlowMappingNoValue => {
                let start = self.scanner.peek()?.start;
                self.state = State::FlowMapping;
                empty(start)
            }
            State::Over => return Ok(None),
        }))
    }

    pub(super) fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::Over);
    }

    pub(super) fn next_is(&mut self, kind: &Kind) -> Result<bool, Problem> {
        Ok(self.scanner.peek()?.kind == *kind)
    }

    pub(super) fn problem(&self, context: Option<(&str, Mark)>, problem: &str, at: Mark) -> Problem {
        let context = context.map(|(context, since)| (context, Some(since)));
        self.scanner.reader.problem("parser_exception", context, problem, at)
    }

    pub(super) fn unexpected(&mut self, what: &str, expected: &str, token: &Token) -> Problem {
        let since = self.marks.pop().unwrap_or_default();
        let context = format!("while parsing a {what}");
        self.problem(Some((&context, since)), expected, token.start)
    }
}

pub(super) fn event(what: What, start: Mark, end: Mark) -> Event {
    Event { what, start, end }
}

/// Nothing, where something could be.
pub(super) fn empty(mark: Mark) -> Event {
    event(What::Scalar { value: String::new(), tag: None, plain: true }, mark, mark)
}

// === nodes ===

impl Events {
    pub(super) fn node(&mut self, block: bool, indentless: bool) -> Result<Event, Problem> {
        let first = self.scanner.peek()?;
        if let Kind::Alias(name) = first.kind {
            self.scanner.next()?;
            self.pop_state();
            return Ok(event(What::Alias(name), first.start, first.end));
        }
        let (start, mut end) = (first.start, first.start);
        let (mut anchor, mut tag) = (None, None);
        for _ in 0..2 {
            let token = self.scanner.peek()?;
            match token.kind {
                Kind::Anchor(name) if anchor.is_none() => anchor = Some(name),
                Kind::Tag(handle, suffix) if tag.is_none() => tag = Some((handle, suffix, token.start)),
                _ => break,
            }
            end = token.end;
            self.scanner.next()?;
        }
        let tag = match tag {
            None => None,
            Some((None, suffix, _)) => Some(suffix),
            Some((Some(handle), suffix, at)) => {
                let Some(prefix) = self.handles.get(&handle) else {
                    let problem = format!("found undefined tag handle {handle}");
                    return Err(self.problem(Some(("while parsing a node", start)), &problem, at));
                };
                Some(format!("{prefix}{suffix}"))
            }
        };
        let token = self.scanner.peek()?;
        let what = match token.kind {
            Kind::BlockEntry if indentless => {
                self.state = State::IndentlessSequence;
                return Ok(event(What::SequenceStart(Properties { anchor, tag }), start, token.end));
            }
            Kind::Scalar(value, plain) => {
                self.scanner.next()?;
                self.pop_state();
                let plain = (plain && tag.is_none()) || tag.as_deref() == Some("!");
                return Ok(event(What::Scalar { value, tag, plain }, start, token.end));
            }
            Kind::FlowSequenceStart => (true, State::FlowSequence),
            Kind::FlowMappingStart => (false, State::FlowMapping),
            Kind::BlockSequenceStart if block => (true, State::BlockSequence),
            Kind::BlockMappingStart if block => (false, State::BlockMappingKey),
            _ if anchor.is_some() || tag.is_some() => {
                self.pop_state();
                let plain = tag.as_deref().is_none_or(|tag| tag == "!");
                return Ok(event(What::Scalar { value: String::new(), tag, plain }, start, end));
            }
            kind => {
                let context = format!("while parsing a {} node", if block { "block" } else { "flow" });
                let problem = format!("expected the node content, but found '{}'", kind.name());
                return Err(self.problem(Some((&context, start)), &problem, token.start));
            }
        };
        let flow = matches!(token.kind, Kind::FlowSequenceStart | Kind::FlowMappingStart);
        let end = if flow { token.end } else { token.start };
        self.first_entry = true;
        self.state = what.1;
        let properties = Properties { anchor, tag };
        Ok(event(if what.0 { What::SequenceStart(properties) } else { What::MappingStart(properties) }, start, end))
    }

    /// Takes the token that opens a collection, where it was not taken yet.
    pub(super) fn open(&mut self) -> Result<bool, Problem> {
        let first = std::mem::take(&mut self.first_entry);
        if first {
            let token = self.scanner.next()?;
            self.marks.push(token.start);
        }
        Ok(first)
    }

    pub(super) fn close(&mut self, what: What) -> Result<Event, Problem> {
        let token = self.scanner.next()?;
        self.pop_state();
        self.marks.pop();
        Ok(event(what, token.start, token.end))
    }
}
