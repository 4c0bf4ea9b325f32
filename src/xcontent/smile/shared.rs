//! Names and texts that come again as a number.

use super::parser::SmileParser;
use crate::xcontent::{binary::token::Kind, parser::Refusal};

/// Most names, and most texts, that may be referred to; then it starts anew.
const MOST_SHARED: usize = 1_024;

/// Takes note of what may be referred to.
pub(super) fn share(shared: Option<&mut Vec<String>>, text: String) {
    if let Some(shared) = shared {
        if shared.len() == MOST_SHARED {
            shared.clear();
        }
        shared.push(text);
    }
}

impl SmileParser<'_> {
    pub(super) fn shared_name(&self, index: usize) -> Result<String, Refusal> {
        let Some(names) = &self.shared_names else {
            let message = "Encountered shared name reference, even though document header explicitly declared no shared name references are included";
            return Err(self.bytes.fault(message));
        };
        names.get(index).cloned().ok_or_else(|| {
            let message = format!(
                "Invalid shared name reference {index}; only got {} names in buffer (invalid content)",
                names.len()
            );
            self.bytes.fault(&message)
        })
    }

    pub(super) fn shared_text(&mut self, index: usize) -> Result<Kind, Refusal> {
        let Some(texts) = &self.shared_texts else {
            let message = "Encountered shared text value reference, even though document header did not declare shared text value references may be included";
            return Err(self.bytes.fault(message));
        };
        let Some(text) = texts.get(index) else {
            let message = format!(
                "Invalid shared text value reference {index}; only got {} names in buffer (invalid content)",
                texts.len()
            );
            return Err(self.bytes.fault(&message));
        };
        text.clone_into(&mut self.bytes.string);
        Ok(Kind::String)
    }
}
