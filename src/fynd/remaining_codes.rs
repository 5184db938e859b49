//! The codes that a new user must confirm still.

use super::client::Client;
use super::codes::Purpose;
use super::contact::Contact;
use super::keys::{Keys, RESEND_AFTER};
use super::opaque::opaque;
use super::profile::{CompleteProfile, NewUser};
use super::sign_in::{SignIn, Verdict};
use super::unfinished::{Unfinished, finish};
use super::waiting::{Codes, Kind};
use crate::challenge::{ActiveChallenge, ResendTimer, StepError, check_code};
use crate::error::{Error, System};
use crate::secret::Secret;
use crate::session::CookieJar;

/// Codes were sent to the contacts of a new user, who is signed in when each is confirmed, in any
/// order.
///
/// Only the newest code of each contact counts. The state is kept in the client's store, with its
/// cookies; see [`challenge`](crate::challenge). The user has an hour from the newest message, and
/// five wrong codes after each.
#[must_use = "there is no user before each code is confirmed"]
pub struct RemainingCodes {
    client: Client,
    open: ActiveChallenge<Codes>,
}

opaque!(RemainingCodes);

impl RemainingCodes {
    pub(super) fn resumed(client: Client, open: ActiveChallenge<Codes>) -> Self {
        Self { client, open }
    }

    /// The id under which [`Client::challenge`] takes the registration up: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// The mobile whose code remains to be confirmed, if one does.
    pub fn mobile(&self) -> Option<&Contact> {
        let found = self.open.step.find(Kind::Mobile);
        found.ok().map(|waiting| &waiting.contact)
    }

    /// The e-mail address whose code remains to be confirmed, if one does.
    pub fn email(&self) -> Option<&Contact> {
        let found = self.open.step.find(Kind::Email);
        found.ok().map(|waiting| &waiting.contact)
    }

    /// When the mobile may get another message; nothing if its code does not remain.
    pub fn mobile_timer(&self) -> Option<ResendTimer> {
        self.timer(Kind::Mobile)
    }

    /// When the mailbox may get another message; nothing if its code does not remain.
    pub fn email_timer(&self) -> Option<ResendTimer> {
        self.timer(Kind::Email)
    }

    fn timer(&self, kind: Kind) -> Option<ResendTimer> {
        let line = self.open.step.line(kind).ok()?;
        Some(self.open.line_timer(&line))
    }

    /// Sends another code to the mobile; the former one is void, and its timer starts again.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/send`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StepRequired`] if no code of a mobile remains, or a newer challenge for it has
    /// replaced this one; [`ErrorKind::SlowDown`] with the time to wait if its timer still runs,
    /// [`ErrorKind::SignInAgain`] if the challenge is finished or has expired,
    /// [`ErrorKind::TryLater`] if the session store fails: nothing is sent in these cases. Else as
    /// any call, see [`Error`].
    ///
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::SlowDown`]: crate::ErrorKind::SlowDown
    /// [`ErrorKind::SignInAgain`]: crate::ErrorKind::SignInAgain
    /// [`ErrorKind::TryLater`]: crate::ErrorKind::TryLater
    pub async fn resend_to_mobile(&mut self) -> Result<(), Error> {
        self.resend(Kind::Mobile).await
    }

    /// Sends another code by e-mail; the former one is void, and its timer starts again.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/email/send`.
    ///
    /// # Errors
    ///
    /// As [`resend_to_mobile`](Self::resend_to_mobile).
    pub async fn resend_by_email(&mut self) -> Result<(), Error> {
        self.resend(Kind::Email).await
    }

    async fn resend(&mut self, kind: Kind) -> Result<(), Error> {
        let wait = self.open.step.find(kind).map(|found| found.keys.wait());
        let wait = wait.unwrap_or(RESEND_AFTER);
        let claim = self.open.claim_again(|step| step.line(kind), wait).await?;
        let before = self.open.step.cookies.clone();
        match self.send_again(kind).await {
            Ok((keys, cookies)) => {
                let line = claim.sent(keys.wait()).await;
                let change = |step: &mut Codes| {
                    let mut waiting = step.waiting.iter_mut();
                    if let Some(found) = waiting.find(|waiting| kind.has(&waiting.contact)) {
                        found.keys = keys.clone();
                        found.line = line.clone();
                    }
                    step.cookies = step.cookies.clone().with_changes(&before, &cookies);
                };
                self.open.edit(true, change).await;
                Ok(())
            }
            Err(error) => {
                claim.failed(&error).await;
                Err(error)
            }
        }
    }

