//! One `Set-Cookie` header: RFC 6265, section 5.2.

use chrono::{DateTime, TimeDelta, Utc};

use super::cookie_date;
use crate::telemetry::CookieIssue;

/// The limits of browsers: for name and value together, and for the value of an attribute.
const MAX_COOKIE_BYTES: usize = 4_096;
const MAX_ATTRIBUTE_BYTES: usize = 1_024;

/// A cookie as the server sent it, byte for byte.
#[derive(Debug, Default, PartialEq)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) lifetime: Lifetime,
    /// Without a dot at its start.
    pub(super) domain: Option<&'a [u8]>,
    /// `None` for the default path of the request.
    pub(super) path: Option<&'a [u8]>,
    pub(super) secure: bool,
    /// Whether an attribute was ignored because it cannot be read.
    pub(super) has_ignored_attribute: bool,
}

/// How long a cookie is valid.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Lifetime {
    /// As long as the session.
    #[default]
    Session,
    Until(DateTime<Utc>),
    /// This many seconds from now; zero removes the cookie.
    Seconds(i64),
}

impl Lifetime {
    /// When it ends. A time that the calendar does not have is none.
    pub(super) fn end(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Session => None,
            Self::Until(end) => Some(end),
            Self::Seconds(seconds) => now.checked_add_signed(TimeDelta::try_seconds(seconds)?),
        }
    }
}

/// Reads the value of a `Set-Cookie` header.
pub(super) fn parse(header: &[u8]) -> Result<SetCookie<'_>, CookieIssue> {
    let mut parts = header.split(|byte| *byte == b';');
    let pair = parts.next().unwrap_or_default();
    let (name, value) = split(pair).ok_or(CookieIssue::Malformed)?;
    if name.is_empty() {
        return Err(CookieIssue::Malformed);
    }
    if name.len() + value.len() > MAX_COOKIE_BYTES {
        return Err(CookieIssue::TooLarge);
    }
    let mut cookie = SetCookie {
        name,
        value,
        ..SetCookie::default()
    };
    let mut expires = None;
    let mut max_age = None;
    for attribute in parts {
        let (name, value) = split(attribute).unwrap_or((trim(attribute), b""));
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if value.len() > MAX_ATTRIBUTE_BYTES {
            cookie.has_ignored_attribute = true;
        } else if is("expires") {
            // Of several attributes of one name the last one counts.
            let read = cookie_date::parse(value);
            cookie.has_ignored_attribute |= read.is_none();
            expires = read.or(expires);
        } else if is("max-age") {
            let read = seconds(value);
            cookie.has_ignored_attribute |= read.is_none();
            max_age = read.or(max_age);
        } else if is("domain") {
            let domain = value.strip_prefix(b".").unwrap_or(value);
            cookie.domain = Some(domain).filter(|domain| !domain.is_empty());
        } else if is("path") {
            cookie.path = Some(value).filter(|path| path.starts_with(b"/"));
        } else if is("secure") {
            cookie.secure = true;
        }
    }
    cookie.lifetime = match (max_age, expires) {
        (Some(seconds), _) => Lifetime::Seconds(seconds),
        (None, Some(end)) => Lifetime::Until(end),
        (None, None) => Lifetime::Session,
    };
    check_prefix(&cookie)?;
    Ok(cookie)
}

