//! Errors of a sales channel's server in each flow.

use serde_json::{Map, json};
use vestibule::Contact;
use vestibule::Settings;
use vestibule::fynd::SocialSignIn;
use vestibule::testing::{FyndProvider, FyndSignIn, TestClock};

use super::*;

/// A client with a separate store that uses its own clock.
fn other_client(harness: &Harness, clock: &TestClock) -> Client {
    let settings = Settings::new().max_clock_correction(Duration::ZERO);
    let builder = Client::builder(APPLICATION)
        .application_token("application-token")
        .settings(settings);
    let builder = builder.base_url(harness.mock.base_url());
    builder.clock(clock.clone()).build().unwrap()
}

#[tokio::test]
async fn a_disabled_sign_in_method_is_refused() {
    let (harness, _) = Harness::with_asha().await;
    let (mock, client) = (&harness.mock, &harness.client);
    for way in [
        FyndSignIn::Otp,
        FyndSignIn::Password,
        FyndSignIn::Social(FyndProvider::Facebook),
        FyndSignIn::Social(FyndProvider::Google),
        FyndSignIn::Social(FyndProvider::Apple),
    ] {
        mock.switch_off(way);
    }
    let token = |provider| mock.issue_social_token(provider, "1001", None);
    let google = || token(FyndProvider::Google);
    let facebook = SocialSignIn::facebook(token(FyndProvider::Facebook));
    let apple = SocialSignIn::apple(token(FyndProvider::Apple)).id("1001");
    let sent = client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await;
    let social = async |account| refused(client.sign_in_with_social(account).await);
    for code in [
        refused(sent),
        refused(client.sign_in_with_password(EMAIL, PASSWORD).await),
        social(facebook).await,
        social(SocialSignIn::google(google())).await,
        social(SocialSignIn::google_android(google())).await,
        social(SocialSignIn::google_ios(google())).await,
        social(apple).await,
    ] {
        assert_eq!(code, "SIGN_IN_OFF");
    }
    assert_eq!(harness.messages(), 0);
}

#[tokio::test]
async fn an_unverified_social_token_does_not_sign_in() {
    let (harness, _) = Harness::with_asha().await;
    let apple = FyndProvider::Apple;
    let token = harness.mock.issue_social_token(apple, "1001", Some(EMAIL));
    for account in [
        SocialSignIn::facebook("made up"),
        SocialSignIn::google("made up"),
        SocialSignIn::google_android("made up"),
        SocialSignIn::google_ios("made up"),
        // A genuine token, of another user or another provider.
        SocialSignIn::apple(token.as_str()).id("1002"),
        SocialSignIn::google(token.as_str()),
    ] {
        let error = harness
            .client
            .sign_in_with_social(account)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert_eq!(error.code(), Some("SOCIAL_TOKEN_INVALID"));
    }
}

#[tokio::test]
async fn a_resend_refused_as_too_early_keeps_the_code_valid() {
    let (harness, _) = Harness::with_asha().await;
    let ahead = TestClock::new();
    let client = other_client(&harness, &ahead);
    let mut pending = client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
    ahead.advance(Duration::from_secs(31));
    assert_eq!(refused(pending.resend().await), "RESEND_TOO_EARLY");
    assert_eq!(harness.messages(), 1);
    let signed_in = pending.confirm(harness.code(SMS)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}

#[tokio::test]
async fn a_code_requested_by_another_back_end_voids_ours() {
    let (harness, _) = Harness::with_asha().await;
    let theirs = other_client(&harness, harness.mock.clock());
    let sign_in = harness
        .client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap());
    let ours = sign_in.send().await.unwrap();
    let first = harness.code(SMS);
    let newer = theirs
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send()
        .await
        .unwrap();
    let theirs = harness.code(SMS);
    let failed = ours.confirm(first).await.unwrap_err();
    assert_eq!(failed.error.code(), Some("OTP_INVALID"));
    harness.wait(31);
    // The token of our message still entitles to another one, which voids theirs.
    let mut ours = failed.state;
    ours.resend().await.unwrap();
    assert_eq!(refused(newer.confirm(theirs).await), "OTP_INVALID");
    let signed_in = ours.confirm(harness.code(SMS)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}

#[tokio::test]
async fn a_profile_without_a_required_address_is_refused() {
    let harness = Harness::start().await;
    harness.mock.require_email(true);
    let pending = harness
        .client
        .sign_in_with_phone_code(&format!("+91{ASHA}").parse().unwrap())
        .send();
    let signed_in = pending.await.unwrap().confirm(harness.code(SMS)).await;
    let SignIn::ProfileRequired(profile) = signed_in.unwrap() else {
        panic!("the step is the profile");
    };
    let returned = profile
        .first_name("Asha")
        .last_name("Rao")
        .send()
        .await
        .unwrap_err();
    assert_eq!(returned.error.code(), Some("EMAIL_MISSING"));

    let bela = FyndUser::new("Bela").email("bela@example.com");
    harness.mock.add_user(bela);
    let taken = returned.state.email("bela@example.com");
    let returned = taken
        .first_name("Asha")
        .last_name("Rao")
        .send()
        .await
        .unwrap_err();
    assert_eq!(returned.error.code(), Some("CONTACT_TAKEN"));
    assert_eq!(harness.messages(), 1, "Bela was sent nothing");

    let profile = returned.state.email(EMAIL);
    let codes = codes(
        profile
            .first_name("Asha")
            .last_name("Rao")
            .send()
            .await
            .unwrap(),
    );
    let signed_in = codes.confirm_email(harness.code(EMAIL)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}

#[tokio::test]
async fn a_form_without_a_required_contact_is_refused() {
    let harness = Harness::start().await;
    let form = || harness.client.sign_up("Asha");
    let without_mobile = form().email(EMAIL).send().await;
    assert_eq!(refused(without_mobile), "MOBILE_MISSING");
    harness.mock.require_mobile(false);
    assert_eq!(refused(form().send().await), "CONTACT_MISSING");
    harness.mock.require_email(true);
    let without_email = form()
        .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap())
        .send()
        .await;
    assert_eq!(refused(without_email), "EMAIL_MISSING");
    assert_eq!(harness.messages(), 0);
    // A refused form starts no timer.
    let both = form()
        .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap())
        .email(EMAIL)
        .send()
        .await;
    drop(codes(both.unwrap()));
}

