//! Tests over plain HTTP, without a browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/client.rs"]
mod client;

use client::{Client, start};
use tower_sessions::SessionStore;
use vestibule::System;
use vestibule_axum_backend::app::App;

const PHONE: &str = "country_code=43&number=660000001";

#[tokio::test]
async fn the_cookie_is_opaque_http_only_and_same_site() {
    let mut browser = Client::of(&start(false).await);
    let response = browser.post("/wunder/code", PHONE).await;
    assert_eq!(response.status, 303);
    let cookie = response.header("set-cookie");
    let (pair, flags) = cookie.split_once(';').unwrap();
    let value = pair.strip_prefix("browser=").unwrap();
    // 128 bits in base64.
    assert_eq!(value.len(), 22);
    assert_eq!(flags, " HttpOnly; SameSite=Lax; Path=/");

    let mut browser = Client::of(&start(true).await);
    let response = browser.post("/wunder/code", PHONE).await;
    let cookie = response.header("set-cookie");
    assert!(cookie.starts_with("__Host-browser="), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"));
}

#[tokio::test]
async fn reading_pages_sets_no_cookie() {
    let mut browser = Client::of(&start(false).await);
    for path in ["/", "/wunder", "/goodcity/sign-up", "/style.css"] {
        let response = browser.get(path).await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.header("set-cookie"), "", "{path}");
    }
}

