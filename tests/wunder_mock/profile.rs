//! The profile, and the verification of its members.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use vestibule::testing::{Channel, Wunder, WunderRequirement, WunderUser};

use crate::server::{Server, ask};

const PHONE: &str = "+43123456789";
const NEW_PHONE: &str = "+43123456780";
const EMAIL: &str = "ada@example.org";

pub async fn a_profile_is_changed_and_new_contacts_are_unverified(server: &Server) {
    server.mock.add_user(
        WunderUser::new()
            .email("bob@example.org")
            .phone("+43111111111"),
    );
    let user = WunderUser::new()
        .verified_phone(PHONE)
        .verified_email(EMAIL);
    server.mock.add_user(user.member("firstName", json!("Ada")));
    let (access, _) = server.signed_in(PHONE).await;
    let patch = |body| server.send(ask("update_customer").bearer(&access).body(body));
    patch(json!({"email": "BOB@example.org"}))
        .await
        .refused(400, "U141");
    patch(json!({"phoneNumber": "+43111111111"}))
        .await
        .refused(400, "U102");
    patch(json!({"phoneNumber": "no number"}))
        .await
        .refused(400, "R101");
    patch(json!("text")).await.refused(400, "R101");
    let same = patch(json!({"email": EMAIL, "phoneNumber": PHONE}))
        .await
        .ok();
    assert_eq!(
        (&same["emailIsVerified"], &same["phoneIsVerified"]),
        (&json!(true), &json!(true))
    );
    let changes = json!({
        "phoneNumber": NEW_PHONE,
        "email": "ada@example.com",
        "customProperties": {"a": 1},
        "lastName": "Lovelace",
        "firstName": null,
        "password": "not-a-real-password",
        "phoneIsVerified": true,
        "uuid": "chosen",
    });
    let changed = patch(changes).await.ok();
    assert_eq!(changed, server.profile(&access).await);
    let expected = json!({
        "uuid": same["uuid"],
        "firstName": "Ada",
        "lastName": "Lovelace",
        "customProperties": {"a": 1},
        "phoneNumber": NEW_PHONE,
        "phoneIsVerified": false,
        "email": "ada@example.com",
        "emailIsVerified": false,
    });
    assert_eq!(changed, expected);
    server
        .by_password("ada@example.com", "not-a-real-password")
        .await
        .refused(401, "U107");
    // The old number belongs to another user from now on.
    let (other, _) = server.signed_in(PHONE).await;
    assert_ne!(server.profile(&other).await["uuid"], changed["uuid"]);
}

