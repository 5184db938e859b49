//! Sends one attempt and reads its answer, within bounds.

use std::pin::pin;
use std::{fmt, io};

use http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::attempt::Attempt;
use super::base_url::BaseUrl;
use super::deadline::Deadline;
use super::http_client;
use super::limits::Limits;
use super::options::Settings;
use super::response::RawResponse;
use crate::error::{Delivery, Error, ErrorKind};

/// What reqwest makes of a request that is under way.
pub(crate) trait Sending: Future<Output = reqwest::Result<reqwest::Response>> {}

impl<F: Future<Output = reqwest::Result<reqwest::Response>>> Sending for F {}

/// A request that is under way.
pub(crate) struct UnderWay<'a, S> {
    place: SemaphorePermit<'a>,
    sending: S,
    /// What must not have been left by a redirect.
    sent_to: Option<Box<Url>>,
}

/// The HTTP client of a road.
#[derive(Debug)]
pub(crate) struct Transport {
    client: reqwest::Client,
    /// Whether the client is the caller's own, which may do what ours never does.
    is_foreign: bool,
    in_flight: Semaphore,
    limits: Limits,
}

impl Transport {
    /// `client` is the caller's own, if there is one; else a client that follows no redirects,
    /// keeps connections alive, and reaches this machine without a proxy.
    pub(crate) fn new(
        settings: &Settings,
        base: &BaseUrl,
        client: Option<reqwest::Client>,
    ) -> Result<Self, Error> {
        let is_foreign = client.is_some();
        let client = match client {
            Some(client) => client,
            None => http_client::for_server(settings, base)?,
        };
        Ok(Self {
            client,
            is_foreign,
            in_flight: Semaphore::new(settings.max_in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            limits: Limits::of(settings),
        })
    }

    /// A place among the requests that are under way, if one is free.
    pub(crate) fn free_place(&self) -> Option<SemaphorePermit<'_>> {
        self.in_flight.try_acquire().ok()
    }

    /// Waits for a place among the requests that are under way.
    pub(crate) async fn place(&self, deadline: Deadline) -> Result<SemaphorePermit<'_>, Error> {
        match timeout_at(deadline.end(), self.in_flight.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => {
                let message = "too many requests are under way";
                Err(Error::new(ErrorKind::TryLater, message).with_class("in_flight"))
            }
        }
    }

    /// Sends an attempt; it gives its place back when it is answered.
    ///
    /// No future holds the attempt, or what reqwest makes of it: that would make all calls larger.
    pub(crate) fn send<'a>(
        &self,
        attempt: Attempt,
        place: SemaphorePermit<'a>,
    ) -> UnderWay<'a, impl Sending + use<>> {
        let mut request = reqwest::Request::new(attempt.method, attempt.url);
        *request.headers_mut() = attempt.headers;
        *request.body_mut() = attempt.body.map(reqwest::Body::from);
        UnderWay {
            place,
            sent_to: self.is_foreign.then(|| Box::new(request.url().clone())),
            sending: self.client.execute(request),
        }
    }

    /// Waits `until` then for the whole answer.
    pub(crate) fn response<'a, S: Sending>(
        &'a self,
        under_way: UnderWay<'a, S>,
        until: Instant,
    ) -> impl Future<Output = Result<RawResponse, Error>> {
        let UnderWay {
            place,
            sending,
            sent_to,
        } = under_way;
        async move {
            let _until_answered = &place;
            match timeout_at(until, pin!(self.exchange(sending, sent_to))).await {
                Ok(response) => response,
                Err(_) => Err(Error::new(ErrorKind::TryLater, "no answer in time")
                    .with_class("timeout")
                    .with_delivery(Delivery::Unknown)),
            }
        }
    }

    async fn exchange(
        &self,
        sending: impl Sending,
        sent_to: Option<Box<Url>>,
    ) -> Result<RawResponse, Error> {
        let mut response = sending
            .await
            .map_err(|error| unsent_or_unanswered(&error))?;
        let status = response.status();
        if sent_to.is_some_and(|sent_to| *sent_to != *response.url()) {
            let message = "the given HTTP client followed a redirect, which it must not";
            return Err(Error::new(ErrorKind::Undecodable, message).with_status(status));
        }
        self.limits.check_headers(status, response.headers_mut())?;
        let mut body = self.limits.body();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.take(chunk, status)?,
                Ok(None) => break,
                Err(error) => return Err(broken_off(&error, status)),
            }
        }
        Ok(RawResponse {
            status,
            headers: std::mem::take(response.headers_mut()),
            body: body.whole(),
        })
    }
}

fn unsent_or_unanswered(error: &reqwest::Error) -> Error {
    let (message, delivery, class) = if error.is_connect() {
        let message = "the server could not be reached";
        (message, Delivery::NotSent, "connect")
    } else if error.is_builder() {
        let message = "the request could not be built";
        (message, Delivery::NotSent, "request")
    } else if error.is_redirect() {
        let message = "the given HTTP client followed redirects, which it must not";
        (message, Delivery::Unknown, "redirect")
    } else if error.is_timeout() {
        ("no answer in time", Delivery::Unknown, "timeout")
    } else {
        let message = "the connection broke before an answer";
        (message, Delivery::Unknown, "connection")
    };
    Error::new(ErrorKind::TryLater, message)
        .with_class(class)
        .with_delivery(delivery)
        .with_source(TransportError::of(error))
}

/// A body that did not come whole. One whose compression is broken came, and cannot be read.
fn broken_off(error: &reqwest::Error, status: StatusCode) -> Error {
    let cause = TransportError::of(error);
    if matches!(
        cause,
        TransportError::Io(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
    ) {
        let message = "the compression of the answer is broken";
        return Error::new(ErrorKind::Undecodable, message)
            .with_status(status)
            .with_source(cause);
    }
    let (message, class) = if error.is_timeout() {
        ("no answer in time", "timeout")
    } else {
        ("the answer broke off", "connection")
    };
    Error::new(ErrorKind::TryLater, message)
        .with_class(class)
        .with_delivery(Delivery::Unknown)
        .with_source(cause)
}

/// The category of a foreign error, without its text: that may quote a URL.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TransportError {
    Connect,
    Timeout,
    Io(std::io::ErrorKind),
    Protocol,
}

impl TransportError {
    fn of(error: &reqwest::Error) -> Self {
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(inner) = source {
            if let Some(io) = inner.downcast_ref::<std::io::Error>() {
                return Self::Io(io.kind());
            }
            source = inner.source();
        }
        if error.is_timeout() {
            Self::Timeout
        } else if error.is_connect() {
            Self::Connect
        } else {
            Self::Protocol
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("connecting failed"),
            Self::Timeout => f.write_str("timed out"),
            Self::Io(kind) => write!(f, "{kind}"),
            Self::Protocol => f.write_str("the peer broke the protocol"),
        }
    }
}

impl std::error::Error for TransportError {}
