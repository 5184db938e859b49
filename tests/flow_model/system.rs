//! What the four systems have in common, as the model sees it.

use std::sync::Arc;

use vestibule::reqwest;
use vestibule::store::SessionStore;
use vestibule::testing::{Outbox, TestClock};
use vestibule::{BoxFuture, Clock, Error, Secret};

use super::reference::Machine;

/// What a client is made from.
pub struct Place {
    pub store: Arc<dyn SessionStore>,
    pub clock: Arc<dyn Clock>,
    pub http: reqwest::Client,
}

/// A step that gives its state back with the error.
pub type Step<P, T> = Result<T, (P, Error)>;

/// A session in use: whether the server accepts it.
pub type Check = BoxFuture<'static, Result<(), Error>>;

pub trait System: Machine {
    const NAME: &'static str;
    /// The operations that ask for a message.
    const ASKING: &'static [&'static str];
    /// The operations that carry a code.
    const PRESENTING: &'static [&'static str];

    type Mock;
    type Client;
    type Pending;

    async fn start() -> Self::Mock;
    fn clock(mock: &Self::Mock) -> &TestClock;
    fn outbox(mock: &Self::Mock) -> &Outbox;
    fn count(mock: &Self::Mock, operation: &str) -> usize;
    fn fail_next(mock: &Self::Mock, operation: &str);

    /// The operation that asks for a message there: the first of a challenge, or another.
    fn asking(to: &str, is_first: bool) -> &'static str;
    /// The operation that takes the code of a message to there.
    fn presenting(to: &str) -> &'static str;

    /// The phone or mailbox of a user whom nobody saw before, as the outbox names it.
    fn newcomer(mock: &Self::Mock, number: usize) -> String;
    fn client(mock: &Self::Mock, place: Place) -> Self::Client;
    fn id(pending: &Self::Pending) -> Secret;
    async fn send(client: &Self::Client, to: &str) -> Result<Self::Pending, Error>;
    async fn resend(pending: &mut Self::Pending) -> Result<(), Error>;
    async fn confirm(pending: Self::Pending, to: &str, code: &str) -> Step<Self::Pending, Check>;
    async fn take_up(client: &Self::Client, id: &Secret) -> Result<Self::Pending, Error>;
}

/// The same for all mocks, which have no trait.
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

/// Users of even numbers have a phone, the others a mailbox.
pub fn mailbox(number: usize) -> Option<String> {
    (number % 2 == 1).then(|| format!("user{number}@example.com"))
}
