//! Sign-in by Facebook, Google and Apple.

use serde_json::{Value, json};
use vestibule::testing::{FyndProvider, FyndSignIn, FyndUser};

use super::harness::{Harness, Jar, Reply};
use super::signing_in::{ASHA, user};

const EMAIL: &str = "asha@example.com";

const WAYS: [(&str, FyndProvider); 5] = [
    ("login_with_facebook", FyndProvider::Facebook),
    ("login_with_google", FyndProvider::Google),
    ("login_with_google_android", FyndProvider::Google),
    ("login_with_google_ios", FyndProvider::Google),
    ("login_with_apple_ios", FyndProvider::Apple),
];

fn body(operation: &str, token: &str, id: &str) -> Value {
    let names = json!({"first_name": "Asha", "last_name": "Rao"});
    if operation == "login_with_apple_ios" {
        return json!({
            "user_identifier": id, "oauth": {"identity_token": token}, "profile": names,
        });
    }
    let mut profile = names;
    profile["id"] = json!(id);
    profile["email"] = json!(EMAIL);
    json!({"is_signed_in": true, "oauth2": {"access_token": token}, "profile": profile})
}

async fn login(harness: &Harness, operation: &str, token: &str, id: &str) -> Reply {
    harness.call(operation, body(operation, token, id)).await
}

pub async fn an_account_signs_its_user_in(harness: &Harness) {
    let mut asha =
        FyndUser::new("Asha").phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap());
    for (_, provider) in WAYS {
        asha = asha.social(provider, "1001");
    }
    let id = harness.mock.add_user(asha);
    for (operation, provider) in WAYS {
        let token = harness.mock.issue_social_token(provider, "1001", None);
        let mut jar = Jar::default();
        let body = body(operation, &token, "1001");
        let reply = harness.call_as(&mut jar, operation, body).await.ok();
        assert_eq!(reply["user_exists"], true, "{operation}");
        assert_eq!(user(harness, &mut jar).await["user_id"], id, "{operation}");
    }
}

pub async fn an_unconfirmed_social_token_is_refused(harness: &Harness) {
    for (operation, provider) in WAYS {
        let refused = async |token: &str, id: &str| {
            let reply = login(harness, operation, token, id).await;
            reply.refused(401, "SOCIAL_TOKEN_INVALID");
        };
        let other = match provider {
            FyndProvider::Facebook => FyndProvider::Apple,
            _ => FyndProvider::Facebook,
        };
        refused("made up", "1001").await;
        refused(
            &harness.mock.issue_social_token(other, "1001", None),
            "1001",
        )
        .await;
        let token = harness.mock.issue_social_token(provider, "1001", None);
        refused(&token, "1002").await;
        harness.wait(3600);
        refused(&token, "1001").await;
    }
    let token = harness
        .mock
        .issue_social_token(FyndProvider::Google, "1001", None);
    let mut expired = body("login_with_google", &token, "1001");
    expired["oauth2"]["expiry"] = json!(1_000);
    let reply = harness.call("login_with_google", expired).await;
    reply.refused(401, "SOCIAL_TOKEN_INVALID");
}

pub async fn a_new_account_completes_the_profile_first(harness: &Harness) {
    for (at, (operation, provider)) in WAYS.into_iter().enumerate() {
        let (id, email) = (format!("20{at}"), format!("new{at}@example.com"));
        let token = harness.mock.issue_social_token(provider, &id, Some(&email));
        let mut jar = Jar::default();
        let begun = harness
            .call_as(&mut jar, operation, body(operation, &token, &id))
            .await
            .ok();
        assert_eq!(begun["user_exists"], false, "{operation}");
        assert_eq!(jar.0, None);
        let mobile = format!("900000010{at}");
        let body = json!({
            "mobile": {"phone": mobile, "country_code": "91"},
            "register_token": begun["register_token"],
        });
        let waiting = harness.call("update_profile", body).await.ok();
        let body = json!({
            "request_id": waiting["request_id"],
            "otp": harness.code(&format!("+91{mobile}")),
            "register_token": waiting["register_token"],
        });
        let done = harness
            .call_as(&mut jar, "verify_mobile_otp", body)
            .await
            .ok();
        assert_eq!(done["user"]["last_name"], "Rao");
        assert_eq!(done["user"]["emails"][0]["verified"], true);
        let again = login(harness, operation, &token, &id).await.ok();
        assert_eq!(again["user"]["user_id"], done["user"]["user_id"]);
    }
}

/// An e-mail address that the provider confirms identifies its user, if Fynd has confirmed it too.
pub async fn a_confirmed_address_links_the_account(harness: &Harness) {
    let id = harness.mock.add_user(FyndUser::new("Asha").email(EMAIL));
    harness
        .mock
        .add_user(FyndUser::new("Bela").unverified_email("bela@example.com"));
    let google = FyndProvider::Google;
    let token = harness.mock.issue_social_token(google, "1001", Some(EMAIL));
    let reply = login(harness, "login_with_google", &token, "1001")
        .await
        .ok();
    assert_eq!(reply["user"]["user_id"], id);
    let without_email = harness.mock.issue_social_token(google, "1001", None);
    let reply = login(harness, "login_with_google", &without_email, "1001")
        .await
        .ok();
    assert_eq!(reply["user"]["user_id"], id);
    let token = harness
        .mock
        .issue_social_token(google, "1002", Some("bela@example.com"));
    let reply = login(harness, "login_with_google", &token, "1002")
        .await
        .ok();
    assert_eq!(reply["user_exists"], false);
}

pub async fn a_provider_can_be_switched_off(harness: &Harness) {
    for (operation, provider) in WAYS {
        harness.mock.switch_off(FyndSignIn::Social(provider));
        let token = harness.mock.issue_social_token(provider, "1001", None);
        let reply = login(harness, operation, &token, "1001").await;
        reply.refused(400, "SIGN_IN_OFF");
    }
    let config = harness.call("get_platform_config", json!({})).await.ok();
    for (name, offered) in config["social"].as_object().unwrap() {
        assert_eq!(offered, false, "{name}");
    }
}
