//! From a text to an instant: `strict_date_optional_time`, then `epoch_millis`.
//!
//! The first format has two readers in Elasticsearch, and so here: a fast one for ISO 8601, and behind it `java.time`'s,
//! which also takes a time behind a year or a month (`2016-06T10`).

use super::{
    NANOS_OF_MILLI, Nanos,
    calendar::{Date, NANOS_OF_SECOND, days_of, is_leap},
    zone::{self, Zone},
};
use crate::error::Exception;

/// What is said of an empty text.
pub(super) const EMPTY: &str = "cannot parse empty datetime";

const MONTHS: [&str; 12] = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
];

/// Why a text is no instant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// No alternative of the format fits.
    Format,
    /// The form fits, a value does not: `java.time.DateTimeException` with this message.
    Value(String),
}

/// What a text says of a time. Missing parts are missing from the right.
#[derive(Debug, Clone, PartialEq)]
struct Parts {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    time: Option<Time>,
    zone: Option<Zone>,
    /// A second offset behind a zone, or the only one where it is out of the zone's range.
    offset: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Time {
    hour: i64,
    minute: Option<i64>,
    second: Option<i64>,
    nano: Option<i64>,
}

/// The message of a text that fits no alternative.
pub(super) fn not_a_date(text: &str) -> String {
    format!("failed to parse date field [{text}] with format [strict_date_optional_time||epoch_millis]")
}

/// Reads a text that is not empty.
pub(super) fn instant(text: &str, round_up: bool) -> Result<Nanos, Refusal> {
    if let Some(parts) = iso(text) {
        return parts.instant(round_up);
    }
    if let Some(parts) = formatter(text) {
        match parts.instant_of_formatter(round_up) {
            Err(Refusal::Format) => {}
            decided => return decided,
        }
    }
    epoch_millis(text).ok_or(Refusal::Format)
}

/// The fast reader: everything at its place, a time only behind a day, an upper bound for every part.
fn iso(text: &str) -> Option<Parts> {
    let (mut parts, rest) = date(text)?;
    if parts.month.is_some_and(|month| month > 12) || parts.day.is_some_and(|day| day > 31) {
        return None;
    }
    let Some(rest) = rest.strip_prefix('T') else { return rest.is_empty().then_some(parts) };
    parts.day?;
    if rest.is_empty() {
        return Some(parts);
    }
    let (time, rest) = time(rest)?;
    parts.time = Some(time);
    if !rest.is_empty() {
        parts.zone = Some(Zone::parse(rest)?);
    }
    Some(parts)
}

/// `java.time`'s reader: the time may follow a year or a month; months and days are only checked where the date is whole.
fn formatter(text: &str) -> Option<Parts> {
    let (mut parts, rest) = date(text)?;
    let Some(rest) = rest.strip_prefix('T') else { return rest.is_empty().then_some(parts) };
    if rest.is_empty() {
        return Some(parts);
    }
    let (time, mut rest) = time(rest)?;
    parts.time = Some(time);
    if let Some((zone, behind)) = Zone::parse_prefix(rest) {
        (parts.zone, rest) = (Some(zone), behind);
    }
    if let Some((offset, behind)) = zone::plain_offset(rest) {
        (parts.offset, rest) = (Some(offset), behind);
    }
    rest.is_empty().then_some(parts)
}

/// `[-]yyyy[-MM[-dd]]` and the rest.
fn date(text: &str) -> Option<(Parts, &str)> {
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (year, mut rest) = digits(unsigned, 4)?;
    let mut parts = Parts { year: sign * year, month: None, day: None, time: None, zone: None, offset: None };
    for part in [&mut parts.month, &mut parts.day] {
        let Some(behind) = rest.strip_prefix('-') else { break };
        let (value, behind) = digits(behind, 2)?;
        (*part, rest) = (Some(value), behind);
    }
    Some((parts, rest))
}

/// `HH[:mm[:ss[.SSS]]]` and the rest; one to nine digits of fraction behind a dot or a comma.
fn time(text: &str) -> Option<(Time, &str)> {
    let (hour, mut rest) = digits(text, 2).filter(|(hour, _)| *hour <= 23)?;
    let mut time = Time { hour, ..Time::default() };
    for part in [&mut time.minute, &mut time.second] {
        let Some(behind) = rest.strip_prefix(':') else { break };
        let (value, behind) = digits(behind, 2).filter(|(value, _)| *value <= 59)?;
        (*part, rest) = (Some(value), behind);
    }
    if time.second.is_some()
        && let Some(behind) = rest.strip_prefix(['.', ','])
    {
        let count = behind.bytes().take(9).take_while(u8::is_ascii_digit).count();
        let (value, behind) = digits(behind, count).filter(|_| count > 0)?;
        let scale = (count..9).fold(1, |scale, _| scale * 10);
        (time.nano, rest) = (Some(value * scale), behind);
    }
    Some((time, rest))
}

/// Exactly `count` ASCII digits and the rest.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at_checked(count)?;
    (!digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())).then(|| Some((digits.parse().ok()?, rest)))?
}