    async fn send_again(&self, kind: Kind) -> Result<(Keys, CookieJar), Error> {
        let step = &self.open.step;
        let waiting = step.find(kind)?;
        let route = step.route(&waiting.contact);
        let operation = route.sending(Purpose::SignIn);
        let token = waiting.keys.resend_token(operation)?.clone();
        let (cookies, register_token) = (Some(&step.cookies), step.register_token.as_ref());
        let sent = route.send(
            &self.client,
            Purpose::SignIn,
            cookies,
            Some(token),
            register_token,
        );
        let sent = sent.await?;
        Ok((sent.keys, sent.cookies))
    }

    /// Confirms the code that came to the mobile. It is sent once, whatever happens. When none
    /// remains, the user is signed in; else the state comes back with those that do, under the same
    /// [`id`](Self::id).
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/verify`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error. Nothing was sent with [`ErrorKind::InvalidInput`] (it
    /// does not look like a code), [`ErrorKind::StepRequired`] (no such code remains, five codes
    /// were wrong, or a newer challenge has replaced this one) and [`ErrorKind::SignInAgain`] (it is
    /// finished or has expired). [`ErrorKind::Refused`]: it is wrong, used or not the newest.
    /// [`ErrorKind::Undecodable`]: the server agreed and gave no cookie.
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::SignInAgain`]: crate::ErrorKind::SignInAgain
    /// [`ErrorKind::Refused`]: crate::ErrorKind::Refused
    /// [`ErrorKind::Undecodable`]: crate::ErrorKind::Undecodable
    pub async fn confirm_mobile(self, code: impl Into<Secret>) -> Result<SignIn, StepError<Self>> {
        self.confirm(Kind::Mobile, code.into()).await
    }

    /// Confirms the code that came by e-mail, as [`confirm_mobile`](Self::confirm_mobile) does.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/email/verify`.
    ///
    /// # Errors
    ///
    /// As [`confirm_mobile`](Self::confirm_mobile).
    pub async fn confirm_email(self, code: impl Into<Secret>) -> Result<SignIn, StepError<Self>> {
        self.confirm(Kind::Email, code.into()).await
    }

    async fn confirm(mut self, kind: Kind, code: Secret) -> Result<SignIn, StepError<Self>> {
        match self.try_code(kind, code).await {
            Ok(true) => Ok(SignIn::CodesRequired(self)),
            Ok(false) => self.end(kind).await,
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    /// Whether the registration goes on by further codes.
    async fn try_code(&mut self, kind: Kind, code: Secret) -> Result<bool, Error> {
        let code = check_code("code", &code).map_err(|error| error.of(System::Fynd))?;
        self.open.check_line(|step| step.line(kind)).await?;
        let code_attempt = self.open.begin_code_attempt().await?;
        let step = &self.open.step;
        let waiting = step.find(kind)?;
        let before = step.cookies.clone();
        let unfinished = Unfinished::new(&self.client, &before);
        let token = step.register_token.clone();
        let route = step.route(&waiting.contact);
        let answer = route.verify(&unfinished, &waiting.keys, token, code).await;
        let answer = self.open.settle(code_attempt, answer).await?;
        let cookies = unfinished.cookies();
        let verdict = Verdict {
            has_user: answer.has_user,
            user_exists: answer.user_exists,
            register_token: answer.register_token,
        };
        let token = verdict.registration(self.open.step.register_token.as_ref());
        let change = |step: &mut Codes| {
            step.waiting.retain(|waiting| !kind.has(&waiting.contact));
            step.cookies = step.cookies.clone().with_changes(&before, &cookies);
            step.register_token.clone_from(&token);
        };
        self.open.edit(false, change).await;
        Ok(token.is_some() && !self.open.step.waiting.is_empty())
    }

    /// No code remains, or the server has signed the user in without.
    async fn end(self, kind: Kind) -> Result<SignIn, StepError<Self>> {
        let step = &self.open.step;
        if let Some(register_token) = step.register_token.clone() {
            let (platform, cookies) = (step.platform.clone(), step.cookies.clone());
            let new_user = NewUser::new(platform, cookies, register_token);
            let open = self.open.go_on(new_user).await;
            let profile = CompleteProfile::resumed(self.client, open);
            return Ok(SignIn::ProfileRequired(profile));
        }
        let operation = match kind {
            Kind::Mobile => "verify_mobile_otp",
            Kind::Email => "verify_email_otp",
        };
        match finish(&self.client, &step.cookies, operation).await {
            Ok(session) => {
                self.open.finish().await;
                Ok(SignIn::SignedIn(session))
            }
            Err(error) => Err(StepError::new(self, error)),
        }
    }
}
