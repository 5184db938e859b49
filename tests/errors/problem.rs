//! The response that a back end gives for an error.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use vestibule::http::StatusCode;
use vestibule::testing::wiremock::matchers::any;
use vestibule::testing::wiremock::{Mock, MockServer, ResponseTemplate};
use vestibule::testing::{self, Fynd, FyndUser, GoodCity, GoodCityUser, Wunder, WunderUser};
use vestibule::{Delivery, Error, ErrorKind, Phone, Problem, System, fynd, goodcity, wunder};

fn json(error: &Error) -> Value {
    serde_json::to_value(error.problem()).unwrap()
}

#[test]
fn every_kind_has_a_name_a_status_and_a_problem_of_its_own() {
    let expected = [
        ("invalid_input", 400, true),
        ("unauthenticated", 401, true),
        ("rate_limited", 429, false),
        ("unavailable", 503, false),
        ("step_required", 403, true),
        ("rejected", 422, true),
        ("misconfigured", 500, false),
        ("unsupported", 501, true),
        ("invalid_response", 502, false),
    ];
    for (kind, (name, status, user_must_act)) in ErrorKind::ALL.into_iter().zip(expected) {
        assert_eq!((kind.as_str(), kind.to_string()), (name, name.to_owned()));
        assert_eq!(serde_json::to_value(kind).unwrap(), name);
        let error = testing::error(kind).build();
        assert_eq!(
            (error.http_status().as_u16(), error.error_type()),
            (status, name)
        );
        let problem = error.problem();
        assert_eq!((problem.status, problem.kind), (status, kind));
        assert_eq!(problem.user_must_act, user_must_act, "{kind}");
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(Some(problem.title), status.canonical_reason());
        assert!(!problem.detail.is_empty() && !error.to_string().is_empty());
    }
    assert_eq!(Problem::CONTENT_TYPE, "application/problem+json");
}

#[test]
fn the_guide_says_for_each_kind_which_status_and_which_text_the_user_gets() {
    let page = include_str!("../../src/guide/errors.md");
    for kind in ErrorKind::ALL {
        let mut rows = page.lines();
        let row = rows.find(|line| line.starts_with(&format!("| [`{kind:?}`]")));
        let cells: Vec<_> = row.unwrap().split(" | ").collect();
        let problem = testing::error(kind).build().problem();
        assert_eq!(cells[3], problem.status.to_string(), "{kind}");
        // That of an invalid input depends on the field.
        if kind != ErrorKind::InvalidInput {
            assert!(cells[4].contains(&format!("“{}”", problem.detail)), "{kind}");
        }
    }
}

#[test]
fn a_problem_tells_the_field_and_the_wait_and_nothing_of_the_server() {
    let invalid = testing::error(ErrorKind::InvalidInput)
        .field("mobile")
        .build();
    let expected = serde_json::json!({
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "`mobile` must be valid",
        "kind": "invalid_input",
        "field": "mobile",
        "user_must_act": true,
    });
    assert_eq!(json(&invalid), expected);

    let limited = testing::error(ErrorKind::RateLimited)
        .at(System::Wunder, "an_operation")
        .status(StatusCode::TOO_MANY_REQUESTS)
        .request_id("a-request")
        .retry_after(Duration::from_millis(29_001))
        .build();
    let expected = serde_json::json!({
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "Too many requests. Wait before the next one.",
        "kind": "rate_limited",
        "retry_after": 30,
        "user_must_act": false,
    });
    assert_eq!(json(&limited), expected);
}

