//! Who signs up, and what the pin proves.

use reqwest::Method;
use serde_json::{Value, json};
use vestibule::testing::Channel;

use crate::harness::{Harness, MOBILE, UNKNOWN, sign_up};

const ADDRESS: &str = "ada@example.com";

fn with_district(mobile: &str, district: &str) -> Value {
    let mut body = sign_up(mobile);
    body["user_auth"]["address_attributes"]["district_id"] = json!(district);
    body
}

fn by_email(email: &str) -> Value {
    json!({"user_auth": {"email": email, "address_attributes": {}}})
}

/// Signs in by a pin and returns the profile.
async fn signed_in(harness: &Harness, body: Value) -> Value {
    let request = harness.post("verify", body);
    let request = request.header("x-goodcity-app-name", "app");
    harness.send(request).await.ok()["user"].take()
}

pub async fn a_number_alone_signs_up(harness: &Harness) {
    let key = harness.sign_up_as("app", UNKNOWN).await.key();
    let user = harness.verify(&key, &harness.pin(UNKNOWN)).await.ok();
    let user = &user["user"]["user_profile"];
    assert_eq!(user["mobile"], "61234567");
    assert_eq!(user["first_name"], Value::Null);
}

pub async fn an_unknown_district_is_a_conflict(harness: &Harness) {
    for district in ["0", "99", "abc", "1.5"] {
        let request = harness.post("signup", with_district(UNKNOWN, district));
        let refused = harness.send(request).await;
        refused.refused(409, &["error", "status", "type"]);
        let body = refused.json();
        assert_eq!(body["type"], "ForeignKeyMismatchError", "{district}");
        assert_eq!(body["status"], 409, "{district}");
    }
    assert!(harness.messages().is_empty());
    // No user was created: an unknown number gets a key without a message.
    harness.send_pin(UNKNOWN).await.key();
    assert!(harness.messages().is_empty());
    for (number, district) in (1..).zip(["1", "18", ""]) {
        let request = harness.post("signup", with_district(UNKNOWN, district));
        harness.send(request).await.key();
        assert_eq!(harness.messages().len(), number, "{district}");
    }
}

pub async fn a_known_number_ignores_the_district(harness: &Harness) {
    let request = harness.post("signup", with_district(MOBILE, "abc"));
    let key = harness.send(request).await.key();
    let user = harness.verify(&key, &harness.pin(MOBILE)).await.ok();
    assert_eq!(user["user"]["addresses"], json!([]));
}

pub async fn an_address_without_a_number_signs_up_by_mail(harness: &Harness) {
    let request = harness.post("signup", by_email(ADDRESS));
    let first = harness.send(request).await.key();
    let message = harness.messages().pop().unwrap();
    assert_eq!(
        (message.channel, message.to.as_str()),
        (Channel::Email, ADDRESS)
    );
    let body = json!({"otp_auth_key": first, "pin": message.code, "pin_for": "email"});
    let user = signed_in(harness, body).await["user_profile"].take();
    assert_eq!(user["email"], ADDRESS);
    assert_eq!(user["mobile"], Value::Null);
    assert_eq!(user["is_email_verified"], true);

    // A known address, in any case, gets another pin and no second user.
    let request = harness.post("signup", by_email("ADA@example.com"));
    let key = harness.send(request).await.key();
    let body = json!({"otp_auth_key": key, "pin": harness.pin(ADDRESS)});
    assert_eq!(
        signed_in(harness, body).await["user_profile"]["id"],
        user["id"]
    );
    for body in [by_email("no address"), by_email(""), sign_up("")] {
        let refused = harness.send(harness.post("signup", body)).await;
        refused.refused(422, &["errors"]);
    }
}

pub async fn what_a_pin_proves_is_told_by_pin_for(harness: &Harness) {
    for (pin_for, email, mobile) in [
        (Some("phone"), false, false),
        (Some("email"), true, false),
        (None, true, true),
    ] {
        let key = harness.send_pin(MOBILE).await.key();
        let mut body = json!({"otp_auth_key": key, "pin": harness.pin(MOBILE)});
        if let Some(pin_for) = pin_for {
            body["pin_for"] = json!(pin_for);
        }
        let user = signed_in(harness, body).await["user_profile"].take();
        let proved = (&user["is_email_verified"], &user["is_mobile_verified"]);
        assert_eq!(proved, (&json!(email), &json!(mobile)), "{pin_for:?}");
    }
}

pub async fn a_form_is_as_good_as_json(harness: &Harness) {
    let form = |operation: &str, body: String| {
        let request = harness.bare(Method::POST, operation).body(body);
        let request = request.header("x-goodcity-app-name", "app.goodcity");
        request.header("content-type", "application/x-www-form-urlencoded")
    };
    let body = "user_auth[mobile]=%2B85261234567&user_auth[address_attributes][district_id]=1";
    let key = harness.send(form("signup", body.to_owned())).await.key();
    let key = key.replace('+', "%2B").replace('/', "%2F");
    let body = format!("otp_auth_key={key}&pin={}", harness.pin(UNKNOWN));
    let user = harness.send(form("verify", body)).await.ok();
    assert_eq!(user["user"]["addresses"][0]["district_id"], 1);
}
