//! GoodCity: pins by SMS, with a key for each.

use vestibule::testing::{GoodCity, Outbox, TestClock};
use vestibule::{Error, Secret, goodcity};

use super::model::Terms;
use super::reference::Machine;
use super::system::{Check, ClientSetup, Step, System, mock};

pub struct OnGoodCity;

impl Machine for OnGoodCity {
    const TERMS: Terms = Terms {
        wait: 60,
        has_resend: true,
        time_to_live: 900,
        code_life: 605,
    };
}

impl System for OnGoodCity {
    const NAME: &'static str = "goodcity";
    const MESSAGE_OPERATIONS: &'static [&'static str] = &["send_pin"];
    const CODE_OPERATIONS: &'static [&'static str] = &["verify"];

    mock!(GoodCity);
    type Client = goodcity::Client;
    type Pending = goodcity::PendingCode;

    fn message_operation(_: &str, _: bool) -> &'static str {
        Self::MESSAGE_OPERATIONS[0]
    }

    fn code_operation(_: &str) -> &'static str {
        Self::CODE_OPERATIONS[0]
    }

    fn new_user(mock: &GoodCity, number: usize) -> String {
        // The mock counts whole seconds, so its pin lifetime differs from every time of the model.
        mock.set_pin_lifetime(605);
        let mobile = format!("+852512{number:05}");
        mock.add_user(
            vestibule::testing::GoodCityUser::new(vestibule::Phone::parse(&mobile).unwrap())
                .first_name("Ada")
                .last_name("Wong"),
        );
        mobile
    }

    fn client(mock: &GoodCity, setup: ClientSetup) -> goodcity::Client {
        let client = goodcity::Client::builder(mock.base_url()).app_name("app");
        let client = client.http_client(setup.http).clock(setup.clock);
        client.store(setup.store).build().unwrap()
    }

    fn id(pending: &goodcity::PendingCode) -> Secret {
        pending.id().clone()
    }

    async fn send(client: &goodcity::Client, to: &str) -> Result<goodcity::PendingCode, Error> {
        client.sign_in_with_pin(&to.parse().unwrap()).await
    }

    async fn resend(pending: &mut goodcity::PendingCode) -> Result<(), Error> {
        pending.resend().await
    }

    async fn confirm(
        pending: goodcity::PendingCode,
        _: &str,
        code: &str,
    ) -> Step<goodcity::PendingCode, Check> {
        match pending.confirm(code).await {
            Ok(signed_in) => Ok(Box::pin(async move {
                signed_in.session.profile().await.map(drop)
            })),
            Err(returned) => Err((returned.state, returned.error)),
        }
    }

    async fn resume(
        client: &goodcity::Client,
        id: &Secret,
    ) -> Result<goodcity::PendingCode, Error> {
        client.resume_challenge(id).await
    }
}
