//! `Retry-After` in seconds and as a date, with any `Date` and `Age`.
#![no_main]

use std::sync::OnceLock;
use std::time::Duration;

use libfuzzer_sys::{Corpus, fuzz_target};
use vestibule::chrono::DateTime;
use vestibule::fuzzing::{Api, requested_wait};
use vestibule::http::{HeaderMap, StatusCode, header};
use vestibule_fuzz::{fixed_clock, headers, markers, memory};

static APIS: OnceLock<[Api; 5]> = OnceLock::new();

/// The longest wait, as in the default settings.
const LONGEST: Duration = Duration::from_secs(3600);

fuzz_target!(
    init: {
        APIS.set(Api::all().unwrap()).unwrap();
    },
    |data: &[u8]| -> Corpus {
        let Some(data) = markers::put_into(data) else {
            return Corpus::Reject;
        };
        memory::within(128 * 1024 + 16 * data.len(), || check_input(&data));
        Corpus::Keep
    }
);

/// The lines are the header values in turn.
fn check_input(data: &[u8]) {
    let names = [header::RETRY_AFTER, header::DATE, header::AGE];
    let mut given = HeaderMap::new();
    for (name, line) in names.into_iter().zip(data.split(|byte| *byte == b'\n')) {
        if let Some(value) = headers::header(line).filter(|_| !line.is_empty()) {
            given.insert(name, value);
        }
    }
    let now = DateTime::from_timestamp(fixed_clock::NOW, 0).unwrap();
    let wait = requested_wait(&given, now, LONGEST);
    let text = given
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let text = text.unwrap_or_default().trim();
    assert_eq!(wait.is_some(), given.contains_key(header::RETRY_AFTER));
    assert!(wait.is_none_or(|wait| wait <= LONGEST), "{text}: {wait:?}");
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = text.parse().map_or(LONGEST, Duration::from_secs);
        assert_eq!(wait, Some(seconds.min(LONGEST)), "{text}");
    }
    for api in APIS.get().into_iter().flatten() {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let error = api.classify(0, false, status, given.clone(), Vec::new());
        let error = error.unwrap();
        markers::assert_silent(&error);
        assert_eq!(error.retry_after().is_some(), wait.is_some());
    }
}
