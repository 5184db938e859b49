//! `Set-Cookie` headers of several responses in a row, and what a jar sends back after each.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use vestibule::chrono::{DateTime, Utc};
use vestibule::fuzzing::{Api, Jar};
use vestibule::http::header;
use vestibule::reqwest::Url;
use vestibule_fuzz::{fixed_clock, headers, markers, memory};

static APIS: OnceLock<[Api; 5]> = OnceLock::new();

const MAX_COOKIES: usize = 64;
const MAX_BYTES: usize = 4096;

fuzz_target!(
    init: {
        APIS.set(Api::all().unwrap()).unwrap();
    },
    |data: &[u8]| -> Corpus {
        let Some(data) = markers::put_into(data) else {
            return Corpus::Reject;
        };
        memory::within(1024 * 1024 + 16 * data.len(), || check_input(&data));
        Corpus::Keep
    }
);

/// The first line is the path of the requests; a day passes between two responses.
fn check_input(data: &[u8]) {
    let Some([.., fynd]) = APIS.get() else {
        return;
    };
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let path = String::from_utf8_lossy(&data[..end]).into_owned();
    let mut jar = fynd.jar();
    let url = Url::parse("https://api.example.com/service/cart").unwrap();
    for (day, headers) in headers::blocks(&data[end..]).iter().enumerate() {
        let now = fixed_clock::NOW + i64::try_from(day).unwrap() * 24 * 3600;
        let now = DateTime::from_timestamp(now, 0).unwrap();
        let before = jar.stored().unwrap();
        let (changed, issues) = jar.merge(headers, &url, now);
        let set = headers.get_all(header::SET_COOKIE).iter().count();
        assert!(issues <= 2 * set);
        let stored = jar.stored().unwrap();
        assert!(changed || before == stored);
        check(&stored, now);
        markers::assert_none_in(&format!("{jar:?}"));

        let header = fynd.cookie_header(&jar, &format!("/{path}"), now);
        let header = header.expect("a jar holds only what can be sent");
        let pieces = header.as_ref().map_or(0, |header| {
            assert!(header.is_sensitive());
            // A value holds no semicolon.
            header.as_bytes().split(|byte| *byte == b';').count()
        });
        assert!(pieces <= stored["cookies"].as_array().unwrap().len());
        assert_eq!(
            Jar::restored(stored.clone()).unwrap().stored().unwrap(),
            stored
        );
        assert!(
            !jar.merge(headers, &url, now).0 || headers.len() > 1,
            "the same response again changes nothing"
        );
    }
}

/// Checks the limits, and that no cookie has expired.
fn check(stored: &serde_json::Value, now: DateTime<Utc>) {
    let cookies = stored["cookies"].as_array().unwrap();
    assert!(cookies.len() <= MAX_COOKIES);
    for cookie in cookies {
        let text = |member: &str| cookie[member].as_str().unwrap().to_owned();
        let size = text("name").chars().count() + text("value").chars().count();
        assert!(size <= MAX_BYTES, "{size}");
        assert!(text("path").starts_with('/'));
        let expires = cookie["expires"].as_str();
        let expires = expires.map(|end| end.parse::<DateTime<Utc>>().unwrap());
        assert!(expires.is_none_or(|end| end > now), "{expires:?}");
    }
}
