//! The proleptic Gregorian calendar, as `java.time` extends it to years ±999,999,999.

use super::Nanos;

pub(super) const NANOS_OF_SECOND: Nanos = 1_000_000_000;
pub(super) const NANOS_OF_DAY: Nanos = 86_400 * NANOS_OF_SECOND;

/// A day. Month and day count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
}

/// `2016-06-01T00:00:00.123Z`, with as many groups of three fraction digits as needed.
pub(super) fn iso_instant(instant: Nanos) -> String {
    let nanos = instant.rem_euclid(NANOS_OF_SECOND);
    let fraction = match nanos {
        0 => String::new(),
        _ if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => format!(".{:06}", nanos / 1_000),
        _ => format!(".{nanos:09}"),
    };
    format!("{}{fraction}Z", iso_seconds(instant))
}

/// `2016-06-01T00:00:00.000Z`, of epoch milliseconds.
pub(super) fn iso_millis(millis: i64) -> String {
    format!("{}.{:03}Z", iso_seconds(Nanos::from(millis) * 1_000_000), millis.rem_euclid(1000))
}

fn iso_seconds(instant: Nanos) -> String {
    let Date { year, month, day } = Date::from_epoch_day(epoch_day(instant));
    let seconds = instant.rem_euclid(NANOS_OF_DAY) / NANOS_OF_SECOND;
    let year = match year {
        10_000.. => format!("+{year}"),
        0.. => format!("{year:04}"),
        _ => format!("-{:04}", -year),
    };
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// Days since the epoch of the day that holds the instant. It always fits: an instant is at most 10⁹ years away.
pub(super) fn epoch_day(instant: Nanos) -> i64 {
    i64::try_from(instant.div_euclid(NANOS_OF_DAY)).unwrap_or(i64::MAX)
}

/// Whether the year has a 29 February.
pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of the month.
pub(super) fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// === impl Date ===

impl Date {
    /// Days since the epoch. The year is taken to begin in March, so that the leap day is its last.
    pub(super) fn epoch_day(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    pub(super) fn from_epoch_day(day: i64) -> Self {
        let shifted = day + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let month = (shifted_month + 2) % 12 + 1;
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: of_year - (153 * shifted_month + 2) / 5 + 1,
        }
    }

    /// The first instant of the day.
    pub(super) fn start(self) -> Nanos {
        Nanos::from(self.epoch_day()) * NANOS_OF_DAY
    }
}
