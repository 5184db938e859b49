//! Whole answers: a server on the loopback sends anything at all to a typed call.
#![no_main]

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use libfuzzer_sys::{Corpus, fuzz_target};
use tokio::runtime::{Builder, Runtime};
use vestibule::chrono::DateTime;
use vestibule::{Error, ErrorKind};
use vestibule_fuzz::calls::JsonResponse;
use vestibule_fuzz::network::Server;
use vestibule_fuzz::operations::{self, DEADLINE, MOST_ATTEMPTS, MOST_BYTES, Operation, With};
use vestibule_fuzz::{marks, memory, overheard, when};

static OPERATIONS: OnceLock<Vec<Operation>> = OnceLock::new();

/// Between the answers of one input.
const SEPARATOR: u8 = 0x1e;

/// What a client and its connections hold beside the answer.
const CLIENT_BYTES: usize = 2 * 1024 * 1024;

fuzz_target!(
    init: {
        overheard::listen();
        let operations = operations::all();
        for operation in &operations {
            judge(operation, With::Session, b"HTTP/1.1 204 No Content\r\n\r\n");
        }
        OPERATIONS.set(operations).ok().unwrap();
    },
    |data: &[u8]| -> Corpus {
        let (Some(([operation, with], answers)), Some(operations)) =
            (data.split_first_chunk(), OPERATIONS.get())
        else {
            return Corpus::Reject;
        };
        let Some(answers) = marks::put_into(answers) else {
            return Corpus::Reject;
        };
        let operation = &operations[usize::from(*operation) % operations.len()];
        let with = match with % 4 {
            0 => With::Nothing,
            1 => With::EndedSession,
            _ => With::Session,
        };
        let held = CLIENT_BYTES + 8 * MOST_BYTES + 64 * answers.len();
        memory::within(held, || judge(operation, with, &answers));
        Corpus::Keep
    }
);

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn judge(operation: &Operation, with: With, answers: &[u8]) {
    let answers: Vec<_> = answers
        .split(|byte| *byte == SEPARATOR)
        .map(<[u8]>::to_vec)
        .collect();
    let time = when::Still::at(DateTime::from_timestamp(when::NOW, 0).unwrap());
    let began = Instant::now();
    let (outcome, requests) = runtime().block_on(async {
        let server = Server::start(answers.clone()).await;
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
    check_requests(operation, &answers, requests);
    check(outcome);
    marks::assert_none_in(&overheard::take());
}

/// Attempts, one replay with a renewed credential, and its renewal. What might send a message or
/// use up a code twice is sent once, unless a status says that it was not processed.
fn check_requests(operation: &Operation, answers: &[Vec<u8>], requests: usize) {
    let most = usize::try_from(MOST_ATTEMPTS).unwrap();
    assert!(requests <= 2 * (most + 1) + 1, "{requests} requests");
    let says = |status: &[u8]| answers.iter().any(|answer| contains(answer, status));
    let unprocessed = says(b" 401") || says(b" 429");
    if (operation.sends_message || operation.carries_code) && !unprocessed {
        // The first may have been a renewal.
        let renewals = usize::from(operation.needs_session);
        assert!(
            requests <= 1 + renewals,
            "{} was sent {requests} times",
            operation.id
        );
    }
}

fn contains(answer: &[u8], part: &[u8]) -> bool {
    answer.windows(part.len()).any(|bytes| bytes == part)
}

fn check(outcome: Result<JsonResponse, Error>) {
    match outcome {
        Ok(response) => {
            assert!(response.status().is_success());
            marks::assert_none_in(&format!("{response:?}"));
        }
        Err(error) => {
            marks::assert_silent(&error);
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
