//! Setting, changing and recovering a password.

use serde_json::{Value, json};
use vestibule::testing::{Channel, FyndUser};

use super::harness::{Harness, Jar, Reply};
use super::signing_in::{ASHA, by_code, user};

const SMS: &str = "+919000000001";
const EMAIL: &str = "asha@example.com";

fn seed(harness: &Harness) {
    let asha = FyndUser::new("Asha")
        .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap())
        .email(EMAIL);
    harness.mock.add_user(asha.password("old"));
}

async fn login(harness: &Harness, password: &str) -> Reply {
    let body = json!({"username": EMAIL, "password": password});
    harness.call("login_with_email_and_password", body).await
}

pub async fn a_password_change_requires_the_current_password(harness: &Harness) {
    seed(harness);
    let mut jar = by_code(harness, ASHA).await;
    let body = json!({"old_password": "older", "new_password": "new"});
    let reply = harness.call_as(&mut jar, "update_password", body).await;
    assert!(reply.body.get("authenticated").is_none());
    reply.refused(400, "PASSWORD_WRONG");
    let body = json!({"old_password": "old", "new_password": "new"});
    let reply = harness
        .call_as(&mut jar, "update_password", body.clone())
        .await
        .ok();
    assert_eq!(reply["message"], "success");
    let again = harness.call_as(&mut jar, "update_password", body).await;
    again.refused(400, "PASSWORD_WRONG");
    login(harness, "old")
        .await
        .refused(400, "CREDENTIALS_INVALID");
    login(harness, "new").await.ok();
}

pub async fn a_forgotten_password_is_set_by_a_mobile_code(harness: &Harness) {
    seed(harness);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let sent = harness.call("send_forgot_otp_on_mobile", number).await.ok();
    let mut body = json!({"request_id": sent["request_id"], "otp": "0000"});
    let reply = harness.call("verify_mobile_forgot_otp", body.clone()).await;
    reply.refused(400, "OTP_INVALID");
    body["otp"] = json!(harness.code(SMS));
    let mut jar = Jar::default();
    let right = harness
        .call_as(&mut jar, "verify_mobile_forgot_otp", body.clone())
        .await
        .ok();
    assert_eq!(jar.0, None);
    let reply = harness.call("verify_mobile_forgot_otp", body).await;
    reply.refused(400, "OTP_INVALID");
    spend(harness, right["forgot_token"].clone()).await;
}

pub async fn a_forgotten_password_is_set_by_an_e_mail_code(harness: &Harness) {
    seed(harness);
    let sent = harness
        .call("send_forgot_otp_on_email", json!({"email": EMAIL}))
        .await
        .ok();
    harness.wait(30);
    let body = json!({
        "email": EMAIL, "action": "resend", "token": sent["resend_email_token"],
    });
    harness
        .call("send_forgot_otp_on_email", body.clone())
        .await
        .ok();
    harness.wait(30);
    let again = harness.call("send_forgot_otp_on_email", body).await;
    again.ok();
    let body = json!({"email": EMAIL, "otp": "0000"});
    let reply = harness.call("verify_email_forgot_otp", body).await;
    reply.refused(400, "OTP_INVALID");
    let body = json!({"email": EMAIL, "otp": harness.code(EMAIL)});
    let right = harness
        .call("verify_email_forgot_otp", body.clone())
        .await
        .ok();
    let reply = harness.call("verify_email_forgot_otp", body).await;
    reply.refused(400, "OTP_INVALID");
    spend(harness, right["forgot_token"].clone()).await;
}

/// A forgot token sets one password, and does not sign in.
async fn spend(harness: &Harness, token: Value) {
    let body = json!({"code": token, "password": "new"});
    let reply = harness.call("forgot_password", body.clone()).await;
    reply.refused(400, "LINK_INVALID");
    let mut jar = Jar::default();
    let reply = harness
        .call_as(&mut jar, "reset_forgot_password", body.clone())
        .await
        .ok();
    assert_eq!(reply["success"], true);
    assert_eq!(jar.0, None);
    let reply = harness.call("reset_forgot_password", body).await;
    reply.refused(400, "FORGOT_TOKEN_INVALID");
    login(harness, "old")
        .await
        .refused(400, "CREDENTIALS_INVALID");
    login(harness, "new").await.ok();
}

