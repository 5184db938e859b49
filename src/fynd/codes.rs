//! The calls that send and verify a code, for mobiles and mailboxes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::api::enums::{
    SendEmailForgotOtpRequestSchemaAction as ForgotEmail,
    SendEmailOtpRequestSchemaAction as ByEmail,
    SendMobileForgotOtpRequestSchemaAction as ForgotMobile,
    SendMobileOtpRequestSchemaAction as ByMobile,
};
use super::api::types;
use super::client::Client;
use super::contact::{country_code, national_number};
use super::keys::Keys;
use super::partial_session::PartialSession;
use crate::contact::Contact;
use crate::error::Error;
use crate::secret::Secret;
use crate::session::CookieJar;

/// The kind of a code on the server: one for signing in is not valid for setting a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OtpKind {
    SignIn,
    ForgotPassword,
}

/// The contact that codes are sent to, and the application that sends them.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Route {
    pub(super) contact: Contact,
    pub(super) platform: Option<String>,
    pub(super) android_hash: Option<String>,
}

/// A message that was sent.
pub(super) struct Sent {
    pub(super) keys: Keys,
    pub(super) register_token: Option<Secret>,
    pub(super) cookies: CookieJar,
}

/// What a response says about the user: a new user has the token of a registration and no session.
pub(super) struct UserStatus {
    pub(super) has_user: bool,
    pub(super) user_exists: Option<bool>,
    pub(super) register_token: Option<Secret>,
}

impl UserStatus {
    /// The token of the registration that is to be continued; `None` if the user is signed in.
    /// `former` is the token of an earlier response.
    pub(super) fn registration(self, former: Option<&Secret>) -> Option<Secret> {
        match self.user_exists {
            Some(false) => self.register_token.or_else(|| former.cloned()),
            None if !self.has_user => self.register_token,
            _ => None,
        }
    }
}

impl Route {
    pub(super) fn to(contact: Contact, platform: Option<String>) -> Self {
        Self {
            contact,
            platform,
            android_hash: None,
        }
    }