#[tokio::test]
async fn a_new_password_after_the_servers_time_limit_is_refused() {
    let (harness, _) = Harness::with_asha().await;
    // The server's time limit of fifteen minutes ends before that of a client whose clock is
    // behind.
    let own = TestClock::new();
    own.advance(Duration::from_secs(8 * 60));
    let client = other_client(&harness, &own);
    let forgotten_password =
        client.reset_password_by_code(Contact::phone(&format!("+91{ASHA}")).unwrap());
    let pending = forgotten_password.send().await.unwrap();
    let step = pending.confirm(harness.code(SMS)).await.unwrap();
    harness.wait(16 * 60);
    assert_eq!(
        refused(
            step.set_password(vestibule::NewPassword::new("another"))
                .await
        ),
        "FORGOT_TOKEN_INVALID"
    );
    let old = harness.client.sign_in_with_password(EMAIL, PASSWORD).await;
    assert_eq!(first_name(&session(old.unwrap())).await, "Asha");
}

#[tokio::test]
async fn a_contact_of_another_user_is_not_added_and_a_removed_one_not_changed() {
    let (harness, _) = Harness::with_asha().await;
    let bela = FyndUser::new("Bela").phone(vestibule::Phone::parse("+919000000002").unwrap());
    harness.mock.add_user(bela.email("bela@example.com"));
    let asha = harness.asha().await;
    for taken in [
        Contact::phone("+919000000002").unwrap(),
        Contact::email("bela@example.com").unwrap(),
    ] {
        assert_eq!(refused(asha.add_contact(&taken).await), "CONTACT_TAKEN");
    }
    assert_eq!(harness.messages(), 0);
    for main in asha.contacts().await.unwrap() {
        assert_eq!(refused(asha.delete_contact(&main).await), "CONTACT_PRIMARY");
    }
    for new in [
        Contact::phone("+919000000007").unwrap(),
        Contact::email("asha@work.example").unwrap(),
    ] {
        asha.add_contact(&new).await.unwrap();
        let contacts = asha.contacts().await.unwrap();
        let gone = contacts
            .into_iter()
            .find(|own| own.contact().as_ref() == Some(&new))
            .unwrap();
        asha.delete_contact(&gone).await.unwrap();
        harness.wait(31);
        let sent = harness.messages();
        for code in [
            refused(asha.delete_contact(&gone).await),
            refused(asha.update_primary_contact(&gone).await),
            refused(asha.request_verification_link(&gone).await),
        ] {
            assert_eq!(code, "CONTACT_UNKNOWN");
        }
        assert_eq!(harness.messages(), sent);
    }
}

#[tokio::test]
async fn an_undefined_attribute_is_refused() {
    let (harness, _) = Harness::with_asha().await;
    let asha = harness.asha().await;
    let shoes = Map::from_iter([("shoes".to_owned(), json!(42))]);
    let changed = asha.update_attributes(shoes).await;
    assert_eq!(refused(changed), "ATTRIBUTE_UNDEFINED");
}

#[tokio::test]
async fn a_session_signed_out_elsewhere_deletes_nothing() {
    let (harness, id) = Harness::with_asha().await;
    let asha = harness.asha().await;
    let terms = harness.client.deletion_terms().await.unwrap();
    let mut reasons = terms.reasons.into_iter();
    let reason = reasons.find(|reason| !reason.requires_text()).unwrap();
    let deletion = asha.request_deletion(reason, Contact::email(EMAIL).unwrap());
    let pending = deletion.send().await.unwrap();
    harness.mock.end_sessions_of(&id);
    // A cookie that is seconds old may be unknown to a part of the server yet.
    let confirmed = pending.confirm(harness.code(EMAIL)).await;
    let returned = confirmed.unwrap_err();
    assert_eq!(returned.error.kind(), ErrorKind::Unavailable);
    assert_eq!(asha.shared().ended(), None);
    harness
        .mock
        .clock()
        .advance(std::time::Duration::from_secs(11));
    let confirmed = returned.state.confirm(harness.code(EMAIL)).await;
    assert_eq!(kind(confirmed), ErrorKind::Unauthenticated);
    assert!(asha.shared().ended().is_some());
    assert!(harness.client.user_exists(EMAIL).await.unwrap());
}
