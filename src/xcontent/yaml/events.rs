//! What a YAML text says: the grammar above the tokens, as `SnakeYAML` follows it.

use std::collections::BTreeMap;

use super::{
    reader::{Mark, Problem},
    scanner::{Directive, Kind, Scanner, Token},
};

/// What `!!` stands for.
pub(super) const CORE: &str = "tag:yaml.org,2002:";

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
enum State {
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
    scanner: Scanner,
    state: State,
    states: Vec<State>,
    /// Where the open collections start.
    marks: Vec<Mark>,
    handles: BTreeMap<String, String>,
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

    fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::Over);
    }

    fn next_is(&mut self, kind: &Kind) -> Result<bool, Problem> {
        Ok(self.scanner.peek()?.kind == *kind)
    }

    fn problem(&self, context: Option<(&str, Mark)>, problem: &str, at: Mark) -> Problem {
        let context = context.map(|(context, since)| (context, Some(since)));
        self.scanner.reader.problem("parser_exception", context, problem, at)
    }

    fn unexpected(&mut self, what: &str, expected: &str, token: &Token) -> Problem {
        let since = self.marks.pop().unwrap_or_default();
        let context = format!("while parsing a {what}");
        self.problem(Some((&context, since)), expected, token.start)
    }
}

fn event(what: What, start: Mark, end: Mark) -> Event {
    Event { what, start, end }
}

/// Nothing, where something could be.
fn empty(mark: Mark) -> Event {
    event(What::Scalar { value: String::new(), tag: None, plain: true }, mark, mark)
}

fn default_handles() -> BTreeMap<String, String> {
    [("!", "!"), ("!!", CORE)].map(|(handle, prefix)| (handle.to_owned(), prefix.to_owned())).into()
}

// === documents ===

impl Events {
    fn document_start(&mut self) -> Result<Event, Problem> {
        while self.next_is(&Kind::DocumentEnd)? {
            self.scanner.next()?;
        }
        if !self.next_is(&Kind::StreamEnd)? {
            let start = self.scanner.peek()?.start;
            self.directives()?;
            let token = self.scanner.peek()?;
            if token.kind == Kind::DocumentStart {
                let end = self.scanner.next()?.end;
                self.states.push(State::DocumentEnd);
                self.state = State::DocumentContent;
                return Ok(event(What::Frame, start, end));
            }
            if token.kind != Kind::StreamEnd {
                let problem = format!("expected '<document start>', but found '{}'", token.kind.name());
                return Err(self.problem(None, &problem, token.start));
            }
        }
        let token = self.scanner.next()?;
        self.state = State::Over;
        Ok(event(What::StreamEnd, token.start, token.end))
    }

    fn directives(&mut self) -> Result<(), Problem> {
        let defaults = default_handles();
        self.handles.retain(|handle, _| !defaults.contains_key(handle));
        let mut version = false;
        while let Token { kind: Kind::Directive(directive), start, .. } = self.scanner.peek()? {
            self.scanner.next()?;
            match directive {
                Directive::Version(_) if version => {
                    return Err(self.problem(None, "found duplicate YAML directive", start));
                }
                Directive::Version(major) if major.parse() != Ok(1) => {
                    let problem = "found incompatible YAML document (version 1.* is required)";
                    return Err(self.problem(None, problem, start));
                }
                Directive::Version(_) => version = true,
                Directive::Tag(handle, _) if self.handles.contains_key(&handle) => {
                    return Err(self.problem(None, &format!("duplicate tag handle {handle}"), start));
                }
                Directive::Tag(handle, prefix) => drop(self.handles.insert(handle, prefix)),
                Directive::Other => {}
            }
        }
        for (handle, prefix) in defaults {
            self.handles.entry(handle).or_insert(prefix);
        }
        Ok(())
    }
}

// === nodes ===

impl Events {
    fn node(&mut self, block: bool, indentless: bool) -> Result<Event, Problem> {
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
    fn open(&mut self) -> Result<bool, Problem> {
        let first = std::mem::take(&mut self.first_entry);
        if first {
            let token = self.scanner.next()?;
            self.marks.push(token.start);
        }
        Ok(first)
    }

    fn close(&mut self, what: What) -> Result<Event, Problem> {
        let token = self.scanner.next()?;
        self.pop_state();
        self.marks.pop();
        Ok(event(what, token.start, token.end))
    }
}

// === collections in blocks ===

impl Events {
    fn block_sequence(&mut self) -> Result<Event, Problem> {
        self.open()?;
        let token = self.scanner.peek()?;
        match token.kind {
            Kind::BlockEntry => {
                let end = self.scanner.next()?.end;
                if matches!(self.scanner.peek()?.kind, Kind::BlockEntry | Kind::BlockEnd) {
                    return Ok(empty(end));
                }
                self.states.push(State::BlockSequence);
                self.node(true, false)
            }
            Kind::BlockEnd => self.close(What::SequenceEnd),
            _ => {
                let expected = format!("expected <block end>, but found '{}'", token.kind.name());
                Err(self.unexpected("block collection", &expected, &token))
            }
        }
    }

