//! What Elasticsearch accepts as a time, for the store that must parse it itself: the format
//! `strict_date_optional_time||epoch_millis`, and date maths on top of it.

use jiff::{
    Span, Timestamp, ToSpan,
    civil::{Date, DateTime, Time, Weekday},
    tz::Offset,
};

use crate::error::Exception;

/// The format of the field `timestamp`, as messages name it.
const FORMAT: &str = "strict_date_optional_time||epoch_millis";

/// A date with the parts that were written; what is missing is filled from below or, rounding up, from above.
struct Parts {
    date: Date,
    /// How many of year, month, day, hour, minute, second were written.
    precision: usize,
    time: Time,
    nanos: bool,
    offset: Offset,
}

/// Reads a time in a search: a date, epoch milliseconds, or date maths on either or on `now`.
///
/// `round_up` gives the last millisecond of what was named instead of the first.
///
/// # Errors
/// The exception that Elasticsearch's search fails with.
pub fn resolve(text: &str, now: i64, round_up: bool) -> Result<i64, Box<Exception>> {
    let (base, maths) = match text.strip_prefix("now") {
        Some(maths) => (now, maths),
        None => match text.split_once("||") {
            Some((date, maths)) => (parse_date(date, false)?, maths),
            None => return parse_date(text, round_up),
        },
    };
    apply(maths, base, round_up)
}

/// Reads a stored string as the date field does: no date maths.
#[must_use]
pub fn parse_indexed(text: &str) -> Option<i64> {
    parse_format(text, false).ok()
}

/// `2016-02-08T15:05:00.000Z`.
#[must_use]
pub fn format_utc(millis: i64) -> String {
    match Timestamp::from_millisecond(millis) {
        Ok(instant) => instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
        Err(_) => millis.to_string(),
    }
}

fn parse_date(text: &str, round_up: bool) -> Result<i64, Box<Exception>> {
    if text.is_empty() {
        return Err(refuse("cannot parse empty datetime"));
    }
    parse_format(text, round_up).map_err(|impossible| {
        let message = format!("failed to parse date field [{text}] with format [{FORMAT}]");
        let cause = if let Some(reason) = impossible {
            Exception::new("date_time_exception", reason)
        } else {
            let innermost = Exception::new("date_time_parse_exception", "Failed to parse with all enclosed parsers");
            Exception::illegal_argument(message.clone()).caused_by(innermost)
        };
        let reason = cause.reason.clone().unwrap_or_default();
        Box::new(Exception::new("parse_exception", format!("{message}: [{reason}]")).caused_by(cause))
    })
}

/// `Err` with a reason for a date that is well formed, but that no calendar has.
fn parse_format(text: &str, round_up: bool) -> Result<i64, Option<String>> {
    match Parts::parse(text) {
        Ok(parts) => parts.millis(round_up).ok_or(None),
        Err(Some(reason)) => Err(Some(reason)),
        Err(None) => parse_epoch_millis(text).ok_or(None),
    }
}

/// A signed number of milliseconds; a fraction is cut off downwards.
fn parse_epoch_millis(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits =
        |part: &str, most: usize| !part.is_empty() && part.len() <= most && part.bytes().all(|c| c.is_ascii_digit());
    if !digits(whole, 19) || !(fraction.is_empty() || digits(fraction, 6)) {
        return None;
    }
    let millis: i64 = whole.parse().ok()?;
    let below = i64::from(fraction.bytes().any(|c| c != b'0'));
    if unsigned.len() == text.len() { Some(millis) } else { Some(-millis - below) }
}

// === impl Parts ===

impl Parts {
    fn parse(text: &str) -> Result<Self, Option<String>> {
        let mut rest = text.as_bytes();
        let negative = literal(&mut rest, b"-");
        let magnitude = digits(&mut rest, 4).ok_or(None)?;
        let year = if negative { -magnitude } else { magnitude };
        let (mut month, mut day, mut time) = (1, 1, [0; 3]);
        let mut precision = 1;
        let mut nanos = None;
        let mut offset = Offset::UTC;
        for (part, most) in [(&mut month, 12), (&mut day, 31)] {
            if !literal(&mut rest, b"-") {
                break;
            }
            *part = digits(&mut rest, 2).filter(|value| *value <= most).ok_or(None)?;
            precision += 1;
        }
        // Nothing need follow a `T`, however much of the date stands before it.
        if literal(&mut rest, b"T") && !rest.is_empty() {
            for (index, (part, most)) in time.iter_mut().zip([23, 59, 59]).enumerate() {
                if index > 0 && !literal(&mut rest, b":") {
                    break;
                }
                *part = digits(&mut rest, 2).filter(|value| *value <= most).ok_or(None)?;
                precision = 4 + index;
            }
            if precision == 6 && literal(&mut rest, b".,") {
                let length = rest.iter().take_while(|c| c.is_ascii_digit()).count();
                let fraction = digits(&mut rest, length).filter(|_| (1..=9).contains(&length)).ok_or(None)?;
                nanos = Some(fraction * 10_i32.pow(9 - u32::try_from(length).unwrap_or(9)));
            }
            if !rest.is_empty() {
                offset = zone(&mut rest).ok_or(None)?;
            }
        }
        if !rest.is_empty() {
            return Err(None);
        }
        let date = calendar_date(year, month, day)?;
        let narrow = |value: i32| i8::try_from(value).unwrap_or_default();
        let [hour, minute, second] = time.map(narrow);
        let time = Time::new(hour, minute, second, nanos.unwrap_or(0)).map_err(|_| None)?;
        Ok(Self { date, precision, time, nanos: nanos.is_some(), offset })
    }

