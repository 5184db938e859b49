//! Runs the workflows of The Wallet Crew.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use vestibule::testing::WalletCrew;
use vestibule::walletcrew::{Challenge, Client, Saved};

use super::calls::Calls;

const EMAIL: &str = "ada@example.com";

async fn challenge(client: &Client) -> Challenge {
    let account = client.customer(&json!({"email": EMAIL}));
    match account.flow("activation").send().await.unwrap() {
        Saved::ChallengeIssued(challenge) => challenge,
        Saved::Done(_) => panic!("a challenge was expected"),
    }
}

/// Runs the row that starts with this method; returns the operations that it called.
pub async fn run(first_method: &str) -> BTreeSet<String> {
    let mock = WalletCrew::start().await;
    let client = Client::builder(mock.base_url())
        .tenant("tenant-01")
        .clock(mock.clock().clone());
    let client = client.build().unwrap();
    let login = || {
        let code = mock.outbox().last_code(EMAIL).unwrap();
        json!({"identifier": EMAIL, "code": code})
    };
    let calls = Calls::new("walletcrew", |id| mock.count(id));
    match first_method {
        "Client::customer" => {
            let account = client.customer(&json!({"email": EMAIL}));
            assert!(matches!(account.send().await.unwrap(), Saved::Done(_)));
        }
        "Account::flow" => {
            let challenge = challenge(&client).await;
            challenge.confirm("otp", &login()).await.unwrap();
        }
        "Challenge::send_again" => {
            mock.challenge_by_link("activation");
            let challenge = challenge(&client).await;
            assert!(mock.open_link(&mock.outbox().last_code(EMAIL).unwrap()));
            calls.reset();
            let saved = challenge.send_again().await.unwrap();
            assert!(matches!(saved, Saved::Done(_)));
        }
        "Client::sign_in_with_provider" => {
            let _challenge = challenge(&client).await;
            calls.reset();
            client.sign_in_with_provider("otp", &login()).await.unwrap();
        }
        "Session::profile" => {
            let challenge = challenge(&client).await;
            let session = challenge.confirm("otp", &login()).await.unwrap();
            calls.reset();
            let profile: Value = session.profile().await.unwrap();
            assert_eq!(profile["email"], EMAIL);
        }
        other => panic!("{other} is not run"),
    }
    calls.made()
}
