//! The faults that a wire can have.

use std::sync::OnceLock;
use std::time::Duration;

/// Something that goes wrong between a client and a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection is reset when the request begins to arrive, before anything was read.
    ResetBeforeRequest,
    /// The connection is reset when some of the request was read.
    ResetDuringRequest,
    /// The server processes the request, then the connection is reset.
    ResetAfterRequest,
    /// The request gets no further, and nobody answers.
    Silence,
    /// The server processes the request and never answers.
    StallBeforeHead,
    /// The server processes the request, and its answer comes this much later.
    Slow(Duration),
    /// The server processes the request; half the body of its answer arrives, then silence.
    StallMidBody,
    /// The server processes the request; half the body of its answer arrives, then the connection
    /// is closed.
    HalfBody,
    /// The server processes the request; its answer says that it is shorter than it is.
    WrongContentLength,
    /// The server processes the request; its JSON is labelled as a picture.
    WrongContentType,
    /// The server processes the request; its JSON ends in the middle, in an answer that is whole.
    TruncatedJson,
    /// A page with status 200, as a captive portal or a gateway gives it. The request gets no
    /// further.
    HtmlInsteadOfJson,
    /// The server processes the request and answers with a body of this many bytes.
    HugeBody(u64),
    /// The server processes the request and answers with headers of this many bytes.
    HugeHeaders(usize),
    /// The server processes the request and answers with a body that unpacks to this many bytes.
    GzipBomb(usize),
    /// The answer sends the client to this URL. The request gets no further.
    Redirect(String),
    /// The server processes the request, but the answer has this status and no body.
    LateStatus(u16),
    /// The request is refused with a status, no body and perhaps a `Retry-After`. It gets no
    /// further.
    Status {
        /// The status.
        status: u16,
        /// The value of `Retry-After`: seconds or an HTTP date.
        retry_after: Option<String>,
    },
    /// The server does not agree to talk TLS. Connect to it by
    /// [`FaultProxy::https_url`](super::FaultProxy::https_url).
    TlsFailure,
}

impl Fault {
    /// A refusal with a bare status.
    pub fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
        }
    }

    /// A refusal that says when to come back: in seconds, or at an HTTP date.
    pub fn status_with_retry_after(status: u16, retry_after: impl Into<String>) -> Self {
        Self::Status {
            status,
            retry_after: Some(retry_after.into()),
        }
    }

    /// Whether the request reaches the server behind the proxy.
    pub(super) fn is_processed(&self) -> bool {
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

/// Zeros that were packed once for all.
pub(super) fn bomb(unpacked: usize) -> Vec<u8> {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    static PACKED: OnceLock<(usize, Vec<u8>)> = OnceLock::new();
    let pack = || {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = [0; 64 * 1024];
        let mut left = unpacked;
        while left > 0 {
            let part = left.min(zeros.len());
            // Writing into memory does not fail.
            let _ = packer.write_all(&zeros[..part]);
            left -= part;
        }
        packer.finish().unwrap_or_default()
    };
    let (size, packed) = PACKED.get_or_init(|| (unpacked, pack()));
    if *size == unpacked {
        packed.clone()
    } else {
        pack()
    }
}
