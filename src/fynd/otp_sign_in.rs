//! Starting a sign-in by a code that is sent to a mobile or by e-mail.

use super::client::Client;
use super::codes::Route;
use super::contact::Contact;
use super::pending_code::PendingCode;
use super::redacted_debug::redacted_debug;
use super::sent_code::{self, Purpose};
use crate::error::Error;

/// A sign-in by code that was not sent yet.
#[derive(Clone)]
#[must_use = "no code is sent before `send_code`"]
pub struct OtpSignIn {
    client: Client,
    route: Route,
}

redacted_debug!(OtpSignIn);

impl OtpSignIn {
    pub(super) fn new(client: Client, contact: Contact) -> Self {
        let route = Route::to(contact, client.platform.clone());
        Self { client, route }
    }

    /// The id of the application that the user belongs to. The server uses `Fynd` by default.
    pub fn platform(mut self, id: impl Into<String>) -> Self {
        self.route.platform = Some(id.into());
        self
    }

    /// The hash of an Android app, which the message to a mobile contains so that the app can read
    /// the code.
    pub fn android_hash(mut self, hash: impl Into<String>) -> Self {
        self.route.android_hash = Some(hash.into());
        self
    }

    /// Sends the code. It is retried only if the server certainly did not process it. Earlier
    /// challenges for this contact become invalid.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/otp` for a mobile,
    /// `…/otp/email/send` for a mailbox.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a `mobile` that is not 4 to 15 digits, a `country_code` that
    /// is not 1 to 3 or an `email` that is no address, [`ErrorKind::SlowDown`] while the timer of
    /// the last message to this contact runs, [`ErrorKind::TryLater`] if the session store fails:
    /// nothing is sent in these cases. [`ErrorKind::Undecodable`] if the response cannot be
    /// continued from; otherwise as any call, see [`Error`].
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::SlowDown`]: crate::ErrorKind::SlowDown
    /// [`ErrorKind::TryLater`]: crate::ErrorKind::TryLater
    /// [`ErrorKind::Undecodable`]: crate::ErrorKind::Undecodable
    pub async fn send_code(self) -> Result<PendingCode, Error> {
        let challenge = sent_code::send(&self.client, Purpose::SignIn, self.route).await?;
        Ok(PendingCode::resumed(self.client, challenge))
    }
}
