//! The result of a step of a sign-in, and the codes that a user may have to confirm.
//!
//! The result contains the steps, and each step returns a result again.

use std::time::Duration;

use super::client::Client;
use super::codes::{OtpKind, Sending, Sent};
use super::complete_profile::{CompleteProfile, NewUser, ProfileMessages};
use super::session::Session;
use super::unconfirmed_codes::{ContactKind, UnconfirmedCode, UnconfirmedCodes};
use super::user_status::{UserStatus, finish};
use crate::challenge::{
    ActiveChallenge, Change, FirstMessage, KeptClaim, ResendTimer, Step, StepError, Tried,
    check_code,
};
use crate::contact::Contact;
use crate::email::Email;
use crate::error::{Error, ErrorKind, System};
use crate::opaque_debug::opaque_debug;
use crate::phone::Phone;
use crate::secret::Secret;
use crate::session::{Caller, CookieJar, run_exchange};

/// The result of a step of a sign-in.
#[derive(Debug)]
#[must_use = "a user who has a next step is not signed in"]
pub enum SignIn {
    /// The user is signed in.
    SignedIn(Session),
    /// The user is signed in, and may still confirm codes that were sent to new contacts.
    SignedInWithCodes(Session, PendingCodes),
    /// The user is new: the profile must be completed first.
    ProfileRequired(CompleteProfile),
    /// Codes were sent that the user must confirm first.
    CodesRequired(PendingCodes),
}

impl SignIn {
    /// The session, if the user is signed in.
    pub fn signed_in(self) -> Option<Session> {
        match self {
            Self::SignedIn(session) | Self::SignedInWithCodes(session, _) => Some(session),
            Self::ProfileRequired(_) | Self::CodesRequired(_) => None,
        }
    }
}

/// The server waits for a code that it sent to an unknown contact.
pub(super) fn unknown_contact(operation: &'static str) -> Error {
    let message = "the server requires a confirmed contact that was not given: add it";
    Error::new(ErrorKind::StepRequired, message).at(System::Fynd, operation)
}

/// Codes were sent to contacts of a user, to be confirmed in any order. A new user is signed in when
/// all are; a user who is signed in already may leave them.
///
/// Only the newest code of each contact counts. The state is kept in the client's store, with its
/// cookies; see [`challenge`](crate::challenge). The user has an hour from the newest message, and
/// five wrong codes after each.
#[must_use = "the contacts are not confirmed before each code is"]
pub struct PendingCodes {
    client: Client,
    /// The session of a user who is signed in already.
    session: Option<Session>,
    challenge: ActiveChallenge<UnconfirmedCodes>,
}

opaque_debug!("fynd": PendingCodes);

impl PendingCodes {
    pub(super) fn resumed(
        client: Client,
        session: Option<Session>,
        challenge: ActiveChallenge<UnconfirmedCodes>,
    ) -> Self {
        Self {
            client,
            session,
            challenge,
        }
    }

    /// Starts with codes that were sent to new contacts of a signed-in user.
    pub(super) async fn begin(
        session: &Session,
        first: FirstMessage,
        codes: Vec<UnconfirmedCode>,
        messages: ProfileMessages,
    ) -> Self {
        let client = session.client();
        let step = UnconfirmedCodes {
            platform: session.platform(),
            cookies: CookieJar::new(client.calls.pipeline().base.url()),
            register_token: None,
            codes,
            messages,
            owner: Some(session.owner()),
        };
        let challenge = first.open(step, Duration::ZERO).await;
        Self::resumed(client, Some(session.clone()), challenge)
    }

    /// Continues `challenge` with codes that only `session` may confirm.
    pub(super) async fn of_session<S: Step>(
        session: &Session,
        challenge: ActiveChallenge<S>,
        codes: UnconfirmedCodes,
    ) -> Self {
        let codes = codes.owned_by(session);
        let challenge = challenge.advance(codes).await;
        Self::resumed(session.client(), Some(session.clone()), challenge)
    }

