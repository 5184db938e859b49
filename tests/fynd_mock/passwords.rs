//! Setting, changing and recovering a password.

use serde_json::{Value, json};
use vestibule::testing::{Channel, FyndUser};

use super::bench::{Bench, Jar, Said};
use super::signing_in::{ASHA, by_code, user};

const SMS: &str = "+919000000001";
const EMAIL: &str = "asha@example.com";

fn seed(bench: &Bench) {
    let asha = FyndUser::new("Asha").mobile("91", ASHA).email(EMAIL);
    bench.mock.seed_user(asha.password("old"));
}

async fn login(bench: &Bench, password: &str) -> Said {
    let body = json!({"username": EMAIL, "password": password});
    bench.ask("login_with_email_and_password", body).await
}

pub async fn a_password_is_changed_by_who_knows_it(bench: &Bench) {
    seed(bench);
    let mut jar = by_code(bench, ASHA).await;
    let body = json!({"old_password": "older", "new_password": "new"});
    let said = bench.ask_as(&mut jar, "update_password", body).await;
    assert!(said.body.get("authenticated").is_none());
    said.refused(400, "PASSWORD_WRONG");
    let body = json!({"old_password": "old", "new_password": "new"});
    let said = bench
        .ask_as(&mut jar, "update_password", body.clone())
        .await
        .ok();
    assert_eq!(said["message"], "success");
    let again = bench.ask_as(&mut jar, "update_password", body).await;
    again.refused(400, "PASSWORD_WRONG");
    login(bench, "old")
        .await
        .refused(400, "CREDENTIALS_INVALID");
    login(bench, "new").await.ok();
}

pub async fn a_forgotten_password_is_set_by_a_mobile_code(bench: &Bench) {
    seed(bench);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let sent = bench.ask("send_forgot_otp_on_mobile", number).await.ok();
    let mut body = json!({"request_id": sent["request_id"], "otp": "0000"});
    let said = bench.ask("verify_mobile_forgot_otp", body.clone()).await;
    said.refused(400, "OTP_INVALID");
    body["otp"] = json!(bench.code(SMS));
    let mut jar = Jar::default();
    let right = bench
        .ask_as(&mut jar, "verify_mobile_forgot_otp", body.clone())
        .await
        .ok();
    assert_eq!(jar.0, None);
    let said = bench.ask("verify_mobile_forgot_otp", body).await;
    said.refused(400, "OTP_INVALID");
    spend(bench, right["forgot_token"].clone()).await;
}

pub async fn a_forgotten_password_is_set_by_an_e_mail_code(bench: &Bench) {
    seed(bench);
    let sent = bench
        .ask("send_forgot_otp_on_email", json!({"email": EMAIL}))
        .await
        .ok();
    bench.wait(30);
    let body = json!({
        "email": EMAIL, "action": "resend", "token": sent["resend_email_token"],
    });
    bench
        .ask("send_forgot_otp_on_email", body.clone())
        .await
        .ok();
    bench.wait(30);
    let said = bench.ask("send_forgot_otp_on_email", body).await;
    said.refused(400, "RESEND_TOKEN_INVALID");
    let body = json!({"email": EMAIL, "otp": "0000"});
    let said = bench.ask("verify_email_forgot_otp", body).await;
    said.refused(400, "OTP_INVALID");
    let body = json!({"email": EMAIL, "otp": bench.code(EMAIL)});
    let right = bench
        .ask("verify_email_forgot_otp", body.clone())
        .await
        .ok();
    let said = bench.ask("verify_email_forgot_otp", body).await;
    said.refused(400, "OTP_INVALID");
    spend(bench, right["forgot_token"].clone()).await;
}

