//! Decodes any status with any body as an error of any operation of any system.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use vestibule::fuzzing::Api;
use vestibule::http::{HeaderMap, StatusCode};
use vestibule::{Delivery, ErrorKind};
use vestibule_fuzz::{headers, json, markers, memory};

/// The place of GoodCity in [`Api::all`].
const GOODCITY: usize = 3;

static APIS: OnceLock<[Api; 5]> = OnceLock::new();

/// Every status that a rule names, and some that none does.
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
        APIS.set(Api::all().unwrap()).unwrap();
    },
    |data: &[u8]| -> Corpus {
        let (Some((control, body)), Some(apis)) = (data.split_first_chunk::<4>(), APIS.get())
        else {
            return Corpus::Reject;
        };
        let Some(body) = markers::put_into(body) else {
            return Corpus::Reject;
        };
        let [api, operation, status, flags] = *control;
        let status = STATUSES[usize::from(status) % STATUSES.len()];
        let status = StatusCode::from_u16(status).unwrap();
        let body = if flags & 2 == 2 { json::object(&body) } else { body };
        let api = usize::from(api) % apis.len();
        let is_goodcity = api == GOODCITY;
        let api = &apis[api];
        memory::within(256 * 1024 + 64 * body.len(), || {
            check_input(api, is_goodcity, operation, status, flags, &body);
        });
        Corpus::Keep
    }
);

fn check_input(
    api: &Api,
    is_goodcity: bool,
    operation: u8,
    status: StatusCode,
    flags: u8,
    body: &[u8],
) {
    let label = LABELS[usize::from(flags >> 2) % LABELS.len()];
    let mut with = HeaderMap::new();
    for (name, value) in [("content-type", label), ("x-request-id", "\x01\x02")] {
        let value = markers::put_into(value.as_bytes()).unwrap();
        with.insert(name, headers::header(&value).unwrap());
    }
    let carried_session = flags & 1 == 1;
    let error = api.classify(operation, carried_session, status, with, body.to_vec());
    assert_eq!(error.is_none(), status.is_success());
    let Some(error) = error else { return };
    markers::assert_silent(&error);
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
    if error.kind() == ErrorKind::Unauthenticated {
        // GoodCity's description ends a session by a 403 as well, at the profile.
        let may_end =
            status == StatusCode::UNAUTHORIZED || (status == StatusCode::FORBIDDEN && is_goodcity);
        assert!(carried_session && may_end);
    }
}
