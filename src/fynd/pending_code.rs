//! A code that was sent to sign in by, until it is confirmed.

use super::client::Client;
use super::contact::Contact;
use super::opaque::opaque;
use super::profile::{CompleteProfile, NewUser};
use super::sent_code::{self, SentCode};
use super::sign_in::{SignIn, Verdict};
use super::unfinished::{Unfinished, finish};
use crate::challenge::{ActiveChallenge, ResendTimer, StepError, check_code};
use crate::error::{Error, System};
use crate::secret::Secret;

/// A code is on its way to the user's mobile or mailbox.
///
/// Only the newest code counts: with each resend the server forgets the ones before. The state is
/// kept in the client's store, with its cookies; see [`challenge`](crate::challenge).
pub struct PendingCode {
    client: Client,
    pub(super) open: ActiveChallenge<SentCode>,
}

opaque!(PendingCode);

impl PendingCode {
    pub(super) fn resumed(client: Client, open: ActiveChallenge<SentCode>) -> Self {
        Self { client, open }
    }

    /// The id under which [`Client::challenge`] takes the sign-in up: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// Where the code went.
    pub fn contact(&self) -> &Contact {
        &self.open.step.route.contact
    }

    /// The id of the newest message that this state knows of, as the server counts it; messages
    /// to a mailbox have none.
    pub fn request_id(&self) -> Option<&str> {
        self.open.step.keys.request_id.as_deref()
    }

    /// When another message may be sent.
    pub fn resend_timer(&self) -> &ResendTimer {
        self.open.timer()
    }

    /// Sends another code; the former one is void, and the timer starts again.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # let asha = FyndUser::new("Asha").mobile("91", "9000000001").email("asha@example.com");
    /// # let id = mock.seed_user(asha.password("the password"));
    /// # let code = || mock.outbox().last_code("+919000000001").unwrap();
    /// # let mut pending = client.otp_sign_in("9000000001", "+91").send_code().await?;
    /// use vestibule::ErrorKind;
    ///
    /// let too_soon = pending.resend().await.unwrap_err();
    /// assert_eq!(too_soon.kind(), ErrorKind::SlowDown);
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
    /// [`ErrorKind::SlowDown`] with the time to wait if the timer still runs,
    /// [`ErrorKind::StepRequired`] if a newer challenge for this contact has replaced this one,
    /// [`ErrorKind::SignInAgain`] if it is finished or has expired, [`ErrorKind::TryLater`] if the
    /// session store fails: nothing is sent in these cases. [`ErrorKind::Undecodable`] if the
    /// server has given nothing to go on with: start the sign-in anew. Else as any call, see
    /// [`Error`].
    ///
    /// [`ErrorKind::SlowDown`]: crate::ErrorKind::SlowDown
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::SignInAgain`]: crate::ErrorKind::SignInAgain
    /// [`ErrorKind::TryLater`]: crate::ErrorKind::TryLater
    /// [`ErrorKind::Undecodable`]: crate::ErrorKind::Undecodable
    pub async fn resend(&mut self) -> Result<(), Error> {
        sent_code::resend(&self.client, &mut self.open).await
    }

    /// Confirms the code. It is sent once, whatever happens. A profile to complete goes on under
    /// the same [`id`](Self::id).
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/verify` or
    /// `…/otp/email/verify`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error. Nothing was sent with [`ErrorKind::InvalidInput`] (it
    /// does not look like a code), [`ErrorKind::StepRequired`] (five codes were wrong, or a newer
    /// challenge has replaced this one) and [`ErrorKind::SignInAgain`] (it is finished or has
    /// expired). [`ErrorKind::Refused`]: it is wrong, used or not the newest.
    /// [`ErrorKind::Undecodable`]: the server agreed and gave no cookie.
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::SignInAgain`]: crate::ErrorKind::SignInAgain
    /// [`ErrorKind::Refused`]: crate::ErrorKind::Refused
    /// [`ErrorKind::Undecodable`]: crate::ErrorKind::Undecodable
    pub async fn confirm(mut self, code: impl Into<Secret>) -> Result<SignIn, StepError<Self>> {
        match self.try_code(code.into()).await {
            Ok(None) => {
                let operation = match self.contact() {
                    Contact::Mobile { .. } => "verify_mobile_otp",
                    Contact::Email(_) => "verify_email_otp",
                };
                match finish(&self.client, &self.open.step.cookies, operation).await {
                    Ok(session) => {
                        self.open.finish().await;
                        Ok(SignIn::SignedIn(session))
                    }
                    Err(error) => Err(StepError::new(self, error)),
                }
            }
            Ok(Some(register_token)) => {
                let step = &self.open.step;
                let (platform, cookies) = (step.route.platform.clone(), step.cookies.clone());
                let new_user = NewUser::new(platform, cookies, register_token);
                let open = self.open.go_on(new_user).await;
                let profile = CompleteProfile::resumed(self.client, open);
                Ok(SignIn::ProfileRequired(profile))
            }
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    /// The token of a registration, or nothing for a user.
    async fn try_code(&mut self, code: Secret) -> Result<Option<Secret>, Error> {
        let code = check_code("code", &code).map_err(|error| error.of(System::Fynd))?;
        let code_attempt = self.open.begin_code_attempt().await?;
        let step = &self.open.step;
        let unfinished = Unfinished::new(&self.client, &step.cookies);
        let answer = step.route.verify(&unfinished, &step.keys, None, code).await;
        self.open.step.cookies = unfinished.cookies();
        let answer = self.open.settle(code_attempt, answer).await?;
        let verdict = Verdict {
            has_user: answer.has_user,
            user_exists: answer.user_exists,
            register_token: answer.register_token,
        };
        Ok(verdict.registration(self.open.step.register_token.as_ref()))
    }
}