/// A forgot token sets one password, and does not sign in.
async fn spend(bench: &Bench, token: Value) {
    let body = json!({"code": token, "password": "new"});
    let said = bench.ask("forgot_password", body.clone()).await;
    said.refused(400, "LINK_INVALID");
    let mut jar = Jar::default();
    let said = bench
        .ask_as(&mut jar, "reset_forgot_password", body.clone())
        .await
        .ok();
    assert_eq!(said["success"], true);
    assert_eq!(jar.0, None);
    let said = bench.ask("reset_forgot_password", body).await;
    said.refused(400, "FORGOT_TOKEN_INVALID");
    login(bench, "old")
        .await
        .refused(400, "CREDENTIALS_INVALID");
    login(bench, "new").await.ok();
}

pub async fn a_forgot_token_ends_after_a_quarter_of_an_hour(bench: &Bench) {
    seed(bench);
    bench
        .ask("send_forgot_otp_on_email", json!({"email": EMAIL}))
        .await
        .ok();
    let body = json!({"email": EMAIL, "otp": bench.code(EMAIL)});
    let right = bench.ask("verify_email_forgot_otp", body).await.ok();
    bench.wait(15 * 60);
    let body = json!({"code": right["forgot_token"], "password": "new"});
    let said = bench.ask("reset_forgot_password", body).await;
    said.refused(400, "FORGOT_TOKEN_INVALID");
    login(bench, "old").await.ok();
}

pub async fn a_mailed_link_sets_a_password_and_signs_in(bench: &Bench) {
    seed(bench);
    let said = bench
        .ask("send_reset_password_email", json!({"email": EMAIL}))
        .await
        .ok();
    assert_eq!(said["status"], "sent");
    follow(bench, EMAIL, Channel::Email).await;
}

pub async fn a_texted_link_sets_a_password_and_signs_in(bench: &Bench) {
    seed(bench);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let said = bench.ask("send_reset_password_mobile", number).await.ok();
    assert_eq!(said["status"], "sent");
    follow(bench, SMS, Channel::Sms).await;
}

async fn follow(bench: &Bench, to: &str, channel: Channel) {
    assert_eq!(bench.mock.outbox().messages()[0].channel, channel);
    let code = bench.code(to);
    // Checking does not use the code up.
    for _ in 0..2 {
        let said = bench
            .ask("send_reset_token", json!({"code": code}))
            .await
            .ok();
        assert_eq!(said["status"], "verified");
    }
    for operation in ["verify_email", "verify_mobile"] {
        let said = bench.ask(operation, json!({"code": code})).await;
        said.refused(400, "LINK_INVALID");
    }
    let body = json!({"code": code, "password": "new"});
    let said = bench.ask("reset_forgot_password", body.clone()).await;
    said.refused(400, "FORGOT_TOKEN_INVALID");
    let mut jar = Jar::default();
    bench
        .ask_as(&mut jar, "forgot_password", body.clone())
        .await
        .ok();
    assert_eq!(user(bench, &mut jar).await["first_name"], "Asha");
    bench
        .ask("forgot_password", body)
        .await
        .refused(400, "LINK_INVALID");
    let said = bench.ask("send_reset_token", json!({"code": code})).await;
    said.refused(400, "LINK_INVALID");
    login(bench, "new").await.ok();
}

pub async fn a_newer_link_voids_the_older_and_a_day_ends_it(bench: &Bench) {
    seed(bench);
    let mut codes = Vec::new();
    for _ in 0..2 {
        bench
            .ask("send_reset_password_email", json!({"email": EMAIL}))
            .await
            .ok();
        codes.push(bench.code(EMAIL));
    }
    let check = |code: &str| bench.ask("send_reset_token", json!({"code": code}));
    check(&codes[0]).await.refused(400, "LINK_INVALID");
    check(&codes[1]).await.ok();
    bench.wait(24 * 3600);
    check(&codes[1]).await.refused(400, "LINK_INVALID");
}

pub async fn nobody_gets_a_message_for_an_unknown_contact(bench: &Bench) {
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
        bench
            .ask(operation, body)
            .await
            .refused(400, "USER_UNKNOWN");
    }
    assert_eq!(bench.messages(), 0);
}
