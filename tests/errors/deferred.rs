//! Whether the server said that it did not process a request is told from this crate's own waits.

use vestibule::session::Tokens;
use vestibule::testing::wiremock::matchers::any;
use vestibule::testing::wiremock::{Mock, MockServer, ResponseTemplate};
use vestibule::{Backoff, ErrorKind, Phone, fynd, goodcity, wunder};

/// What GoodCity's framework sends, and what a gateway sends.
const GOODCITY: &str = r#"{"status": 503, "error": "Service Unavailable"}"#;
const WUNDER: &str = r#"{"errorCode": "R999", "userMessage": "Later"}"#;
const FYND: &str = r#"{"code": "BUSY"}"#;
const GATEWAY: &str = r#"{"message": "no healthy upstream"}"#;

async fn busy(body: &str, retry_after: Option<&str>) -> MockServer {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(503).set_body_raw(body, "application/json");
    let response = match retry_after {
        Some(wait) => response.insert_header("retry-after", wait),
        None => response,
    };
    Mock::given(any())
        .respond_with(response)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn only_the_servers_own_words_release_a_message_or_allow_another_call() {
    let mobile: Phone = "+85261234567".parse().unwrap();
    for (body, retry_after, unprocessed) in [
        (GOODCITY, Some("1"), true),
        (GOODCITY, None, false),
        (GATEWAY, Some("1"), false),
        (GATEWAY, None, false),
    ] {
        let server = busy(body, retry_after).await;
        let client = goodcity::Client::builder(server.uri()).app_name("app");
        let client = client.retry(Backoff::none()).build().unwrap();
        let error = client.sign_in_with_pin(&mobile).await.unwrap_err();
        assert_eq!(error.is_retryable(), unprocessed, "{body} {retry_after:?}");
        assert!(error.retry_after().is_some(), "a wait: {error}");
        let again = client.sign_in_with_pin(&mobile).await.unwrap_err();
        let expected = match unprocessed {
            true => ErrorKind::Unavailable,
            false => ErrorKind::RateLimited,
        };
        assert_eq!(again.kind(), expected, "{body} {retry_after:?}");
    }
}

#[tokio::test]
async fn a_write_is_repeated_only_if_the_systems_own_words_say_so() {
    for (body, retry_after, requests) in [
        (WUNDER, Some("0"), 3),
        (WUNDER, None, 1),
        (GATEWAY, Some("0"), 1),
    ] {
        let server = busy(body, retry_after).await;
        let client = wunder::Client::builder(server.uri()).tenant("demo");
        let client = client.build().unwrap();
        let session = client.resume_with_tokens(Tokens::new("a-token", None));
        let session = session.await.unwrap();
        let sent = session.auth_api().two_factor_secret().send().await;
        assert_eq!(sent.unwrap_err().kind(), ErrorKind::Unavailable);
        let received = server.received_requests().await.unwrap();
        assert_eq!(received.len(), requests, "{body} {retry_after:?}");
    }
}

#[tokio::test]
async fn the_timer_of_one_contact_does_not_release_the_other() {
    for body in [FYND, GATEWAY] {
        let server = busy(body, None).await;
        let client = fynd::Client::builder("64b000000000000000000001")
            .application_token("test-token")
            .base_url(server.uri())
            .build()
            .unwrap();
        let mobile: Phone = "+919000000001".parse().unwrap();
        let form = client.sign_up("Asha").last_name("Rao");
        let form = form.phone(mobile.clone()).email("asha@example.com");
        let error = form.password("the-password").send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        let by_mobile = client.sign_in_with_phone_code(&mobile).send().await;
        let by_email = client.sign_in_with_email_code("asha@example.com");
        for again in [by_mobile.unwrap_err(), by_email.send().await.unwrap_err()] {
            assert_eq!(again.kind(), ErrorKind::RateLimited, "{again}");
        }
    }
}

#[tokio::test]
async fn an_object_of_a_gateway_is_not_the_systems() {
    for (body, own) in [(FYND, true), (GATEWAY, false), ("{}", false)] {
        let server = busy(body, None).await;
        let client = fynd::Client::builder("64b000000000000000000001")
            .application_token("test-token")
            .base_url(server.uri())
            .retry(Backoff::none())
            .build()
            .unwrap();
        let error = client.user_exists("asha@example.com").await.unwrap_err();
        assert_eq!(error.api_error::<fynd::ApiError>().is_some(), own, "{body}");
    }
}
