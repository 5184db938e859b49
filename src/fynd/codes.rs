//! The calls that send and verify a code, for mobiles and mailboxes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
use super::other_spelling;
use super::partial_session::PartialSession;
use super::user_status::{UserStatus, filled};
use crate::contact::Contact;
use crate::error::Error;
use crate::json::JsonObject;
use crate::secret::Secret;
use crate::session::CookieJar;

/// The kind of a code on the server: one for signing in is not valid for setting a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OtpKind {
    SignIn,
    ForgotPassword,
}

/// The contact that codes are sent to, the application that sends them, and how.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Route {
    pub(super) contact: Contact,
    pub(super) platform: Option<String>,
    pub(super) android_hash: Option<String>,
    #[serde(default)]
    pub(super) encrypt_otp: Option<bool>,
    #[serde(default)]
    pub(super) force: Option<String>,
    /// The token of a registration that the caller has.
    #[serde(default)]
    pub(super) register_token: Option<Secret>,
}

/// A message that was sent.
pub(super) struct Sent {
    pub(super) keys: Keys,
    pub(super) register_token: Option<Secret>,
    pub(super) cookies: CookieJar,
    pub(super) announced: Announced,
}

/// What the start of a sign-in says beside the keys of its code.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Announced {
    /// The mailbox of the user, in the server's text.
    pub(super) email: Option<String>,
    /// The key for requesting another message to that mailbox.
    pub(super) email_token: Option<Secret>,
    pub(super) verify_mobile: Option<bool>,
    pub(super) verify_email: Option<bool>,
    pub(super) user_exists: Option<bool>,
}

/// What comes with a request for a message.
#[derive(Clone, Copy, Default)]
pub(super) struct Sending<'a> {
    /// The key of the newest message, to request another.
    pub(super) token: Option<&'a Secret>,
    pub(super) register_token: Option<&'a Secret>,
    /// The solution of a captcha, valid once.
    pub(super) captcha_code: Option<&'a str>,
}

impl Route {
    pub(super) fn to(contact: Contact, platform: Option<String>) -> Self {
        Self {
            contact,
            platform,
            android_hash: None,
            encrypt_otp: None,
            force: None,
            register_token: None,
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
    pub(super) async fn sign_in(
        &self,
        client: &Client,
        captcha_code: Option<&str>,
    ) -> Result<Sent, Error> {
        let partial = PartialSession::begin(client);
        let Contact::Phone(phone) = &self.contact else {
            let sending = Sending {
                register_token: self.register_token.as_ref(),
                ..Sending::default()
            };
            return self.send(partial, OtpKind::SignIn, sending).await;
        };
        let body = types::SendOtpRequestSchema::builder()
            .mobile(national_number(phone))
            .country_code(country_code(phone))
            .android_hash(self.android_hash.clone())
            .encrypt_otp(self.encrypt_otp)
            .extra(captcha(captcha_code));
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
                other_spelling::resend_token(response.resend_token, &response.extra),
                response.resend_timer,
            )?,
            register_token: filled(response.register_token),
            cookies: partial.cookies(),
            announced: Announced {
                email: response.email,
                email_token: filled(response.resend_email_token),
                verify_mobile: response.verify_mobile_otp,
                verify_email: response.verify_email_otp,
                user_exists: other_spelling::user_exists(
                    response.user_exists,
                    &response.extra,
                    None,
                ),
            },
        })
    }

    /// Sends a code, or another one with the token of the newest.
    pub(super) async fn send(
        &self,
        partial: PartialSession,
        kind: OtpKind,
        sending: Sending<'_>,
    ) -> Result<Sent, Error> {
        let token = sending.token.cloned();
        let again = token.is_some();
        let (keys, register_token) = match (&self.contact, kind) {
            (Contact::Phone(phone), OtpKind::SignIn) => {
                let body = types::SendMobileOtpRequestSchema::builder()
                    .mobile(national_number(phone))
                    .country_code(country_code(phone))
                    .android_hash(self.android_hash.clone())
                    .encrypt_otp(self.encrypt_otp)
                    .force(self.force.clone())
                    .token(token)
                    .action(if again {
                        ByMobile::Resend
                    } else {
                        ByMobile::Send
                    })
                    .extra(captcha(sending.captcha_code));
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
                    .register_token(sending.register_token.cloned())
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
            announced: Announced::default(),
        })
    }

    /// Sends another code, in place of that of `keys`; `sending` has no token yet.
    pub(super) async fn resend(
        &self,
        partial: PartialSession,
        kind: OtpKind,
        keys: &Keys,
        sending: Sending<'_>,
    ) -> Result<Sent, Error> {
        let token = Some(keys.resend_token(self.sending(kind))?);
        self.send(partial, kind, Sending { token, ..sending }).await
    }

    fn mobile_keys(
        &self,
        kind: OtpKind,
        response: types::SendOtpSuccess,
    ) -> Result<(Keys, Option<Secret>), Error> {
        let keys = Keys::of_mobile(
            self.sending(kind),
            response.request_id,
            other_spelling::resend_token(response.resend_token, &response.extra),
            response.resend_timer,
        )?;
        Ok((keys, filled(response.register_token)))
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
        let user_exists =
            other_spelling::user_exists(response.user_exists, &response.extra, Some(false));
        let user = response.user.as_ref();
        Ok(UserStatus::new(user, user_exists, response.register_token))
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
        Ok(filled(response.forgot_token))
    }
}

/// The member for the solution of a captcha.
pub(super) fn captcha(code: Option<&str>) -> JsonObject {
    let member = code.map(|code| ("captcha_code".to_owned(), Value::from(code)));
    JsonObject::from(member.into_iter().collect::<serde_json::Map<_, _>>())
}
