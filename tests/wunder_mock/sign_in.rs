//! Sign-in methods.

use serde_json::json;
use vestibule::testing::{Channel, WunderUser};

use crate::server::{Server, ask, tokens};

const PHONE: &str = "+43123456789";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "not-a-real-password";

pub async fn a_code_by_sms_signs_in_once(server: &Server) {
    let old = server.phone_code(PHONE).await;
    let code = server.phone_code(PHONE).await;
    let message = server.mock.outbox().messages().pop().unwrap();
    assert_eq!(
        (message.channel, message.to.as_str()),
        (Channel::Sms, PHONE)
    );
    for wrong in [old.as_str(), "000000"] {
        server
            .confirm_phone(PHONE, wrong)
            .await
            .refused(401, "U107");
    }
    let unknown = server.confirm_phone("+43999999999", &code).await;
    unknown.refused(401, "U107");
    let (access, _) = tokens(&server.confirm_phone(PHONE, &code).await.ok());
    server
        .confirm_phone(PHONE, &code)
        .await
        .refused(401, "U107");
    let profile = server.profile(&access).await;
    assert_eq!(profile["phoneNumber"], PHONE);
    assert_eq!(profile["phoneIsVerified"], true);
    assert_eq!(profile["emailIsVerified"], false);
    assert_eq!(profile.get("email"), None);
}

pub async fn a_code_by_email_signs_in_once(server: &Server) {
    let code = server.email_code(EMAIL).await;
    let message = server.mock.outbox().messages().pop().unwrap();
    assert_eq!(
        (message.channel, message.to.as_str()),
        (Channel::Email, EMAIL)
    );
    server
        .confirm_email(EMAIL, "000000")
        .await
        .refused(401, "U107");
    let signed_in = server.confirm_email("Ada@Example.org", &code).await.ok();
    let profile = server.profile(&tokens(&signed_in).0).await;
    assert_eq!(
        (&profile["email"], &profile["emailIsVerified"]),
        (&json!(EMAIL), &json!(true))
    );
    server
        .confirm_email(EMAIL, &code)
        .await
        .refused(401, "U107");
}

pub async fn a_code_is_valid_only_for_its_own_purpose(server: &Server) {
    let user = WunderUser::new().phone(PHONE).email(EMAIL);
    server.mock.add_user(user);
    let sms = server.phone_code(PHONE).await;
    let mail = server.email_code(EMAIL).await;
    let outbox = server.mock.outbox();
    server
        .send(ask("resend_email_verification").path("email", EMAIL))
        .await
        .done();
    let verification = outbox.last_code(EMAIL).unwrap();
    server
        .send(ask("request_password_reset").path("email", EMAIL))
        .await
        .done();
    let reset = outbox.last_code(EMAIL).unwrap();
    for wrong in [&mail, &verification, &reset] {
        server
            .confirm_phone(PHONE, wrong)
            .await
            .refused(401, "U107");
    }
    for wrong in [&sms, &verification, &reset] {
        server
            .confirm_email(EMAIL, wrong)
            .await
            .refused(401, "U107");
    }
    let body = json!({"password": PASSWORD});
    for wrong in [&sms, &mail, &verification] {
        let ask = ask("set_password").path("code", wrong).body(body.clone());
        server.send(ask).await.refused(401, "U107");
        assert_eq!(server.mock.open_email_link(wrong), wrong == &verification);
    }
    server.confirm_phone(PHONE, &sms).await.ok();
    server.confirm_email(EMAIL, &mail).await.ok();
    server
        .send(ask("set_password").path("code", &reset).body(body))
        .await
        .ok_empty();
}

pub async fn codes_expire(server: &Server) {
    let (sms, mail) = (
        server.phone_code(PHONE).await,
        server.email_code(EMAIL).await,
    );
    server.mock.expire_codes();
    server.confirm_phone(PHONE, &sms).await.refused(401, "U107");
    server
        .confirm_email(EMAIL, &mail)
        .await
        .refused(401, "U107");
}

