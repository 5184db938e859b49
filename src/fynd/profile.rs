//! The profile that makes a new number a user.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::announced::{Announced, Told};
use super::api::types;
use super::client::Client;
use super::contact::{Contact, check_filled};
use super::opaque::opaque;
use super::remaining_codes::RemainingCodes;
use super::sign_in::SignIn;
use super::unfinished::{Unfinished, finish};
use super::waiting::{Codes, Waiting};
use crate::challenge::{ActiveChallenge, Step, StepError};
use crate::error::{Error, ErrorKind, System};
use crate::secret::Secret;
use crate::session::CookieJar;
use crate::skewed_clock::SkewedClock;

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

    fn time_to_live(&self, _: &SkewedClock) -> Duration {
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
    open: ActiveChallenge<NewUser>,
    mobile: Option<Contact>,
    email: Option<String>,
    gender: Option<String>,
    date_of_birth: Option<String>,
}

opaque!(CompleteProfile);

impl CompleteProfile {
    pub(super) fn resumed(client: Client, open: ActiveChallenge<NewUser>) -> Self {
        Self {
            client,
            open,
            mobile: None,
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

    /// The user's mobile, without country code, and the country calling code (`+91` or `91`). The
    /// sales channel may want it confirmed before there is a session.
    pub fn mobile(mut self, number: impl Into<String>, country_code: impl Into<String>) -> Self {
        self.mobile = Some(Contact::mobile(number, country_code));
        self
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

    /// Completes the profile. The user is signed in, unless the server wants a contact confirmed
    /// that the profile names and sends it a code; the codes go on under the same
    /// [`id`](Self::id). It is sent once, whatever happens.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Fynd, FyndUser};
    /// # let mock = Fynd::start().await;
    /// # let client = vestibule::fynd::Client::builder("64b000000000000000000001", "test-token");
    /// # let client = client.base_url(mock.base_url()).clock(mock.clock().clone()).build()?;
    /// # mock.require_email(true);
    /// # let code = || mock.outbox().last_code("+919000000001").unwrap();
    /// # let email_code = || mock.outbox().last_code("asha@example.com").unwrap();
    /// # let pending = client.otp_sign_in("9000000001", "91").send_code().await?;
    /// # use vestibule::fynd::SignIn;
    /// # let SignIn::ProfileRequired(profile) = pending.confirm(code()).await? else { panic!() };
    /// let profile = profile.email("asha@example.com");
    /// let signed_in = match profile.complete("Asha", "Rao").await? {
    ///     // This sales channel wants the address confirmed.
    ///     SignIn::CodesRequired(codes) => codes.confirm_email(email_code()).await?,
    ///     signed_in => signed_in,
    /// };
    /// # let session = signed_in.signed_in().unwrap();
    /// # assert_eq!(session.user().await?.first_name.as_deref(), Some("Asha"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Source: `POST /service/application/user/profile/v1.0/detail`.
    ///
    /// # Errors
    ///
    /// The state comes back with the error. Nothing was sent with [`ErrorKind::InvalidInput`]
    /// naming `first_name`, `mobile`, `country_code` or `email`, [`ErrorKind::SlowDown`] (the timer
    /// of the last message to one of the contacts runs), [`ErrorKind::TryLater`] (the session store
    /// fails) and [`ErrorKind::SignInAgain`] (it is finished or has expired).
    /// [`ErrorKind::StepRequired`]: the server wants a contact confirmed that the profile does not
    /// name. [`ErrorKind::Undecodable`]: it agreed and gave no cookie.
    pub async fn complete(
        mut self,
        first_name: impl Into<String>,
        last_name: impl Into<String>,
    ) -> Result<SignIn, StepError<Self>> {
        match self.send(first_name.into(), last_name.into()).await {
            Ok(waiting) if waiting.is_empty() => {
                let cookies = &self.open.step.cookies;
                match finish(&self.client, cookies, OPERATION).await {
                    Ok(session) => {
                        self.open.finish().await;
                        Ok(SignIn::SignedIn(session))
                    }
                    Err(error) => Err(StepError::new(self, error)),
                }
            }
            Ok(waiting) => {
                let NewUser {
                    platform,
                    cookies,
                    register_token,
                } = self.open.step.clone();
                let codes = Codes {
                    platform,
                    cookies,
                    register_token: Some(register_token),
                    waiting,
                };
                let open = self.open.go_on(codes).await;
                let codes = RemainingCodes::resumed(self.client, open);
                Ok(SignIn::CodesRequired(codes))
            }
            Err(error) => Err(StepError::new(self, error)),
        }
    }

    /// The codes that remain; none if the user is signed in.
    async fn send(&mut self, first_name: String, last_name: String) -> Result<Vec<Waiting>, Error> {
        check_filled("first_name", &first_name)?;
        let email = self.email.clone().map(Contact::Email);
        let contacts: Vec<Contact> = self.mobile.iter().cloned().chain(email).collect();
        for contact in &contacts {
            contact.check()?;
        }
        self.open.check().await?;
        let announced = Announced::of_open(&self.open, contacts).await?;
        let unfinished = Unfinished::new(&self.client, &self.open.step.cookies);
        let api = unfinished.api();
        let call = api.update_profile().body(self.body(first_name, last_name));
        let answer = call.platform(self.open.step.platform.clone()).send().await;
        self.open.step.cookies = unfinished.cookies();
        let answer = match answer {
            Ok(answer) => answer.into_inner(),
            Err(error) => {
                announced.failed(&error).await;
                return Err(error);
            }
        };
        if let Some(token) = answer.register_token {
            self.open.step.register_token = token;
        }
        let told = Told {
            operation: OPERATION,
            mobile: answer.verify_mobile_otp == Some(true),
            email: answer.verify_email_otp == Some(true),
            request_id: answer.request_id,
            resend_token: answer.resend_token,
            resend_email_token: answer.resend_email_token,
            resend_timer: answer.resend_timer,
        };
        let wants_codes = told.mobile || told.email;
        let waiting = announced.sent(told).await?;
        let is_user = answer.user.is_some() || answer.user_exists == Some(true);
        if !wants_codes || (is_user && !self.open.step.cookies.is_empty()) {
            return Ok(Vec::new());
        }
        if waiting.is_empty() {
            self.open.changed().await;
            return Err(code_of_unknown_contact(OPERATION));
        }
        Ok(waiting)
    }

    fn body(
        &self,
        first_name: String,
        last_name: String,
    ) -> types::builder::EditProfileRequestSchema {
        let mobile = self.mobile.as_ref().and_then(|mobile| match mobile {
            Contact::Mobile {
                country_code,
                number,
            } => Some(types::EditProfileMobileSchema {
                country_code: Some(country_code.clone()),
                phone: Some(number.clone()),
            }),
            Contact::Email(_) => None,
        });
        let last_name = Some(last_name).filter(|name| !name.trim().is_empty());
        types::EditProfileRequestSchema::builder()
            .register_token(self.open.step.register_token.clone())
            .first_name(first_name)
            .last_name(last_name)
            .mobile(mobile)
            .email(self.email.clone())
            .gender(self.gender.clone())
            .dob(self.date_of_birth.clone())
    }
}

/// The server waits for a code, and nobody knows where it went.
pub(super) fn code_of_unknown_contact(operation: &'static str) -> Error {
    let message = "the server wants a contact confirmed that was not named: name it";
    Error::new(ErrorKind::StepRequired, message).at(System::Fynd, operation)
}
