//! A login code that was sent to a phone or a mailbox.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::auth_api::types as auth;
use super::client::Client;
use super::mfa::{MfaRequired, SecondFactor};
use super::sign_in::{Admitted, SignIn};
use super::user_api::types as user;
use crate::challenge::{
    ActiveChallenge, CODE_TIME_TO_LIVE, FirstMessage, ResendTimer, SoleRecipient, Step, StepError,
    Tried, check_code, sent_code_methods,
};
use crate::contact::Contact;
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::secret::Secret;
use crate::session::{Caller, run_exchange};
use crate::skewed_clock::SkewedClock;

/// The request for each message of the sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CodeRequest {
    to: Contact,
    options: CodeOptions,
}

/// What the caller has set for the messages of a sign-in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct CodeOptions {
    pub(super) branch_id: Option<String>,
    pub(super) language: Option<String>,
    pub(super) device: Option<Secret>,
    pub(super) terms_accepted: Option<bool>,
}

impl CodeOptions {
    fn branch_id(&self) -> Result<String, Error> {
        let id = self.branch_id.clone().filter(|id| !id.is_empty());
        id.ok_or_else(|| {
            let right = "must be set: the id of the branch that a new user joins";
            Error::invalid("branch_id", right).of(System::Wunder)
        })
    }
}

impl Step for CodeRequest {
    const KIND: &'static str = "login_code";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        CODE_TIME_TO_LIVE
    }
}

impl CodeRequest {
    async fn send(&self, client: &Client) -> Result<(), Error> {
        let branch_id = self.options.branch_id()?;
        let (api, options) = (client.user_api(), self.options.clone());
        match &self.to {
            Contact::Phone(phone) => {
                let body = user::PhoneBootstrap::builder()
                    .phone_number(phone.to_e164())
                    .branch_id(branch_id)
                    .language(options.language)
                    .one_signal_device_id(options.device)
                    .tnc_accepted(options.terms_accepted);
                let call = api.create_or_sign_in_with_phone_number().body(body);
                call.send().await?;
            }
            Contact::Email(email) => {
                let body = user::EmailBootstrap::builder()
                    .email(email.as_str())
                    .branch_id(branch_id)
                    .language(options.language)
                    .tnc_accepted(options.terms_accepted);
                let call = api.create_or_sign_in_with_email_code().body(body);
                call.send().await?;
            }
        }
        Ok(())
    }

    async fn confirm(&self, client: &Client, code: Secret) -> Result<auth::SignInResponse, Error> {
        let api = client.auth_api();
        let response = match &self.to {
            Contact::Phone(phone) => {
                let body = auth::PhoneSignIn::builder()
                    .phone_number(phone.to_e164())
                    .code(code);
                api.sign_in_phone_number().body(body).send().await?
            }
            Contact::Email(email) => {
                let body = auth::EmailCodeSignIn::builder()
                    .email(email.as_str())
                    .code(code);
                api.sign_in_email_code().body(body).send().await?
            }
        };
        Ok(response.into_inner())
    }
}

/// A login code was sent to the user's phone or mailbox.
///
/// The state is kept in the client's store; see [`challenge`](crate::challenge). The code is only
/// used to sign in: the number of a signed-in user is verified by a
/// [`PhoneVerification`](super::PhoneVerification), which never uses a login code.
#[must_use = "the user is not signed in before `confirm`"]
pub struct PendingCode {
    client: Client,
    pub(super) challenge: ActiveChallenge<CodeRequest>,
}

opaque_debug!("wunder": PendingCode);

impl PendingCode {
    sent_code_methods!(|this| this.contact());

    pub(super) async fn send(
        client: Client,
        to: Contact,
        options: CodeOptions,
    ) -> Result<Self, Error> {
        options.branch_id()?;
        let request = CodeRequest { to, options };
        let (wait, to) = (client.resend_wait(), request.to.destination());
        let first = FirstMessage::claim(client.context(), to, wait).await?;
        let send = async {
            request.send(&client).await?;
            Ok((request, wait))
        };
        let challenge = first.send(send).await?;
        Ok(Self { client, challenge })
    }

    pub(super) fn resumed(client: Client, challenge: ActiveChallenge<CodeRequest>) -> Self {
        Self { client, challenge }
    }

