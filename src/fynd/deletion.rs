//! Deleting the account of a signed-in user: a reason, a code, and the end of the session.

use super::api::types;
use super::codes::Route;
use super::contact::{OwnContact, check_filled};
use super::platform::DeletionReason;
use super::sent_code::{self, DeletionRequest, Purpose, SentCode};
use super::session::Session;
use super::user_status;
use crate::challenge::{
    ActiveChallenge, Owner, ResendTimer, SoleRecipient, StepError, StoredChallenge, check_code,
    not_owner, sent_code_methods,
};
use crate::contact::Contact;
use crate::end_reason::EndReason;
use crate::error::{Error, ErrorKind, System};
use crate::opaque_debug::opaque_debug;
use crate::secret::Secret;
use crate::session::{Caller, run_exchange};

/// A deletion of an account, with its reason. Nothing was sent yet.
#[derive(Clone)]
#[must_use = "no code is sent before `send`"]
pub struct Deletion {
    session: Session,
    reason: DeletionReason,
    contact: Contact,
    words: Option<String>,
    captcha_code: Option<String>,
}

/// A code to confirm the deletion of an account was sent.
///
/// Only the newest code is valid. The state is kept in the client's store, without the session:
/// [`Session::resume_deletion`] resumes it.
#[must_use = "the user is not deleted before `confirm`"]
pub struct PendingDeletion {
    session: Session,
    challenge: ActiveChallenge<SentCode>,
}

opaque_debug!("fynd": Deletion, PendingDeletion);

impl Session {
    /// Starts deleting the account of this user, for a reason of
    /// [`Client::deletion_terms`](super::Client::deletion_terms); the user must have agreed to
    /// the terms. A deletion requires a reason and a code, which is sent to `contact`, a contact of the
    /// user.
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
    /// # let signed_in = client.sign_in_with_password("asha@example.com", "the password").await?;
    /// # let session = signed_in.signed_in().unwrap();
    /// # let code = || mock.outbox().last_code("+919000000001").unwrap();
    /// use vestibule::Phone;
    ///
    /// let terms = client.deletion_terms().await?;
    /// // The user has agreed to `terms.consent` and chosen a reason.
    /// let reason = terms.reasons.into_iter().next().expect("a reason");
    /// let phone = Phone::parse("+91 90000 00001")?;
    /// let deletion = session.request_deletion(reason, phone).explanation("I shop elsewhere");
    /// let pending = deletion.send().await?;
    /// pending.confirm(code()).await?;
    /// assert!(!client.user_exists("asha@example.com").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn request_deletion(
        &self,
        reason: DeletionReason,
        contact: impl Into<Contact>,
    ) -> Deletion {
        Deletion {
            session: self.clone(),
            reason,
            contact: contact.into(),
            words: None,
            captcha_code: None,
        }
    }

    /// Resumes a deletion of this session by its id, on any instance that shares the store; sends
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if this session has no such deletion: it is finished, has expired
    /// or is another session's. [`ErrorKind::StepRequired`] if it is not a deletion.
    /// [`ErrorKind::Unavailable`] if the store fails.
    pub async fn resume_deletion(&self, id: &Secret) -> Result<PendingDeletion, Error> {
        let found = StoredChallenge::load(self.context(), id).await?;
        let challenge = found.resume().await?;
        if deletion_request(&challenge.step)?.owner != self.owner() {
            return Err(not_owner().of(System::Fynd));
        }
        Ok(PendingDeletion {
            session: self.clone(),
            challenge,
        })
    }

    /// The owner of the challenges of this session.
    pub(super) fn owner(&self) -> Owner {
        Owner::session(self.context(), self.shared(), None)
    }
}

fn is_same(own: &OwnContact, contact: &Contact) -> bool {
    own.contact()
        .is_some_and(|own| own.destination() == contact.destination())
}

impl Deletion {
    /// The user's own explanation, which some reasons require. The default is the text of the
    /// reason.
    pub fn explanation(mut self, words: impl Into<String>) -> Self {
        self.words = Some(words.into());
        self
    }

    /// The solution of a captcha, which goes with a message to a mobile.
    pub fn captcha_code(mut self, code: impl Into<String>) -> Self {
        self.captcha_code = Some(code.into());
        self
    }

