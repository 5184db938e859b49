//! What only the operator can mend is told from what the server refuses to its user.

use std::time::Duration;

use vestibule::http::{self, StatusCode};
use vestibule::session::Tokens;
use vestibule::testing::wiremock::matchers::{any, path_regex};
use vestibule::testing::wiremock::{Mock, MockServer, ResponseTemplate};
use vestibule::testing::{
    Fault, FaultProxy, FaultRule, Fynd, GoodCity, GoodCityUser, TestClock, Wunder,
};
use vestibule::{Error, ErrorKind, Phone, fynd, goodcity, walletcrew, wunder};

const PHONE: &str = "+43123456789";

async fn server(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(response)
        .mount(&server)
        .await;
    server
}

fn json(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, "application/json")
}

async fn server_of_wunder(response: ResponseTemplate) -> (MockServer, wunder::Client) {
    let server = server(response).await;
    let client = wunder::Client::builder(server.uri()).tenant("demo");
    let client = client.signing_key("a key").build().unwrap();
    (server, client)
}

/// The error of a signed call that sends a message, and how many requests it took.
async fn wunder_error(response: ResponseTemplate) -> (Error, usize) {
    let server = server(response).await;
    let client = wunder::Client::builder(server.uri()).tenant("demo");
    let client = client.signing_key("a key").build().unwrap();
    let sent = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await;
    let requests = server.received_requests().await.unwrap().len();
    (sent.unwrap_err(), requests)
}

async fn goodcity_error(response: ResponseTemplate) -> (Error, usize) {
    let server = server(response).await;
    let client = goodcity::Client::builder(server.uri()).app_name("app");
    let client = client.build().unwrap();
    let sent = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await;
    let requests = server.received_requests().await.unwrap().len();
    (sent.unwrap_err(), requests)
}

async fn fynd_error(response: ResponseTemplate) -> (Error, usize) {
    let server = server(response).await;
    let client = fynd::Client::builder("64b000000000000000000001")
        .application_token("test-token")
        .base_url(server.uri())
        .build()
        .unwrap();
    let sent = client.user_exists("asha@example.com").await;
    let requests = server.received_requests().await.unwrap().len();
    (sent.unwrap_err(), requests)
}

#[track_caller]
fn is_misconfigured((error, requests): &(Error, usize), class: &str, check: &str) {
    assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error}");
    assert_eq!(error.error_type(), class, "{error}");
    assert!(error.to_string().contains(check), "{error}");
    assert_eq!((*requests, error.attempts()), (1, 1), "one attempt");
    assert!(!error.is_retryable(), "{error}");
    assert_eq!(error.http_status(), StatusCode::INTERNAL_SERVER_ERROR);
    let problem = serde_json::to_string(&error.problem()).unwrap();
    assert!(
        !problem.contains(check),
        "the user learns nothing: {problem}"
    );
}

