//! Date maths: any number of `+1M`, `-2d`, `/w`, applied from left to right, in UTC.

use super::{
    NANOS_OF_MILLI, Nanos,
    calendar::{Date, NANOS_OF_DAY, NANOS_OF_SECOND, days_of, epoch_day},
    date_time, parse_exception,
};
use crate::error::Exception;

const YEARS: std::ops::RangeInclusive<i64> = -999_999_999..=999_999_999;
const EPOCH_DAYS: std::ops::RangeInclusive<i64> = -365_243_219_162..=365_241_780_471;
/// 1970-01-01 was a Thursday: days from the Monday before it.
const DAYS_SINCE_MONDAY: i64 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

/// Applies the expression to an instant. With `round_up` a `/unit` goes to the last millisecond of the unit.
pub(super) fn apply(maths: &str, start: Nanos, round_up: bool) -> Result<Nanos, Box<Exception>> {
    let refuse = |what: &str| Err(parse_exception(format!("{what} [{maths}]")));
    let mut instant = start;
    let mut rest = maths;
    while let Some(operator) = rest.chars().next() {
        let (rounding, sign) = match operator {
            '/' => (true, 1),
            '+' => (false, 1),
            '-' => (false, -1),
            _ => return refuse("operator not supported for date math"),
        };
        rest = &rest[1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let Some(unit) = behind.chars().next() else { return refuse("truncated date math") };
        let number = if digits == 0 { 1 } else { int(number)? };
        if rounding && number != 1 {
            return refuse("rounding `/` can only be used on single unit types");
        }
        rest = &behind[unit.len_utf8()..];
        let Some(unit) = Unit::named(unit) else {
            return refuse(&format!("unit [{}] not supported for date math", first_utf16(unit)));
        };
        instant = if !rounding {
            add(instant, unit, sign * i64::from(number))?
        } else if round_up {
            add(floor(instant, unit), unit, 1)? - NANOS_OF_MILLI
        } else {
            floor(instant, unit)
        };
    }
    Ok(instant)
}

/// Java's `Integer.parseInt` for digits.
fn int(digits: &str) -> Result<i32, Box<Exception>> {
    digits
        .parse()
        .map_err(|_| Box::new(Exception::new("number_format_exception", format!("For input string: \"{digits}\""))))
}

/// Java sees UTF-16: of a character beyond the basic plane it prints half, which JSON cannot carry.
fn first_utf16(character: char) -> char {
    if character.len_utf16() == 1 { character } else { '?' }
}

fn add(instant: Nanos, unit: Unit, number: i64) -> Result<Nanos, Box<Exception>> {
    let of_day = instant.rem_euclid(NANOS_OF_DAY);
    let date = Date::from_epoch_day(epoch_day(instant));
    let moved = match unit {
        Unit::Year => Some((date.year + number, date.month)),
        Unit::Month => {
            let months = date.year * 12 + date.month - 1 + number;
            Some((months.div_euclid(12), months.rem_euclid(12) + 1))
        }
        _ => None,
    };
    if let Some((year, month)) = moved {
        if !YEARS.contains(&year) {
            let reason = format!("Invalid value for Year (valid values -999999999 - 999999999): {year}");
            return Err(date_time(reason));
        }
        // 31 January plus a month is the last of February
        let day = date.day.min(days_of(year, month));
        return Ok(Date { year, month, day }.start() + of_day);
    }
    let later = instant + Nanos::from(number) * unit.nanos();
    let day = epoch_day(later);
    if EPOCH_DAYS.contains(&day) {
        Ok(later)
    } else {
        let reason = format!("Invalid value for EpochDay (valid values -365243219162 - 365241780471): {day}");
        Err(date_time(reason))
    }
}

/// The first instant of the unit that holds the instant.
fn floor(instant: Nanos, unit: Unit) -> Nanos {
    let day = epoch_day(instant);
    let date = Date::from_epoch_day(day);
    match unit {
        Unit::Year => Date { month: 1, day: 1, ..date }.start(),
        Unit::Month => Date { day: 1, ..date }.start(),
        Unit::Week => Nanos::from(day - (day + DAYS_SINCE_MONDAY).rem_euclid(7)) * NANOS_OF_DAY,
        Unit::Day | Unit::Hour | Unit::Minute | Unit::Second => instant - instant.rem_euclid(unit.nanos()),
    }
}

// === impl Unit ===

impl Unit {
    fn named(letter: char) -> Option<Self> {
        Some(match letter {
            'y' => Unit::Year,
            'M' => Unit::Month,
            'w' => Unit::Week,
            'd' => Unit::Day,
            'h' | 'H' => Unit::Hour,
            'm' => Unit::Minute,
            's' => Unit::Second,
            _ => return None,
        })
    }

    /// Its length, where that is fixed.
    fn nanos(self) -> Nanos {
        match self {
            Unit::Year | Unit::Month => 0,
            Unit::Week => 7 * NANOS_OF_DAY,
            Unit::Day => NANOS_OF_DAY,
            Unit::Hour => 3600 * NANOS_OF_SECOND,
            Unit::Minute => 60 * NANOS_OF_SECOND,
            Unit::Second => NANOS_OF_SECOND,
        }
    }
}
