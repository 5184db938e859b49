//! Signing in by pin: the newest key, the wait between two messages, the exchange for a token.

use std::fmt;
use std::time::Duration;

use super::api::types;
use super::client::Client;
use super::session::Session;
use crate::challenge::{ResendTimer, Returned};
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::Tokens;

/// The wait of GoodCity's own clients between two messages.
const RESEND_WAIT: Duration = Duration::from_secs(60);

/// A pin was asked for. If the number has an account, it is on its way to the user's phone.
///
/// The state keeps the newest key, which is the only one that the server accepts. It cannot be
/// cloned, so that no copy holds on to an old key.
pub struct PendingPin {
    client: Client,
    mobile: String,
    /// The newest key that is known; none after the server has discarded it.
    key: Option<Secret>,
    timer: ResendTimer,
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
        let answer = send_pin(client, &mobile).await?;
        Self::begin(client, mobile, answer)
    }

    /// The state after the first message.
    pub(super) fn begin(
        client: &Client,
        mobile: String,
        answer: types::OtpAuthKey,
    ) -> Result<Self, Error> {
        Ok(Self {
            key: Some(key_of(answer)?),
            timer: new_timer(client),
            client: client.clone(),
            mobile,
        })
    }

    /// The number that the pin was asked for, as it was given.
    pub fn mobile(&self) -> &str {
        &self.mobile
    }

    /// When another pin may be asked for.
    pub fn resend_timer(&self) -> &ResendTimer {
        &self.timer
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
    /// Source: `POST /api/v1/auth/send_pin`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SlowDown`] before [`resend_timer`](Self::resend_timer) has run out; else as
    /// any call, see [`Error`].
    pub async fn resend(&mut self) -> Result<(), Error> {
        self.timer.check(System::GoodCity)?;
        // Started before the message may leave: a dropped future must not make two of it.
        let former = std::mem::replace(&mut self.timer, new_timer(&self.client));
        let sent = send_pin(&self.client, &self.mobile).await.and_then(key_of);
        let error = match sent {
            Ok(key) => {
                self.key = Some(key);
                self.timer = new_timer(&self.client);
                return Ok(());
            }
            Err(error) => error,
        };
        match error.status() {
            Some(status) if status.is_success() => self.key = None,
            Some(status) if status.is_client_error() => {
                self.timer = former;
                if status == http::StatusCode::UNAUTHORIZED {
                    self.key = None;
                }
            }
            None if error.delivery() == Delivery::NotSent => self.timer = former,
            _ => {}
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
    /// [`resend`](Self::resend)), [`ErrorKind::Refused`] for a pin that is wrong, expired or used,
    /// and for a number without account: the server tells none of these apart. After a lost answer
    /// the pin may be used up: if it is refused the next time, `resend`.
    pub async fn confirm(self, pin: impl Into<Secret>) -> Result<SignedIn, Returned<Self>> {
        match self.try_pin(pin.into()).await {
            Ok(signed_in) => Ok(signed_in),
            Err(error) => Err(Returned::new(self, error)),
        }
    }

    async fn try_pin(&self, pin: Secret) -> Result<SignedIn, Error> {
        let pin = check_pin(&pin)?;
        let key = self.key.clone().ok_or_else(|| {
            let message = "the server has discarded the pin: send a new pin";
            Error::new(ErrorKind::StepRequired, message).of(System::GoodCity)
        })?;
        let body = types::VerifyRequest::builder().pin(pin).otp_auth_key(key);
        let api = self.client.api();
        let answer = api.verify().body(body).send().await?.into_inner();
        let token = answer.jwt_token.filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| {
            Error::new(ErrorKind::Undecodable, "the sign-in brought no token")
                .with_status(http::StatusCode::OK)
                .at(System::GoodCity, "verify")
        })?;
        let session = self.client.sign_in(Tokens::new(token, None)).await?;
        Ok(SignedIn {
            session,
            profile: answer.user,
        })
    }
}

async fn send_pin(client: &Client, mobile: &str) -> Result<types::OtpAuthKey, Error> {
    let body = types::SendPinRequest::builder().mobile(mobile.to_owned());
    let api = client.api();
    Ok(api.send_pin().body(body).send().await?.into_inner())
}

fn new_timer(client: &Client) -> ResendTimer {
    ResendTimer::start(client.road.time.local(), RESEND_WAIT)
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
