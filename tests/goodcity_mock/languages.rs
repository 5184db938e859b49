//! The language of a user and of errors.

use serde_json::{Value, json};

use crate::harness::{Harness, MOBILE, UNKNOWN, sign_up};

fn stored(profile: &Value) -> &str {
    let language = &profile["user_profile"]["preferred_language"];
    language.as_str().unwrap_or_default()
}

pub async fn reading_the_profile_stores_the_language_of_the_request(harness: &Harness) {
    for language in ["zh-tw", "en", "zh-tw"] {
        let profile = harness.profile(language).await;
        assert_eq!(stored(&profile), language);
        harness.send_pin(MOBILE).await.key();
        assert_eq!(harness.language().as_deref(), Some(language));
    }
}

pub async fn reading_the_profile_without_a_language_stores_english(harness: &Harness) {
    harness.profile("zh-tw").await;
    let request = harness.get("current_user_profile");
    let request = request.bearer_auth(harness.token());
    let profile = harness.send(request).await.ok();
    assert_eq!(stored(&profile), "en");
    harness.send_pin(MOBILE).await.key();
    assert_eq!(harness.language().as_deref(), Some("en"));
}

pub async fn a_sign_up_stores_the_language_of_a_new_and_of_a_known_user(harness: &Harness) {
    for mobile in [UNKNOWN, MOBILE, UNKNOWN] {
        for language in ["zh-tw", "en"] {
            let request = harness.post("signup", sign_up(mobile));
            let request = request.header("accept-language", language);
            harness.send(request).await.key();
            assert_eq!(harness.language().as_deref(), Some(language), "{mobile}");
        }
    }
    harness.profile("zh-tw").await;
    harness.sign_up_as("app", MOBILE).await.key();
    assert_eq!(harness.language().as_deref(), Some("en"));
}

pub async fn a_request_for_a_pin_has_no_effect_on_the_language(harness: &Harness) {
    harness.profile("zh-tw").await;
    let request = harness.post("send_pin", json!({"mobile": MOBILE}));
    let request = request.header("x-goodcity-app-name", "app");
    let key = harness.send(request.header("accept-language", "en")).await;
    assert_eq!(harness.language().as_deref(), Some("zh-tw"));
    let verified = harness.verify(&key.key(), &harness.pin(MOBILE)).await;
    assert_eq!(stored(&verified.ok()["user"]), "zh-tw");
}

pub async fn the_best_language_that_the_server_has_is_taken(harness: &Harness) {
    for (header, language) in [
        ("zh-TW,en;q=0.8", "zh-tw"),
        ("en;q=0.5, zh-tw;q=0.9", "zh-tw"),
        ("fr, de;q=0.9, zh-HK;q=0.1", "zh-tw"),
        ("en-GB", "en"),
        ("zh-tw;q=0, fr", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
    ] {
        let profile = harness.profile(header).await;
        assert_eq!(stored(&profile), language, "{header:?}");
    }
}

pub async fn errors_of_verify_and_signup_are_translated(harness: &Harness) {
    for (operation, body) in [
        ("verify", json!({"otp_auth_key": "key", "pin": "0000"})),
        ("signup", sign_up("+9101234567")),
        ("signup", sign_up("+85212345678")),
        ("signup", sign_up("")),
    ] {
        let message = async |language: &str| {
            let request = harness.post(operation, body.clone());
            let request = request.header("accept-language", language);
            harness.send(request).await.json()["errors"].to_string()
        };
        let (english, chinese) = (message("en").await, message("zh-tw").await);
        assert!(english.is_ascii(), "{operation}: {english}");
        assert!(!chinese.is_ascii(), "{operation}: {chinese}");
    }
}

pub async fn a_refused_number_of_send_pin_is_not_translated(harness: &Harness) {
    for mobile in [json!("+9101234567"), json!(""), json!(5), json!(null)] {
        let request = harness.post("send_pin", json!({"mobile": mobile}));
        let refused = harness.send(request.header("accept-language", "zh-tw"));
        let refused = refused.await;
        refused.refused(422, &["errors"]);
        assert!(refused.text.is_ascii(), "{}", refused.text);
    }
}
