//! What the server of a sales channel refuses, as each flow meets it.

use serde_json::{Map, json};
use vestibule::Settings;
use vestibule::fynd::{Contact, SocialSignIn};
use vestibule::testing::{FyndProvider, FyndSignIn, TestClock};

use super::*;

/// A client that shares no store with the others, and believes its own clock.
fn stranger(bench: &Bench, clock: &TestClock) -> Client {
    let mut settings = Settings::default();
    settings.max_clock_correction = Duration::ZERO;
    let builder = Client::builder(APPLICATION, "application-token").settings(settings);
    let builder = builder.base_url(bench.mock.base_url());
    builder.clock(clock.clone()).build().unwrap()
}

#[tokio::test]
async fn a_way_in_that_is_switched_off_is_refused() {
    let (bench, _) = Bench::with_asha().await;
    let (mock, client) = (&bench.mock, &bench.client);
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
    let apple = SocialSignIn::apple(token(FyndProvider::Apple), "1001");
    let sent = client.otp_sign_in(ASHA, "91").send_code().await;
    let social = async |account| refused(client.social_sign_in(account).await);
    for code in [
        refused(sent),
        refused(client.password_sign_in(EMAIL, PASSWORD).await),
        social(facebook).await,
        social(SocialSignIn::google(google())).await,
        social(SocialSignIn::google_android(google())).await,
        social(SocialSignIn::google_ios(google())).await,
        social(apple).await,
    ] {
        assert_eq!(code, "SIGN_IN_OFF");
    }
    assert_eq!(bench.messages(), 0);
}

#[tokio::test]
async fn what_no_third_party_vouches_for_signs_nobody_in() {
    let (bench, _) = Bench::with_asha().await;
    let apple = FyndProvider::Apple;
    let token = bench.mock.issue_social_token(apple, "1001", Some(EMAIL));
    for account in [
        SocialSignIn::facebook("made up"),
        SocialSignIn::google("made up"),
        SocialSignIn::google_android("made up"),
        SocialSignIn::google_ios("made up"),
        // A genuine one, of somebody else or of another party.
        SocialSignIn::apple(token.as_str(), "1002"),
        SocialSignIn::google(token.as_str()),
    ] {
        let error = bench.client.social_sign_in(account).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert_eq!(error.code(), Some("SOCIAL_TOKEN_INVALID"));
    }
}

