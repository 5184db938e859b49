//! The parts that all mocks share: their state and the methods of their handles.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clock::TestClock;
use super::outbox::Outbox;

/// The state that the server of a mock shares with its handle.
pub(crate) struct MockState<S> {
    state: Mutex<S>,
    pub(crate) outbox: Outbox,
    pub(crate) clock: TestClock,
}

impl<S: Default> MockState<S> {
    pub(crate) fn new(clock: TestClock) -> Self {
        Self {
            state: Mutex::default(),
            outbox: Outbox::default(),
            clock,
        }
    }

    /// Forgets everything but the outbox and the clock.
    pub(crate) fn forget(&self) {
        *self.state() = S::default();
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, S> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Defines the handle of a mock with the methods that all handles have. `MockState<$state>` must
/// implement `Behaviour`.
macro_rules! mock {
    ($(#[$meta:meta])* $name:ident, $state:ty) => {
        $(#[$meta])*
        pub struct $name {
            server: $crate::testing::Server,
            shared: ::std::sync::Arc<$crate::testing::MockState<$state>>,
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "testing::{}({})", stringify!($name), self.server.uri())
            }
        }

        impl $name {
            /// Starts a mock on a free port of the loopback interface.
            pub async fn start() -> Self {
                Self::start_with($crate::testing::TestClock::new()).await
            }

            /// Starts a mock that uses `clock`.
            pub async fn start_with(clock: $crate::testing::TestClock) -> Self {
                Self::launch($crate::testing::MockSettings::new().clock(clock), None).await
            }

            /// Starts a mock with these settings.
            ///
            /// # Errors
            ///
            /// If the port is not available, or the address is beyond the loopback interface and the
            /// control API has no token.
            pub async fn serve(settings: $crate::testing::MockSettings) -> ::std::io::Result<Self> {
                let listener = settings.listen()?;
                if settings.control.is_none() {
                    return Ok(Self::launch(settings, Some(listener)).await);
                }
                let mut mock = Self::launch(settings, None).await;
                mock.server.listen_in_front(listener)?;
                Ok(mock)
            }

            async fn launch(
                settings: $crate::testing::MockSettings,
                listener: Option<::std::net::TcpListener>,
            ) -> Self {
                let shared = $crate::testing::MockState::new(settings.clock);
                let shared = ::std::sync::Arc::new(shared);
                let parts = $crate::testing::Parts {
                    name: concat!("testing::", stringify!($name)),
                    behaviour: shared.clone(),
                    outbox: shared.outbox.clone(),
                    clock: shared.clock.clone(),
                    origin: settings.origin,
                    access: settings.control,
                };
                let server = $crate::testing::Server::start(parts, listener).await;
                Self { server, shared }
            }

            /// The base URL for a client.
            pub fn base_url(&self) -> String {
                self.server.uri()
            }

            /// The control API, if [`MockSettings::control`]($crate::testing::MockSettings::control) has
            /// set one.
            pub fn control(&self) -> Option<$crate::testing::MockControl> {
                self.server.control()
            }

            /// The messages that the mock would have sent.
            pub fn outbox(&self) -> &$crate::testing::Outbox {
                &self.shared.outbox
            }

            /// The clock of the mock. A client that uses the same clock moves with it.
            pub fn clock(&self) -> &$crate::testing::TestClock {
                &self.shared.clock
            }

            /// The ids of the operations that the mock serves, which are also the names of the typed
            /// calls.
            pub fn operations(&self) -> Vec<&'static str> {
                self.server.operations()
            }

            /// Responds to the next call of an operation with this status and no body. Several calls of
            /// `fail_next` apply to successive calls of the operation.
            ///
            /// # Panics
            ///
            /// If the mock does not serve such an operation.
            #[track_caller]
            pub fn fail_next(&self, operation: &str, status: u16) {
                self.server.fail_next(operation, status);
            }

            /// Delays all further responses of an operation.
            ///
            /// # Panics
            ///
            /// If the mock does not serve such an operation.
            #[track_caller]
            pub fn delay(&self, operation: &str, delay: ::std::time::Duration) {
                self.server.delay(operation, delay);
            }

            /// Sends all further responses in other forms: the same content, as servers write it
            /// that do not follow their description. An empty list ends that.
            pub fn vary(
                &self,
                variations: impl IntoIterator<Item = $crate::testing::Variation>,
            ) {
                self.server.vary(variations.into_iter().collect());
            }

            /// Starts a [`FaultProxy`]($crate::testing::FaultProxy) for the mock on a free port; pass its
            /// base URL to the client. Its rules may name [operations](Self::operations).
            ///
            /// # Errors
            ///
            /// If there is no free port.
            pub async fn fault_proxy(&self) -> ::std::io::Result<$crate::testing::FaultProxy> {
                self.server.fault_proxy(0).await
            }

            /// Like [`fault_proxy`](Self::fault_proxy), on a given port.
            ///
            /// # Errors
            ///
            /// If the port is not available.
            pub async fn fault_proxy_on(
                &self,
                port: u16,
            ) -> ::std::io::Result<$crate::testing::FaultProxy> {
                self.server.fault_proxy(port).await
            }

            /// Mounts a custom wiremock mock, which takes precedence over this mock. Its requests are
            /// neither counted nor recorded in the journal.
            pub async fn mount(&self, mock: ::wiremock::Mock) {
                self.server.mount(mock).await;
            }

            /// The number of calls of an operation.
            ///
            /// # Panics
            ///
            /// If the mock does not serve such an operation.
            #[track_caller]
            pub fn count(&self, operation: &str) -> usize {
                self.server.count(operation)
            }

            /// The last 1,000 calls with the statuses of their responses, oldest first.
            pub fn journal(&self) -> Vec<(&'static str, u16)> {
                let requests = self.server.requests().into_iter();
                requests
                    .filter_map(|request| Some((request.operation?, request.status)))
                    .collect()
            }

            /// The last 1,000 requests, oldest first, including those to unknown endpoints.
            pub fn requests(&self) -> Vec<$crate::testing::RecordedRequest> {
                self.server.requests()
            }

            /// Expects this number (or range) of further calls of an operation.
            /// [`verify`](Self::verify) checks it, and so does dropping the mock.
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
            /// If an expectation is not met. The message lists the received requests, without
            /// secrets.
            #[track_caller]
            pub fn verify(&self) {
                self.server.verify();
            }
        }
    };
}

pub(crate) use mock;
