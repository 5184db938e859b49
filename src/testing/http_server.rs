//! The HTTP server of a mock.

use std::future::Future;
use std::net::TcpListener;
use std::pin::pin;
use std::task::{Context, Waker};

use tokio::task::unconstrained;
use wiremock::{Mock, MockServer};

/// A wiremock server that can be dropped in any task.
///
/// `MockServer::drop` verifies the mounted mocks, for which it blocks on a tokio lock. In a task
/// whose cooperative budget is used up, tokio does not grant a lock before the task yields, and a
/// blocked task never yields. This type drops the server outside the budget.
pub(super) struct HttpServer {
    uri: String,
    /// `Some` until the drop.
    server: Option<MockServer>,
}

impl HttpServer {
    /// Listens on `listener`, or on a free port of the loopback interface.
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
    /// Panics, like `MockServer`, if an expectation of a mounted mock is not met.
    fn drop(&mut self) {
        let server = self.server.take();
        let dropped = pin!(unconstrained(async move { drop(server) }));
        // The future awaits nothing, so one poll completes it.
        let _ = dropped.poll(&mut Context::from_waker(Waker::noop()));
    }
}
