//! Setting up a second factor.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::auth_api::{AuthApi, types};
use super::client::Client;
use super::mfa::MfaRequired;
use super::session::Session;
use crate::challenge::{ActiveChallenge, FirstMessage, Owner, OwnerBound, Step, StepError};
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::json::AnyJson;
use crate::secret::Secret;
use crate::skewed_clock::SkewedClock;

/// How long a secret waits for its first code.
const TIME_TO_LIVE: Duration = Duration::from_secs(15 * 60);

/// What an authenticator app is set up with.
#[derive(Clone, Serialize, Deserialize)]
struct Enrolment {
    secret: Option<Secret>,
    otpauth: Option<Secret>,
}

impl Step for Enrolment {
    const KIND: &'static str = "mfa_enrolment";

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
        TIME_TO_LIVE
    }
}

/// The server has given a secret for an authenticator app, which is not in use yet: a code of the
/// app proves that it arrived. There is no way to enable a second factor without this state.
///
/// It is kept in the client's store for 15 minutes, for this session or sign-in alone; seal the store, for it
/// holds the secret until then.
pub struct MfaEnrolment {
    api: AuthApi,
    open: ActiveChallenge<OwnerBound<Enrolment>>,
}

impl fmt::Debug for MfaEnrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wunder::MfaEnrolment")
    }
}

/// A picture of the secret, as the server gave it. It is the secret: do not log or cache it, and
/// `Debug` shows none of it.
#[derive(Clone)]
#[non_exhaustive]
pub enum QrPicture {
    /// The bytes of a PNG, JPEG, GIF or SVG.
    Bytes(Bytes),
    /// JSON in a shape that the vendor does not publish, such as base64 in a member.
    Json(AnyJson),
}

impl fmt::Debug for QrPicture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "QrPicture::Bytes({} bytes)", bytes.len()),
            Self::Json(json) => write!(f, "QrPicture::Json({json:?})"),
        }
    }
}

impl Session {
    /// Asks for the secret of a second factor. Sends no message. Each call may make a new secret
    /// that voids the one before, so it is repeated only if the server certainly did not process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).clock(mock.clock().clone()).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.password_sign_in("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// # let code = || {
    /// #     mock.clock().advance(std::time::Duration::from_secs(30));
    /// #     mock.second_factor_code("ada@example.org").unwrap()
    /// # };
    /// let enrolment = session.enrol_mfa().await?;
    /// if let Some(uri) = enrolment.otpauth_uri() {
    ///     // Show it to the user as a QR code, or as a link on the phone itself.
    ///     assert!(uri.expose().starts_with("otpauth://totp/"));
    /// }
    /// // Ask the user for the code that the app shows now.
    /// let recovery = enrolment.enable(code()).await?;
    /// # let sign_in = client.password_sign_in("ada@example.org", "the password").await?;
    /// # assert!(matches!(sign_in, vestibule::wunder::SignIn::MfaRequired(_)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/user/2fa-secret`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Undecodable`] if the answer has neither a secret nor an `otpauth` URI;
    /// [`ErrorKind::TryLater`] if the session store fails, and nothing is asked for then; else as any
    /// call, see [`Error`].
    pub async fn enrol_mfa(&self) -> Result<MfaEnrolment, Error> {
        MfaEnrolment::begin(&self.client, self.auth_api(), self.owner()).await
    }

    /// Takes up an enrolment of this session by its id, on any instance that shares the store;
    /// sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SignInAgain`] if this session has no such enrolment: start it anew.
    /// [`ErrorKind::TryLater`] if the store fails.
    pub async fn mfa_enrolment(&self, id: &Secret) -> Result<MfaEnrolment, Error> {
        let open = ActiveChallenge::owned_by(&self.owner(), &self.client.context, id).await?;
        let api = self.auth_api();
        Ok(MfaEnrolment { api, open })
    }
}

/// Where the tenant insists on a second factor that the user has not set up yet: the provisional
/// credential of the sign-in is good for doing so. Afterwards [`validate`](Self::validate) the next
/// code of the app.
impl MfaRequired {
    /// Asks for the secret of a second factor, as [`Session::enrol_mfa`] does.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url(), "demo");
    /// # let client = client.signature_key(Wunder::SIGNATURE_KEY).clock(mock.clock().clone()).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").must_use_second_factor());
    /// # let sign_in = client.password_sign_in("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::MfaRequired(mfa) = sign_in else { panic!() };
    /// # let code = || {
    /// #     mock.clock().advance(std::time::Duration::from_secs(30));
    /// #     mock.second_factor_code("ada@example.org").unwrap()
    /// # };
    /// let enrolment = mfa.enrol().await?;
    /// enrolment.enable(code()).await?;
    /// // The next code of the app signs the user in.
    /// let session = mfa.validate(code()).await?;
    /// assert_eq!(session.profile().await?.email.as_deref(), Some("ada@example.org"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/user/2fa-secret`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Refused`] if the user has a second factor already; else as
    /// [`Session::enrol_mfa`].
    pub async fn enrol(&self) -> Result<MfaEnrolment, Error> {
        MfaEnrolment::begin(self.client(), self.provisional_api(), self.owner()).await
    }

