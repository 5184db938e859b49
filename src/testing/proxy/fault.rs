//! The faults that a proxy can inject.

use std::sync::OnceLock;
use std::time::Duration;

/// A fault of the network or of a gateway between a client and a server.
///
/// Where the description says "the server processes the request", the proxy forwards it; all other
/// faults happen before the server receives anything.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection is reset when the request begins to arrive, before it is read.
    ResetBeforeRequest,
    /// The connection is reset while the request is read.
    ResetDuringRequest,
    /// The server processes the request, then the connection is reset.
    ResetAfterRequest,
    /// The proxy reads the request and never responds.
    Silence,
    /// The server processes the request; no response arrives.
    StallBeforeHead,
    /// The server processes the request; its response is delayed by this duration.
    Slow(Duration),
    /// The server processes the request; half of the response body arrives, then nothing more.
    StallMidBody,
    /// The server processes the request; half of the response body arrives, then the connection is
    /// closed.
    HalfBody,
    /// The server processes the request; the response has a `Content-Length` that is too small.
    WrongContentLength,
    /// The server processes the request; the response has the content type of an image.
    WrongContentType,
    /// The server processes the request; the response is complete, but its JSON is truncated.
    TruncatedJson,
    /// The response is an HTML page with status 200, as from a captive portal or a gateway.
    HtmlInsteadOfJson,
    /// The server processes the request; the response body has this many bytes.
    HugeBody(u64),
    /// The server processes the request; the response headers have this many bytes.
    HugeHeaders(usize),
    /// The server processes the request; the compressed response body inflates to this many bytes.
    GzipBomb(usize),
    /// The response is a redirect to this URL.
    Redirect(String),
    /// The server processes the request; the response has this status and no body.
    LateStatus(u16),
    /// The response has a status, no body and optionally a `Retry-After` header.
    Status {
        /// The status.
        status: u16,
        /// The value of `Retry-After`: seconds or an HTTP date.
        retry_after: Option<String>,
    },
    /// The TLS handshake fails. Connect by
    /// [`FaultProxy::https_url`](super::FaultProxy::https_url).
    TlsFailure,
}

impl Fault {
    /// A response with a status and no body.
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
        }
    }

    /// A response with a status and a `Retry-After` header: seconds or an HTTP date.
    pub fn status_with_retry_after(status: u16, retry_after: impl Into<String>) -> Self {
        Self::Status {
            status,
            retry_after: Some(retry_after.into()),
        }
    }

    /// Whether the proxy forwards the request to the server.
    pub(super) fn is_forwarded(&self) -> bool {
        match self {
            Self::ResetBeforeRequest
            | Self::ResetDuringRequest
            | Self::Silence
            | Self::HtmlInsteadOfJson
            | Self::Redirect(_)
            | Self::Status { .. }
            | Self::TlsFailure => false,
            Self::ResetAfterRequest
            | Self::StallBeforeHead
            | Self::Slow(_)
            | Self::StallMidBody
            | Self::HalfBody
            | Self::WrongContentLength
            | Self::WrongContentType
            | Self::TruncatedJson
            | Self::HugeBody(_)
            | Self::HugeHeaders(_)
            | Self::GzipBomb(_)
            | Self::LateStatus(_) => true,
        }
    }
}

/// Compressed zeros. The first size is cached, because compressing takes long.
pub(super) fn gzip_bomb(inflated: usize) -> Vec<u8> {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    static CACHE: OnceLock<(usize, Vec<u8>)> = OnceLock::new();
    let compress = || {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = [0; 64 * 1024];
        let mut left = inflated;
        while left > 0 {
            let part = left.min(zeros.len());
            // Writing to memory does not fail.
            let _ = encoder.write_all(&zeros[..part]);
            left -= part;
        }
        encoder.finish().unwrap_or_default()
    };
    let (size, compressed) = CACHE.get_or_init(|| (inflated, compress()));
    match *size == inflated {
        true => compressed.clone(),
        false => compress(),
    }
}