/// Splits at the first `=`, without white space around either half.
fn split(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = pair.iter().position(|byte| *byte == b'=')?;
    Some((trim(&pair[..at]), trim(&pair[at + 1..])))
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The value of `Max-Age`, not below zero.
fn seconds(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if digits.len() < text.len() {
        return Some(0);
    }
    let text = std::str::from_utf8(digits).ok()?;
    // A number of digits alone fails only because it is too large.
    Some(text.parse().unwrap_or(i64::MAX))
}

/// Checks the attributes that the prefix of a name requires, so that no other host can set the cookie.
fn check_prefix(cookie: &SetCookie<'_>) -> Result<(), CookieIssue> {
    let starts = |prefix: &[u8]| {
        let start = cookie.name.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    let is_for_host = cookie.secure && cookie.domain.is_none() && cookie.path == Some(b"/");
    if (starts(b"__secure-") && !cookie.secure) || (starts(b"__host-") && !is_for_host) {
        return Err(CookieIssue::Prefix);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn named(name: &'static str, value: &'static str) -> SetCookie<'static> {
        SetCookie {
            name: name.as_bytes(),
            value: value.as_bytes(),
            ..SetCookie::default()
        }
    }

    #[test]
    fn a_value_is_kept_as_it_is() {
        for (header, name, value) in [
            ("a=b", "a", "b"),
            (" \ta = b \t; ", "a", "b"),
            ("a=\"b c\"", "a", "\"b c\""),
            ("a=b=c==", "a", "b=c=="),
            ("a=", "a", ""),
            ("f.session=s%3Ax.y", "f.session", "s%3Ax.y"),
            ("a b=c,d", "a b", "c,d"),
            ("a=b; unknown; also=unknown", "a", "b"),
        ] {
            assert_eq!(parse(header.as_bytes()), Ok(named(name, value)), "{header}");
        }
        let bytes = parse(b"a=\xc3\xbc\xff").unwrap();
        assert_eq!(bytes.value, b"\xc3\xbc\xff");
    }

    #[test]
    fn a_cookie_has_a_name_and_at_most_4096_bytes() {
        for header in ["", ";", "a", "=", "=a", " =a", "; a=b", "a; b=c"] {
            assert_eq!(
                parse(header.as_bytes()),
                Err(CookieIssue::Malformed),
                "{header}"
            );
        }
        let of = |value: usize, attributes: &str| format!("ab={}{attributes}", "x".repeat(value));
        let long = format!("; Path=/; Comment={}", "c".repeat(5_000));
        for attributes in ["", "; Path=/; Secure", &long] {
            assert!(parse(of(4_094, attributes).as_bytes()).is_ok());
            let larger = of(4_095, attributes);
            assert_eq!(parse(larger.as_bytes()), Err(CookieIssue::TooLarge));
        }
    }

    #[test]
    fn an_attribute_that_cannot_be_read_is_ignored() {
        let path = |length: usize| format!("a=b; Path=/{}", "p".repeat(length));
        let at_limit = path(1_023);
        let at_limit = parse(at_limit.as_bytes()).unwrap();
        assert_eq!(at_limit.path.unwrap().len(), 1_024);
        let longer = path(1_024);
        let longer = parse(longer.as_bytes()).unwrap();
        assert!(longer.path.is_none() && longer.has_ignored_attribute);
        for attribute in [
            "Max-Age=1.5",
            "max-age=+1",
            "Max-Age=",
            "Max-Age=-",
            "Expires=soon",
        ] {
            let header = format!("a=b; {attribute}");
            let cookie = parse(header.as_bytes()).unwrap();
            assert_eq!(cookie.lifetime, Lifetime::Session, "{attribute}");
            assert!(cookie.has_ignored_attribute, "{attribute}");
        }
    }

    #[test]
    fn max_age_wins_over_expires_and_the_last_of_each_counts() {
        let past = "Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        let later = "expires=Fri, 01 Jan 2100 00:00:00 GMT";
        let until = |timestamp| Lifetime::Until(DateTime::from_timestamp(timestamp, 0).unwrap());
        for (attributes, lifetime) in [
            (format!("{past}; Max-Age=60"), Lifetime::Seconds(60)),
            (format!("MAX-AGE=0; {later}"), Lifetime::Seconds(0)),
            (format!("Max-Age=-1; {later}"), Lifetime::Seconds(0)),
            (
                format!("Max-Age=1; Max-Age=2; {past}"),
                Lifetime::Seconds(2),
            ),
            (
                format!("Max-Age=1; Max-Age=x; {past}"),
                Lifetime::Seconds(1),
            ),
            (
                "Max-Age=99999999999999999999".to_owned(),
                Lifetime::Seconds(i64::MAX),
            ),
            (format!("{later}; {past}"), until(0)),
            (format!("{past}; {later}"), until(4_102_444_800)),
            (format!("Max-Age=x; {past}"), until(0)),
        ] {
            let header = format!("a=b; {attributes}");
            assert_eq!(
                parse(header.as_bytes()).unwrap().lifetime,
                lifetime,
                "{attributes}"
            );
        }
    }

    #[test]
    fn a_domain_has_no_dot_at_its_start_and_a_path_has_a_slash() {
        for (attribute, domain, path) in [
            ("Domain=.example.com", Some("example.com"), None),
            ("domain=Example.com", Some("Example.com"), None),
            ("Domain=", None, None),
            ("Domain=.", None, None),
            ("Path=/a", None, Some("/a")),
            ("Path=//", None, Some("//")),
            ("Path=a", None, None),
            ("Path", None, None),
            ("Path=\"/\"", None, None),
            ("Path=/a; path=b", None, None),
        ] {
            let header = format!("a=b; {attribute}");
            let cookie = parse(header.as_bytes()).unwrap();
            let found = (cookie.domain, cookie.path);
            assert_eq!(
                found,
                (domain.map(str::as_bytes), path.map(str::as_bytes)),
                "{attribute}"
            );
        }
    }

    #[test]
    fn a_prefix_of_the_name_requires_attributes() {
        for (header, is_kept) in [
            ("__Secure-a=b; Secure", true),
            ("__Secure-a=b", false),
            ("__secure-a=b", false),
            ("__Host-a=b; Secure; Path=/", true),
            ("__HOST-a=b; Path=/", false),
            ("__Host-a=b; Secure", false),
            ("__Host-a=b; Secure; Path=/a", false),
            ("__Host-a=b; Secure; Path=/; Domain=example.com", false),
            ("__Hosta=b", true),
        ] {
            let issue = parse(header.as_bytes()).err();
            assert_eq!(issue, (!is_kept).then_some(CookieIssue::Prefix), "{header}");
        }
    }
}
