//! Signing in by a code that is sent to a phone.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::auth_api::types as auth;
use super::client::Client;
use super::mfa::{MfaRequired, SecondFactor};
use super::phone::check_phone;
use super::session::Session;
use super::user_api::types as user;
use crate::challenge::{
    CODE_TIME_TO_LIVE, Open, Opening, Outcome, ResendTimer, Returned, Step, check_code,
};
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::secret::Secret;
use crate::server_time::ServerTime;
use crate::session::Tokens;

/// A sign-in by phone that was not sent yet.
#[derive(Clone, Debug)]
#[must_use = "no code is sent before `send_code`"]
pub struct PhoneSignIn {
    client: Client,
    request: CodeRequest,
}

/// What each message of the sign-in is asked for with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CodeRequest {
    phone: String,
    branch_id: String,
    language: Option<String>,
    device: Option<Secret>,
    terms_accepted: Option<bool>,
}

impl Step for CodeRequest {
    const KIND: &'static str = "phone_code";

    fn time_to_live(&self, _: &ServerTime) -> Duration {
        CODE_TIME_TO_LIVE
    }
}

impl PhoneSignIn {
    pub(super) fn new(client: Client, phone: String, branch_id: String) -> Self {
        let request = CodeRequest {
            phone,
            branch_id,
            language: None,
            device: None,
            terms_accepted: None,
        };
        Self { client, request }
    }

    /// The language of the message and of a new user.
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.request.language = Some(language.into());
        self
    }

    /// The OneSignal device that push messages go to.
    pub fn one_signal_device_id(mut self, device: impl Into<Secret>) -> Self {
        self.request.device = Some(device.into());
        self
    }

    /// Whether the user has accepted the terms. Nothing is said unless this is called.
    pub fn terms_accepted(mut self, accepted: bool) -> Self {
        self.request.terms_accepted = Some(accepted);
        self
    }

    /// Sends the code by SMS. The request is signed anew for each attempt, and repeated only if
    /// the server certainly did not process it. Earlier challenges for this number are void then.
    ///
    /// Source: `POST /{tenant}/front/customers/create-or-sign-in-with-phone-number`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a phone number that is not E.164, an empty branch or a
    /// client without signature key; [`ErrorKind::SlowDown`] before the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait) has passed; [`ErrorKind::TryLater`] if
    /// the session store fails, and nothing is sent then; else as any call, see [`Error`].
    pub async fn send_code(self) -> Result<PendingCode, Error> {
        let Self { client, request } = self;
        request.check()?;
        let wait = client.resend_wait;
        let opening = Opening::claim(&client.host, request.phone.clone(), wait).await?;
        match request.send(&client).await {
            Ok(()) => Ok(PendingCode {
                open: opening.open(request, wait).await,
                client,
            }),
            Err(error) => Err(opening.failed(error).await),
        }
    }
}

impl CodeRequest {
    fn check(&self) -> Result<(), Error> {
        check_phone(&self.phone)?;
        if self.branch_id.is_empty() {
            let error = Error::invalid("branch_id", "must not be empty");
            return Err(error.of(System::Wunder));
        }
        Ok(())
    }

    async fn send(&self, client: &Client) -> Result<(), Error> {
        let body = user::PhoneBootstrap::builder()
            .phone_number(self.phone.clone())
            .branch_id(self.branch_id.clone())
            .language(self.language.clone())
            .one_signal_device_id(self.device.clone())
            .tnc_accepted(self.terms_accepted);
        let api = client.user_api();
        api.create_or_sign_in_with_phone_number()
            .body(body)
            .send()
            .await?;
        Ok(())
    }
}

/// A code is on its way to the user's phone.
///
/// It is kept in the client's store; see [`challenge`](crate::challenge) for what that gives.
#[derive(Clone)]
pub struct PendingCode {
    client: Client,
    open: Open<CodeRequest>,
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
    pub(super) fn resumed(client: Client, open: Open<CodeRequest>) -> Self {
        Self { client, open }
    }

    /// The id under which [`Client::challenge`] takes the sign-in up: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// The number that the code went to.
    pub fn phone(&self) -> &str {
        &self.open.step.phone
    }

    /// When another message may be sent. The vendor names no wait, so there is none unless the
    /// client has a [`resend_wait`](super::ClientBuilder::resend_wait).
    pub fn resend_timer(&self) -> &ResendTimer {
        self.open.timer()
    }

    /// Sends another code; the former one is void.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SlowDown`] before [`resend_timer`](Self::resend_timer) has run out, or if
    /// another caller has just asked for a code of this challenge; [`ErrorKind::StepRequired`] if a
    /// newer challenge has replaced this one; [`ErrorKind::SignInAgain`] if it is finished or has
    /// expired; [`ErrorKind::TryLater`] if the session store fails: nothing is sent in all of
    /// these cases. Else as any call, see [`Error`].
    pub async fn resend(&mut self) -> Result<(), Error> {
        let wait = self.client.resend_wait;
        let claim = self.open.claim_resend(wait).await?;
        match self.open.step.send(&self.client).await {
            Ok(()) => {
                self.open.sent(claim, wait).await;
                Ok(())
            }
            Err(error) => {
                if Outcome::of(&error) == Outcome::NotSent {
                    self.open.not_sent(claim).await;
                }
                Err(error)
            }
        }
    }

    /// Confirms the code. It is sent once, whatever happens. A second factor goes on under the same
    /// [`id`](Self::id).
    ///
    /// Source: `POST /{tenant}/auth/sign-in-phone-number`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error: [`ErrorKind::Refused`] means a wrong or used code.
    /// Nothing is sent with [`ErrorKind::InvalidInput`] (it does not look like a code),
    /// [`ErrorKind::StepRequired`] (five codes were wrong, or a newer challenge has replaced this
    /// one) and [`ErrorKind::SignInAgain`] (it is finished or has expired).
    pub async fn confirm(mut self, code: impl Into<Secret>) -> Result<SignIn, Returned<Self>> {
        match self.try_code(code.into()).await {
            Ok(Confirmed::SignedIn(session)) => Ok(SignIn::SignedIn(session)),
            Ok(Confirmed::Provisional(tokens)) => {
                let open = self.open.go_on(SecondFactor::new(tokens)).await;
                let mfa = MfaRequired::resumed(self.client, open);
                Ok(SignIn::MfaRequired(mfa))
            }
            Err(error) => Err(Returned::new(self, error)),
        }
    }

    async fn try_code(&mut self, code: Secret) -> Result<Confirmed, Error> {
        let code = check_code("code", &code).map_err(|error| error.of(System::Wunder))?;
        let guess = self.open.begin_guess().await?;
        let body = auth::PhoneSignIn::builder()
            .phone_number(self.open.step.phone.clone())
            .code(code);
        let api = self.client.auth_api();
        let answer = api.sign_in_phone_number().body(body).send().await;
        let answer = self.open.judged(guess, answer).await?.into_inner();
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
            return Ok(Confirmed::Provisional(tokens));
        }
        let session = self.client.sign_in(tokens).await?;
        self.open.finish().await;
        Ok(Confirmed::SignedIn(session))
    }
}

/// What a right code was answered with: tokens without a second factor are a session, with one
/// they are provisional.
enum Confirmed {
    SignedIn(Session),
    Provisional(Tokens),
}