#[tokio::test]
async fn an_unknown_cookie_value_is_never_adopted() {
    let app = start(false).await;
    let mut browser = Client::of(&app);
    browser.cookie = Some("browser=AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    assert_eq!(browser.get("/wunder").await.status, 200);
    let response = browser.post("/wunder/code", PHONE).await;
    let cookie = response.header("set-cookie");
    assert!(cookie.starts_with("browser=") && !cookie.contains("AAAAAAAAAAAAAAAAAAAAAA"));

    let mut other = Client::of(&app);
    other.cookie = Some("browser=AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    let page = other.get("/wunder").await.body;
    assert!(
        page.contains("Send me a code"),
        "no state is stored under it"
    );
}

#[tokio::test]
async fn signing_in_changes_the_cookie_and_invalidates_the_old_one() {
    let app = start(false).await;
    let mut browser = Client::of(&app);
    browser.post("/wunder/code", PHONE).await;
    let before = browser.cookie.clone().unwrap();
    confirm(&app, &mut browser).await;
    assert_ne!(browser.cookie, Some(before.clone()));
    assert!(
        browser
            .get("/wunder")
            .await
            .body
            .contains("Terms of riding")
    );

    let mut attacker = Client::of(&app);
    attacker.cookie = Some(before);
    let page = attacker.get("/wunder").await.body;
    assert!(page.contains("Send me a code"));
}

#[tokio::test]
async fn posts_from_another_site_are_refused() {
    let app = start(false).await;
    let mut browser = Client::of(&app);
    let outbox = app.mocks.as_ref().unwrap().outbox(System::Wunder).unwrap();
    for origin in [
        Some("https://evil.example"),
        Some("http://here.example:81"),
        Some("null"),
        None,
    ] {
        browser.origin = origin;
        let response = browser.post("/wunder/code", PHONE).await;
        assert_eq!(response.status, 403, "{origin:?}");
        assert!(response.body.contains("came from another page"));
    }
    assert!(outbox.messages().is_empty());
    browser.origin = Some("http://here.example");
    assert_eq!(browser.post("/wunder/code", PHONE).await.status, 303);
    assert_eq!(outbox.messages().len(), 1);
}

#[tokio::test]
async fn pages_have_security_headers_and_no_inline_code() {
    let mut browser = Client::of(&start(false).await);
    browser.post("/wunder/code", PHONE).await;
    for path in ["/", "/wunder", "/fynd", "/nowhere", "/goodcity/nowhere"] {
        let response = browser.get(path).await;
        let policy = response.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(response.header("x-content-type-options"), "nosniff");
        assert_eq!(response.header("cache-control"), "no-store", "{path}");
        for inline in ["<style", " style=", "<script>", " onclick", "javascript:"] {
            assert!(!response.body.contains(inline), "{path} has {inline}");
        }
    }
}

#[tokio::test]
async fn no_page_contains_an_id_a_key_or_a_token() {
    let app = start(false).await;
    let mut browser = Client::of(&app);
    let (mut pages, mut secrets) = (String::new(), Vec::new());
    browser.post("/wunder/code", PHONE).await;
    pages += &browser.get("/wunder").await.body;
    secrets.extend(stored_secrets(&app, &browser).await);
    confirm(&app, &mut browser).await;
    pages += &browser.get("/wunder").await.body;
    browser.post("/wunder/terms", "terms=1&agreed=yes").await;
    pages += &browser.get("/wunder").await.body;
    secrets.extend(stored_secrets(&app, &browser).await);
    assert!(pages.contains("What is your name?"));
    // A cookie and an id of each of the two steps.
    assert_eq!(secrets.len(), 4);
    for secret in secrets {
        assert!(secret.len() >= 16 && !pages.contains(&secret));
    }
    assert!(!pages.contains("eyJ"), "a page contains a token");
    assert!(!pages.contains("test-signature-key"));
}

#[tokio::test]
async fn user_input_is_escaped() {
    let mut browser = Client::of(&start(false).await);
    let typed = "email=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    browser.post("/wunder/code", typed).await;
    let page = browser.get("/wunder").await.body;
    assert!(page.contains("Check the e-mail address"));
    assert!(!page.contains("<script>alert"));
    assert!(page.contains("&#60;script&#62;"));
}

#[tokio::test]
async fn an_invalid_form_gets_an_error_page() {
    let mut browser = Client::of(&start(false).await);
    browser.post("/wunder/code", PHONE).await;
    for form in ["", "sign_in=first&code=123456", "code=123456"] {
        let response = browser.post("/wunder/confirm", form).await;
        assert_eq!(response.status, 422, "{form}");
        assert!(response.body.contains("This form is incomplete or invalid"));
    }
    let long = format!("email={}", "a".repeat(20_000));
    assert_eq!(browser.post("/wunder/code", &long).await.status, 413);
    let response = browser.get("/wunder/code").await;
    assert_eq!(response.status, 405);
    assert!(response.body.contains("This address only accepts forms."));
}

#[tokio::test]
async fn terms_are_accepted_only_with_a_ticked_box() {
    let app = start(false).await;
    let wunder = &app.mocks.as_ref().unwrap().wunder;
    let mut browser = Client::of(&app);
    browser.post("/wunder/code", PHONE).await;
    confirm(&app, &mut browser).await;
    browser.post("/wunder/terms", "terms=1").await;
    let page = browser.get("/wunder").await.body;
    assert!(page.contains("Tick the box if you agree."));
    // Terms that are not outstanding are not accepted.
    browser.post("/wunder/terms", "terms=7&agreed=yes").await;
    assert_eq!(wunder.count("accept_terms"), 0);
    browser.post("/wunder/terms", "terms=1&agreed=yes").await;
    assert_eq!(wunder.count("accept_terms"), 1);
    let page = browser.get("/wunder").await.body;
    assert!(page.contains("What is your name?"));
}

#[tokio::test]
async fn steps_out_of_order_have_no_effect() {
    let app = start(false).await;
    let mut browser = Client::of(&app);
    for (path, form) in [
        ("/wunder/confirm", "sign_in=1&code=123456"),
        ("/wunder/resend", ""),
        ("/wunder/start-over", ""),
        ("/wunder/terms", "terms=1&agreed=yes"),
        ("/fynd/name", "first_name=Ada&last_name=Lovelace"),
        ("/wunder/authenticator", ""),
        ("/wunder/authenticator/enable", "code=123456"),
        ("/wunder/authenticator/leave", ""),
        ("/goodcity/sign-out", ""),
    ] {
        let response = browser.post(path, form).await;
        assert_eq!(response.status, 303, "{path}");
        assert_eq!(browser.cookie, None, "{path}");
    }
    let mocks = app.mocks.as_ref().unwrap();
    assert!(mocks.wunder.journal().is_empty());
    assert!(mocks.goodcity.journal().is_empty());
    assert!(mocks.fynd.journal().is_empty());
}

#[tokio::test]
async fn the_clock_can_be_moved_only_on_mocks() {
    let app = start(false).await;
    let path = "/demo/clock";
    let form = "system=wunder&seconds=60";
    assert_eq!(Client::of(&app).post(path, form).await.status, 303);
    let real = client::on_named_servers(&app).await;
    assert_eq!(Client::of(&real).post(path, form).await.status, 404);
    let page = Client::of(&real).get("/wunder").await.body;
    assert!(!page.contains("Demo"));
}

/// Submits the code that was sent.
async fn confirm(app: &App, browser: &mut Client) {
    let outbox = app.mocks.as_ref().unwrap().outbox(System::Wunder).unwrap();
    let code = outbox.last_code("+43660000001").unwrap();
    let form = format!("sign_in=1&code={code}");
    browser.post("/wunder/confirm", &form).await;
}

/// The cookie value and the ids in the web session.
async fn stored_secrets(app: &App, browser: &Client) -> Vec<String> {
    let cookie = browser.value();
    let stored = app.web_sessions.load(&cookie.parse().unwrap()).await;
    let stored = serde_json::to_value(stored.unwrap().unwrap().data).unwrap();
    let mut secrets = strings_named(&stored, "id");
    secrets.push(cookie);
    // The web session also tells what was loaded.
    secrets.sort();
    secrets.dedup();
    secrets
}

fn strings_named(value: &serde_json::Value, name: &str) -> Vec<String> {
    match value {
        serde_json::Value::Object(members) => {
            let own = members.get(name).and_then(|value| value.as_str());
            let deeper = members.values().flat_map(|it| strings_named(it, name));
            own.map(str::to_owned).into_iter().chain(deeper).collect()
        }
        _ => Vec::new(),
    }
}
