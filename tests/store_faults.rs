//! No token is lost when a session store fails.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use vestibule::session::Tokens;
use vestibule::store::{Fence, MemoryStore, Record, SessionStore, StoreError, StoreKey, Version};
use vestibule::testing::Wunder;
use vestibule::wunder::{Client, Session, SignIn};
use vestibule::{BoxFuture, ErrorKind, Secret};

const PHONE: &str = "+43123456789";
const PAST_EXPIRY: Duration = Duration::from_secs(5 * 3600 + 1);

/// A store in memory that can be switched off.
#[derive(Default)]
struct Flaky {
    inner: MemoryStore,
    down: AtomicBool,
}

impl Flaky {
    fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn check<'a, T: Send + 'a>(
        &'a self,
        step: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        if self.down.load(Ordering::SeqCst) {
            let error = StoreError::Unavailable(io::ErrorKind::ConnectionRefused);
            return Box::pin(std::future::ready(Err(error)));
        }
        step
    }
}

impl SessionStore for Flaky {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        self.check(self.inner.load(key))
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        if self.down.load(Ordering::SeqCst) {
            return self.check(Box::pin(std::future::pending()));
        }
        self.inner.create(key, record, time_to_live)
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        if self.down.load(Ordering::SeqCst) {
            return self.check(Box::pin(std::future::pending()));
        }
        self.inner
            .compare_and_swap(key, expected, record, time_to_live, fence)
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        if self.down.load(Ordering::SeqCst) {
            return self.check(Box::pin(std::future::pending()));
        }
        self.inner.delete(key)
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        self.check(self.inner.acquire(key, time_to_live))
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.check(self.inner.extend(key, fence, time_to_live))
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.check(self.inner.release(key, fence))
    }
}

fn client_of(mock: &Wunder, store: &Arc<Flaky>, tenant: &str) -> Client {
    Client::builder(mock.base_url())
        .tenant(tenant)
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone())
        .store(store.clone())
        .build()
        .unwrap()
}

fn client(mock: &Wunder, store: &Arc<Flaky>) -> Client {
    client_of(mock, store, "tenant01")
}

async fn sign_in(mock: &Wunder, client: &Client) -> Session {
    let pending = client
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    let code = mock.outbox().last_code(PHONE).unwrap();
    match pending.confirm(code).await.unwrap() {
        SignIn::SignedIn(session) => session,
        SignIn::MfaRequired(_) => panic!("no second factor was expected"),
    }
}

#[tokio::test]
async fn unsaved_tokens_are_used_and_saved_when_the_store_recovers() {
    let mock = Wunder::start().await;
    let store = Arc::new(Flaky::default());
    let first = client(&mock, &store);
    let session = sign_in(&mock, &first).await;
    mock.clock().advance(PAST_EXPIRY);
    mock.delay("refresh_token", Duration::from_millis(200));
    let call = tokio::spawn({
        let session = session.clone();
        async move { session.profile().await }
    });
    while mock.count("refresh_token") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    store.set_down(true);
    call.await.unwrap().unwrap();
    store.set_down(false);
    first.shutdown(Duration::from_secs(10)).await.unwrap();
    let resumed = client(&mock, &store)
        .resume_session(session.id())
        .await
        .unwrap();
    resumed.profile().await.unwrap();
    assert_eq!(mock.count("refresh_token"), 1);
}

#[tokio::test]
async fn no_refresh_token_is_sent_while_the_store_is_down() {
    let mock = Wunder::start().await;
    let store = Arc::new(Flaky::default());
    let session = sign_in(&mock, &client(&mock, &store)).await;
    mock.clock().advance(PAST_EXPIRY);
    store.set_down(true);
    let error = session.profile().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(mock.count("refresh_token"), 0);
    assert_eq!(session.shared().ended(), None);
    store.set_down(false);
    session.profile().await.unwrap();
    assert_eq!(mock.count("refresh_token"), 1);
}

#[tokio::test]
async fn a_user_who_signs_in_while_the_store_is_down_is_signed_in() {
    let mock = Wunder::start().await;
    let store = Arc::new(Flaky::default());
    let first = client(&mock, &store);
    let pending = first
        .sign_in_with_phone_code(&PHONE.parse().unwrap())
        .branch_id("2")
        .send()
        .await
        .unwrap();
    store.set_down(true);
    let code = mock.outbox().last_code(PHONE).unwrap();
    let Ok(SignIn::SignedIn(session)) = pending.confirm(code).await else {
        panic!("the code is valid");
    };
    session.profile().await.unwrap();
    store.set_down(false);
    first.shutdown(Duration::from_secs(10)).await.unwrap();
    let resumed = client(&mock, &store)
        .resume_session(session.id())
        .await
        .unwrap();
    resumed.profile().await.unwrap();
}

