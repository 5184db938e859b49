//! The keys of a message: for confirming its code and for requesting another message.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::user_status::filled;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;

/// The wait before a resend where neither the server nor a setting specifies one.
const RESEND_AFTER: Duration = Duration::from_secs(30);

impl Client {
    /// The wait before a resend where the server specifies none.
    pub(super) fn resend_wait(&self) -> Duration {
        self.context().resend_wait(RESEND_AFTER)
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Keys {
    /// The key for confirming the code of a mobile; `None` for a mailbox.
    pub(super) request_id: Option<String>,
    resend_token: Option<Secret>,
    resend_seconds: Option<u64>,
}

impl Keys {
    /// Fails without a request id: no code could be confirmed.
    pub(super) fn of_mobile(
        operation: &'static str,
        request_id: Option<String>,
        resend_token: Option<Secret>,
        resend_seconds: Option<i64>,
    ) -> Result<Self, Error> {
        let request_id = request_id.filter(|id| !id.trim().is_empty());
        if request_id.is_none() {
            let message = "the response has no request id, so its code cannot be confirmed";
            return Err(Error::new(ErrorKind::InvalidResponse, message)
                .with_status(http::StatusCode::OK)
                .at(System::Fynd, operation));
        }
        Ok(Self {
            request_id,
            ..Self::of_email(resend_token, resend_seconds)
        })
    }

    pub(super) fn of_email(resend_token: Option<Secret>, resend_seconds: Option<i64>) -> Self {
        Self {
            request_id: None,
            resend_token: filled(resend_token),
            resend_seconds: resend_seconds.map(|seconds| seconds.try_into().unwrap_or_default()),
        }
    }

    pub(super) fn wait(&self, client: &Client) -> Duration {
        self.resend_seconds
            .map_or_else(|| client.resend_wait(), Duration::from_secs)
    }

    /// The key for requesting another message.
    pub(super) fn resend_token(&self, operation: &'static str) -> Result<&Secret, Error> {
        self.resend_token.as_ref().ok_or_else(|| {
            let message = "the last response has no token for a resend";
            Error::new(ErrorKind::InvalidResponse, message).at(System::Fynd, operation)
        })
    }
}
