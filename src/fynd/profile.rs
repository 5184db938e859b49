//! The profile that makes a new number a user.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::api::types;
use super::client::Client;
use super::session::Session;
use super::unfinished::{Unfinished, finish};
use crate::challenge::{Open, Returned, Step};
use crate::credential::CookieJar;
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
use crate::server_time::ServerTime;

const OPERATION: &str = "update_profile";

/// How long the user has to fill the profile in.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// What the store keeps.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct NewUser {
    platform: Option<String>,
    cookies: CookieJar,
    register_token: Secret,
}

impl NewUser {
    pub(super) fn new(
        platform: Option<String>,
        cookies: CookieJar,
        register_token: Secret,
    ) -> Self {
        Self {
            platform,
            cookies,
            register_token,
        }
    }
}

impl Step for NewUser {
    const KIND: &'static str = "profile";

    fn time_to_live(&self, _: &ServerTime) -> Duration {
        TIME_TO_LIVE
    }
}

/// The code was right, and the number belongs to nobody yet: a name makes it a user.
///
/// The client's store keeps it for an hour; see [`challenge`](crate::challenge). What the user has
/// entered so far is not kept: give it again after taking it up.
#[must_use = "there is no user before `complete`"]
pub struct CompleteProfile {
    client: Client,
    open: Open<NewUser>,
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
    pub(super) fn resumed(client: Client, open: Open<NewUser>) -> Self {
        Self {
            client,
            open,
            email: None,
            gender: None,
            date_of_birth: None,
        }
    }

    /// The id under which [`Client::challenge`] takes the sign-in up, the same as before the
    /// profile: a secret.
    pub fn id(&self) -> &Secret {
        self.open.id()
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
    /// nothing was sent. [`ErrorKind::SignInAgain`]: it is finished or has expired, nothing was
    /// sent. [`ErrorKind::StepRequired`]: the server wants a code confirmed first.
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
        self.open.check().await?;
        let last_name = Some(last_name).filter(|name| !name.trim().is_empty());
        let step = &self.open.step;
        let body = types::EditProfileRequestSchema::builder()
            .register_token(step.register_token.clone())
            .first_name(first_name)
            .last_name(last_name)
            .email(self.email.clone())
            .gender(self.gender.clone())
            .dob(self.date_of_birth.clone());
        let unfinished = Unfinished::new(&self.client, &step.cookies);
        let api = unfinished.api();
        let mut call = api.update_profile().body(body);
        if let Some(platform) = &step.platform {
            call = call.platform(platform.clone());
        }
        let answer = call.send().await;
        self.open.step.cookies = unfinished.cookies();
        let answer = answer?.into_inner();
        if let Some(token) = answer.register_token {
            self.open.step.register_token = token;
        }
        let unconfirmed =
            answer.verify_mobile_otp == Some(true) || answer.verify_email_otp == Some(true);
        if unconfirmed && self.open.step.cookies.is_empty() {
            self.open.changed().await;
            let message = "a code that was sent to the mobile or by e-mail must be confirmed";
            return Err(Error::new(ErrorKind::StepRequired, message).at(System::Fynd, OPERATION));
        }
        let session = finish(&self.client, &self.open.step.cookies, OPERATION).await?;
        self.open.finish().await;
        Ok(session)
    }
}
