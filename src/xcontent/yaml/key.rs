//! How YAML writes the name of a field: as it is where that cannot be misread, else in quotes.

/// Words that another reader of YAML could take for a value.
const RESERVED: [&str; 25] = [
    "false", "False", "FALSE", "n", "N", "no", "No", "NO", "null", "Null", "NULL", "on", "On", "ON", "off", "Off",
    "OFF", "true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES",
];

/// From this many UTF-16 units on, a name needs a `?` before it.
const LONGEST_SIMPLE: usize = 128;

/// Quotes around a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
}

/// Whether the name stands on one line before its colon.
pub(super) fn is_simple(name: &str) -> bool {
    !name.is_empty() && name.encode_utf16().count() < LONGEST_SIMPLE && !name.chars().any(is_break)
}

/// Which quotes a name gets.
pub(super) fn style(name: &str) -> Style {
    let chars: Vec<char> = name.chars().collect();
    // What starts like a number is quoted, whatever it is.
    let numeric = matches!(chars.first(), None | Some('0'..='9' | '-' | '+' | '.' | '~'));
    if numeric || chars.contains(&'\n') || RESERVED.contains(&name) {
        return Style::Double;
    }
    let blank = |c: Option<&char>| c.is_none_or(|&c| matches!(c, '\0' | ' ' | '\t') || is_break(c));
    let (first, last) = (chars[0], chars[chars.len() - 1]);
    let mut indicator =
        matches!(first, '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`');
    indicator |= matches!(first, '?' | ':') && blank(chars.get(1));
    let mut special = false;
    // A space behind a break, or before one, would be lost.
    let (mut break_space, mut space_break) = (false, false);
    for (at, &c) in chars.iter().enumerate() {
        if at > 0 {
            indicator |= c == ':' && blank(chars.get(at + 1));
            indicator |= c == '#' && blank(chars.get(at - 1));
        }
        special |= !matches!(c, ' '..='~' | '\u{85}' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
        if let Some(&next) = chars.get(at + 1) {
            break_space |= is_break(c) && next == ' ';
            space_break |= c == ' ' && is_break(next);
        }
    }
    let at_an_end = |c: char| c == ' ' || is_break(c);
    if special || space_break || break_space {
        Style::Double
    } else if !indicator && !at_an_end(first) && !at_an_end(last) {
        Style::Plain
    } else {
        Style::Single
    }
}

/// Whether a line ends with this character.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}