#[tokio::test]
async fn a_resend_that_comes_too_early_for_the_server_leaves_the_code_good() {
    let (bench, _) = Bench::with_asha().await;
    let ahead = TestClock::new();
    let client = stranger(&bench, &ahead);
    let mut pending = client.otp_sign_in(ASHA, "91").send_code().await.unwrap();
    ahead.advance(Duration::from_secs(31));
    assert_eq!(refused(pending.resend().await), "RESEND_TOO_EARLY");
    assert_eq!(bench.messages(), 1);
    let signed_in = pending.confirm(bench.code(SMS)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}

#[tokio::test]
async fn a_code_that_another_back_end_asked_for_voids_ours_and_its_token() {
    let (bench, _) = Bench::with_asha().await;
    let theirs = stranger(&bench, bench.mock.clock());
    let sign_in = bench.client.otp_sign_in(ASHA, "91");
    let mut ours = sign_in.send_code().await.unwrap();
    let first = bench.code(SMS);
    let newer = theirs.otp_sign_in(ASHA, "91").send_code().await.unwrap();
    bench.wait(31);
    assert_eq!(refused(ours.resend().await), "RESEND_TOKEN_INVALID");
    assert_eq!(refused(ours.confirm(first).await), "OTP_INVALID");
    let signed_in = newer.confirm(bench.code(SMS)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}

#[tokio::test]
async fn a_profile_without_the_address_that_the_sales_channel_wants_is_refused() {
    let bench = Bench::start().await;
    bench.mock.require_email(true);
    let pending = bench.client.otp_sign_in(ASHA, "91").send_code();
    let signed_in = pending.await.unwrap().confirm(bench.code(SMS)).await;
    let SignIn::ProfileRequired(profile) = signed_in.unwrap() else {
        panic!("the profile is the step");
    };
    let returned = profile.complete("Asha", "Rao").await.unwrap_err();
    assert_eq!(returned.error.code(), Some("EMAIL_MISSING"));

    let bela = FyndUser::new("Bela").email("bela@example.com");
    bench.mock.seed_user(bela);
    let taken = returned.state.email("bela@example.com");
    let returned = taken.complete("Asha", "Rao").await.unwrap_err();
    assert_eq!(returned.error.code(), Some("CONTACT_TAKEN"));
    assert_eq!(bench.messages(), 1, "Bela was sent nothing");

    let profile = returned.state.email(EMAIL);
    let codes = codes(profile.complete("Asha", "Rao").await.unwrap());
    let signed_in = codes.confirm_email(bench.code(EMAIL)).await.unwrap();
    assert_eq!(first_name(&session(signed_in)).await, "Asha");
}

#[tokio::test]
async fn a_form_without_a_contact_that_the_sales_channel_wants_is_refused() {
    let bench = Bench::start().await;
    let form = || bench.client.registration("Asha");
    let without_mobile = form().email(EMAIL).submit().await;
    assert_eq!(refused(without_mobile), "MOBILE_MISSING");
    bench.mock.require_mobile(false);
    assert_eq!(refused(form().submit().await), "CONTACT_MISSING");
    bench.mock.require_email(true);
    let without_email = form().mobile(ASHA, "91").submit().await;
    assert_eq!(refused(without_email), "EMAIL_MISSING");
    assert_eq!(bench.messages(), 0);
    // A form that was refused leaves nothing to wait for.
    let both = form().mobile(ASHA, "91").email(EMAIL).submit().await;
    drop(codes(both.unwrap()));
}

#[tokio::test]
async fn a_new_password_that_comes_too_late_for_the_server_is_refused() {
    let (bench, _) = Bench::with_asha().await;
    // The server's quarter of an hour ends before that of a client whose clock is behind.
    let own = TestClock::new();
    own.advance(Duration::from_secs(8 * 60));
    let client = stranger(&bench, &own);
    let forgotten = client.forgotten_password(Contact::mobile(ASHA, "91"));
    let pending = forgotten.send_code().await.unwrap();
    let step = pending.confirm(bench.code(SMS)).await.unwrap();
    bench.wait(16 * 60);
    assert_eq!(refused(step.set("another").await), "FORGOT_TOKEN_INVALID");
    let old = bench.client.password_sign_in(EMAIL, PASSWORD).await;
    assert_eq!(first_name(&session(old.unwrap())).await, "Asha");
}

#[tokio::test]
async fn a_contact_of_another_user_is_not_added_and_one_that_is_gone_not_changed() {
    let (bench, _) = Bench::with_asha().await;
    let bela = FyndUser::new("Bela").mobile("91", "9000000002");
    bench.mock.seed_user(bela.email("bela@example.com"));
    let asha = bench.asha().await;
    for taken in [
        Contact::mobile("9000000002", "91"),
        Contact::email("bela@example.com"),
    ] {
        assert_eq!(refused(asha.add_contact(&taken).await), "CONTACT_TAKEN");
    }
    assert_eq!(bench.messages(), 0);
    for main in asha.contacts().await.unwrap() {
        assert_eq!(refused(asha.delete_contact(&main).await), "CONTACT_PRIMARY");
    }
    for new in [
        Contact::mobile("9000000007", "91"),
        Contact::email("asha@work.example"),
    ] {
        asha.add_contact(&new).await.unwrap();
        let contacts = asha.contacts().await.unwrap();
        let gone = contacts.into_iter().find(|own| own.contact == new).unwrap();
        asha.delete_contact(&gone).await.unwrap();
        let sent = bench.messages();
        for code in [
            refused(asha.delete_contact(&gone).await),
            refused(asha.make_primary(&gone).await),
            refused(asha.send_verification_link(&gone).await),
        ] {
            assert_eq!(code, "CONTACT_UNKNOWN");
        }
        assert_eq!(bench.messages(), sent);
    }
}

#[tokio::test]
async fn an_attribute_that_nobody_has_defined_is_refused() {
    let (bench, _) = Bench::with_asha().await;
    let asha = bench.asha().await;
    let shoes = Map::from_iter([("shoes".to_owned(), json!(42))]);
    let changed = asha.change_attributes(shoes).await;
    assert_eq!(refused(changed), "ATTRIBUTE_UNDEFINED");
}

#[tokio::test]
async fn who_is_signed_out_elsewhere_deletes_nothing() {
    let (bench, id) = Bench::with_asha().await;
    let asha = bench.asha().await;
    let terms = bench.client.deletion_terms().await.unwrap();
    let mut reasons = terms.reasons.into_iter();
    let reason = reasons.find(|reason| !reason.wants_words()).unwrap();
    let deletion = asha.deletion(reason);
    let pending = deletion.send_code(Contact::email(EMAIL)).await.unwrap();
    bench.mock.end_sessions_of(&id);
    let confirmed = pending.confirm(bench.code(EMAIL)).await;
    assert_eq!(kind(confirmed), ErrorKind::SignInAgain);
    assert!(bench.client.user_exists(EMAIL).await.unwrap());
}
