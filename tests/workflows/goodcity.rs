//! Runs GoodCity's workflows.

use std::collections::BTreeSet;
use std::time::Duration;

use vestibule::goodcity::api::types::SendPinRequest;
use vestibule::goodcity::{Client, Session};
use vestibule::testing::GoodCity;

use super::calls::Calls;

const MOBILE: &str = "+85251234567";
const UNKNOWN: &str = "+85261234567";

async fn signed_in(mock: &GoodCity, client: &Client) -> Session {
    let pending = client
        .sign_in_with_pin(&MOBILE.parse().unwrap())
        .await
        .unwrap();
    let pin = mock.outbox().last_code(MOBILE).unwrap();
    pending.confirm(pin).await.unwrap().session
}

/// Runs the row that starts with this method; returns the operations that it called.
pub async fn run(first_method: &str) -> BTreeSet<String> {
    let mock = GoodCity::start().await;
    mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse(MOBILE).unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let client = Client::builder(mock.base_url())
        .app_name("app")
        .clock(mock.clock().clone());
    let client = client.build().unwrap();
    let calls = Calls::new("goodcity", |id| mock.count(id));
    match first_method {
        "Client::sign_in_with_pin" => {
            let mut pending = client
                .sign_in_with_pin(&MOBILE.parse().unwrap())
                .await
                .unwrap();
            mock.clock().advance(Duration::from_secs(61));
            pending.resend().await.unwrap();
            let pin = mock.outbox().last_code(MOBILE).unwrap();
            let _ = pending.confirm(pin).await.unwrap();
        }
        "Client::sign_up" => {
            let sign_up = client
                .sign_up(&UNKNOWN.parse().unwrap())
                .first_name("Grace")
                .last_name("Lee");
            let pending = sign_up.send().await.unwrap();
            let pin = mock.outbox().last_code(UNKNOWN).unwrap();
            let _ = pending.confirm(pin).await.unwrap();
        }
        "Session::profile" => {
            let session = signed_in(&mock, &client).await;
            calls.reset();
            session.profile().await.unwrap();
        }
        "Session::update_device" => {
            let session = signed_in(&mock, &client).await;
            calls.reset();
            session.update_device("a-handle", "fcm").await.unwrap();
        }
        "Client::api" => {
            let session = signed_in(&mock, &client).await;
            calls.reset();
            let body = SendPinRequest::builder().mobile(UNKNOWN.to_owned());
            let sent = client.api().signup_and_send_pin().body(body).send().await;
            sent.unwrap();
            session.api().current_user_rooms().send().await.unwrap();
        }
        other => panic!("{other} is not run"),
    }
    calls.made()
}