    /// The id by which [`Client::resume_challenge`] resumes the registration, or
    /// [`Session::resume_codes`] the codes of a user who is signed in: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// The server's id of the newest message to the mobile, if its code is not confirmed yet.
    pub fn request_id(&self) -> Option<&str> {
        let code = self.challenge.step.find(ContactKind::Mobile).ok()?;
        code.keys.request_id.as_deref()
    }

    /// The mobile, if its code is not confirmed yet.
    pub fn phone(&self) -> Option<&Phone> {
        match &self.challenge.step.find(ContactKind::Mobile).ok()?.contact {
            Contact::Phone(phone) => Some(phone),
            Contact::Email(_) => None,
        }
    }

    /// The e-mail address, if its code is not confirmed yet.
    pub fn email(&self) -> Option<&Email> {
        match &self.challenge.step.find(ContactKind::Email).ok()?.contact {
            Contact::Email(email) => Some(email),
            Contact::Phone(_) => None,
        }
    }

    /// When the mobile may get another message; `None` if its code is confirmed.
    pub fn phone_timer(&self) -> Option<ResendTimer> {
        self.timer(ContactKind::Mobile)
    }

    /// When the mailbox may get another message; `None` if its code is confirmed.
    pub fn email_timer(&self) -> Option<ResendTimer> {
        self.timer(ContactKind::Email)
    }

    fn timer(&self, kind: ContactKind) -> Option<ResendTimer> {
        let code = self.challenge.step.find(kind).ok()?;
        Some(self.challenge.timer_of(&code.limit))
    }

    /// Sends another code to the mobile; the former one becomes invalid, and its timer starts
    /// again.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/send`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StepRequired`] if no code of a mobile remains, or a newer challenge for it has
    /// replaced this one; [`ErrorKind::RateLimited`] with the time to wait if its timer still runs,
    /// [`ErrorKind::Unauthenticated`] if the challenge is finished or has expired,
    /// [`ErrorKind::Unavailable`] if the session store fails: nothing is sent in these cases.
    /// Otherwise as any call, see [`Error`].
    ///
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::RateLimited`]: crate::ErrorKind::RateLimited
    /// [`ErrorKind::Unauthenticated`]: crate::ErrorKind::Unauthenticated
    /// [`ErrorKind::Unavailable`]: crate::ErrorKind::Unavailable
    pub async fn resend_phone(&mut self) -> Result<(), Error> {
        self.resend(ContactKind::Mobile, None).await
    }

    /// Sends another code to the mobile, as [`resend_phone`](Self::resend_phone) does, with the solution
    /// of a captcha.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/send`.
    ///
    /// # Errors
    ///
    /// As [`resend_phone`](Self::resend_phone).
    pub async fn resend_phone_with_captcha(&mut self, code: &str) -> Result<(), Error> {
        self.resend(ContactKind::Mobile, Some(code)).await
    }

    /// Sends another code by e-mail; the former one becomes invalid, and its timer starts again.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/email/send`.
    ///
    /// # Errors
    ///
    /// As [`resend_phone`](Self::resend_phone).
    pub async fn resend_email(&mut self) -> Result<(), Error> {
        self.resend(ContactKind::Email, None).await
    }

    async fn resend(&mut self, kind: ContactKind, captcha_code: Option<&str>) -> Result<(), Error> {
        let (client, session) = (&self.client, self.session.as_ref());
        let wait = self.challenge.step.find(kind)?.keys.wait(client);
        let send = async |step: &UnconfirmedCodes| {
            let UnconfirmedCode { contact, keys, .. } = step.find(kind)?;
            let sending = Sending {
                register_token: step.register_token.as_ref(),
                captcha_code,
                ..Sending::default()
            };
            let calls = step.calls(client, session)?;
            let route = step.route(contact);
            let sent = route.resend(calls, OtpKind::SignIn, keys, sending).await?;
            let wait = sent.keys.wait(client);
            Ok(((sent, step.cookies.clone()), wait))
        };
        let store_keys = |step: &mut UnconfirmedCodes, (sent, before): &(Sent, CookieJar)| {
            let mut codes = step.codes.iter_mut();
            if let Some(code) = codes.find(|code| kind.matches(&code.contact)) {
                code.keys = sent.keys.clone();
            }
            step.cookies = step.cookies.clone().with_changes(before, &sent.cookies);
        };
        self.challenge.resend(kind, wait, send, store_keys).await
    }

