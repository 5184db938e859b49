//! Sends one attempt and reads its answer, within bounds.

use std::fmt;
use std::time::Duration;

use bytes::BytesMut;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

use super::attempt::Attempt;
use super::base_url::BaseUrl;
use super::deadline::Deadline;
use super::options::Settings;
use super::response::Answer;
use crate::error::{Delivery, Error, ErrorKind};

/// The HTTP client of a road.
#[derive(Debug)]
pub(crate) struct Transport {
    client: reqwest::Client,
    in_flight: Semaphore,
    max_answer_bytes: usize,
}

impl Transport {
    /// A client that follows no redirects, keeps connections alive, and reaches this machine without
    /// a proxy.
    pub(crate) fn new(settings: &Settings, base: &BaseUrl) -> Result<Self, Error> {
        let mut client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(90))
            .tcp_nodelay(true)
            .user_agent(concat!("vestibule/", env!("CARGO_PKG_VERSION")));
        if base.is_loopback() {
            client = client.no_proxy();
        }
        let client = with_tls(client, base.is_plain_http())?;
        let client = client
            .build()
            .map_err(|_| Error::new(ErrorKind::InvalidInput, "the HTTP client cannot start"))?;
        Ok(Self {
            client,
            in_flight: Semaphore::new(settings.max_in_flight.clamp(1, Semaphore::MAX_PERMITS)),
            max_answer_bytes: settings.max_answer_bytes,
        })
    }

    /// Sends an attempt once there is a place for it, which may take until `deadline`; from then on
    /// it may take `attempt_timeout`.
    pub(crate) async fn send(
        &self,
        attempt: Attempt,
        deadline: Deadline,
        attempt_timeout: Duration,
    ) -> Result<Answer, Error> {
        let Ok(Ok(_place)) = timeout_at(deadline.end(), self.in_flight.acquire()).await else {
            return Err(Error::new(
                ErrorKind::TryLater,
                "too many requests are under way",
            ));
        };
        let until = deadline.within(attempt_timeout);
        let mut request = reqwest::Request::new(attempt.method, attempt.url);
        *request.headers_mut() = attempt.headers;
        *request.body_mut() = attempt.body.map(reqwest::Body::from);
        match timeout_at(until, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::new(ErrorKind::TryLater, "no answer in time")
                .with_delivery(Delivery::Unknown)),
        }
    }

    async fn exchange(&self, request: reqwest::Request) -> Result<Answer, Error> {
        let mut response = self
            .client
            .execute(request)
            .await
            .map_err(unsent_or_unanswered)?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let mut body = BytesMut::new();
        loop {
            let chunk = response.chunk().await.map_err(|error| {
                let message = if error.is_timeout() {
                    "no answer in time"
                } else {
                    "the answer broke off"
                };
                Error::new(ErrorKind::TryLater, message)
                    .with_delivery(Delivery::Unknown)
                    .with_source(Cause::of(&error))
            })?;
            let Some(chunk) = chunk else { break };
            if body.len() + chunk.len() > self.max_answer_bytes {
                let message = format!("the answer is larger than {} bytes", self.max_answer_bytes);
                return Err(Error::new(ErrorKind::Undecodable, message).with_status(status));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body: body.freeze(),
        })
    }
}

fn unsent_or_unanswered(error: reqwest::Error) -> Error {
    let (message, delivery) = if error.is_connect() {
        ("the server could not be reached", Delivery::NotSent)
    } else if error.is_builder() {
        ("the request could not be built", Delivery::NotSent)
    } else {
        ("the connection broke before an answer", Delivery::Unknown)
    };
    Error::new(ErrorKind::TryLater, message)
        .with_delivery(delivery)
        .with_source(Cause::of(&error))
}

/// The category of a foreign error, without its text: that may quote a URL.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cause {
    Connect,
    Timeout,
    Io(std::io::ErrorKind),
    Protocol,
}

impl Cause {
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

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("connecting failed"),
            Self::Timeout => f.write_str("timed out"),
            Self::Io(kind) => write!(f, "{kind}"),
            Self::Protocol => f.write_str("the peer broke the protocol"),
        }
    }
}

impl std::error::Error for Cause {}

/// rustls with ring: it builds in half the time of aws-lc-rs and asks for no more than a C
/// compiler.
#[cfg(feature = "rustls")]
fn with_tls(
    client: reqwest::ClientBuilder,
    plain_http: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    use std::sync::Arc;

    let failed = |_| Error::new(ErrorKind::InvalidInput, "TLS cannot start on this machine");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    // A machine without certificates can still talk plain http to its loopback.
    let mut config = match rustls_platform_verifier::Verifier::new(provider) {
        _ if plain_http => config
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth(),
        Ok(verifier) => config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth(),
        Err(error) => return Err(failed(error)),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(client.tls_backend_preconfigured(config))
}

#[cfg(not(feature = "rustls"))]
fn with_tls(
    client: reqwest::ClientBuilder,
    _plain_http: bool,
) -> Result<reqwest::ClientBuilder, Error> {
    Ok(client)
}
