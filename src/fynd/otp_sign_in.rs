//! Starting a sign-in by a code that is sent to a mobile.

use std::fmt;
use std::sync::Arc;

use super::api::{Api, types};
use super::client::Client;
use super::pending_code::{PendingCode, SentCode};
use super::session::Session;
use crate::credential::JarCredential;
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::Bound;

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

    /// Sends the code. It is repeated only if the server certainly did not process it.
    ///
    /// Source: `POST /service/application/user/authentication/v1.0/login/otp`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] for a `mobile` that is not 4 to 15 digits or a `country_code`
    /// that is not 1 to 3, [`ErrorKind::Undecodable`] if the answer cannot be continued from;
    /// else as any call, see [`Error`].
    pub async fn send_code(self) -> Result<PendingCode, Error> {
        check_digits("mobile", &self.mobile, 4, 15)?;
        check_digits("country_code", &self.country_code, 1, 3)?;
        let sign_in = Unfinished::new(self.client, self.platform);
        let body = types::SendOtpRequestSchema::builder()
            .mobile(self.mobile.clone())
            .country_code(self.country_code.clone())
            .android_hash(self.android_hash.clone());
        let api = sign_in.api();
        let mut call = api.login_with_otp().body(body);
        if let Some(platform) = &sign_in.platform {
            call = call.platform(platform.clone());
        }
        let answer = call.send().await?.into_inner();
        let code = SentCode::new(
            &sign_in.client,
            "login_with_otp",
            answer.request_id,
            answer.resend_token,
            answer.resend_timer,
        )?;
        Ok(PendingCode {
            sign_in,
            mobile: self.mobile,
            country_code: self.country_code,
            android_hash: self.android_hash,
            code,
            register_token: answer.register_token,
        })
    }
}

/// A sign-in under way: nobody else's requests carry its cookies.
pub(super) struct Unfinished {
    pub(super) client: Client,
    pub(super) platform: Option<String>,
    cookies: Arc<JarCredential>,
}

impl Unfinished {
    fn new(client: Client, platform: Option<String>) -> Self {
        let road = &client.road;
        let cookies = Arc::new(JarCredential::new(road.base.url(), road.time.clone()));
        Self {
            client,
            platform,
            cookies,
        }
    }

    pub(super) fn api(&self) -> Api {
        let bound = Bound::new(self.client.road.clone());
        Api::new(bound.with_credential(self.cookies.clone()))
    }

    pub(super) fn has_cookies(&self) -> bool {
        !self.cookies.jar().is_empty()
    }

    /// The session, after `operation` succeeded: the cookies are all that says so.
    pub(super) async fn finish(&self, operation: &'static str) -> Result<Session, Error> {
        if !self.has_cookies() {
            let message = "the sign-in succeeded but brought no cookie";
            return Err(Error::new(ErrorKind::Undecodable, message).at(System::Fynd, operation));
        }
        self.client.sign_in(self.cookies.jar()).await
    }
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
