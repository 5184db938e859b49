//! How much of an answer is taken in, and how much of it may be shown.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, StatusCode};

use super::options::Settings;
use crate::error::{Error, ErrorKind};

/// The bounds of one client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    answer_bytes: usize,
    header_bytes: usize,
}

impl Limits {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            answer_bytes: settings.max_response_bytes,
            header_bytes: settings.max_header_bytes,
        }
    }

    /// Checks the size of the headers of an answer. Whoever prints them sees the names of all and
    /// the values of a few.
    pub(super) fn check_headers(
        &self,
        status: StatusCode,
        headers: &mut HeaderMap,
    ) -> Result<(), Error> {
        let mut size = 0;
        for (name, value) in headers {
            size += name.as_str().len() + value.len();
            value.set_sensitive(!is_shown(name));
        }
        if size <= self.header_bytes {
            return Ok(());
        }
        Err(too_large("the headers are", self.header_bytes).with_status(status))
    }

    /// A body that takes in no more than its bound, however long the answer says that it is.
    pub(super) fn body(&self) -> BoundedBody {
        BoundedBody {
            first: Bytes::new(),
            all: BytesMut::new(),
            bound: self.answer_bytes,
        }
    }
}

/// The body of an answer while it arrives, decompressed.
pub(super) struct BoundedBody {
    /// The first chunk, which most often is all there is and need not be copied then.
    first: Bytes,
    /// All chunks, once there are several.
    all: BytesMut,
    bound: usize,
}

impl BoundedBody {
    pub(super) fn take(&mut self, chunk: Bytes, status: StatusCode) -> Result<(), Error> {
        if self.first.len().max(self.all.len()) + chunk.len() > self.bound {
            return Err(too_large("the answer is", self.bound).with_status(status));
        }
        if self.first.is_empty() {
            self.first = chunk;
            return Ok(());
        }
        if self.all.is_empty() {
            self.all.extend_from_slice(&self.first);
        }
        self.all.extend_from_slice(&chunk);
        Ok(())
    }

    pub(super) fn whole(self) -> Bytes {
        if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        }
    }
}

/// Whether anybody may see the value of a header.
fn is_shown(name: &HeaderName) -> bool {
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

fn too_large(what: &str, bound: usize) -> Error {
    let message = format!("{what} larger than {bound} bytes");
    Error::new(ErrorKind::Undecodable, message).with_class("too_large")
}
