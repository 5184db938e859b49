//! Fynd's flows: each returns a session or the next step.
#![cfg(feature = "fynd")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "fynd_flows/account.rs"]
mod account;
#[path = "fynd_flows/api_errors.rs"]
mod api_errors;
#[path = "fynd_flows/deletion.rs"]
mod deletion;
#[path = "fynd_flows/email_codes.rs"]
mod email_codes;
#[path = "fynd_flows/forgotten_password.rs"]
mod forgotten_password;
#[path = "fynd_flows/input.rs"]
mod input;
#[path = "fynd_flows/platform.rs"]
mod platform;
#[path = "fynd_flows/registration.rs"]
mod registration;
#[path = "fynd_flows/signing_in.rs"]
mod signing_in;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use vestibule::fynd::{Client, PendingCodes, Session, SignIn};
use vestibule::store::MemoryStore;
use vestibule::testing::{Fynd, FyndUser};
use vestibule::{Error, ErrorKind};

const APPLICATION: &str = "64b000000000000000000001";
const ASHA: &str = "9000000001";
const SMS: &str = "+919000000001";
const EMAIL: &str = "asha@example.com";
const PASSWORD: &str = "the-password";

/// A mock, and two instances of one back end that share a store.
struct Harness {
    mock: Fynd,
    client: Client,
    other: Client,
}

impl Harness {
    async fn start() -> Self {
        let mock = Fynd::start().await;
        let store = Arc::new(MemoryStore::new());
        let client = || {
            Client::builder(APPLICATION)
                .application_token("application-token")
                .base_url(mock.base_url())
                .clock(mock.clock().clone())
                .store(store.clone())
                .build()
                .unwrap()
        };
        Self {
            client: client(),
            other: client(),
            mock,
        }
    }

    /// Starts with Asha, who has a mobile, an e-mail address and a password.
    async fn with_asha() -> (Self, String) {
        let harness = Self::start().await;
        let asha = FyndUser::new("Asha")
            .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap())
            .email(EMAIL);
        let id = harness.mock.add_user(asha.password(PASSWORD));
        (harness, id)
    }

    #[track_caller]
    fn code(&self, to: &str) -> String {
        self.mock.outbox().last_code(to).expect("a message")
    }

    fn messages(&self) -> usize {
        self.mock.outbox().messages().len()
    }

    fn wait(&self, seconds: u64) {
        self.mock.clock().advance(Duration::from_secs(seconds));
    }

    async fn asha(&self) -> Session {
        let signed_in = self.client.sign_in_with_password(EMAIL, PASSWORD).await;
        session(signed_in.unwrap())
    }
}

#[track_caller]
fn session(sign_in: SignIn) -> Session {
    sign_in.signed_in().expect("a user who is signed in")
}

#[track_caller]
fn codes(sign_in: SignIn) -> PendingCodes {
    match sign_in {
        SignIn::CodesRequired(codes) => codes,
        other => panic!("{other:?} has no codes"),
    }
}

async fn first_name(session: &Session) -> String {
    session.profile().await.unwrap().first_name.unwrap()
}

#[track_caller]
fn kind<T: Debug>(result: Result<T, impl Into<Error>>) -> ErrorKind {
    result.unwrap_err().into().kind()
}

#[track_caller]
fn refused<T: Debug>(result: Result<T, impl Into<Error>>) -> String {
    let error = result.unwrap_err().into();
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    error.code().unwrap().to_owned()
}

/// A wrong code of the right format.
fn other_than(code: &str) -> &'static str {
    if code == "1111" { "2222" } else { "1111" }
}
