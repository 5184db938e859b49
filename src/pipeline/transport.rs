//! Sends one attempt and reads its response, within limits of time and size.

use std::borrow::Cow;
use std::pin::pin;
use std::{fmt, io, mem};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, StatusCode};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::attempt::Attempt;
use super::base_url::BaseUrl;
use super::deadline::Deadline;
use super::connection_settings::ProxyChoice;
use super::http_client;
use super::misconfigured::{followed_redirect, proxy_refused};
use super::options::Settings;
use super::response::RawResponse;
use crate::error::{Delivery, Error, ErrorKind};

/// The future of a request that reqwest sends.
pub(super) trait Sending: Future<Output = reqwest::Result<reqwest::Response>> {}

impl<F: Future<Output = reqwest::Result<reqwest::Response>>> Sending for F {}

/// What there is of a response that was not received whole.
pub(super) struct Unreceived {
    pub(super) error: Error,
    /// The headers of a success: they count, although its body is not known.
    pub(super) success: Option<HeaderMap>,
}

/// The HTTP client of a pipeline with its limits.
#[derive(Debug)]
pub(crate) struct Transport {
    client: reqwest::Client,
    /// Whether the caller provided the client, which may then follow redirects.
    is_custom: bool,
    /// The host of the base URL, for errors.
    host: Box<str>,
    /// Whether the caller set a proxy.
    has_proxy: bool,
    in_flight: Semaphore,
    max_response_bytes: usize,
    max_header_bytes: usize,
}

impl Transport {
    /// Uses the caller's client, if any; else builds one that follows no redirects, keeps
    /// connections alive, and uses no proxy for loopback.
    pub(crate) fn new(
        settings: &Settings,
        base: &BaseUrl,
        client: Option<reqwest::Client>,
    ) -> Result<Self, Error> {
        let is_custom = client.is_some();
        let client = match client {
            Some(client) => client,
            None => http_client::for_server(settings, base)?,
        };
        Ok(Self {
            client,
            is_custom,
            host: base.host().into(),
            has_proxy: matches!(settings.connections.proxy, ProxyChoice::At(_)),
            in_flight: Semaphore::new(settings.max_in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            max_response_bytes: settings.max_response_bytes,
            max_header_bytes: settings.max_header_bytes,
        })
    }

    /// A permit to send a request, if one is available at once.
    pub(super) fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.in_flight.try_acquire().ok()
    }

    /// Waits for a permit to send a request.
    pub(super) async fn acquire(&self, deadline: Deadline) -> Result<SemaphorePermit<'_>, Error> {
        match timeout_at(deadline.end(), self.in_flight.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => {
                let message = "too many requests are in flight";
                Err(Error::new(ErrorKind::Unavailable, message).with_class("in_flight"))
            }
        }
    }

    /// The requested URL, to detect redirects. The default client follows none.
    pub(super) fn requested_url(&self, attempt: &Attempt) -> Option<Box<Url>> {
        self.is_custom.then(|| Box::new(attempt.url.clone()))
    }

    /// Sends an attempt. The returned future holds neither the attempt nor reqwest's request, to
    /// keep the futures of calls small.
    pub(super) fn send(&self, attempt: Attempt) -> impl Sending + use<> {
        let mut request = reqwest::Request::new(attempt.method, attempt.url);
        *request.headers_mut() = attempt.headers;
        *request.body_mut() = attempt.body.map(reqwest::Body::from);
        self.client.execute(request)
    }

    /// Receives the whole response before `until`.
    pub(super) async fn receive(
        &self,
        sending: impl Sending,
        requested: Option<Box<Url>>,
        until: Instant,
    ) -> Result<RawResponse, Unreceived> {
        let mut head = None;
        let read = timeout_at(until, pin!(self.read(sending, requested, &mut head))).await;
        let error = match read {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(error)) => error,
            Err(_) => {
                let message = format!("no response from {} in time", self.host);
                Error::new(ErrorKind::Unavailable, message)
                    .with_class("timeout")
                    .with_delivery(Delivery::Unknown)
            }
        };
        let success = head.filter(|(status, _)| status.is_success());
        Err(Unreceived {
            error,
            success: success.map(|(_, headers)| headers),
        })
    }

    /// Reads a response; `head` gets status and headers before the body is read.
    async fn read(
        &self,
        sending: impl Sending,
        requested: Option<Box<Url>>,
        head: &mut Option<(StatusCode, HeaderMap)>,
    ) -> Result<RawResponse, Error> {
        let mut response = sending
            .await
            .map_err(|error| no_response(&error, &self.host, self.has_proxy))?;
        let status = response.status();
        if requested.is_some_and(|requested| *requested != *response.url()) {
            return Err(followed_redirect(Some(response.url())).with_status(status));
        }
        self.check_headers(status, response.headers_mut())?;
        let (_, headers) = head.insert((status, mem::take(response.headers_mut())));
        // Most bodies come in one chunk, which is not copied.
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return Err(incomplete(&error, status)),
            };
            if first.len().max(all.len()) + chunk.len() > self.max_response_bytes {
                return Err(too_large(
                    "the response is",
                    self.max_response_bytes,
                    status,
                ));
            }
            if first.is_empty() {
                first = chunk;
                continue;
            }
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&chunk);
        }
        let body = if all.is_empty() { first } else { all.freeze() };
        Ok(RawResponse::new(status, mem::take(headers), body))
    }

    /// Checks the size of the headers, and marks as sensitive all values that may be secret.
    fn check_headers(&self, status: StatusCode, headers: &mut HeaderMap) -> Result<(), Error> {
        let mut size = 0;
        for (name, value) in headers {
            size += name.as_str().len() + value.len();
            value.set_sensitive(!is_never_secret(name));
        }
        if size <= self.max_header_bytes {
            return Ok(());
        }
        Err(too_large("the headers are", self.max_header_bytes, status))
    }
}