/// `[-]ddd[.[ddd]]`: at most 19 digits within 64 bits, at most six digits of fraction.
fn epoch_millis(text: &str) -> Option<Nanos> {
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let decimal = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    if whole.is_empty() || whole.len() > 19 || fraction.len() > 6 || !decimal(whole) || !decimal(fraction) {
        return None;
    }
    let millis: i64 = whole.parse().ok()?;
    let nanos: Nanos = format!("{fraction:0<6}").parse().ok()?;
    Some(sign * (Nanos::from(millis) * NANOS_OF_MILLI + nanos))
}

// === impl Parts ===

impl Parts {
    fn instant(&self, round_up: bool) -> Result<Nanos, Refusal> {
        let date = self.date()?;
        Ok(self.at(date, round_up))
    }

    /// As [`Self::instant`], for what `java.time` has parsed: what it can resolve on its own is checked while it parses, so
    /// that the text does not fit; the rest is checked later, and is a wrong value.
    fn instant_of_formatter(&self, round_up: bool) -> Result<Nanos, Refusal> {
        let whole = round_up || self.day.is_some();
        let out_of_range = self.offset.is_some_and(|offset| offset.abs() > zone::MOST);
        if whole && (out_of_range || self.date().is_err()) {
            return Err(Refusal::Format);
        }
        if out_of_range && self.zone.is_none() {
            return Err(Refusal::Value("Zone offset not in valid range: -18:00 to +18:00".into()));
        }
        let date = match (self.month, self.time) {
            // a time without a month is a time without a date for Elasticsearch
            (None, Some(_)) if !round_up => Date { year: 1970, month: 1, day: 1 },
            _ => self.date()?,
        };
        Ok(self.at(date, round_up))
    }

    /// The day, missing parts being the first.
    fn date(&self) -> Result<Date, Refusal> {
        let (year, month, day) = (self.year, self.month.unwrap_or(1), self.day.unwrap_or(1));
        let refuse = |message: String| Err(Refusal::Value(message));
        if !(1..=12).contains(&month) {
            return refuse(format!("Invalid value for MonthOfYear (valid values 1 - 12): {month}"));
        }
        if !(1..=31).contains(&day) {
            return refuse(format!("Invalid value for DayOfMonth (valid values 1 - 28/31): {day}"));
        }
        if day > days_of(year, month) {
            if day == 29 && !is_leap(year) {
                return refuse(format!("Invalid date 'February 29' as '{year}' is not a leap year"));
            }
            let name = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
            return refuse(format!("Invalid date '{name} {day}'"));
        }
        Ok(Date { year, month, day })
    }

    /// The instant on the given day.
    fn at(&self, date: Date, round_up: bool) -> Nanos {
        let last = |value| if round_up { value } else { 0 };
        let time = self.time.unwrap_or(Time { hour: last(23), ..Time::default() });
        let minutes = time.hour * 60 + time.minute.unwrap_or(last(59));
        let local_seconds = date.epoch_day() * 86_400 + minutes * 60 + time.second.unwrap_or(last(59));
        let nanos = time.nano.unwrap_or(last(999_999_999));
        let offset = match &self.zone {
            Some(zone) => zone.offset_at(local_seconds),
            None => self.offset.unwrap_or(0),
        };
        Nanos::from(local_seconds - offset) * NANOS_OF_SECOND + Nanos::from(nanos)
    }
}

// === impl Refusal ===

impl Refusal {
    /// The exception that the formatter throws for `text`.
    pub(super) fn exception(&self, text: &str) -> Exception {
        match self {
            Self::Format => {
                let cause = Exception::new("date_time_parse_exception", "Failed to parse with all enclosed parsers");
                Exception::illegal_argument(not_a_date(text)).caused_by(cause)
            }
            Self::Value(message) => Exception::new("date_time_exception", message.clone()),
        }
    }
}
