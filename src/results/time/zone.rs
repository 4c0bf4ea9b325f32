//! Zones and offsets, as `java.time` reads them.

use jiff::tz::TimeZone;

/// Largest offset, in seconds.
pub(super) const MOST: i64 = 18 * 3600;

/// Where a local time is local.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Zone {
    /// Seconds east of Greenwich.
    Fixed(i64),
    /// A place with a history of offsets.
    Region(TimeZone),
}

// === impl Zone ===

impl Zone {
    /// The zone that `java.time.ZoneId.of` makes of the text, with offsets as Elasticsearch's own parser takes them:
    /// `+02`, `+0200`, `+02:00`, `+020030`, `+02:00:30`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == "Z" {
            return Some(Self::Fixed(0));
        }
        if text.starts_with(['+', '-']) {
            return offset(text).map(Self::Fixed);
        }
        // "UTC", "GMT" and "UT" may carry an offset; "GMT0" is a region instead
        for prefix in ["UTC", "GMT", "UT"] {
            match text.strip_prefix(prefix) {
                Some("" | "Z") => return Some(Self::Fixed(0)),
                Some(rest) if rest.starts_with(['+', '-']) => {
                    let short = rest.len() == 2 && rest.as_bytes()[1].is_ascii_digit();
                    let padded = if short { format!("{}0{}", &rest[..1], &rest[1..]) } else { rest.to_owned() };
                    return offset(&padded).map(Self::Fixed);
                }
                _ => {}
            }
        }
        region(text).map(Self::Region)
    }

    /// The longest prefix of the text that is a zone for `java.time`'s formatter, and what stands behind it. Offsets need
    /// their minutes here.
    pub(super) fn parse_prefix(text: &str) -> Option<(Self, &str)> {
        if text.starts_with(['+', '-']) {
            return colon_offset(text).map(|(seconds, rest)| (Self::Fixed(seconds), rest));
        }
        let name = text.bytes().take_while(|c| c.is_ascii_alphanumeric() || b"/_+-~.".contains(c)).count();
        for length in (1..=name).rev() {
            if let Some(zone) =
                region(&text[..length]).filter(|_| !matches!(&text[..length], "UTC" | "GMT" | "UT" | "Z"))
            {
                return Some((Self::Region(zone), &text[length..]));
            }
        }
        for prefix in ["UTC", "GMT", "UT"] {
            if let Some(rest) = text.strip_prefix(prefix) {
                let (seconds, rest) = colon_offset(rest).unwrap_or((0, rest));
                return Some((Self::Fixed(seconds), rest));
            }
        }
        text.strip_prefix('Z').map(|rest| (Self::Fixed(0), rest))
    }

    /// The offset, in seconds, of a local time given in seconds since the local epoch. In a gap the offset before it holds, in
    /// an overlap the earlier one.
    pub(super) fn offset_at(&self, local_seconds: i64) -> i64 {
        match self {
            Self::Fixed(seconds) => *seconds,
            Self::Region(zone) => {
                let as_known = within_library(local_seconds);
                jiff::Timestamp::from_second(as_known).ok().map_or(0, |as_utc| {
                    let instant = zone.to_ambiguous_timestamp(TimeZone::UTC.to_datetime(as_utc)).compatible();
                    instant.map_or(0, |instant| as_known - instant.as_second())
                })
            }
        }
    }
}

/// A local time at which a region has the same offset, away from the ends of what the library can hold: years -9999 and 9999.
/// The calendar repeats every 400 years.
fn within_library(local_seconds: i64) -> i64 {
    const CYCLE: i64 = 146_097 * 86_400;
    const DAY: i64 = 86_400;
    match local_seconds {
        late if late > jiff::Timestamp::MAX.as_second() - DAY => late - CYCLE,
        early if early < jiff::Timestamp::MIN.as_second() + DAY => early + CYCLE,
        known => known,
    }
}

/// `+HH[[:]mm[[:]ss]]`, colons everywhere or nowhere, at most 18 hours.
fn offset(text: &str) -> Option<i64> {
    let (sign, digits) = signed(text)?;
    let separator = if digits.get(2..3) == Some(":") { ":" } else { "" };
    let mut parts = [0; 3];
    let mut rest = digits;
    for (at, part) in parts.iter_mut().enumerate() {
        if at > 0 {
            if rest.is_empty() {
                break;
            }
            rest = rest.strip_prefix(separator)?;
        }
        *part = two(rest.get(..2)?)?;
        rest = &rest[2..];
    }
    let [hours, minutes, seconds] = parts;
    let total = hours * 3600 + minutes * 60 + seconds;
    (rest.is_empty() && minutes <= 59 && seconds <= 59 && total <= MOST).then_some(sign * total)
}

/// `+HH:mm[:ss]`, and what stands behind it.
fn colon_offset(text: &str) -> Option<(i64, &str)> {
    let (sign, digits) = signed(text)?;
    let hours = two(digits.get(..2)?)?;
    let minutes = two(digits.get(2..5)?.strip_prefix(':')?)?;
    let seconds = digits.get(5..8).and_then(|part| two(part.strip_prefix(':')?));
    let total = hours * 3600 + minutes * 60 + seconds.unwrap_or(0);
    let length = if seconds.is_some() { 9 } else { 6 };
    (hours <= 23 && minutes <= 59 && seconds.unwrap_or(0) <= 59 && total <= MOST)
        .then_some((sign * total, &text[length..]))
}

/// `Z`, or `+HH[mm]` up to 23:59, and what stands behind it: the formatter's second thought about offsets.
pub(super) fn plain_offset(text: &str) -> Option<(i64, &str)> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some((0, rest));
    }
    let (sign, digits) = signed(text)?;
    let hours = two(digits.get(..2)?).filter(|&hours| hours <= 23)?;
    match digits.get(2..4).and_then(two) {
        Some(minutes) if minutes <= 59 => Some((sign * (hours * 3600 + minutes * 60), &text[5..])),
        Some(_) => None,
        None => Some((sign * hours * 3600, &text[3..])),
    }
}

fn signed(text: &str) -> Option<(i64, &str)> {
    text.strip_prefix('+').map(|rest| (1, rest)).or_else(|| text.strip_prefix('-').map(|rest| (-1, rest)))
}

/// Two ASCII digits.
fn two(text: &str) -> Option<i64> {
    (text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit())).then(|| text.parse().ok())?
}

/// A region of the time zone database, by its exact name. Java knows no three-letter abbreviations that are offsets.
fn region(name: &str) -> Option<TimeZone> {
    if matches!(name, "EST" | "MST" | "HST" | "ROC" | "Etc/Unknown" | "Factory") {
        return None;
    }
    TimeZone::get(name).ok().filter(|zone| zone.iana_name() == Some(name))
}
