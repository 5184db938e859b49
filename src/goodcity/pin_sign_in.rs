//! Sign-in by pin: the newest key, the wait between two messages, the exchange for a token.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::api::types;
use super::api_error::{ApiError, ErrorShape};
use super::client::Client;
use super::language;
use super::session::Session;
use crate::challenge::{
    ActiveChallenge, CODE_TIME_TO_LIVE, FirstMessage, ResendTimer, SendOutcome, SoleRecipient,
    Step, StepError, StoredChallenge, Tried, sent_code_methods,
};
use crate::error::{Error, ErrorKind, System};
use crate::opaque_debug::opaque_debug;
use crate::phone::Phone;
use crate::secret::Secret;
use crate::session::{Caller, Tokens, run_exchange};
use crate::skewed_clock::SkewedClock;
use crate::typed_text::typed_code;

/// The wait of GoodCity's own clients between two messages.
const RESEND_WAIT: Duration = Duration::from_secs(60);

/// A pin was requested. It was sent to the user's phone if the number has an account.
///
/// The state keeps the newest key, which is the only one that the server accepts. It is not
/// `Clone`, so that no copy keeps an old key, and reloads the key from the client's store before it
/// sends it; see [`challenge`](crate::challenge).
#[must_use = "the user is not signed in before `confirm`"]
pub struct PendingCode {
    client: Client,
    pub(super) challenge: ActiveChallenge<PinRequest>,
}

/// The state in the store.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PinRequest {
    phone: Phone,
    /// The newest known key; `None` after the server has discarded it.
    key: Option<Secret>,
}

impl Step for PinRequest {
    const KIND: &'static str = "pin";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        CODE_TIME_TO_LIVE
    }

    /// The server has replaced the key by one that was lost, or it refuses the key. If it failed in
    /// its own words, it had begun to replace the key.
    fn discard_keys(&mut self, error: &Error) -> bool {
        let is_discarded = SendOutcome::of(error) == SendOutcome::Accepted
            || error.status() == Some(StatusCode::UNAUTHORIZED)
            || has_failed(error);
        if is_discarded {
            self.key = None;
        }
        is_discarded
    }
}

/// Whether the server itself failed, and not a proxy or gateway in front of it.
fn has_failed(error: &Error) -> bool {
    let shape = error.api_error::<ApiError>().map(ApiError::shape);
    error.status() == Some(StatusCode::INTERNAL_SERVER_ERROR)
        && shape == Some(ErrorShape::Framework)
}

/// The error of a request for a pin.
pub(super) fn pin_error(error: Error) -> Error {
    if has_failed(&error) {
        return error.with_message(
            "the server failed while it made a pin, and no earlier pin is valid: request another",
        );
    }
    error
}

opaque_debug!("goodcity": PendingCode);

/// A user who has just signed in.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "it holds the session of the user"]
pub struct SignedIn {
    /// The session of the user.
    pub session: Session,
    /// The profile that was returned with the token, if any: none where the caller of an earlier
    /// `confirm` went away, and this one got its session. [`Session::profile`] returns the current
    /// one.
    pub profile: Option<types::Profile>,
}

impl PendingCode {
    sent_code_methods!(|this| this.phone());

    pub(super) async fn request(client: &Client, phone: &Phone) -> Result<Self, Error> {
        Self::send(client, phone, send_pin(client, phone)).await
    }

    /// Sends the first pin by `request`, after the right to do so was claimed.
    pub(super) async fn send(
        client: &Client,
        phone: &Phone,
        request: impl Future<Output = Result<types::OtpAuthKey, Error>>,
    ) -> Result<Self, Error> {
        client.mobile_rule().check(phone)?;
        let wait = client.context().resend_wait(RESEND_WAIT);
        let first = FirstMessage::claim(client.context(), phone.to_e164(), wait).await?;
        let send = async {
            let key = Some(key_of(request.await?)?);
            let phone = phone.clone();
            Ok((PinRequest { phone, key }, wait))
        };
        let challenge = first.send(send).await?;
        Ok(Self::resumed(client.clone(), challenge))
    }

    pub(super) fn resumed(client: Client, challenge: ActiveChallenge<PinRequest>) -> Self {
        Self { client, challenge }
    }

    /// The id by which [`Client::resume_challenge`] resumes the sign-in: a secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// The number that the pin was requested for.
    pub fn phone(&self) -> &Phone {
        &self.challenge.step.phone
    }

    /// When another pin may be requested.
    pub fn resend_timer(&self) -> &ResendTimer {
        self.challenge.timer()
    }

