//! Codes: only the newest is valid, once, for one purpose, for a limited time.

use serde_json::{Value, json};
use vestibule::testing::{Channel, FyndUser};

use super::harness::{Harness, Jar, Reply};
use super::signing_in::ASHA;

const SMS: &str = "+919000000001";
const EMAIL: &str = "asha@example.com";

fn seed(harness: &Harness) {
    let asha = FyndUser::new("Asha")
        .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap())
        .email(EMAIL);
    harness.mock.add_user(asha);
}

async fn verify(harness: &Harness, request_id: &Value, code: &str) -> Reply {
    let body = json!({"request_id": request_id, "otp": code});
    harness.call("verify_mobile_otp", body).await
}

pub async fn only_the_newest_mobile_code_is_valid_and_only_once(harness: &Harness) {
    seed(harness);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let first = harness.call("login_with_otp", number).await.ok();
    assert_eq!(first["resend_timer"], 30);
    assert_eq!(first["user_exists"], true);
    let first_code = harness.code(SMS);
    let resend = |token: Value| {
        let body =
            json!({"mobile": ASHA, "country_code": "91", "action": "resend", "token": token});
        harness.call("send_otp_on_mobile", body)
    };
    resend(first["resend_token"].clone())
        .await
        .refused(400, "RESEND_TOO_EARLY");
    assert_eq!(harness.messages(), 1);
    harness.wait(30);
    let second = resend(first["resend_token"].clone()).await.ok();
    assert_ne!(second["resend_token"], first["resend_token"]);
    let second_code = harness.code(SMS);
    harness.wait(30);
    // The tokens of all messages since the last used code are taken.
    resend(first["resend_token"].clone()).await.ok();
    harness.wait(30);
    resend(json!("unknown"))
        .await
        .refused(400, "RESEND_TOKEN_INVALID");
    let shout = json!({"mobile": ASHA, "country_code": "91", "action": "shout"});
    harness
        .call("send_otp_on_mobile", shout)
        .await
        .refused(400, "ACTION_UNKNOWN");

    let code = harness.code(SMS);
    let old = verify(harness, &first["request_id"], &first_code).await;
    old.refused(400, "OTP_INVALID");
    let old = verify(harness, &second["request_id"], &second_code).await;
    old.refused(400, "OTP_INVALID");
    verify(harness, &second["request_id"], "0000")
        .await
        .refused(400, "OTP_INVALID");
    // The id of an earlier message is taken with the newest code.
    verify(harness, &first["request_id"], &code).await.ok();
    let again = verify(harness, &second["request_id"], &code).await;
    again.refused(400, "OTP_INVALID");
    resend(second["resend_token"].clone())
        .await
        .refused(400, "RESEND_TOKEN_INVALID");
    let sent = harness.mock.outbox().messages();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|message| message.channel == Channel::Sms));
}

pub async fn only_the_newest_e_mail_code_is_valid_and_only_once(harness: &Harness) {
    seed(harness);
    let send = |action: &str, token: Value| {
        let mut body = json!({"email": EMAIL, "action": action});
        if !token.is_null() {
            body["token"] = token;
        }
        harness.call("send_otp_on_email", body)
    };
    let first = send("send", Value::Null).await.ok()["resend_email_token"].clone();
    let first_code = harness.code(EMAIL);
    send("resend", first.clone())
        .await
        .refused(400, "RESEND_TOO_EARLY");
    harness.wait(30);
    let second = send("resend", first.clone()).await.ok()["resend_email_token"].clone();
    assert_ne!(second, first);
    harness.wait(30);
    send("resend", first).await.ok();
    harness.wait(30);
    send("resend", Value::Null)
        .await
        .refused(400, "RESEND_TOKEN_INVALID");
    send("shout", Value::Null)
        .await
        .refused(400, "ACTION_UNKNOWN");

    let code = harness.code(EMAIL);
    let body = |code: &str| json!({"email": EMAIL, "otp": code});
    // Two codes may be equal by chance, as real ones may.
    if first_code != code {
        let reply = harness.call("verify_email_otp", body(&first_code)).await;
        reply.refused(400, "OTP_INVALID");
    }
    let mut jar = Jar::default();
    let reply = harness
        .call_as(&mut jar, "verify_email_otp", body(&code))
        .await
        .ok();
    assert_eq!(reply["user"]["first_name"], "Asha");
    assert!(jar.0.is_some());
    let reply = harness.call("verify_email_otp", body(&code)).await;
    reply.refused(400, "OTP_INVALID");
    let reply = harness
        .call("send_otp_on_email", json!({"email": "asha"}))
        .await;
    reply.refused(400, "EMAIL_INVALID");
    let sent = harness.mock.outbox().messages();
    assert!(sent.iter().all(|message| message.channel == Channel::Email));
}

pub async fn a_code_expires_after_ten_minutes(harness: &Harness) {
    seed(harness);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let sent = harness.call("login_with_otp", number).await.ok();
    harness
        .call("send_otp_on_email", json!({"email": EMAIL}))
        .await
        .ok();
    harness.wait(601);
    let late = verify(harness, &sent["request_id"], &harness.code(SMS)).await;
    late.refused(400, "OTP_INVALID");
    let body = json!({"email": EMAIL, "otp": harness.code(EMAIL)});
    harness
        .call("verify_email_otp", body)
        .await
        .refused(400, "OTP_INVALID");
}

pub async fn a_code_is_valid_only_for_its_purpose(harness: &Harness) {
    seed(harness);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let login = harness.call("login_with_otp", number.clone()).await.ok();
    let login_code = harness.code(SMS);
    let forgot = harness.call("send_forgot_otp_on_mobile", number).await.ok();
    let forgot_code = harness.code(SMS);
    verify(harness, &forgot["request_id"], &forgot_code)
        .await
        .refused(400, "OTP_INVALID");
    let body = json!({"request_id": login["request_id"], "otp": login_code});
    let reply = harness.call("verify_mobile_forgot_otp", body).await;
    reply.refused(400, "OTP_INVALID");
    verify(harness, &login["request_id"], &login_code)
        .await
        .ok();
}

/// A code sent to another user's mobile is not valid for this request, even with a session.
pub async fn a_code_of_another_number_is_refused(harness: &Harness) {
    seed(harness);
    let send = |mobile: &str| {
        harness.call(
            "login_with_otp",
            json!({"mobile": mobile, "country_code": "91"}),
        )
    };
    let asha = send(ASHA).await.ok();
    send("9000000002").await.ok();
    let reply = verify(harness, &asha["request_id"], &harness.code("+919000000002")).await;
    reply.refused(400, "OTP_INVALID");
    let reply = send("12").await;
    reply.refused(400, "NUMBER_INVALID");
}
