//! A code that was sent for a sign-in, until it is confirmed.

use super::client::Client;
use super::partial_session::PartialSession;
use super::sent_code::{self, SentCode};
use super::sign_in::{CompleteProfile, NewUser, SignIn};
use crate::challenge::{
    ActiveChallenge, ResendTimer, SoleRecipient, StepError, check_code, sent_code_methods,
};
use crate::contact::Contact;
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::secret::Secret;

/// A code was sent to the user's mobile or mailbox.
///
/// Only the newest code is valid: with each resend the server forgets the ones before. The state is
/// kept in the client's store, with its cookies; see [`challenge`](crate::challenge).
#[must_use = "the user is not signed in before `confirm`"]
pub struct PendingCode {
    client: Client,
    pub(super) challenge: ActiveChallenge<SentCode>,
}

opaque_debug!("fynd": PendingCode);

impl PendingCode {
    sent_code_methods!(|this| this.contact());

    pub(super) fn resumed(client: Client, challenge: ActiveChallenge<SentCode>) -> Self {
        Self { client, challenge }
    }

    /// The id by which [`Client::resume_challenge`] resumes the sign-in: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// The contact that the code was sent to.
    pub fn contact(&self) -> &Contact {
        &self.challenge.step.route.contact
    }

    /// The server's id of the newest message that this state knows of; messages to a mailbox have
    /// none.
    pub fn request_id(&self) -> Option<&str> {
        self.challenge.step.keys.request_id.as_deref()
    }

    /// When another message may be sent.
    pub fn resend_timer(&self) -> &ResendTimer {
        self.challenge.timer()
    }

    /// Sends another code; the former one becomes invalid, and the timer starts again.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001").application_token("test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001")?).email("asha@example.com");
    /// # let id = mock.add_user(asha.password("the password"));
    /// # let code = || mock.outbox().last_code("+919000000001").unwrap();
    /// # let mut pending = client.sign_in_with_phone_code(&"+919000000001".parse()?).send().await?;
    /// use vestibule::ErrorKind;
    ///
    /// let too_soon = pending.resend().await.unwrap_err();
    /// assert_eq!(too_soon.kind(), ErrorKind::RateLimited);
    /// # assert_eq!(mock.outbox().messages().len(), 1);
    /// # let wait = pending.resend_timer().remaining();
    /// # mock.clock().advance(wait + std::time::Duration::from_secs(1));
    /// // When the timer has run out:
    /// pending.resend().await?;
    /// let signed_in = pending.confirm(code()).await?;
    /// # assert!(signed_in.signed_in().is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/send` or
    /// `…/otp/email/send`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::RateLimited`] with the time to wait if the timer still runs,
    /// [`ErrorKind::StepRequired`] if a newer challenge for this contact has replaced this one,
    /// [`ErrorKind::Unauthenticated`] if it is finished or has expired, [`ErrorKind::Unavailable`] if the
    /// session store fails: nothing is sent in these cases. [`ErrorKind::InvalidResponse`] if the
    /// server returned no key for a resend: start the sign-in again. Otherwise as any call, see
    /// [`Error`].
    ///
    /// [`ErrorKind::RateLimited`]: crate::ErrorKind::RateLimited
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::Unauthenticated`]: crate::ErrorKind::Unauthenticated
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn resend(&mut self) -> Result<(), Error> {
        sent_code::resend(&self.client, &mut self.challenge).await
    }

    /// Confirms the code. It is never sent twice. A profile to complete continues under
    /// the same [`id`](Self::id).
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/verify` or
    /// `…/otp/email/verify`.
    ///
    /// # Errors
    ///
    /// The error returns the state. Nothing was sent with [`ErrorKind::InvalidInput`] (it
    /// does not look like a code), [`ErrorKind::StepRequired`] (five codes were wrong, or a newer
    /// challenge has replaced this one) and [`ErrorKind::Unauthenticated`] (it is finished or has
    /// expired). [`ErrorKind::Rejected`]: it is wrong, used or not the newest.
    /// [`ErrorKind::InvalidResponse`]: the server accepted it and returned no cookie.
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::Unauthenticated`]: crate::ErrorKind::Unauthenticated
    /// [`ErrorKind::Rejected`]: crate::ErrorKind::Rejected
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn confirm(mut self, code: impl Into<Secret>) -> Result<SignIn, StepError<Self>> {
        match self.try_code(code.into()).await {
            Ok(None) => {
                let operation = match self.contact() {
                    Contact::Phone(_) => "verify_mobile_otp",
                    Contact::Email(_) => "verify_email_otp",
                };
                let cookies = &self.challenge.step.cookies;
                let signed_in = SignIn::finish(&self.client, &self.challenge, cookies, operation);
                let signed_in = signed_in.await;
                signed_in.map_err(|error| StepError::new(self, error))
            }
            Ok(Some(register_token)) => {
                let step = &self.challenge.step;
                let (platform, cookies) = (step.route.platform.clone(), step.cookies.clone());
                let new_user = NewUser::new(platform, cookies, register_token);
                let challenge = self.challenge.advance(new_user).await;
                let profile = CompleteProfile::resumed(self.client, challenge);
                Ok(SignIn::ProfileRequired(profile))
            }
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    /// The token of a registration; `None` for an existing user.
    async fn try_code(&mut self, code: Secret) -> Result<Option<Secret>, Error> {
        let code = check_code(System::Fynd, &code)?;
        let client = &self.client;
        let send = async |step: &mut SentCode| {
            let partial = PartialSession::new(client, &step.cookies);
            let verified = step.route.verify(&partial, &step.keys, None, code).await;
            step.cookies = partial.cookies();
            verified
        };
        let user = self.challenge.try_code(SoleRecipient, send).await?;
        Ok(user.registration(self.challenge.step.register_token.as_ref()))
    }
}
