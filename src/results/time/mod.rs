//! What Elasticsearch accepts as a time, for the store that must read it itself.
//!
//! The rules are those of a date field with the format `strict_date_optional_time||epoch_millis` of Elasticsearch 8.19,
//! observed on its own classes. Two readers exist: a search understands date maths, a stored document does not.

/// From a text to an instant, without date maths.
mod parse;

/// Date maths: what stands behind `now` and `||`.
mod math;

/// The calendar over the whole range of years that date maths can reach, which is wider than a library's.
mod calendar;

/// Zones and offsets, as `java.time.ZoneId` names them.
mod zone;

#[cfg(test)]
mod tests;

use crate::error::Exception;

/// Nanoseconds since the epoch. The range is that of Java's years, about ±10⁹, which 64 bits do not hold.
type Nanos = i128;

const NANOS_OF_MILLI: Nanos = 1_000_000;

/// The instant, in epoch milliseconds, that a search's text means at `now_ms`. With `round_up` parts that are missing take
/// their last value (a missing month or day excepted, which is the first), and `/unit` goes to the unit's last millisecond.
///
/// # Errors
/// The exception that Elasticsearch's search fails with.
pub fn resolve(text: &str, now_ms: i64, round_up: bool) -> Result<i64, Box<Exception>> {
    let instant = if let Some(maths) = text.strip_prefix("now") {
        math::apply(maths, Nanos::from(now_ms) * NANOS_OF_MILLI, round_up)?
    } else if let Some((time, maths)) = text.split_once("||") {
        math::apply(maths, parse_searched(time, false)?, round_up)?
    } else {
        parse_searched(text, round_up)?
    };
    epoch_millis(instant)
}

/// The instant, in epoch milliseconds, under which a stored text is indexed. A stored number is read as its JSON text, so
/// that `2016` is the year and not 2,016 milliseconds.
///
/// # Errors
/// The exception that the field's mapper fails with.
pub fn parse_stored(text: &str) -> Result<i64, Box<Exception>> {
    if text.is_empty() {
        return Err(Box::new(Exception::illegal_argument(parse::EMPTY)));
    }
    // Nearly all are milliseconds of our days, which no other form looks like.
    if text.len() == 13 && text.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(text.bytes().fold(0, |millis, digit| 10 * millis + i64::from(digit - b'0')));
    }
    parse::instant(text, false).map_err(|refusal| Box::new(refusal.exception(text))).and_then(epoch_millis)
}

/// As [`parse_stored`], where nobody asks why not.
#[must_use]
pub fn parse_indexed(text: &str) -> Option<i64> {
    parse_stored(text).ok()
}

/// Reads the time of a search. Whatever is wrong comes wrapped into a `parse_exception`.
fn parse_searched(text: &str, round_up: bool) -> Result<Nanos, Box<Exception>> {
    if text.is_empty() {
        return Err(parse_exception(parse::EMPTY));
    }
    parse::instant(text, round_up).map_err(|refusal| {
        let cause = refusal.exception(text);
        let inner = cause.reason.as_deref().unwrap_or_default();
        let reason = format!("{}: [{inner}]", parse::not_a_date(text));
        Box::new(Exception::new("parse_exception", reason).caused_by(cause))
    })
}

fn epoch_millis(instant: Nanos) -> Result<i64, Box<Exception>> {
    i64::try_from(instant.div_euclid(NANOS_OF_MILLI)).map_err(|_| {
        let direction = if instant < 0 { "past" } else { "future" };
        let reason = format!(
            "date[{}] is too far in the {direction} to be represented in a long milliseconds variable",
            calendar::iso_instant(instant)
        );
        let overflow = Exception::new("arithmetic_exception", "long overflow");
        Box::new(Exception::illegal_argument(reason).caused_by(overflow))
    })
}

/// `2016-02-08T15:05:00.000Z`, always with three digits of fraction.
#[must_use]
pub fn format_utc(millis: i64) -> String {
    calendar::iso_millis(millis)
}

/// `java.time.DateTimeException`, which Elasticsearch does not always catch.
fn date_time(reason: impl Into<String>) -> Box<Exception> {
    Box::new(Exception::new("date_time_exception", reason))
}

fn parse_exception(reason: impl Into<String>) -> Box<Exception> {
    Box::new(Exception::new("parse_exception", reason))
}
