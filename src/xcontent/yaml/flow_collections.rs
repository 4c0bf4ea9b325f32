//! Collections in brackets.

use super::{
    events::{Event, Events, Properties, State, What, empty, event},
    reader::{Mark, Problem},
    token::Kind,
};

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

    pub(super) fn flow_sequence(&mut self) -> Result<Event, Problem> {
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

    pub(super) fn flow_mapping(&mut self) -> Result<Event, Problem> {
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

    pub(super) fn flow_part(&mut self, then: State, end: Mark, is_end: fn(&Kind) -> bool) -> Result<Event, Problem> {
        if is_end(&self.scanner.peek()?.kind) {
            self.state = then;
            return Ok(empty(end));
        }
        self.states.push(then);
        self.node(false, false)
    }

    pub(super) fn flow_value(&mut self, then: State, end: &Kind) -> Result<Event, Problem> {
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