pub async fn a_forgot_token_expires_after_a_quarter_of_an_hour(harness: &Harness) {
    seed(harness);
    harness
        .call("send_forgot_otp_on_email", json!({"email": EMAIL}))
        .await
        .ok();
    let body = json!({"email": EMAIL, "otp": harness.code(EMAIL)});
    let right = harness.call("verify_email_forgot_otp", body).await.ok();
    harness.wait(15 * 60);
    let body = json!({"code": right["forgot_token"], "password": "new"});
    let reply = harness.call("reset_forgot_password", body).await;
    reply.refused(400, "FORGOT_TOKEN_INVALID");
    login(harness, "old").await.ok();
}

pub async fn a_mailed_link_sets_a_password_and_signs_in(harness: &Harness) {
    seed(harness);
    let reply = harness
        .call("send_reset_password_email", json!({"email": EMAIL}))
        .await
        .ok();
    assert_eq!(reply["status"], "success");
    follow(harness, EMAIL, Channel::Email).await;
}

pub async fn a_texted_link_sets_a_password_and_signs_in(harness: &Harness) {
    seed(harness);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let reply = harness
        .call("send_reset_password_mobile", number)
        .await
        .ok();
    assert_eq!(reply["status"], "sent");
    follow(harness, SMS, Channel::Sms).await;
}

async fn follow(harness: &Harness, to: &str, channel: Channel) {
    assert_eq!(harness.mock.outbox().messages()[0].channel, channel);
    let code = harness.code(to);
    // Checking does not use the code up.
    for _ in 0..2 {
        let reply = harness
            .call("send_reset_token", json!({"code": code}))
            .await
            .ok();
        assert_eq!(reply["status"], "verified");
    }
    for operation in ["verify_email", "verify_mobile"] {
        let reply = harness.call(operation, json!({"code": code})).await;
        reply.refused(400, "LINK_INVALID");
    }
    let body = json!({"code": code, "password": "new"});
    let reply = harness.call("reset_forgot_password", body.clone()).await;
    reply.refused(400, "FORGOT_TOKEN_INVALID");
    let mut jar = Jar::default();
    harness
        .call_as(&mut jar, "forgot_password", body.clone())
        .await
        .ok();
    assert_eq!(user(harness, &mut jar).await["first_name"], "Asha");
    harness
        .call("forgot_password", body)
        .await
        .refused(400, "LINK_INVALID");
    let reply = harness
        .call("send_reset_token", json!({"code": code}))
        .await;
    reply.refused(400, "LINK_INVALID");
    login(harness, "new").await.ok();
}

pub async fn a_link_is_voided_by_a_newer_one_and_expires_after_a_day(harness: &Harness) {
    seed(harness);
    let mut codes = Vec::new();
    for _ in 0..2 {
        harness
            .call("send_reset_password_email", json!({"email": EMAIL}))
            .await
            .ok();
        codes.push(harness.code(EMAIL));
    }
    let check = |code: &str| harness.call("send_reset_token", json!({"code": code}));
    check(&codes[0]).await.refused(400, "LINK_INVALID");
    check(&codes[1]).await.ok();
    harness.wait(24 * 3600);
    check(&codes[1]).await.refused(400, "LINK_INVALID");
}

pub async fn an_unknown_contact_gets_no_message(harness: &Harness) {
    for (operation, body) in [
        ("send_reset_password_email", json!({"email": EMAIL})),
        (
            "send_reset_password_mobile",
            json!({"mobile": ASHA, "country_code": "91"}),
        ),
        ("send_forgot_otp_on_email", json!({"email": EMAIL})),
        (
            "send_forgot_otp_on_mobile",
            json!({"mobile": ASHA, "country_code": "91"}),
        ),
    ] {
        harness
            .call(operation, body)
            .await
            .refused(400, "USER_UNKNOWN");
    }
    assert_eq!(harness.messages(), 0);
}