#[test]
fn an_error_is_retryable_only_without_a_double_effect() {
    let of = |kind| testing::error(kind);
    let unavailable = || of(ErrorKind::Unavailable);
    for kind in ErrorKind::ALL {
        let expected = matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable);
        assert_eq!(
            of(kind).build().is_retryable(),
            expected,
            "{kind}, not sent"
        );
    }
    let unknown = || unavailable().delivery(Delivery::Unknown);
    assert!(!unknown().build().is_retryable());
    assert!(unknown().idempotent(true).build().is_retryable());
    let failed = unavailable().status(StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!failed.build().is_retryable());
    let busy = || unavailable().status(StatusCode::SERVICE_UNAVAILABLE);
    let wait = Duration::from_secs(1);
    assert!(
        !busy().retry_after(wait).build().is_retryable(),
        "a gateway's"
    );
    assert!(
        busy()
            .retry_after(wait)
            .api_error((), "")
            .build()
            .is_retryable()
    );
}

#[tokio::test]
async fn calls_say_whether_they_may_be_repeated() {
    let mock = GoodCity::start().await;
    mock.add_user(
        GoodCityUser::new("+85261234567".parse::<Phone>().unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let client = goodcity::Client::builder(mock.base_url()).app_name("app");
    let client = client.retry(vestibule::Backoff::none()).build().unwrap();
    let pending = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap();
    let pin = mock.outbox().last_code("+85261234567").unwrap();
    let session = pending.confirm(pin).await.unwrap().session;
    mock.fail_next("current_user_profile", 500);
    assert!(
        session.profile().await.unwrap_err().is_retryable(),
        "a read"
    );
    mock.fail_next("send_pin", 500);
    let error = client
        .sign_in_with_pin(&"+85261234568".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!error.is_retryable(), "the pin may have been sent");
}

/// What a back end shows of an error, as its user sees it.
fn shown(error: &Error) -> (StatusCode, Value) {
    (error.http_status(), json(error))
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_or_code_look_the_same() {
    let mock = Wunder::start().await;
    let client = wunder::Client::builder(mock.base_url()).tenant("demo");
    let client = client.signing_key(Wunder::SIGNING_KEY).build().unwrap();
    let ada = WunderUser::new().email("ada@example.org");
    mock.add_user(ada.password("the password"));
    let unknown = client.sign_in_with_password("unknown@example.org", "the password");
    let unknown = unknown.await.unwrap_err();
    let wrong = client.sign_in_with_password("ada@example.org", "another password");
    let wrong = wrong.await.unwrap_err();
    assert_eq!(shown(&unknown), shown(&wrong));
    assert_eq!(unknown.kind(), ErrorKind::Rejected);

    let mock = Fynd::start().await;
    let client = fynd::Client::builder("64b000000000000000000001")
        .application_token("test-token")
        .base_url(mock.base_url())
        .build()
        .unwrap();
    let asha = FyndUser::new("Asha").email("asha@example.com");
    mock.add_user(asha.password("the password"));
    let unknown = client.sign_in_with_password("unknown@example.com", "the password");
    let unknown = unknown.await.unwrap_err();
    let wrong = client.sign_in_with_password("asha@example.com", "another password");
    let wrong = wrong.await.unwrap_err();
    assert_eq!(shown(&unknown), shown(&wrong));

    let mock = GoodCity::start().await;
    mock.add_user(
        GoodCityUser::new("+85261234567".parse::<Phone>().unwrap())
            .first_name("Ada")
            .last_name("Wong"),
    );
    let client = goodcity::Client::builder(mock.base_url()).app_name("app");
    let client = client.build().unwrap();
    let known = client
        .sign_in_with_pin(&"+85261234567".parse().unwrap())
        .await
        .unwrap();
    let unknown = client
        .sign_in_with_pin(&"+85261234568".parse().unwrap())
        .await
        .unwrap();
    let pin = mock.outbox().last_code("+85261234567").unwrap();
    let other = if pin == "0000" { "1111" } else { "0000" };
    let wrong = known.confirm(other).await.unwrap_err().error;
    let unknown = unknown.confirm(other).await.unwrap_err().error;
    assert_eq!(shown(&unknown), shown(&wrong));
    assert!(wrong.to_string().contains("code not accepted"), "{wrong}");
}

#[tokio::test]
async fn a_code_or_password_is_blamed_only_where_the_system_does() {
    let server = MockServer::start().await;
    let client = wunder::Client::builder(server.uri()).tenant("demo");
    let client = client.build().unwrap();
    let tokens = vestibule::session::Tokens::new("a-token", None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let (api, own_api) = (client.user_api(), session.user_api());
    for (status, code, blames) in [
        (400, "U141", [false, false, false]),
        (400, "U102", [false, false, false]),
        (400, "U101", [false, false, false]),
        (403, "AUTH1", [false, true, true]),
        (400, "U302", [false, false, true]),
    ] {
        server.reset().await;
        let body = serde_json::json!({ "errorCode": code });
        let refusal = ResponseTemplate::new(status).set_body_json(body);
        let mock = Mock::given(any()).respond_with(refusal);
        mock.mount(&server).await;
        let customer = vestibule::wunder::user_api::types::NewCustomer::default();
        let errors = [
            api.create_customer().body(customer).send().await.map(drop),
            client
                .sign_in_with_password("ada@example.org", "a password")
                .await
                .map(drop),
            own_api
                .check_phone_verification("123456")
                .send()
                .await
                .map(drop),
        ];
        for (error, blames) in errors.into_iter().zip(blames) {
            let error = error.unwrap_err();
            let text = error.to_string();
            let blamed = text.contains("wrong code") || text.contains("not accepted");
            assert_eq!(blamed, blames, "{code}: {error}");
        }
    }
}

/// Every documented code of Wunder, and whether it is shown with and without a session.
const WUNDER_CODES: [(&str, bool, bool); 18] = [
    ("U101", true, true),
    ("U102.1", false, false),
    ("U104", false, false),
    ("U106", false, false),
    ("U107", false, false),
    ("U109", false, false),
    ("U111", true, true),
    ("U120", false, true),
    ("U130.4", false, true),
    ("U131", false, false),
    ("U132", true, true),
    ("U134", false, true),
    ("U141.2", false, false),
    ("U301", false, true),
    ("U602", false, true),
    ("A101", false, false),
    ("A201", false, false),
    ("AUTH1", false, false),
];

#[tokio::test]
async fn a_code_is_shown_only_if_it_tells_nothing_about_accounts() {
    let server = MockServer::start().await;
    let client = wunder::Client::builder(server.uri()).tenant("demo");
    let client = client.retry(vestibule::Backoff::none()).build().unwrap();
    let tokens = vestibule::session::Tokens::new("a-token", None);
    let mut seen = BTreeSet::new();
    for (code, without_session, with_session) in WUNDER_CODES {
        let body = serde_json::json!({
            "errorCode": code,
            "userMessage": "Ada (+43123456789, ada@example.org) is known here",
        });
        server.reset().await;
        let refusal = ResponseTemplate::new(400).set_body_json(body);
        Mock::given(any())
            .respond_with(refusal)
            .mount(&server)
            .await;
        let session = client.resume_with_tokens(tokens.clone()).await.unwrap();
        let anonymous = client.sign_in_with_password("ada@example.org", "a password");
        let anonymous = anonymous.await.unwrap_err();
        let signed_in = session.profile().await.unwrap_err();
        // A call that carries no code.
        let code_call = client.user_api();
        let other = code_call.resend_email_verification("ada@example.org");
        let other = other.send().await.unwrap_err();
        assert_eq!(
            (other.kind(), other.http_status()),
            (anonymous.kind(), anonymous.http_status()),
            "{other}"
        );
        for (error, is_shown) in [(anonymous, without_session), (signed_in, with_session)] {
            let problem = error.problem();
            assert_eq!(problem.code.is_some(), is_shown, "{code}: {error}");
            assert_eq!(error.code(), Some(code), "the log tells it");
            let problem = json(&error).to_string();
            for secret in ["Ada", "+43", "example.org"] {
                assert!(!problem.contains(secret), "{problem}");
            }
            seen.extend(error.problem().code);
        }
    }
    assert_eq!(seen.len(), 8);
}
