//! `Set-Cookie` headers of several answers in a row, and what a jar sends back after each.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use vestibule::chrono::{DateTime, Utc};
use vestibule::fuzzing::{Api, Jar};
use vestibule_fuzz::{headers, marks, memory, when};

static DOORS: OnceLock<[Api; 5]> = OnceLock::new();

const MOST_COOKIES: usize = 64;
const MOST_BYTES: usize = 4096;

fuzz_target!(
    init: {
        DOORS.set(Api::all().unwrap()).unwrap();
    },
    |data: &[u8]| -> Corpus {
        let Some(data) = marks::put_into(data) else {
            return Corpus::Reject;
        };
        memory::within(1024 * 1024 + 16 * data.len(), || judge(&data));
        Corpus::Keep
    }
);

/// The first line is the path of the requests; between two answers a day goes by.
fn judge(data: &[u8]) {
    let Some([.., fynd]) = DOORS.get() else {
        return;
    };
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let path = String::from_utf8_lossy(&data[..end]).into_owned();
    let mut jar = fynd.jar();
    for (day, headers) in headers::blocks(&data[end..]).iter().enumerate() {
        let now = when::NOW + i64::try_from(day).unwrap() * 24 * 3600;
        let now = DateTime::from_timestamp(now, 0).unwrap();
        let before = jar.stored().unwrap();
        let changed = jar.merge(headers, now);
        let stored = jar.stored().unwrap();
        assert!(changed || before == stored);
        check(&stored, now);
        marks::assert_none_in(&format!("{jar:?}"));

        let header = fynd.cookie_header(&jar, &format!("/{path}"), now);
        let header = header.expect("a jar holds only what can be sent");
        let pieces = header.as_ref().map_or(0, |header| {
            assert!(header.is_sensitive());
            header.to_str().unwrap().split("; ").count()
        });
        assert!(pieces <= stored["cookies"].as_array().unwrap().len());
        assert_eq!(
            Jar::restored(stored.clone()).unwrap().stored().unwrap(),
            stored
        );
        assert!(
            !jar.merge(headers, now) || headers.len() > 1,
            "one answer, twice, is news once"
        );
    }
}

/// The bounds, and no cookie that is over.
fn check(stored: &serde_json::Value, now: DateTime<Utc>) {
    let cookies = stored["cookies"].as_array().unwrap();
    assert!(cookies.len() <= MOST_COOKIES);
    for cookie in cookies {
        let text = |member: &str| cookie[member].as_str().unwrap().to_owned();
        let size = text("name").len() + text("value").len();
        assert!(size <= MOST_BYTES, "{size}");
        assert!(text("path").starts_with('/'));
        let expires = cookie["expires"].as_str();
        let expires = expires.map(|end| end.parse::<DateTime<Utc>>().unwrap());
        assert!(expires.is_none_or(|end| end > now), "{expires:?}");
    }
}
