//! The profile and the attributes of a user.

use serde_json::{Value, json};
use vestibule::testing::{FyndAttribute, FyndUser};

use super::harness::Harness;
use super::signing_in::{ASHA, by_code, user};

const EMAIL: &str = "asha@example.com";

pub async fn a_profile_change_leaves_the_rest_as_it_was(harness: &Harness) {
    harness.mock.add_user(
        FyndUser::new("Asha")
            .last_name("Rao")
            .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap()),
    );
    let jar = &mut by_code(harness, ASHA).await;
    let change =
        json!({"gender": "female", "dob": "1990-01-31", "profile_pic_url": "https://x.example/a"});
    let reply = harness.call_as(jar, "update_profile", change).await.ok();
    assert_eq!(reply["verify_mobile_otp"], false);
    let shown = user(harness, jar).await;
    assert_eq!(shown, reply["user"]);
    assert_eq!(
        (&shown["first_name"], &shown["last_name"]),
        (&json!("Asha"), &json!("Rao"))
    );
    assert_eq!(shown["dob"], "1990-01-31");
    assert_eq!(shown["profile_pic_url"], "https://x.example/a");
}

/// A new primary contact is unverified until its code is confirmed.
pub async fn a_new_main_contact_is_confirmed_by_a_code(harness: &Harness) {
    harness.mock.add_user(
        FyndUser::new("Asha").phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap()),
    );
    let jar = &mut by_code(harness, ASHA).await;
    let change = json!({"mobile": {"phone": "9000000002", "country_code": "91"}, "email": EMAIL});
    let reply = harness.call_as(jar, "update_profile", change).await.ok();
    assert_eq!(reply["verify_mobile_otp"], true);
    assert_eq!(reply["verify_email_otp"], true);
    assert_eq!(reply["user"]["phone_numbers"][1]["verified"], false);
    let body = json!({"request_id": reply["request_id"], "otp": harness.code("+919000000002")});
    let reply = harness.call_as(jar, "verify_mobile_otp", body).await.ok();
    let numbers = &reply["user"]["phone_numbers"];
    assert_eq!(
        (&numbers[0]["primary"], &numbers[1]["primary"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(numbers[1]["verified"], true);
    let body = json!({"email": EMAIL, "otp": harness.code(EMAIL)});
    let reply = harness.call_as(jar, "verify_email_otp", body).await.ok();
    assert_eq!(reply["user"]["emails"][0]["verified"], true);

    // A confirmed contact becomes primary without another message.
    let messages = harness.messages();
    let back = json!({"mobile": {"phone": ASHA, "country_code": "91"}});
    let reply = harness.call_as(jar, "update_profile", back).await.ok();
    assert_eq!(reply["user"]["phone_numbers"][0]["primary"], true);
    assert_eq!(harness.messages(), messages);
    let wrong = json!({"mobile": {"mobile": ASHA, "country_code": "91"}});
    let reply = harness.call_as(jar, "update_profile", wrong).await;
    reply.refused(400, "NUMBER_INVALID");
}

/// The code of a contact that was removed meanwhile confirms nothing.
pub async fn the_code_of_a_removed_contact_is_void(harness: &Harness) {
    harness.mock.add_user(
        FyndUser::new("Asha").phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap()),
    );
    let jar = &mut by_code(harness, ASHA).await;
    let change = json!({"mobile": {"phone": "9000000002", "country_code": "91"}});
    let reply = harness.call_as(jar, "update_profile", change).await.ok();
    let removed = json!({
        "phone": "9000000002", "country_code": "91",
        "active": false, "primary": false, "verified": false,
    });
    harness
        .call_as(jar, "delete_mobile_number", removed)
        .await
        .ok();
    let body = json!({"request_id": reply["request_id"], "otp": harness.code("+919000000002")});
    let reply = harness.call("verify_mobile_otp", body).await;
    reply.refused(400, "OTP_INVALID");
}

pub async fn attributes_are_kept_as_they_are_defined(harness: &Harness) {
    let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap());
    harness
        .mock
        .add_user(asha.attribute("shoe_size", 42).attribute("undefined", 1));
    for (slug, values) in [
        ("shoe_size", FyndAttribute::Number),
        ("newsletter", FyndAttribute::Boolean),
        ("motto", FyndAttribute::Text),
        ("brands", FyndAttribute::List),
    ] {
        harness.mock.define_attribute(slug, values);
    }
    let jar = &mut by_code(harness, ASHA).await;
    let reply = harness
        .call_as(jar, "get_user_attributes", json!({}))
        .await
        .ok();
    assert_eq!(reply["attributes"], json!({"shoe_size": 42}));
    let change = json!({"attributes": {"newsletter": true, "motto": "on", "brands": ["a"]}});
    let reply = harness
        .call_as(jar, "update_user_attributes", change)
        .await
        .ok();
    let all = json!({"shoe_size": 42, "newsletter": true, "motto": "on", "brands": ["a"]});
    assert_eq!(reply["attributes"], all);
    let reply = harness
        .call_as(jar, "get_user_attributes", json!({"slug": "motto"}))
        .await
        .ok();
    assert_eq!(reply["attributes"], json!({"motto": "on"}));
    let reply = harness
        .call_as(jar, "get_user_attributes", json!({"slug": "undefined"}))
        .await;
    reply.refused(400, "ATTRIBUTE_UNDEFINED");
    for (value, code) in [
        (json!({"undefined": 1}), "ATTRIBUTE_UNDEFINED"),
        (json!({"shoe_size": "large"}), "ATTRIBUTE_TYPE"),
        (
            json!({"newsletter": false, "shoe_size": null}),
            "ATTRIBUTE_TYPE",
        ),
        (Value::Null, "FIELD_MISSING"),
    ] {
        let change = json!({"attributes": value});
        let reply = harness.call_as(jar, "update_user_attributes", change).await;
        reply.refused(400, code);
    }
    let reply = harness
        .call_as(jar, "get_user_attributes", json!({}))
        .await
        .ok();
    assert_eq!(reply["attributes"], all);
}
