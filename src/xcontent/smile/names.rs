//! The names of fields.

use super::{parser::SmileParser, shared::share};
use crate::xcontent::{
    binary::{text::decode_name, token::Kind},
    parser::Refusal,
};

impl SmileParser<'_> {
    pub(super) fn read_name(&mut self) -> Result<Kind, Refusal> {
        let first = self.bytes.next()?;
        let name = match first {
            0x20 => String::new(),
            0x30..=0x33 => {
                let low = self.bytes.next()?;
                self.shared_name(usize::from(first & 3) << 8 | usize::from(low))?
            }
            0x34 => {
                self.bytes.current = Some(Kind::FieldName);
                let name = self.long_name()?;
                share(self.shared_names.as_mut(), name.clone());
                name
            }
            0x40..=0x7F => self.shared_name(usize::from(first & 0x3F))?,
            0x80..=0xBF => {
                let name = self.ascii(usize::from(first & 0x3F) + 1)?;
                share(self.shared_names.as_mut(), name.clone());
                name
            }
            0xC0..=0xF7 => {
                let name = self.short_text(usize::from(first & 0x3F) + 2, true)?;
                share(self.shared_names.as_mut(), name.clone());
                name
            }
            0xFB => {
                self.scopes.pop();
                return Ok(Kind::EndObject);
            }
            _ => {
                let message =
                    format!("Invalid type marker byte 0x{first:x} for expected field name (or END_OBJECT marker)");
                return Err(self.bytes.fault(&message));
            }
        };
        self.bytes.name_field(name, self.scopes.last_mut().map(|scope| &mut scope.names))
    }

    fn long_name(&mut self) -> Result<String, Refusal> {
        let taken = self.up_to_end()?.to_vec();
        match decode_name(&taken) {
            Ok(name) => Ok(name),
            Err(Some(message)) => Err(self.bytes.fault(&message)),
            Err(None) => Err(self.bytes.end(" in long field name")),
        }
    }
}
