//! SignUp of users.

use serde_json::{Value, json};
use vestibule::testing::FyndUser;

use super::harness::{Harness, Jar};
use super::signing_in::{ASHA, user};

const SMS: &str = "+919000000001";
const EMAIL: &str = "asha@example.com";

fn form() -> Value {
    json!({
        "first_name": "Asha",
        "last_name": "Rao",
        "gender": "female",
        "email": EMAIL,
        "password": "a password",
        "phone": {"mobile": ASHA, "country_code": "91"},
    })
}

pub async fn a_form_makes_a_user_when_both_codes_are_confirmed(harness: &Harness) {
    let sent = harness.call("register_with_form", form()).await.ok();
    assert_eq!(sent["verify_mobile_otp"], true);
    assert_eq!(sent["verify_email_otp"], true);
    assert_eq!(sent["user_exists"], false);
    let exists = harness.call("user_exists", json!({"q": EMAIL})).await.ok();
    assert_eq!(exists["user_exists"], false);

    let mut body = json!({"request_id": sent["request_id"], "otp": harness.code(SMS)});
    let reply = harness.call("verify_mobile_otp", body.clone()).await;
    reply.refused(400, "REGISTER_TOKEN_INVALID");
    body["register_token"] = sent["register_token"].clone();
    let mut jar = Jar::default();
    let half = harness
        .call_as(&mut jar, "verify_mobile_otp", body)
        .await
        .ok();
    assert_eq!(half["user_exists"], false);
    assert_eq!(jar.0, None);

    let mut body = json!({"email": EMAIL, "otp": harness.code(EMAIL), "action": "register"});
    assert_ne!(half["register_token"], sent["register_token"]);
    // The token of the form serves for both codes.
    body["register_token"] = sent["register_token"].clone();
    let done = harness
        .call_as(&mut jar, "verify_email_otp", body)
        .await
        .ok();
    assert_eq!(done["user_exists"], true);
    let user = user(harness, &mut jar).await;
    assert_eq!(user["last_name"], "Rao");
    assert_eq!(user["emails"][0]["verified"], true);
    assert_eq!(user["phone_numbers"][0]["verified"], true);
    assert_eq!(user["phone_numbers"][0]["country_code"], 91);
    let body = json!({"username": EMAIL, "password": "a password"});
    harness
        .call("login_with_email_and_password", body)
        .await
        .ok();
    harness
        .call("register_with_form", form())
        .await
        .refused(400, "CONTACT_TAKEN");
}

/// The codes can be resent, and a sign-in by password leads back to the registration.
pub async fn a_form_is_continued_by_resend_and_by_password(harness: &Harness) {
    let sent = harness.call("register_with_form", form()).await.ok();
    harness.wait(30);
    let body = json!({
        "mobile": ASHA, "country_code": "91",
        "action": "resend", "token": sent["resend_token"],
    });
    let again = harness.call("send_otp_on_mobile", body).await.ok();
    let body = json!({
        "email": EMAIL, "action": "resend",
        "token": sent["resend_email_token"], "register_token": sent["register_token"],
    });
    harness.call("send_otp_on_email", body).await.ok();
    assert_eq!(harness.messages(), 4);

    let body = json!({"username": EMAIL, "password": "a password"});
    let mut jar = Jar::default();
    let unfinished = harness
        .call_as(&mut jar, "login_with_email_and_password", body)
        .await
        .ok();
    assert!(unfinished["user"].is_null());
    assert_eq!(jar.0, None);
    let body = json!({
        "email": EMAIL, "otp": harness.code(EMAIL),
        "register_token": unfinished["register_token"], "action": "register",
    });
    let half = harness.call("verify_email_otp", body).await.ok();
    let body = json!({
        "request_id": again["request_id"], "otp": harness.code(SMS),
        "register_token": half["register_token"],
    });
    let done = harness
        .call_as(&mut jar, "verify_mobile_otp", body)
        .await
        .ok();
    assert_eq!(done["user"]["first_name"], "Asha");
}

pub async fn a_form_needs_what_the_sales_channel_requires(harness: &Harness) {
    let call = |body: Value| harness.call("register_with_form", body);
    call(json!({"email": EMAIL}))
        .await
        .refused(400, "FIRST_NAME_MISSING");
    let without_mobile = json!({"first_name": "Asha", "email": EMAIL});
    call(without_mobile.clone())
        .await
        .refused(400, "MOBILE_MISSING");
    harness.mock.require_mobile(false);
    call(json!({"first_name": "Asha"}))
        .await
        .refused(400, "CONTACT_MISSING");
    harness.mock.require_email(true);
    call(json!({"first_name": "Asha"}))
        .await
        .refused(400, "EMAIL_MISSING");
    assert_eq!(harness.messages(), 0);
    let sent = call(without_mobile).await.ok();
    assert_eq!(sent["verify_mobile_otp"], false);
    assert!(sent["request_id"].is_null());
    let body = json!({
        "email": EMAIL, "otp": harness.code(EMAIL),
        "register_token": sent["register_token"], "action": "register",
    });
    let done = harness.call("verify_email_otp", body).await.ok();
    assert_eq!(done["user"]["phone_numbers"], json!([]));
}

