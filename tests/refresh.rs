//! Sessions whose access token expires.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;
#[path = "refresh/unsendable.rs"]
mod unsendable;

use std::sync::Arc;
use std::time::Duration;

use vestibule::session::Tokens;
use vestibule::store::MemoryStore;
use vestibule::testing::Wunder;
use vestibule::wunder::{Client, Session, SignIn};
use vestibule::{CallOptions, ErrorKind, Secret};

const PHONE: &str = "+43123456789";
const PAST_EXPIRY: Duration = Duration::from_secs(5 * 3600 + 1);

struct Fixture {
    mock: Wunder,
    store: Arc<MemoryStore>,
    client: Client,
    session: Session,
}

fn client(mock: &Wunder, store: &Arc<MemoryStore>) -> Client {
    Client::builder(mock.base_url())
        .tenant("tenant01")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone())
        .store(store.clone())
        .build()
        .unwrap()
}

async fn signed_in() -> Fixture {
    let mock = Wunder::start().await;
    let store = Arc::new(MemoryStore::new());
    let client = client(&mock, &store);
    let pending = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let code = mock.outbox().last_code(PHONE).unwrap();
    let SignIn::SignedIn(session) = pending.confirm(code).await.unwrap() else {
        panic!("no second factor was expected");
    };
    Fixture {
        mock,
        store,
        client,
        session,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_on_an_expired_token_cause_one_refresh() {
    let Fixture { mock, session, .. } = signed_in().await;
    mock.clock().advance(PAST_EXPIRY);
    mock.delay("refresh_token", Duration::from_millis(100));
    let calls: Vec<_> = (0..1_000)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.profile().await })
        })
        .collect();
    let mut done = 0;
    for call in calls {
        call.await.unwrap().unwrap();
        done += 1;
    }
    let refreshes = mock.count("refresh_token");
    support::proof(
        "refresh-storm",
        &format!("calls={done} refreshes={refreshes}"),
    );
    assert_eq!((done, refreshes), (1_000, 1));
}

#[tokio::test]
async fn a_caller_dropped_in_the_middle_of_a_refresh_loses_no_token() {
    let Fixture {
        mock,
        store,
        client: first,
        session,
    } = signed_in().await;
    mock.clock().advance(PAST_EXPIRY);
    mock.delay("refresh_token", Duration::from_millis(300));
    let dropped = tokio::time::timeout(Duration::from_millis(100), session.profile()).await;
    assert!(
        dropped.is_err(),
        "the caller must be dropped while the refresh runs"
    );
    assert_eq!(mock.count("get_customer"), 0);
    first.shutdown(Duration::from_secs(5)).await.unwrap();

    // Another client knows only the stored session; the server would refuse the old refresh token.
    let second = client(&mock, &store);
    let resumed = second.resume_session(session.id()).await.unwrap();
    resumed.profile().await.unwrap();
    assert_eq!(mock.count("refresh_token"), 1);
}

#[tokio::test]
async fn each_refresh_presents_the_newest_refresh_token() {
    let Fixture { mock, session, .. } = signed_in().await;
    for refreshes in 1..=3 {
        mock.clock().advance(PAST_EXPIRY);
        session.profile().await.unwrap();
        assert_eq!(mock.count("refresh_token"), refreshes);
    }
}

#[tokio::test]
async fn a_rejected_token_is_refreshed_and_the_call_replayed_once() {
    let Fixture { mock, session, .. } = signed_in().await;
    mock.revoke_access_tokens();
    // A token that is seconds old gets another try.
    mock.clock().advance(Duration::from_secs(11));
    session.profile().await.unwrap();
    assert_eq!(mock.count("refresh_token"), 1);
    assert_eq!(mock.count("get_customer"), 2);
}

#[tokio::test]
async fn a_bare_401_right_after_a_refresh_fails_the_call_and_keeps_the_session() {
    let Fixture { mock, session, .. } = signed_in().await;
    mock.fail_next("get_customer", 401);
    mock.fail_next("get_customer", 401);
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(mock.count("refresh_token"), 1);
    assert!(!error.session_ended());
    session.profile().await.unwrap();
    assert_eq!(mock.count("refresh_token"), 1);
}

