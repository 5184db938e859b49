//! Users who are signed in without a flow, and credentials that the server revokes.

use serde_json::json;
use vestibule::testing::{Fynd, FyndUser, GoodCity, WalletCrew, Wunder, WunderUser};
use vestibule::{ErrorKind, fynd, goodcity, walletcrew, wunder};

#[tokio::test]
async fn tokens_of_wunder_are_valid_until_they_are_revoked() {
    let mock = Wunder::start().await;
    let uuid = mock.add_user(WunderUser::new().verified_phone("+43123456789"));
    let client = wunder::Client::builder(mock.base_url())
        .tenant("acme")
        .build()
        .unwrap();
    let tokens = mock.tokens_for(&uuid).unwrap();
    let session = client.resume_with_tokens(tokens).await.unwrap();
    mock.expect_refreshes(1..);
    session.profile().await.unwrap();
    mock.revoke_access_tokens();
    session.profile().await.unwrap();
    mock.verify();
    mock.sign_user_out(&uuid);
    let refused = session.profile().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
    assert!(mock.tokens_for("+43999999999").is_none());
}

#[tokio::test]
async fn tokens_of_the_wallet_crew_are_valid_until_they_are_revoked() {
    let mock = WalletCrew::start().await;
    let members = json!({"email": "ada@example.com"})
        .as_object()
        .unwrap()
        .clone();
    let id = mock.add_customer("acme", members).unwrap();
    assert!(mock.add_customer("acme", Default::default()).is_none());
    assert!(mock.tokens_for(&id, Some("other")).is_none());
    let client = walletcrew::Client::builder(mock.base_url())
        .tenant("acme")
        .build()
        .unwrap();
    let tokens = mock.tokens_for("ada@example.com", None).unwrap();
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let profile = session.api().get_customer().send().await.unwrap();
    let profile = serde_json::to_value(&*profile).unwrap();
    assert_eq!(profile["sub"], json!(id));
    mock.revoke_tokens();
    let refused = session.api().get_customer().send().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn pins_and_tokens_of_goodcity_are_valid_until_they_are_revoked() {
    let mock = GoodCity::start().await;
    mock.add_user(
        vestibule::testing::GoodCityUser::new(vestibule::Phone::parse("+85261234567").unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let client = goodcity::Client::builder(mock.base_url())
        .app_name("app")
        .build()
        .unwrap();
    let tokens = mock.tokens_for("+85261234567").unwrap();
    let session = client.resume_with_tokens(tokens).await.unwrap();
    session.api().current_user_profile().send().await.unwrap();
    mock.revoke_tokens();
    let refused = session
        .api()
        .current_user_profile()
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);

    let pending = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap();
    let pin = mock.outbox().last_code("+85261234567").unwrap();
    mock.expire_pins();
    assert!(pending.confirm(pin).await.is_err());
    assert!(
        mock.tokens_for("+85261234567").is_some(),
        "new tokens are issued by the new key"
    );
}

#[tokio::test]
async fn cookies_and_codes_of_fynd_are_valid_until_they_are_revoked() {
    let mock = Fynd::start().await;
    let id = mock
        .add_user(FyndUser::new("Asha").phone(vestibule::Phone::parse("+919000000001").unwrap()));
    let client =
        fynd::Client::builder("64b000000000000000000001").application_token("not-a-real-token");
    let client = client.base_url(mock.base_url()).build().unwrap();
    let cookies = mock.cookies_for(&id).unwrap();
    let session = client.resume_with_cookies(cookies).await.unwrap();
    session.api().get_logged_in_user().send().await.unwrap();
    mock.end_sessions_of(&id);
    let refused = session.api().get_logged_in_user().send().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
    assert!(mock.cookies_for("unknown").is_none());

    let number = fynd::api::types::SendOtpRequestSchema::builder()
        .mobile("9000000001")
        .country_code("91");
    let api = client.api();
    let sent = api.login_with_otp().body(number).send();
    let sent = sent.await.unwrap();
    let code = mock.outbox().last_code("+919000000001").unwrap();
    mock.expire_codes();
    let proof = fynd::api::types::VerifyOtpRequestSchema::builder()
        .request_id(sent.request_id.clone())
        .otp(code);
    let verified = api.verify_mobile_otp().body(proof).send();
    assert!(verified.await.is_err());
}
