//! Sign-in by code, by password and by token, and the user of a session.

use serde_json::{Value, json};
use vestibule::testing::{FyndSignIn, FyndUser};

use super::harness::{Harness, Jar};

pub const ASHA: &str = "9000000001";

/// Signs a known user in by a code.
pub async fn by_code(harness: &Harness, mobile: &str) -> Jar {
    let number = json!({"mobile": mobile, "country_code": "91"});
    let sent = harness.call("login_with_otp", number).await.ok();
    let mut jar = Jar::default();
    let code = harness.code(&format!("+91{mobile}"));
    let body = json!({"request_id": sent["request_id"], "otp": code});
    let reply = harness
        .call_as(&mut jar, "verify_mobile_otp", body)
        .await
        .ok();
    assert_eq!(reply["user_exists"], true);
    jar
}

/// The user of the cookie's session.
pub async fn user(harness: &Harness, jar: &mut Jar) -> Value {
    let reply = harness.call_as(jar, "get_logged_in_user", json!({})).await;
    reply.ok()["user"].clone()
}

pub async fn each_sign_in_creates_a_separate_session(harness: &Harness) {
    let id = harness.mock.add_user(
        FyndUser::new("Asha").phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap()),
    );
    harness.mock.add_user(
        vestibule::testing::FyndUser::new("Bela")
            .phone(vestibule::Phone::parse("+919000000002").unwrap()),
    );
    let (mut phone, mut laptop) = (by_code(harness, ASHA).await, by_code(harness, ASHA).await);
    let mut bela = by_code(harness, "9000000002").await;

    let list = "get_list_of_active_sessions";
    let reply = harness.call_as(&mut phone, list, json!({})).await.ok();
    assert_eq!(reply["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(harness.mock.sessions_of(&id), 2);
    let reply = harness.call_as(&mut bela, list, json!({})).await.ok();
    assert_eq!(reply["sessions"].as_array().unwrap().len(), 1);

    let old_jar = Jar(phone.0.clone());
    let reply = harness.call_as(&mut phone, "logout", json!({})).await.ok();
    assert_eq!(reply["logout"], true);
    assert_eq!(phone.0, None);
    let mut replayed = old_jar;
    let reply = harness.call_as(&mut replayed, "logout", json!({})).await;
    reply.refused(401, "SESSION_UNKNOWN");
    assert_eq!(user(harness, &mut laptop).await["first_name"], "Asha");

    harness.mock.end_sessions_of(&id);
    let reply = harness.call_as(&mut laptop, list, json!({})).await;
    reply.refused(401, "SESSION_UNKNOWN");
    assert_eq!(user(harness, &mut bela).await["first_name"], "Bela");
    harness.mock.end_sessions();
    let reply = harness.call_as(&mut bela, list, json!({})).await;
    reply.refused(401, "SESSION_UNKNOWN");
}

pub async fn a_password_signs_in_by_e_mail_address(harness: &Harness) {
    let asha = FyndUser::new("Asha")
        .last_name("Rao")
        .phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap());
    harness
        .mock
        .add_user(asha.email("asha@example.com").password("right"));
    let login = |username: &str, password: &str| {
        let body = json!({"username": username, "password": password});
        harness.call("login_with_email_and_password", body)
    };
    login("asha@example.com", "wrong")
        .await
        .refused(400, "CREDENTIALS_INVALID");
    login("bela@example.com", "right")
        .await
        .refused(400, "CREDENTIALS_INVALID");
    login("asha@example.com", "")
        .await
        .refused(400, "FIELD_MISSING");
    let mut jar = Jar::default();
    let body = json!({"username": "asha@example.com", "password": "right"});
    let reply = harness
        .call_as(&mut jar, "login_with_email_and_password", body)
        .await
        .ok();
    assert_eq!(reply["user"]["last_name"], "Rao");
    assert!(reply["register_token"].is_null());
    let reply = harness
        .call_as(&mut jar, "has_password", json!({}))
        .await
        .ok();
    assert_eq!(reply["result"], 1);
    harness.mock.add_user(
        vestibule::testing::FyndUser::new("Bela")
            .phone(vestibule::Phone::parse("+919000000002").unwrap()),
    );
    let mut bela = by_code(harness, "9000000002").await;
    let reply = harness
        .call_as(&mut bela, "has_password", json!({}))
        .await
        .ok();
    assert_eq!(reply["result"], 0);
}

pub async fn a_login_token_signs_in_once(harness: &Harness) {
    let id = harness
        .mock
        .add_user(FyndUser::new("Asha").email("asha@example.com"));
    let token = harness.mock.issue_login_token(&id);
    let mut jar = Jar::default();
    let body = json!({"token": token});
    let reply = harness
        .call_as(&mut jar, "login_with_token", body.clone())
        .await
        .ok();
    assert_eq!(reply["user"]["user_id"], id);
    assert_eq!(user(harness, &mut jar).await["user_id"], id);
    harness
        .call("login_with_token", body)
        .await
        .refused(400, "TOKEN_INVALID");
}

pub async fn a_disabled_sign_in_method_is_refused_and_not_offered(harness: &Harness) {
    let config = harness.call("get_platform_config", json!({})).await.ok();
    assert_eq!(config["login"], json!({"otp": true, "password": true}));
    harness.mock.switch_off(FyndSignIn::Otp);
    harness.mock.switch_off(FyndSignIn::Password);
    harness.mock.require_email(true);
    harness.mock.require_mobile(false);
    let config = harness.call("get_platform_config", json!({})).await.ok();
    assert_eq!(config["login"], json!({"otp": false, "password": false}));
    assert_eq!(config["register_required_fields"]["email"]["level"], "hard");
    assert_eq!(
        config["register_required_fields"]["mobile"]["is_required"],
        false
    );
    let number = json!({"mobile": ASHA, "country_code": "91"});
    harness
        .call("login_with_otp", number)
        .await
        .refused(400, "SIGN_IN_OFF");
    let body = json!({"username": "asha@example.com", "password": "right"});
    let reply = harness.call("login_with_email_and_password", body).await;
    reply.refused(400, "SIGN_IN_OFF");
    assert_eq!(harness.messages(), 0);
}

pub async fn user_existence_is_reported_by_mobile_and_by_e_mail(harness: &Harness) {
    let asha = FyndUser::new("Asha").phone(vestibule::Phone::parse(&format!("+91{ASHA}")).unwrap());
    harness
        .mock
        .add_user(asha.unverified_email("asha@example.com"));
    for (q, known) in [
        (ASHA, true),
        ("+919000000001", true),
        ("asha@example.com", true),
        ("9000000002", false),
        ("bela@example.com", false),
    ] {
        let reply = harness.call("user_exists", json!({"q": q})).await.ok();
        assert_eq!(reply["user_exists"], known, "{q}");
    }
    harness
        .call("user_exists", json!({"q": ""}))
        .await
        .refused(400, "QUERY_MISSING");
}
