//! Dates of HTTP headers: RFC 9110, section 5.6.7.

use std::str::FromStr;

use chrono::{DateTime, Datelike, Month, Months, Utc};

/// Reads a date in one of HTTP's three forms:
///
/// ```text
/// Sun, 06 Nov 1994 08:49:37 GMT
/// Sunday, 06-Nov-94 08:49:37 GMT
/// Sun Nov  6 08:49:37 1994
/// ```
///
/// The weekday says nothing that the date does not say, so it may be missing or wrong. A zone other
/// than GMT, which HTTP does not allow, is taken into account; without one the time is UTC.
pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
    parse_at(text, Utc::now)
}

/// `now` tells the century of a year of two digits.
fn parse_at(text: &str, now: impl FnOnce() -> DateTime<Utc>) -> Option<DateTime<Utc>> {
    let date = without_weekday(text.trim_ascii());
    let parts: Vec<_> = date.split_ascii_whitespace().collect();
    let (day, month, year, time, zone) = match *parts.as_slice() {
        [date, time, ref zone @ ..] if date.contains('-') => {
            let mut date = date.splitn(3, '-');
            (date.next()?, date.next()?, date.next()?, time, zone)
        }
        [month, day, time, ref zone @ .., year] if is_month(month) => {
            (day, month, year, time, zone)
        }
        [day, month, year, time, ref zone @ ..] => (day, month, year, time, zone),
        _ => return None,
    };
    let zone = match *zone {
        [] => "GMT",
        [zone] if zone.eq_ignore_ascii_case("UTC") => "GMT",
        [zone] => zone,
        _ => return None,
    };
    let is_number = year.bytes().all(|byte| byte.is_ascii_digit());
    let number: i32 = year.parse().ok().filter(|_| is_number)?;
    let of_year = |year: i32| {
        let date = format!("{day} {month} {year:04} {time} {zone}");
        DateTime::parse_from_rfc2822(&date)
            .ok()
            .map(DateTime::<Utc>::from)
    };
    match year.len() {
        4 => of_year(number),
        2 => recent(number, now(), of_year),
        _ => None,
    }
}

/// The newest date whose year has these two last digits, and that is at most 50 years ahead.
fn recent(
    last_digits: i32,
    now: DateTime<Utc>,
    of_year: impl Fn(i32) -> Option<DateTime<Utc>>,
) -> Option<DateTime<Utc>> {
    let latest = now.checked_add_months(Months::new(50 * 12))?;
    let century = latest.year() - latest.year().rem_euclid(100);
    let centuries = [century, century - 100, century - 200].into_iter();
    let mut dates = centuries.filter_map(|century| of_year(century + last_digits));
    dates.find(|date| *date <= latest)
}

fn without_weekday(date: &str) -> &str {
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (first, rest) = date.split_once([',', ' ']).unwrap_or_default();
    if is_word(first) && !is_month(first) {
        rest
    } else {
        date
    }
}

fn is_month(word: &str) -> bool {
    word.len() == 3 && Month::from_str(word).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// 6 November 1994, 08:49:37, as in RFC 9110.
    const EXAMPLE: i64 = 784_111_777;

    fn seconds(text: &str) -> Option<i64> {
        parse(text).map(|date| date.timestamp())
    }

    #[test]
    fn all_forms_of_a_date_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994",
            " \tSun, 06 Nov 1994 08:49:37 GMT  ",
            "sun, 06 nov 1994 08:49:37 gmt",
            "Sun,06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun Nov  6 08:49:37 GMT 1994",
            "06 Nov 1994 08:49:37 GMT",
            "Nov  6 08:49:37 1994",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 09:49:37 +0100",
            "Sun, 06 Nov 1994 08:49:37",
        ] {
            assert_eq!(seconds(text), Some(EXAMPLE), "{text}");
        }
    }

    #[test]
    fn a_wrong_weekday_does_not_matter() {
        for text in [
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Monday, 06-Nov-94 08:49:37 GMT",
            "Mon Nov  6 08:49:37 1994",
            "Sonntag, 06 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(seconds(text), Some(EXAMPLE), "{text}");
        }
    }

    #[test]
    fn a_leap_second_is_a_time() {
        let date = seconds("Sat, 31 Dec 2016 23:59:60 GMT").unwrap();
        assert!((1_483_228_799..=1_483_228_800).contains(&date), "{date}");
    }

    #[test]
    fn a_year_of_two_digits_is_at_most_fifty_years_ahead() {
        let at = |text: &str, now: &str| {
            let now = DateTime::parse_from_rfc3339(now).unwrap();
            parse_at(text, || now.to_utc()).unwrap().to_rfc3339()
        };
        for (now, year) in [
            ("2026-11-06T08:49:37Z", "1977"),
            ("2027-11-06T08:49:36Z", "1977"),
            ("2027-11-06T08:49:37Z", "2077"),
            ("2099-01-01T00:00:00Z", "2077"),
        ] {
            let expected = format!("{year}-11-06T08:49:37+00:00");
            assert_eq!(at("Sunday, 06-Nov-77 08:49:37 GMT", now), expected, "{now}");
        }
        assert_eq!(
            at("Thursday, 06-Nov-03 08:49:37 GMT", "2098-01-01T00:00:00Z"),
            "2103-11-06T08:49:37+00:00"
        );
        assert_eq!(
            at("Tuesday, 29-Feb-00 00:00:00 GMT", "2060-01-01T00:00:00Z"),
            "2000-02-29T00:00:00+00:00",
            "2100 has no such day"
        );
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            ",",
            "Sun",
            "Sun,",
            "120",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT GMT",
            "Sun, 06 Nov 94x 08:49:37 GMT",
            "Sun, 06 Nov +994 08:49:37 GMT",
            "Sun, 06 Nov 19940 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CEST",
            "Sun, 06 November 1994 08:49:37 GMT",
            "Sonntäg, 06 Nov 1994 08:49:37 GMT",
            "1994-11-06T08:49:37Z",
            "-",
            "--",
            "- -",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