    /// Sends the code. It is retried only if the server certainly did not
    /// process it. Earlier challenges for this contact become invalid.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/send` or
    /// `…/otp/email/send`, after `GET …/session`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] naming `reason` (it needs words), `phone` or
    /// `email` (the profile does not have it), [`ErrorKind::Unauthenticated`] if the session has ended,
    /// [`ErrorKind::RateLimited`] while the timer of the last message to this contact runs,
    /// [`ErrorKind::Unavailable`] if the session store fails: no message is sent in these cases.
    /// Otherwise as any call, see [`Error`].
    pub async fn send(self) -> Result<PendingDeletion, Error> {
        let contact = self.contact;
        if self.reason.requires_text() {
            check_filled("reason", self.words.as_deref().unwrap_or_default())?;
        }
        let user = self.session.profile().await?;
        let user_id = user_status::id(&user).map(str::to_owned);
        let user_id = user_id.ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidResponse,
                "the response does not say who the user is",
            )
            .at(System::Fynd, "get_logged_in_user")
        })?;
        let mut own = super::contact::of_user(user).into_iter();
        if !own.any(|own| is_same(&own, &contact)) {
            let field = match contact {
                Contact::Phone(_) => "phone",
                Contact::Email(_) => "email",
            };
            return Err(Error::invalid(field, "must be a contact of the user").of(System::Fynd));
        }
        let request = DeletionRequest {
            owner: self.session.owner(),
            user_id,
            reason_id: self.reason.id,
            words: self.words.or(self.reason.text),
        };
        let purpose = Purpose::Deletion(request);
        let route = Route::to(contact, self.session.platform());
        let (session, captcha_code) = (&self.session, self.captcha_code.as_deref());
        let client = session.client();
        let challenge = sent_code::send(&client, Some(session), purpose, route, captcha_code);
        let challenge = challenge.await?;
        Ok(PendingDeletion {
            session: self.session,
            challenge,
        })
    }
}

fn deletion_request(step: &SentCode) -> Result<&DeletionRequest, Error> {
    match &step.purpose {
        Purpose::Deletion(request) => Ok(request),
        Purpose::SignIn | Purpose::PasswordReset => {
            let message = "the challenge is not a deletion: resume it by the client";
            Err(Error::new(ErrorKind::StepRequired, message).of(System::Fynd))
        }
    }
}

impl PendingDeletion {
    sent_code_methods!(|this| this.contact());

    /// The id by which [`Session::resume_deletion`] resumes it: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// The contact that the code was sent to.
    pub fn contact(&self) -> &Contact {
        &self.challenge.step.route.contact
    }

    /// When another message may be sent.
    pub fn resend_timer(&self) -> &ResendTimer {
        self.challenge.timer()
    }

    /// Sends another code; the former one becomes invalid, and the timer starts again.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/send` or
    /// `…/otp/email/send`.
    ///
    /// # Errors
    ///
    /// As [`PendingCode::resend`](super::PendingCode::resend).
    pub async fn resend(&mut self) -> Result<(), Error> {
        let session = &self.session;
        sent_code::resend(&session.client(), Some(session), &mut self.challenge, None).await
    }

    /// Deletes the account and ends the session, here and in the store. The code is never sent
    /// twice.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/delete`.
    ///
    /// # Errors
    ///
    /// The error returns the state. Nothing was sent with [`ErrorKind::InvalidInput`] (it
    /// does not look like a code), [`ErrorKind::StepRequired`] (five codes were wrong, or a newer
    /// challenge has replaced this one) and [`ErrorKind::Unauthenticated`] (it is finished or has
    /// expired, or the session has ended). [`ErrorKind::Rejected`]: the code is wrong, used or not
    /// the newest.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another code of this challenge is still being checked: then confirm the code again.
    pub async fn confirm(self, code: impl Into<Secret>) -> Result<(), StepError<Self>> {
        let (context, code) = (self.challenge.context(), code.into());
        let exchange = async move |_: Caller| self.confirm_for(code).await;
        run_exchange(&context, exchange).await
    }

    async fn confirm_for(mut self, code: Secret) -> Result<(), StepError<Self>> {
        match self.try_code(code).await {
            Ok(()) => {
                self.challenge.finish().await;
                let closed = self.session.shared().close(EndReason::UserDeleted).await;
                if let Err(error) = closed {
                    tracing::warn!(%error, "the session of a deleted user is still stored");
                }
                Ok(())
            }
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn try_code(&mut self, code: Secret) -> Result<(), Error> {
        let code = check_code(System::Fynd, &code)?;
        let api = self.session.api();
        let send = async |step: &mut SentCode| {
            let request = deletion_request(step)?.clone();
            let body = types::DeleteApplicationUserRequestSchema::builder()
                .user_id(request.user_id)
                .reason_id(request.reason_id)
                .reason(request.words)
                .request_id(step.keys.request_id.clone())
                .otp(code);
            api.delete_user().body(body).send().await
        };
        self.challenge.try_code(SoleRecipient, send).await?;
        Ok(())
    }
}