/// Whether `Debug` may show the value of a header.
fn is_never_secret(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "age"
            | "cache-control"
            | "content-encoding"
            | "content-length"
            | "content-type"
            | "date"
            | "retry-after"
            | "server"
    )
}

fn too_large(what: &str, limit: usize, status: StatusCode) -> Error {
    let message = format!("{what} larger than {limit} bytes");
    Error::new(ErrorKind::InvalidResponse, message)
        .with_class("too_large")
        .with_status(status)
}

/// The error for a request to `host` that had no response.
fn no_response(error: &reqwest::Error, host: &str, has_proxy: bool) -> Error {
    let cause = TransportError::of(error);
    // Errors do not tell which of the two connections failed.
    let or_proxy = if has_proxy { ", or of its proxy," } else { "" };
    if cause == TransportError::ProxyAuthentication {
        return proxy_refused().with_source(cause);
    }
    if cause == TransportError::Certificate {
        let message = format!(
            "the certificate of {host}{or_proxy} is not trusted: check `base_url`, and the \
             certificates that this machine trusts"
        );
        return Error::new(ErrorKind::Misconfigured, message)
            .with_class("certificate")
            .with_source(cause);
    }
    if error.is_redirect() {
        // The custom client has followed more redirects than it allows.
        return followed_redirect(error.url())
            .with_delivery(Delivery::Unknown)
            .with_source(cause);
    }
    if cause == TransportError::Unprocessed {
        let message = format!("{host} refused the request before it processed it");
        return Error::new(ErrorKind::Unavailable, message)
            .with_class("connection")
            .with_source(cause);
    }
    let (message, delivery, class) = if error.is_connect() {
        let to = if has_proxy { " or to its proxy" } else { "" };
        let message = format!("could not connect to {host}{to}: {cause}").into();
        (message, Delivery::NotSent, "connect")
    } else if error.is_builder() {
        let message = Cow::Borrowed("could not build the request");
        (message, Delivery::NotSent, "request")
    } else if error.is_timeout() {
        let message = format!("no response from {host} in time").into();
        (message, Delivery::Unknown, "timeout")
    } else {
        let message = format!("the connection to {host} was lost before a response").into();
        (message, Delivery::Unknown, "connection")
    };
    Error::new(ErrorKind::Unavailable, message)
        .with_class(class)
        .with_delivery(delivery)
        .with_source(cause)
}

/// The error for a response whose body could not be received whole, or not be decompressed.
fn incomplete(error: &reqwest::Error, status: StatusCode) -> Error {
    let cause = TransportError::of(error);
    if matches!(
        cause,
        TransportError::Io(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
    ) {
        let message = "could not decompress the response";
        return Error::new(ErrorKind::InvalidResponse, message)
            .with_status(status)
            .with_source(cause);
    }
    let (message, class) = if error.is_timeout() {
        ("no response in time", "timeout")
    } else {
        ("the response is incomplete", "connection")
    };
    Error::new(ErrorKind::Unavailable, message)
        .with_class(class)
        .with_delivery(Delivery::Unknown)
        .with_source(cause)
}

/// The category of a reqwest error, without its text, which may contain the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransportError {
    NameNotResolved,
    Refused,
    Certificate,
    ProxyAuthentication,
    TlsHandshake,
    ConnectTimeout,
    Connect,
    Timeout,
    Unprocessed,
    Io(io::ErrorKind),
    Protocol,
}

