//! The HTTP server below a mock.

use std::future::Future;
use std::net::TcpListener;
use std::pin::pin;
use std::task::{Context, Waker};

use tokio::task::unconstrained;
use wiremock::{Mock, MockServer};

/// A server of wiremock that can be dropped in any task.
///
/// `MockServer` blocks in its `Drop` until it gets a lock of tokio, to verify the mounted mocks. In
/// a task whose cooperative budget is used up, tokio gives out no lock before the task yields, and
/// a task that blocks never yields. Here the drop runs outside the budget.
pub(super) struct HttpServer {
    uri: String,
    /// Taken only by the drop.
    server: Option<MockServer>,
}

impl HttpServer {
    /// Listens on `listener`, or on a free port of the loopback.
    pub(super) async fn start(listener: Option<TcpListener>) -> Self {
        let mut server = MockServer::builder().disable_request_recording();
        if let Some(listener) = listener {
            server = server.listener(listener);
        }
        let server = server.start().await;
        Self {
            uri: server.uri(),
            server: Some(server),
        }
    }

    pub(super) fn uri(&self) -> String {
        self.uri.clone()
    }

    pub(super) async fn mount(&self, mock: Mock) {
        if let Some(server) = &self.server {
            server.register(mock).await;
        }
    }
}

impl Drop for HttpServer {
    /// Panics as `MockServer` does if an expectation of a mounted mock is not met.
    fn drop(&mut self) {
        let server = self.server.take();
        let dropped = pin!(unconstrained(async move { drop(server) }));
        // It awaits nothing, so one poll runs it to its end.
        let _ = dropped.poll(&mut Context::from_waker(Waker::noop()));
    }
}
