//! Deleting the account.

use serde_json::{Value, json};
use vestibule::testing::FyndUser;

use super::harness::{Harness, Jar};
use super::signing_in::{ASHA, by_code};

const SMS: &str = "+919000000001";
const EMAIL: &str = "asha@example.com";

async fn signed_in(harness: &Harness) -> (Jar, String) {
    let asha = FyndUser::new("Asha")
        .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap())
        .email(EMAIL);
    let id = harness.mock.add_user(asha);
    (by_code(harness, ASHA).await, id)
}

/// A reason that requires a text or one that does not, from the configuration.
async fn reason(harness: &Harness, with_text: bool) -> Value {
    let config = harness.call("get_platform_config", json!({})).await.ok();
    assert!(config["delete_account_consent"]["consent_text"].is_string());
    let reasons = config["delete_account_reasons"].as_array().unwrap();
    let mut reasons = reasons.iter();
    let reason = reasons.find(|reason| reason["show_text_area"] == with_text);
    reason.unwrap()["reason_id"].clone()
}

pub async fn an_account_is_deleted_by_reason_and_code(harness: &Harness) {
    let (mut jar, id) = signed_in(harness).await;
    let mut other_session = by_code(harness, ASHA).await;
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let sent = harness
        .call_as(&mut jar, "send_otp_on_mobile", number.clone())
        .await
        .ok();
    let right = json!({
        "user_id": id,
        "reason": "I no longer shop here",
        "reason_id": reason(harness, false).await,
        "request_id": sent["request_id"],
        "otp": harness.code(SMS),
    });
    for (name, value, code) in [
        ("user_id", json!("64b000000000000000000099"), "USER_UNKNOWN"),
        (
            "reason_id",
            json!("64b000000000000000000099"),
            "REASON_UNKNOWN",
        ),
        ("otp", json!("0000"), "OTP_INVALID"),
        ("request_id", json!("another"), "OTP_INVALID"),
        ("otp", Value::Null, "FIELD_MISSING"),
    ] {
        let mut wrong = right.clone();
        wrong[name] = value;
        let reply = harness.call_as(&mut jar, "delete_user", wrong).await;
        assert!(reply.body.get("authenticated").is_none());
        reply.refused(400, code);
    }
    let mut without_text = right.clone();
    without_text["reason_id"] = reason(harness, true).await;
    without_text.as_object_mut().unwrap().remove("reason");
    let reply = harness.call_as(&mut jar, "delete_user", without_text).await;
    reply.refused(400, "FIELD_MISSING");

    let old_jar = Jar(jar.0.clone());
    let reply = harness
        .call_as(&mut jar, "delete_user", right.clone())
        .await
        .ok();
    assert_eq!(reply["success"], true);
    assert_eq!(jar.0, None);
    let mut old_jar = old_jar;
    let reply = harness.call_as(&mut old_jar, "delete_user", right).await;
    reply.refused(401, "SESSION_UNKNOWN");
    let reply = harness
        .call_as(&mut other_session, "get_logged_in_user", json!({}))
        .await;
    reply.refused(401, "SESSION_UNKNOWN");
    let again = harness.call("login_with_otp", number).await.ok();
    assert_eq!(again["user_exists"], false);
}

/// An e-mail code has no request id: the address identifies the code.
pub async fn an_e_mail_code_confirms_a_deletion_too(harness: &Harness) {
    let (mut jar, id) = signed_in(harness).await;
    harness
        .call("send_otp_on_email", json!({"email": EMAIL}))
        .await
        .ok();
    let mut body = json!({
        "user_id": id, "reason_id": reason(harness, false).await, "otp": "0000",
    });
    let reply = harness.call_as(&mut jar, "delete_user", body.clone()).await;
    reply.refused(400, "OTP_INVALID");
    body["otp"] = json!(harness.code(EMAIL));
    harness.call_as(&mut jar, "delete_user", body).await.ok();
    assert_eq!(harness.mock.sessions_of(&id), 0);
}

/// The code must have been sent to a contact of the user to be deleted.
pub async fn another_users_code_deletes_nothing(harness: &Harness) {
    let (mut jar, id) = signed_in(harness).await;
    harness.mock.add_user(
        vestibule::testing::FyndUser::new("Bela")
            .phone(vestibule::Phone::parse("+919000000002").unwrap()),
    );
    let number = json!({"mobile": "9000000002", "country_code": "91"});
    let sent = harness.call("send_otp_on_mobile", number).await.ok();
    let body = json!({
        "user_id": id,
        "reason_id": reason(harness, false).await,
        "request_id": sent["request_id"],
        "otp": harness.code("+919000000002"),
    });
    let reply = harness.call_as(&mut jar, "delete_user", body).await;
    reply.refused(400, "OTP_INVALID");
    assert_eq!(harness.mock.sessions_of(&id), 1);
}
