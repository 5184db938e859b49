//! Starting a sign-in by a code that is sent to a mobile.

use std::fmt;

use super::api::types;
use super::client::Client;
use super::pending_code::{Keys, PendingCode, RESEND_AFTER, SentCode};
use super::unfinished::Unfinished;
use crate::challenge::Opening;
use crate::credential::CookieJar;
use crate::error::{Error, System};

/// A sign-in by mobile that was not sent yet.
#[derive(Clone)]
#[must_use = "no code is sent before `send_code`"]
pub struct OtpSignIn {
    client: Client,
    mobile: String,
    country_code: String,
    platform: Option<String>,
    android_hash: Option<String>,
}

impl fmt::Debug for OtpSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fynd::OtpSignIn")
    }
}

impl OtpSignIn {
    pub(super) fn new(client: Client, mobile: String, country_code: String) -> Self {
        let country_code = match country_code.strip_prefix('+') {
            Some(digits) => digits.to_owned(),
            None => country_code,
        };
        Self {
            client,
            mobile,
            country_code,
            platform: None,
            android_hash: None,
        }
    }

    /// The id of the application that the user belongs to; the server takes `Fynd` without it.
    pub fn platform(mut self, id: impl Into<String>) -> Self {
        self.platform = Some(id.into());
        self
    }

    /// The hash of an Android app, which goes into the message so that the app can read the code.
    pub fn android_hash(mut self, hash: impl Into<String>) -> Self {
        self.android_hash = Some(hash.into());
        self
    }

    /// Sends the code. It is repeated only if the server certainly did not process it. Earlier
    /// challenges for this number are void then.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/otp`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a `mobile` that is not 4 to 15 digits or a `country_code`
    /// that is not 1 to 3, [`ErrorKind::SlowDown`] while the timer of the last message to this
    /// number runs, [`ErrorKind::TryLater`] if the session store fails: nothing is sent in these
    /// cases. [`ErrorKind::Undecodable`] if the answer cannot be continued from; else as any call,
    /// see [`Error`].
    ///
    /// [`ErrorKind::InvalidInput`]: crate::ErrorKind::InvalidInput
    /// [`ErrorKind::SlowDown`]: crate::ErrorKind::SlowDown
    /// [`ErrorKind::TryLater`]: crate::ErrorKind::TryLater
    /// [`ErrorKind::Undecodable`]: crate::ErrorKind::Undecodable
    pub async fn send_code(self) -> Result<PendingCode, Error> {
        check_digits("mobile", &self.mobile, 4, 15)?;
        check_digits("country_code", &self.country_code, 1, 3)?;
        let destination = destination(&self.country_code, &self.mobile);
        let opening = Opening::claim(&self.client.host, destination, RESEND_AFTER).await?;
        match self.send().await {
            Ok(sent) => {
                let wait = sent.keys.wait();
                let open = opening.open(sent, wait).await;
                Ok(PendingCode::resumed(self.client, open))
            }
            Err(error) => Err(opening.failed(error).await),
        }
    }

    async fn send(&self) -> Result<SentCode, Error> {
        let cookies = CookieJar::new(self.client.road.base.url());
        let unfinished = Unfinished::new(&self.client, &cookies);
        let body = types::SendOtpRequestSchema::builder()
            .mobile(self.mobile.clone())
            .country_code(self.country_code.clone())
            .android_hash(self.android_hash.clone());
        let api = unfinished.api();
        let mut call = api.login_with_otp().body(body);
        if let Some(platform) = &self.platform {
            call = call.platform(platform.clone());
        }
        let answer = call.send().await?.into_inner();
        let keys = Keys::new(
            "login_with_otp",
            answer.request_id,
            answer.resend_token,
            answer.resend_timer,
        )?;
        Ok(SentCode {
            mobile: self.mobile.clone(),
            country_code: self.country_code.clone(),
            platform: self.platform.clone(),
            android_hash: self.android_hash.clone(),
            cookies: unfinished.cookies(),
            keys,
            register_token: answer.register_token,
        })
    }
}

/// The number as timers know it: zeros in front are ways to write the same one.
fn destination(country_code: &str, mobile: &str) -> String {
    let (country_code, mobile) = (
        country_code.trim_start_matches('0'),
        mobile.trim_start_matches('0'),
    );
    format!("+{country_code}{mobile}")
}

fn check_digits(field: &'static str, text: &str, least: usize, most: usize) -> Result<(), Error> {
    let well_formed =
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed {
        return Ok(());
    }
    let right = format!("must be {least} to {most} digits");
    Err(Error::invalid(field, &right).of(System::Fynd))
}