    fn indentless_sequence(&mut self) -> Result<Event, Problem> {
        let token = self.scanner.peek()?;
        if token.kind != Kind::BlockEntry {
            self.pop_state();
            return Ok(event(What::SequenceEnd, token.start, token.end));
        }
        self.scanner.next()?;
        if matches!(self.scanner.peek()?.kind, Kind::BlockEntry | Kind::Key | Kind::Value | Kind::BlockEnd) {
            return Ok(empty(token.end));
        }
        self.states.push(State::IndentlessSequence);
        self.node(true, false)
    }

    fn block_mapping_key(&mut self) -> Result<Event, Problem> {
        self.open()?;
        let token = self.scanner.peek()?;
        match token.kind {
            Kind::Key => {
                self.scanner.next()?;
                self.block_part(State::BlockMappingValue, token.end)
            }
            Kind::BlockEnd => self.close(What::MappingEnd),
            _ => {
                let expected = format!("expected <block end>, but found '{}'", token.kind.name());
                Err(self.unexpected("block mapping", &expected, &token))
            }
        }
    }

    fn block_mapping_value(&mut self) -> Result<Event, Problem> {
        let token = self.scanner.peek()?;
        match token.kind {
            Kind::Value => {
                self.scanner.next()?;
                self.block_part(State::BlockMappingKey, token.end)
            }
            Kind::Scalar(..) => {
                self.states.push(State::BlockMappingKey);
                self.node(true, true)
            }
            _ => {
                self.state = State::BlockMappingKey;
                Ok(empty(token.start))
            }
        }
    }

    fn block_part(&mut self, then: State, end: Mark) -> Result<Event, Problem> {
        if matches!(self.scanner.peek()?.kind, Kind::Key | Kind::Value | Kind::BlockEnd) {
            self.state = then;
            return Ok(empty(end));
        }
        self.states.push(then);
        self.node(true, true)
    }
}

// === collections on lines ===

impl Events {
    /// A comma between entries.
    fn comma(&mut self, first: bool, what: &str, end: &Kind) -> Result<(), Problem> {
        if first {
            return Ok(());
        }
        let token = self.scanner.peek()?;
        if token.kind != Kind::FlowEntry {
            let expected = format!("expected ',' or '{}', but got {}", end.name(), token.kind.name());
            return Err(self.unexpected(what, &expected, &token));
        }
        self.scanner.next().map(drop)
    }

    fn flow_sequence(&mut self) -> Result<Event, Problem> {
        let first = self.open()?;
        if !self.next_is(&Kind::FlowSequenceEnd)? {
            self.comma(first, "flow sequence", &Kind::FlowSequenceEnd)?;
            let token = self.scanner.peek()?;
            if token.kind == Kind::Key {
                self.state = State::FlowSequenceMappingKey;
                return Ok(event(What::MappingStart(Properties::default()), token.start, token.end));
            }
            if token.kind != Kind::FlowSequenceEnd {
                self.states.push(State::FlowSequence);
                return self.node(false, false);
            }
        }
        self.close_flow(What::SequenceEnd)
    }

    fn flow_mapping(&mut self) -> Result<Event, Problem> {
        let first = self.open()?;
        if !self.next_is(&Kind::FlowMappingEnd)? {
            self.comma(first, "flow mapping", &Kind::FlowMappingEnd)?;
            let token = self.scanner.peek()?;
            if token.kind == Kind::Key {
                self.scanner.next()?;
                return self.flow_part(State::FlowMappingValue, token.end, |kind| {
                    matches!(kind, Kind::Value | Kind::FlowEntry | Kind::FlowMappingEnd)
                });
            }
            if token.kind != Kind::FlowMappingEnd {
                self.states.push(State::FlowMappingNoValue);
                return self.node(false, false);
            }
        }
        self.close_flow(What::MappingEnd)
    }

    /// The token behind the end is looked at already: a comment could stand there.
    fn close_flow(&mut self, what: What) -> Result<Event, Problem> {
        let event = self.close(what)?;
        self.scanner.peek()?;
        Ok(event)
    }

    fn flow_part(&mut self, then: State, end: Mark, is_end: fn(&Kind) -> bool) -> Result<Event, Problem> {
        if is_end(&self.scanner.peek()?.kind) {
            self.state = then;
            return Ok(empty(end));
        }
        self.states.push(then);
        self.node(false, false)
    }

    fn flow_value(&mut self, then: State, end: &Kind) -> Result<Event, Problem> {
        let token = self.scanner.peek()?;
        if token.kind != Kind::Value {
            self.state = then;
            return Ok(empty(token.start));
        }
        self.scanner.next()?;
        let next = self.scanner.peek()?.kind;
        if next == Kind::FlowEntry || next == *end {
            self.state = then;
            return Ok(empty(token.end));
        }
        self.states.push(then);
        self.node(false, false)
    }
}
