//! What a refresh takes from responses, and what it does where they are odd.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json as value};
use vestibule::ErrorKind;
use vestibule::session::EndReason;
use vestibule::session::{TokenSource, Tokens};
use vestibule::walletcrew::{EndingToken, Login, NextLogin};

use crate::script::{PAGE, Reply, Server, json, jwt};

const REFRESH: &str = "/auth/refresh-token";
const MINUTE: Duration = Duration::from_secs(60);

/// A token that ends an hour after it was issued, `skew` seconds after the present time.
fn token(server: &Server, skew: i64) -> String {
    let issued = vestibule::Clock::now(&server.clock).timestamp() + skew;
    jwt(&value!({"sub": "1", "iat": issued, "exp": issued + 3600}))
}

/// A session of Wunder whose token has ended.
async fn ended_token(server: &Server) -> vestibule::wunder::Session {
    let tokens = Tokens::new(token(server, -9000), Some("a-refresh-token".into()));
    server.wunder().resume_with_tokens(tokens).await.unwrap()
}

/// `invalid_grant`, and the system's own codes, are final; nothing is sent after them.
#[tokio::test]
async fn words_about_the_refresh_token_end_the_session_at_once() {
    for reply in [
        json(400, r#"{"error":"invalid_grant"}"#),
        json(401, r#"{"error":"invalid_grant","error_description":"x"}"#),
        json(404, r#"{"errorCode":"U106.1"}"#),
        json(400, r#"{"errorCode":"U107"}"#),
        json(401, r#"{"errorCode":"AUTH7"}"#),
        json(400, r#"{"errorCode":"A202"}"#),
    ] {
        let server = Server::start().await;
        server.respond(REFRESH, &[reply]);
        let session = ended_token(&server).await;
        for _ in 0..5 {
            let error = session.profile().await.unwrap_err();
            assert!(error.session_ended(), "{reply:?}: {error}");
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{reply:?}");
        }
        assert_eq!(server.count(REFRESH), 1, "{reply:?}");
        assert_eq!(session.shared().ended(), Some(EndReason::RefreshRefused));
    }
}

/// Other errors of OAuth are about the client, or pass.
#[tokio::test]
async fn words_about_the_client_end_no_session() {
    use ErrorKind::{Misconfigured, Unavailable};
    for (status, word, kind) in [
        (401, r#"{"error":"invalid_client"}"#, Misconfigured),
        (400, r#"{"error":"unauthorized_client"}"#, Misconfigured),
        (400, r#"{"error":"unsupported_grant_type"}"#, Misconfigured),
        (400, r#"{"error":"invalid_scope"}"#, Misconfigured),
        (400, r#"{"error":"invalid_request"}"#, Misconfigured),
        (400, r#"{"error":"temporarily_unavailable"}"#, Unavailable),
        (400, r#"{"error":"server_error"}"#, Unavailable),
    ] {
        let server = Server::start().await;
        server.respond(REFRESH, &[json(status, word)]);
        let session = ended_token(&server).await;
        let error = session.profile().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{word}: {error}");
        server.pass(10 * MINUTE);
        session.profile().await.unwrap_err();
        assert_eq!(session.shared().ended(), None, "{word}");
    }
}

/// The web framework of the endpoint answers for itself while it starts: only its second 401, half a
/// minute later, is about the token.
#[tokio::test]
async fn the_frameworks_own_401_counts_at_the_second_time() {
    let own = json(
        401,
        r#"{"timestamp":"2026-11-28T12:00:00Z","status":401,"error":"Unauthorized","path":"/v1/tenant01/auth/refresh-token"}"#,
    );
    let server = Server::start().await;
    server.respond(REFRESH, &[own]);
    let session = ended_token(&server).await;
    for _ in 0..5 {
        let error = session.profile().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.retry_after().is_some());
    }
    assert_eq!(server.count(REFRESH), 1, "a refusal pauses the refresh");
    server.pass(Duration::from_secs(31));
    let error = session.profile().await.unwrap_err();
    assert!(error.session_ended(), "{error}");
    assert_eq!(server.count(REFRESH), 2);

    // The same body about another path comes from elsewhere.
    let other = json(
        401,
        r#"{"status":401,"error":"Unauthorized","path":"/gateway"}"#,
    );
    let server = Server::start().await;
    server.respond(REFRESH, &[other]);
    let session = ended_token(&server).await;
    session.profile().await.unwrap_err();
    server.pass(Duration::from_secs(31));
    let error = session.profile().await.unwrap_err();
    assert!(!error.session_ended(), "{error}");
}

/// What no description has pauses the refresh, and ends the session once it has lasted for minutes.
#[tokio::test]
async fn refusals_in_unknown_words_pause_the_refresh_and_end_the_session_if_they_last() {
    for reply in [
        PAGE,
        json(403, ""),
        json(400, r#"{"errorCode":"X1"}"#),
        Reply(401, "text/plain", "no"),
    ] {
        let server = Server::start().await;
        server.respond(REFRESH, &[reply]);
        let session = ended_token(&server).await;
        for minute in 0..5 {
            for _ in 0..5 {
                let error = session.profile().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{reply:?} {error}");
            }
            assert_eq!(server.count(REFRESH), minute + 1, "{reply:?}");
            server.pass(MINUTE);
        }
        let error = session.profile().await.unwrap_err();
        assert!(error.session_ended(), "{reply:?}: {error}");
        assert_eq!(
            session.shared().ended(),
            Some(EndReason::RepeatedlyRejected)
        );
    }
}

#[tokio::test]
async fn an_empty_refresh_token_is_none() {
    let server = Server::start().await;
    server.respond("/front/customers", &[json(200, r#"{"id":"1"}"#)]);
    server.respond(
        REFRESH,
        &[
            json(200, r#"{"accessToken":"x","refreshToken":"","accessTokenExpireDate":"2000-01-01T00:00:00Z"}"#),
            json(400, r#"{"error":"invalid_grant"}"#),
        ],
    );
    let session = ended_token(&server).await;
    session.profile().await.unwrap();
    server.age();
    server.respond(
        "/front/customers",
        &[
            json(401, r#"{"errorCode":"AUTH3"}"#),
            json(200, r#"{"id":"1"}"#),
        ],
    );
    server.respond(REFRESH, &[json(200, r#"{"accessToken":"y"}"#)]);
    session.profile().await.unwrap();
    assert_eq!(
        server.count(REFRESH),
        2,
        "the old refresh token stays in use"
    );
    assert_eq!(session.shared().ended(), None);
}

/// The issuer of the tokens has another clock than the server: the life of a token counts from its
/// receipt.
#[tokio::test]
async fn a_token_of_a_skewed_issuer_lives_as_long_as_it_says() {
    let server = Server::start().await;
    server.respond("/front/customers", &[json(200, r#"{"id":"1"}"#)]);
    for skew in [-7200, 7200] {
        let body =
            value!({"accessToken": token(&server, skew), "refreshToken": "next"}).to_string();
        server.respond(REFRESH, &[json(200, body.leak())]);
        let before = server.count(REFRESH);
        let session = ended_token(&server).await;
        for _ in 0..5 {
            session.profile().await.unwrap();
        }
        assert_eq!(server.count(REFRESH), before + 1, "{skew}");
        server.pass(50 * MINUTE);
        session.profile().await.unwrap();
        assert_eq!(server.count(REFRESH), before + 1, "{skew}");
        server.pass(10 * MINUTE);
        session.profile().await.unwrap();
        assert_eq!(server.count(REFRESH), before + 2, "{skew}");
    }
}

/// Without refresh the server decides about a token that it has just issued.
#[tokio::test]
async fn a_new_token_is_sent_whatever_its_times_say() {
    let server = Server::start().await;
    let body = value!({"jwt_token": token(&server, -7200), "user": {"id": 1}}).to_string();
    server.respond(
        "/auth/send_pin",
        &[json(200, r#"{"otp_auth_key":"a-key"}"#)],
    );
    server.respond("/auth/verify", &[json(200, body.leak())]);
    server.respond("/current_user_profile", &[json(200, r#"{"id":1}"#)]);
    let phone = "+85261234567".parse().unwrap();
    let pending = server.goodcity().sign_in_with_pin(&phone).await.unwrap();
    let session = pending.confirm("1234").await.unwrap().session;
    session.profile().await.unwrap();
    server.pass(30 * MINUTE);
    session.profile().await.unwrap();
    assert_eq!(server.count("/current_user_profile"), 2);
    server.pass(31 * MINUTE);
    assert!(session.profile().await.unwrap_err().session_ended());
    assert_eq!(server.count("/current_user_profile"), 2);
}

/// A token that an application passes has the times that it says.
#[tokio::test]
async fn an_imported_token_ends_when_it_says() {
    let server = Server::start().await;
    let tokens = Tokens::new(token(&server, -7200), None);
    let session = server.goodcity().resume_with_tokens(tokens).await.unwrap();
    assert!(session.profile().await.unwrap_err().session_ended());
    assert_eq!(server.count("/current_user_profile"), 0);
}

/// A day is too long to wait for a session.
#[tokio::test]
async fn the_wait_that_a_server_asks_for_is_bounded() {
    use wiremock::matchers::{any, path_regex};
    use wiremock::{Mock, MockServer, ResponseTemplate};
    let server = MockServer::start().await;
    let later = ResponseTemplate::new(503).insert_header("retry-after", "86400");
    let refreshes = Mock::given(path_regex("refresh-token$")).respond_with(later);
    refreshes.up_to_n_times(1).mount(&server).await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string(r#"{"accessToken":"x","id":"1"}"#))
        .mount(&server)
        .await;
    let clock = vestibule::testing::TestClock::new();
    let builder = vestibule::wunder::Client::builder(server.uri()).tenant("tenant01");
    let client = builder.clock(clock).signing_key("a key").build().unwrap();
    let gone = jwt(&value!({"iat": 0, "exp": 3600}));
    let tokens = Tokens::new(gone, Some("a-refresh-token".into()));
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let error = session.profile().await.unwrap_err();
    let wait = error.retry_after().unwrap();
    assert!(wait <= 5 * MINUTE, "{wait:?}");
}

/// No server has signed this token, and it names another customer: the application is not asked for a login
/// of that customer.
#[tokio::test]
async fn a_token_that_no_server_has_issued_is_not_authenticated_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let server = Server::start().await;
    let issued = token(&server, 0);
    let body = Value::String(issued).to_string();
    server.respond("/authenticate", &[json(200, body.leak())]);
    server.respond("/customer", &[json(200, "{}")]);
    let counter = asked.clone();
    let client = server.walletcrew_with(|builder| {
        builder.authenticate_again(move |ending: EndingToken| {
            counter.fetch_add(1, Ordering::SeqCst);
            assert_eq!(ending.source(), TokenSource::SignIn);
            assert!(!ending.session_id().expose().is_empty());
            std::future::ready(NextLogin::With(Login::provider_only("otp").unwrap()))
        })
    });
    let forged = jwt(&value!({"sub": "victim", "exp": 0}));
    // Tokens that claim to be of a sign-in, as JSON may.
    let claim = value!({"access": forged, "source": "sign_in", "refresh": ""});
    let mut tokens: Tokens = serde_json::from_value(claim).unwrap();
    tokens.expires_at = Some(vestibule::Clock::now(&server.clock));
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let id = session.id().clone();
    let resumed = client.resume_session(&id).await.unwrap();
    for session in [session, resumed] {
        let error = session.profile::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
    }
    // Nor by an instance that only knows the record.
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert_eq!(server.count("/authenticate"), 0);

    // A session of this crate's own sign-in is.
    let session = client.sign_in_with_login(Login::provider_only("otp").unwrap());
    let session = session.await.unwrap();
    server.pass(61 * MINUTE);
    let body = Value::String(token(&server, 0)).to_string();
    server.respond("/authenticate", &[json(200, body.leak())]);
    session.profile::<Value>().await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(server.count("/authenticate"), 2);
}

/// The page of a gateway says nothing of the customer.
#[tokio::test]
async fn a_gateways_page_ends_no_session_that_is_authenticated_again() {
    let server = Server::start().await;
    let body = Value::String(token(&server, 0)).to_string();
    server.respond("/authenticate", &[json(200, body.leak()), PAGE]);
    let client = server.walletcrew_with(|builder| {
        builder.authenticate_again(|_| {
            std::future::ready(NextLogin::With(Login::provider_only("otp").unwrap()))
        })
    });
    let session = client.sign_in_with_login(Login::provider_only("otp").unwrap());
    let session = session.await.unwrap();
    server.pass(61 * MINUTE);
    let error = session.profile::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(session.shared().ended(), None);
}
