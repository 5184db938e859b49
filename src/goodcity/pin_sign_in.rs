//! Signing in by pin: the newest key, the wait between two messages, the exchange for a token.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::api::types;
use super::client::Client;
use super::session::Session;
use crate::challenge::{
    ActiveChallenge, CODE_TIME_TO_LIVE, FirstMessage, Outcome, ResendTimer, Step, StepError,
    StoredChallenge,
};
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::Tokens;
use crate::skewed_clock::SkewedClock;

/// The wait of GoodCity's own clients between two messages.
const RESEND_WAIT: Duration = Duration::from_secs(60);

/// A pin was asked for. If the number has an account, it is on its way to the user's phone.
///
/// The state keeps the newest key, which is the only one that the server accepts. It cannot be
/// cloned, so that no copy holds on to an old key, and asks the client's store for a newer one
/// before it sends a key; see [`challenge`](crate::challenge).
pub struct PendingPin {
    client: Client,
    pub(super) open: ActiveChallenge<PinRequest>,
}

/// What the store keeps.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PinRequest {
    mobile: String,
    /// The newest key that is known; none after the server has discarded it.
    key: Option<Secret>,
}

impl Step for PinRequest {
    const KIND: &'static str = "pin";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        CODE_TIME_TO_LIVE
    }
}

impl fmt::Debug for PendingPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("goodcity::PendingPin")
    }
}

/// A user who has just signed in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The session of the user.
    pub session: Session,
    /// The profile that came with the token, if one came. Later ones are to be had from
    /// [`Session::profile`].
    pub profile: Option<types::Profile>,
}

impl PendingPin {
    pub(super) async fn ask(client: &Client, mobile: String) -> Result<Self, Error> {
        client.mobile_rule.check(&mobile)?;
        let opening = Self::claim(client, &mobile).await?;
        let answer = send_pin(client, &mobile).await;
        Self::begin(client, mobile, opening, answer).await
    }

    /// The right to ask for the first pin.
    pub(super) async fn claim(client: &Client, mobile: &str) -> Result<FirstMessage, Error> {
        FirstMessage::claim(&client.context, mobile.to_owned(), RESEND_WAIT).await
    }

    /// The state after the first message.
    pub(super) async fn begin(
        client: &Client,
        mobile: String,
        opening: FirstMessage,
        answer: Result<types::OtpAuthKey, Error>,
    ) -> Result<Self, Error> {
        match answer.and_then(key_of) {
            Ok(key) => {
                let key = Some(key);
                let open = opening.open(PinRequest { mobile, key }, RESEND_WAIT).await;
                Ok(Self::resumed(client.clone(), open))
            }
            Err(error) => Err(opening.failed(error).await),
        }
    }

    pub(super) fn resumed(client: Client, open: ActiveChallenge<PinRequest>) -> Self {
        Self { client, open }
    }

    /// The id under which [`Client::challenge`] takes the sign-in up: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// The number that the pin was asked for, as it was given.
    pub fn mobile(&self) -> &str {
        &self.open.step.mobile
    }

    /// When another pin may be asked for.
    pub fn resend_timer(&self) -> &ResendTimer {
        self.open.timer()
    }

