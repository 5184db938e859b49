//! Verifying the phone number of a signed-in user.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::session::Session;
use super::user_api::types;
use crate::challenge::{
    ActiveChallenge, CODE_TIME_TO_LIVE, FirstMessage, OwnerBound, ResendTimer, SoleRecipient, Step,
    StepError, check_code, sent_code_methods,
};
use crate::error::{Error, System};
use crate::opaque_debug::opaque_debug;
use crate::phone::Phone;
use crate::secret::Secret;
use crate::session::{Caller, run_exchange};
use crate::skewed_clock::SkewedClock;

/// The number to verify.
#[derive(Clone, Serialize, Deserialize)]
struct Number {
    phone: Phone,
}

impl Step for Number {
    const KIND: &'static str = "phone_verification";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        CODE_TIME_TO_LIVE
    }
}

/// A verification code was sent to the phone number of the profile.
///
/// The state is kept in the client's store, for this session only. The code is only used to verify
/// the number: a sign-in is a [`PendingCode`](super::PendingCode), whose code is never sent here.
#[must_use = "the number is not verified before `confirm`"]
pub struct PhoneVerification {
    session: Session,
    challenge: ActiveChallenge<OwnerBound<Number>>,
}

opaque_debug!("wunder": PhoneVerification);

impl Session {
    /// Reads the profile, and sends a code by SMS to its phone number. Retried only if the
    /// server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").phone("+43123456789"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// # let code = || mock.outbox().last_code("+43123456789").unwrap();
    /// let verification = session.verify_phone().await?;
    /// println!("a code went to {}", verification.phone().to_e164());
    /// let profile = verification.confirm(code()).await?;
    /// assert_eq!(profile.phone_is_verified, Some(true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/customers` and `POST /{tenant}/front/customers/verify/send`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `phone` if the profile
    /// has no number that is E.164, [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) before the
    /// client's [`resend_wait`](super::ClientBuilder::resend_wait) has passed,
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the session store fails: nothing is
    /// sent in these cases. Otherwise as any call, see [`Error`].
    pub async fn verify_phone(&self) -> Result<PhoneVerification, Error> {
        let phone = self.profile().await?.phone_number.unwrap_or_default();
        if phone.is_empty() {
            let error = Error::invalid("phone", "must be set on the profile first");
            return Err(error.of(System::Wunder));
        }
        let phone = Phone::parse(&phone).map_err(|error| error.of(System::Wunder))?;
        // Separate from the messages of a sign-in, whose challenge stays valid.
        let to = format!("verification {}", phone.e164());
        let step = OwnerBound::new(self.owner(), Number { phone });
        let wait = self.client().resend_wait();
        let first = FirstMessage::claim(self.context(), to, wait).await?;
        let send = async {
            send(self).await?;
            Ok((step, wait))
        };
        let challenge = first.send(send).await?;
        Ok(PhoneVerification {
            session: self.clone(),
            challenge,
        })
    }

    /// Resumes a verification of this session by its id, on any instance that shares the store;
    /// sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if this session has no such
    /// verification: start it again. [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the
    /// store fails.
    pub async fn resume_phone_verification(&self, id: &Secret) -> Result<PhoneVerification, Error> {
        let challenge = ActiveChallenge::resume_owned(&self.owner(), self.context(), id).await?;
        Ok(PhoneVerification {
            session: self.clone(),
            challenge,
        })
    }
}

impl PhoneVerification {
    sent_code_methods!(|this| this.phone());

    /// The id by which [`Session::resume_phone_verification`] resumes it: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// The number that the code was sent to.
    pub fn phone(&self) -> &Phone {
        &self.challenge.step.step.phone
    }

    /// When another message may be sent, by the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait).
    pub fn resend_timer(&self) -> &ResendTimer {
        self.challenge.timer()
    }

    /// Sends another code by SMS; the former one becomes invalid.
    ///
    /// # Errors
    ///
    /// As [`PendingCode::resend`](super::PendingCode::resend).
    pub async fn resend(&mut self) -> Result<(), Error> {
        let (session, wait) = (&self.session, self.session.client().resend_wait());
        let send = async |_: &OwnerBound<Number>| Ok((send(session).await?, wait));
        let resent = self.challenge.resend(SoleRecipient, wait, send, |_, ()| ());
        resent.await
    }

    /// Checks the code and reads the profile again. The code is never sent twice.
    ///
    /// Source: `POST /{tenant}/front/customers/verify/check/{code}` and
    /// `GET /{tenant}/front/customers`.
    ///
    /// # Errors
    ///
    /// The error returns the state: [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) means a wrong
    /// or used code. Nothing is sent with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) (it does not look like a code),
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (five codes were wrong, or a
    /// newer verification has replaced this one) and
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) (it is finished or has expired, or
    /// the session has ended). If the error's [`operation`](Error::operation) is `get_customer`,
    /// the number is verified and only the profile could not be read.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another code of this challenge is still being checked: then confirm the code again.
    pub async fn confirm(
        mut self,
        code: impl Into<Secret>,
    ) -> Result<types::Customer, StepError<Self>> {
        let (context, code) = (self.challenge.context(), code.into());
        let exchange = async move |_: Caller| {
            let tried = self.try_code(&code).await;
            tried.map_err(|error| StepError::new(self, error))
        };
        run_exchange(&context, exchange).await
    }

    async fn try_code(&mut self, code: &Secret) -> Result<types::Customer, Error> {
        let code = check_code(System::Wunder, code)?;
        let api = self.session.user_api();
        let send = async |_: &mut OwnerBound<Number>| {
            let call = api.check_phone_verification(code);
            call.send().await
        };
        self.challenge.try_code(SoleRecipient, send).await?;
        self.challenge.finish().await;
        self.session.profile().await
    }
}

async fn send(session: &Session) -> Result<(), Error> {
    let api = session.user_api();
    api.send_phone_verification().send().await?;
    Ok(())
}