    /// Confirms the code that was sent to the mobile. It is never sent twice. When none remains,
    /// the user is signed in; otherwise the state is returned with those that do, under the same
    /// [`id`](Self::id).
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/verify`.
    ///
    /// # Errors
    ///
    /// The error returns the state. Nothing was sent with [`ErrorKind::InvalidInput`] (it does not
    /// look like a code), [`ErrorKind::StepRequired`] (no such code remains, five codes were wrong,
    /// or a newer challenge has replaced this one) and [`ErrorKind::Unauthenticated`] (it is finished
    /// or has expired). [`ErrorKind::Rejected`]: it is wrong, used or not the newest.
    /// [`ErrorKind::InvalidResponse`]: the server accepted it and returned no cookie.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another code of this challenge is still being checked: then confirm the code again.
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::StepRequired`]: crate::ErrorKind::StepRequired
    /// [`ErrorKind::Unauthenticated`]: crate::ErrorKind::Unauthenticated
    /// [`ErrorKind::Rejected`]: crate::ErrorKind::Rejected
    /// [`ErrorKind::InvalidResponse`]: crate::ErrorKind::InvalidResponse
    pub async fn confirm_phone(self, code: impl Into<Secret>) -> Result<SignIn, StepError<Self>> {
        self.confirm_kind(ContactKind::Mobile, code.into()).await
    }

    /// Confirms the code that was sent by e-mail, as [`confirm_phone`](Self::confirm_phone) does.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/email/verify`.
    ///
    /// # Errors
    ///
    /// As [`confirm_phone`](Self::confirm_phone).
    pub async fn confirm_email(self, code: impl Into<Secret>) -> Result<SignIn, StepError<Self>> {
        self.confirm_kind(ContactKind::Email, code.into()).await
    }

    async fn confirm_kind(
        self,
        kind: ContactKind,
        code: Secret,
    ) -> Result<SignIn, StepError<Self>> {
        let context = self.challenge.context();
        let exchange = async move |caller: Caller| self.confirm_for(&caller, kind, code).await;
        run_exchange(&context, exchange).await
    }

    async fn confirm_for(
        mut self,
        caller: &Caller,
        kind: ContactKind,
        code: Secret,
    ) -> Result<SignIn, StepError<Self>> {
        let tried = match check_code(System::Fynd, &code) {
            Ok(code) => self
                .try_code(caller, kind, &code)
                .await
                .map(|it| (it, code)),
            Err(error) => Err(error),
        };
        let (user, cookies, code) = match tried {
            Ok((Tried::Response((user, cookies)), code)) => (user, cookies, code),
            Ok((Tried::Kept((session, claim)), _)) => {
                return self.claim(caller, kind, claim, session).await;
            }
            Err(error) => return Err(StepError::new(self, error)),
        };
        let remain = self.remain_without(kind);
        let before = self.challenge.step.cookies.clone();
        let (token, has_session) = (user.register_token.clone(), self.session.is_some());
        let confirm = |step: &mut UnconfirmedCodes| {
            step.codes.retain(|code| !kind.matches(&code.contact));
            if !has_session {
                step.cookies = step.cookies.clone().with_changes(&before, &cookies);
            }
            if let Some(token) = &token {
                step.register_token = Some(token.clone());
            }
        };
        if let Some(session) = self.session.clone() {
            self.challenge.update_step(None, confirm).await;
            if remain {
                return Ok(SignIn::SignedInWithCodes(session, self));
            }
            self.challenge.finish().await;
            return Ok(SignIn::SignedIn(session));
        }
        let is_signed_in = user.names_user && user.user_exists != Some(false);
        if remain && !is_signed_in {
            self.challenge.update_step(None, confirm).await;
            return Ok(SignIn::CodesRequired(self));
        }
        let former = self.challenge.step.register_token.as_ref();
        if let Some(token) = user.registration(former) {
            self.challenge.update_step(None, confirm).await;
            let step = &self.challenge.step;
            let (platform, cookies) = (step.platform.clone(), step.cookies.clone());
            let new_user = NewUser::new(platform, cookies, token, None);
            let challenge = self.challenge.advance(new_user).await;
            let profile = CompleteProfile::resumed(self.client, challenge);
            return Ok(SignIn::ProfileRequired(profile));
        }
        let mut confirmed = self.challenge.step.clone();
        confirm(&mut confirmed);
        let signed_in = finish(
            &self.client,
            user.names_user,
            &confirmed.cookies,
            kind.verification(),
        );
        let session = match signed_in.await {
            Ok(session) => session,
            Err(error) => {
                self.challenge.update_step(None, confirm).await;
                return Err(StepError::new(self, error));
            }
        };
        // The code stays in the record until the caller has the session, so that a resumed challenge does
        // not tell that one is kept.
        let owned = |step: &mut UnconfirmedCodes| {
            confirm(step);
            *step = step.clone().owned_by(&session);
        };
        let change: Option<Change<'_, _>> = if remain { Some(&owned) } else { None };
        self.challenge
            .grant(caller, kind, &code, &session, change)
            .await;
        Ok(self.signed_in(session, remain))
    }

    /// Whether other codes than that of this kind remain.
    fn remain_without(&self, kind: ContactKind) -> bool {
        let mut codes = self.challenge.step.codes.iter();
        codes.any(|code| !kind.matches(&code.contact))
    }

    /// The user is signed in, and may confirm the codes that `remain`.
    fn signed_in(mut self, session: Session, remain: bool) -> SignIn {
        if !remain {
            return SignIn::SignedIn(session);
        }
        self.session = Some(session.clone());
        SignIn::SignedInWithCodes(session, self)
    }

    async fn claim(
        mut self,
        caller: &Caller,
        kind: ContactKind,
        claim: KeptClaim,
        session: Session,
    ) -> Result<SignIn, StepError<Self>> {
        let owned = |step: &mut UnconfirmedCodes| {
            step.codes.retain(|code| !kind.matches(&code.contact));
            *step = step.clone().owned_by(&session);
        };
        let remain = self.remain_without(kind);
        let change: Option<Change<'_, _>> = if remain { Some(&owned) } else { None };
        let claimed = self
            .challenge
            .claim_session(caller, claim, &session, change);
        match claimed.await {
            Ok(()) => Ok(self.signed_in(session, remain)),
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    /// Confirms a code, and returns what the response says about the user, and its cookies.
    async fn try_code(
        &mut self,
        caller: &Caller,
        kind: ContactKind,
        code: &Secret,
    ) -> Result<Tried<(UserStatus, CookieJar), (Session, KeptClaim)>, Error> {
        let (client, session) = (&self.client, self.session.as_ref());
        let send = async |step: &mut UnconfirmedCodes| {
            let UnconfirmedCode { contact, keys, .. } = step.find(kind)?;
            let calls = step.calls(client, session)?;
            let token = step.register_token.clone();
            let route = step.route(contact);
            let user = route.verify(&calls, keys, token, code.clone()).await?;
            Ok((user, calls.cookies()))
        };
        let resume = async |id: &Secret| client.resume_session(id).await;
        self.challenge
            .try_code_to_claim(caller, kind, code, kind.verification(), resume, send)
            .await
    }
}
