//! Fynd: one-time password, resend, confirm, profile of a new user, session of cookies.

use vestibule::challenge::{ResendTimer, StepError};
use vestibule::fynd::{Client, PendingCode, SignIn};
use vestibule::testing::Fynd;
use vestibule::{Error, Phone, Secret};

use crate::arguments::{self, Arguments};
use crate::codes::{Challenge, Codes};
use crate::steps::{Failed, Steps};

struct Plan {
    client: Client,
    phone: Phone,
    /// First and last name of a new user.
    names: Option<(String, String)>,
    codes: Codes,
}

/// On a mock, as a new user.
pub async fn on(mock: Fynd) -> Result<(), Failed> {
    let steps = Steps::of("fynd");
    let client = Client::builder("000000000000000000000001")
        .application_token("test-token-1")
        .base_url(mock.base_url())
        .clock(mock.clock().clone())
        .build()
        .map_err(steps.failed("client"))?;
    let phone = Phone::parse("+91 99875 68530").map_err(steps.failed("phone"))?;
    let plan = Plan {
        client,
        phone,
        names: Some(("Ada".to_owned(), "Lovelace".to_owned())),
        codes: Codes::Mock {
            outbox: mock.outbox().clone(),
            clock: mock.clock().clone(),
        },
    };
    onboard(steps, plan).await
}

/// On a real server.
pub async fn for_real(arguments: &mut Arguments) -> Result<(), Failed> {
    let steps = Steps::of("fynd");
    let plan = plan(steps, arguments).map_err(|error| steps.usage_error(error))??;
    onboard(steps, plan).await
}

fn plan(steps: Steps, arguments: &mut Arguments) -> Result<Result<Plan, Failed>, String> {
    let id = arguments::secret("FYND_APPLICATION_ID")?;
    let token = arguments::secret("FYND_APPLICATION_TOKEN")?;
    let mut builder = Client::builder(id.expose())
        .application_token(token)
        .allow_plain_http(arguments.flag("allow-plain-http"));
    if let Some(base_url) = arguments.optional("base-url") {
        builder = builder.base_url(base_url);
    }
    let phone = arguments.phone()?;
    let names = arguments.pair("first-name", "last-name")?;
    arguments.finish()?;
    Ok(builder
        .build()
        .map_err(steps.failed("client"))
        .map(|client| Plan {
            client,
            phone,
            names,
            codes: Codes::terminal(),
        }))
}

async fn onboard(steps: Steps, mut plan: Plan) -> Result<(), Failed> {
    let sign_in = plan.client.sign_in_with_phone_code(&plan.phone);
    let mut pending = sign_in.send().await.map_err(steps.failed("send code"))?;
    steps.done(
        "send code",
        format_args!("a code was sent to {}", plan.phone.to_e164()),
    );

    let wait = pending.resend_timer().remaining();
    if plan.codes.pass_time(wait) {
        pending.resend().await.map_err(steps.failed("resend"))?;
        let seconds = wait.as_secs_f64().ceil();
        steps.done(
            "resend",
            format_args!(
                "after {seconds} s, with the newest resend token; the first code is invalid"
            ),
        );
    }

    let to = plan.phone.to_e164();
    let session = match plan.codes.confirm(steps, &to, pending).await? {
        SignIn::SignedIn(session) | SignIn::SignedInWithCodes(session, _) => {
            steps.done("confirm", "a known user: signed in");
            session
        }
        SignIn::ProfileRequired(profile) => {
            steps.done(
                "confirm",
                "the code is correct; a new user completes the profile",
            );
            let Some((first_name, last_name)) = &plan.names else {
                let what = "a new user needs --first-name and --last-name";
                return Err(steps.stopped("complete profile", what));
            };
            let completed = profile
                .first_name(first_name.as_str())
                .last_name(last_name.as_str())
                .send()
                .await;
            let completed = completed.map_err(steps.failed("complete profile"))?;
            let Some(session) = completed.signed_in() else {
                let what = "the sales channel requires more codes";
                return Err(steps.stopped("complete profile", what));
            };
            steps.done(
                "complete profile",
                "signed in, with cookies of this user only",
            );
            session
        }
        SignIn::CodesRequired(_) => {
            let what = "the sales channel requires more codes";
            return Err(steps.stopped("confirm", what));
        }
    };
    let user = session
        .profile()
        .await
        .map_err(steps.failed("session user"))?;
    let name = user.first_name.unwrap_or_default();
    steps.done("session user", format_args!("first name: {name}"));
    session.sign_out().await.map_err(steps.failed("sign out"))?;
    steps.done("sign out", "signed out");
    Ok(())
}

impl Challenge for PendingCode {
    type Next = SignIn;

    fn timer(&self) -> Option<ResendTimer> {
        Some(self.resend_timer().clone())
    }

    async fn resend(&mut self) -> Result<(), Error> {
        self.resend().await
    }

    async fn confirm(self, code: Secret) -> Result<Self::Next, StepError<Self>> {
        self.confirm(code).await
    }
}
