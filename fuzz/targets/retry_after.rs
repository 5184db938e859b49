//! `Retry-After` in seconds and as a date, beside any `Date` and `Age`.
#![no_main]

use std::sync::OnceLock;
use std::time::Duration;

use libfuzzer_sys::{Corpus, fuzz_target};
use vestibule::chrono::DateTime;
use vestibule::fuzzing::{Api, requested_wait};
use vestibule::http::{HeaderMap, StatusCode, header};
use vestibule_fuzz::{headers, marks, memory, when};

static DOORS: OnceLock<[Api; 5]> = OnceLock::new();

/// A date is one that the calendar of chrono has.
const LONGEST: Duration = Duration::from_secs(530_000 * 366 * 24 * 3600);

fuzz_target!(
    init: {
        DOORS.set(Api::all().unwrap()).unwrap();
    },
    |data: &[u8]| -> Corpus {
        let Some(data) = marks::put_into(data) else {
            return Corpus::Reject;
        };
        memory::within(128 * 1024 + 16 * data.len(), || judge(&data));
        Corpus::Keep
    }
);

/// The lines are the values in turn.
fn judge(data: &[u8]) {
    let names = [header::RETRY_AFTER, header::DATE, header::AGE];
    let mut given = HeaderMap::new();
    for (name, line) in names.into_iter().zip(data.split(|byte| *byte == b'\n')) {
        if let Some(value) = headers::header(line).filter(|_| !line.is_empty()) {
            given.insert(name, value);
        }
    }
    let now = DateTime::from_timestamp(when::NOW, 0).unwrap();
    let wait = requested_wait(&given, now);
    let text = given
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let text = text.unwrap_or_default().trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        assert_eq!(wait, text.parse().ok().map(Duration::from_secs), "{text}");
    } else if !text.starts_with('+') {
        assert!(wait.is_none_or(|wait| wait < LONGEST), "{text}: {wait:?}");
    }
    for door in DOORS.get().into_iter().flatten() {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let error = door.classify(0, false, status, given.clone(), Vec::new());
        let error = error.unwrap();
        marks::assert_silent(&error);
        assert_eq!(error.retry_after().is_some(), wait.is_some());
    }
}
