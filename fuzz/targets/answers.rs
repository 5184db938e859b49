//! Whole responses: a server on the loopback sends arbitrary bytes to a typed call.
#![no_main]

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use libfuzzer_sys::{Corpus, fuzz_target};
use tokio::runtime::{Builder, Runtime};
use vestibule::chrono::DateTime;
use vestibule::{Error, ErrorKind};
use vestibule_fuzz::calls::JsonResponse;
use vestibule_fuzz::network::Server;
use vestibule_fuzz::operations::{self, Credential, DEADLINE, MAX_ATTEMPTS, MAX_BYTES, Operation};
use vestibule_fuzz::{fixed_clock, log_capture, markers, memory};

static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();

/// Separates the responses of one input.
const SEPARATOR: u8 = 0x1e;

/// Memory of a client and its connections, in addition to the response.
const CLIENT_BYTES: usize = 2 * 1024 * 1024;

fuzz_target!(
    init: {
        log_capture::listen();
        let operations = operations::all();
        for operation in &operations {
            check_input(operation, Credential::Session, b"HTTP/1.1 204 No Content\r\n\r\n");
        }
        OPERATIONS.set(operations).ok().unwrap();
    },
    |data: &[u8]| -> Corpus {
        let (Some(([operation, with], responses)), Some(operations)) =
            (data.split_first_chunk(), OPERATIONS.get())
        else {
            return Corpus::Reject;
        };
        let Some(responses) = markers::put_into(responses) else {
            return Corpus::Reject;
        };
        let operation = &operations[usize::from(*operation) % operations.len()];
        let with = match with % 4 {
            0 => Credential::Nothing,
            1 => Credential::ExpiredSession,
            _ => Credential::Session,
        };
        let held = CLIENT_BYTES + 8 * MAX_BYTES + 64 * responses.len();
        memory::within(held, || check_input(operation, with, &responses));
        Corpus::Keep
    }
);

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn check_input(operation: &Operation, with: Credential, responses: &[u8]) {
    let responses: Vec<_> = responses
        .split(|byte| *byte == SEPARATOR)
        .map(<[u8]>::to_vec)
        .collect();
    let time = fixed_clock::FixedClock::at(DateTime::from_timestamp(fixed_clock::NOW, 0).unwrap());
    let began = Instant::now();
    let (outcome, requests) = runtime().block_on(async {
        let server = Server::start(responses.clone()).await;
        let outcome = operation.call(server.address, time.clock(), with).await;
        (outcome, server.requests())
    });
    assert!(
        began.elapsed() < DEADLINE + Duration::from_secs(1),
        "the deadline has passed"
    );
    for wait in time.waits() {
        assert!(wait < DEADLINE, "{wait:?} was waited for");
    }
    check_requests(operation, &responses, requests);
    check(outcome);
    markers::assert_none_in(&log_capture::take());
}

/// Attempts, one replay with a refreshed credential, and its refresh. A call that might send a
/// message or use up a code is sent once, unless a status says that it was not processed.
fn check_requests(operation: &Operation, responses: &[Vec<u8>], requests: usize) {
    let most = usize::try_from(MAX_ATTEMPTS).unwrap();
    assert!(requests <= 2 * (most + 1) + 1, "{requests} requests");
    let says = |status: &[u8]| responses.iter().any(|response| contains(response, status));
    let unprocessed = says(b" 401") || says(b" 429");
    if (operation.sends_message || operation.carries_code) && !unprocessed {
        // The first may have been a refresh.
        let refreshes = usize::from(operation.needs_session);
        assert!(
            requests <= 1 + refreshes,
            "{} was sent {requests} times",
            operation.id
        );
    }
}

fn contains(response: &[u8], part: &[u8]) -> bool {
    response.windows(part.len()).any(|bytes| bytes == part)
}

fn check(outcome: Result<JsonResponse, Error>) {
    match outcome {
        Ok(response) => {
            assert!(response.status().is_success());
            markers::assert_none_in(&format!("{response:?}"));
        }
        Err(error) => {
            markers::assert_silent(&error);
            assert_ne!(
                error.kind(),
                ErrorKind::InvalidInput,
                "nothing was sent: {error}"
            );
            assert!(error.operation().is_some() && error.system().is_some());
            assert!(error.elapsed() < DEADLINE + Duration::from_secs(1));
        }
    }
}