    /// The id by which [`Client::resume_challenge`] resumes the sign-in: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// The number or address that the code was sent to.
    pub fn contact(&self) -> &Contact {
        &self.challenge.step.to
    }

    /// When another message may be sent. The vendor specifies no wait, so there is none unless the
    /// client has a [`resend_wait`](super::ClientBuilder::resend_wait).
    pub fn resend_timer(&self) -> &ResendTimer {
        self.challenge.timer()
    }

    /// Sends another code to the same destination; the former one becomes invalid.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo").signing_key("test-signature-key");
    /// # let client = client.resend_wait(std::time::Duration::from_secs(30)).clock(mock.clock().clone()).build()?;
    /// # let code = || mock.outbox().last_code("+43123456789").unwrap();
    /// # let mut pending = client.sign_in_with_phone_code(&"+43123456789".parse()?).branch_id("2").send().await?;
    /// let wait = pending.resend_timer().remaining();
    /// # assert!(!wait.is_zero());
    /// # mock.clock().advance(wait + std::time::Duration::from_secs(1));
    /// // Once that has passed:
    /// pending.resend().await?;
    /// let sign_in = pending.confirm(code()).await?;
    /// # assert!(matches!(sign_in, vestibule::wunder::SignIn::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) before
    /// [`resend_timer`](Self::resend_timer) has run out, or if another caller has just requested a
    /// code of this challenge; [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) if a
    /// newer challenge has replaced this one;
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if it is finished or has expired;
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the session store fails: nothing is
    /// sent in all of these cases. Otherwise as any call, see [`Error`].
    pub async fn resend(&mut self) -> Result<(), Error> {
        let (client, wait) = (&self.client, self.client.resend_wait());
        let send = async |request: &CodeRequest| Ok((request.send(client).await?, wait));
        let resent = self.challenge.resend(SoleRecipient, wait, send, |_, ()| ());
        resent.await
    }

    /// Confirms the code. It is never sent twice. A second factor continues under the same
    /// [`id`](Self::id).
    ///
    /// Source: `POST /{tenant}/auth/sign-in-phone-number` or `…/sign-in-email-code`.
    ///
    /// # Errors
    ///
    /// The error returns the state: [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) means
    /// a wrong or used code. Nothing is sent with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) (it does not look like a code),
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (five codes were wrong, or a
    /// newer challenge has replaced this one) and
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) (it is finished or has expired).
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another code of this challenge is still being checked: then confirm the code again.
    pub async fn confirm(self, code: impl Into<Secret>) -> Result<SignIn, StepError<Self>> {
        let (context, code) = (Arc::clone(self.client.context()), code.into());
        let exchange = async move |caller: Caller| self.confirm_for(caller, code).await;
        run_exchange(&context, exchange).await
    }

    async fn confirm_for(
        mut self,
        caller: Caller,
        code: Secret,
    ) -> Result<SignIn, StepError<Self>> {
        match self.try_code(&caller, code).await {
            Ok(Admitted::Session(session)) => Ok(SignIn::SignedIn(session)),
            Ok(Admitted::Provisional(tokens)) => {
                let challenge = self.challenge.advance(SecondFactor::new(tokens)).await;
                let mfa = MfaRequired::resumed(self.client, challenge);
                Ok(SignIn::MfaRequired(mfa))
            }
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn try_code(&mut self, caller: &Caller, code: Secret) -> Result<Admitted, Error> {
        let code = check_code(System::Wunder, &code)?;
        let (client, sent) = (&self.client, code.clone());
        let send = async |request: &mut CodeRequest| request.confirm(client, sent).await;
        let resume = async |id: &Secret| client.resume_session(id).await;
        let operation = match self.challenge.step.to {
            Contact::Phone(_) => "sign_in_phone_number",
            Contact::Email(_) => "sign_in_email_code",
        };
        let tried =
            self.challenge
                .try_sign_in_code(caller, SoleRecipient, &code, operation, resume, send);
        let response = match tried.await? {
            Tried::Response(response) => response,
            Tried::Kept(session) => return Ok(Admitted::Session(session)),
        };
        let admitted = Admitted::of(&self.client, response).await?;
        if let Admitted::Session(session) = &admitted {
            self.challenge
                .grant(caller, SoleRecipient, &code, session, None)
                .await;
        }
        Ok(admitted)
    }
}
