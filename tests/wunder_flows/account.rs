//! Account creation, and its permissions.

use serde_json::json;
use vestibule::ErrorKind;

use super::*;

#[tokio::test]
async fn an_account_is_created_signed_and_its_user_signs_in_by_password() {
    let (mock, client) = start().await;
    let registration = client.register().email(EMAIL).phone(PHONE).branch_id("2");
    let registration = registration
        .password(PASSWORD)
        .custom_properties(json!({"externalId": "7"}))
        .member("firstName", "Ada");
    let customer = registration.create().await.unwrap();
    assert_eq!(customer.email_is_verified, Some(false));
    assert_eq!(customer.custom_properties.unwrap()["externalId"], "7");
    assert_eq!(customer.extra["firstName"], "Ada");
    assert_eq!(mock.signatures_seen(), 1);
    session_of(&client).await;
}

#[tokio::test]
async fn without_a_key_an_account_is_created_unsigned() {
    let mock = Wunder::start().await;
    let client = Client::builder(mock.base_url(), "tenant01")
        .build()
        .unwrap();
    client.register().email(EMAIL).create().await.unwrap();
    assert_eq!(mock.signatures_seen(), 0);
}

#[tokio::test]
async fn an_account_is_not_created_twice() {
    let (mock, client) = start().await;
    client.register().email(EMAIL).create().await.unwrap();
    assert_eq!(code(client.register().email(EMAIL).create().await), "U141");
    mock.add_user(WunderUser::new().phone(PHONE));
    assert_eq!(code(client.register().phone(PHONE).create().await), "U102");
    let short = client.register().email("bob@example.org").password("short");
    assert_eq!(code(short.create().await), "U101.1");
    mock.fail_next("create_customer", 500);
    let before = mock.count("create_customer");
    let failed = client.register().email("eve@example.org").create().await;
    assert_eq!(kind(failed), ErrorKind::TryLater);
    assert_eq!(mock.count("create_customer"), before + 1, "it is sent once");
}

#[tokio::test]
async fn a_social_account_becomes_a_user_who_signs_in_by_it() {
    let (mock, client) = start().await;
    mock.add_social_account("google", "from-google", Some(EMAIL));
    let login = json!({"email": EMAIL, "token": "from-google"});
    let unknown = client.social_sign_in(&login).await;
    assert_eq!(code(unknown), "U106");
    let customer = client.social_sign_up(&login).await.unwrap();
    assert_eq!(customer.email_is_verified, Some(true));
    assert_eq!(mock.signatures_seen(), 1, "it is signed over the address");
    session(client.social_sign_in(&login).await.unwrap());
    assert_eq!(code(client.social_sign_up(&login).await), "U102");
    mock.add_social_account("apple", "from-apple", Some("eve@example.org"));
    let token_only = json!({"token": "from-apple"});
    client.social_sign_up(&token_only).await.unwrap();
    assert_eq!(mock.signatures_seen(), 2, "there was nothing to sign");
}

#[tokio::test]
async fn an_invalid_account_is_refused_before_anything_is_sent() {
    let (mock, client) = start().await;
    let register = || client.register();
    assert_eq!(field(register().email("ada").create().await), "email");
    assert_eq!(field(register().phone("0123").create().await), "phone");
    assert_eq!(field(register().password("").create().await), "password");
    assert_eq!(field(register().branch_id("").create().await), "branch_id");
    let twice = register().member("phoneNumber", PHONE).create().await;
    assert_eq!(field(twice), "phoneNumber");
    for (login, named) in [
        (json!({}), "login"),
        (json!("token"), "login"),
        (json!({"email": "ada"}), "email"),
        (json!({"email": 5}), "email"),
        (json!({"phoneNumber": "0123"}), "phone"),
    ] {
        assert_eq!(field(client.social_sign_up(&login).await), named, "{login}");
    }
    assert!(mock.journal().is_empty());
    let shown = format!("{:?}", register().email(EMAIL).password(PASSWORD));
    assert!(
        !shown.contains(PASSWORD) && !shown.contains(EMAIL),
        "{shown}"
    );
}
