//! Signing in by a code that is sent to a phone.

use std::fmt;

use super::auth_api::types as auth;
use super::client::Client;
use super::mfa::MfaRequired;
use super::phone::check_phone;
use super::session::Session;
use super::user_api::types as user;
use crate::challenge::{Returned, check_code};
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::Tokens;

/// A sign-in by phone that was not sent yet.
#[derive(Clone, Debug)]
#[must_use = "no code is sent before `send_code`"]
pub struct PhoneSignIn {
    client: Client,
    phone: String,
    branch_id: String,
    language: Option<String>,
    device: Option<Secret>,
    terms_accepted: Option<bool>,
}

impl PhoneSignIn {
    pub(super) fn new(client: Client, phone: String, branch_id: String) -> Self {
        Self {
            client,
            phone,
            branch_id,
            language: None,
            device: None,
            terms_accepted: None,
        }
    }

    /// The language of the message and of a new user.
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// The OneSignal device that push messages go to.
    pub fn one_signal_device_id(mut self, device: impl Into<Secret>) -> Self {
        self.device = Some(device.into());
        self
    }

    /// Whether the user has accepted the terms. Nothing is said unless this is called.
    pub fn terms_accepted(mut self, accepted: bool) -> Self {
        self.terms_accepted = Some(accepted);
        self
    }

    /// Sends the code by SMS. The request is signed anew for each attempt, and repeated only if
    /// the server certainly did not process it.
    ///
    /// Source: `POST /{tenant}/front/customers/create-or-sign-in-with-phone-number`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a phone number that is not E.164, an empty branch or a
    /// client without signature key; else as any call, see [`Error`].
    pub async fn send_code(self) -> Result<PendingCode, Error> {
        self.send().await?;
        Ok(PendingCode { sent: self })
    }

    async fn send(&self) -> Result<(), Error> {
        check_phone(&self.phone)?;
        if self.branch_id.is_empty() {
            let error = Error::invalid("branch_id", "must not be empty");
            return Err(error.of(System::Wunder));
        }
        let body = user::PhoneBootstrap::builder()
            .phone_number(self.phone.clone())
            .branch_id(self.branch_id.clone())
            .language(self.language.clone())
            .one_signal_device_id(self.device.clone())
            .tnc_accepted(self.terms_accepted);
        let api = self.client.user_api();
        api.create_or_sign_in_with_phone_number()
            .body(body)
            .send()
            .await?;
        Ok(())
    }
}

/// A code is on its way to the user's phone.
#[derive(Clone)]
pub struct PendingCode {
    sent: PhoneSignIn,
}

impl fmt::Debug for PendingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wunder::PendingCode")
    }
}

/// How far the code took the user.
#[derive(Debug)]
#[must_use = "a user who needs a second factor is not signed in"]
pub enum SignIn {
    /// The user is signed in.
    SignedIn(Session),
    /// A second factor is needed first.
    MfaRequired(MfaRequired),
}

impl PendingCode {
    /// The number that the code went to.
    pub fn phone(&self) -> &str {
        &self.sent.phone
    }

    /// Sends another code; the former one is void. The vendor names no wait between two codes,
    /// so none is kept here: limit it in your own front end.
    ///
    /// # Errors
    ///
    /// As [`PhoneSignIn::send_code`].
    pub async fn resend(&mut self) -> Result<(), Error> {
        self.sent.send().await
    }

    /// Confirms the code. It is sent once, whatever happens.
    ///
    /// Source: `POST /{tenant}/auth/sign-in-phone-number`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error: [`ErrorKind::Refused`] means a wrong or used code.
    pub async fn confirm(self, code: impl Into<Secret>) -> Result<SignIn, Returned<Self>> {
        match self.try_code(code.into()).await {
            Ok(sign_in) => Ok(sign_in),
            Err(error) => Err(Returned::new(self, error)),
        }
    }

    async fn try_code(&self, code: Secret) -> Result<SignIn, Error> {
        let code = check_code("code", &code).map_err(|error| error.of(System::Wunder))?;
        let client = &self.sent.client;
        let body = auth::PhoneSignIn::builder()
            .phone_number(self.sent.phone.clone())
            .code(code);
        let api = client.auth_api();
        let answer = api.sign_in_phone_number().body(body).send().await?;
        SignIn::from_answer(client, answer.into_inner()).await
    }
}

impl SignIn {
    /// Tokens without a second factor are a session, with one they are provisional.
    pub(super) async fn from_answer(
        client: &Client,
        answer: auth::SignInResponse,
    ) -> Result<Self, Error> {
        let access = answer.access_token.ok_or_else(|| {
            Error::new(
                ErrorKind::Undecodable,
                "the sign-in brought no access token",
            )
            .with_delivery(Delivery::Answered)
            .at(System::Wunder, "sign_in")
        })?;
        let tokens = Tokens::new(access, answer.refresh_token);
        if answer.mfa_required == Some(true) {
            return Ok(Self::MfaRequired(MfaRequired::new(client.clone(), tokens)));
        }
        client.sign_in(tokens).await.map(Self::SignedIn)
    }
}
