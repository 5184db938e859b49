//! Tokens that are no valid header value, from the server and from the caller.

use vestibule::ErrorKind;
use vestibule::session::Tokens;

use super::{Fixture, PAST_EXPIRY, PHONE, client, signed_in};

#[tokio::test]
async fn a_token_that_is_no_header_value_is_not_kept() {
    let Fixture { mock, session, .. } = signed_in().await;
    mock.clock().advance(PAST_EXPIRY);
    let broken = serde_json::json!({"accessToken": "a\ntoken", "refreshToken": "another"});
    let refresh = wiremock::Mock::given(wiremock::matchers::path_regex("/refresh-token$"))
        .respond_with(wiremock::ResponseTemplate::new(200).set_body_json(broken))
        .up_to_n_times(1);
    mock.mount(refresh).await;
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error}");
    assert_eq!(session.shared().ended(), None);
    assert_eq!(mock.count("get_customer"), 0);
    session.profile().await.unwrap();
}

#[tokio::test]
async fn a_sign_in_with_a_token_that_is_no_header_value_makes_no_session() {
    let Fixture { mock, store, .. } = signed_in().await;
    let broken = serde_json::json!({"accessToken": "a\ntoken", "refreshToken": "another"});
    let client = client(&mock, &store);
    let pending = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let response = wiremock::ResponseTemplate::new(200).set_body_json(broken);
    let confirm = wiremock::Mock::given(wiremock::matchers::method("POST")).respond_with(response);
    mock.mount(confirm).await;
    let returned = pending.confirm("123456").await.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::InvalidResponse);
    assert!(
        returned
            .error
            .to_string()
            .contains("returned no access token")
    );
}

#[tokio::test]
async fn an_imported_token_that_is_no_header_value_is_refused_by_name() {
    let Fixture { mock, store, .. } = signed_in().await;
    let client = client(&mock, &store);
    for access in ["", "a\ntoken", "token\n", "token\r\n", " token", "token "] {
        let tokens = Tokens::new(access, None);
        let error = client.resume_with_tokens(tokens).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.field(), Some("access"));
    }
    for refresh in ["token\n", "to\nken", " token", "token "] {
        let tokens = Tokens::new("access", Some(refresh.into()));
        let error = client.resume_with_tokens(tokens).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.field(), Some("refresh"));
    }
}
