//! The dates of cookies: RFC 6265, section 5.1.1.
//!
//! Servers write them in many ways, and user agents read them by one algorithm that ignores what it does
//! not need: weekday, zone, order and separators. No crate has exactly this algorithm.

use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, Utc};

const MONTHS: [&[u8]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

/// Reads the value of `Expires`; `None` if it names no date.
pub(super) fn parse(text: &[u8]) -> Option<DateTime<Utc>> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    // Each token gives the first of these that it can and that is not known yet.
    for token in text.split(|byte| is_delimiter(*byte)) {
        if set(&mut time, || time_of_day(token)) || set(&mut day, || alone(token, 1..=2)) {
            continue;
        }
        if !set(&mut month, || month_of(token)) {
            set(&mut year, || alone(token, 2..=4));
        }
    }
    let (hour, minute, second) = time?;
    let year = match year? {
        year @ 0..=69 => year + 2_000,
        year @ 70..=99 => year + 1_900,
        year => year,
    };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month?, day?)?;
    let date = date.and_hms_opt(hour, minute, second)?;
    (year >= 1_601).then(|| date.and_utc())
}

fn set<T>(slot: &mut Option<T>, read: impl FnOnce() -> Option<T>) -> bool {
    if slot.is_none() {
        *slot = read();
        return slot.is_some();
    }
    false
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

fn time_of_day(token: &[u8]) -> Option<(u32, u32, u32)> {
    let (hour, rest) = number(token, 1..=2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 1..=2)?;
    let (second, _) = number(rest.strip_prefix(b":")?, 1..=2)?;
    Some((hour, minute, second))
}

fn month_of(token: &[u8]) -> Option<u32> {
    let name = token.get(..3)?;
    let at = MONTHS
        .iter()
        .position(|month| name.eq_ignore_ascii_case(month))?;
    u32::try_from(at + 1).ok()
}

fn alone(token: &[u8], digits: RangeInclusive<usize>) -> Option<u32> {
    number(token, digits).map(|(number, _)| number)
}

/// The number at the start of a token, if it has that many digits, and what follows.
fn number(token: &[u8], digits: RangeInclusive<usize>) -> Option<(u32, &[u8])> {
    let length = token
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if !digits.contains(&length) {
        return None;
    }
    let (number, rest) = token.split_at(length);
    let digits = number.iter().map(|digit| u32::from(digit - b'0'));
    Some((digits.fold(0, |number, digit| 10 * number + digit), rest))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str) -> Option<String> {
        let date = parse(text.as_bytes())?;
        Some(date.format("%Y-%m-%d %H:%M:%S").to_string())
    }

    #[test]
    fn a_date_is_read_in_any_form() {
        for text in [
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Thu, 01 Jan 1970 00:00:00 UTC",
            "Thu, 1 Jan 1970 0:0:0 GMT",
            "thu, 01-jan-1970 00:00:00 gmt",
            "THURSDAY, 01-JAN-70 00:00:00 GMT",
            "Thursday, 01-Jan-70 00:00:00 GMT",
            "Thu Jan  1 00:00:00 1970",
            "Thu Jan 01 1970 00:00:00 GMT+0200 (CEST)",
            "Thu, 01 Jan 1970 00:00:00 +0000",
            "Thu, 01 Jan 1970 00:00:00 -0500",
            "Thu, 01 January 1970 00:00:00 GMT",
            "1 Jan 1970 00:00:00",
            "Jan 1 1970 00:00:00",
            "1970 Jan 01 00:00:00",
            "00:00:00 1970 Jan 01",
            "01/Jan/1970;00:00:00",
            "Mon, 01 Jan 1970 00:00:00 GMT",
            "  Thu,01 Jan 1970\t00:00:00 GMT",
            "01 Jan 1970 00:00:00.000Z",
            "1st Jan 1970 00:00:00",
        ] {
            assert_eq!(read(text).as_deref(), Some("1970-01-01 00:00:00"), "{text}");
        }
        for (text, date) in [
            ("Wed, 09 Jun 2021 10:18:14 GMT", "2021-06-09 10:18:14"),
            ("Wed, 09-Jun-69 10:18:14 GMT", "2069-06-09 10:18:14"),
            ("Wed, 09-Jun-99 10:18:14 GMT", "1999-06-09 10:18:14"),
            ("29 Feb 2028 23:59:59 GMT", "2028-02-29 23:59:59"),
            ("1 Jan 1601 00:00:00", "1601-01-01 00:00:00"),
            ("31 Dec 9999 23:59:59", "9999-12-31 23:59:59"),
        ] {
            assert_eq!(read(text).as_deref(), Some(date), "{text}");
        }
    }

    #[test]
    fn what_names_no_date_is_not_read() {
        for text in [
            "",
            "never",
            "0",
            "Thu, 01 Jan 1970",
            "01 1970 00:00:00",
            "Jan 1970 00:00:00",
            "01 Jan 00:00:00",
            "00 Jan 1970 00:00:00",
            "32 Jan 1970 00:00:00",
            "31 Feb 1970 00:00:00",
            "29 Feb 2027 00:00:00",
            "01 Jan 1600 23:59:59",
            "01 Jan 19700 00:00:00",
            "01 Jan 1970 24:00:00",
            "01 Jan 1970 00:60:00",
            "01 Jan 1970 00:00:60",
            "01 Jan 1970 00:00",
            "01 Jan 1970 000:00:00",
            "1970-01-01T00:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(parse(b"01 Jan 1970 \xff00:00:00"), None);
    }
}
