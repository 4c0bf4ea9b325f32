//! Every expectation was observed on Elasticsearch 8.19.21.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_465_000_000_123;

fn lower(text: &str) -> Result<i64, String> {
    resolve(text, NOW, false).map_err(reason)
}

fn upper(text: &str) -> Result<i64, String> {
    resolve(text, NOW, true).map_err(reason)
}

#[expect(clippy::boxed_local, clippy::needless_pass_by_value, reason = "for map_err")]
fn reason(error: Box<Exception>) -> String {
    error.reason.clone().unwrap()
}

fn refused(text: &str, inner: &str) -> String {
    format!("{}: [{inner}]", parse::not_a_date(text))
}

#[test]
fn forms_and_their_upper_ends() {
    for (text, low, high) in [
        ("1454530200001", 1_454_530_200_001, 1_454_530_200_001),
        ("20160601", 20_160_601, 20_160_601),
        ("2016", 1_451_606_400_000, 1_451_692_799_999),
        ("-2016", -125_786_044_800_000, -125_785_958_400_001),
        ("02016", 2016, 2016),
        ("2016-06", 1_464_739_200_000, 1_464_825_599_999),
        ("2016-06-01T", 1_464_739_200_000, 1_464_825_599_999),
        ("2016-06-01T00", 1_464_739_200_000, 1_464_742_799_999),
        ("2016-01-01T00:00Z", 1_451_606_400_000, 1_451_606_459_999),
        ("2016-06-01T00:00:00+02:00", 1_464_732_000_000, 1_464_732_000_999),
        ("2016-01-01T00:00:00+010203", 1_451_602_677_000, 1_451_602_677_999),
        ("2016-07-01T00:00:00Europe/Paris", 1_467_324_000_000, 1_467_324_000_999),
        ("2016-03-27T02:30:00Europe/Paris", 1_459_042_200_000, 1_459_042_200_999),
        ("2016-10-30T02:30:00Europe/Paris", 1_477_787_400_000, 1_477_787_400_999),
        ("2016-07-01T00:00:00UTC+2", 1_467_324_000_000, 1_467_324_000_999),
        ("2016-01-01T23:59:59,1", 1_451_692_799_100, 1_451_692_799_100),
        ("1969-12-31T23:59:59.9999", -1, -1),
        ("9999-12-31T23:59:59-18", 253_402_365_599_000, 253_402_365_599_999),
        // a time behind a month, and behind a year, which without rounding forgets the year
        ("2016-06T10", 1_464_775_200_000, 1_464_778_799_999),
        ("2016T10", 36_000_000, 1_451_645_999_999),
        ("-1.5", -2, -2),
        ("1.", 1, 1),
        ("9223372036854775807", i64::MAX, i64::MAX),
        ("now", NOW, NOW),
        ("now/d", 1_464_998_400_000, 1_465_084_799_999),
        ("now/w", 1_464_566_400_000, 1_465_171_199_999),
        ("now/y-1d", 1_451_520_000_000, 1_483_142_399_999),
        ("now-1d/d", 1_464_912_000_000, 1_464_998_399_999),
        ("2016-06-01||+1M/d", 1_467_331_200_000, 1_467_417_599_999),
        ("2016||", 1_451_606_400_000, 1_451_606_400_000),
        ("2016-01-31||+1M", 1_456_704_000_000, 1_456_704_000_000),
        ("2016-02-29||-1y", 1_425_081_600_000, 1_425_081_600_000),
        ("now-10000y", -314_104_519_999_877, -314_104_519_999_877),
    ] {
        assert_eq!((lower(text), upper(text)), (Ok(low), Ok(high)), "{text}");
    }
}

#[test]
fn texts_that_fit_no_form() {
    for text in [
        "invalid",
        " 2016",
        "+2016",
        "2016-",
        "2016-6-1",
        "2016-01-32",
        "2016-06-01 00:00:00",
        "2016-06-01t00",
        "2016-W22",
        "2016-01-01T24",
        "2016-01-01T23:59:60",
        "2016-01-01T23:59:59.",
        "2016-01-01T23:59:59.1234567891",
        "2016-01-01T00:00:00z",
        "2016-01-01T00:00:00+1",
        "2016-01-01T00:00:00+18:01",
        "2016-01-01T00:00:00+00:99",
        "2016-01-01T00:00:00+01:0203",
        "2016-01-01T00:00:00EST",
        "2016-01-01T00:00:00utc",
        "1e3",
        ".5",
        "1.1234567",
        "9223372036854775808",
        "--5",
        "Now",
    ] {
        assert_eq!(lower(text), Err(refused(text, &parse::not_a_date(text))), "{text}");
        assert!(parse_indexed(text).is_none(), "{text}");
    }
}

