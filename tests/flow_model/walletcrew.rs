//! The Wallet Crew: the challenge of a flow, without a resend.

use serde_json::json;
use vestibule::testing::{Outbox, TestClock, WalletCrew};
use vestibule::{Error, Secret, walletcrew};

use super::model::Terms;
use super::reference::Machine;
use super::system::{Check, ClientSetup, Step, System, mailbox, mock};

pub struct OnWalletCrew;

impl Machine for OnWalletCrew {
    const TERMS: Terms = Terms {
        wait: 0,
        has_resend: false,
        time_to_live: 3_600,
        code_life: u64::MAX,
    };
}

impl System for OnWalletCrew {
    const NAME: &'static str = "walletcrew";
    const MESSAGE_OPERATIONS: &'static [&'static str] = &["create_or_update_customer"];
    const CODE_OPERATIONS: &'static [&'static str] = &["authenticate"];

    mock!(WalletCrew);
    type Client = walletcrew::Client;
    type Pending = walletcrew::Challenge;

    fn message_operation(_: &str, _: bool) -> &'static str {
        Self::MESSAGE_OPERATIONS[0]
    }

    fn code_operation(_: &str) -> &'static str {
        Self::CODE_OPERATIONS[0]
    }

    fn new_user(_: &WalletCrew, number: usize) -> String {
        mailbox(number).unwrap_or_else(|| format!("+336123{number:05}"))
    }

    fn client(mock: &WalletCrew, setup: ClientSetup) -> walletcrew::Client {
        let client = walletcrew::Client::builder(mock.base_url()).tenant("tenant-01");
        let client = client.http_client(setup.http).clock(setup.clock);
        client.store(setup.store).build().unwrap()
    }

    fn id(pending: &walletcrew::Challenge) -> Secret {
        pending.id().clone()
    }

    async fn send(client: &walletcrew::Client, to: &str) -> Result<walletcrew::Challenge, Error> {
        let field = if to.contains('@') { "email" } else { "phone" };
        let account = client.customer(&json!({ field: to }));
        match account.flow("activation").send().await? {
            walletcrew::Saved::ChallengeIssued(challenge) => Ok(challenge),
            walletcrew::Saved::Done(_) => panic!("the flow always issues a challenge"),
        }
    }

    async fn resend(_: &mut walletcrew::Challenge) -> Result<(), Error> {
        panic!("the model allows no resend here")
    }

    async fn confirm(
        pending: walletcrew::Challenge,
        to: &str,
        code: &str,
    ) -> Step<walletcrew::Challenge, Check> {
        let response = json!({"identifier": to, "code": code});
        match pending.confirm("otp", &response).await {
            Ok(session) => Ok(Box::pin(async move {
                let profile: serde_json::Value = session.profile().await?;
                drop(profile);
                Ok(())
            })),
            Err(returned) => Err((returned.state, returned.error)),
        }
    }

    async fn resume(
        client: &walletcrew::Client,
        id: &Secret,
    ) -> Result<walletcrew::Challenge, Error> {
        client.resume_challenge(id).await
    }
}
