//! What the extractors resume, and what they reject.

use std::sync::Arc;
use std::time::Duration;

use vestibule::store::{MemoryStore, Sealed, Sealing, SealingKey};

use crate::app::{ADA, App, Browser, PHONE};
use crate::stores::FaultyStore;

async fn app() -> App {
    App::on(Arc::new(MemoryStore::new())).await
}

#[tokio::test]
async fn a_sign_in_is_resumed_after_a_wrong_code() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    assert_eq!(browser.post("/wunder/start", PHONE).await.status, 202);
    let code = app.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };

    let response = browser.post("/wunder/code", wrong).await;
    assert_eq!(response.status, 422);
    assert_eq!(response.problem()["kind"], "rejected");
    // Not a code at all: nothing is sent.
    let response = browser.post("/wunder/code", "one two").await;
    assert_eq!(response.status, 400);
    assert_eq!(response.problem()["field"], "code");
    assert_eq!(app.wunder.count("sign_in_phone_number"), 1);

    assert_eq!(browser.post("/wunder/code", &code).await.status, 204);
    let profile = browser.get("/wunder/profile").await;
    assert_eq!(
        (profile.status.as_u16(), &*profile.text),
        (200, "\"+43660000001\"")
    );
    assert_eq!(app.wunder.outbox().messages().len(), 1);
}

#[tokio::test]
async fn a_request_that_was_dropped_during_the_confirmation_loses_no_session() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    let code = app.code();
    app.wunder
        .delay("sign_in_phone_number", Duration::from_millis(300));
    let mut gone = browser.clone();
    let confirming = gone.post("/wunder/code", &code);
    let dropped = tokio::time::timeout(Duration::from_millis(100), confirming).await;
    assert!(dropped.is_err(), "the response comes later");
    assert_eq!(browser.post("/wunder/code", &code).await.status, 204);
    assert_eq!(browser.get("/wunder/profile").await.status, 200);
    assert_eq!(app.wunder.count("sign_in_phone_number"), 1);
}

#[tokio::test]
async fn a_sign_out_that_the_server_fails_ends_the_session_all_the_same() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    browser.post("/wunder/code", &app.code()).await;
    browser.post("/goodcity/start", ADA).await;
    let pin = app.goodcity.outbox().last_code(ADA).unwrap();
    assert_eq!(browser.post("/goodcity/code", &pin).await.status, 204);
    for _ in 0..8 {
        app.wunder.fail_next("logout", 503);
    }
    let response = browser.post("/wunder/sign-out", "").await;
    assert_eq!(response.status, 503);
    assert_eq!(browser.get("/wunder/profile").await.status, 401);
    // What else the web session holds is still there.
    assert_eq!(browser.get("/goodcity/profile").await.text, "\"Ada\"");
}

#[tokio::test]
async fn a_web_session_that_a_sign_out_leaves_empty_is_removed() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    browser.post("/wunder/code", &app.code()).await;
    let response = browser.post("/wunder/sign-out", "").await;
    assert_eq!(response.status, 204);
    let cookie = response.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("id=; "), "{cookie}");
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
}

#[tokio::test]
async fn the_web_session_has_a_new_id_after_a_sign_in_and_after_a_sign_out() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    let before = browser.clone();
    assert!(!before.cookie.is_empty());
    browser.post("/wunder/code", &app.code()).await;
    assert_ne!(browser.cookie, before.cookie);
    let signed_in = browser.clone();

    // An attacker who has planted or seen the cookie before the sign-in.
    let mut attacker = before.clone();
    assert_eq!(attacker.get("/wunder/profile").await.status, 401);
    let mut attacker = before;
    assert_eq!(attacker.post("/wunder/code", &app.code()).await.status, 401);

    assert_eq!(browser.post("/wunder/sign-out", "").await.status, 204);
    assert_ne!(browser.cookie, signed_in.cookie);
    for mut browser in [browser, signed_in] {
        let response = browser.get("/wunder/profile").await;
        assert_eq!(response.status, 401);
        assert_eq!(response.problem()["kind"], "unauthenticated");
    }
    assert_eq!(app.wunder.count("logout"), 1);
}

#[tokio::test]
async fn a_second_factor_continues_the_sign_in_of_the_browser() {
    let app = app().await;
    app.wunder.require_mfa(&PHONE.parse().unwrap(), "246810");
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    let mut attacker = browser.clone();
    assert_eq!(browser.post("/wunder/code", &app.code()).await.status, 202);
    // The user is not signed in yet. Who has planted the cookie cannot take the next step.
    assert_eq!(browser.get("/wunder/profile").await.status, 401);
    assert_ne!(browser.cookie, attacker.cookie);
    let planted = attacker.post("/wunder/code", "246810").await;
    assert_eq!(planted.status, 401);
    let before = browser.cookie.clone();
    assert_eq!(browser.post("/wunder/code", "111111").await.status, 422);
    assert_eq!(browser.cookie, before);
    assert_eq!(browser.post("/wunder/code", "246810").await.status, 204);
    assert_ne!(browser.cookie, before);
    assert_eq!(browser.get("/wunder/profile").await.status, 200);
}

#[tokio::test]
async fn a_browser_without_a_sign_in_is_rejected() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    for path in ["/wunder/code", "/wunder/resend", "/wunder/sign-out"] {
        let response = browser.post(path, "123456").await;
        assert_eq!(response.status, 401, "{path}");
        assert_eq!(response.problem()["detail"], "Sign in first.");
        assert!(!response.sets_cookie);
    }
    let greeting = browser.get("/wunder/greeting").await;
    assert_eq!(
        (greeting.status.as_u16(), &*greeting.text),
        (200, "Sign in")
    );
    assert!(app.wunder.journal().is_empty());
}

