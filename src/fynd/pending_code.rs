//! A code that was sent, until it is confirmed.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::api::enums::SendMobileOtpRequestSchemaAction as Action;
use super::api::types;
use super::client::Client;
use super::profile::{CompleteProfile, NewUser};
use super::session::Session;
use super::unfinished::{Unfinished, finish};
use crate::challenge::{CODE_TIME_TO_LIVE, Open, Outcome, ResendTimer, Returned, Step, check_code};
use crate::credential::CookieJar;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
use crate::server_time::ServerTime;

/// The wait before a resend where the server names none.
pub(super) const RESEND_AFTER: Duration = Duration::from_secs(30);

/// What the newest message can be confirmed and followed by.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Keys {
    request_id: String,
    resend_token: Option<Secret>,
    resend_seconds: Option<u64>,
}

impl Keys {
    pub(super) fn new(
        operation: &'static str,
        request_id: Option<String>,
        resend_token: Option<Secret>,
        resend_seconds: Option<i64>,
    ) -> Result<Self, Error> {
        let request_id = request_id.ok_or_else(|| {
            let message = "the answer has no request id, so its code cannot be confirmed";
            Error::new(ErrorKind::Undecodable, message)
                .with_status(http::StatusCode::OK)
                .at(System::Fynd, operation)
        })?;
        Ok(Self {
            request_id,
            resend_token,
            resend_seconds: resend_seconds.map(|seconds| seconds.try_into().unwrap_or_default()),
        })
    }

    pub(super) fn wait(&self) -> Duration {
        self.resend_seconds
            .map_or(RESEND_AFTER, Duration::from_secs)
    }
}

/// What the store keeps.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SentCode {
    pub(super) mobile: String,
    pub(super) country_code: String,
    pub(super) platform: Option<String>,
    pub(super) android_hash: Option<String>,
    pub(super) cookies: CookieJar,
    pub(super) keys: Keys,
    pub(super) register_token: Option<Secret>,
}

impl Step for SentCode {
    const KIND: &'static str = "mobile_code";

    fn time_to_live(&self, _: &ServerTime) -> Duration {
        CODE_TIME_TO_LIVE
    }
}

/// A code is on its way to the user's mobile.
///
/// Only the newest code counts: with each resend the server forgets the ones before. The state is
/// kept in the client's store, with its cookies; see [`challenge`](crate::challenge).
pub struct PendingCode {
    client: Client,
    open: Open<SentCode>,
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
    pub(super) fn resumed(client: Client, open: Open<SentCode>) -> Self {
        Self { client, open }
    }

