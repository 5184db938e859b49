//! Sessions that continue after their token expires, because the caller authenticates again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use vestibule::store::{MemoryStore, SessionStore};
use vestibule::walletcrew::{Login, NextLogin};

use super::*;

/// The caller's response, and how often it was asked.
#[derive(Clone)]
struct Caller {
    asked: Arc<AtomicUsize>,
    response: Arc<dyn Fn() -> NextLogin + Send + Sync>,
}

impl Caller {
    fn new(response: impl Fn() -> NextLogin + Send + Sync + 'static) -> Self {
        Self {
            asked: Arc::default(),
            response: Arc::new(response),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn login(code: impl Into<Secret>) -> NextLogin {
    NextLogin::With(Login::new("otp", &otp(code)).unwrap())
}

/// Returns the newest code of the outbox.
fn with_newest_code(mock: &WalletCrew) -> Caller {
    let outbox = mock.outbox().clone();
    Caller::new(move || login(outbox.last_code(EMAIL).unwrap()))
}

fn client_of(mock: &WalletCrew, caller: &Caller, store: &Arc<dyn SessionStore>) -> Client {
    let caller = caller.clone();
    Client::builder(mock.base_url())
        .tenant("tenant-01")
        .clock(mock.clock().clone())
        .store(store.clone())
        .authenticate_again(move |ending| {
            let caller = caller.clone();
            async move {
                let claims: Value = ending.claims().unwrap();
                assert_eq!(claims["sub"], "customer-0001");
                caller.asked.fetch_add(1, Ordering::SeqCst);
                (caller.response)()
            }
        })
        .build()
        .unwrap()
}

fn memory() -> Arc<dyn SessionStore> {
    Arc::new(MemoryStore::new())
}

/// A signed-in customer, and a code in the outbox for the next login.
async fn signed_in(mock: &WalletCrew, client: &Client) -> Session {
    let session = sign_in(mock, client).await;
    let _ = challenge(client).await;
    session
}

#[tokio::test]
async fn concurrent_calls_on_an_expiring_token_authenticate_once_on_all_instances() {
    let mock = WalletCrew::start().await;
    let (caller, store) = (with_newest_code(&mock), memory());
    let here = client_of(&mock, &caller, &store);
    let session = signed_in(&mock, &here).await;
    let there = client_of(&mock, &caller, &store);
    let same = there.resume_session(session.id()).await.unwrap();
    mock.clock().advance(A_DAY);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..25 {
        for session in [session.clone(), same.clone()] {
            calls.spawn(async move { session.profile::<Value>().await.map(drop) });
        }
    }
    for called in calls.join_all().await {
        called.unwrap();
    }
    assert_eq!(caller.asked(), 1);
    assert_eq!(mock.count("authenticate"), 2);
    assert_eq!(mock.count("get_customer"), 50);
}

#[tokio::test]
async fn a_token_near_its_expiry_is_replaced_while_it_is_still_used() {
    let mock = WalletCrew::start().await;
    let caller = with_newest_code(&mock);
    let client = client_of(&mock, &caller, &memory());
    let session = signed_in(&mock, &client).await;
    let first = session.access_token().await.unwrap();
    mock.clock().advance(A_DAY - Duration::from_secs(20));
    session.profile::<Value>().await.unwrap();
    client.shutdown(Duration::from_secs(5)).await.unwrap();
    assert_eq!(caller.asked(), 1);
    assert!(session.access_token().await.unwrap() != first);
    mock.clock().advance(Duration::from_secs(20));
    session.profile::<Value>().await.unwrap();
}

#[tokio::test]
async fn a_token_that_the_server_rejects_is_replaced_and_the_call_replayed() {
    let mock = WalletCrew::start().await;
    let caller = with_newest_code(&mock);
    let client = client_of(&mock, &caller, &memory());
    let session = signed_in(&mock, &client).await;
    mock.fail_next("get_customer", 401);
    session.profile::<Value>().await.unwrap();
    assert_eq!(caller.asked(), 1);
}

#[tokio::test]
async fn a_caller_without_data_for_now_is_asked_again() {
    let mock = WalletCrew::start().await;
    let caller = Caller::new(|| NextLogin::Later);
    let client = client_of(&mock, &caller, &memory());
    let session = signed_in(&mock, &client).await;
    mock.clock().advance(A_DAY - Duration::from_secs(20));
    session.profile::<Value>().await.unwrap();
    mock.clock().advance(Duration::from_secs(20));
    for _ in 0..2 {
        let error = session.profile::<Value>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.delivery(), vestibule::Delivery::NotSent);
    }
    assert_eq!(session.shared().ended(), None);
    assert!(caller.asked() >= 2);
    assert_eq!(mock.count("authenticate"), 1);
}

#[tokio::test]
async fn a_login_that_needs_the_customer_ends_the_session_with_its_token() {
    let mock = WalletCrew::start().await;
    for (caller, sent) in [
        (Caller::new(|| NextLogin::Never), 0),
        (Caller::new(|| login("000000")), 1),
    ] {
        let client = client_of(&mock, &caller, &memory());
        let session = signed_in(&mock, &client).await;
        let before = mock.count("authenticate");
        mock.clock().advance(A_DAY - Duration::from_secs(20));
        for _ in 0..2 {
            session.profile::<Value>().await.unwrap();
            tokio::task::yield_now().await;
        }
        mock.clock().advance(Duration::from_secs(20));
        for _ in 0..2 {
            let error = session.profile::<Value>().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        }
        assert_eq!(caller.asked(), 1);
        assert_eq!(mock.count("authenticate") - before, sent);
    }
}

#[tokio::test]
async fn a_hanging_caller_is_bounded_by_the_deadline() {
    let mock = WalletCrew::start().await;
    let client = Client::builder(mock.base_url())
        .tenant("tenant-01")
        .clock(mock.clock().clone())
        .authenticate_again(|_| std::future::pending())
        .build()
        .unwrap();
    let session = signed_in(&mock, &client).await;
    mock.clock().advance(A_DAY);
    // The sign-in needs the network, whose time does not pause.
    tokio::time::pause();
    let before = mock.journal().len();
    let error = session.profile::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(mock.journal().len(), before);
}
