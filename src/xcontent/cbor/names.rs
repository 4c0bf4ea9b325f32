//! The names of fields: texts, binary ones, and numbers.

use super::{heads::BREAK, parser::CborParser, references::TAG_REFERENCE};
use crate::xcontent::{binary::token::Kind, parser::Refusal};

impl CborParser<'_> {
    pub(super) fn read_name(&mut self) -> Result<Kind, Refusal> {
        let Some(mut first) = self.first_byte()? else { return Ok(Kind::Null) };
        while first >> 5 == 6 {
            let tag = self.tag(first)?;
            self.tags.push(tag);
            first = match self.first_byte()? {
                Some(first) => first,
                None => return Ok(Kind::Null),
            };
        }
        if first == BREAK {
            return match self.scopes.last() {
                Some(scope) if scope.length < 0 => Ok(self.close()),
                _ => Err(self.unexpected_break()),
            };
        }
        let name = match first >> 5 {
            0 | 1 => self.number_name(first)?,
            2 => {
                let bytes = self.read_binary(first)?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            3 => self.text_name(first)?,
            other => {
                let message =
                    format!("Unsupported major type ({other}) for CBOR Objects, not (yet?) supported, only Strings");
                return Err(self.bytes.fault(&message));
            }
        };
        self.bytes.name_field(name, self.scopes.last_mut().map(|scope| &mut scope.names))
    }

    fn text_name(&mut self, first: u8) -> Result<String, Refusal> {
        let low = first & 0x1F;
        let length = self.length(low)?;
        let Ok(length) = usize::try_from(length) else { return self.chunked() };
        if length > self.bytes.left() && length >= self.bytes.input.len() && low > 23 {
            return self.cut_text(length);
        }
        let taken = self.bytes.take(length)?;
        let name = self.decode(taken, true)?;
        self.remember(taken, usize::from(low));
        Ok(name)
    }

    /// A number in the place of a name; 64-bit ones overflow, as Java's do.
    fn number_name(&mut self, first: u8) -> Result<String, Refusal> {
        let negative = first >> 5 == 1;
        let reference = self.tags.contains(&TAG_REFERENCE);
        let wide = |argument: u64| if negative { !argument.cast_signed() } else { argument.cast_signed() };
        let index = match first & 0x1F {
            low @ 0..26 => self.short(low)?,
            26 => {
                let argument = self.argument(4)?;
                if reference && argument > i32::MAX.unsigned_abs().into() {
                    return Err(self.bytes.fault("String reference index too large"));
                }
                argument
            }
            27 if reference => return Err(self.bytes.fault("String reference index too large")),
            27 => return Ok(wide(self.argument(8)?).to_string()),
            low => {
                let message = format!("Invalid length indicator for ints ({low}), token 0x{first:x}");
                return Err(self.bytes.fault(&message));
            }
        };
        let index = wide(index);
        if !reference {
            return Ok(index.to_string());
        }
        self.referred(index).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }
}