#[tokio::test]
async fn a_session_ended_while_the_store_is_down_is_removed_when_it_recovers() {
    let mock = Wunder::start().await;
    let store = Arc::new(Flaky::default());
    let first = client(&mock, &store);
    let session = sign_in(&mock, &first).await;
    let id = session.id().clone();
    store.set_down(true);
    assert_eq!(
        session.sign_out().await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    assert_eq!(
        first.resume_session(&id).await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    store.set_down(false);
    first.shutdown(Duration::from_secs(10)).await.unwrap();
    let error = client(&mock, &store).resume_session(&id).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn the_loser_of_a_refresh_race_uses_the_winners_tokens() {
    let mock = Wunder::start().await;
    let store = Arc::new(Flaky::default());
    let (one, other) = (client(&mock, &store), client(&mock, &store));
    let winner = sign_in(&mock, &one).await;
    let loser = other.resume_session(winner.id()).await.unwrap();
    mock.clock().advance(PAST_EXPIRY);
    winner.profile().await.unwrap();
    loser.profile().await.unwrap();
    assert_eq!(
        loser.access_token().await.unwrap(),
        winner.access_token().await.unwrap()
    );
    assert_eq!(loser.shared().ended(), None);
}

#[tokio::test]
async fn a_stored_session_is_resumed_by_its_own_tenant_only() {
    let mock = Wunder::start().await;
    let store = Arc::new(Flaky::default());
    let session = sign_in(&mock, &client(&mock, &store)).await;
    let other_tenant = client_of(&mock, &store, "tenant02");
    let error = other_tenant.resume_session(session.id()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.to_string().contains("tenant"), "{error}");
}

#[tokio::test]
async fn a_short_lived_token_is_not_refreshed_with_every_call() {
    let mock = Wunder::start().await;
    mock.set_access_lifetime(40);
    let store = Arc::new(Flaky::default());
    let session = sign_in(&mock, &client(&mock, &store)).await;
    for _ in 0..20 {
        session.profile().await.unwrap();
        mock.clock().advance(Duration::from_secs(1));
    }
    assert_eq!(mock.count("refresh_token"), 0, "half of its life is left");
    mock.clock().advance(Duration::from_secs(12));
    for _ in 0..20 {
        mock.fail_next("refresh_token", 500);
        session.profile().await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(
        mock.count("refresh_token") <= 1,
        "a failed early refresh is not retried at once"
    );
}

#[tokio::test]
async fn a_gateways_page_does_not_end_a_session() {
    let mock = Wunder::start().await;
    let store = Arc::new(Flaky::default());
    let session = sign_in(&mock, &client(&mock, &store)).await;
    mock.clock().advance(PAST_EXPIRY);
    for (status, kind) in [
        // A 404 without a code is that of an unknown tenant or path.
        (404, ErrorKind::Misconfigured),
        (403, ErrorKind::Unavailable),
        (400, ErrorKind::Unavailable),
    ] {
        mock.fail_next("refresh_token", status);
        let error = session.profile().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(session.shared().ended(), None);
        // A refusal in unknown words pauses the refresh.
        mock.clock().advance(Duration::from_secs(31));
    }
    session.profile().await.unwrap();
}

#[tokio::test]
async fn a_custom_request_shows_no_secret_and_cannot_climb_the_path() {
    let mock = Wunder::start().await;
    let client = client(&mock, &Arc::new(Flaky::default()));
    let tokens = Tokens::new("an access token", None);
    let session = client.resume_with_tokens(tokens).await.unwrap();
    let get = || http::Method::GET;
    let request = session
        .request(get(), "/front/secret-path")
        .query("signature", "hidden");
    let request = request.json(&serde_json::json!({"code": Secret::from("4711")}));
    let shown = format!("{request:?}");
    assert!(
        !shown.contains("hidden") && !shown.contains("secret-path"),
        "{shown}"
    );
    for climbing in ["/.\t./.\n./other", "/a /b", "/a\r/b", "/\u{a0}"] {
        let error = session
            .request(get(), climbing)
            .send::<()>()
            .await
            .unwrap_err();
        assert_eq!(error.field(), Some("path"), "{climbing:?}");
    }
    assert!(mock.journal().is_empty());
}
