//! The accounts of a small app: a phone number, a code, a second factor if enrolled, then a greeting.
//!
//! The HTTP layer of the app keeps the returned ids in an HttpOnly cookie.

use vestibule::wunder::{Challenge, Client, SignIn};
use vestibule::{Error, ErrorKind, Secret};

/// The branch in which new users sign up.
const BRANCH: &str = "2";

/// The accounts of one tenant.
#[derive(Clone, Debug)]
pub struct Accounts {
    client: Client,
}

/// The result of a code.
#[derive(Debug)]
pub enum Step {
    /// Signed in: the id of the session.
    SignedIn(Secret),
    /// A second factor is required; the sign-in continues with the same id.
    SecondFactor,
    /// The code is wrong. The user may try again with the same id.
    WrongCode,
    /// The sign-in has ended: start again.
    StartAgain,
}

impl Accounts {
    /// Creates the accounts of a client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Sends a code to a phone number and returns the id of the sign-in.
    pub async fn begin(&self, phone: &str) -> Result<Secret, Error> {
        let pending = self
            .client
            .sign_in_with_phone_code(&phone.parse()?)
            .branch_id(BRANCH)
            .send()
            .await?;
        Ok(pending.id().clone())
    }

    /// Confirms a code from the message or from the authenticator app.
    pub async fn confirm(&self, sign_in: &Secret, code: &str) -> Result<Step, Error> {
        let signed_in = match self.client.resume_challenge(sign_in).await {
            Ok(Challenge::PendingCode(pending)) => match pending.confirm(code).await {
                Ok(SignIn::SignedIn(session)) => Ok(session),
                Ok(SignIn::MfaRequired(_)) => return Ok(Step::SecondFactor),
                Err(failed) => Err(failed.error),
            },
            Ok(Challenge::MfaRequired(mfa)) => {
                mfa.confirm(code).await.map_err(|failed| failed.error)
            }
            // A step that a later version of the crate may add.
            Ok(_) => return Ok(Step::StartAgain),
            Err(error) => Err(error),
        };
        match signed_in {
            Ok(session) => Ok(Step::SignedIn(session.id().clone())),
            Err(error) if error.kind() == ErrorKind::Rejected => Ok(Step::WrongCode),
            Err(error) if error.kind() == ErrorKind::Unauthenticated => Ok(Step::StartAgain),
            Err(error) => Err(error),
        }
    }

    /// The greeting of a signed-in user; `None` if the session has ended.
    pub async fn greeting(&self, session: &Secret) -> Result<Option<String>, Error> {
        let profile = match self.client.resume_session(session).await {
            Ok(session) => session.profile().await,
            Err(error) => Err(error),
        };
        match profile {
            Ok(profile) => {
                let name = profile.email.or(profile.phone_number);
                Ok(Some(format!("Hello, {}!", name.unwrap_or_default())))
            }
            Err(error) if error.kind() == ErrorKind::Unauthenticated => Ok(None),
            Err(error) => Err(error),
        }
    }
}