    /// The operation that sends a code.
    pub(super) fn sending(&self, kind: OtpKind) -> &'static str {
        match (&self.contact, kind) {
            (Contact::Phone(_), OtpKind::SignIn) => "send_otp_on_mobile",
            (Contact::Phone(_), OtpKind::ForgotPassword) => "send_forgot_otp_on_mobile",
            (Contact::Email(_), OtpKind::SignIn) => "send_otp_on_email",
            (Contact::Email(_), OtpKind::ForgotPassword) => "send_forgot_otp_on_email",
        }
    }

    /// Sends the first code of a sign-in.
    pub(super) async fn sign_in(&self, client: &Client) -> Result<Sent, Error> {
        let Contact::Phone(phone) = &self.contact else {
            return self.send(client, OtpKind::SignIn, None, None, None).await;
        };
        let partial = PartialSession::begin(client);
        let body = types::SendOtpRequestSchema::builder()
            .mobile(national_number(phone))
            .country_code(country_code(phone))
            .android_hash(self.android_hash.clone());
        let api = partial.api();
        let call = api
            .login_with_otp()
            .body(body)
            .platform(self.platform.clone());
        let response = call.send().await?.into_inner();
        Ok(Sent {
            keys: Keys::of_mobile(
                "login_with_otp",
                response.request_id,
                response.resend_token,
                response.resend_timer,
            )?,
            register_token: response.register_token,
            cookies: partial.cookies(),
        })
    }

    /// Sends a code, or another one with the `token` of the newest.
    pub(super) async fn send(
        &self,
        client: &Client,
        kind: OtpKind,
        cookies: Option<&CookieJar>,
        token: Option<Secret>,
        register_token: Option<&Secret>,
    ) -> Result<Sent, Error> {
        let partial = match cookies {
            Some(cookies) => PartialSession::new(client, cookies),
            None => PartialSession::begin(client),
        };
        let again = token.is_some();
        let (keys, register_token) = match (&self.contact, kind) {
            (Contact::Phone(phone), OtpKind::SignIn) => {
                let body = types::SendMobileOtpRequestSchema::builder()
                    .mobile(national_number(phone))
                    .country_code(country_code(phone))
                    .android_hash(self.android_hash.clone())
                    .token(token)
                    .action(if again {
                        ByMobile::Resend
                    } else {
                        ByMobile::Send
                    });
                let api = partial.api();
                let call = api
                    .send_otp_on_mobile()
                    .body(body)
                    .platform(self.platform.clone());
                self.mobile_keys(kind, call.send().await?.into_inner())?
            }
            (Contact::Phone(phone), OtpKind::ForgotPassword) => {
                let body = types::SendMobileForgotOtpRequestSchema::builder()
                    .mobile(national_number(phone))
                    .country_code(country_code(phone))
                    .android_hash(self.android_hash.clone())
                    .token(token)
                    .action(if again {
                        ForgotMobile::Resend
                    } else {
                        ForgotMobile::Send
                    });
                let api = partial.api();
                let call = api
                    .send_forgot_otp_on_mobile()
                    .body(body)
                    .platform(self.platform.clone());
                self.mobile_keys(kind, call.send().await?.into_inner())?
            }
            (Contact::Email(address), OtpKind::SignIn) => {
                let body = types::SendEmailOtpRequestSchema::builder()
                    .email(address.as_str())
                    .register_token(register_token.cloned())
                    .token(token)
                    .action(if again {
                        ByEmail::Resend
                    } else {
                        ByEmail::Send
                    });
                let api = partial.api();
                let call = api
                    .send_otp_on_email()
                    .body(body)
                    .platform(self.platform.clone());
                let response = call.send().await?.into_inner();
                (Keys::of_email(response.resend_email_token, None), None)
            }
            (Contact::Email(address), OtpKind::ForgotPassword) => {
                let body = types::SendEmailForgotOtpRequestSchema::builder()
                    .email(address.as_str())
                    .token(token)
                    .action(if again {
                        ForgotEmail::Resend
                    } else {
                        ForgotEmail::Send
                    });
                let api = partial.api();
                let call = api
                    .send_forgot_otp_on_email()
                    .body(body)
                    .platform(self.platform.clone());
                let response = call.send().await?.into_inner();
                (Keys::of_email(response.resend_email_token, None), None)
            }
        };
        Ok(Sent {
            keys,
            register_token,
            cookies: partial.cookies(),
        })
    }

    /// Sends another code, in place of that of `keys`.
    pub(super) async fn resend(
        &self,
        client: &Client,
        kind: OtpKind,
        cookies: &CookieJar,
        keys: &Keys,
        register_token: Option<&Secret>,
    ) -> Result<(Sent, Duration), Error> {
        let token = keys.resend_token(self.sending(kind))?.clone();
        let sent = self.send(client, kind, Some(cookies), Some(token), register_token);
        let sent = sent.await?;
        let wait = sent.keys.wait();
        Ok((sent, wait))
    }

    fn mobile_keys(
        &self,
        kind: OtpKind,
        response: types::SendOtpSuccess,
    ) -> Result<(Keys, Option<Secret>), Error> {
        let keys = Keys::of_mobile(
            self.sending(kind),
            response.request_id,
            response.resend_token,
            response.resend_timer,
        )?;
        Ok((keys, response.register_token))
    }

    /// Verifies a code that the user typed. The cookies of the response are in `partial`.
    pub(super) async fn verify(
        &self,
        partial: &PartialSession,
        keys: &Keys,
        register_token: Option<Secret>,
        code: Secret,
    ) -> Result<UserStatus, Error> {
        let api = partial.api();
        let response = match &self.contact {
            Contact::Phone(_) => {
                let body = types::VerifyOtpRequestSchema::builder()
                    .request_id(keys.request_id.clone())
                    .register_token(register_token)
                    .otp(code);
                let call = api
                    .verify_mobile_otp()
                    .body(body)
                    .platform(self.platform.clone());
                call.send().await?.into_inner()
            }
            Contact::Email(address) => {
                let registers = register_token.is_some();
                let body = types::VerifyEmailOtpRequestSchema::builder()
                    .email(address.as_str())
                    .register_token(register_token)
                    .action(registers.then(|| "register".to_owned()))
                    .otp(code);
                let call = api
                    .verify_email_otp()
                    .body(body)
                    .platform(self.platform.clone());
                call.send().await?.into_inner()
            }
        };
        Ok(UserStatus {
            has_user: response.user.is_some(),
            user_exists: response.user_exists,
            register_token: response.register_token,
        })
    }

    /// Exchanges a code for the token with which a password is set.
    pub(super) async fn verify_forgotten(
        &self,
        partial: &PartialSession,
        keys: &Keys,
        code: Secret,
    ) -> Result<Option<Secret>, Error> {
        let api = partial.api();
        let response = match &self.contact {
            Contact::Phone(_) => {
                let body = types::VerifyMobileForgotOtpRequestSchema::builder()
                    .request_id(keys.request_id.clone())
                    .otp(code);
                let call = api
                    .verify_mobile_forgot_otp()
                    .body(body)
                    .platform(self.platform.clone());
                call.send().await?.into_inner()
            }
            Contact::Email(address) => {
                let body = types::VerifyEmailForgotOtpRequestSchema::builder()
                    .email(address.as_str())
                    .otp(code);
                let call = api
                    .verify_email_forgot_otp()
                    .body(body)
                    .platform(self.platform.clone());
                call.send().await?.into_inner()
            }
        };
        Ok(response.forgot_token)
    }
}
