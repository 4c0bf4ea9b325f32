//! Where a document starts, and the directives before it.

use std::collections::BTreeMap;

use super::{
    events::{Event, Events, State, What, event},
    reader::Problem,
    token::{Directive, Kind, Token},
};

/// What `!!` stands for.
pub(super) const CORE: &str = "tag:yaml.org,2002:";

impl Events {
    pub(super) fn document_start(&mut self) -> Result<Event, Problem> {
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

/// What stands for what where no directive says otherwise.
pub(super) fn default_handles() -> BTreeMap<String, String> {
    [("!", "!"), ("!!", CORE)].map(|(handle, prefix)| (handle.to_owned(), prefix.to_owned())).into()
}
