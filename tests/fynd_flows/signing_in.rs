//! Sign-in by password, by token and by social account.

use vestibule::fynd::SocialSignIn;
use vestibule::testing::FyndProvider;

use super::*;

#[tokio::test]
async fn a_password_signs_in_with_cookies_of_this_user_alone() {
    let (harness, _) = Harness::with_asha().await;
    let bela = FyndUser::new("Bela").email("bela@example.com");
    harness.mock.add_user(bela.password("another"));
    let asha = harness.asha().await;
    let bela = harness
        .client
        .sign_in_with_password("bela@example.com", "another");
    let bela = session(bela.await.unwrap());

    assert_eq!(first_name(&asha).await, "Asha");
    assert_eq!(first_name(&bela).await, "Bela");
    let resumed = harness.other.resume_session(asha.id()).await.unwrap();
    assert_eq!(first_name(&resumed).await, "Asha");
    let wrong = harness.client.sign_in_with_password(EMAIL, "another").await;
    assert_eq!(refused(wrong), "CREDENTIALS_INVALID");
    assert_eq!(harness.messages(), 0);
}

#[tokio::test]
async fn a_token_signs_in_once() {
    let (harness, id) = Harness::with_asha().await;
    let token = harness.mock.issue_login_token(&id);
    let asha = harness
        .client
        .sign_in_with_token(token.as_str())
        .await
        .unwrap();
    assert_eq!(first_name(&session(asha)).await, "Asha");
    let again = harness.client.sign_in_with_token(token.as_str()).await;
    assert_eq!(refused(again), "TOKEN_INVALID");
}

#[tokio::test]
async fn each_third_party_signs_its_user_in() {
    let harness = Harness::start().await;
    let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap());
    let asha = asha.social(FyndProvider::Facebook, "f1");
    let asha = asha.social(FyndProvider::Google, "g1");
    harness
        .mock
        .add_user(asha.social(FyndProvider::Apple, "a1"));
    let token = |party, id| harness.mock.issue_social_token(party, id, None);
    let google = || token(FyndProvider::Google, "g1");
    let accounts = [
        (
            "login_with_facebook",
            SocialSignIn::facebook(token(FyndProvider::Facebook, "f1")).id("f1"),
        ),
        ("login_with_google", SocialSignIn::google(google())),
        (
            "login_with_google_android",
            SocialSignIn::google_android(google()),
        ),
        ("login_with_google_ios", SocialSignIn::google_ios(google())),
        (
            "login_with_apple_ios",
            SocialSignIn::apple(token(FyndProvider::Apple, "a1")).id("a1"),
        ),
    ];
    for (operation, account) in accounts {
        let signed_in = harness.client.sign_in_with_social(account).await.unwrap();
        assert_eq!(first_name(&session(signed_in)).await, "Asha");
        assert_eq!(harness.mock.count(operation), 1, "{operation}");
    }
    let unknown = SocialSignIn::google("no-such-token");
    let api_error = harness.client.sign_in_with_social(unknown).await;
    assert!(api_error.is_err());
}

#[tokio::test]
async fn a_new_user_of_a_third_party_completes_the_profile_on_any_instance() {
    let harness = Harness::start().await;
    let google = FyndProvider::Google;
    let token = harness.mock.issue_social_token(google, "g9", Some(EMAIL));
    let account = SocialSignIn::google(token).first_name("Asha");
    let signed_in = harness.client.sign_in_with_social(account).await.unwrap();
    let SignIn::ProfileRequired(profile) = signed_in else {
        panic!("the account is not registered yet");
    };
    let resumed = harness.other.resume_challenge(profile.id()).await.unwrap();
    let vestibule::fynd::Challenge::CompleteProfile(profile) = resumed else {
        panic!("the step is the profile");
    };
    // The sales channel requires a mobile and reports it as an error.
    let returned = profile
        .first_name("Asha")
        .last_name("Rao")
        .send()
        .await
        .unwrap_err();
    assert_eq!(returned.error.code(), Some("MOBILE_MISSING"));

    let profile = returned
        .state
        .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap());
    let codes = codes(
        profile
            .first_name("Asha")
            .last_name("Rao")
            .send()
            .await
            .unwrap(),
    );
    assert!(codes.phone().is_some() && codes.email().is_none());
    let signed_in = codes.confirm_phone(harness.code(SMS)).await.unwrap();
    let user = session(signed_in).profile().await.unwrap();
    assert_eq!(user.last_name.as_deref(), Some("Rao"));
    assert_eq!(user.emails.unwrap()[0].email.as_deref(), Some(EMAIL));
}