    /// Asks for another pin; the former one is void. Within 60 seconds of the last message it is
    /// refused here, as GoodCity's own clients do; the server has no limit.
    ///
    /// What a failure does to the former pin:
    ///
    /// - Status 401: the server has discarded it. [`confirm`](Self::confirm) is refused until a
    ///   `resend` works.
    /// - An answer that was not understood: the server has replaced it by a pin whose key is lost.
    ///   As above.
    /// - Any other refusal, or nothing sent: it is still good.
    /// - No answer, or a failure of the server: nobody knows. The former pin is kept, as it may
    ///   still be good; but if a new one arrives, its key is lost and it will be refused, so
    ///   `resend` once more. The same holds if this future is dropped.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url(), "app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user("+85261234567", "Ada", "Wong");
    /// # let mut pending = client.send_pin("+85261234567").await?;
    /// use vestibule::ErrorKind;
    ///
    /// let too_soon = pending.resend().await.unwrap_err();
    /// assert_eq!(too_soon.kind(), ErrorKind::SlowDown);
    /// # assert_eq!(mock.count("send_pin"), 1);
    /// # let wait = pending.resend_timer().remaining();
    /// # mock.clock().advance(wait + std::time::Duration::from_secs(1));
    /// // A minute later:
    /// pending.resend().await?;
    /// let signed_in = pending.confirm(pin()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/v1/auth/send_pin`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SlowDown`] before [`resend_timer`](Self::resend_timer) has run out;
    /// [`ErrorKind::StepRequired`] if a newer challenge for this number has replaced this one;
    /// [`ErrorKind::SignInAgain`] if it is finished or has expired; [`ErrorKind::TryLater`] if the
    /// session store fails: nothing is sent in all of these cases. Else as any call, see [`Error`].
    pub async fn resend(&mut self) -> Result<(), Error> {
        let claim = self.open.claim_resend(RESEND_WAIT).await?;
        let sent = send_pin(&self.client, &self.open.step.mobile).await;
        let error = match sent.and_then(key_of) {
            Ok(key) => {
                self.open.step.key = Some(key);
                self.open.sent(claim, RESEND_WAIT).await;
                return Ok(());
            }
            Err(error) => error,
        };
        let outcome = Outcome::of(&error);
        if outcome == Outcome::Taken || error.status() == Some(StatusCode::UNAUTHORIZED) {
            self.open.step.key = None;
            self.open.voided(&claim).await;
        }
        if outcome == Outcome::NotSent {
            self.open.not_sent(claim).await;
        }
        Err(error)
    }

    /// Exchanges the pin for a token. The pin is four digits, leading zeros included. It is sent
    /// once, whatever happens: the server takes a pin only once.
    ///
    /// Source: `POST /api/v1/auth/verify`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error: [`ErrorKind::InvalidInput`] for a pin that is not four
    /// digits, [`ErrorKind::StepRequired`] if a new pin must be sent first (see
    /// [`resend`](Self::resend)): the server has discarded it, five pins were wrong, or a newer
    /// challenge has replaced this one; [`ErrorKind::SignInAgain`] if it is finished or has
    /// expired; nothing is sent in these cases. [`ErrorKind::Refused`] for a pin that is wrong, expired or used,
    /// and for a number without account: the server tells none of these apart. After a lost answer
    /// the pin may be used up: if it is refused the next time, `resend`.
    pub async fn confirm(mut self, pin: impl Into<Secret>) -> Result<SignedIn, StepError<Self>> {
        match self.try_pin(pin.into()).await {
            Ok(signed_in) => Ok(signed_in),
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn try_pin(&mut self, pin: Secret) -> Result<SignedIn, Error> {
        let pin = check_pin(&pin)?;
        let code_attempt = self.open.begin_code_attempt().await?;
        let answer = match self.open.step.key.clone() {
            Some(key) => {
                let body = types::VerifyRequest::builder().pin(pin).otp_auth_key(key);
                self.client.api().verify().body(body).send().await
            }
            None => {
                let message = "the server has discarded the pin: send a new pin";
                Err(Error::new(ErrorKind::StepRequired, message).of(System::GoodCity))
            }
        };
        let answer = self.open.settle(code_attempt, answer).await?.into_inner();
        let token = answer.jwt_token.filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| {
            Error::new(ErrorKind::Undecodable, "the sign-in brought no token")
                .with_status(http::StatusCode::OK)
                .at(System::GoodCity, "verify")
        })?;
        let mobile = Some(self.open.step.mobile.clone());
        let tokens = Tokens::new(token, None);
        let session = self.client.sign_in_by(mobile, tokens).await?;
        self.open.finish().await;
        Ok(SignedIn {
            session,
            profile: answer.user,
        })
    }
}

impl Client {
    /// Sends a pin by SMS to a user who has an account. `mobile` is a Hong Kong number with its
    /// country code, such as `+85251234567`.
    ///
    /// **Success does not mean that the number is registered.** For a number without an account the
    /// server returns the same response with a random key, sends no SMS, and accepts no pin. Tell
    /// the user only that a pin was sent if there is an account.
    ///
    /// Not idempotent: retried only if the server certainly did not process it. Every call
    /// invalidates earlier pins and their challenges. The server has no limit; this client sends
    /// one pin to a number in 60 seconds, as GoodCity's own clients do, across all challenges.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url(), "app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user("+85261234567", "Ada", "Wong");
    /// let pending = client.send_pin("+85261234567").await?;
    /// let signed_in = match pending.confirm("0042").await {
    ///     Ok(signed_in) => signed_in,
    ///     // The user mistyped: the challenge is still open.
    ///     Err(returned) => returned.state.confirm(pin()).await?,
    /// };
    /// # assert!(signed_in.session.profile().await?.user_profile.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/v1/auth/send_pin`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a number against the
    /// client's [`MobileRule`](super::MobileRule),
    /// [`ErrorKind::SlowDown`](crate::ErrorKind::SlowDown) if the last pin is too fresh,
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the session store fails: nothing is
    /// sent in these cases. Else as any call, see [`Error`].
    pub async fn send_pin(&self, mobile: impl Into<String>) -> Result<PendingPin, Error> {
        PendingPin::ask(self, mobile.into()).await
    }