#[tokio::test]
async fn words_of_the_descriptions_are_misconfigurations() {
    let bare = || ResponseTemplate::new(404);
    is_misconfigured(&wunder_error(bare()).await, "tenant", "check `tenant`");
    for code in ["A104", "A105.2"] {
        let refusal = json(403, &format!(r#"{{"errorCode": "{code}"}}"#));
        let error = wunder_error(refusal).await;
        is_misconfigured(&error, "signature", "check `signing_key`");
        assert_eq!(error.0.code(), Some(code));
    }
    let unrouted = json(404, r#"{"status": 404, "error": "Not Found"}"#);
    is_misconfigured(&goodcity_error(unrouted).await, "path", "check `base_url`");
    let host = json(403, r#"{"errors": "Invalid host"}"#);
    is_misconfigured(&goodcity_error(host).await, "host", "check the host");
    let signature = json(403, r#"{"code": "SIGNATURE_INVALID"}"#);
    is_misconfigured(
        &fynd_error(signature).await,
        "signature",
        "check `signing_key`",
    );
    let application = json(401, r#"{"code": "APPLICATION_UNKNOWN"}"#);
    is_misconfigured(
        &fynd_error(application).await,
        "application",
        "the application",
    );
}

#[test]
fn every_word_of_a_description_has_its_evidence() {
    let mut words = 0;
    for document in [
        "wunder-auth",
        "wunder-user",
        "walletcrew",
        "goodcity",
        "fynd",
    ] {
        let path = format!("{}/openapi/{document}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let document: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        for entry in document["x-misconfigured"].as_array().into_iter().flatten() {
            words += 1;
            let evidence = ["x-source", "x-assumption"].map(|key| entry[key].is_string());
            assert!(evidence.contains(&true), "{entry}");
            // A status alone is no refusal of a setting, unless it was seen to be one.
            let has_word = entry["word"] != "";
            assert!(
                has_word || (evidence[0] && entry["status"] == 404),
                "{entry}"
            );
        }
    }
    assert!(words >= 7, "{words}");
}

#[tokio::test]
async fn other_refusals_are_the_users() {
    let page = || ResponseTemplate::new(403).set_body_raw("<html>Forbidden", "text/html");
    let bare = || ResponseTemplate::new(403);
    let rejected = |(error, _): (Error, usize)| {
        assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
    };
    for response in [page, bare] {
        rejected(wunder_error(response()).await);
        rejected(goodcity_error(response()).await);
        rejected(fynd_error(response()).await);
    }
    let page = ResponseTemplate::new(404).set_body_raw("<html>Not found", "text/html");
    rejected(wunder_error(page).await);
    let missing = json(
        404,
        r#"{"errorCode": "U106", "userMessage": "No such user"}"#,
    );
    rejected(wunder_error(missing).await);
    rejected(goodcity_error(json(404, r#"{"error": "No such record"}"#)).await);
    rejected(goodcity_error(json(403, r#"{"errors": "Another text"}"#)).await);
    rejected(fynd_error(json(403, r#"{"code": "BLOCKED"}"#)).await);
    // What is missing is the record that the path names, or what the code belongs to. A signature that is
    // not required is not what a permission is about.
    let anonymous = server_of_wunder(ResponseTemplate::new(404)).await;
    let reset = anonymous.1.reset_password_by_code("ada@example.org");
    rejected((reset.await.unwrap_err(), 1));
    let password = anonymous
        .1
        .sign_in_with_password("ada@example.org", "a password");
    rejected((password.await.unwrap_err(), 1));
    let denied = server_of_wunder(json(403, r#"{"errorCode": "A101"}"#)).await;
    let reset = denied.1.reset_password_by_code("ada@example.org");
    rejected((reset.await.unwrap_err(), 1));
    // A session's permission has nothing to do with a signature.
    let server = server(json(403, r#"{"errorCode": "A101"}"#)).await;
    let client = wunder::Client::builder(server.uri()).tenant("demo");
    let client = client.signing_key("a key").build().unwrap();
    let session = client.resume_with_tokens(Tokens::new("a-token", None));
    let error = session.await.unwrap().profile().await.unwrap_err();
    rejected((error, 1));
    let walletcrew = walletcrew::Client::builder(server.uri()).tenant("demo-tenant");
    let (login, data) = (walletcrew.build().unwrap(), serde_json::json!({}));
    let login = login.sign_in_with_provider("otp", &data);
    rejected((login.await.unwrap_err(), 1));
}

#[tokio::test]
async fn a_401_that_names_the_application_or_the_signature_ends_no_session() {
    for (body, class) in [
        (r#"{"code": "APPLICATION_UNKNOWN"}"#, "application"),
        (r#"{"code": "SIGNATURE_EXPIRED"}"#, "signature"),
    ] {
        let server = server(json(401, body)).await;
        let client = fynd::Client::builder("64b000000000000000000001")
            .application_token("test-token")
            .base_url(server.uri())
            .build()
            .unwrap();
        let cookies = [("f.session", "a-cookie")];
        let session = client.resume_with_cookies(cookies).await.unwrap();
        let described = session.profile().await.map(drop);
        let custom = session.request(http::Method::GET, "/service/application/custom");
        let custom = custom.send::<()>().await.map(drop);
        for error in [described.unwrap_err(), custom.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error}");
            assert_eq!(error.error_type(), class, "{error}");
        }
        assert_eq!(session.shared().ended(), None);
        assert!(client.resume_session(session.id()).await.is_ok(), "stored");
    }
    // A record that a custom path names may be missing.
    let server = server(json(404, r#"{"status": 404, "error": "Not Found"}"#)).await;
    let client = goodcity::Client::builder(server.uri()).app_name("app");
    let client = client.build().unwrap();
    let custom = client.request(http::Method::GET, "/api/v1/packages/7");
    let error = custom.send::<()>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rejected, "{error}");
}

#[tokio::test]
async fn a_wrong_clock_is_named_with_its_difference() {
    for (system, seconds, off) in [("wunder", 7_200, "2 h off"), ("fynd", 1_500, "25 min off")] {
        let clock = TestClock::new();
        let error = if system == "wunder" {
            let mock = Wunder::start().await;
            clock.advance(Duration::from_secs(seconds));
            let client = wunder::Client::builder(mock.base_url()).tenant("demo");
            let client = client.signing_key(Wunder::SIGNING_KEY).clock(clock);
            let client = client.build().unwrap();
            let sent = client
                .sign_in_with_phone_code(&PHONE.parse().unwrap())
                .branch_id("2")
                .send()
                .await;
            assert_eq!(mock.outbox().messages().len(), 0, "nothing was sent");
            (sent.unwrap_err(), mock.journal().len())
        } else {
            let mock = Fynd::start().await;
            clock.advance(Duration::from_secs(seconds));
            let client = fynd::Client::builder("64b000000000000000000001")
                .application_token("test-token")
                .base_url(mock.base_url())
                .clock(clock)
                .build()
                .unwrap();
            let sent = client.user_exists("asha@example.com").await;
            (sent.unwrap_err(), mock.journal().len())
        };
        is_misconfigured(&error, "clock", off);
        assert!(
            error.0.to_string().contains("check `signing_key`"),
            "{}",
            error.0
        );
    }
}

#[tokio::test]
async fn a_redirect_names_the_host_that_it_leads_to() {
    let to = |location: &str| ResponseTemplate::new(302).insert_header("location", location);
    let other = "https://login.example.com/token=secret?mobile=61234567";
    let error = goodcity_error(to(other)).await;
    is_misconfigured(&error, "redirect", "login.example.com");
    let shown = format!("{} {:?}", error.0, error.0);
    assert!(
        !shown.contains("secret") && !shown.contains("6123"),
        "{shown}"
    );
    is_misconfigured(
        &goodcity_error(to("/elsewhere")).await,
        "redirect",
        "127.0.0.1",
    );
    let error = wunder_error(to(other)).await;
    is_misconfigured(&error, "redirect", "login.example.com");

    let (error, _) = goodcity_error(ResponseTemplate::new(304)).await;
    assert_eq!(error.kind(), ErrorKind::InvalidResponse, "it leads nowhere");
}

#[tokio::test]
async fn a_refresh_that_is_redirected_says_so_and_ends_no_session() {
    let server = MockServer::start().await;
    let refused = json(401, r#"{"errorCode": "AUTH1"}"#);
    let redirect = ResponseTemplate::new(302).insert_header("location", "https://example.net/");
    let refresh = Mock::given(path_regex("refresh-token$")).respond_with(redirect);
    refresh.with_priority(1).mount(&server).await;
    Mock::given(any())
        .respond_with(refused)
        .mount(&server)
        .await;
    let client = wunder::Client::builder(server.uri()).tenant("demo");
    let client = client.build().unwrap();
    let tokens = Tokens::new("a-token", Some("a-refresh-token".into()));
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error}");
    assert_eq!(error.error_type(), "redirect");
    assert!(error.to_string().contains("example.net"), "{error}");
    assert_eq!(session.shared().ended(), None);
}

#[cfg(feature = "sealed")]
#[tokio::test]
async fn other_sealing_keys_are_a_misconfiguration() {
    use std::error::Error as _;
    use std::sync::Arc;
    use vestibule::store::{MemoryStore, Sealed, Sealing, SealingKey, StoreError};

    let store = Arc::new(MemoryStore::new());
    let client = |key: u8| {
        let sealing = Sealing::keys(SealingKey::new(1, [key; 32]), []);
        let client = wunder::Client::builder("http://127.0.0.1:9").tenant("demo");
        let client = client.store(Sealed::new(store.clone(), sealing));
        client.build().unwrap()
    };
    let first = client(1);
    let session = first.resume_with_tokens(Tokens::new("a-token", None));
    let id = session.await.unwrap().id().clone();
    let error = client(2).resume_session(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Misconfigured, "{error}");
    assert_eq!(error.error_type(), "sealing_keys");
    let cause = error.source().and_then(|source| source.downcast_ref());
    assert!(matches!(cause, Some(StoreError::Unreadable)), "{error}");
}

#[test]
fn the_error_of_a_store_keeps_its_cause() {
    use std::io::ErrorKind as Io;
    use vestibule::store::StoreError;

    let error = Error::from(StoreError::Unavailable(Io::ConnectionRefused));
    assert_eq!(
        (error.kind(), error.error_type()),
        (ErrorKind::Unavailable, "store")
    );
    assert!(error.to_string().contains("connection refused"), "{error}");
    let cause = std::error::Error::source(&error).and_then(|source| source.downcast_ref());
    assert!(matches!(
        cause,
        Some(StoreError::Unavailable(Io::ConnectionRefused))
    ));
    assert_eq!(Error::from(StoreError::Full).kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn an_error_that_leaves_a_resend_timer_running_carries_the_wait() {
    let mock = GoodCity::start().await;
    mock.add_user(
        GoodCityUser::new("+85261234567".parse::<Phone>().unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let proxy = FaultProxy::start(mock.base_url()).await.unwrap();
    let client = goodcity::Client::builder(proxy.base_url()).app_name("app");
    let client = client.clock(mock.clock().clone()).build().unwrap();
    let lost = || proxy.inject(FaultRule::new(Fault::ResetAfterRequest).times(1));
    let waits = |error: &Error| {
        let wait = error.retry_after().expect("a wait");
        assert!(
            wait > Duration::from_secs(50) && wait <= Duration::from_secs(60),
            "{wait:?}"
        );
    };
    lost();
    let error = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap_err();
    waits(&error);
    let again = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(again.kind(), ErrorKind::RateLimited, "the timer runs");

    mock.clock().advance(Duration::from_secs(61));
    let mut pending = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap();
    mock.clock().advance(Duration::from_secs(61));
    lost();
    waits(&pending.resend().await.unwrap_err());
    for _ in 0..5 {
        let pin = mock.outbox().last_code("+85261234567").unwrap();
        let wrong = if pin == "0000" { "1111" } else { "0000" };
        pending = pending.confirm(wrong).await.unwrap_err().state;
    }
    let error = pending.confirm("2222").await.unwrap_err().error;
    assert_eq!(error.kind(), ErrorKind::StepRequired);
    waits(&error);

    let refused = FaultRule::new(Fault::status(403)).times(1);
    mock.clock().advance(Duration::from_secs(61));
    proxy.inject(refused);
    let error = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.retry_after(), None, "no pin was sent: {error}");
}