    /// Requests another pin; the former one becomes invalid. Within 60 seconds of the last message
    /// the request is refused locally, as in GoodCity's own clients; the server has no limit.
    ///
    /// The effect of a failure on the former pin:
    ///
    /// - Status 401: the server has discarded it. [`confirm`](Self::confirm) is refused until a
    ///   `resend` works.
    /// - A response that was not understood: the server has replaced it by a pin whose key is lost.
    ///   As above.
    /// - Status 500 in the server's own words, as when two requests for the number arrive at the same
    ///   time, such as one from GoodCity's own app: it is void, and so is any new one. As above.
    /// - Any other refusal, or nothing sent: it is still valid.
    /// - No response, or another failure: unknown. The former pin is kept, as it may still
    ///   be valid; but if a new one arrives, its key is lost and it will be refused, so `resend`
    ///   once more. The same holds if this future is dropped.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # let pin = || mock.outbox().last_code("+85261234567").unwrap();
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url()).app_name("app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user(vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567")?).first_name("Ada").last_name("Wong"));
    /// # let mut pending = client.sign_in_with_pin(&"+85261234567".parse()?).await?;
    /// use vestibule::ErrorKind;
    ///
    /// let too_soon = pending.resend().await.unwrap_err();
    /// assert_eq!(too_soon.kind(), ErrorKind::RateLimited);
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
    /// [`ErrorKind::RateLimited`] before [`resend_timer`](Self::resend_timer) has run out;
    /// [`ErrorKind::StepRequired`] if a newer challenge for this number has replaced this one;
    /// [`ErrorKind::Unauthenticated`] if it is finished or has expired; [`ErrorKind::Unavailable`] if the
    /// session store fails: nothing is sent in all of these cases. Otherwise as any call, see
    /// [`Error`].
    pub async fn resend(&mut self) -> Result<(), Error> {
        let client = &self.client;
        let wait = client.context().resend_wait(RESEND_WAIT);
        let send = async |step: &PinRequest| {
            let key = key_of(send_pin(client, &step.phone).await?)?;
            Ok((key, wait))
        };
        let store_key = |step: &mut PinRequest, key: &Secret| step.key = Some(key.clone());
        let resent = self.challenge.resend(SoleRecipient, wait, send, store_key);
        resent.await
    }

    /// Exchanges the pin for a token. The pin is four digits, leading zeros included. It is never
    /// sent twice: the server accepts a pin only once.
    ///
    /// Source: `POST /api/v1/auth/verify`.
    ///
    /// # Errors
    ///
    /// The error returns the state: [`ErrorKind::InvalidInput`] for a pin that is not four digits,
    /// [`ErrorKind::StepRequired`] if a new pin must be sent first (see [`resend`](Self::resend)):
    /// the server has discarded it, five pins were wrong, or a newer challenge has replaced this
    /// one; [`ErrorKind::Unauthenticated`] if it is finished or has expired; nothing is sent in these
    /// cases. [`ErrorKind::Rejected`] ("code not accepted") has one of these causes, which the server
    /// does not distinguish: the pin is wrong, has expired or was used before; its key was replaced by
    /// a newer message; the number has no account, or the user is disabled; the app of the client is
    /// not allowed for this user. After a lost response the pin may be used up: if it is refused the
    /// next time, `resend`.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another pin of this challenge is still being checked: then confirm the pin again.
    pub async fn confirm(mut self, pin: impl Into<Secret>) -> Result<SignedIn, StepError<Self>> {
        let (context, pin) = (self.challenge.context(), pin.into());
        let exchange = async move |caller: Caller| {
            let tried = self.try_pin(&caller, pin).await;
            tried.map_err(|error| StepError::new(self, error))
        };
        run_exchange(&context, exchange).await
    }

    async fn try_pin(&mut self, caller: &Caller, pin: Secret) -> Result<SignedIn, Error> {
        let pin = check_pin(&pin)?;
        let (client, sent) = (&self.client, pin.clone());
        let send = async |step: &mut PinRequest| {
            let key = step.key.clone().ok_or_else(|| {
                let message = "the server has discarded the pin: send a new pin";
                Error::new(ErrorKind::StepRequired, message).of(System::GoodCity)
            })?;
            let body = types::VerifyRequest::builder().pin(sent).otp_auth_key(key);
            client.api().verify().body(body).send().await
        };
        let resume = async |id: &Secret| client.resume_session(id).await;
        let tried =
            self.challenge
                .try_sign_in_code(caller, SoleRecipient, &pin, "verify", resume, send);
        let response = match tried.await? {
            Tried::Response(response) => response.into_inner(),
            Tried::Kept(session) => {
                return Ok(SignedIn {
                    session,
                    profile: None,
                });
            }
        };
        let token = response.jwt_token.filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| {
            Error::new(ErrorKind::InvalidResponse, "the sign-in returned no token")
                .with_status(http::StatusCode::OK)
                .at(System::GoodCity, "verify")
        })?;
        let phone = &self.challenge.step.phone;
        let language = response.user.as_ref().and_then(language::of);
        let tokens = Tokens::issued(token, None, &self.client.calls.pipeline().time);
        let session = self.client.sign_in_by(phone, language, tokens).await?;
        self.challenge
            .grant(caller, SoleRecipient, &pin, &session, None)
            .await;
        Ok(SignedIn {
            session,
            profile: response.user,
        })
    }
}

