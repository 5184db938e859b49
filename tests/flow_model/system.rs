//! Common interface of the four systems, for the model.

use std::sync::Arc;

use vestibule::reqwest;
use vestibule::store::SessionStore;
use vestibule::testing::{Outbox, TestClock};
use vestibule::{BoxFuture, Clock, Error, Secret};

use super::reference::Machine;

/// Parts that a client is built from.
pub struct ClientSetup {
    pub store: Arc<dyn SessionStore>,
    pub clock: Arc<dyn Clock>,
    pub http: reqwest::Client,
}

/// A step that returns its state with the error.
pub type Step<P, T> = Result<T, (P, Error)>;

/// Checks whether the server accepts a session.
pub type Check = BoxFuture<'static, Result<(), Error>>;

pub trait System: Machine {
    const NAME: &'static str;
    /// The operations that request a message.
    const MESSAGE_OPERATIONS: &'static [&'static str];
    /// The operations that carry a code.
    const CODE_OPERATIONS: &'static [&'static str];

    type Mock;
    type Client;
    type Pending;

    async fn start() -> Self::Mock;
    fn clock(mock: &Self::Mock) -> &TestClock;
    fn outbox(mock: &Self::Mock) -> &Outbox;
    fn count(mock: &Self::Mock, operation: &str) -> usize;
    fn fail_next(mock: &Self::Mock, operation: &str);

    /// The operation that requests a message: the first of a challenge, or another.
    fn message_operation(to: &str, is_first: bool) -> &'static str;
    /// The operation that confirms the code of a message.
    fn code_operation(to: &str) -> &'static str;

    /// The phone or mailbox of a new user, as the outbox names it.
    fn new_user(mock: &Self::Mock, number: usize) -> String;
    fn client(mock: &Self::Mock, setup: ClientSetup) -> Self::Client;
    fn id(pending: &Self::Pending) -> Secret;
    async fn send(client: &Self::Client, to: &str) -> Result<Self::Pending, Error>;
    async fn resend(pending: &mut Self::Pending) -> Result<(), Error>;
    async fn confirm(pending: Self::Pending, to: &str, code: &str) -> Step<Self::Pending, Check>;
    async fn resume(client: &Self::Client, id: &Secret) -> Result<Self::Pending, Error>;
}

/// Implementation shared by all mocks, which have no common trait.
macro_rules! mock {
    ($mock:ty) => {
        type Mock = $mock;

        async fn start() -> $mock {
            <$mock>::start().await
        }

        fn clock(mock: &$mock) -> &TestClock {
            mock.clock()
        }

        fn outbox(mock: &$mock) -> &Outbox {
            mock.outbox()
        }

        fn count(mock: &$mock, operation: &str) -> usize {
            mock.count(operation)
        }

        fn fail_next(mock: &$mock, operation: &str) {
            mock.fail_next(operation, 503);
        }
    };
}

pub(super) use mock;

/// Users with even numbers have a phone, the others a mailbox.
pub fn mailbox(number: usize) -> Option<String> {
    (number % 2 == 1).then(|| format!("user{number}@example.com"))
}
