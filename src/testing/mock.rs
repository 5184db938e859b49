//! What every mock is: a running server, and a world that it shares with its handle.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clock::TestClock;
use super::outbox::Outbox;

/// What one mock remembers, sends and takes for the time.
pub(crate) struct World<S> {
    state: Mutex<S>,
    pub(crate) outbox: Outbox,
    pub(crate) clock: TestClock,
}

impl<S: Default> World<S> {
    pub(crate) fn new(clock: TestClock) -> Self {
        Self {
            state: Mutex::default(),
            outbox: Outbox::default(),
            clock,
        }
    }

    /// What the mock remembers.
    pub(crate) fn state(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The handle of a mock: its type and the methods that all have. `World<$state>` must be a
/// `Behaviour`.
macro_rules! mock {
    ($(#[$meta:meta])* $name:ident, $state:ty) => {
        $(#[$meta])*
        pub struct $name {
            server: $crate::testing::Server,
            world: ::std::sync::Arc<$crate::testing::World<$state>>,
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "testing::{}({})", stringify!($name), self.server.uri())
            }
        }

        impl $name {
            /// Starts a mock on a free port of the loopback.
            pub async fn start() -> Self {
                Self::start_with($crate::testing::TestClock::new()).await
            }

            /// Starts a mock that lives in the time of `clock`.
            pub async fn start_with(clock: $crate::testing::TestClock) -> Self {
                let world = ::std::sync::Arc::new($crate::testing::World::new(clock));
                let (outbox, clock) = (world.outbox.clone(), world.clock.clone());
                let server = $crate::testing::Server::start(world.clone(), outbox, clock).await;
                Self { server, world }
            }

            /// The base URL for a client.
            pub fn base_url(&self) -> String {
                self.server.uri()
            }

            /// The messages that the mock would have sent.
            pub fn outbox(&self) -> &$crate::testing::Outbox {
                &self.world.outbox
            }

            /// The clock of the mock. Give it to the client too, to move both at once.
            pub fn clock(&self) -> &$crate::testing::TestClock {
                &self.world.clock
            }

            /// Answers the next call of an operation with a bare status; calls add up.
            pub fn fail_next(&self, operation: &str, status: u16) {
                self.server.fail_next(operation, status);
            }

            /// Delays every further answer of an operation.
            pub fn delay(&self, operation: &str, delay: ::std::time::Duration) {
                self.server.delay(operation, delay);
            }

            /// How often an operation was called.
            pub fn count(&self, operation: &str) -> usize {
                self.server.count(operation)
            }

            /// The last thousand calls with the statuses of their answers, oldest first.
            pub fn journal(&self) -> Vec<(&'static str, u16)> {
                self.server.journal()
            }
        }
    };
}

pub(crate) use mock;