#[test]
fn values_that_no_calendar_has() {
    for (text, low, high) in [
        ("2016-02-30", "Invalid date 'FEBRUARY 30'", None),
        ("2015-02-29", "Invalid date 'February 29' as '2015' is not a leap year", None),
        ("2016-00-01", "Invalid value for MonthOfYear (valid values 1 - 12): 0", None),
        ("2016-01-00", "Invalid value for DayOfMonth (valid values 1 - 28/31): 0", None),
        ("2016-13", "Invalid value for MonthOfYear (valid values 1 - 12): 13", Some(parse::not_a_date("2016-13"))),
        ("2016-06T10+19", "Zone offset not in valid range: -18:00 to +18:00", Some(parse::not_a_date("2016-06T10+19"))),
    ] {
        assert_eq!(lower(text), Err(refused(text, low)));
        assert_eq!(upper(text), Err(refused(text, high.as_deref().unwrap_or(low))));
        let error = parse_stored(text).unwrap_err();
        assert_eq!((&*error.kind, reason(error.clone())), ("date_time_exception", low.to_owned()));
    }
}

#[test]
fn date_maths_that_cannot_be_read() {
    for (text, kind, expected) in [
        ("", "parse_exception", "cannot parse empty datetime"),
        ("||+1d", "parse_exception", "cannot parse empty datetime"),
        ("now+1x", "parse_exception", "unit [x] not supported for date math [+1x]"),
        ("now+1", "parse_exception", "truncated date math [+1]"),
        ("now/", "parse_exception", "truncated date math [/]"),
        ("now ", "parse_exception", "operator not supported for date math [ ]"),
        ("now||+1d", "parse_exception", "operator not supported for date math [||+1d]"),
        ("now/2d", "parse_exception", "rounding `/` can only be used on single unit types [/2d]"),
        ("now+99999999999d", "number_format_exception", "For input string: \"99999999999\""),
        (
            "now+999999999y",
            "date_time_exception",
            "Invalid value for Year (valid values -999999999 - 999999999): 1000002015",
        ),
        (
            "now-1000000000y",
            "illegal_argument_exception",
            "date[-999997984-06-04T00:26:40.123Z] is too far in the past to be represented in a long milliseconds variable",
        ),
        (
            "now+999000000y",
            "illegal_argument_exception",
            "date[+999002016-06-04T00:26:40.123Z] is too far in the future to be represented in a long milliseconds variable",
        ),
    ] {
        let error = resolve(text, NOW, false).unwrap_err();
        assert_eq!((&*error.kind, reason(error.clone())), (kind, expected.to_owned()), "{text}");
    }
}

#[test]
fn a_refused_text_shows_all_of_its_causes() {
    let error = resolve("invalid", NOW, false).unwrap_err();
    let kinds: Vec<&str> = error.chain().map(|exception| &*exception.kind).collect();
    assert_eq!(kinds, ["parse_exception", "illegal_argument_exception", "date_time_parse_exception"]);
}

#[test]
fn shown() {
    assert_eq!(format_utc(1_454_943_900_000), "2016-02-08T15:05:00.000Z");
    assert_eq!(format_utc(-1), "1969-12-31T23:59:59.999Z");
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(millis in -62_000_000_000_000_i64..250_000_000_000_000) {
        prop_assert_eq!(parse_indexed(&format_utc(millis)), Some(millis));
    }

    #[test]
    fn nothing_panics(text in "[-0-9+:.,TZ|/nowyMdh é]{0,24}|\\PC{0,12}", now in -4_000_000_000_000_i64..4_000_000_000_000) {
        let _ = resolve(&text, now, false);
        let _ = resolve(&text, now, true);
        let _ = parse_indexed(&text);
    }

    #[test]
    fn rounding_up_never_goes_back(text in "[0-9]{4}(-(0[1-9]|1[012])(-(0[1-9]|1[0-9]|2[0-8])(T(0[0-9]|1[0-9])(:[0-5][0-9])?)?)?)?(\\|\\|[-+][0-9]{1,3}[yMwdhms](/[yMwdhms])?)?") {
        prop_assert!(resolve(&text, 0, false).unwrap() <= resolve(&text, 0, true).unwrap());
    }

    #[test]
    fn the_calendar_agrees_with_the_library(day in -4_000_000_i64..2_900_000) {
        let library = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        let ours = calendar::Date::from_epoch_day(day);
        prop_assert_eq!((ours.year, ours.month, ours.day), (library.year().into(), library.month().into(), library.day().into()));
        prop_assert_eq!(ours.epoch_day(), day);
    }
}

proptest! {
    /// What is read without looking for other forms means the same.
    #[test]
    fn milliseconds_of_our_days_have_no_other_meaning(millis in 0..10_000_000_000_000_i64) {
        let text = format!("{millis:013}");
        prop_assert_eq!(parse_stored(&text), epoch_millis(parse::instant(&text, false).unwrap()));
    }
}
