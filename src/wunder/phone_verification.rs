//! Verifying the phone number of a user who is signed in.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::contact::check_phone;
use super::session::Session;
use super::user_api::types;
use crate::challenge::{
    ActiveChallenge, CODE_TIME_TO_LIVE, OwnerBound, ResendTimer, Step, StepError,
};
use crate::error::{Error, System};
use crate::secret::Secret;
use crate::skewed_clock::SkewedClock;

/// The number that is to be verified.
#[derive(Clone, Serialize, Deserialize)]
struct Number {
    phone: String,
}

impl Step for Number {
    const KIND: &'static str = "phone_verification";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        CODE_TIME_TO_LIVE
    }
}

/// A verification code is on its way to the phone number on the profile.
///
/// It is kept in the client's store, for this session alone. Its code verifies the number and does
/// nothing else: signing in is a [`PendingCode`](super::PendingCode), whose code is never sent
/// here.
pub struct PhoneVerification {
    session: Session,
    open: ActiveChallenge<OwnerBound<Number>>,
}

impl fmt::Debug for PhoneVerification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wunder::PhoneVerification")
    }
}

impl Session {
    /// Reads the profile, and sends a code by SMS to the phone number on it. Repeated only if the
    /// server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").phone("+43123456789"));
    /// # let sign_in = client.password_sign_in("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// # let code = || mock.outbox().last_code("+43123456789").unwrap();
    /// let verification = session.verify_phone().await?;
    /// println!("a code went to {}", verification.phone());
    /// let profile = verification.check(code()).await?;
    /// assert_eq!(profile.phone_is_verified, Some(true));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `GET /{tenant}/front/customers` and `POST /{tenant}/front/customers/verify/send`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `phone` if the profile has
    /// no number that is E.164, [`ErrorKind::SlowDown`](crate::ErrorKind::SlowDown) before the
    /// client's [`resend_wait`](super::ClientBuilder::resend_wait) has passed,
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the session store fails: nothing is
    /// sent in these cases. Else as any call, see [`Error`].
    pub async fn verify_phone(&self) -> Result<PhoneVerification, Error> {
        let phone = self.profile().await?.phone_number.unwrap_or_default();
        if phone.is_empty() {
            let error = Error::invalid("phone", "must stand on the profile first");
            return Err(error.of(System::Wunder));
        }
        check_phone(&phone)?;
        let context = &self.client.context;
        // Apart from the messages of a sign-in, whose challenge stays good.
        let to = format!("verification {phone}");
        let step = OwnerBound::new(self.owner(), Number { phone });
        let session = self.clone();
        let send = |_| send(session);
        let open =
            ActiveChallenge::by_message(context, to, self.client.resend_wait, step, send).await?;
        Ok(PhoneVerification {
            session: self.clone(),
            open,
        })
    }

    /// Takes up a verification of this session by its id, on any instance that shares the store;
    /// sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if this session has no such
    /// verification: start it anew. [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store
    /// fails.
    pub async fn phone_verification(&self, id: &Secret) -> Result<PhoneVerification, Error> {
        let open = ActiveChallenge::owned_by(&self.owner(), &self.client.context, id).await?;
        Ok(PhoneVerification {
            session: self.clone(),
            open,
        })
    }
}

impl PhoneVerification {
    /// The id under which [`Session::phone_verification`] takes it up: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// The number that the code went to.
    pub fn phone(&self) -> &str {
        &self.open.step.step.phone
    }

    /// When another message may be sent, by the client's
    /// [`resend_wait`](super::ClientBuilder::resend_wait).
    pub fn resend_timer(&self) -> &ResendTimer {
        self.open.timer()
    }

    /// Sends another code by SMS; the former one is void.
    ///
    /// # Errors
    ///
    /// As [`PendingCode::resend`](super::PendingCode::resend).
    pub async fn resend(&mut self) -> Result<(), Error> {
        let session = self.session.clone();
        let wait = self.session.client.resend_wait;
        self.open.send_again(wait, |_| send(session)).await
    }

    /// Checks the code and reads the profile again. The code is sent once, whatever happens.
    ///
    /// Source: `POST /{tenant}/front/customers/verify/check/{code}` and
    /// `GET /{tenant}/front/customers`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error: [`ErrorKind::Refused`](crate::ErrorKind::Refused) means
    /// a wrong or used code. Nothing is sent with
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) (it does not look like a code),
    /// [`ErrorKind::StepRequired`](crate::ErrorKind::StepRequired) (five codes were wrong, or a
    /// newer verification has replaced this one) and
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) (it is finished or has expired, or
    /// the session has ended). If the error's [`operation`](Error::operation) is `get_customer`, the
    /// number is verified and only the profile could not be read.
    pub async fn check(
        mut self,
        code: impl Into<Secret>,
    ) -> Result<types::Customer, StepError<Self>> {
        match self.try_code(&code.into()).await {
            Ok(profile) => Ok(profile),
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn try_code(&mut self, code: &Secret) -> Result<types::Customer, Error> {
        let session = self.session.clone();
        self.open
            .try_code(code, |_, code| check(session, code))
            .await?;
        self.open.finish().await;
        self.session.profile().await
    }
}

async fn send(session: Session) -> Result<(), Error> {
    let api = session.user_api();
    api.send_phone_verification().send().await?;
    Ok(())
}

async fn check(session: Session, code: Secret) -> Result<(), Error> {
    let api = session.user_api();
    api.check_phone_verification(code).send().await?;
    Ok(())
}
