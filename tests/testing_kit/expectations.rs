//! Expectations: silent when met, and with a helpful message when not.

use std::time::Duration;

use vestibule::testing::{Fault, FaultRule, GoodCity, TestClock, Wunder, WunderUser};
use vestibule::{goodcity, wunder};

use crate::message;

async fn session(mock: &Wunder, clock: &TestClock) -> wunder::Session {
    mock.add_user(WunderUser::new().verified_email("ada@example.org"));
    let client = wunder::Client::builder(mock.base_url())
        .tenant("acme")
        .clock(clock.clone());
    let tokens = mock.tokens_for("ada@example.org").unwrap();
    client
        .build()
        .unwrap()
        .resume_with_tokens(tokens)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_expected_refresh_is_counted_from_the_expectation_on() {
    let clock = TestClock::new();
    let mock = Wunder::start_with(clock.clone()).await;
    let session = session(&mock, &clock).await;
    for _ in 0..2 {
        clock.advance(Duration::from_secs(6 * 3600));
        session.profile().await.unwrap();
    }
    mock.expect_refreshes(1);
    mock.expect_calls("get_customer", 1..);
    clock.advance(Duration::from_secs(6 * 3600));
    session.profile().await.unwrap();
    mock.verify();
    assert_eq!(mock.count("refresh_token"), 3);
}

#[tokio::test]
async fn the_message_shows_the_received_calls_and_no_secret() {
    let clock = TestClock::new();
    let mock = Wunder::start_with(clock.clone()).await;
    let session = session(&mock, &clock).await;
    let api = session.user_api();
    let reset = api.request_password_reset("ada@example.org");
    reset.send().await.unwrap();
    let code = mock.outbox().last_code("ada@example.org").unwrap();
    let password = wunder::auth_api::types::SetPassword::builder().password("not-a-real-password");
    let api = session.auth_api();
    let set = api.set_password(code.clone()).body(password);
    set.send().await.unwrap();
    mock.expect_refreshes(1);
    mock.expect_calls("get_customer", 2..=3);
    session.profile().await.unwrap();
    let verified = message(|| mock.verify());
    let dropped = message(|| drop(mock));
    assert_eq!(verified, dropped);
    for shown in [
        "testing::Wunder did not receive the expected calls:",
        "refresh_token: expected 1 call, got 0",
        "get_customer: expected 2 to 3 calls, got 1",
        "request_password_reset: POST /{tenant}/front/customers/reset/{email} -> 204",
        "set_password: POST /{tenant}/auth/set-password/{code} -> 200",
        "get_customer: GET /{tenant}/front/customers -> 200",
    ] {
        assert!(verified.contains(shown), "{shown}: {verified}");
    }
    let token = session.access_token().await.unwrap();
    for secret in [
        &code,
        token.expose(),
        "ada@example.org",
        "not-a-real-password",
    ] {
        assert!(!verified.contains(secret), "{verified}");
    }
}

#[tokio::test]
async fn a_wrong_path_is_shown_without_possible_secrets() {
    let mock = GoodCity::start().await;
    let url = format!("{}/api/v1/auth/verify/1234?pin=1234", mock.base_url());
    assert_eq!(reqwest::get(url).await.unwrap().status(), 404);
    mock.expect_calls("verify", 1);
    let message = message(|| drop(mock));
    assert!(
        message.contains("no such endpoint: GET /api/v1/auth/verify/… -> 404"),
        "{message}"
    );
    assert!(!message.contains("1234"), "{message}");
}

#[tokio::test]
async fn an_unmet_expectation_adds_no_panic_to_a_failing_test() {
    let mock = GoodCity::start().await;
    mock.expect_calls("verify", 1);
    let first = message(move || {
        let _mock = mock;
        let reason = String::from("the reason of the test");
        std::panic::panic_any(reason);
    });
    assert_eq!(first, "the reason of the test");
}

#[tokio::test]
async fn an_unknown_operation_is_named_with_the_known_ones() {
    let mock = GoodCity::start().await;
    let proxy = mock.fault_proxy().await.unwrap();
    let rule = FaultRule::new(Fault::HalfBody).on_operation("send_pinn");
    for message in [
        message(|| assert_eq!(mock.count("send_pinn"), 0)),
        message(|| mock.expect_calls("send_pinn", 0)),
        message(|| mock.fail_next("send_pinn", 503)),
        message(|| proxy.inject(rule)),
    ] {
        assert!(message.contains("no operation `send_pinn`"), "{message}");
    }
    assert_eq!(mock.operations().len(), 7);
}

#[tokio::test]
async fn a_fault_applies_to_one_operation_of_a_mock() {
    let mock = GoodCity::start().await;
    mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567").unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let proxy = mock.fault_proxy().await.unwrap();
    let client = goodcity::Client::builder(proxy.base_url())
        .app_name("app")
        .build()
        .unwrap();
    let rule = FaultRule::new(Fault::status(503)).on_operation("verify");
    proxy.inject(rule);
    mock.expect_calls("send_pin", 1);
    mock.expect_calls("verify", 0);
    let pending = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap();
    let pin = mock.outbox().last_code("+85261234567").unwrap();
    assert!(pending.confirm(pin).await.is_err());
}
