//! The promises that need no browser to be looked at.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/client.rs"]
mod client;

use client::{Client, start};
use vestibule::System;
use vestibule_axum_backend::app::App;

const PHONE: &str = "country_code=43&number=660000001";

#[tokio::test]
async fn the_cookie_is_opaque_and_out_of_reach_of_scripts_and_other_sites() {
    let mut browser = Client::of(&start(false).await);
    let answer = browser.post("/wunder/code", PHONE).await;
    assert_eq!(answer.status, 303);
    let cookie = answer.header("set-cookie");
    let (pair, flags) = cookie.split_once(';').unwrap();
    let value = pair.strip_prefix("browser=").unwrap();
    // 128 bits in base64.
    assert_eq!(value.len(), 22);
    assert_eq!(flags, " HttpOnly; SameSite=Lax; Path=/");

    let mut browser = Client::of(&start(true).await);
    let answer = browser.post("/wunder/code", PHONE).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-browser="), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/"));
}

#[tokio::test]
async fn who_only_looks_gets_no_cookie() {
    let mut browser = Client::of(&start(false).await);
    for path in ["/", "/wunder", "/goodcity/sign-up", "/style.css"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("set-cookie"), "", "{path}");
    }
}

#[tokio::test]
async fn a_value_that_somebody_else_chose_is_never_taken_over() {
    let app = start(false).await;
    let mut browser = Client::of(&app);
    browser.cookie = Some("browser=AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    assert_eq!(browser.get("/wunder").await.status, 200);
    let answer = browser.post("/wunder/code", PHONE).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("browser=") && !cookie.contains("AAAAAAAAAAAAAAAAAAAAAA"));

    let mut other = Client::of(&app);
    other.cookie = Some("browser=AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    let page = other.get("/wunder").await.body;
    assert!(page.contains("Send me a code"), "nothing is kept under it");
}

#[tokio::test]
async fn signing_in_changes_the_value_and_the_old_one_is_worth_nothing() {
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

    let mut thief = Client::of(&app);
    thief.cookie = Some(before);
    let page = thief.get("/wunder").await.body;
    assert!(page.contains("Send me a code"));
}

#[tokio::test]
async fn another_site_can_post_nothing() {
    let app = start(false).await;
    let mut browser = Client::of(&app);
    let outbox = app.mocks.as_ref().unwrap().outbox(System::Wunder);
    for origin in [
        Some("https://evil.example"),
        Some("http://here.example:81"),
        Some("null"),
        None,
    ] {
        browser.origin = origin;
        let answer = browser.post("/wunder/code", PHONE).await;
        assert_eq!(answer.status, 403, "{origin:?}");
        assert!(answer.body.contains("came from another page"));
    }
    assert!(outbox.messages().is_empty());
    browser.origin = Some("http://here.example");
    assert_eq!(browser.post("/wunder/code", PHONE).await.status, 303);
    assert_eq!(outbox.messages().len(), 1);
}

#[tokio::test]
async fn pages_tell_browsers_to_be_careful_and_run_nothing_inline() {
    let mut browser = Client::of(&start(false).await);
    browser.post("/wunder/code", PHONE).await;
    for path in ["/", "/wunder", "/fynd", "/nowhere", "/goodcity/nowhere"] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        for inline in ["<style", " style=", "<script>", " onclick", "javascript:"] {
            assert!(!answer.body.contains(inline), "{path} has {inline}");
        }
    }
}

#[tokio::test]
async fn no_page_shows_an_id_a_key_or_a_token() {
    let app = start(false).await;
    let mut browser = Client::of(&app);
    let (mut pages, mut secrets) = (String::new(), Vec::new());
    browser.post("/wunder/code", PHONE).await;
    pages += &browser.get("/wunder").await.body;
    secrets.extend(kept_secrets(&app, &browser).await);
    confirm(&app, &mut browser).await;
    pages += &browser.get("/wunder").await.body;
    browser.post("/wunder/terms", "terms=1&agreed=yes").await;
    pages += &browser.get("/wunder").await.body;
    secrets.extend(kept_secrets(&app, &browser).await);
    assert!(pages.contains("How shall we call you?"));
    // A cookie and an id of each of the two steps.
    assert_eq!(secrets.len(), 4);
    for secret in secrets {
        assert!(secret.len() >= 16 && !pages.contains(&secret));
    }
    assert!(!pages.contains("eyJ"), "a token stands in a page");
    assert!(!pages.contains("test-signature-key"));
}

