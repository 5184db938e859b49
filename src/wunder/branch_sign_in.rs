//! Implementation of [`code_sign_in`](crate::code_sign_in) by login codes.

use super::challenge::Challenge;
use super::client::Client;
use super::mfa::MfaRequired;
use super::pending_code::{CodeOptions, PendingCode};
use super::sign_in::SignIn;
use crate::challenge::{ResendTimer, StepError};
use crate::clock::BoxFuture;
use crate::code_sign_in::{
    Awaited, CodeChallenge, CodeSignIn, Confirmed, boxed, challenge_methods, message_methods,
    session_methods, unsupported,
};
use crate::contact::{Channel, Contact};
use crate::error::{Error, System};
use crate::secret::Secret;

/// Sign-in by a code at one branch, which new users join.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before `send_code`"]
pub struct BranchSignIn {
    client: Client,
    options: CodeOptions,
}

impl Client {
    /// Sign-in by a code at this branch, for a back end that serves several systems; see
    /// [`code_sign_in`](crate::code_sign_in). Sends nothing.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # use vestibule::testing::{Wunder, WunderUser};
    /// # let mock = Wunder::start().await;
    /// # let client = vestibule::wunder::Client::builder(mock.base_url()).tenant("demo");
    /// # let client = client.signing_key(Wunder::SIGNING_KEY).build()?;
    /// # let code = || mock.outbox().last_code("+43123456789").unwrap();
    /// use vestibule::Contact;
    /// use vestibule::code_sign_in::{CodeSignIn, Confirmed};
    ///
    /// let system: &dyn CodeSignIn = &client.at_branch("2").language("de");
    /// let challenge = system.send_code(&Contact::phone("+43123456789")?).await?;
    /// let confirmed = challenge.confirm(code().into()).await?;
    /// assert!(matches!(confirmed, Confirmed::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn at_branch(&self, branch_id: impl Into<String>) -> BranchSignIn {
        BranchSignIn {
            client: self.clone(),
            options: CodeOptions {
                branch_id: Some(branch_id.into()),
                ..CodeOptions::default()
            },
        }
    }
}

impl BranchSignIn {
    /// The language of the messages and of new users, as a tag such as `de` or `en-US`. The header
    /// `Accept-Language` is an option: [`CallOptions::language`](crate::CallOptions::language).
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.options.language = Some(language.into());
        self
    }

    /// Whether the users have accepted the terms. Omitted by default.
    pub fn terms_accepted(mut self, accepted: bool) -> Self {
        self.options.terms_accepted = Some(accepted);
        self
    }

    fn client(&self) -> &Client {
        &self.client
    }
}

impl CodeSignIn for BranchSignIn {
    fn system(&self) -> System {
        System::Wunder
    }

    fn offers(&self, channel: Channel) -> bool {
        matches!(channel, Channel::Phone | Channel::Email)
    }

    fn send_code<'a>(
        &'a self,
        to: &'a Contact,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            let (client, options) = (self.client.clone(), self.options.clone());
            let pending = PendingCode::send(client, to.clone(), options).await?;
            Ok(Box::new(pending) as Box<dyn CodeChallenge>)
        })
    }

    fn resume_challenge<'a>(
        &'a self,
        id: &'a Secret,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            Ok(match self.client.resume_challenge(id).await? {
                Challenge::PendingCode(pending) => Box::new(pending) as Box<dyn CodeChallenge>,
                Challenge::MfaRequired(mfa) => Box::new(mfa),
            })
        })
    }

    session_methods!(Self::client);
}

impl CodeChallenge for PendingCode {
    challenge_methods!();
    message_methods!();

    fn confirm(
        self: Box<Self>,
        code: Secret,
    ) -> BoxFuture<'static, Result<Confirmed, StepError<Box<dyn CodeChallenge>>>> {
        Box::pin(async move {
            let confirmed = Self::confirm(*self, code).await;
            Ok(match confirmed.map_err(boxed)? {
                SignIn::SignedIn(session) => Confirmed::SignedIn(session.shared().clone()),
                SignIn::MfaRequired(mfa) => Confirmed::SecondFactor(Box::new(mfa)),
            })
        })
    }
}

impl CodeChallenge for MfaRequired {
    challenge_methods!();

    fn awaits(&self) -> Awaited {
        Awaited::Authenticator
    }

    fn resend_timer(&self) -> Option<&ResendTimer> {
        None
    }

    fn resend(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        let message = "the code is shown by the user's authenticator";
        Box::pin(std::future::ready(Err(unsupported(
            System::Wunder,
            message,
        ))))
    }

    fn confirm(
        self: Box<Self>,
        code: Secret,
    ) -> BoxFuture<'static, Result<Confirmed, StepError<Box<dyn CodeChallenge>>>> {
        Box::pin(async move {
            let validated = MfaRequired::confirm(*self, code).await;
            let session = validated.map_err(boxed)?;
            Ok(Confirmed::SignedIn(session.shared().clone()))
        })
    }
}