impl TransportError {
    fn of(error: &reqwest::Error) -> Self {
        let mut io_kind = None;
        let (mut is_name, mut is_tcp) = (false, false);
        // The text of the outermost error holds the URL.
        let mut next = std::error::Error::source(error);
        while let Some(error) = next {
            if is_untrusted(error) {
                return Self::Certificate;
            }
            if is_unprocessed(error) {
                return Self::Unprocessed;
            }
            let io = error.downcast_ref::<io::Error>();
            io_kind = io_kind.or(io.map(io::Error::kind));
            // The connector's error has no type that can be named, only these texts.
            match error.to_string().as_str() {
                "dns error" => is_name = true,
                "tcp connect error" => is_tcp = true,
                "tunnel error: proxy authorization required" => return Self::ProxyAuthentication,
                _ => {}
            }
            // The source of an `io::Error` is that of the error in it, which would be skipped.
            next = match io.and_then(io::Error::get_ref) {
                Some(inner) => Some(inner as &(dyn std::error::Error + 'static)),
                None => error.source(),
            };
        }
        match io_kind {
            _ if is_name => Self::NameNotResolved,
            Some(io::ErrorKind::ConnectionRefused) => Self::Refused,
            _ if error.is_connect() && error.is_timeout() => Self::ConnectTimeout,
            Some(_) if error.is_connect() && !is_tcp => Self::TlsHandshake,
            Some(kind) => Self::Io(kind),
            None if error.is_timeout() => Self::Timeout,
            None if error.is_connect() => Self::Connect,
            None => Self::Protocol,
        }
    }
}

/// Whether an HTTP/2 server says that it did not process the request: it refused the stream, or it
/// closes the connection in an orderly way and the request came too late (RFC 9113, section 8.7).
fn is_unprocessed(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<h2::Error>();
    error.is_some_and(|error| match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) => error.is_remote() && error.is_reset(),
        Some(h2::Reason::NO_ERROR) => error.is_remote() && error.is_go_away(),
        _ => false,
    })
}

/// Whether an error says that the server's certificate is not trusted: by rustls's type, or by the
/// text of another TLS library, which a custom client may have whatever the features.
fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    #[cfg(feature = "rustls")]
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return matches!(error, rustls::Error::InvalidCertificate(_));
    }
    // rustls's error is the source of an `io::Error` with the same text, and others quote it.
    let text = error.to_string().to_ascii_lowercase();
    // An alert is about this client's certificate.
    text.contains("certificate")
        && !text.contains("alert")
        && ["trust", "verif", "expired", "valid", "name"]
            .iter()
            .any(|word| text.contains(word))
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameNotResolved => f.write_str("its name was not resolved"),
            Self::Refused => f.write_str("the connection was refused"),
            Self::Certificate => f.write_str("the certificate is not trusted"),
            Self::ProxyAuthentication => f.write_str("the proxy requires authentication"),
            Self::TlsHandshake => f.write_str("the TLS handshake failed"),
            Self::ConnectTimeout => f.write_str("it took too long"),
            Self::Connect => f.write_str("connecting failed"),
            Self::Timeout => f.write_str("timed out"),
            Self::Unprocessed => f.write_str("the server did not process the request"),
            Self::Io(kind) => write!(f, "{kind}"),
            Self::Protocol => f.write_str("protocol error"),
        }
    }
}

impl std::error::Error for TransportError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_untrusted_certificate_is_told_by_its_text() {
        let texts = [
            (
                "error:0A000086:SSL routines::certificate verify failed",
                true,
            ),
            ("The certificate was not trusted.", true),
            ("certificate has expired", true),
            ("The certificate chain is not valid", true),
            ("certificate name mismatch", true),
            ("received fatal alert: CertificateExpired", false),
            ("certificate required", false),
            ("connection closed via error", false),
        ];
        for (text, untrusted) in texts {
            assert_eq!(is_untrusted(&io::Error::other(text)), untrusted, "{text}");
        }
    }
}
