//! The Wallet Crew: create a customer with a flow, pass its challenge, profile.

use serde_json::{Value, json};
use vestibule::challenge::{ResendTimer, StepError};
use vestibule::testing::WalletCrew;
use vestibule::walletcrew::{Client, Saved, Session};
use vestibule::{Error, Secret};

use crate::arguments::Arguments;
use crate::codes::{Challenge, Codes};
use crate::steps::{Failed, Steps};

struct Plan {
    client: Client,
    /// E-mail address or phone number.
    identifier: String,
    flow: Option<String>,
    provider: String,
    codes: Codes,
}

/// On a mock, with a flow that issues a challenge.
pub async fn on(mock: WalletCrew) -> Result<(), Failed> {
    let steps = Steps::of("walletcrew");
    let client = Client::builder(mock.base_url())
        .tenant("demo")
        .clock(mock.clock().clone())
        .build()
        .map_err(steps.failed("client"))?;
    let plan = Plan {
        client,
        identifier: "ada@example.org".to_owned(),
        flow: Some("activation".to_owned()),
        provider: "otp".to_owned(),
        codes: Codes::Mock {
            outbox: mock.outbox().clone(),
            clock: mock.clock().clone(),
        },
    };
    onboard(steps, plan).await
}

/// On a real server.
pub async fn for_real(arguments: &mut Arguments) -> Result<(), Failed> {
    let steps = Steps::of("walletcrew");
    let plan = plan(steps, arguments).map_err(|error| steps.usage_error(error))??;
    onboard(steps, plan).await
}

fn plan(steps: Steps, arguments: &mut Arguments) -> Result<Result<Plan, Failed>, String> {
    let builder = Client::builder(arguments.required("base-url")?)
        .tenant(arguments.required("tenant")?)
        .allow_plain_http(arguments.flag("allow-plain-http"));
    let provider = arguments.required("provider")?;
    let identifier = arguments.required("identifier")?;
    let flow = arguments.optional("flow");
    arguments.finish()?;
    Ok(builder
        .build()
        .map_err(steps.failed("client"))
        .map(|client| Plan {
            client,
            identifier,
            flow,
            provider,
            codes: Codes::terminal(),
        }))
}

/// Each tenant defines the members; these are the mock's.
fn customer(identifier: &str) -> Value {
    let member = if identifier.contains('@') {
        "email"
    } else {
        "phone"
    };
    json!({member: identifier, "firstName": "Ada", "lastName": "Lovelace"})
}

async fn onboard(steps: Steps, mut plan: Plan) -> Result<(), Failed> {
    let mut pending = PendingCustomer {
        client: plan.client.clone(),
        identifier: plan.identifier.clone(),
        flow: plan.flow.clone(),
        provider: plan.provider.clone(),
        saved: None,
    };
    let saved = pending
        .save()
        .await
        .map_err(steps.failed("create customer"))?;
    match &saved {
        Saved::Done(_) => steps.done("create customer", "created or updated"),
        Saved::ChallengeIssued(_) => steps.done("create customer", "202: a challenge was issued"),
    }
    pending.saved = Some(saved);
    let session = plan.codes.confirm(steps, &plan.identifier, pending).await?;
    let provider = &plan.provider;
    steps.done(
        "authenticate",
        format_args!("signed in by provider {provider}"),
    );
    let profile: Value = session.profile().await.map_err(steps.failed("profile"))?;
    let members = profile.as_object().map_or(0, |profile| profile.len());
    steps.done("profile", format_args!("{members} members"));
    session.sign_out().await.map_err(steps.failed("sign out"))?;
    steps.done(
        "sign out",
        "removed locally; the token stays valid until it expires",
    );
    Ok(())
}

/// A saved customer who is not signed in yet.
struct PendingCustomer {
    client: Client,
    identifier: String,
    flow: Option<String>,
    provider: String,
    saved: Option<Saved>,
}

impl PendingCustomer {
    async fn save(&self) -> Result<Saved, Error> {
        let mut request = self.client.customer(&customer(&self.identifier));
        if let Some(flow) = &self.flow {
            request = request.flow(flow.as_str());
        }
        request.send().await
    }
}

impl Challenge for PendingCustomer {
    type Next = Session;

    fn timer(&self) -> Option<ResendTimer> {
        None
    }

    /// Running the flow again issues a new challenge.
    async fn resend(&mut self) -> Result<(), Error> {
        self.saved = Some(self.save().await?);
        Ok(())
    }

    async fn confirm(mut self, code: Secret) -> Result<Self::Next, StepError<Self>> {
        let data = json!({"identifier": self.identifier, "code": code.expose()});
        let error = match self.saved.take() {
            Some(Saved::ChallengeIssued(challenge)) => {
                match challenge.confirm(self.provider.as_str(), &data).await {
                    Ok(session) => return Ok(session),
                    Err(failed) => {
                        self.saved = Some(Saved::ChallengeIssued(failed.state));
                        failed.error
                    }
                }
            }
            saved => {
                self.saved = saved;
                match self
                    .client
                    .sign_in_with_provider(self.provider.as_str(), &data)
                    .await
                {
                    Ok(session) => return Ok(session),
                    Err(error) => error,
                }
            }
        };
        Err(StepError::new(self, error))
    }
}
