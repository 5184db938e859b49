//! The calls that send a code and take one, of mobiles and mailboxes.

use serde::{Deserialize, Serialize};

use super::api::enums::{
    SendEmailForgotOtpRequestSchemaAction as ForgotEmail,
    SendEmailOtpRequestSchemaAction as ByEmail,
    SendMobileForgotOtpRequestSchemaAction as ForgotMobile,
    SendMobileOtpRequestSchemaAction as ByMobile,
};
use super::api::types;
use super::client::Client;
use super::contact::Contact;
use super::keys::Keys;
use super::unfinished::Unfinished;
use crate::error::Error;
use crate::secret::Secret;
use crate::session::CookieJar;

/// What a code is good for on the server: one for signing in does not set a password.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purpose {
    SignIn,
    Password,
}

/// How to reach somebody, and as part of what.
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

/// What a right code was answered with.
pub(super) struct Verified {
    pub(super) has_user: bool,
    pub(super) user_exists: Option<bool>,
    pub(super) register_token: Option<Secret>,
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
    pub(super) fn sending(&self, purpose: Purpose) -> &'static str {
        match (&self.contact, purpose) {
            (Contact::Mobile { .. }, Purpose::SignIn) => "send_otp_on_mobile",
            (Contact::Mobile { .. }, Purpose::Password) => "send_forgot_otp_on_mobile",
            (Contact::Email(_), Purpose::SignIn) => "send_otp_on_email",
            (Contact::Email(_), Purpose::Password) => "send_forgot_otp_on_email",
        }
    }

    /// Sends the first code to a mobile that signs in.
    pub(super) async fn sign_in(&self, client: &Client) -> Result<Sent, Error> {
        let Contact::Mobile {
            country_code,
            number,
        } = &self.contact
        else {
            return self.send(client, Purpose::SignIn, None, None, None).await;
        };
        let unfinished = Unfinished::begin(client);
        let body = types::SendOtpRequestSchema::builder()
            .mobile(number.clone())
            .country_code(country_code.clone())
            .android_hash(self.android_hash.clone());
        let api = unfinished.api();
        let call = api
            .login_with_otp()
            .body(body)
            .platform(self.platform.clone());
        let answer = call.send().await?.into_inner();
        Ok(Sent {
            keys: Keys::of_mobile(
                "login_with_otp",
                answer.request_id,
                answer.resend_token,
                answer.resend_timer,
            )?,
            register_token: answer.register_token,
            cookies: unfinished.cookies(),
        })
    }

    /// Sends a code; another one with the `token` of the newest.
    pub(super) async fn send(
        &self,
        client: &Client,
        purpose: Purpose,
        cookies: Option<&CookieJar>,
        token: Option<Secret>,
        register_token: Option<&Secret>,
    ) -> Result<Sent, Error> {
        let unfinished = match cookies {
            Some(cookies) => Unfinished::new(client, cookies),
            None => Unfinished::begin(client),
        };
        let again = token.is_some();
        let (keys, register_token) = match (&self.contact, purpose) {
            (
                Contact::Mobile {
                    country_code,
                    number,
                },
                Purpose::SignIn,
            ) => {
                let body = types::SendMobileOtpRequestSchema::builder()
                    .mobile(number.clone())
                    .country_code(country_code.clone())
                    .android_hash(self.android_hash.clone())
                    .token(token)
                    .action(if again {
                        ByMobile::Resend
                    } else {
                        ByMobile::Send
                    });
                let api = unfinished.api();
                let call = api
                    .send_otp_on_mobile()
                    .body(body)
                    .platform(self.platform.clone());
                self.mobile_keys(purpose, call.send().await?.into_inner())?
            }
            (
                Contact::Mobile {
                    country_code,
                    number,
                },
                Purpose::Password,
            ) => {
                let body = types::SendMobileForgotOtpRequestSchema::builder()
                    .mobile(number.clone())
                    .country_code(country_code.clone())
                    .android_hash(self.android_hash.clone())
                    .token(token)
                    .action(if again {
                        ForgotMobile::Resend
                    } else {
                        ForgotMobile::Send
                    });
                let api = unfinished.api();
                let call = api
                    .send_forgot_otp_on_mobile()
                    .body(body)
                    .platform(self.platform.clone());
                self.mobile_keys(purpose, call.send().await?.into_inner())?
            }
            (Contact::Email(address), Purpose::SignIn) => {
                let body = types::SendEmailOtpRequestSchema::builder()
                    .email(address.clone())
                    .register_token(register_token.cloned())
                    .token(token)
                    .action(if again {
                        ByEmail::Resend
                    } else {
                        ByEmail::Send
                    });
                let api = unfinished.api();
                let call = api
                    .send_otp_on_email()
                    .body(body)
                    .platform(self.platform.clone());
                let answer = call.send().await?.into_inner();
                (Keys::of_email(answer.resend_email_token, None), None)
            }
            (Contact::Email(address), Purpose::Password) => {
                let body = types::SendEmailForgotOtpRequestSchema::builder()
                    .email(address.clone())
                    .token(token)
                    .action(if again {
                        ForgotEmail::Resend
                    } else {
                        ForgotEmail::Send
                    });
                let api = unfinished.api();
                let call = api
                    .send_forgot_otp_on_email()
                    .body(body)
                    .platform(self.platform.clone());
                let answer = call.send().await?.into_inner();
                (Keys::of_email(answer.resend_email_token, None), None)
            }
        };
        Ok(Sent {
            keys,
            register_token,
            cookies: unfinished.cookies(),
        })
    }

    fn mobile_keys(
        &self,
        purpose: Purpose,
        answer: types::SendOtpSuccess,
    ) -> Result<(Keys, Option<Secret>), Error> {
        let keys = Keys::of_mobile(
            self.sending(purpose),
            answer.request_id,
            answer.resend_token,
            answer.resend_timer,
        )?;
        Ok((keys, answer.register_token))
    }

    /// Sends a code that the user typed. The cookies of the answer are in `unfinished`.
    pub(super) async fn verify(
        &self,
        unfinished: &Unfinished,
        keys: &Keys,
        register_token: Option<Secret>,
        code: Secret,
    ) -> Result<Verified, Error> {
        let api = unfinished.api();
        let answer = match &self.contact {
            Contact::Mobile { .. } => {
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
                    .email(address.clone())
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
        Ok(Verified {
            has_user: answer.user.is_some(),
            user_exists: answer.user_exists,
            register_token: answer.register_token,
        })
    }

    /// Exchanges a code for the token that sets a password.
    pub(super) async fn verify_forgotten(
        &self,
        unfinished: &Unfinished,
        keys: &Keys,
        code: Secret,
    ) -> Result<Option<Secret>, Error> {
        let api = unfinished.api();
        let answer = match &self.contact {
            Contact::Mobile { .. } => {
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
                    .email(address.clone())
                    .otp(code);
                let call = api
                    .verify_email_forgot_otp()
                    .body(body)
                    .platform(self.platform.clone());
                call.send().await?.into_inner()
            }
        };
        Ok(answer.forgot_token)
    }
}
