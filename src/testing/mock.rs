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
                Self::launch(clock, None, None).await
            }

            /// Starts a mock as these settings say.
            ///
            /// # Errors
            ///
            /// If the port cannot be had.
            pub async fn serve(settings: $crate::testing::MockSettings) -> ::std::io::Result<Self> {
                let listener = settings.listen()?;
                Ok(Self::launch(settings.clock, settings.origin, Some(listener)).await)
            }

            async fn launch(
                clock: $crate::testing::TestClock,
                origin: Option<$crate::testing::AllowedOrigin>,
                listener: Option<::std::net::TcpListener>,
            ) -> Self {
                let world = ::std::sync::Arc::new($crate::testing::World::new(clock));
                let parts = $crate::testing::Parts {
                    name: concat!("testing::", stringify!($name)),
                    behaviour: world.clone(),
                    outbox: world.outbox.clone(),
                    clock: world.clock.clone(),
                    origin,
                };
                let server = $crate::testing::Server::start(parts, listener).await;
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

            /// The ids of the operations that the mock serves, which are also the names of the typed
            /// calls.
            pub fn operations(&self) -> Vec<&'static str> {
                self.server.operations()
            }

            /// Answers the next call of an operation with a bare status; calls add up.
            ///
            /// # Panics
            ///
            /// If the mock does not serve such an operation.
            #[track_caller]
            pub fn fail_next(&self, operation: &str, status: u16) {
                self.server.fail_next(operation, status);
            }

            /// Delays every further answer of an operation.
            ///
            /// # Panics
            ///
            /// If the mock does not serve such an operation.
            #[track_caller]
            pub fn delay(&self, operation: &str, delay: ::std::time::Duration) {
                self.server.delay(operation, delay);
            }

            /// Starts a proxy on a free port in front of the mock, which breaks the wire: give its
            /// base URL to the client. Its rules may name [operations](Self::operations).
            ///
            /// # Errors
            ///
            /// If there is no free port.
            pub async fn fault_proxy(&self) -> ::std::io::Result<$crate::testing::FaultProxy> {
                self.server.fault_proxy(0).await
            }

            /// The same on a port of the caller's choice.
            ///
            /// # Errors
            ///
            /// If the port cannot be had.
            pub async fn fault_proxy_on(
                &self,
                port: u16,
            ) -> ::std::io::Result<$crate::testing::FaultProxy> {
                self.server.fault_proxy(port).await
            }

            /// Adds a mock of your own, which wins over this one where both match. What it answers
            /// is its own: it neither counts as a call here nor stands in the journal.
            pub async fn mount(&self, mock: ::wiremock::Mock) {
                self.server.mount(mock).await;
            }

            /// How often an operation was called.
            ///
            /// # Panics
            ///
            /// If the mock does not serve such an operation.
            #[track_caller]
            pub fn count(&self, operation: &str) -> usize {
                self.server.count(operation)
            }

            /// The last thousand calls with the statuses of their answers, oldest first.
            pub fn journal(&self) -> Vec<(&'static str, u16)> {
                let requests = self.server.requests().into_iter();
                requests
                    .filter_map(|request| Some((request.operation?, request.status)))
                    .collect()
            }

            /// The last thousand requests, oldest first; also those for which there is no endpoint.
            pub fn requests(&self) -> Vec<$crate::testing::SeenRequest> {
                self.server.requests()
            }

            /// Expects an operation to be called this often from now on: a number or a range. It is
            /// checked by [`verify`](Self::verify), and when the mock is dropped.
            ///
            /// # Panics
            ///
            /// If the mock does not serve such an operation.
            #[track_caller]
            pub fn expect_calls(
                &self,
                operation: &str,
                calls: impl Into<$crate::testing::Calls>,
            ) {
                self.server.expect(operation, calls.into());
            }

            /// Checks all expectations now.
            ///
            /// # Panics
            ///
            /// If one is not met. The message shows the requests that the mock got, without
            /// anything secret.
            #[track_caller]
            pub fn verify(&self) {
                self.server.verify();
            }
        }
    };
}

pub(crate) use mock;
