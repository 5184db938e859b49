//! Wunder Mobility: branch, code by SMS, second factor if asked for, profile, refresh.

use std::time::Duration;

use vestibule::challenge::{ResendTimer, StepError};
use vestibule::testing::Wunder;
use vestibule::wunder::{Client, ClientBuilder, MfaRequired, PendingCode, Session, SignIn};
use vestibule::{Error, Phone, Secret};

use crate::arguments::{self, Arguments};
use crate::codes::{Challenge, Codes};
use crate::steps::{Failed, Steps};

const PHONE: &str = "+43660000001";
/// What the authenticator of the mock's user shows.
const AUTHENTICATOR_CODE: &str = "246810";

struct Plan {
    client: Client,
    phone: Phone,
    branch: Branch,
    language: Option<String>,
    terms_accepted: bool,
    codes: Codes,
}

enum Branch {
    Known(String),
    At(f64, f64),
}

/// On a mock that asks for a second factor.
pub async fn on(mock: Wunder) -> Result<(), Failed> {
    let steps = Steps::of("wunder");
    let builder = Client::builder(mock.base_url())
        .tenant("demo")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone());
    let phone = Phone::parse(PHONE).map_err(steps.failed("phone"))?;
    mock.require_mfa(&phone, AUTHENTICATOR_CODE);
    let plan = Plan {
        client: build(steps, builder)?,
        phone,
        branch: Branch::At(48.2, 16.4),
        language: Some("de".to_owned()),
        terms_accepted: false,
        codes: Codes::Mock {
            outbox: mock.outbox().clone(),
            clock: mock.clock().clone(),
        },
    };
    onboard(steps, plan, Some(AUTHENTICATOR_CODE)).await
}

/// On a real server.
pub async fn for_real(arguments: &mut Arguments) -> Result<(), Failed> {
    let steps = Steps::of("wunder");
    let plan = plan(steps, arguments).map_err(|error| steps.usage_error(error))??;
    onboard(steps, plan, None).await
}

fn plan(steps: Steps, arguments: &mut Arguments) -> Result<Result<Plan, Failed>, String> {
    let builder = Client::builder(arguments.required("base-url")?)
        .tenant(arguments.required("tenant")?)
        .signing_key(arguments::secret("WUNDER_SIGNATURE_KEY")?)
        .allow_plain_http(arguments.flag("allow-plain-http"));
    let place = arguments.pair("lat", "lng")?;
    let branch = match (arguments.optional("branch"), place) {
        (Some(id), None) => Branch::Known(id),
        (None, Some((lat, lng))) => Branch::At(degrees("lat", &lat)?, degrees("lng", &lng)?),
        _ => return Err("give either --branch or --lat and --lng".to_owned()),
    };
    let phone = arguments.phone()?;
    let language = arguments.optional("language");
    let terms_accepted = arguments.flag("accept-terms");
    arguments.finish()?;
    Ok(build(steps, builder).map(|client| Plan {
        client,
        phone,
        branch,
        language,
        terms_accepted,
        codes: Codes::terminal(),
    }))
}

fn degrees(name: &str, text: &str) -> Result<f64, String> {
    text.parse()
        .map_err(|_| format!("--{name} must be degrees such as 48.2"))
}

fn build(steps: Steps, builder: ClientBuilder) -> Result<Client, Failed> {
    builder.build().map_err(steps.failed("client"))
}

async fn onboard(steps: Steps, mut plan: Plan, authenticator: Option<&str>) -> Result<(), Failed> {
    let branch = match &plan.branch {
        Branch::Known(id) => id.clone(),
        Branch::At(latitude, longitude) => {
            let found = plan.client.branch(*latitude, *longitude).await;
            let branch = found.map_err(steps.failed("resolve branch"))?;
            steps.done("resolve branch", format_args!("branch {}", branch.id()));
            branch.id().to_owned()
        }
    };

    let mut request = plan
        .client
        .sign_in_with_phone_code(&plan.phone)
        .branch_id(branch);
    if let Some(language) = &plan.language {
        request = request.language(language.as_str());
    }
    if plan.terms_accepted {
        request = request.terms_accepted(true);
    }
    let pending = request.send().await.map_err(steps.failed("send code"))?;
    steps.done(
        "send code",
        format_args!("signed; a code was sent to {}", plan.phone.to_e164()),
    );

    let sign_in = plan
        .codes
        .confirm(steps, &plan.phone.to_e164(), pending)
        .await?;
    let session = match sign_in {
        SignIn::SignedIn(session) => session,
        SignIn::MfaRequired(mfa) => {
            steps.done(
                "confirm",
                "the code is correct; a second factor is required",
            );
            match authenticator {
                Some(code) => mfa
                    .confirm(code)
                    .await
                    .map_err(steps.failed("second factor"))?,
                None => plan.codes.confirm(steps, "the authenticator", mfa).await?,
            }
        }
    };
    steps.done("sign in", "signed in");

    if plan.codes.pass_time(Duration::from_secs(6 * 3600)) {
        session
            .access_token()
            .await
            .map_err(steps.failed("refresh"))?;
        steps.done(
            "refresh",
            "six hours later: one refresh, a new access token",
        );
    }
    let profile = session.profile().await.map_err(steps.failed("profile"))?;
    let verified = profile.phone_is_verified.unwrap_or_default();
    steps.done("profile", format_args!("phone verified: {verified}"));
    session.sign_out().await.map_err(steps.failed("sign out"))?;
    steps.done("sign out", "signed out");
    Ok(())
}

impl Challenge for PendingCode {
    type Next = SignIn;

    fn timer(&self) -> Option<ResendTimer> {
        None
    }

    async fn resend(&mut self) -> Result<(), Error> {
        self.resend().await
    }

    async fn confirm(self, code: Secret) -> Result<Self::Next, StepError<Self>> {
        self.confirm(code).await
    }
}

impl Challenge for MfaRequired {
    type Next = Session;

    fn timer(&self) -> Option<ResendTimer> {
        None
    }

    /// An authenticator sends nothing: the next code is on its screen in half a minute.
    async fn resend(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn confirm(self, code: Secret) -> Result<Self::Next, StepError<Self>> {
        self.confirm(code).await
    }
}
