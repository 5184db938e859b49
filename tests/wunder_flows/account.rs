//! Account creation, and its permissions.

use serde_json::json;
use vestibule::ErrorKind;

use super::*;

#[tokio::test]
async fn an_account_is_created_signed_and_its_user_signs_in_by_password() {
    let (mock, client) = start().await;
    let registration = client
        .sign_up()
        .email(EMAIL)
        .phone(vestibule::Phone::parse(PHONE).unwrap())
        .branch_id("2");
    let registration = registration
        .password(PASSWORD)
        .custom_properties(json!({"externalId": "7"}))
        .member("firstName", "Ada");
    let customer = registration.send().await.unwrap();
    assert_eq!(customer.email_is_verified, Some(false));
    assert_eq!(customer.custom_properties.unwrap()["externalId"], "7");
    assert_eq!(customer.extra["firstName"], "Ada");
    assert_eq!(mock.signatures_seen(), 1);
    session_of(&client).await;
}

#[tokio::test]
async fn without_a_key_an_account_is_created_unsigned() {
    let mock = Wunder::start().await;
    let client = Client::builder(mock.base_url())
        .tenant("tenant01")
        .build()
        .unwrap();
    client.sign_up().email(EMAIL).send().await.unwrap();
    assert_eq!(mock.signatures_seen(), 0);
}

#[tokio::test]
async fn an_account_is_not_created_twice() {
    let (mock, client) = start().await;
    client.sign_up().email(EMAIL).send().await.unwrap();
    assert_eq!(code(client.sign_up().email(EMAIL).send().await), "U141");
    mock.add_user(WunderUser::new().phone(PHONE));
    assert_eq!(
        code(
            client
                .sign_up()
                .phone(vestibule::Phone::parse(PHONE).unwrap())
                .send()
                .await
        ),
        "U102"
    );
    let short = client.sign_up().email("bob@example.org").password("short");
    assert_eq!(code(short.send().await), "U101.1");
    mock.fail_next("create_customer", 500);
    let before = mock.count("create_customer");
    let failed = client.sign_up().email("eve@example.org").send().await;
    assert_eq!(kind(failed), ErrorKind::Unavailable);
    assert_eq!(mock.count("create_customer"), before + 1, "it is sent once");
}

#[tokio::test]
async fn a_social_account_becomes_a_user_who_signs_in_by_it() {
    let (mock, client) = start().await;
    mock.add_social_account("google", &"from-google".into(), Some(EMAIL));
    let login = json!({"email": EMAIL, "token": "from-google"});
    let unknown = client.sign_in_with_social(&login).await;
    assert_eq!(code(unknown), "U106");
    let customer = client.sign_up_with_social(&login).await.unwrap();
    assert_eq!(customer.email_is_verified, Some(true));
    assert_eq!(mock.signatures_seen(), 1, "it is signed over the address");
    session(client.sign_in_with_social(&login).await.unwrap());
    assert_eq!(code(client.sign_up_with_social(&login).await), "U102");
    mock.add_social_account("apple", &"from-apple".into(), Some("eve@example.org"));
    let token_only = json!({"token": "from-apple"});
    client.sign_up_with_social(&token_only).await.unwrap();
    assert_eq!(mock.signatures_seen(), 2, "there was nothing to sign");
}

#[tokio::test]
async fn an_invalid_account_is_refused_before_anything_is_sent() {
    let (mock, client) = start().await;
    let register = || client.sign_up();
    assert_eq!(field(register().email("ada").send().await), "email");
    let error = vestibule::Phone::parse("0123").unwrap_err();
    assert_eq!(error.field(), Some("phone"));
    assert_eq!(field(register().password("").send().await), "password");
    assert_eq!(field(register().branch_id("").send().await), "branch_id");
    let twice = register().member("phoneNumber", PHONE).send().await;
    assert_eq!(field(twice), "phoneNumber");
    for (login, named) in [
        (json!({}), "login"),
        (json!("token"), "login"),
        (json!({"email": "ada"}), "email"),
        (json!({"email": 5}), "email"),
        (json!({"phoneNumber": "0123"}), "phoneNumber"),
        (json!({"phoneNumber": "+43 123456789"}), "phoneNumber"),
    ] {
        assert_eq!(
            field(client.sign_up_with_social(&login).await),
            named,
            "{login}"
        );
    }
    assert!(mock.journal().is_empty());
    let shown = format!("{:?}", register().email(EMAIL).password(PASSWORD));
    assert!(
        !shown.contains(PASSWORD) && !shown.contains(EMAIL),
        "{shown}"
    );
}
