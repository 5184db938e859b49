//! Any status with any body, read as an error of any operation of any system.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use vestibule::fuzzing::Api;
use vestibule::http::{HeaderMap, StatusCode};
use vestibule::{Delivery, ErrorKind};
use vestibule_fuzz::{headers, json, marks, memory};

static DOORS: OnceLock<[Api; 5]> = OnceLock::new();

/// Every status that some rule names, and some that none does.
const STATUSES: [u16; 20] = [
    100, 200, 204, 302, 400, 401, 403, 404, 408, 409, 412, 418, 422, 429, 500, 502, 503, 504, 599,
    999,
];

const LABELS: [&str; 4] = [
    "application/json",
    "text/html; charset=utf-8",
    "",
    "text/\x01",
];

fuzz_target!(
    init: {
        DOORS.set(Api::all().unwrap()).unwrap();
    },
    |data: &[u8]| -> Corpus {
        let (Some((control, body)), Some(doors)) = (data.split_first_chunk::<4>(), DOORS.get())
        else {
            return Corpus::Reject;
        };
        let Some(body) = marks::put_into(body) else {
            return Corpus::Reject;
        };
        let [door, operation, status, flags] = *control;
        let status = STATUSES[usize::from(status) % STATUSES.len()];
        let status = StatusCode::from_u16(status).unwrap();
        let body = if flags & 2 == 2 { json::object(&body) } else { body };
        let door = &doors[usize::from(door) % doors.len()];
        memory::within(256 * 1024 + 64 * body.len(), || {
            judge(door, operation, status, flags, &body);
        });
        Corpus::Keep
    }
);

fn judge(door: &Api, operation: u8, status: StatusCode, flags: u8, body: &[u8]) {
    let label = LABELS[usize::from(flags >> 2) % LABELS.len()];
    let mut with = HeaderMap::new();
    for (name, value) in [("content-type", label), ("x-request-id", "\x01\x02")] {
        let value = marks::put_into(value.as_bytes()).unwrap();
        with.insert(name, headers::header(&value).unwrap());
    }
    let carried_session = flags & 1 == 1;
    let error = door.classify(operation, carried_session, status, with, body.to_vec());
    assert_eq!(error.is_none(), status.is_success());
    let Some(error) = error else { return };
    marks::assert_silent(&error);
    assert_eq!(error.status(), Some(status));
    assert_eq!(error.delivery(), Delivery::Responded);
    assert!(
        error
            .expose_body()
            .is_none_or(|kept| kept.len() <= 64 * 1024)
    );
    for shown in [error.code(), error.request_id()].into_iter().flatten() {
        assert!((1..=64).contains(&shown.len()) && shown.is_ascii());
    }
    if error.kind() == ErrorKind::SignInAgain {
        assert!(carried_session && status == StatusCode::UNAUTHORIZED);
    }
}