#[tokio::test]
async fn what_people_type_comes_back_as_text_and_never_as_markup() {
    let mut browser = Client::of(&start(false).await);
    let typed = "email=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    browser.post("/wunder/code", typed).await;
    let page = browser.get("/wunder").await.body;
    assert!(page.contains("Check the e-mail address"));
    assert!(!page.contains("<script>alert"));
    assert!(page.contains("&#60;script&#62;"));
}

#[tokio::test]
async fn what_is_no_form_of_the_page_is_refused_in_words() {
    let mut browser = Client::of(&start(false).await);
    browser.post("/wunder/code", PHONE).await;
    for form in ["", "sign_in=first&code=123456", "code=123456"] {
        let answer = browser.post("/wunder/confirm", form).await;
        assert_eq!(answer.status, 422, "{form}");
        assert!(answer.body.contains("This form did not arrive"));
    }
    let long = format!("email={}", "a".repeat(20_000));
    assert_eq!(browser.post("/wunder/code", &long).await.status, 413);
    let answer = browser.get("/wunder/code").await;
    assert_eq!(answer.status, 405);
    assert!(answer.body.contains("Nothing is to be seen there."));
}

#[tokio::test]
async fn terms_are_accepted_by_a_ticked_box_alone() {
    let app = start(false).await;
    let wunder = &app.mocks.as_ref().unwrap().wunder;
    let mut browser = Client::of(&app);
    browser.post("/wunder/code", PHONE).await;
    confirm(&app, &mut browser).await;
    browser.post("/wunder/terms", "terms=1").await;
    let page = browser.get("/wunder").await.body;
    assert!(page.contains("Tick the box if you agree."));
    // Others than those that are outstanding are not accepted in anybody's name.
    browser.post("/wunder/terms", "terms=7&agreed=yes").await;
    assert_eq!(wunder.count("accept_terms"), 0);
    browser.post("/wunder/terms", "terms=1&agreed=yes").await;
    assert_eq!(wunder.count("accept_terms"), 1);
    let page = browser.get("/wunder").await.body;
    assert!(page.contains("How shall we call you?"));
}

#[tokio::test]
async fn steps_that_are_not_due_do_nothing() {
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
        let answer = browser.post(path, form).await;
        assert_eq!(answer.status, 303, "{path}");
        assert_eq!(browser.cookie, None, "{path}");
    }
    let mocks = app.mocks.as_ref().unwrap();
    assert!(mocks.wunder.journal().is_empty());
    assert!(mocks.goodcity.journal().is_empty());
    assert!(mocks.fynd.journal().is_empty());
}

#[tokio::test]
async fn only_mocks_have_a_clock_to_move() {
    let app = start(false).await;
    let path = "/demo/clock";
    let form = "system=wunder&seconds=60";
    assert_eq!(Client::of(&app).post(path, form).await.status, 303);
    let real = client::on_named_servers(&app).await;
    assert_eq!(Client::of(&real).post(path, form).await.status, 404);
    let page = Client::of(&real).get("/wunder").await.body;
    assert!(!page.contains("Try it alone"));
}

/// Types the code that was sent.
async fn confirm(app: &App, browser: &mut Client) {
    let outbox = app.mocks.as_ref().unwrap().outbox(System::Wunder);
    let code = outbox.last_code("+43660000001").unwrap();
    let form = format!("sign_in=1&code={code}");
    browser.post("/wunder/confirm", &form).await;
}

/// The cookie, and what it leads to.
async fn kept_secrets(app: &App, browser: &Client) -> Vec<String> {
    let cookie = browser.value();
    let kept = app.browsers.find(&cookie.as_str().into()).await.unwrap();
    let kept = serde_json::to_value(kept.unwrap()).unwrap();
    let mut secrets = strings_named(&kept, "id");
    secrets.push(cookie);
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