    fn millis(&self, round_up: bool) -> Option<i64> {
        let mut time = self.time;
        if round_up {
            // A missing month or day stays the first one: only the parts of the day are rounded up.
            let (hour, minute, second) = (time.hour(), time.minute(), time.second());
            let nanos = if self.nanos { time.subsec_nanosecond() } else { 999_999_999 };
            time = match self.precision {
                1..=3 => Time::new(23, 59, 59, nanos),
                4 => Time::new(hour, 59, 59, nanos),
                5 => Time::new(hour, minute, 59, nanos),
                _ => Time::new(hour, minute, second, nanos),
            }
            .ok()?;
        }
        let instant = self.offset.to_timestamp(DateTime::from_parts(self.date, time)).ok()?;
        instant.as_nanosecond().div_euclid(1_000_000).try_into().ok()
    }
}

/// The date, or why there is no such one.
fn calendar_date(year: i32, month: i32, day: i32) -> Result<Date, Option<String>> {
    const NAMES: [&str; 12] = [
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
    let narrow = |value: i32| i8::try_from(value).map_err(|_| None);
    if month == 0 {
        return Err(Some("Invalid value for MonthOfYear (valid values 1 - 12): 0".into()));
    }
    if day == 0 {
        return Err(Some("Invalid value for DayOfMonth (valid values 1 - 28/31): 0".into()));
    }
    Date::new(i16::try_from(year).map_err(|_| None)?, narrow(month)?, narrow(day)?).map_err(|_| {
        Some(if (month, day) == (2, 29) {
            format!("Invalid date 'February 29' as '{year}' is not a leap year")
        } else {
            let name = usize::try_from(month - 1).ok().and_then(|index| NAMES.get(index)).unwrap_or(&"");
            format!("Invalid date '{name} {day}'")
        })
    })
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i32> {
    let (head, tail) = rest.split_at_checked(count)?;
    if !head.iter().all(u8::is_ascii_digit) {
        return None;
    }
    *rest = tail;
    std::str::from_utf8(head).ok()?.parse().ok()
}

fn literal(rest: &mut &[u8], any_of: &[u8]) -> bool {
    match rest.split_first() {
        Some((first, tail)) if any_of.contains(first) => {
            *rest = tail;
            true
        }
        _ => false,
    }
}

/// `Z`, `+02`, `+0200` or `+02:00`.
fn zone(rest: &mut &[u8]) -> Option<Offset> {
    let sign = match rest.first()? {
        b'Z' => {
            *rest = &rest[1..];
            return Some(Offset::UTC);
        }
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    *rest = &rest[1..];
    let hours = digits(rest, 2)?;
    let colon = literal(rest, b":");
    let minutes = if rest.is_empty() && !colon { 0 } else { digits(rest, 2)? };
    let seconds = if rest.is_empty() {
        0
    } else {
        if literal(rest, b":") != colon {
            return None;
        }
        digits(rest, 2)?
    };
    let total = hours * 3600 + minutes * 60 + seconds;
    (minutes < 60 && seconds < 60 && total <= 18 * 3600).then(|| Offset::from_seconds(sign * total).ok())?
}

// === date maths ===

fn refuse(message: impl Into<String>) -> Box<Exception> {
    Box::new(Exception::new("parse_exception", message))
}

fn apply(maths: &str, base: i64, round_up: bool) -> Result<i64, Box<Exception>> {
    let out_of_range = || refuse(format!("date math [{maths}] leads out of range"));
    let mut time = Offset::UTC.to_datetime(Timestamp::from_millisecond(base).map_err(|_| out_of_range())?);
    let mut rest = maths.chars().peekable();
    while let Some(operator) = rest.next() {
        let round = operator == '/';
        let sign = match operator {
            '/' | '+' => 1,
            '-' => -1,
            _ => return Err(refuse(format!("operator not supported for date math [{maths}]"))),
        };
        let truncated = || refuse(format!("truncated date math [{maths}]"));
        let mut amount = 1_i64;
        let mut number = String::new();
        while let Some(digit) = rest.next_if(char::is_ascii_digit) {
            number.push(digit);
        }
        if !number.is_empty() {
            let amount_of = number.parse::<i32>();
            amount = amount_of
                .map_err(|_| Exception::new("number_format_exception", format!("For input string: \"{number}\"")))?
                .into();
        } else if rest.peek().is_none() {
            return Err(truncated());
        }
        if round && amount != 1 {
            return Err(refuse(format!("rounding `/` can only be used on single unit types [{maths}]")));
        }
        let unit = rest.next().ok_or_else(truncated)?;
        let Some(step) = step(unit, sign * amount) else {
            return Err(refuse(format!("unit [{unit}] not supported for date math [{maths}]")));
        };
        time = if round { floor(time, unit) } else { Some(time) }.ok_or_else(out_of_range)?;
        if !round || round_up {
            time = time.checked_add(step).map_err(|_| out_of_range())?;
        }
        if round && round_up {
            time = time.checked_sub(1.millisecond()).map_err(|_| out_of_range())?;
        }
    }
    let instant = Offset::UTC.to_timestamp(time).map_err(|_| out_of_range())?;
    Ok(instant.as_millisecond())
}

fn step(unit: char, amount: i64) -> Option<Span> {
    let span = Span::new();
    match unit {
        'y' => span.try_years(amount),
        'M' => span.try_months(amount),
        'w' => span.try_weeks(amount),
        'd' => span.try_days(amount),
        'h' | 'H' => span.try_hours(amount),
        'm' => span.try_minutes(amount),
        's' => span.try_seconds(amount),
        _ => return None,
    }
    .ok()
}

/// The start of the unit that holds `time`; weeks start on Monday.
fn floor(time: DateTime, unit: char) -> Option<DateTime> {
    let date = time.date();
    let day = |date: Date| Some(date.to_datetime(Time::midnight()));
    match unit {
        'y' => day(date.first_of_year()),
        'M' => day(date.first_of_month()),
        'w' => {
            let back = date.weekday().since(Weekday::Monday);
            day(date.checked_sub(i64::from(back).days()).ok()?)
        }
        'd' => day(date),
        'h' | 'H' => time.with().minute(0).second(0).subsec_nanosecond(0).build().ok(),
        'm' => time.with().second(0).subsec_nanosecond(0).build().ok(),
        _ => time.with().subsec_nanosecond(0).build().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::{format_utc, parse_indexed, resolve};

    const NOW: i64 = 1_464_782_400_123;

    #[test]
    fn dates_and_what_they_round_up_to() {
        for (text, low, high) in [
            ("1454530200001", 1_454_530_200_001, 1_454_530_200_001),
            ("1454530200", 1_454_530_200, 1_454_530_200),
            ("20160601", 20_160_601, 20_160_601),
            ("2016", 1_451_606_400_000, 1_451_692_799_999),
            ("-1", -1, -1),
            ("2016-06", 1_464_739_200_000, 1_464_825_599_999),
            ("2016-06-01", 1_464_739_200_000, 1_464_825_599_999),
            ("2016-06-01T00", 1_464_739_200_000, 1_464_742_799_999),
            ("2016-06-01T00:00:00Z", 1_464_739_200_000, 1_464_739_200_999),
            ("2016-06-01T00:00:00.123456Z", 1_464_739_200_123, 1_464_739_200_123),
            ("2016-06-01T00:00:00+02:00", 1_464_732_000_000, 1_464_732_000_999),
            ("1454530200.5", 1_454_530_200, 1_454_530_200),
            ("now", NOW, NOW),
            ("now-1d", NOW - 86_400_000, NOW - 86_400_000),
            ("now/d", 1_464_739_200_000, 1_464_825_599_999),
            ("2016-06-01||+1M/d", 1_467_331_200_000, 1_467_417_599_999),
            ("1464739200000||/d", 1_464_739_200_000, 1_464_825_599_999),
        ] {
            assert_eq!(resolve(text, NOW, false), Ok(low), "{text}");
            assert_eq!(resolve(text, NOW, true), Ok(high), "{text} rounded up");
        }
    }

    #[test]
    fn refused() {
        for text in [
            "invalid",
            "2016-06-01 00:00:00",
            "2016-6-1",
            "2016-06-01T24:00:00Z",
            "2016-W22",
            "+145",
            "2016-02-30",
            "2016-",
        ] {
            assert!(resolve(text, NOW, false).is_err(), "{text}");
            assert_eq!(parse_indexed(text), None, "{text}");
        }
        let message = |text: &str| resolve(text, NOW, false).unwrap_err().reason.unwrap();
        assert_eq!(message(""), "cannot parse empty datetime");
        assert_eq!(message("now-1x"), "unit [x] not supported for date math [-1x]");
        assert_eq!(message("now/"), "truncated date math [/]");
        assert_eq!(message("now/2d"), "rounding `/` can only be used on single unit types [/2d]");
        assert_eq!(message("nowhere"), "operator not supported for date math [here]");
    }

    #[test]
    fn shown() {
        assert_eq!(format_utc(1_454_943_900_000), "2016-02-08T15:05:00.000Z");
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_reads_back(millis in -62_000_000_000_000_i64..250_000_000_000_000) {
            assert_eq!(parse_indexed(&format_utc(millis)), Some(millis));
        }

        #[test]
        fn no_text_panics(text in ".{0,30}", up: bool) {
            let _ = resolve(&text, NOW, up);
            let _ = resolve(&format!("now{text}"), NOW, up);
        }
    }
}