pub async fn a_password_signs_in_and_no_other(server: &Server) {
    let user = WunderUser::new().verified_email(EMAIL).password(PASSWORD);
    assert!(!format!("{user:?}").contains(PASSWORD));
    server.mock.add_user(user);
    server
        .mock
        .add_user(WunderUser::new().email("none@example.org"));
    tokens(&server.by_password(EMAIL, PASSWORD).await.ok());
    tokens(&server.by_password("ADA@example.org", PASSWORD).await.ok());
    for wrong in [
        "Not-a-real-password",
        "not-a-real-password ",
        "not-a-real-passwor",
    ] {
        server.by_password(EMAIL, wrong).await.refused(401, "U107");
    }
    server
        .by_password("bob@example.org", PASSWORD)
        .await
        .refused(401, "U107");
    server
        .by_password("none@example.org", PASSWORD)
        .await
        .refused(401, "U107");
    server.by_password(EMAIL, "").await.refused(400, "R101");
}

pub async fn social_login_and_gaiyo_take_their_own_tokens(server: &Server) {
    let user = WunderUser::new()
        .email(EMAIL)
        .social("google", "g-token".into())
        .social("gaiyo", "y-token".into());
    let uuid = server.mock.add_user(user);
    server
        .mock
        .add_social_account("google", &"g-stranger".into(), None);
    server
        .mock
        .add_social_account("gaiyo", &"y-stranger".into(), None);
    for (id, own, other, unknown) in [
        ("social_login", "g-token", "y-token", "g-stranger"),
        ("sign_in_gaiyo", "y-token", "g-token", "y-stranger"),
    ] {
        let send = |token: &str| server.send(ask(id).body(json!({"token": token})));
        let (access, _) = tokens(&send(own).await.ok());
        assert_eq!(server.profile(&access).await["uuid"], uuid.as_str());
        send(other).await.refused(401, "U107");
        send("forged").await.refused(401, "U107");
        send(unknown).await.refused(404, "U106");
        server
            .send(ask(id).body(json!({})))
            .await
            .refused(400, "R101");
    }
}

pub async fn a_locked_user_is_refused_until_unlocked(server: &Server) {
    let user = WunderUser::new()
        .phone(PHONE)
        .email(EMAIL)
        .password(PASSWORD)
        .social("google", "t".into());
    server.mock.add_user(user);
    let (access, refresh) = server.signed_in(PHONE).await;
    let code = server.email_code(EMAIL).await;
    assert!(server.mock.lock_user(EMAIL) && !server.mock.lock_user("unknown"));
    server
        .by_password(EMAIL, PASSWORD)
        .await
        .refused(403, "U131");
    server
        .by_password(EMAIL, "wrong-password")
        .await
        .refused(401, "U107");
    server
        .confirm_email(EMAIL, &code)
        .await
        .refused(403, "U131");
    server
        .send(ask("social_login").body(json!({"token": "t"})))
        .await
        .refused(403, "U131");
    server
        .get("get_customer", &access)
        .await
        .refused(403, "U131");
    server
        .get("two_factor_secret", &access)
        .await
        .refused(403, "U131");
    let refresh = || ask("refresh_token").body(json!({"refreshToken": refresh}));
    server.send(refresh()).await.refused(403, "U131");
    let again = ask("create_or_sign_in_with_phone_number").signature(&server.sign(PHONE));
    let again = again.body(json!({"phoneNumber": PHONE, "branchId": 2}));
    server.send(again).await.refused(403, "U131");
    assert!(server.mock.unlock_user(PHONE));
    tokens(&server.send(refresh()).await.ok());
    tokens(&server.by_password(EMAIL, PASSWORD).await.ok());
}

pub async fn a_sign_in_method_that_is_not_offered_is_refused(server: &Server) {
    let phone = json!({"phoneNumber": PHONE, "branchId": "2", "code": "1"});
    let email = json!({"email": EMAIL, "branchId": "2", "code": "1", "password": PASSWORD});
    for (id, body, signed) in [
        ("sign_in_email", &email, None),
        ("sign_in_phone_number", &phone, None),
        ("sign_in_email_code", &email, None),
        ("sign_in_gaiyo", &email, None),
        ("social_login", &email, None),
        ("create_customer", &email, None),
        ("social_sign_up", &email, None),
        ("create_or_sign_in_with_phone_number", &phone, Some(PHONE)),
        ("create_or_sign_in_with_email_code", &email, Some(EMAIL)),
    ] {
        server.mock.disable_operation(id);
        let mut ask = ask(id).body(body.clone());
        if let Some(identifier) = signed {
            ask = ask.signature(&server.sign(identifier));
        }
        server.send(ask).await.refused(400, "U109");
    }
    assert!(server.mock.outbox().messages().is_empty());
}
