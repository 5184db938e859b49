//! GoodCity: sign up or send a pin, resend, confirm with the newest key, profile, device.

use vestibule::challenge::{ResendTimer, StepError};
use vestibule::goodcity::{Client, PendingCode, SignedIn};
use vestibule::testing::GoodCity;
use vestibule::{Error, Phone, Secret};

use crate::arguments::Arguments;
use crate::codes::{Challenge, Codes};
use crate::steps::{Failed, Steps};

struct Plan {
    client: Client,
    phone: Phone,
    /// First and last name of a new user; none to sign in.
    names: Option<(String, String)>,
    /// The push handle of a device and its platform.
    device: Option<(String, String)>,
    codes: Codes,
}

/// On a mock, as a new user.
pub async fn on(mock: GoodCity) -> Result<(), Failed> {
    let steps = Steps::of("goodcity");
    let client = Client::builder(mock.base_url())
        .app_name("app")
        .clock(mock.clock().clone())
        .build()
        .map_err(steps.failed("client"))?;
    let phone = Phone::parse("+852 6123 4567").map_err(steps.failed("phone"))?;
    let plan = Plan {
        client,
        phone,
        names: Some(("Ada".to_owned(), "Lovelace".to_owned())),
        device: Some(("demo-device-handle".to_owned(), "fcm".to_owned())),
        codes: Codes::Mock {
            outbox: mock.outbox().clone(),
            clock: mock.clock().clone(),
        },
    };
    onboard(steps, plan).await
}

/// On a real server.
pub async fn for_real(arguments: &mut Arguments) -> Result<(), Failed> {
    let steps = Steps::of("goodcity");
    let plan = plan(steps, arguments).map_err(|error| steps.usage_error(error))??;
    onboard(steps, plan).await
}

fn plan(steps: Steps, arguments: &mut Arguments) -> Result<Result<Plan, Failed>, String> {
    let builder = Client::builder(arguments.required("base-url")?)
        .app_name(arguments.required("app")?)
        .allow_plain_http(arguments.flag("allow-plain-http"));
    let phone = arguments.phone()?;
    let names = arguments.pair("first-name", "last-name")?;
    let device = arguments.pair("device-handle", "platform")?;
    arguments.finish()?;
    Ok(builder
        .build()
        .map_err(steps.failed("client"))
        .map(|client| Plan {
            client,
            phone,
            names,
            device,
            codes: Codes::terminal(),
        }))
}

async fn onboard(steps: Steps, mut plan: Plan) -> Result<(), Failed> {
    let mut pending = match &plan.names {
        Some((first_name, last_name)) => {
            let sign_up = plan
                .client
                .sign_up(&plan.phone)
                .first_name(first_name.as_str())
                .last_name(last_name.as_str());
            let pending = sign_up.send().await.map_err(steps.failed("sign up"))?;
            let note = "an existing user keeps the names";
            steps.done(
                "sign up",
                format_args!("a pin was sent to {} ({note})", plan.phone.to_e164()),
            );
            pending
        }
        None => {
            let sent = plan.client.sign_in_with_pin(&plan.phone).await;
            let pending = sent.map_err(steps.failed("send pin"))?;
            steps.done(
                "send pin",
                "if the number has an account, a pin is on its way",
            );
            pending
        }
    };

    let wait = pending.resend_timer().remaining();
    if plan.codes.pass_time(wait) {
        pending.resend().await.map_err(steps.failed("resend"))?;
        let seconds = wait.as_secs_f64().ceil();
        steps.done(
            "resend",
            format_args!("a new pin after {seconds} s; the first one and its key are invalid"),
        );
    }

    let signed_in = plan
        .codes
        .confirm(steps, &plan.phone.to_e164(), pending)
        .await?;
    steps.done("confirm", "the newest pin is correct: signed in");
    let session = signed_in.session;
    let profile = session.profile().await.map_err(steps.failed("profile"))?;
    let user = profile.user_profile;
    let name = user.and_then(|user| user.first_name).unwrap_or_default();
    steps.done("profile", format_args!("first name: {name}"));
    if let Some((handle, platform)) = &plan.device {
        let registered = session
            .update_device(handle.as_str(), platform.as_str())
            .await;
        registered.map_err(steps.failed("register device"))?;
        steps.done("register device", "registered for push messages");
    }
    session.sign_out().await.map_err(steps.failed("sign out"))?;
    steps.done("sign out", "removed locally; the server keeps no session");
    Ok(())
}

impl Challenge for PendingCode {
    type Next = SignedIn;

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