    /// Resumes an unfinished sign-in by its id, on any instance that shares the store; sends
    /// nothing. [`challenge`](crate::challenge) explains how an id is bound to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`](crate::ErrorKind::SignInAgain) if there is no such challenge: it
    /// is finished, has expired, never existed, or belongs to another server.
    /// [`ErrorKind::TryLater`](crate::ErrorKind::TryLater) if the store fails.
    pub async fn challenge(&self, id: &Secret) -> Result<PendingPin, Error> {
        let stored = StoredChallenge::by_id(&self.context, id).await?;
        let active = stored.open::<PinRequest>().await?;
        Ok(PendingPin::resumed(self.clone(), active))
    }
}

impl Session {
    /// Sends a pin to the user of this session, to sign in again with the same number; works after
    /// the session has ended as well. **Sends a message**; otherwise like [`Client::send_pin`].
    ///
    /// Confirming the pin gives a new session. This session, if it has not ended, stays valid.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::goodcity::Client;
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # mock.add_user("+85261234567", "Ada", "Wong");
    /// # let code = || mock.outbox().last_code("+85261234567").unwrap_or_default();
    /// # let clock = mock.clock().clone();
    /// # let client = Client::builder(mock.base_url(), "app").clock(clock).build()?;
    /// # let session = client.send_pin("+85261234567").await?.confirm(code()).await?.session;
    /// # mock.clock().advance(std::time::Duration::from_secs(400 * 24 * 3600));
    /// use vestibule::ErrorKind;
    ///
    /// if let Err(error) = session.profile().await
    ///     && error.kind() == ErrorKind::SignInAgain
    /// {
    ///     let pending = session.send_pin().await?;
    ///     println!("a pin went to {}", pending.mobile());
    ///     let session = pending.confirm(code()).await?.session;
    ///     session.profile().await?;
    /// }
    /// # assert!(session.shared().ended().is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /api/v1/auth/send_pin`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the session was created from
    /// tokens and has no number; otherwise like [`Client::send_pin`].
    pub async fn send_pin(&self) -> Result<PendingPin, Error> {
        let mobile = self.mobile().ok_or_else(|| {
            let right =
                "must be passed to `Client::send_pin`: this session was created from tokens";
            Error::invalid("mobile", right).of(System::GoodCity)
        })?;
        self.client().send_pin(mobile).await
    }
}

async fn send_pin(client: &Client, mobile: &str) -> Result<types::OtpAuthKey, Error> {
    let body = types::SendPinRequest::builder().mobile(mobile.to_owned());
    let api = client.api();
    Ok(api.send_pin().body(body).send().await?.into_inner())
}

fn key_of(answer: types::OtpAuthKey) -> Result<Secret, Error> {
    let key = answer.otp_auth_key.filter(|key| !key.is_empty());
    key.ok_or_else(|| {
        Error::new(ErrorKind::Undecodable, "the answer brought no key")
            .with_status(http::StatusCode::OK)
            .of(System::GoodCity)
    })
}

/// A pin as it is sent: without surrounding space.
fn check_pin(pin: &Secret) -> Result<Secret, Error> {
    let pin = pin.expose().trim();
    if pin.len() == 4 && pin.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Secret::from(pin));
    }
    Err(Error::invalid("pin", "must be the four digits of the message").of(System::GoodCity))
}