impl Client {
    /// Sends a pin by SMS to a user who has an account. `phone` is a Hong Kong number with its
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
    /// # let client = vestibule::goodcity::Client::builder(mock.base_url()).app_name("app").clock(mock.clock().clone()).build()?;
    /// # mock.add_user(vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567")?).first_name("Ada").last_name("Wong"));
    /// let pending = client.sign_in_with_pin(&"+85261234567".parse()?).await?;
    /// let signed_in = match pending.confirm("0042").await {
    ///     Ok(signed_in) => signed_in,
    ///     // The user mistyped: the challenge is still open.
    ///     Err(failed) => failed.state.confirm(pin()).await?,
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
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a number that violates the
    /// client's [`MobileRule`](super::MobileRule),
    /// [`ErrorKind::RateLimited`](crate::ErrorKind::RateLimited) if the last pin is too recent,
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the session store fails: nothing is
    /// sent in these cases. Otherwise as any call, see [`Error`].
    pub async fn sign_in_with_pin(&self, phone: &Phone) -> Result<PendingCode, Error> {
        PendingCode::request(self, phone).await
    }

    /// Resumes an unfinished sign-in by its id, on any instance that shares the store; sends
    /// nothing. [`challenge`](crate::challenge) explains how an id is bound to its user.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`](crate::ErrorKind::Unauthenticated) if there is no such challenge: it
    /// is finished, has expired, never existed, or belongs to another server.
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) if the store fails.
    pub async fn resume_challenge(&self, id: &Secret) -> Result<PendingCode, Error> {
        let stored = StoredChallenge::load(self.context(), id).await?;
        let active = stored.resume::<PinRequest>().await?;
        Ok(PendingCode::resumed(self.clone(), active))
    }
}

impl Session {
    /// Sends a pin to the user of this session, to sign in again with the same number; works after
    /// the session has ended as well. **Sends a message**; otherwise like [`Client::sign_in_with_pin`].
    ///
    /// Confirming the pin gives a new session. This session, if it has not ended, stays valid.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::goodcity::Client;
    /// # let mock = vestibule::testing::GoodCity::start().await;
    /// # mock.add_user(vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567")?).first_name("Ada").last_name("Wong"));
    /// # let code = || mock.outbox().last_code("+85261234567").unwrap_or_default();
    /// # let clock = mock.clock().clone();
    /// # let client = Client::builder(mock.base_url()).app_name("app").clock(clock).build()?;
    /// # let session = client.sign_in_with_pin(&"+85261234567".parse()?).await?.confirm(code()).await?.session;
    /// # mock.clock().advance(std::time::Duration::from_secs(400 * 24 * 3600));
    /// use vestibule::ErrorKind;
    ///
    /// if let Err(error) = session.profile().await
    ///     && error.kind() == ErrorKind::Unauthenticated
    /// {
    ///     let pending = session.sign_in_with_pin().await?;
    ///     println!("a pin went to {}", pending.phone().to_e164());
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
    /// tokens and has no number; otherwise like [`Client::sign_in_with_pin`].
    pub async fn sign_in_with_pin(&self) -> Result<PendingCode, Error> {
        let phone = self.phone().ok_or_else(|| {
            let right =
                "must be passed to `Client::sign_in_with_pin`: this session was created from tokens";
            Error::invalid("phone", right).of(System::GoodCity)
        })?;
        self.client().sign_in_with_pin(&phone).await
    }
}

async fn send_pin(client: &Client, phone: &Phone) -> Result<types::OtpAuthKey, Error> {
    let body = types::SendPinRequest::builder().mobile(phone.to_e164());
    let api = client.api();
    let sent = api.send_pin().body(body).send().await;
    Ok(sent.map_err(pin_error)?.into_inner())
}

fn key_of(response: types::OtpAuthKey) -> Result<Secret, Error> {
    let key = response.otp_auth_key.filter(|key| !key.is_empty());
    key.ok_or_else(|| {
        Error::new(ErrorKind::InvalidResponse, "the response has no key")
            .with_status(http::StatusCode::OK)
            .of(System::GoodCity)
    })
}

/// A pin as it is sent; see [`typed_code`].
fn check_pin(pin: &Secret) -> Result<Secret, Error> {
    let pin = typed_code(pin);
    if pin.expose().len() == 4 && pin.expose().bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(pin);
    }
    Err(Error::invalid("pin", "must be the four digits of the message").of(System::GoodCity))
}
