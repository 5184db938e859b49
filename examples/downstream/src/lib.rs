//! The accounts of a small app: a phone number, a code, perhaps a second factor, and then a greeting.
//!
//! Whoever talks HTTP to the browser keeps the ids that these calls give in an HttpOnly cookie.

use vestibule::wunder::{Challenge, Client, SignIn};
use vestibule::{Error, ErrorKind, Secret};

/// The branch in which new users sign up.
const BRANCH: &str = "2";

/// The accounts of one tenant.
#[derive(Clone, Debug)]
pub struct Accounts {
    client: Client,
}

/// How far a user came with a code.
#[derive(Debug)]
pub enum Step {
    /// Signed in: the id of the session.
    SignedIn(Secret),
    /// The app of the second factor shows another code; the sign-in goes on under the same id.
    SecondFactor,
    /// The code is wrong. The user may try again under the same id.
    WrongCode,
    /// The sign-in is not known any more: begin anew.
    StartAgain,
}

impl Accounts {
    /// The accounts that `client` reaches.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Sends a code to a phone number; gives the id of the sign-in.
    pub async fn begin(&self, phone: &str) -> Result<Secret, Error> {
        let pending = self.client.phone_sign_in(phone, BRANCH).send_code().await?;
        Ok(pending.id().clone())
    }

    /// Takes the code that the user typed, from the message or from the app of the second factor.
    pub async fn confirm(&self, sign_in: &Secret, code: &str) -> Result<Step, Error> {
        let signed_in = match self.client.challenge(sign_in).await {
            Ok(Challenge::PendingCode(pending)) => match pending.confirm(code).await {
                Ok(SignIn::SignedIn(session)) => Ok(session),
                Ok(SignIn::MfaRequired(_)) => return Ok(Step::SecondFactor),
                Err(returned) => Err(returned.error),
            },
            Ok(Challenge::MfaRequired(mfa)) => {
                mfa.validate(code).await.map_err(|returned| returned.error)
            }
            Err(error) => Err(error),
        };
        match signed_in {
            Ok(session) => Ok(Step::SignedIn(session.id().clone())),
            Err(error) if error.kind() == ErrorKind::Refused => Ok(Step::WrongCode),
            Err(error) if error.kind() == ErrorKind::SignInAgain => Ok(Step::StartAgain),
            Err(error) => Err(error),
        }
    }

    /// What the app says to a user who is signed in; nothing if nobody is.
    pub async fn greeting(&self, session: &Secret) -> Result<Option<String>, Error> {
        let profile = match self.client.session(session).await {
            Ok(session) => session.profile().await,
            Err(error) => Err(error),
        };
        match profile {
            Ok(profile) => {
                let name = profile.email.or(profile.phone_number);
                Ok(Some(format!("Hello, {}!", name.unwrap_or_default())))
            }
            Err(error) if error.kind() == ErrorKind::SignInAgain => Ok(None),
            Err(error) => Err(error),
        }
    }
}
