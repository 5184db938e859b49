//! A user changes the profile, or requests a deletion.

use serde_json::json;

use super::*;

#[tokio::test]
async fn named_members_change_and_all_others_stay() {
    let (mock, client) = start().await;
    mock.add_user(ada().member("lastName", json!("Lovelace")));
    let session = session_of(&client).await;
    let change = session
        .update_profile()
        .phone(vestibule::Phone::parse("+43 987 654 321").unwrap());
    let change = change
        .member("firstName", "Ada")
        .custom_properties(json!({"externalId": "7"}));
    let profile = change.send().await.unwrap();
    assert_eq!(profile.phone_number.as_deref(), Some("+43987654321"));
    assert_eq!(profile.email.as_deref(), Some(EMAIL));
    assert_eq!(profile.extra["firstName"], "Ada");
    assert_eq!(profile.extra["lastName"], "Lovelace");
    assert_eq!(profile, session.profile().await.unwrap());
}

#[tokio::test]
async fn a_taken_address_is_refused() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    mock.add_user(WunderUser::new().email("bob@example.org"));
    let session = session_of(&client).await;
    let taken = session
        .update_profile()
        .email("bob@example.org")
        .send()
        .await;
    assert_eq!(code(taken), "U141");
}

#[tokio::test]
async fn an_invalid_change_is_refused_before_anything_is_sent() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    let change = || session.update_profile();
    assert_eq!(field(change().send().await), "change");
    assert_eq!(field(change().email("ada").send().await), "email");
    assert_eq!(field(change().member("email", "a@b").send().await), "email");
    assert_eq!(mock.count("update_customer"), 0);
    let shown = format!("{:?}", change().email("eve@example.org"));
    assert!(!shown.contains("eve"), "{shown}");
}

#[tokio::test]
async fn an_empty_response_is_followed_by_a_read() {
    let server = wiremock::MockServer::start().await;
    for (verb, place, response) in [
        (
            "POST",
            "auth/sign-in-email",
            json!({"accessToken": "token"}),
        ),
        ("GET", "front/customers", json!({"email": EMAIL})),
    ] {
        wiremock::Mock::given(wiremock::matchers::method(verb))
            .and(wiremock::matchers::path(format!("/t/{place}")))
            .respond_with(wiremock::ResponseTemplate::new(200).set_body_json(response))
            .mount(&server)
            .await;
    }
    wiremock::Mock::given(wiremock::matchers::method("PATCH"))
        .respond_with(wiremock::ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let client = Client::builder(server.uri()).tenant("t").build().unwrap();
    let session = session_of(&client).await;
    let profile = session.update_profile().email(EMAIL).send().await;
    assert_eq!(profile.unwrap().email.as_deref(), Some(EMAIL));
}

#[tokio::test]
async fn a_deletion_is_requested() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let session = session_of(&client).await;
    assert!(!mock.deletion_requested(EMAIL));
    session.request_deletion().await.unwrap();
    assert!(mock.deletion_requested(EMAIL));
    mock.fail_next("request_deletion", 500);
    assert_eq!(
        kind(session.request_deletion().await),
        ErrorKind::Unavailable
    );
    assert_eq!(mock.count("request_deletion"), 2, "it is sent once");
}
