//! Tests of the app on a mock. Each test has its own mock, so the tests run in parallel.

use std::time::Duration;

use downstream::{Accounts, Step};
use vestibule::testing::{Fault, FaultRule, Wunder, WunderUser};
use vestibule::wunder::Client;
use vestibule::{ErrorKind, Secret};

const PHONE: &str = "+43660000001";

fn accounts(base_url: String, mock: &Wunder) -> Accounts {
    let client = Client::builder(base_url)
        .tenant("demo")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone());
    Accounts::new(client.build().unwrap())
}

/// The app, with a mock that has one user.
async fn app() -> (Wunder, Accounts) {
    let mock = Wunder::start().await;
    let ada = WunderUser::new()
        .verified_phone(PHONE)
        .verified_email("ada@example.org");
    mock.add_user(ada);
    let accounts = accounts(mock.base_url(), &mock);
    (mock, accounts)
}

async fn signed_in(mock: &Wunder, accounts: &Accounts) -> Secret {
    let sign_in = accounts.begin(PHONE).await.unwrap();
    let code = mock.outbox().last_code(PHONE).unwrap();
    match accounts.confirm(&sign_in, &code).await.unwrap() {
        Step::SignedIn(session) => session,
        step => panic!("{step:?}"),
    }
}

#[tokio::test]
async fn a_user_is_greeted_after_the_code() {
    let (mock, accounts) = app().await;
    let session = signed_in(&mock, &accounts).await;
    let greeting = accounts.greeting(&session).await.unwrap();
    assert_eq!(greeting.as_deref(), Some("Hello, ada@example.org!"));
}

#[tokio::test]
async fn a_wrong_code_can_be_corrected() {
    let (mock, accounts) = app().await;
    let sign_in = accounts.begin(PHONE).await.unwrap();
    mock.expect_calls("sign_in_phone_number", 2);
    let wrong = accounts.confirm(&sign_in, "000000").await.unwrap();
    assert!(matches!(wrong, Step::WrongCode), "{wrong:?}");
    let code = mock.outbox().last_code(PHONE).unwrap();
    let right = accounts.confirm(&sign_in, &code).await.unwrap();
    assert!(matches!(right, Step::SignedIn(_)), "{right:?}");
}

#[tokio::test]
async fn a_second_factor_is_required_if_enrolled() {
    let (mock, accounts) = app().await;
    mock.require_mfa(&PHONE.parse().unwrap(), "424242");
    let sign_in = accounts.begin(PHONE).await.unwrap();
    let code = mock.outbox().last_code(PHONE).unwrap();
    let step = accounts.confirm(&sign_in, &code).await.unwrap();
    assert!(matches!(step, Step::SecondFactor), "{step:?}");
    let step = accounts.confirm(&sign_in, "424242").await.unwrap();
    assert!(matches!(step, Step::SignedIn(_)), "{step:?}");
}

#[tokio::test]
async fn an_expired_token_is_refreshed_once() {
    let (mock, accounts) = app().await;
    let session = signed_in(&mock, &accounts).await;
    mock.clock().advance(Duration::from_secs(6 * 3600));
    mock.expect_refreshes(1);
    let (one, other) = tokio::join!(accounts.greeting(&session), accounts.greeting(&session));
    assert!(one.unwrap().is_some() && other.unwrap().is_some());
}

#[tokio::test]
async fn a_user_signed_out_elsewhere_is_not_greeted() {
    let (mock, accounts) = app().await;
    let session = signed_in(&mock, &accounts).await;
    mock.sign_user_out(PHONE);
    assert_eq!(accounts.greeting(&session).await.unwrap(), None);
}

#[tokio::test]
async fn a_lost_response_sends_no_second_message() {
    let (mock, _) = app().await;
    let proxy = mock.fault_proxy().await.unwrap();
    let operation = "create_or_sign_in_with_phone_number";
    proxy.inject(
        FaultRule::new(Fault::ResetAfterRequest)
            .on_operation(operation)
            .times(1),
    );
    mock.expect_calls(operation, 1);
    let error = accounts(proxy.base_url(), &mock)
        .begin(PHONE)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(mock.outbox().messages().len(), 1);
}
