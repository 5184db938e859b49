//! Dates in the forms in which servers send them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

use super::repair::number;
use crate::http_date;

/// From here on a number counts milliseconds: as seconds it would be a date after the year 5000.
const MILLISECONDS_FROM: f64 = 1e11;

/// A smaller number is no date of an account, but a lifetime, a year or a day such as 20231114.
const EARLIEST: f64 = 1e8;

/// Forms with an offset, beyond those of RFC 3339.
const WITH_OFFSET: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d %H:%M:%S%.f %#z",
    "%Y-%m-%dT%H:%M%#z",
];

/// Forms without an offset, which count as UTC.
const WITHOUT_OFFSET: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
];

/// Reads the text of a date: as RFC 3339, without an offset (UTC), a day alone, an HTTP date, or
/// seconds or milliseconds since the Unix epoch.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    // Java names the zone beside its offset.
    let text = text.split_once('[').map_or(text, |(text, _)| text);
    let with_offset = || {
        let read = |form: &&str| DateTime::parse_from_str(text, form).ok();
        WITH_OFFSET.iter().find_map(read)
    };
    let without_offset = || {
        let text = text.trim_end_matches("UTC").trim_end_matches("GMT").trim();
        let read = |form: &&str| NaiveDateTime::parse_from_str(text, form).ok();
        let time = WITHOUT_OFFSET.iter().find_map(read)?;
        Some(time.and_utc())
    };
    let read = DateTime::parse_from_rfc3339(text)
        .ok()
        .or_else(with_offset)
        .map(|time| time.to_utc())
        .or_else(without_offset)
        .or_else(|| Some(day(text)?.and_hms_opt(0, 0, 0)?.and_utc()))
        .or_else(|| since_epoch(text))
        .or_else(|| http_date::parse(text))?;
    // Other years have no form in RFC 3339.
    (0..=9999).contains(&read.year()).then_some(read)
}

/// Reads a day: alone, or the one that a date with time names.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let start = text.get(..10).and_then(day);
    start.or_else(|| Some(time(text)?.date_naive()))
}

fn day(text: &str) -> Option<NaiveDate> {
    let year = text.split_once('-')?.0;
    let has_four_digits = year.len() == 4 && year.bytes().all(|it| it.is_ascii_digit());
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    day.filter(|_| has_four_digits)
}

fn since_epoch(text: &str) -> Option<DateTime<Utc>> {
    // .NET writes milliseconds as `/Date(0)/`.
    let date = text
        .strip_prefix("/Date(")
        .and_then(|text| text.strip_suffix(")/"));
    let number = number(date.unwrap_or(text))?;
    if number < EARLIEST {
        return None;
    }
    let milliseconds = match number < MILLISECONDS_FROM {
        true => number * 1000.0,
        false => number,
    };
    #[allow(clippy::cast_possible_truncation)]
    DateTime::from_timestamp_millis(milliseconds.round() as i64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_form_of_a_date_is_read() {
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14t22:13:20z",
            "2023-11-15T06:13:20.000+08:00",
            "2023-11-15T06:13:20+0800",
            "2023-11-15T06:13:20+08",
            "2023-11-15 06:13:20 +0800",
            "2023-11-14T22:13:20",
            "2023-11-14 22:13:20",
            "2023-11-14 22:13:20.000",
            "2023-11-14 22:13:20 UTC",
            "Tue, 14 Nov 2023 22:13:20 GMT",
            "Mon, 14 Nov 2023 22:13:20 GMT",
            "Tuesday, 14-Nov-23 22:13:20 GMT",
            "Tue Nov 14 22:13:20 2023",
            "1700000000",
            "1700000000.0",
            "1700000000000",
            " 1700000000 ",
            "2023-11-14T22:13:20Z[UTC]",
            "/Date(1700000000000)/",
        ] {
            let read = time(text).map(|time| time.timestamp());
            assert_eq!(read, Some(1_700_000_000), "{text}");
        }
        assert_eq!(time("2023-11-14").unwrap().timestamp(), 1_699_920_000);
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            "soon",
            "true",
            "NaN",
            "inf",
            "1e300",
            "2023-13-14",
            "2023-02-30",
            "14.11.2023",
            "99999-01-01",
            "--",
            "2023",
            "20231114",
            "14-11-20",
            "0",
            "-1",
            "18000",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_that_of_its_own_offset() {
        for text in ["2023-11-15", "2023-11-15T06:13:20+08:00", "1700000000000"] {
            let day = date(text).unwrap().to_string();
            let expected = if text.starts_with('1') {
                "2023-11-14"
            } else {
                "2023-11-15"
            };
            assert_eq!(day, expected, "{text}");
        }
    }
}
