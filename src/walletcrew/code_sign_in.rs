//! Implementation of [`code_sign_in`](crate::code_sign_in) by the flow of a tenant.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::account::Saved;
use super::client::Client;
use super::verification::Challenge;
use crate::challenge::{ResendTimer, StepError, check_code};
use crate::clock::BoxFuture;
use crate::code_sign_in::{
    Awaited, CodeChallenge, CodeSignIn, Confirmed, boxed, session_methods, unsupported,
};
use crate::contact::{Channel, Contact};
use crate::error::{Delivery, Error, ErrorKind, System};
use crate::opaque_debug::opaque_debug;
use crate::secret::Secret;

type AccountOf = dyn Fn(&Contact) -> Result<Value, Error> + Send + Sync;
type LoginOf = dyn Fn(&Contact, &Secret) -> Result<Value, Error> + Send + Sync;

/// Sign-in by a flow that challenges the customer, as configured by one tenant.
#[derive(Clone)]
#[must_use = "no code is sent before `send_code`"]
pub struct FlowSignIn {
    client: Client,
    flow: String,
    provider: String,
    account: Arc<AccountOf>,
    login: Arc<LoginOf>,
}

opaque_debug!("walletcrew": FlowSignIn);

impl Client {
    /// Sign-in by a code, for a back end that serves several systems; see
    /// [`code_sign_in`](crate::code_sign_in). Sends nothing.
    ///
    /// The format of accounts and logins depends on the tenant, so the caller provides it:
    /// `account` returns the account data of a customer with a contact, and `login` returns the data
    /// for the code. The [`flow`](FlowSignIn::flow) that sends the code and the
    /// [`provider`](FlowSignIn::provider) that accepts it are required. An account that does not
    /// serialise as an object is refused when a code is sent, a login that does not serialise when a
    /// code is entered: with [`ErrorKind::InvalidInput`] naming it.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), vestibule::Error> {
    /// # let mock = vestibule::testing::WalletCrew::start().await;
    /// # let code = || mock.outbox().last_code("ada@example.com").unwrap_or_default();
    /// # let url = mock.base_url();
    /// use serde_json::json;
    /// use vestibule::code_sign_in::{CodeSignIn, Confirmed};
    /// use vestibule::Contact;
    /// use vestibule::walletcrew::Client;
    ///
    /// let client = Client::builder(url).tenant("demo-tenant").build()?;
    /// let system = client.code_sign_in(
    ///     |to| json!({"email": to.to_text()}),
    ///     |to, code| json!({"identifier": to.to_text(), "code": code.expose()}),
    /// );
    /// let system = system.flow("activation").provider("otp");
    /// let challenge = system.send_code(&Contact::email("ada@example.com")?).await?;
    /// let confirmed = challenge.confirm(code().into()).await?;
    /// # assert!(matches!(confirmed, Confirmed::SignedIn(_)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn code_sign_in<A: Serialize, L: Serialize>(
        &self,
        account: impl Fn(&Contact) -> A + Send + Sync + 'static,
        login: impl Fn(&Contact, &Secret) -> L + Send + Sync + 'static,
    ) -> FlowSignIn {
        FlowSignIn {
            client: self.clone(),
            flow: String::new(),
            provider: String::new(),
            account: Arc::new(move |to| to_json("account", &account(to))),
            login: Arc::new(move |to, code| to_json("login", &login(to, code))),
        }
    }
}

/// Serialises a value of the caller. The serialiser's error is dropped: it may quote the value.
fn to_json(field: &'static str, value: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value)
        .map_err(|_| Error::invalid(field, "must serialise as JSON").of(System::WalletCrew))
}

impl FlowSignIn {
    /// Sets the flow that sends the code. Required.
    pub fn flow(mut self, name: impl Into<String>) -> Self {
        self.flow = name.into();
        self
    }

    /// Sets the provider that accepts the code. Required.
    pub fn provider(mut self, name: impl Into<String>) -> Self {
        self.provider = name.into();
        self
    }

    fn client(&self) -> &Client {
        &self.client
    }

