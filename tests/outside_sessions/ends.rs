//! What ends a session, and what only fails a call.

use std::time::Duration;

use serde_json::Value;
use vestibule::session::EndReason;
use vestibule::session::Tokens;
use vestibule::{ErrorKind, Settings, System};

use crate::script::{AnySession, PAGE, Reply, Server, json, profile_path};

const MINUTE: Duration = Duration::from_secs(60);

/// Rejections of the profile, and whether they are words by which the system ends a session.
fn words() -> Vec<(System, Reply, bool)> {
    use System::{Fynd, GoodCity, WalletCrew, Wunder};
    let framework =
        r#"{"timestamp":"2026-11-28T12:00:00Z","status":401,"error":"Unauthorized","path":"/x"}"#;
    let typed = r#"{"error":"No","type":"UnauthorizedError","status":401}"#;
    let denied = r#"{"error":"No","type":"AccessDeniedError","status":403}"#;
    let mut words = vec![
        (
            Wunder,
            json(401, r#"{"errorCode":"AUTH3","userMessage":"x"}"#),
            true,
        ),
        (Wunder, json(401, r#"{"errorCode":"A201.2"}"#), true),
        (
            Wunder,
            json(401, r#"{"errorCode":"A103","userMessage":"AUTH3"}"#),
            false,
        ),
        (Wunder, json(401, r#"{"errorCode":"U106"}"#), false),
        (Wunder, json(401, r#"{"error":"invalid_grant"}"#), false),
        (GoodCity, json(401, typed), true),
        (GoodCity, json(403, denied), true),
        (
            GoodCity,
            json(401, r#"{"error":"UnauthorizedError"}"#),
            false,
        ),
        (GoodCity, json(401, denied), false),
        (
            GoodCity,
            json(403, r#"{"type":"about:blank","title":"Forbidden"}"#),
            false,
        ),
        (
            Fynd,
            json(401, r#"{"authenticated":false,"message":"x"}"#),
            true,
        ),
        (Fynd, json(401, r#"{"authenticated":"false"}"#), true),
        (Fynd, json(401, r#"{"authenticated":true}"#), false),
        (Fynd, json(401, r#"{"authenticated":0}"#), false),
        (
            Fynd,
            json(401, r#"{"authenticated":false,"authenticated":true}"#),
            false,
        ),
        (Fynd, json(401, r#"{"code":"X","request_id":"1"}"#), false),
        (
            WalletCrew,
            json(401, r#"{"type":"about:blank","title":"Unauthorized"}"#),
            true,
        ),
        (WalletCrew, json(401, r#"{"message":"expired"}"#), false),
    ];
    for system in [Wunder, WalletCrew, GoodCity, Fynd] {
        words.extend([
            (system, json(401, ""), false),
            (system, json(401, "{}"), false),
            (system, json(401, r#"{"message":"Unauthorized"}"#), false),
            (
                system,
                json(401, r#"{"message":"the session has expired"}"#),
                false,
            ),
            (system, json(401, framework), false),
            (system, PAGE, false),
            (
                system,
                Reply(401, "text/html", "<html>sign in</html>"),
                false,
            ),
        ]);
    }
    words
}

/// A gateway, a permission and an empty body reject one call: only the system's own words are about the
/// session.
#[tokio::test]
async fn only_the_systems_own_words_end_a_session_at_once() {
    for (system, reply, ends) in words() {
        let server = Server::start().await;
        server.respond(profile_path(system), &[reply]);
        let session = server.session(system).await;
        let error = session.profile().await.unwrap_err();
        let context = format!("{system}: {reply:?}: {error}");
        assert_eq!(session.ended().is_some(), ends, "{context}");
        assert_eq!(error.session_ended(), ends, "{context}");
        assert_eq!(
            server.is_stored(session.id(), system).await,
            !ends,
            "{context}"
        );
        assert_eq!(server.count(profile_path(system)), 1, "{context}");
        if ends {
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{context}");
        }
        let again = session.profile().await.unwrap_err();
        assert_eq!(again.session_ended(), ends, "{context}");
        let sent = if ends { 1 } else { 2 };
        assert_eq!(server.count(profile_path(system)), sent, "{context}");
    }
}

/// A permission is missing at other operations than the profile, where the same words mean the user.
#[tokio::test]
async fn a_denied_permission_ends_no_session_of_goodcity() {
    let denied = json(
        403,
        r#"{"error":"No","type":"AccessDeniedError","status":403}"#,
    );
    let server = Server::start().await;
    server.respond("/packages", &[denied]);
    let client = server.goodcity();
    let tokens = Tokens::new("an-access-token", None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    server.age();
    let request = session.request(http::Method::GET, "/packages");
    let error = request.send::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected);
    assert_eq!(session.shared().ended(), None);
}

/// A replica that has not seen the sign-in yet rejects the token in the system's own words, and accepts
/// it a moment later.
#[tokio::test]
async fn a_credential_that_is_seconds_old_gets_one_more_try() {
    let words = |system| match system {
        System::Wunder => json(401, r#"{"errorCode":"AUTH3"}"#),
        System::GoodCity => json(
            401,
            r#"{"error":"x","type":"UnauthorizedError","status":401}"#,
        ),
        System::Fynd => json(401, r#"{"authenticated":false}"#),
        _ => json(401, r#"{"title":"Unauthorized"}"#),
    };
    for system in [
        System::Wunder,
        System::WalletCrew,
        System::GoodCity,
        System::Fynd,
    ] {
        let body = match system {
            System::Fynd => r#"{"user":{"id":"1"}}"#,
            System::GoodCity => r#"{"user_profile":{"id":1},"id":1}"#,
            _ => r#"{"id":"1"}"#,
        };
        let server = Server::start().await;
        server.respond(profile_path(system), &[words(system), json(200, body)]);
        let session = server.new_session(system).await;
        session.profile().await.unwrap();
        assert_eq!(session.ended(), None, "{system}");
        assert_eq!(server.count(profile_path(system)), 2, "{system}");
    }
}

/// The second rejection of a new credential counts.
#[tokio::test]
async fn a_new_credential_that_is_rejected_twice_ends_its_session() {
    let server = Server::start().await;
    let words = json(
        401,
        r#"{"error":"x","type":"UnauthorizedError","status":401}"#,
    );
    server.respond("/current_user_profile", &[words]);
    let session = server.new_session(System::GoodCity).await;
    let error = session.profile().await.unwrap_err();
    assert!(error.session_ended(), "{error}");
    assert_eq!(server.count("/current_user_profile"), 2);
}

/// An unknown 401 ends a session that cannot be refreshed only if it lasts: three of them, over five
/// minutes, with no success in between.
#[tokio::test]
async fn a_session_without_refresh_ends_after_rejections_that_last() {
    for system in [System::WalletCrew, System::GoodCity, System::Fynd] {
        let path = profile_path(system);
        let server = Server::start().await;
        server.respond(path, &[json(401, r#"{"message":"Unauthorized"}"#)]);
        let session = server.session(system).await;
        for minute in 0..5 {
            let error = session.profile().await.unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Unauthenticated,
                "{system} {minute}"
            );
            assert!(!error.session_ended(), "{system} {minute}");
            server.pass(MINUTE);
        }
        let error = session.profile().await.unwrap_err();
        assert!(error.session_ended(), "{system}: {error}");
        assert_eq!(
            session.ended(),
            Some(EndReason::RepeatedlyRejected),
            "{system}"
        );
        assert_eq!(server.count(path), 6, "{system}");
        assert!(!server.is_stored(session.id(), system).await, "{system}");
    }
}

#[tokio::test]
async fn many_rejections_at_once_end_no_session() {
    let server = Server::start().await;
    server.respond("/customer", &[json(401, "")]);
    let session = server.session(System::WalletCrew).await;
    for _ in 0..20 {
        session.profile().await.unwrap_err();
    }
    assert_eq!(session.ended(), None);
    server.pass(5 * MINUTE);
    server.respond("/customer", &[json(200, "{}")]);
    session.profile().await.unwrap();
    server.respond("/customer", &[json(401, "")]);
    let error = session.profile().await.unwrap_err();
    assert!(
        !error.session_ended(),
        "a success in between starts the count again"
    );
}

#[tokio::test]
async fn how_long_rejections_must_last_is_a_setting() {
    let server = Server::start().await;
    server.respond("/customer", &[json(401, "")]);
    let settings = Settings::new();
    let settings = settings.max_unknown_rejections(2);
    let settings = settings.unknown_rejection_period(Duration::from_secs(10));
    let client = server.walletcrew_with(|builder| builder.settings(settings));
    let tokens = Tokens::new("an-access-token", None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    server.age();
    let profile = async || session.profile::<Value>().await.unwrap_err();
    assert!(!profile().await.session_ended());
    assert!(!profile().await.session_ended());
    server.pass(Duration::from_secs(10));
    assert!(profile().await.session_ended());
}

/// A permission is missing at one operation: its 401 refreshes the session once, and no user is signed
/// out.
#[tokio::test]
async fn a_refusal_of_one_operation_costs_one_refresh_and_no_session() {
    let server = Server::start().await;
    server.respond("/front/rentals", &[json(401, r#"{"errorCode":"A103"}"#)]);
    server.respond("/front/customers", &[json(200, r#"{"id":"1"}"#)]);
    server.respond(
        "/auth/refresh-token",
        &[json(
            200,
            r#"{"accessToken":"next","refreshToken":"next-refresh"}"#,
        )],
    );
    let session = server.wunder_session().await;
    server.age();
    for call in 0..1_000 {
        let request = session.request(http::Method::GET, "/front/rentals");
        let error = request.send::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{call}: {error}");
        assert!(!error.session_ended(), "{call}: {error}");
    }
    assert_eq!(server.count("/auth/refresh-token"), 1);
    assert_eq!(server.count("/front/rentals"), 1_001);
    session.profile().await.unwrap();
    assert_eq!(session.shared().ended(), None);
    assert!(server.is_stored(session.id(), System::Wunder).await);
}

/// Two operations that the server refuses spend no refresh token in turn. Another credential, after
/// five minutes, may help.
#[tokio::test]
async fn a_refused_operation_is_remembered_for_its_credential_and_for_five_minutes() {
    let server = Server::start().await;
    for path in ["/front/rentals", "/front/invoices"] {
        server.respond(path, &[json(401, "")]);
    }
    server.respond(
        "/auth/refresh-token",
        &[
            json(200, r#"{"accessToken":"next"}"#),
            json(200, r#"{"accessToken":"other"}"#),
        ],
    );
    let session = server.wunder_session().await;
    server.age();
    let call = async |path: &str| {
        let request = session.request(http::Method::GET, path);
        request.send::<Value>().await.unwrap_err()
    };
    for _ in 0..3 {
        call("/front/rentals").await;
        call("/front/invoices").await;
    }
    assert_eq!(server.count("/auth/refresh-token"), 2, "one for each");
    server.pass(5 * MINUTE);
    call("/front/invoices").await;
    assert_eq!(
        server.count("/auth/refresh-token"),
        2,
        "it is the same credential"
    );
    call("/front/rentals").await;
    assert_eq!(server.count("/auth/refresh-token"), 3, "it is another one");
}

/// A token that the server rejects in its own words although it has just issued it ends the session,
/// after one more try.
#[tokio::test]
async fn a_new_token_that_the_server_rejects_twice_ends_the_session() {
    let server = Server::start().await;
    server.respond("/front/customers", &[json(401, r#"{"errorCode":"AUTH3"}"#)]);
    server.respond(
        "/auth/refresh-token",
        &[json(200, r#"{"accessToken":"next"}"#)],
    );
    let session = server.wunder_session().await;
    server.age();
    let error = session.profile().await.unwrap_err();
    assert!(error.session_ended());
    assert_eq!(session.shared().ended(), Some(EndReason::NewTokenRejected));
    assert_eq!(server.count("/auth/refresh-token"), 1);
    assert_eq!(server.count("/front/customers"), 3);
}

/// Signing out of what has ended is done.
#[tokio::test]
async fn a_session_that_has_ended_is_signed_out() {
    // At the server, in its own words.
    let server = Server::start().await;
    server.respond("/auth/logout", &[json(401, r#"{"errorCode":"AUTH3"}"#)]);
    server.respond(
        "/auth/refresh-token",
        &[json(404, r#"{"errorCode":"U106.1"}"#)],
    );
    server.respond("/logout", &[json(401, r#"{"authenticated":false}"#)]);
    let session = server.wunder_session().await;
    let id = session.id().clone();
    session.sign_out().await.unwrap();
    assert!(!server.is_stored(&id, System::Wunder).await);
    let AnySession::Fynd(session) = server.session(System::Fynd).await else {
        panic!("another system");
    };
    session.sign_out().await.unwrap();

    // Here, by an earlier call: nothing is sent.
    let server = Server::start().await;
    server.respond("/front/customers", &[json(401, r#"{"errorCode":"AUTH3"}"#)]);
    server.respond(
        "/auth/refresh-token",
        &[json(400, r#"{"error":"invalid_grant"}"#)],
    );
    let session = server.wunder_session().await;
    server.age();
    assert!(session.profile().await.unwrap_err().session_ended());
    session.sign_out().await.unwrap();
    assert_eq!(server.count("/auth/logout"), 0);

    // A gateway's page says nothing of the session.
    let server = Server::start().await;
    server.respond("/auth/logout", &[PAGE]);
    let session = server.wunder_session().await;
    session.sign_out().await.unwrap_err();
}

/// Two instances are configured with and without a slash at the end: they share sessions. A session of
/// another host is none.
#[tokio::test]
async fn a_slash_at_the_end_of_the_base_url_makes_no_other_server() {
    use vestibule::store::MemoryStore;
    use vestibule::{fynd, goodcity};
    let store = std::sync::Arc::new(MemoryStore::new());
    let goodcity = |url: &str| {
        let builder = goodcity::Client::builder(url).app_name("app");
        builder.store(store.clone()).build().unwrap()
    };
    let fynd = |url: &str| {
        let builder = fynd::Client::builder("64b000000000000000000001").base_url(url);
        let builder = builder.application_token("application-token");
        builder.store(store.clone()).build().unwrap()
    };
    let tokens = Tokens::new("an-access-token", None);
    let client = goodcity("https://gateway.example/x");
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let of_goodcity = session.id().clone();
    let cookies = [("f.session", vestibule::Secret::from("a-cookie"))];
    let client = fynd("https://gateway.example/x");
    let session = client.resume_with_cookies(cookies).await.unwrap();
    let of_fynd = session.id().clone();
    let with_slash = "https://gateway.example/x/";
    goodcity(with_slash)
        .resume_session(&of_goodcity)
        .await
        .unwrap();
    fynd(with_slash).resume_session(&of_fynd).await.unwrap();
    let renamed = "https://other.example/x";
    for error in [
        goodcity(renamed)
            .resume_session(&of_goodcity)
            .await
            .unwrap_err(),
        fynd(renamed).resume_session(&of_fynd).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    }
}
