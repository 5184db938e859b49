//! Mocks that run concurrently share no state.

use serde_json::json;
use vestibule::testing::{Fynd, GoodCity, WalletCrew, Wunder, WunderUser};
use vestibule::{goodcity, wunder};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_concurrent_tests_see_only_their_own_users_messages_and_calls() {
    let mobile = |number: usize| format!("+8526{number:07}");
    let test = move |number: usize| async move {
        let mock = GoodCity::start().await;
        mock.add_user(
            vestibule::testing::GoodCityUser::new(
                vestibule::Phone::parse(&mobile(number)).unwrap(),
            )
            .first_name("Ada")
            .last_name("Wong"),
        );
        mock.expect_calls("send_pin", 16);
        let client = goodcity::Client::builder(mock.base_url())
            .app_name("app")
            .build()
            .unwrap();
        for other in 0..16 {
            let _ = client
                .sign_in_with_pin(&mobile(other).parse().unwrap())
                .await
                .unwrap();
        }
        let messages = mock.outbox().messages();
        let to: Vec<&str> = messages.iter().map(|message| message.to.as_str()).collect();
        assert_eq!(to, [mobile(number)]);
        mock.base_url()
    };
    let tests: Vec<_> = (0..16).map(|number| tokio::spawn(test(number))).collect();
    for test in tests {
        test.await.unwrap();
    }
}

#[tokio::test]
async fn mocks_share_no_state() {
    let (one, other) = (Wunder::start().await, Wunder::start().await);
    assert_ne!(one.base_url(), other.base_url());
    one.add_user(WunderUser::new().verified_email("ada@example.org"));
    one.fail_next("get_customer", 503);
    one.clock().advance(std::time::Duration::from_secs(3600));
    assert!(other.tokens_for("ada@example.org").is_none());
    other.add_user(WunderUser::new().verified_email("ada@example.org"));
    let client = wunder::Client::builder(other.base_url())
        .tenant("acme")
        .build()
        .unwrap();
    let tokens = other.tokens_for("ada@example.org").unwrap();
    let session = client.resume_with_tokens(tokens).await.unwrap();
    session.profile().await.unwrap();
    assert_eq!(
        (one.count("get_customer"), other.count("get_customer")),
        (0, 1)
    );

    // A token of one server is invalid on another of the same system.
    let foreign = one.tokens_for("ada@example.org").unwrap();
    let foreign = client.resume_with_tokens(foreign).await.unwrap();
    other.revoke_access_tokens();
    assert!(foreign.profile().await.is_err());
}

#[tokio::test]
async fn customers_and_users_of_the_other_systems_are_separate_too() {
    let (one, other) = (WalletCrew::start().await, WalletCrew::start().await);
    let ada = json!({"email": "ada@example.com"})
        .as_object()
        .unwrap()
        .clone();
    one.add_customer("acme", ada).unwrap();
    assert!(other.tokens_for("ada@example.com", Some("acme")).is_none());
    let (one, other) = (Fynd::start().await, Fynd::start().await);
    one.add_user(
        vestibule::testing::FyndUser::new("Asha")
            .phone(vestibule::Phone::parse("+919000000001").unwrap()),
    );
    other.add_user(
        vestibule::testing::FyndUser::new("Asha")
            .phone(vestibule::Phone::parse("+919000000001").unwrap()),
    );
    one.end_sessions();
    assert!(one.requests().is_empty() && other.requests().is_empty());
}
