//! Who may sign in as which app.

use serde_json::json;
use vestibule::Phone;
use vestibule::testing::GoodCityUser;

use crate::harness::{Harness, MOBILE, UNKNOWN, sign_up};

/// The apps as which a donor may not sign in. The last two are unknown to the server.
const CLOSED: [&str; 4] = ["admin", "settings_editor", "bogus", "App"];

pub async fn a_sign_up_does_not_check_the_app(harness: &Harness) {
    for (number, app) in (1..).zip(CLOSED) {
        harness.sign_up_as(app, UNKNOWN).await.key();
        assert_eq!(harness.messages().len(), number, "{app}");
    }
    let without_app = harness.post("signup", sign_up(UNKNOWN));
    harness.send(without_app).await.key();
    assert_eq!(harness.messages().len(), CLOSED.len() + 1);
}

pub async fn every_user_signs_in_as_an_open_app(harness: &Harness) {
    for app in ["app", "browse", "stock", "app.goodcity", "stock.goodcity"] {
        let key = harness.send_pin_as(app, MOBILE).await.key();
        let verified = harness.verify_as(app, &key, &harness.pin(MOBILE)).await;
        assert!(verified.ok()["jwt_token"].is_string(), "{app}");
    }
}

pub async fn a_donor_gets_no_pin_as_another_app_and_loses_the_key(harness: &Harness) {
    for app in CLOSED {
        let key = harness.send_pin(MOBILE).await.key();
        let pin = harness.pin(MOBILE);
        let sent = harness.messages().len();
        let refused = harness.send_pin_as(app, MOBILE).await;
        refused.refused(401, &["error"]);
        assert_eq!(harness.messages().len(), sent, "{app}");
        harness.verify(&key, &pin).await.pin_refused();
    }
    // An unknown number gets a key, as ever.
    harness.send_pin_as("admin", UNKNOWN).await.key();
}

pub async fn a_pin_of_a_sign_up_as_another_app_is_refused_and_used_up(harness: &Harness) {
    for app in CLOSED {
        let key = harness.sign_up_as(app, UNKNOWN).await.key();
        let pin = harness.pin(UNKNOWN);
        harness.verify_as(app, &key, &pin).await.pin_refused();
        harness.verify(&key, &pin).await.pin_refused();
    }
}

pub async fn a_user_with_a_permission_signs_in_as_admin(harness: &Harness) {
    let reviewer = Phone::parse(UNKNOWN).unwrap();
    let reviewer = GoodCityUser::new(reviewer).may_use_app("admin.goodcity");
    harness.mock.add_user(reviewer);
    for app in ["admin", "admin.goodcity"] {
        let key = harness.send_pin_as(app, UNKNOWN).await.key();
        let pin = harness.pin(UNKNOWN);
        harness.verify_as(app, &key, &pin).await.ok();
    }
    let refused = harness.send_pin_as("settings_editor", UNKNOWN).await;
    refused.refused(401, &["error"]);
}

pub async fn a_list_of_client_data_names_the_app(harness: &Harness) {
    let send_pin = |meta: &str| {
        let request = harness.post("send_pin", json!({"mobile": MOBILE}));
        request.header("x-meta", meta)
    };
    for meta in ["appName:app.goodcity", "appVersion:0.1|appName:browse"] {
        harness.send(send_pin(meta)).await.key();
    }
    for meta in ["appName:admin", "appVersion:0.1", "app"] {
        let refused = harness.send(send_pin(meta)).await;
        refused.refused(401, &["error"]);
    }
    // The header of its own comes first.
    let both = send_pin("appName:app").header("x-goodcity-app-name", "admin");
    harness.send(both).await.refused(401, &["error"]);
}
