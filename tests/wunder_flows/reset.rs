//! A forgotten password is reset by a code.

use std::time::Duration;

use vestibule::{ErrorKind, NewPassword};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

const NEW: &str = "a better horse";

#[tokio::test]
async fn a_password_is_set_by_the_code_that_was_sent() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let reset = client.reset_password_by_code(EMAIL).await.unwrap();
    assert_eq!(mock.signatures_seen(), 1);
    assert_eq!(reset.email().as_str(), EMAIL);
    let sent = code_to(&mock, EMAIL);
    let returned = reset
        .set_password(other_than(&sent), vestibule::NewPassword::new(NEW))
        .await
        .unwrap_err();
    assert_eq!(returned.error.code(), Some("U107"));
    let returned = returned
        .state
        .set_password(sent.as_str(), vestibule::NewPassword::new("short"))
        .await;
    let returned = returned.unwrap_err();
    assert_eq!(returned.error.code(), Some("U101.1"));
    returned
        .state
        .set_password(sent, vestibule::NewPassword::new(NEW))
        .await
        .unwrap();
    session(client.sign_in_with_password(EMAIL, NEW).await.unwrap());
    assert_eq!(
        code(client.sign_in_with_password(EMAIL, PASSWORD).await),
        "U107"
    );
}

#[tokio::test]
async fn a_reset_is_resumed_by_its_id_and_finished_once() {
    let mock = Wunder::start().await;
    let wait = Duration::from_secs(30);
    let client = builder(&mock).resend_wait(wait).build().unwrap();
    mock.add_user(ada());
    let first = client.reset_password_by_code(EMAIL).await.unwrap();
    let id = first.id().clone();
    let mut reset = client.resume_password_reset(&id).await.unwrap();
    assert_eq!(kind(reset.resend().await), ErrorKind::RateLimited);
    mock.clock().advance(wait);
    reset.resend().await.unwrap();
    reset
        .set_password(code_to(&mock, EMAIL), vestibule::NewPassword::new(NEW))
        .await
        .unwrap();
    assert_eq!(
        kind(client.resume_password_reset(&id).await),
        ErrorKind::Unauthenticated
    );
    let late = first
        .set_password("123456", vestibule::NewPassword::new(NEW))
        .await;
    assert_eq!(kind(late), ErrorKind::Unauthenticated);
    assert_eq!(mock.count("set_password"), 1);
}

#[tokio::test]
async fn a_reset_and_a_sign_in_of_one_mailbox_do_not_void_each_other() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let pending = client
        .sign_in_with_email_code(EMAIL)
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let login = code_to(&mock, EMAIL);
    let reset = client.reset_password_by_code(EMAIL).await.unwrap();
    let reset_code = code_to(&mock, EMAIL);
    // The id of the reset is not valid for a sign-in.
    let mixed_up = client.resume_challenge(reset.id()).await;
    assert_eq!(kind(mixed_up), ErrorKind::Unauthenticated);
    let mixed_up = client.resume_password_reset(pending.id()).await;
    assert_eq!(kind(mixed_up), ErrorKind::Unauthenticated);
    session(pending.confirm(login).await.unwrap());
    reset
        .set_password(reset_code, vestibule::NewPassword::new(NEW))
        .await
        .unwrap();
}

#[tokio::test]
async fn after_five_wrong_reset_codes_nothing_is_sent() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let mut reset = client.reset_password_by_code(EMAIL).await.unwrap();
    let right = code_to(&mock, EMAIL);
    for _ in 0..5 {
        let wrong = reset
            .set_password(other_than(&right), vestibule::NewPassword::new(NEW))
            .await;
        reset = wrong.unwrap_err().state;
    }
    assert_eq!(
        kind(
            reset
                .set_password(right, vestibule::NewPassword::new(NEW))
                .await
        ),
        ErrorKind::StepRequired
    );
    assert_eq!(mock.count("set_password"), 5);
}

#[tokio::test]
async fn a_link_sets_a_password_without_a_state() {
    let (mock, client) = start().await;
    mock.add_user(ada());
    let _ = client.reset_password_by_code(EMAIL).await.unwrap();
    let sent = code_to(&mock, EMAIL);
    assert_eq!(
        field(
            client
                .set_password("", vestibule::NewPassword::new(NEW))
                .await
        ),
        "code"
    );
    assert_eq!(
        field(
            client
                .set_password("../x", vestibule::NewPassword::new(NEW))
                .await
        ),
        "code"
    );
    assert_eq!(
        field(
            client
                .set_password(sent.as_str(), vestibule::NewPassword::new(""))
                .await
        ),
        "password"
    );
    assert_eq!(mock.count("set_password"), 0);
    client
        .set_password(sent.as_str(), vestibule::NewPassword::new(NEW))
        .await
        .unwrap();
    assert_eq!(
        code(
            client
                .set_password(sent, vestibule::NewPassword::new(NEW))
                .await
        ),
        "U107"
    );
    session(client.sign_in_with_password(EMAIL, NEW).await.unwrap());
}

#[tokio::test]
async fn the_code_of_a_link_is_sent_byte_for_byte_and_typed_digits_without_separators() {
    let server = MockServer::start().await;
    let every = Mock::given(any()).respond_with(ResponseTemplate::new(200));
    every.mount(&server).await;
    let client = Client::builder(server.uri()).tenant("t").build().unwrap();
    let uuid = "7b0e5f3a-1111-4222-8333-944455566677";
    let cases = [
        (uuid, uuid),
        ("ABCD-1234", "ABCD-1234"),
        ("a.b_c~d", "a.b_c~d"),
        (" 123-456\n", "123456"),
        ("１２３ ４５６", "123456"),
    ];
    for (at, (given, sent)) in cases.into_iter().enumerate() {
        let reset = client.reset_password_by_code(format!("a{at}@x.org"));
        let mut reset = reset.await.unwrap();
        server.reset().await;
        let every = Mock::given(any()).respond_with(ResponseTemplate::new(200));
        every.mount(&server).await;
        for malformed in ["", " ", "..", "a/b", "AB CD", "ABCD-1234\n", "AB\u{2011}12"] {
            let failed = reset.set_password(malformed, NewPassword::new(NEW)).await;
            let failed = failed.unwrap_err();
            assert_eq!(failed.error.field(), Some("code"), "{malformed:?}");
            reset = failed.state;
        }
        reset
            .set_password(given, NewPassword::new(NEW))
            .await
            .unwrap();
        let requests = server.received_requests().await.unwrap();
        let paths: Vec<&str> = requests.iter().map(|request| request.url.path()).collect();
        assert_eq!(paths, [format!("/t/auth/set-password/{sent}")]);
    }
}

#[tokio::test]
async fn an_unknown_address_looks_like_a_known_one() {
    let (mock, client) = start().await;
    let reset = client.reset_password_by_code("unknown@example.org").await;
    let reset = reset.unwrap();
    assert!(mock.outbox().last_code("unknown@example.org").is_none());
    assert_eq!(
        code(
            reset
                .set_password("123456", vestibule::NewPassword::new(NEW))
                .await
        ),
        "U107"
    );
    assert_eq!(field(client.reset_password_by_code("..").await), "email");
    let unsigned = Client::builder(mock.base_url())
        .tenant("tenant01")
        .build()
        .unwrap();
    let before = mock.signatures_seen();
    let _ = unsigned.reset_password_by_code(EMAIL).await.unwrap();
    assert_eq!(mock.signatures_seen(), before);
}
