//! Deleting the account.

use serde_json::{Value, json};
use vestibule::testing::FyndUser;

use super::bench::{Bench, Jar};
use super::signing_in::{ASHA, by_code};

const SMS: &str = "+919000000001";
const EMAIL: &str = "asha@example.com";

async fn signed_in(bench: &Bench) -> (Jar, String) {
    let asha = FyndUser::new("Asha").mobile("91", ASHA).email(EMAIL);
    let id = bench.mock.seed_user(asha);
    (by_code(bench, ASHA).await, id)
}

/// A reason that asks for words or one that does not, as the configuration offers them.
async fn reason(bench: &Bench, in_words: bool) -> Value {
    let config = bench.ask("get_platform_config", json!({})).await.ok();
    assert!(config["delete_account_consent"]["consent_text"].is_string());
    let reasons = config["delete_account_reasons"].as_array().unwrap();
    let mut reasons = reasons.iter();
    let reason = reasons.find(|reason| reason["show_text_area"] == in_words);
    reason.unwrap()["reason_id"].clone()
}

pub async fn an_account_is_deleted_by_reason_and_code(bench: &Bench) {
    let (mut jar, id) = signed_in(bench).await;
    let mut elsewhere = by_code(bench, ASHA).await;
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let sent = bench
        .ask_as(&mut jar, "send_otp_on_mobile", number.clone())
        .await
        .ok();
    let right = json!({
        "user_id": id,
        "reason": "I no longer shop here",
        "reason_id": reason(bench, false).await,
        "request_id": sent["request_id"],
        "otp": bench.code(SMS),
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
        let said = bench.ask_as(&mut jar, "delete_user", wrong).await;
        assert!(said.body.get("authenticated").is_none());
        said.refused(400, code);
    }
    let mut wordless = right.clone();
    wordless["reason_id"] = reason(bench, true).await;
    wordless.as_object_mut().unwrap().remove("reason");
    let said = bench.ask_as(&mut jar, "delete_user", wordless).await;
    said.refused(400, "FIELD_MISSING");

    let kept = Jar(jar.0.clone());
    let said = bench
        .ask_as(&mut jar, "delete_user", right.clone())
        .await
        .ok();
    assert_eq!(said["success"], true);
    assert_eq!(jar.0, None);
    let mut kept = kept;
    let said = bench.ask_as(&mut kept, "delete_user", right).await;
    said.refused(401, "SESSION_UNKNOWN");
    let said = bench
        .ask_as(&mut elsewhere, "get_logged_in_user", json!({}))
        .await;
    said.refused(401, "SESSION_UNKNOWN");
    let again = bench.ask("login_with_otp", number).await.ok();
    assert_eq!(again["user_exists"], false);
}

/// An e-mail code has no request id: the address says which code is meant.
pub async fn an_e_mail_code_confirms_a_deletion_too(bench: &Bench) {
    let (mut jar, id) = signed_in(bench).await;
    bench
        .ask("send_otp_on_email", json!({"email": EMAIL}))
        .await
        .ok();
    let mut body = json!({
        "user_id": id, "reason_id": reason(bench, false).await, "otp": "0000",
    });
    let said = bench.ask_as(&mut jar, "delete_user", body.clone()).await;
    said.refused(400, "OTP_INVALID");
    body["otp"] = json!(bench.code(EMAIL));
    bench.ask_as(&mut jar, "delete_user", body).await.ok();
    assert_eq!(bench.mock.sessions_of(&id), 0);
}

/// The code must have gone to a contact of the user who leaves.
pub async fn another_users_code_deletes_nothing(bench: &Bench) {
    let (mut jar, id) = signed_in(bench).await;
    bench.mock.add_user("91", "9000000002", "Bela");
    let number = json!({"mobile": "9000000002", "country_code": "91"});
    let sent = bench.ask("send_otp_on_mobile", number).await.ok();
    let body = json!({
        "user_id": id,
        "reason_id": reason(bench, false).await,
        "request_id": sent["request_id"],
        "otp": bench.code("+919000000002"),
    });
    let said = bench.ask_as(&mut jar, "delete_user", body).await;
    said.refused(400, "OTP_INVALID");
    assert_eq!(bench.mock.sessions_of(&id), 1);
}