#[tokio::test]
async fn a_signed_in_browser_has_no_challenge_and_may_start_again() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    let code = app.code();
    browser.post("/wunder/code", &code).await;
    assert_eq!(browser.get("/wunder/greeting").await.text, "Hello");
    // As after a form that was submitted twice.
    let response = browser.post("/wunder/code", &code).await;
    assert_eq!(response.status, 403);
    assert_eq!(response.problem()["kind"], "step_required");
    assert_eq!(browser.get("/wunder/profile").await.status, 200);

    let signed_in = browser.cookie.clone();
    let second = "+43660000009";
    assert_eq!(browser.post("/wunder/start", second).await.status, 202);
    assert_ne!(
        browser.cookie, signed_in,
        "the session has left the web session"
    );
    assert_eq!(browser.get("/wunder/profile").await.status, 401);
}

#[tokio::test]
async fn a_limit_is_reported_with_the_time_to_wait() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    let response = browser.post("/wunder/resend", "").await;
    assert_eq!(response.status, 429);
    assert_eq!(response.headers["retry-after"], "30");
    assert_eq!(response.problem()["retry_after"], 30);
    app.wunder.clock().advance(Duration::from_secs(31));
    assert_eq!(browser.post("/wunder/resend", "").await.status, 202);
    assert_eq!(browser.post("/wunder/code", &app.code()).await.status, 204);
}

#[tokio::test]
async fn a_browser_is_signed_in_at_several_systems() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    assert_eq!(browser.post("/goodcity/start", ADA).await.status, 202);
    let pin = app.goodcity.outbox().last_code(ADA).unwrap();
    assert_eq!(browser.post("/goodcity/code", &pin).await.status, 204);
    // The other sign-in has moved to the new web session.
    assert_eq!(browser.post("/wunder/code", &app.code()).await.status, 204);
    assert_eq!(browser.get("/goodcity/profile").await.text, "\"Ada\"");
    assert_eq!(browser.get("/wunder/profile").await.status, 200);

    assert_eq!(browser.post("/goodcity/sign-out", "").await.status, 204);
    assert_eq!(browser.get("/goodcity/profile").await.status, 401);
    assert_eq!(browser.get("/wunder/profile").await.status, 200);
}

#[tokio::test]
async fn concurrent_requests_of_a_browser_keep_each_others_progress() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    // It has a web session, which both requests change.
    browser.post("/wunder/start", "+43660000007").await;
    for round in 0..20 {
        let (mut one, mut two) = (browser.clone(), browser.clone());
        let phone = format!("+4366000010{round}");
        let (first, second) = tokio::join!(
            one.post("/wunder/start", &phone),
            two.post("/goodcity/start", ADA)
        );
        assert_eq!(first.status, 202);
        assert_eq!(second.status, 202);
        let pin = app.goodcity.outbox().last_code(ADA).unwrap();
        let wrong = if pin == "0000" { "0001" } else { "0000" };
        // Both challenges are there: a wrong code is the system's word about them.
        assert_eq!(browser.post("/goodcity/code", wrong).await.status, 422);
        let code = app.wunder.outbox().last_code(&phone).unwrap();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        assert_eq!(browser.post("/wunder/code", wrong).await.status, 422);
        app.goodcity.clock().advance(Duration::from_secs(3600));
    }
}

#[tokio::test]
async fn a_late_write_does_not_replace_the_cookie_of_a_sign_in() {
    let app = app().await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    // Another window has loaded the page before, and submits with the former cookie.
    let mut late = browser.clone();
    browser.post("/wunder/code", &app.code()).await;
    let response = late.post("/goodcity/start", ADA).await;
    // The former id is unknown, so that a new web session is created.
    assert_eq!(response.status, 202);
    assert_ne!(late.cookie, browser.cookie);
    assert_eq!(browser.get("/wunder/profile").await.status, 200);
}

#[tokio::test]
async fn a_back_end_without_web_sessions_is_misconfigured() {
    let store = Arc::new(MemoryStore::new());
    let app = App::without_layer(store, Arc::new(vestibule::axum::TowerSessions)).await;
    let response = Browser::of(&app.router).get("/wunder/profile").await;
    assert_eq!(response.status, 500);
    assert_eq!(response.problem()["kind"], "misconfigured");
    // What only the operator may know is in the extensions, for the log.
    assert_eq!(
        response.problem()["detail"],
        "The service has an internal error."
    );
}

#[tokio::test]
async fn a_store_that_fails_is_unavailable_and_loses_nothing() {
    let store = Arc::new(FaultyStore::default());
    let app = App::on(store.clone()).await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    store.set_down(true);
    for path in ["/wunder/code", "/wunder/sign-out"] {
        let response = browser.post(path, &app.code()).await;
        assert_eq!(response.status, 503, "{path}");
        assert_eq!(response.problem()["kind"], "unavailable");
    }
    store.set_down(false);
    assert_eq!(browser.post("/wunder/code", &app.code()).await.status, 204);
}

#[tokio::test]
async fn everything_is_kept_in_one_sealed_store() {
    let sealing = Sealing::keys(SealingKey::new(1, [7; 32]), []);
    let app = App::on(Arc::new(Sealed::new(MemoryStore::new(), sealing))).await;
    let mut browser = Browser::of(&app.router);
    browser.post("/wunder/start", PHONE).await;
    assert_eq!(browser.post("/wunder/code", &app.code()).await.status, 204);
    assert_eq!(browser.get("/wunder/profile").await.status, 200);
}