    /// The id under which [`Client::challenge`] takes the sign-in up: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
    }

    /// The number that the code went to, without country code.
    pub fn mobile(&self) -> &str {
        &self.open.step.mobile
    }

    /// The country calling code of the number, digits only.
    pub fn country_code(&self) -> &str {
        &self.open.step.country_code
    }

    /// The id of the newest message that this state knows of, as the server counts it.
    pub fn request_id(&self) -> &str {
        &self.open.step.keys.request_id
    }

    /// When another message may be sent.
    pub fn resend_timer(&self) -> &ResendTimer {
        self.open.timer()
    }

    /// Sends another code; the former one is void, and the timer starts again.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/send`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SlowDown`] with the time to wait if the timer still runs,
    /// [`ErrorKind::StepRequired`] if a newer challenge for this number has replaced this one,
    /// [`ErrorKind::SignInAgain`] if it is finished or has expired, [`ErrorKind::TryLater`] if the
    /// session store fails: nothing is sent in these cases. [`ErrorKind::Undecodable`] if the
    /// server has given nothing to go on with: start the sign-in anew. Else as any call, see
    /// [`Error`].
    pub async fn resend(&mut self) -> Result<(), Error> {
        let wait = self.open.step.keys.wait();
        let claim = self.open.claim_resend(wait).await;
        let claim = claim.map_err(|error| error.at(System::Fynd, RESEND))?;
        match self.send_again().await {
            Ok(sent) => {
                let wait = sent.keys.wait();
                self.open.step = sent;
                self.open.sent(claim, wait).await;
                Ok(())
            }
            Err(error) => {
                if Outcome::of(&error) == Outcome::NotSent {
                    self.open.not_sent(claim).await;
                }
                Err(error)
            }
        }
    }

    async fn send_again(&self) -> Result<SentCode, Error> {
        let step = &self.open.step;
        let token = step.keys.resend_token.clone().ok_or_else(|| {
            let message = "the last answer has no token for a resend";
            Error::new(ErrorKind::Undecodable, message).at(System::Fynd, RESEND)
        })?;
        let body = types::SendMobileOtpRequestSchema::builder()
            .mobile(step.mobile.clone())
            .country_code(step.country_code.clone())
            .android_hash(step.android_hash.clone())
            .token(token)
            .action(Action::Resend);
        let unfinished = Unfinished::new(&self.client, &step.cookies);
        let api = unfinished.api();
        let mut call = api.send_otp_on_mobile().body(body);
        if let Some(platform) = &step.platform {
            call = call.platform(platform.clone());
        }
        let answer = call.send().await?.into_inner();
        let keys = Keys::new(
            RESEND,
            answer.request_id,
            answer.resend_token,
            answer.resend_timer,
        )?;
        let register_token = answer.register_token;
        Ok(SentCode {
            keys,
            register_token: register_token.or_else(|| step.register_token.clone()),
            cookies: unfinished.cookies(),
            ..step.clone()
        })
    }

    /// Confirms the code. It is sent once, whatever happens. A profile to complete goes on under
    /// the same [`id`](Self::id).
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/otp/mobile/verify`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error. Nothing was sent with [`ErrorKind::InvalidInput`] (it
    /// does not look like a code), [`ErrorKind::StepRequired`] (five codes were wrong, or a newer
    /// challenge has replaced this one) and [`ErrorKind::SignInAgain`] (it is finished or has
    /// expired). [`ErrorKind::Refused`]: it is wrong, used or not the newest.
    /// [`ErrorKind::Undecodable`]: the server agreed and gave no cookie.
    pub async fn confirm(mut self, code: impl Into<Secret>) -> Result<SignIn, Returned<Self>> {
        match self.try_code(code.into()).await {
            Ok(Confirmed::User(session)) => Ok(SignIn::SignedIn(session)),
            Ok(Confirmed::NewNumber(register_token)) => {
                let step = &self.open.step;
                let (platform, cookies) = (step.platform.clone(), step.cookies.clone());
                let new_user = NewUser::new(platform, cookies, register_token);
                let open = self.open.go_on(new_user).await;
                let profile = CompleteProfile::resumed(self.client, open);
                Ok(SignIn::ProfileRequired(profile))
            }
            Err(error) => Err(Returned::new(self, error)),
        }
    }

    async fn try_code(&mut self, code: Secret) -> Result<Confirmed, Error> {
        const OPERATION: &str = "verify_mobile_otp";
        let code = check_code("code", &code).map_err(|error| error.of(System::Fynd))?;
        let guess = self.open.begin_guess().await?;
        let step = &self.open.step;
        let body = types::VerifyOtpRequestSchema::builder()
            .request_id(step.keys.request_id.clone())
            .otp(code);
        let unfinished = Unfinished::new(&self.client, &step.cookies);
        let api = unfinished.api();
        let mut call = api.verify_mobile_otp().body(body);
        if let Some(platform) = &step.platform {
            call = call.platform(platform.clone());
        }
        let answer = call.send().await;
        self.open.step.cookies = unfinished.cookies();
        let answer = self.open.judged(guess, answer).await?.into_inner();
        let step = &self.open.step;
        let register_token = answer
            .register_token
            .or_else(|| step.register_token.clone());
        match register_token {
            Some(token) if answer.user_exists == Some(false) => Ok(Confirmed::NewNumber(token)),
            _ => {
                let session = finish(&self.client, &step.cookies, OPERATION).await?;
                self.open.finish().await;
                Ok(Confirmed::User(session))
            }
        }
    }
}

const RESEND: &str = "send_otp_on_mobile";

/// What a right code was answered with.
enum Confirmed {
    User(Session),
    /// With the token of the registration.
    NewNumber(Secret),
}