/// A code to an unknown mobile starts a registration; the form or the profile completes it.
pub async fn a_confirmed_mobile_needs_no_second_code(harness: &Harness) {
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let sent = harness.call("login_with_otp", number).await.ok();
    assert_eq!(sent["user_exists"], false);
    let body = json!({"request_id": sent["request_id"], "otp": harness.code(SMS)});
    let begun = harness.call("verify_mobile_otp", body).await.ok();
    assert_eq!(begun["user_exists"], false);
    let mut form = form();
    form.as_object_mut().unwrap().remove("email");
    form["register_token"] = begun["register_token"].clone();
    let mut jar = Jar::default();
    let done = harness
        .call_as(&mut jar, "register_with_form", form.clone())
        .await
        .ok();
    assert_eq!(done["verify_mobile_otp"], false);
    assert_eq!(done["user_exists"], false, "there was no such user");
    assert_eq!(user(harness, &mut jar).await["gender"], "female");
    assert_eq!(harness.messages(), 1);
    form["phone"]["mobile"] = json!("9000000002");
    let reply = harness.call("register_with_form", form).await;
    reply.refused(400, "REGISTER_TOKEN_INVALID");
}

/// The channel may require a confirmed e-mail address before it creates the user.
pub async fn a_profile_waits_for_the_code_of_a_required_e_mail(harness: &Harness) {
    harness.mock.require_email(true);
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let sent = harness.call("login_with_otp", number).await.ok();
    let body = json!({"request_id": sent["request_id"], "otp": harness.code(SMS)});
    let begun = harness.call("verify_mobile_otp", body).await.ok();

    let mut body = json!({"first_name": "Asha", "register_token": begun["register_token"]});
    let reply = harness.call("update_profile", body.clone()).await;
    reply.refused(400, "EMAIL_MISSING");
    body["email"] = json!("mistyped@example.com");
    let mut jar = Jar::default();
    let mistyped = harness
        .call_as(&mut jar, "update_profile", body.clone())
        .await
        .ok();
    assert_eq!(mistyped["verify_email_otp"], true);
    assert!(mistyped["user"].is_null());
    assert_eq!(jar.0, None);
    body["email"] = json!(EMAIL);
    body["register_token"] = mistyped["register_token"].clone();
    let waiting = harness.call_as(&mut jar, "update_profile", body).await.ok();
    let body = json!({
        "email": EMAIL, "otp": harness.code(EMAIL),
        "register_token": waiting["register_token"], "action": "register",
    });
    let done = harness
        .call_as(&mut jar, "verify_email_otp", body)
        .await
        .ok();
    assert_eq!(done["user"]["emails"].as_array().unwrap().len(), 1);
    assert_eq!(user(harness, &mut jar).await["emails"][0]["email"], EMAIL);
}

/// Otherwise the user is created at once, and the code confirms the address later.
pub async fn a_profile_does_not_wait_for_an_optional_e_mail(harness: &Harness) {
    let number = json!({"mobile": ASHA, "country_code": "91"});
    let sent = harness.call("login_with_otp", number).await.ok();
    let body = json!({"request_id": sent["request_id"], "otp": harness.code(SMS)});
    let begun = harness.call("verify_mobile_otp", body).await.ok();
    let token = &begun["register_token"];
    let body = json!({"register_token": token});
    let reply = harness.call("update_profile", body).await;
    reply.refused(400, "FIRST_NAME_MISSING");
    let body = json!({"first_name": "Asha", "email": EMAIL, "register_token": token});
    let mut jar = Jar::default();
    let reply = harness.call_as(&mut jar, "update_profile", body).await.ok();
    assert_eq!(reply["verify_email_otp"], true);
    assert_eq!(reply["user"]["emails"][0]["verified"], false);
    let body = json!({"email": EMAIL, "otp": harness.code(EMAIL)});
    let reply = harness
        .call_as(&mut jar, "verify_email_otp", body)
        .await
        .ok();
    assert_eq!(reply["user"]["emails"][0]["verified"], true);
}

/// An e-mail code starts a registration too; the mobile then remains.
pub async fn a_registration_by_e_mail_asks_for_the_mobile(harness: &Harness) {
    harness
        .call("send_otp_on_email", json!({"email": EMAIL}))
        .await
        .ok();
    let body = json!({"email": EMAIL, "otp": harness.code(EMAIL)});
    let begun = harness.call("verify_email_otp", body).await.ok();
    let mut body = json!({"first_name": "Asha", "register_token": begun["register_token"]});
    let reply = harness.call("update_profile", body.clone()).await;
    reply.refused(400, "MOBILE_MISSING");
    body["mobile"] = json!({"phone": ASHA, "country_code": "91"});
    let waiting = harness.call("update_profile", body).await.ok();
    assert_eq!(waiting["verify_mobile_otp"], true);
    assert_eq!(waiting["mobile"], ASHA);
    let body = json!({
        "request_id": waiting["request_id"], "otp": harness.code(SMS),
        "register_token": waiting["register_token"],
    });
    let done = harness.call("verify_mobile_otp", body).await.ok();
    assert_eq!(done["user"]["emails"][0]["verified"], true);
}

pub async fn a_register_token_expires_after_an_hour(harness: &Harness) {
    let sent = harness.call("register_with_form", form()).await.ok();
    harness.wait(3601);
    let body = json!({
        "email": EMAIL, "action": "send", "register_token": sent["register_token"],
    });
    let reply = harness.call("send_otp_on_email", body).await;
    reply.refused(400, "REGISTER_TOKEN_INVALID");
    harness
        .mock
        .add_user(FyndUser::new("Bela").email("bela@example.com"));
    let sent = harness.call("register_with_form", form()).await.ok();
    let body = json!({"email": "bela@example.com", "register_token": sent["register_token"]});
    let reply = harness.call("send_otp_on_email", body).await;
    reply.refused(400, "CONTACT_TAKEN");
}
