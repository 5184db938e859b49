//! Setting up a second factor.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::auth_api::{AuthApi, types};
use super::client::Client;
use super::mfa::MfaRequired;
use super::session::Session;
use crate::challenge::{
    ActiveChallenge, FirstMessage, Owner, OwnerBound, SoleRecipient, Step, StepError, check_code,
};
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::json::AnyJson;
use crate::opaque_debug::opaque_debug;
use crate::secret::Secret;
use crate::session::{Caller, run_exchange};
use crate::skewed_clock::SkewedClock;

/// How long a secret can be confirmed by its first code.
const TIME_TO_LIVE: Duration = Duration::from_secs(15 * 60);

/// The secret for setting up an authenticator app.
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

    fn messages(&self) -> usize {
        0
    }
}

/// The server has returned a secret for an authenticator app, which is not in use yet: a code of
/// the app proves that the app has it. A second factor can be enabled only with this state.
///
/// It is kept in the client's store for 15 minutes, for this session or sign-in only. Seal the
/// store, which holds the secret until then.
#[must_use = "the second factor is not enabled before `confirm`"]
pub struct MfaEnrolment {
    api: AuthApi,
    challenge: ActiveChallenge<OwnerBound<Enrolment>>,
}

opaque_debug!("wunder": MfaEnrolment);

/// A picture of the secret, as the server returned it. It contains the secret: do not log or cache
/// it. `Debug` shows none of it.
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
    /// Requests the secret of a second factor. Sends no message. Each call may create a new secret
    /// that invalidates the one before, so it is retried only if the server certainly did not
    /// process it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).clock(mock.clock().clone()).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password"));
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::SignedIn(session) = sign_in else { panic!() };
    /// # let code = || {
    /// #     mock.clock().advance(std::time::Duration::from_secs(30));
    /// #     mock.second_factor_code("ada@example.org").unwrap()
    /// # };
    /// let enrolment = session.request_mfa_enrolment().await?;
    /// if let Some(uri) = enrolment.otpauth_uri() {
    ///     // Show it to the user as a QR code, or as a link on the phone itself.
    ///     assert!(uri.expose().starts_with("otpauth://totp/"));
    /// }
    /// // Ask the user for the code that the app shows now.
    /// let recovery = enrolment.confirm(code()).await?;
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # assert!(matches!(sign_in, vestibule::wunder::SignIn::MfaRequired(_)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/user/2fa-secret`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] if the response has neither a secret nor an `otpauth` URI;
    /// [`ErrorKind::Unavailable`] if the session store fails, before anything is sent; otherwise as
    /// any call, see [`Error`].
    pub async fn request_mfa_enrolment(&self) -> Result<MfaEnrolment, Error> {
        MfaEnrolment::begin(&self.client(), self.auth_api(), self.owner()).await
    }

    /// Resumes an enrolment of this session by its id, on any instance that shares the store;
    /// sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unauthenticated`] if this session has no such enrolment: start it again.
    /// [`ErrorKind::Unavailable`] if the store fails.
    pub async fn resume_mfa_enrolment(&self, id: &Secret) -> Result<MfaEnrolment, Error> {
        let challenge = ActiveChallenge::resume_owned(&self.owner(), self.context(), id).await?;
        let api = self.auth_api();
        Ok(MfaEnrolment { api, challenge })
    }
}

/// For tenants that require a second factor which the user has not set up yet: the provisional
/// credential of the sign-in allows it. Afterwards [`confirm`](Self::confirm) the next code of
/// the app.
impl MfaRequired {
    /// Requests the secret of a second factor, as [`Session::request_mfa_enrolment`] does.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).clock(mock.clock().clone()).build()?;
    /// # mock.add_user(WunderUser::new().email("ada@example.org").password("the password").must_use_second_factor());
    /// # let sign_in = client.sign_in_with_password("ada@example.org", "the password").await?;
    /// # let vestibule::wunder::SignIn::MfaRequired(mfa) = sign_in else { panic!() };
    /// # let code = || {
    /// #     mock.clock().advance(std::time::Duration::from_secs(30));
    /// #     mock.second_factor_code("ada@example.org").unwrap()
    /// # };
    /// let enrolment = mfa.request_mfa_enrolment().await?;
    /// enrolment.confirm(code()).await?;
    /// // The next code of the app signs the user in.
    /// let session = mfa.confirm(code()).await?;
    /// assert_eq!(session.profile().await?.email.as_deref(), Some("ada@example.org"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /{tenant}/auth/user/2fa-secret`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`] if the user has a second factor already; otherwise as
    /// [`Session::request_mfa_enrolment`].
    pub async fn request_mfa_enrolment(&self) -> Result<MfaEnrolment, Error> {
        MfaEnrolment::begin(self.client(), self.provisional_api(), self.owner()).await
    }