#[tokio::test]
async fn a_refused_refresh_ends_the_session_and_later_calls_stay_local() {
    let Fixture {
        mock,
        store,
        session,
        ..
    } = signed_in().await;
    mock.revoke_refresh_tokens();
    mock.clock().advance(PAST_EXPIRY);
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let calls = mock.journal().len();
    for _ in 0..10 {
        let error = session.profile().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
    assert!(session.access_token().await.is_err());
    assert_eq!(mock.journal().len(), calls);
    assert!(
        client(&mock, &store)
            .resume_session(session.id())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_transient_refresh_failure_does_not_end_the_session() {
    let Fixture { mock, session, .. } = signed_in().await;
    mock.clock().advance(PAST_EXPIRY);
    mock.fail_next("refresh_token", 500);
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(session.shared().ended(), None);
    session.profile().await.unwrap();
}

#[tokio::test]
async fn a_token_near_its_expiry_is_refreshed_early_and_used_meanwhile() {
    let Fixture {
        mock,
        client,
        session,
        ..
    } = signed_in().await;
    mock.clock().advance(PAST_EXPIRY - Duration::from_secs(30));
    mock.fail_next("refresh_token", 500);
    session.profile().await.unwrap();
    assert_eq!(
        mock.count("get_customer"),
        1,
        "the call did not wait for the refresh"
    );
    client.shutdown(Duration::from_secs(5)).await.unwrap();
    assert_eq!(mock.count("refresh_token"), 1);
    session.profile().await.unwrap();
}

#[tokio::test]
async fn imported_tokens_are_refreshed_and_used_for_custom_requests() {
    let Fixture {
        mock,
        client,
        session,
        ..
    } = signed_in().await;
    let access = session.access_token().await.unwrap();
    let mut tokens = Tokens::new(access.clone(), None);
    tokens.refresh = Some(Secret::from("unknown to the server"));
    let other = client.resume_with_tokens(tokens).await.unwrap();
    assert_eq!(other.access_token().await.unwrap(), access);
    let profile = other
        .request(http::Method::GET, "/front/customers")
        .send::<serde_json::Value>()
        .await
        .unwrap();
    assert_eq!(profile["phoneNumber"], PHONE);
    for wrong in ["front", "//evil", "/a/../b", "/a?b", "/%2e%2e/b"] {
        let error = other
            .request(http::Method::GET, wrong)
            .send::<()>()
            .await
            .unwrap_err();
        assert_eq!(error.field(), Some("path"), "{wrong}");
    }
    mock.clock().advance(PAST_EXPIRY);
    assert_eq!(
        other.profile().await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    session.profile().await.unwrap();
}

#[tokio::test]
async fn signing_out_ends_the_session_here_even_if_the_server_fails() {
    let Fixture { mock, session, .. } = signed_in().await;
    mock.fail_next("logout", 500);
    let other_handle = session.clone();
    assert_eq!(
        session.sign_out().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(
        other_handle.profile().await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    assert_eq!(mock.count("get_customer"), 0);
}

#[tokio::test]
async fn a_refused_early_refresh_leaves_the_token_in_use_until_it_expires() {
    let Fixture {
        mock,
        client,
        session,
        ..
    } = signed_in().await;
    mock.clock().advance(PAST_EXPIRY - Duration::from_secs(30));
    mock.revoke_refresh_tokens();
    session.profile().await.unwrap();
    client.shutdown(Duration::from_secs(5)).await.unwrap();
    for _ in 0..3 {
        session.profile().await.unwrap();
    }
    assert_eq!(
        mock.count("refresh_token"),
        1,
        "a refused token is not sent again"
    );
    mock.clock().advance(Duration::from_secs(60));
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(mock.count("refresh_token"), 1);
}

#[tokio::test]
async fn a_session_ended_elsewhere_is_not_revived_by_a_refresh() {
    let Fixture {
        mock,
        store,
        session,
        ..
    } = signed_in().await;
    let other = client(&mock, &store);
    let same = other.resume_session(session.id()).await.unwrap();
    mock.fail_next("logout", 500);
    let _ = same.sign_out().await;
    mock.clock().advance(PAST_EXPIRY);
    let _ = session.profile().await;
    assert_eq!(
        session.profile().await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    assert!(
        client(&mock, &store)
            .resume_session(session.id())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn signing_out_ends_the_session_before_the_server_responds() {
    let Fixture {
        mock,
        store,
        session,
        ..
    } = signed_in().await;
    mock.delay("logout", Duration::from_secs(3600));
    let other_handle = session.clone();
    let signing_out = tokio::spawn(session.sign_out());
    while mock.count("logout") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(
        other_handle.profile().await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    assert!(
        client(&mock, &store)
            .resume_session(other_handle.id())
            .await
            .is_err()
    );
    assert!(
        !signing_out.is_finished(),
        "the server has not responded yet"
    );
    signing_out.abort();
}

#[tokio::test]
async fn signing_out_with_an_expired_token_hands_the_newest_refresh_token_back() {
    let Fixture { mock, session, .. } = signed_in().await;
    mock.clock().advance(PAST_EXPIRY);
    session.sign_out().await.unwrap();
    assert_eq!((mock.count("refresh_token"), mock.count("logout")), (1, 1));
}

#[tokio::test]
async fn a_session_ended_on_one_instance_is_refused_on_others_after_revalidation() {
    let Fixture {
        mock,
        store,
        session,
        ..
    } = signed_in().await;
    let other = client(&mock, &store)
        .resume_session(session.id())
        .await
        .unwrap();
    // The server does not learn of it, so only the store can say that the session has ended.
    mock.fail_next("logout", 500);
    let _ = session.sign_out().await;
    other.profile().await.unwrap();
    mock.clock().advance(Duration::from_secs(31));
    assert_eq!(
        other.profile().await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    assert_eq!(mock.count("get_customer"), 1);
}

#[tokio::test]
async fn tokens_refreshed_by_another_instance_are_used_after_revalidation() {
    let Fixture {
        mock,
        store,
        session,
        ..
    } = signed_in().await;
    let other = client(&mock, &store)
        .resume_session(session.id())
        .await
        .unwrap();
    mock.clock().advance(PAST_EXPIRY);
    session.profile().await.unwrap();
    other.profile().await.unwrap();
    assert_eq!(mock.count("refresh_token"), 1);
    assert_eq!(
        session.access_token().await.unwrap(),
        other.access_token().await.unwrap()
    );
}

#[tokio::test]
async fn a_failed_refresh_backs_off_before_the_next() {
    let Fixture { mock, session, .. } = signed_in().await;
    mock.clock().advance(PAST_EXPIRY);
    for _ in 0..3 {
        mock.fail_next("refresh_token", 500);
        session.profile().await.unwrap_err();
    }
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let session = session.clone();
            tokio::spawn(async move { session.profile().await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(mock.count("refresh_token"), 4);
}

#[tokio::test]
async fn a_code_is_not_replayed_after_a_401_that_names_the_token() {
    use vestibule::testing::wiremock::matchers::path_regex;
    use vestibule::testing::wiremock::{Mock, MockServer, ResponseTemplate};

    let server = MockServer::start().await;
    let json = |status, body: &str| {
        ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json")
    };
    for (path, response) in [
        ("/verify/check/", json(401, r#"{"errorCode": "A201"}"#)),
        ("/refresh-token$", json(200, r#"{"accessToken": "new"}"#)),
    ] {
        let mock = Mock::given(path_regex(path)).respond_with(response);
        mock.mount(&server).await;
    }
    let clock = vestibule::testing::TestClock::new();
    let client = Client::builder(server.uri()).tenant("demo");
    let client = client.clock(clock.clone()).build().unwrap();
    let tokens = Tokens::new("old", Some("a-refresh-token".into()));
    let session = client.resume_with_tokens(tokens).await.unwrap();
    // A token that is seconds old gets another try.
    clock.advance(Duration::from_secs(11));
    let api = session.user_api();
    let call = api.check_phone_verification("123456");
    let error = call.send().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Unavailable, 1)
    );
    assert!(error.to_string().contains("not checked"), "{error}");
    assert_eq!(error.code(), Some("A201"));
    assert!(error.is_retryable(), "{error}");
    let requests = server.received_requests().await.unwrap();
    let codes = requests.iter().filter(|it| it.url.path().contains("check"));
    assert_eq!((codes.count(), requests.len()), (1, 2), "and a refresh");
    assert_eq!(session.shared().ended(), None);
    assert_eq!(
        session.access_token().await.unwrap().token().expose(),
        "new"
    );
}

#[tokio::test]
async fn options_apply_to_the_access_token_and_to_the_sign_out() {
    let f = signed_in().await;
    let brief = CallOptions::new().deadline(Duration::from_millis(100));
    f.mock.clock().advance(PAST_EXPIRY);
    f.mock.delay("refresh_token", Duration::from_secs(3600));
    let limited = f.session.with_options(brief.idempotent(true));
    let started = std::time::Instant::now();
    let error = limited.access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(started.elapsed() < Duration::from_secs(5), "{error}");
    assert_eq!(limited.shared().ended(), None);

    let invalid = CallOptions::new().header("authorization", "Bearer x");
    let error = f
        .session
        .with_options(invalid)
        .sign_out()
        .await
        .unwrap_err();
    assert_eq!(error.field(), Some("authorization"), "{error}");
    assert_eq!(f.session.shared().ended(), None, "the session lives");
}

#[tokio::test]
async fn a_sign_out_has_its_own_deadline_and_ignores_idempotent() {
    let f = signed_in().await;
    f.mock.clock().advance(PAST_EXPIRY);
    f.mock.delay("refresh_token", Duration::from_secs(3600));
    let brief = CallOptions::new().deadline(Duration::from_millis(100));
    let started = std::time::Instant::now();
    let error = f.session.with_options(brief).sign_out().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(started.elapsed() < Duration::from_secs(5), "{error}");

    let f = signed_in().await;
    let idempotent = CallOptions::new().idempotent(true);
    f.session.with_options(idempotent).sign_out().await.unwrap();
    assert_eq!(f.mock.count("logout"), 1);
}
