//! The profile that makes a new number a user.

use std::fmt;

use super::api::types;
use super::otp_sign_in::Unfinished;
use super::session::Session;
use crate::challenge::Returned;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;

const OPERATION: &str = "update_profile";

/// The code was right, and the number belongs to nobody yet: a name makes it a user.
#[must_use = "there is no user before `complete`"]
pub struct CompleteProfile {
    sign_in: Unfinished,
    register_token: Secret,
    email: Option<String>,
    gender: Option<String>,
    date_of_birth: Option<String>,
}

impl fmt::Debug for CompleteProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fynd::CompleteProfile")
    }
}

impl CompleteProfile {
    pub(super) fn new(sign_in: Unfinished, register_token: Secret) -> Self {
        Self {
            sign_in,
            register_token,
            email: None,
            gender: None,
            date_of_birth: None,
        }
    }

    /// The user's e-mail address. The sales channel may want it confirmed before there is a
    /// session.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// The user's gender, in the sales channel's words: the values are not published.
    pub fn gender(mut self, gender: impl Into<String>) -> Self {
        self.gender = Some(gender.into());
        self
    }

    /// The user's date of birth, in the sales channel's format: it is not published.
    pub fn date_of_birth(mut self, date: impl Into<String>) -> Self {
        self.date_of_birth = Some(date.into());
        self
    }

    /// Completes the profile and signs the user in. It is sent once, whatever happens.
    ///
    /// Source: `POST /service/application/user/profile/v1.0/detail`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error. [`ErrorKind::InvalidInput`]: an empty `first_name`,
    /// nothing was sent. [`ErrorKind::StepRequired`]: the server wants a code confirmed first.
    /// [`ErrorKind::Undecodable`]: it agreed and gave no cookie.
    pub async fn complete(
        mut self,
        first_name: impl Into<String>,
        last_name: impl Into<String>,
    ) -> Result<Session, Returned<Self>> {
        match self.send(first_name.into(), last_name.into()).await {
            Ok(session) => Ok(session),
            Err(error) => Err(Returned::new(self, error)),
        }
    }

    async fn send(&mut self, first_name: String, last_name: String) -> Result<Session, Error> {
        if first_name.trim().is_empty() {
            return Err(Error::invalid("first_name", "must not be empty").of(System::Fynd));
        }
        let last_name = Some(last_name).filter(|name| !name.trim().is_empty());
        let body = types::EditProfileRequestSchema::builder()
            .register_token(self.register_token.clone())
            .first_name(first_name)
            .last_name(last_name)
            .email(self.email.clone())
            .gender(self.gender.clone())
            .dob(self.date_of_birth.clone());
        let api = self.sign_in.api();
        let mut call = api.update_profile().body(body);
        if let Some(platform) = &self.sign_in.platform {
            call = call.platform(platform.clone());
        }
        let answer = call.send().await?.into_inner();
        if let Some(token) = answer.register_token {
            self.register_token = token;
        }
        let unconfirmed =
            answer.verify_mobile_otp == Some(true) || answer.verify_email_otp == Some(true);
        if unconfirmed && !self.sign_in.has_cookies() {
            let message = "a code that was sent to the mobile or by e-mail must be confirmed";
            return Err(Error::new(ErrorKind::StepRequired, message).at(System::Fynd, OPERATION));
        }
        self.sign_in.finish(OPERATION).await
    }
}
