//! A code that was sent, until it is confirmed.

use std::fmt;
use std::time::Duration;

use super::api::enums::SendMobileOtpRequestSchemaAction as Action;
use super::api::types;
use super::client::Client;
use super::otp_sign_in::Unfinished;
use super::profile::CompleteProfile;
use super::session::Session;
use crate::challenge::{ResendTimer, Returned, check_code};
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;

/// The wait before a resend where the server names none.
const RESEND_AFTER: Duration = Duration::from_secs(30);

/// What the newest message can be confirmed and followed by.
pub(super) struct SentCode {
    request_id: String,
    resend_token: Option<Secret>,
    timer: ResendTimer,
}

impl SentCode {
    pub(super) fn new(
        client: &Client,
        operation: &'static str,
        request_id: Option<String>,
        resend_token: Option<Secret>,
        resend_seconds: Option<i64>,
    ) -> Result<Self, Error> {
        let request_id = request_id.ok_or_else(|| {
            let message = "the answer has no request id, so its code cannot be confirmed";
            Error::new(ErrorKind::Undecodable, message).at(System::Fynd, operation)
        })?;
        let wait = resend_seconds.map_or(RESEND_AFTER, |seconds| {
            Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
        });
        Ok(Self {
            request_id,
            resend_token,
            timer: ResendTimer::start(client.road.time.local(), wait),
        })
    }
}

/// A code is on its way to the user's mobile.
///
/// Only the newest code counts: with each resend the server forgets the ones before.
pub struct PendingCode {
    pub(super) sign_in: Unfinished,
    pub(super) mobile: String,
    pub(super) country_code: String,
    pub(super) android_hash: Option<String>,
    pub(super) code: SentCode,
    pub(super) register_token: Option<Secret>,
}

impl fmt::Debug for PendingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fynd::PendingCode")
    }
}

/// How far the code took the user.
#[derive(Debug)]
#[must_use = "a user whose profile is required is not signed in"]
pub enum SignIn {
    /// The user is signed in.
    SignedIn(Session),
    /// The number is new: there is no user before the profile is complete.
    ProfileRequired(CompleteProfile),
}

impl PendingCode {
    /// The number that the code went to, without country code.
    pub fn mobile(&self) -> &str {
        &self.mobile
    }

    /// The country calling code of the number, digits only.
    pub fn country_code(&self) -> &str {
        &self.country_code
    }

    /// The id of the newest message, as the server counts it.
    pub fn request_id(&self) -> &str {
        &self.code.request_id
    }

    /// When another message may be sent.
    pub fn resend_timer(&self) -> &ResendTimer {
        &self.code.timer
    }

    /// Sends another code; the former one is void, and the timer starts again.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/send`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SlowDown`] with the time to wait if the timer still runs: nothing is sent
    /// then. [`ErrorKind::Undecodable`] if the server has given nothing to go on with: start the
    /// sign-in anew. Else as any call, see [`Error`].
    pub async fn resend(&mut self) -> Result<(), Error> {
        const OPERATION: &str = "send_otp_on_mobile";
        self.code
            .timer
            .check(System::Fynd)
            .map_err(|error| error.at(System::Fynd, OPERATION))?;
        let token = self.code.resend_token.clone().ok_or_else(|| {
            let message = "the last answer has no token for a resend";
            Error::new(ErrorKind::Undecodable, message).at(System::Fynd, OPERATION)
        })?;
        let body = types::SendMobileOtpRequestSchema::builder()
            .mobile(self.mobile.clone())
            .country_code(self.country_code.clone())
            .android_hash(self.android_hash.clone())
            .token(token)
            .action(Action::Resend);
        let api = self.sign_in.api();
        let mut call = api.send_otp_on_mobile().body(body);
        if let Some(platform) = &self.sign_in.platform {
            call = call.platform(platform.clone());
        }
        let answer = call.send().await?.into_inner();
        self.code = SentCode::new(
            &self.sign_in.client,
            OPERATION,
            answer.request_id,
            answer.resend_token,
            answer.resend_timer,
        )?;
        if answer.register_token.is_some() {
            self.register_token = answer.register_token;
        }
        Ok(())
    }

    /// Confirms the code. It is sent once, whatever happens.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/verify`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error. [`ErrorKind::InvalidInput`]: it does not look like a
    /// code, nothing was sent. [`ErrorKind::Refused`]: it is wrong, used or not the newest.
    /// [`ErrorKind::Undecodable`]: the server agreed and gave no cookie.
    pub async fn confirm(self, code: impl Into<Secret>) -> Result<SignIn, Returned<Self>> {
        match self.try_code(code.into()).await {
            Ok(Confirmed::User(session)) => Ok(SignIn::SignedIn(session)),
            Ok(Confirmed::NewNumber(register_token)) => {
                let profile = CompleteProfile::new(self.sign_in, register_token);
                Ok(SignIn::ProfileRequired(profile))
            }
            Err(error) => Err(Returned::new(self, error)),
        }
    }

    async fn try_code(&self, code: Secret) -> Result<Confirmed, Error> {
        const OPERATION: &str = "verify_mobile_otp";
        let code = check_code("code", &code).map_err(|error| error.of(System::Fynd))?;
        let body = types::VerifyOtpRequestSchema::builder()
            .request_id(self.code.request_id.clone())
            .otp(code);
        let api = self.sign_in.api();
        let mut call = api.verify_mobile_otp().body(body);
        if let Some(platform) = &self.sign_in.platform {
            call = call.platform(platform.clone());
        }
        let answer = call.send().await?.into_inner();
        let register_token = answer
            .register_token
            .or_else(|| self.register_token.clone());
        match register_token {
            Some(token) if answer.user_exists == Some(false) => Ok(Confirmed::NewNumber(token)),
            _ => self.sign_in.finish(OPERATION).await.map(Confirmed::User),
        }
    }
}

/// What a right code was answered with.
enum Confirmed {
    User(Session),
    /// With the token of the registration.
    NewNumber(Secret),
}