    /// Resumes an enrolment of this sign-in by its id, on any instance that shares the store; sends
    /// nothing.
    ///
    /// # Errors
    ///
    /// As [`Session::resume_mfa_enrolment`].
    pub async fn resume_mfa_enrolment(&self, id: &Secret) -> Result<MfaEnrolment, Error> {
        let challenge =
            ActiveChallenge::resume_owned(&self.owner(), self.client().context(), id).await?;
        let api = self.provisional_api();
        Ok(MfaEnrolment { api, challenge })
    }
}

impl MfaEnrolment {
    async fn begin(client: &Client, api: AuthApi, owner: Owner) -> Result<Self, Error> {
        let first = FirstMessage::without_destination(client.context())?;
        first.check_store().await?;
        let response = api.two_factor_secret().send().await?.into_inner();
        if response.secret.is_none() && response.otpauth_url.is_none() {
            let message = "the response has no secret";
            return Err(Error::new(ErrorKind::InvalidResponse, message)
                .with_delivery(Delivery::Responded)
                .at(System::Wunder, "two_factor_secret"));
        }
        let step = Enrolment {
            secret: response.secret,
            otpauth: response.otpauth_url,
        };
        let step = OwnerBound::new(owner, step);
        let challenge = first.open(step, Duration::ZERO).await;
        Ok(Self { api, challenge })
    }

    /// The id by which [`Session::resume_mfa_enrolment`] or [`MfaRequired::resume_mfa_enrolment`] resumes it: a
    /// secret.
    pub fn id(&self) -> &Secret {
        self.challenge.id()
    }

    /// The secret, usually in Base32, to be typed into an app.
    pub fn secret(&self) -> Option<&Secret> {
        self.challenge.step.step.secret.as_ref()
    }

    /// The `otpauth` URI, to be shown as a QR code or opened on the phone.
    pub fn otpauth_uri(&self) -> Option<&Secret> {
        self.challenge.step.step.otpauth.as_ref()
    }

    /// Requests a picture of the secret. Sends no message. Whether a call creates a new secret is
    /// not published: show either this picture or [`otpauth_uri`](Self::otpauth_uri), whichever was
    /// requested last. So it is retried only if the server certainly did not process it.
    ///
    /// Source: `POST /{tenant}/auth/user/2fa-qr-code`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidResponse`] for what is neither JSON nor a picture of less than 64 KiB;
    /// otherwise as any call, see [`Error`].
    pub async fn qr_picture(&self) -> Result<QrPicture, Error> {
        match self.api.two_factor_qr_code().send().await {
            Ok(response) => Ok(QrPicture::Json(response.into_inner().0)),
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

    /// Enables the second factor by a code of the app. It is never sent twice. The
    /// response may hold recovery codes: show it to the user, and log none of it.
    ///
    /// Source: `POST /{tenant}/auth/user/2fa-enable`.
    ///
    /// # Errors
    ///
    /// The error returns the state: [`ErrorKind::Rejected`] means a wrong code. Nothing is
    /// sent with [`ErrorKind::InvalidInput`] (it does not look like a code),
    /// [`ErrorKind::StepRequired`] (five codes were wrong) and [`ErrorKind::Unauthenticated`] (it is
    /// finished or has expired, or the session has ended).
    /// [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable) also if nothing is sent because the session
    /// store fails or another code of this challenge is still being checked: then confirm the code again.
    pub async fn confirm(mut self, code: impl Into<Secret>) -> Result<AnyJson, StepError<Self>> {
        let (context, code) = (self.challenge.context(), code.into());
        let exchange = async move |_: Caller| {
            let tried = self.try_code(&code).await;
            tried.map_err(|error| StepError::new(self, error))
        };
        run_exchange(&context, exchange).await
    }

    async fn try_code(&mut self, code: &Secret) -> Result<AnyJson, Error> {
        let code = check_code(System::Wunder, code)?;
        let api = &self.api;
        let send = async |_: &mut OwnerBound<Enrolment>| {
            let body = types::TwoFactorCode::builder().code(code);
            api.two_factor_enable().body(body).send().await
        };
        let response = self.challenge.try_code(SoleRecipient, send).await?;
        self.challenge.finish().await;
        Ok(response.into_inner().0)
    }
}

/// Whether a body that is not JSON starts like a picture. The body in an error is truncated at 64
/// KiB, and a truncated picture is useless.
fn is_picture(body: &[u8]) -> bool {
    const STARTS: [&[u8]; 5] = [b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"<svg", b"<?xml"];
    let text = body.trim_ascii_start();
    body.len() < 64 * 1024 && STARTS.iter().any(|start| text.starts_with(start))
}