pub async fn signed_data_is_a_token_of_its_own_issuer(server: &Server) {
    let (access, _) = server.signed_in(PHONE).await;
    let response = server.get("get_signed_customer", &access).await.ok();
    let token = response.as_str().unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(Wunder::SIGNED_DATA_KEY.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    let payload = URL_SAFE_NO_PAD
        .decode(signed.split_once('.').unwrap().1)
        .unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    let profile = server.profile(&access).await;
    assert_eq!(
        (&claims["sub"], &claims["phoneNumber"]),
        (&profile["uuid"], &json!(PHONE))
    );
    server.get("get_customer", token).await.refused(401, "A201");
}

pub async fn a_deletion_is_requested_and_the_account_remains(server: &Server) {
    let (access, _) = server.signed_in(PHONE).await;
    assert!(!server.mock.deletion_requested(PHONE));
    for _ in 0..2 {
        server.get("request_deletion", &access).await.ok();
    }
    assert!(server.mock.deletion_requested(PHONE));
    server.profile(&access).await;
}

pub async fn a_phone_number_is_verified_by_its_own_code(server: &Server) {
    let code = server.email_code(EMAIL).await;
    let signed_in = server.confirm_email(EMAIL, &code).await.ok();
    let access = signed_in["accessToken"].as_str().unwrap();
    let send = || server.get("send_phone_verification", access);
    let check = |code: &str| {
        let ask = ask("check_phone_verification").path("code", code);
        server.send(ask.bearer(access))
    };
    send().await.refused(400, "U303");
    let patch = |phone| {
        ask("update_customer")
            .bearer(access)
            .body(json!({"phoneNumber": phone}))
    };
    server.send(patch(PHONE)).await.ok();
    let login = server.phone_code(PHONE).await;
    check(&login).await.refused(400, "U302");
    send().await.done();
    let message = server.mock.outbox().messages().pop().unwrap();
    assert_eq!(
        (message.channel, message.to.as_str()),
        (Channel::Sms, PHONE)
    );
    check(&login).await.refused(400, "U302");
    server
        .confirm_phone(PHONE, &message.code)
        .await
        .refused(401, "U107");
    // The code was sent to a number that is no longer in the profile.
    server.send(patch(NEW_PHONE)).await.ok();
    check(&message.code).await.refused(400, "U302");
    send().await.done();
    let code = server.mock.outbox().last_code(NEW_PHONE).unwrap();
    check(&code).await.done();
    assert_eq!(server.profile(access).await["phoneIsVerified"], true);
    check(&code).await.refused(400, "U302");
}

pub async fn an_email_verification_is_resent_until_it_is_done(server: &Server) {
    server.mock.add_user(WunderUser::new().email(EMAIL));
    let resend = |email: &str| server.send(ask("resend_email_verification").path("email", email));
    resend("unknown@example.org").await.refused(404, "U106");
    resend("no address").await.refused(400, "R101");
    resend(EMAIL).await.done();
    let old = server.mock.outbox().last_code(EMAIL).unwrap();
    resend(EMAIL).await.done();
    let code = server.mock.outbox().last_code(EMAIL).unwrap();
    assert!(!server.mock.open_email_link(&old));
    assert!(server.mock.open_email_link(&code));
    resend(EMAIL).await.refused(400, "U402");
}

pub async fn requirements_of_a_tenant_come_first(server: &Server) {
    let terms = vestibule::wunder::TermsScope::Branch("2".to_owned());
    let first = server.mock.add_terms(terms, json!({"title": "Terms"}));
    let (access, _) = server.signed_in(PHONE).await;
    let mock = &server.mock;
    let init = || ask("init_verification").bearer(&access);
    let refused = async |code| server.send(init()).await.refused(403, code);
    let patch = |body| server.send(ask("update_customer").bearer(&access).body(body));

    mock.require("init_verification", WunderRequirement::CompleteProfile);
    refused("U130.3").await;
    patch(json!({"email": EMAIL})).await.ok();
    mock.require("init_verification", WunderRequirement::VerifiedEmail);
    refused("U401").await;
    server
        .send(ask("resend_email_verification").path("email", EMAIL))
        .await
        .done();
    assert!(mock.open_email_link(&mock.outbox().last_code(EMAIL).unwrap()));
    mock.require("init_verification", WunderRequirement::VerifiedPhone);
    patch(json!({"phoneNumber": NEW_PHONE})).await.ok();
    refused("U301").await;
    server.get("send_phone_verification", &access).await.done();
    let code = mock.outbox().last_code(NEW_PHONE).unwrap();
    let check = ask("check_phone_verification").path("code", &code);
    server.send(check.bearer(&access)).await.done();
    mock.require("init_verification", WunderRequirement::Terms);
    refused("U601").await;
    let accept = |id: u64| server.send(ask("accept_terms").bearer(&access).body(json!({"id": id})));
    accept(first).await.ok();
    server.send(init()).await.ok();
    let second = mock.add_terms_version(first, json!({})).unwrap();
    refused("U602").await;
    accept(second).await.ok();
    mock.require("init_verification", WunderRequirement::Licence);
    refused("U501").await;
    assert!(mock.finish_verification(NEW_PHONE) && !mock.finish_verification("unknown"));
    let one = server
        .send(init().body(json!({"provider": "x"})))
        .await
        .ok();
    let other = server.send(init()).await.ok();
    assert_ne!(one["url"], other["url"]);
    server
        .send(init().body(json!([])))
        .await
        .refused(400, "R101");

    // A user who signed in by e-mail has no phone number.
    let code = server.email_code("bob@example.org").await;
    let bob = server.confirm_email("bob@example.org", &code).await.ok();
    let bob = bob["accessToken"].as_str().unwrap();
    server
        .get("init_verification", bob)
        .await
        .refused(403, "U130.4");
}
