//! A code that was sent for a sign-in, until it is confirmed.

use super::client::Client;
use super::codes::{OtpKind, Route, Sending, Sent};
use super::complete_profile::{CompleteProfile, NewUser};
use super::partial_session::PartialSession;
use super::sent_code::{self, SentCode};
use super::session::Session;
use super::sign_in::SignIn;
use super::user_status::finish;
use crate::challenge::{
    ActiveChallenge, MessageLimit, Recipient, ResendTimer, SoleRecipient, StepError, Tried,
    check_code, sent_code_methods,
};
use crate::contact::Contact;
use crate::error::{Error, ErrorKind, System};
use crate::opaque_debug::opaque_debug;
use crate::secret::Secret;
use crate::session::{Caller, run_exchange};

/// A code was sent to the user's mobile or mailbox.
///
/// The newest keys of the server are used: whether it forgets the ones before with each resend is not
/// published. The state is kept in the client's store, with its cookies; see
/// [`challenge`](crate::challenge).
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

    /// Whether a user with this contact is registered, if the server said so. Do not show it to an
    /// anonymous visitor: it tells who has an account.
    pub fn user_exists(&self) -> Option<bool> {
        self.challenge.step.announced.user_exists
    }

    /// Whether the sales channel requires a confirmed mobile of a new user, if the server said so.
    pub fn requires_phone_code(&self) -> Option<bool> {
        self.challenge.step.announced.verify_mobile
    }

    /// Whether the sales channel requires a confirmed mailbox of a new user, if the server said so.
    pub fn requires_email_code(&self) -> Option<bool> {
        self.challenge.step.announced.verify_email
    }

    /// The mailbox that the server named beside the mobile, in its own text: personal data of the user
    /// of this number. [`resend_email`](Self::resend_email) sends a code to it.
    pub fn announced_email(&self) -> Option<&str> {
        self.challenge.step.announced.email.as_deref()
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
        sent_code::resend(&self.client, None, &mut self.challenge, None).await
    }

    /// Sends another code to the mobile, as [`resend`](Self::resend) does, with the solution of a
    /// captcha: for a sales channel whose [`platform_config`](Client::platform_config) does not skip it.
    /// A mailbox needs none.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/send`.
    ///
    /// # Errors
    ///
    /// As [`resend`](Self::resend).
    pub async fn resend_with_captcha(&mut self, code: &str) -> Result<(), Error> {
        sent_code::resend(&self.client, None, &mut self.challenge, Some(code)).await
    }

    /// Sends a code to the mailbox that the server named,
    /// [`announced_email`](Self::announced_email). The [timer](Self::resend_timer) of this challenge
    /// applies, and starts again; so does that of the mailbox, which others may have started. Confirm it by
    /// [`confirm_email`](Self::confirm_email).
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/email/send`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StepRequired`] if the server named no mailbox; nothing is sent then. Otherwise as
    /// [`resend`](Self::resend).
    ///
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    pub async fn resend_email(&mut self) -> Result<(), Error> {
        let client = &self.client;
        let wait = self.challenge.step.keys.wait(client);
        let mailbox = email_route(&self.challenge.step)?.contact.destination();
        let requester = self.challenge.requester();
        let permit = requester.claim(mailbox, None, wait).await?;
        let send = async |step: &SentCode| {
            let route = email_route(step)?;
            let sending = Sending {
                token: step.announced.email_token.as_ref(),
                register_token: step.token_of_email(),
                captcha_code: None,
            };
            let partial = PartialSession::new(client, &step.cookies);
            let sent = route.send(partial, OtpKind::SignIn, sending);
            Ok((sent.await?, wait))
        };
        let store_keys = |step: &mut SentCode, sent: &Sent| {
            step.cookies = sent.cookies.clone();
            if let Ok(token) = sent.keys.resend_token("send_otp_on_email") {
                step.announced.email_token = Some(token.clone());
            }
        };
        let resent = self
            .challenge
            .resend(AnnouncedMailbox, wait, send, store_keys);
        match resent.await {
            Ok(()) => {
                let _: MessageLimit = permit.sent_to_one(wait).await;
                Ok(())
            }
            Err(error) => Err(permit.failed(error).await),
        }
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
    /// [`ErrorKind::InvalidResponse`]: the server accepted it, and named no user or returned no cookie.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another code of this challenge is still being checked: then confirm the code again.
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::Unauthenticated`]: crate::ErrorKind::Unauthenticated
    /// [`ErrorKind::Rejected`]: crate::ErrorKind::Rejected
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn confirm(self, code: impl Into<Secret>) -> Result<SignIn, StepError<Self>> {
        let route = self.challenge.step.route.clone();
        self.confirm_by(SoleRecipient, route, code.into()).await
    }

    /// Confirms the code that was sent to [`announced_email`](Self::announced_email), as
    /// [`confirm`](Self::confirm) does with that of the mobile.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/email/verify`.
    ///
    /// # Errors
    ///
    /// As [`confirm`](Self::confirm); [`ErrorKind::StepRequired`] also if the server named no mailbox.
    pub async fn confirm_email(self, code: impl Into<Secret>) -> Result<SignIn, StepError<Self>> {
        match email_route(&self.challenge.step) {
            Ok(route) => self.confirm_by(AnnouncedMailbox, route, code.into()).await,
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn confirm_by(
        self,
        recipient: impl Recipient<SentCode> + 'static,
        route: Route,
        code: Secret,
    ) -> Result<SignIn, StepError<Self>> {
        let context = self.challenge.context();
        let exchange = async move |caller: Caller| {
            let confirmed = self.confirm_for(&caller, recipient, route, code);
            confirmed.await
        };
        run_exchange(&context, exchange).await
    }

    async fn confirm_for(
        mut self,
        caller: &Caller,
        recipient: impl Recipient<SentCode>,
        route: Route,
        code: Secret,
    ) -> Result<SignIn, StepError<Self>> {
        match self.try_code(caller, recipient, &route, code).await {
            Ok(Confirmed::SignedIn(session)) => Ok(SignIn::SignedIn(session)),
            Ok(Confirmed::Registers(token)) => {
                let cookies = self.challenge.step.cookies.clone();
                let (platform, contact) = (route.platform, Some(route.contact));
                let new_user = NewUser::new(platform, cookies, token, contact);
                let challenge = self.challenge.advance(new_user).await;
                let profile = CompleteProfile::resumed(self.client, challenge);
                Ok(SignIn::ProfileRequired(profile))
            }
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn try_code(
        &mut self,
        caller: &Caller,
        recipient: impl Recipient<SentCode>,
        route: &Route,
        code: Secret,
    ) -> Result<Confirmed, Error> {
        let code = check_code(System::Fynd, &code)?;
        let (client, sent) = (&self.client, code.clone());
        let send = async |step: &mut SentCode| {
            let partial = PartialSession::new(client, &step.cookies);
            let token = match &route.contact {
                Contact::Phone(_) => route.register_token.clone(),
                Contact::Email(_) => step.token_of_email().cloned(),
            };
            let verified = route.verify(&partial, &step.keys, token, sent).await;
            step.cookies = partial.cookies();
            verified
        };
        let operation = match route.contact {
            Contact::Phone(_) => "verify_mobile_otp",
            Contact::Email(_) => "verify_email_otp",
        };
        let resume = async |id: &Secret| client.resume_session(id).await;
        let tried = self
            .challenge
            .try_sign_in_code(caller, recipient, &code, operation, resume, send);
        let user = match tried.await? {
            Tried::Response(user) => user,
            Tried::Kept(session) => return Ok(Confirmed::SignedIn(session)),
        };
        let step = &self.challenge.step;
        if let Some(token) = user.registration(step.register_token.as_ref()) {
            return Ok(Confirmed::Registers(token));
        }
        let signed_in = finish(client, user.names_user, &step.cookies, operation);
        let session = signed_in.await?;
        self.challenge
            .grant(caller, recipient, &code, &session, None)
            .await;
        Ok(Confirmed::SignedIn(session))
    }
}

/// What a correct code leads to.
enum Confirmed {
    SignedIn(Session),
    /// The user is new: this is the token of the registration.
    Registers(Secret),
}

/// The mailbox that the server named: its code is another than that of the contact.
#[derive(Clone, Copy)]
struct AnnouncedMailbox;

impl Recipient<SentCode> for AnnouncedMailbox {
    fn limit<'a>(&self, _: &'a mut SentCode) -> Result<Option<&'a mut MessageLimit>, Error> {
        Ok(None)
    }

    fn code(&self) -> &'static str {
        "email"
    }
}

/// The route to the mailbox that the server named.
fn email_route(step: &SentCode) -> Result<Route, Error> {
    let named = step.announced.email.as_deref();
    let named = named.and_then(|email| Contact::email(email).ok());
    let contact = named.ok_or_else(|| {
        let message = "the server named no mailbox for a code";
        Error::new(ErrorKind::StepRequired, message).of(System::Fynd)
    })?;
    Ok(Route {
        contact,
        ..step.route.clone()
    })
}
