//! Collections in blocks: an entry a line, one as deep as the other.

use super::{
    events::{Event, Events, State, What, empty, event},
    reader::{Mark, Problem},
    token::Kind,
};

impl Events {
    pub(super) fn block_sequence(&mut self) -> Result<Event, Problem> {
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

    pub(super) fn indentless_sequence(&mut self) -> Result<Event, Problem> {
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

    pub(super) fn block_mapping_key(&mut self) -> Result<Event, Problem> {
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

    pub(super) fn block_mapping_value(&mut self) -> Result<Event, Problem> {
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
