//! Signing in by code, by password and by token; who is signed in.

use serde_json::{Value, json};
use vestibule::testing::{FyndSignIn, FyndUser};

use super::bench::{Bench, Jar};

pub const ASHA: &str = "9000000001";

/// Signs a known user in by a code.
pub async fn by_code(bench: &Bench, mobile: &str) -> Jar {
    let number = json!({"mobile": mobile, "country_code": "91"});
    let sent = bench.ask("login_with_otp", number).await.ok();
    let mut jar = Jar::default();
    let code = bench.code(&format!("+91{mobile}"));
    let body = json!({"request_id": sent["request_id"], "otp": code});
    let said = bench.ask_as(&mut jar, "verify_mobile_otp", body).await.ok();
    assert_eq!(said["user_exists"], true);
    jar
}

/// Who the cookie says is signed in.
pub async fn user(bench: &Bench, jar: &mut Jar) -> Value {
    let said = bench.ask_as(jar, "get_logged_in_user", json!({})).await;
    said.ok()["user"].clone()
}

pub async fn each_sign_in_is_a_session_of_its_own(bench: &Bench) {
    let id = bench
        .mock
        .seed_user(FyndUser::new("Asha").mobile("91", ASHA));
    bench.mock.add_user("91", "9000000002", "Bela");
    let (mut phone, mut laptop) = (by_code(bench, ASHA).await, by_code(bench, ASHA).await);
    let mut bela = by_code(bench, "9000000002").await;

    let list = "get_list_of_active_sessions";
    let said = bench.ask_as(&mut phone, list, json!({})).await.ok();
    assert_eq!(said["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(bench.mock.sessions_of(&id), 2);
    let said = bench.ask_as(&mut bela, list, json!({})).await.ok();
    assert_eq!(said["sessions"].as_array().unwrap().len(), 1);

    let kept = Jar(phone.0.clone());
    let said = bench.ask_as(&mut phone, "logout", json!({})).await.ok();
    assert_eq!(said["logout"], true);
    assert_eq!(phone.0, None);
    let mut stolen = kept;
    let said = bench.ask_as(&mut stolen, "logout", json!({})).await;
    said.refused(401, "SESSION_UNKNOWN");
    assert_eq!(user(bench, &mut laptop).await["first_name"], "Asha");

    bench.mock.end_sessions_of(&id);
    let said = bench.ask_as(&mut laptop, list, json!({})).await;
    said.refused(401, "SESSION_UNKNOWN");
    assert_eq!(user(bench, &mut bela).await["first_name"], "Bela");
    bench.mock.end_sessions();
    let said = bench.ask_as(&mut bela, list, json!({})).await;
    said.refused(401, "SESSION_UNKNOWN");
}

pub async fn a_password_signs_in_by_e_mail_address(bench: &Bench) {
    let asha = FyndUser::new("Asha").last_name("Rao").mobile("91", ASHA);
    bench
        .mock
        .seed_user(asha.email("asha@example.com").password("right"));
    let login = |username: &str, password: &str| {
        let body = json!({"username": username, "password": password});
        bench.ask("login_with_email_and_password", body)
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
    let said = bench
        .ask_as(&mut jar, "login_with_email_and_password", body)
        .await
        .ok();
    assert_eq!(said["user"]["last_name"], "Rao");
    assert!(said["register_token"].is_null());
    let said = bench.ask_as(&mut jar, "has_password", json!({})).await.ok();
    assert_eq!(said["result"], 1);
    bench.mock.add_user("91", "9000000002", "Bela");
    let mut bela = by_code(bench, "9000000002").await;
    let said = bench
        .ask_as(&mut bela, "has_password", json!({}))
        .await
        .ok();
    assert_eq!(said["result"], 0);
}

pub async fn a_login_token_signs_in_once(bench: &Bench) {
    let id = bench
        .mock
        .seed_user(FyndUser::new("Asha").email("asha@example.com"));
    let token = bench.mock.issue_login_token(&id);
    let mut jar = Jar::default();
    let body = json!({"token": token});
    let said = bench
        .ask_as(&mut jar, "login_with_token", body.clone())
        .await
        .ok();
    assert_eq!(said["user"]["user_id"], id);
    assert_eq!(user(bench, &mut jar).await["user_id"], id);
    bench
        .ask("login_with_token", body)
        .await
        .refused(400, "TOKEN_INVALID");
}

pub async fn what_is_switched_off_is_refused_and_not_offered(bench: &Bench) {
    let config = bench.ask("get_platform_config", json!({})).await.ok();
    assert_eq!(config["login"], json!({"otp": true, "password": true}));
    bench.mock.switch_off(FyndSignIn::Otp);
    bench.mock.switch_off(FyndSignIn::Password);
    bench.mock.require_email(true);
    bench.mock.require_mobile(false);
    let config = bench.ask("get_platform_config", json!({})).await.ok();
    assert_eq!(config["login"], json!({"otp": false, "password": false}));
    assert_eq!(config["register_required_fields"]["email"]["level"], "hard");
    assert_eq!(
        config["register_required_fields"]["mobile"]["is_required"],
        false
    );
    let number = json!({"mobile": ASHA, "country_code": "91"});
    bench
        .ask("login_with_otp", number)
        .await
        .refused(400, "SIGN_IN_OFF");
    let body = json!({"username": "asha@example.com", "password": "right"});
    let said = bench.ask("login_with_email_and_password", body).await;
    said.refused(400, "SIGN_IN_OFF");
    assert_eq!(bench.messages(), 0);
}

pub async fn who_exists_is_told_by_mobile_and_by_e_mail(bench: &Bench) {
    let asha = FyndUser::new("Asha").mobile("91", ASHA);
    bench
        .mock
        .seed_user(asha.unverified_email("asha@example.com"));
    for (q, known) in [
        (ASHA, true),
        ("+919000000001", true),
        ("asha@example.com", true),
        ("9000000002", false),
        ("bela@example.com", false),
    ] {
        let said = bench.ask("user_exists", json!({"q": q})).await.ok();
        assert_eq!(said["user_exists"], known, "{q}");
    }
    bench
        .ask("user_exists", json!({"q": ""}))
        .await
        .refused(400, "QUERY_MISSING");
}