    async fn send(&self, to: &Contact) -> Result<FlowChallenge, Error> {
        for (field, name) in [("flow", &self.flow), ("provider", &self.provider)] {
            if name.is_empty() {
                return Err(Error::invalid(field, "must be set").of(System::WalletCrew));
            }
        }
        let account = self.client.customer(&(self.account)(to)?);
        match account.flow(&self.flow).to(to).send().await? {
            Saved::ChallengeIssued(challenge) => Ok(self.resumed(to.clone(), challenge)),
            Saved::Done(_) => {
                let message = "the flow issued no challenge: the account is stored without a code";
                let error = unsupported(System::WalletCrew, message);
                Err(error.with_delivery(Delivery::Responded))
            }
        }
    }

    fn resumed(&self, to: Contact, challenge: Challenge) -> FlowChallenge {
        FlowChallenge {
            sign_in: self.clone(),
            to,
            challenge,
        }
    }
}

impl CodeSignIn for FlowSignIn {
    fn system(&self) -> System {
        System::WalletCrew
    }

    /// Depends on the tenant: the server refuses what its flow does not accept.
    fn offers(&self, channel: Channel) -> bool {
        matches!(channel, Channel::Phone | Channel::Email)
    }

    fn send_code<'a>(
        &'a self,
        to: &'a Contact,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            let challenge = self.send(to).await?;
            Ok(Box::new(challenge) as Box<dyn CodeChallenge>)
        })
    }

    fn resume_challenge<'a>(
        &'a self,
        id: &'a Secret,
    ) -> BoxFuture<'a, Result<Box<dyn CodeChallenge>, Error>> {
        Box::pin(async move {
            let challenge = self.client.resume_challenge(id).await?;
            let Some(to) = challenge.to().cloned() else {
                let message = "the challenge was issued by `Account::send`: continue it there";
                return Err(Error::new(ErrorKind::StepRequired, message).of(System::WalletCrew));
            };
            Ok(Box::new(self.resumed(to, challenge)) as Box<dyn CodeChallenge>)
        })
    }

    session_methods!(Self::client);
}

/// A challenge with the login format of the tenant.
struct FlowChallenge {
    sign_in: FlowSignIn,
    to: Contact,
    challenge: Challenge,
}

opaque_debug!("walletcrew": FlowChallenge);

impl FlowChallenge {
    async fn try_code(self, code: Secret) -> Result<Confirmed, StepError<Self>> {
        let Self {
            sign_in,
            to,
            challenge,
        } = self;
        let code = check_code(System::WalletCrew, &code);
        let login = match code.and_then(|code| (sign_in.login)(&to, &code)) {
            Ok(login) => login,
            Err(error) => return Err(StepError::new(sign_in.resumed(to, challenge), error)),
        };
        let provider = sign_in.provider.as_str();
        match challenge.confirm(provider, &login).await {
            Ok(session) => Ok(Confirmed::SignedIn(session.shared().clone())),
            Err(StepError { state, error }) => {
                Err(StepError::new(sign_in.resumed(to, state), error))
            }
        }
    }
}

impl CodeChallenge for FlowChallenge {
    fn system(&self) -> System {
        System::WalletCrew
    }

    fn id(&self) -> &Secret {
        self.challenge.id()
    }

    fn awaits(&self) -> Awaited {
        Awaited::Message
    }

    fn expires_at(&self) -> chrono::DateTime<chrono::Utc> {
        self.challenge.expires_at()
    }

    fn resend_timer(&self) -> Option<&ResendTimer> {
        None
    }

    fn resend(&mut self) -> BoxFuture<'_, Result<(), Error>> {
        let message = "there is no resend: send a first code again";
        let error = unsupported(System::WalletCrew, message);
        Box::pin(std::future::ready(Err(error)))
    }

    fn confirm(
        self: Box<Self>,
        code: Secret,
    ) -> BoxFuture<'static, Result<Confirmed, StepError<Box<dyn CodeChallenge>>>> {
        Box::pin(async move { self.try_code(code).await.map_err(boxed) })
    }
}
