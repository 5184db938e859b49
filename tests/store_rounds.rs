//! How many steps of the store an operation waits for, one after the other. Concurrent steps count once:
//! they share a round trip.
#![cfg(feature = "wunder")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use support::forwarded_steps::forwarded_steps;
use support::proof;
use vestibule::store::{Fence, MemoryStore, Record, SessionStore, StoreError, StoreKey, Version};
use vestibule::testing::{Wunder, WunderUser};
use vestibule::wunder::{Challenge, Client, PendingCode, Session, SignIn};
use vestibule::{BoxFuture, ErrorKind};

const PHONE: &str = "+43660000001";

#[derive(Clone, Default)]
struct Rounds {
    inner: Arc<MemoryStore>,
    running: Arc<AtomicUsize>,
    rounds: Arc<AtomicUsize>,
}

impl Rounds {
    fn step<'a, T: Send + 'a>(
        &'a self,
        step: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        Box::pin(async move {
            if self.running.fetch_add(1, Ordering::SeqCst) == 0 {
                self.rounds.fetch_add(1, Ordering::SeqCst);
            }
            // As long as a server would take, so that concurrent steps overlap.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let done = step.await;
            self.running.fetch_sub(1, Ordering::SeqCst);
            done
        })
    }

    async fn of<T>(&self, work: impl Future<Output = T>) -> (usize, T) {
        self.rounds.store(0, Ordering::SeqCst);
        let done = work.await;
        (self.rounds.load(Ordering::SeqCst), done)
    }
}

impl SessionStore for Rounds {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        self.step(self.inner.load(key))
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        self.step(self.inner.create(key, record, time_to_live))
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        let swap = self
            .inner
            .compare_and_swap(key, expected, record, time_to_live, fence);
        self.step(swap)
    }

    forwarded_steps!();
}

fn client(mock: &Wunder, store: &Rounds) -> Client {
    Client::builder(mock.base_url())
        .tenant("demo")
        .signing_key(Wunder::SIGNING_KEY)
        .clock(mock.clock().clone())
        .store(store.clone())
        .build()
        .unwrap()
}

async fn send(client: &Client) -> PendingCode {
    let request = client.sign_in_with_phone_code(&PHONE.parse().unwrap());
    request.branch_id("2").send().await.unwrap()
}

fn session(signed_in: SignIn) -> Session {
    let SignIn::SignedIn(session) = signed_in else {
        panic!("no second factor was expected");
    };
    session
}

#[tokio::test]
async fn an_operation_waits_for_few_steps_of_the_store() {
    let mock = Wunder::start().await;
    mock.add_user(WunderUser::new().verified_phone(PHONE));
    let store = Rounds::default();
    let here = client(&mock, &store);
    let code = || mock.outbox().last_code(PHONE).unwrap();

    let (sent, pending) = store.of(send(&here)).await;
    let (wrong, refused) = store.of(pending.confirm("0000")).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::Rejected);
    let pending = refused.state;
    let (confirmed, signed_in) = store.of(pending.confirm(code())).await;
    let first = session(signed_in.unwrap());

    // The destination has a record now. Another instance confirms what this one has sent.
    mock.clock().advance(Duration::from_secs(120));
    let (sent_again, pending) = store.of(send(&here)).await;
    let there = client(&mock, &store);
    let (resumed_challenge, pending) = store.of(there.resume_challenge(pending.id())).await;
    let Challenge::PendingCode(pending) = pending.unwrap() else {
        panic!("no second factor was expected");
    };
    let (confirmed_there, signed_in) = store.of(pending.confirm(code())).await;
    let second = session(signed_in.unwrap());

    let (warm, profile) = store.of(second.profile()).await;
    profile.unwrap();
    let (resumed, found) = store.of(here.resume_session(second.id())).await;
    found.unwrap();

    mock.clock().advance(Duration::from_secs(6 * 3600));
    let refreshed = store.of(async {
        first.profile().await.unwrap();
        // Until the lease is released, for which the call does not wait.
        here.shutdown(Duration::from_secs(5)).await.unwrap();
    });
    let (refreshed, ()) = refreshed.await;
    // The other instance holds the session as well, and reads what this one has refreshed.
    let elsewhere = there.resume_session(first.id()).await.unwrap();
    mock.clock().advance(Duration::from_secs(6 * 3600));
    let third = client(&mock, &store);
    let session = third.resume_session(first.id()).await.unwrap();
    session.profile().await.unwrap();
    third.shutdown(Duration::from_secs(5)).await.unwrap();
    let (read, profile) = store.of(elsewhere.profile()).await;
    profile.unwrap();
    // A record that is old is not written again before it is refreshed.
    drop(elsewhere);
    mock.clock().advance(Duration::from_secs(48 * 3600));
    let afterwards = client(&mock, &store);
    let old = store.of(async {
        let session = afterwards.resume_session(first.id()).await.unwrap();
        session.profile().await.unwrap();
        afterwards.shutdown(Duration::from_secs(5)).await.unwrap();
    });
    let (old, ()) = old.await;

    proof(
        "store-rounds",
        &format!(
            "send={sent} send-again={sent_again} wrong-code={wrong} confirm={confirmed} \
             resume-challenge={resumed_challenge} confirm-resumed={confirmed_there} call={warm} \
             resume={resumed} refresh={refreshed} refreshed-elsewhere={read} resume-and-refresh={old}"
        ),
    );
    assert!(
        sent <= 2 && sent_again <= 3,
        "sent after {sent} and {sent_again} rounds"
    );
    assert!(
        wrong <= 1 && confirmed <= 3 && confirmed_there <= 3,
        "{wrong} {confirmed} {confirmed_there}"
    );
    assert_eq!((warm, resumed), (0, 1));
    assert!(refreshed <= 4, "refreshed after {refreshed} rounds");
    assert!(read == 1 && old <= 5, "{read} {old}");
}
