//! Codes: the newest alone counts, once, for its purpose, for a while.

use serde_json::{Value, json};
use vestibule::testing::{Channel, FyndUser};

use super::bench::{Bench, Jar, Said};
use super::signing_in::ASHA;

const SMS: &str = "+919000000001";
const EMAIL: &str = "asha@example.com";

fn seed(bench: &Bench) {
    let asha = FyndUser::new("Asha").mobile("91", ASHA).email(EMAIL);
    bench.mock.seed_user(asha);
}

async fn verify(bench: &Bench, request_id: &Value, code: &str) -> Said {
    let body = json!({"request_id": request_id, "otp": code});
    bench.ask("verify_mobile_otp", body).await
}

pub async fn a_mobile_code_is_the_newest_and_good_once(bench: &Bench) {
    seed(bench);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let first = bench.ask("login_with_otp", number).await.ok();
    assert_eq!(first["resend_timer"], 30);
    assert_eq!(first["user_exists"], true);
    let first_code = bench.code(SMS);
    let resend = |token: Value| {
        let body =
            json!({"mobile": ASHA, "country_code": "91", "action": "resend", "token": token});
        bench.ask("send_otp_on_mobile", body)
    };
    resend(first["resend_token"].clone())
        .await
        .refused(400, "RESEND_TOO_EARLY");
    assert_eq!(bench.messages(), 1);
    bench.wait(30);
    let second = resend(first["resend_token"].clone()).await.ok();
    assert_ne!(second["request_id"], first["request_id"]);
    bench.wait(30);
    resend(first["resend_token"].clone())
        .await
        .refused(400, "RESEND_TOKEN_INVALID");
    let shout = json!({"mobile": ASHA, "country_code": "91", "action": "shout"});
    bench
        .ask("send_otp_on_mobile", shout)
        .await
        .refused(400, "ACTION_UNKNOWN");

    let code = bench.code(SMS);
    let old = verify(bench, &first["request_id"], &first_code).await;
    old.refused(400, "OTP_INVALID");
    let mixed = verify(bench, &first["request_id"], &code).await;
    mixed.refused(400, "OTP_INVALID");
    verify(bench, &second["request_id"], "0000")
        .await
        .refused(400, "OTP_INVALID");
    verify(bench, &second["request_id"], &code).await.ok();
    let again = verify(bench, &second["request_id"], &code).await;
    again.refused(400, "OTP_INVALID");
    let sent = bench.mock.outbox().messages();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|message| message.channel == Channel::Sms));
}

pub async fn an_e_mail_code_is_the_newest_and_good_once(bench: &Bench) {
    seed(bench);
    let send = |action: &str, token: Value| {
        let mut body = json!({"email": EMAIL, "action": action});
        if !token.is_null() {
            body["token"] = token;
        }
        bench.ask("send_otp_on_email", body)
    };
    let first = send("send", Value::Null).await.ok()["resend_email_token"].clone();
    let first_code = bench.code(EMAIL);
    send("resend", first.clone())
        .await
        .refused(400, "RESEND_TOO_EARLY");
    bench.wait(30);
    let second = send("resend", first.clone()).await.ok()["resend_email_token"].clone();
    assert_ne!(second, first);
    bench.wait(30);
    send("resend", first)
        .await
        .refused(400, "RESEND_TOKEN_INVALID");
    send("resend", Value::Null)
        .await
        .refused(400, "RESEND_TOKEN_INVALID");
    send("shout", Value::Null)
        .await
        .refused(400, "ACTION_UNKNOWN");

    let code = bench.code(EMAIL);
    let body = |code: &str| json!({"email": EMAIL, "otp": code});
    // Two codes may be equal by chance, as real ones may.
    if first_code != code {
        let said = bench.ask("verify_email_otp", body(&first_code)).await;
        said.refused(400, "OTP_INVALID");
    }
    let mut jar = Jar::default();
    let said = bench
        .ask_as(&mut jar, "verify_email_otp", body(&code))
        .await
        .ok();
    assert_eq!(said["user"]["first_name"], "Asha");
    assert!(jar.0.is_some());
    let said = bench.ask("verify_email_otp", body(&code)).await;
    said.refused(400, "OTP_INVALID");
    let said = bench
        .ask("send_otp_on_email", json!({"email": "asha"}))
        .await;
    said.refused(400, "EMAIL_INVALID");
    let sent = bench.mock.outbox().messages();
    assert!(sent.iter().all(|message| message.channel == Channel::Email));
}

pub async fn a_code_ends_after_ten_minutes(bench: &Bench) {
    seed(bench);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let sent = bench.ask("login_with_otp", number).await.ok();
    bench
        .ask("send_otp_on_email", json!({"email": EMAIL}))
        .await
        .ok();
    bench.wait(601);
    let late = verify(bench, &sent["request_id"], &bench.code(SMS)).await;
    late.refused(400, "OTP_INVALID");
    let body = json!({"email": EMAIL, "otp": bench.code(EMAIL)});
    bench
        .ask("verify_email_otp", body)
        .await
        .refused(400, "OTP_INVALID");
}

pub async fn a_code_is_good_for_its_purpose_alone(bench: &Bench) {
    seed(bench);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let login = bench.ask("login_with_otp", number.clone()).await.ok();
    let login_code = bench.code(SMS);
    let forgot = bench.ask("send_forgot_otp_on_mobile", number).await.ok();
    let forgot_code = bench.code(SMS);
    verify(bench, &forgot["request_id"], &forgot_code)
        .await
        .refused(400, "OTP_INVALID");
    let body = json!({"request_id": login["request_id"], "otp": login_code});
    let said = bench.ask("verify_mobile_forgot_otp", body).await;
    said.refused(400, "OTP_INVALID");
    verify(bench, &login["request_id"], &login_code).await.ok();
}

/// Signed in, but a code that another person's mobile got does not count for this request.
pub async fn a_code_of_another_number_is_refused(bench: &Bench) {
    seed(bench);
    let send = |mobile: &str| {
        bench.ask(
            "login_with_otp",
            json!({"mobile": mobile, "country_code": "91"}),
        )
    };
    let asha = send(ASHA).await.ok();
    send("9000000002").await.ok();
    let said = verify(bench, &asha["request_id"], &bench.code("+919000000002")).await;
    said.refused(400, "OTP_INVALID");
    let said = send("12").await;
    said.refused(400, "NUMBER_INVALID");
}
