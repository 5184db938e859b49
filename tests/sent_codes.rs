//! What the state of a sent code tells: its expiry, the tries that are left, and where it went.
#![cfg(all(feature = "goodcity", feature = "wunder"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use vestibule::chrono::TimeDelta;
use vestibule::store::MemoryStore;
use vestibule::testing::{GoodCity, GoodCityUser, Wunder, WunderUser};
use vestibule::{Clock, Contact, NewPassword, Phone, goodcity, wunder};

#[tokio::test]
async fn the_tries_that_are_left_are_known_on_every_instance() {
    let mock = GoodCity::start().await;
    let phone = Phone::parse("+852 6123 4567").unwrap();
    mock.add_user(
        GoodCityUser::new(phone.clone())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let store = Arc::new(MemoryStore::new());
    let instance = || {
        let builder = goodcity::Client::builder(mock.base_url()).app_name("app");
        builder
            .clock(mock.clock().clone())
            .store(store.clone())
            .build()
            .unwrap()
    };
    let (here, there) = (instance(), instance());
    let mut pending = here.sign_in_with_pin(&phone).await.unwrap();
    assert_eq!(pending.destination_hint(), "+852 •••67");
    let lifetime = pending.expires_at() - mock.clock().now();
    assert!(lifetime > TimeDelta::minutes(14) && lifetime <= TimeDelta::minutes(15));
    assert_eq!(pending.tries_left(), 5);
    for left in [4, 3] {
        let failed = pending.confirm("0000").await.unwrap_err();
        pending = failed.state;
        assert_eq!(pending.tries_left(), left);
    }
    // Not sent, so it is no try.
    let failed = pending.confirm("12").await.unwrap_err();
    assert_eq!(failed.state.tries_left(), 3);

    let mut resumed = there.resume_challenge(failed.state.id()).await.unwrap();
    assert_eq!(resumed.tries_left(), 3);
    mock.clock().advance(Duration::from_secs(61));
    resumed.resend().await.unwrap();
    assert_eq!(resumed.tries_left(), 5);
}

#[tokio::test]
async fn a_hint_shows_the_first_letter_and_the_domain_of_a_mailbox() {
    let mock = Wunder::start().await;
    mock.add_user(
        WunderUser::new()
            .email("ada@example.org")
            .password("the password"),
    );
    let builder = wunder::Client::builder(mock.base_url()).tenant("tenant01");
    let builder = builder
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone());
    let client = builder.build().unwrap();
    let reset = client
        .reset_password_by_code("ada@example.org")
        .await
        .unwrap();
    assert_eq!(reset.destination_hint(), "a•••@example.org");
    assert_eq!(reset.tries_left(), 5);
    let wrong = reset.set_password("000000", NewPassword::new("a better password"));
    assert_eq!(wrong.await.unwrap_err().state.tries_left(), 4);
    assert_eq!(Contact::phone("+1 2125550199").unwrap().hint(), "+1 •••99");
}