    /// Takes up an enrolment of this sign-in by its id, on any instance that shares the store; sends
    /// nothing.
    ///
    /// # Errors
    ///
    /// As [`Session::mfa_enrolment`].
    pub async fn enrolment(&self, id: &Secret) -> Result<MfaEnrolment, Error> {
        let open = ActiveChallenge::owned_by(&self.owner(), &self.client().context, id).await?;
        let api = self.provisional_api();
        Ok(MfaEnrolment { api, open })
    }
}

impl MfaEnrolment {
    async fn begin(client: &Client, api: AuthApi, owner: Owner) -> Result<Self, Error> {
        let opening = FirstMessage::to_unknown(&client.context)?;
        opening.check_store().await?;
        let answer = api.two_factor_secret().send().await?.into_inner();
        if answer.secret.is_none() && answer.otpauth_url.is_none() {
            let message = "the answer has no secret";
            return Err(Error::new(ErrorKind::Undecodable, message)
                .with_delivery(Delivery::Responded)
                .at(System::Wunder, "two_factor_secret"));
        }
        let step = Enrolment {
            secret: answer.secret,
            otpauth: answer.otpauth_url,
        };
        let step = OwnerBound::new(owner, step);
        let open = opening.open(step, Duration::ZERO).await;
        Ok(Self { api, open })
    }

    /// The id under which [`Session::mfa_enrolment`] or [`MfaRequired::enrolment`] takes it up: a
    /// secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// The secret, usually in Base32, to be typed into an app.
    pub fn secret(&self) -> Option<&Secret> {
        self.open.step.step.secret.as_ref()
    }

    /// The `otpauth` URI, to be shown as a QR code or opened on the phone.
    pub fn otpauth_uri(&self) -> Option<&Secret> {
        self.open.step.step.otpauth.as_ref()
    }

    /// Asks the server for a picture. Sends no message. Whether a call makes a new secret is not
    /// published: show either this picture or [`otpauth_uri`](Self::otpauth_uri), the newest of what
    /// was asked for. So it is repeated only if the server certainly did not process it.
    ///
    /// Source: `POST /{tenant}/auth/user/2fa-qr-code`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Undecodable`] for what is neither JSON nor a picture of less than 64 KiB; else as
    /// any call, see [`Error`].
    pub async fn qr_picture(&self) -> Result<QrPicture, Error> {
        match self.api.two_factor_qr_code().send().await {
            Ok(answer) => Ok(QrPicture::Json(answer.into_inner().0)),
            Err(error) => match error.expose_body() {
                Some(body)
                    if error.status().is_some_and(|it| it.is_success()) && is_picture(body) =>
                {
                    Ok(QrPicture::Bytes(Bytes::copy_from_slice(body)))
                }
                _ => Err(error),
            },
        }
    }

    /// Enables the second factor by a code of the app. It is sent once, whatever happens. What comes
    /// back may hold recovery codes: show it to the user, and log none of it.
    ///
    /// Source: `POST /{tenant}/auth/user/2fa-enable`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error: [`ErrorKind::Refused`] means a wrong code. Nothing is
    /// sent with [`ErrorKind::InvalidInput`] (it does not look like a code),
    /// [`ErrorKind::StepRequired`] (five codes were wrong) and [`ErrorKind::SignInAgain`] (it is
    /// finished or has expired, or the session has ended).
    pub async fn enable(mut self, code: impl Into<Secret>) -> Result<AnyJson, StepError<Self>> {
        match self.try_code(&code.into()).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    async fn try_code(&mut self, code: &Secret) -> Result<AnyJson, Error> {
        let api = self.api.clone();
        let answer = self
            .open
            .try_code(code, |_, code| enable(api, code))
            .await?;
        self.open.finish().await;
        Ok(answer)
    }
}

async fn enable(api: AuthApi, code: Secret) -> Result<AnyJson, Error> {
    let body = types::TwoFactorCode::builder().code(code);
    let answer = api.two_factor_enable().body(body).send().await?;
    Ok(answer.into_inner().0)
}

/// Whether a body that is no JSON starts like a picture. What an error keeps of a body is cut at
/// 64 KiB, and half a picture is none.
fn is_picture(body: &[u8]) -> bool {
    const STARTS: [&[u8]; 5] = [b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"<svg", b"<?xml"];
    let text = body.trim_ascii_start();
    body.len() < 64 * 1024 && STARTS.iter().any(|start| text.starts_with(start))
}
