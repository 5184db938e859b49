//! Stores that go back in time or lose a record.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use vestibule::session::{EndReason, Tokens};
use vestibule::testing::{Instance, InstanceSession};
use vestibule::{ErrorKind, Settings};

use super::stubborn_store::{Mood, StubbornStore};
use super::support::rewindable_store::RewindableStore;
use super::token_server::{EXPIRY, LONG_AGO, REVALIDATION, Server};

async fn access(session: &InstanceSession) -> String {
    let token = session.access_token().await.unwrap();
    token.expose().to_owned()
}

/// The stored access token.
fn stored(store: &RewindableStore) -> String {
    let (record, _) = store.only_record().expect("a record");
    let stored: serde_json::Value = serde_json::from_slice(record.expose()).unwrap();
    stored["tokens"]["access"].as_str().unwrap().to_owned()
}

struct Fixture {
    server: Server,
    store: Arc<RewindableStore>,
    instance: Instance,
    session: InstanceSession,
}

impl Fixture {
    async fn new() -> Self {
        let server = Server::new();
        let store = Arc::new(RewindableStore::default());
        let instance = server.instance(&store);
        let session = instance.sign_in(server.first_tokens()).await.unwrap();
        Self {
            server,
            store,
            instance,
            session,
        }
    }

    /// The same session on another instance.
    async fn elsewhere(&self) -> (Instance, InstanceSession) {
        let other = self.server.instance(&self.store);
        let session = other.resume_session(self.session.id()).await.unwrap();
        (other, session)
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_back_between_two_refreshes_is_written_over() {
    let fixture = Fixture::new().await;
    sleep(LONG_AGO).await;
    let before = fixture.store.snapshot();
    sleep(EXPIRY).await;
    assert_eq!(access(&fixture.session).await, "access-1");
    fixture.store.go_back_to(&before);
    assert_eq!(stored(&fixture.store), "access-0");
    sleep(REVALIDATION).await;
    assert_eq!(access(&fixture.session).await, "access-1");
    assert_eq!(stored(&fixture.store), "access-1");
    let (_other, elsewhere) = fixture.elsewhere().await;
    assert_eq!(access(&elsewhere).await, "access-1");
    assert_eq!(fixture.server.presented(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_back_during_a_refresh_keeps_its_tokens() {
    let fixture = Fixture::new().await;
    sleep(LONG_AGO).await;
    let before = fixture.store.snapshot();
    sleep(EXPIRY).await;
    let store = fixture.store.clone();
    fixture
        .server
        .before_next_response(move || store.go_back_to(&before));
    let began = Instant::now();
    assert_eq!(access(&fixture.session).await, "access-1");
    assert!(began.elapsed() < Duration::from_secs(2), "{began:?}");
    fixture.instance.shutdown(REVALIDATION).await.unwrap();
    assert_eq!(stored(&fixture.store), "access-1");
    assert_eq!(fixture.server.presented(), [0]);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_waits_writes_its_newer_tokens_over_an_older_record() {
    let fixture = Fixture::new().await;
    sleep(LONG_AGO).await;
    let before = fixture.store.snapshot();
    sleep(EXPIRY).await;
    assert_eq!(access(&fixture.session).await, "access-1");
    fixture.store.go_back_to(&before);
    // A new instance knows the older record only, and is about to send its spent token.
    let (_other, elsewhere) = fixture.elsewhere().await;
    sleep(REVALIDATION).await;
    assert_eq!(access(&fixture.session).await, "access-1");
    assert_eq!(access(&elsewhere).await, "access-1");
    assert_eq!(fixture.server.presented(), [0]);
}

#[tokio::test(start_paused = true)]
async fn the_branch_that_the_server_accepts_is_adopted() {
    let fixture = Fixture::new().await;
    fixture.server.tolerate_reuse();
    sleep(LONG_AGO).await;
    let before = fixture.store.snapshot();
    sleep(EXPIRY).await;
    assert_eq!(access(&fixture.session).await, "access-1");
    fixture.store.go_back_to(&before);
    let (_other, elsewhere) = fixture.elsewhere().await;
    assert_eq!(access(&elsewhere).await, "access-2");
    sleep(REVALIDATION).await;
    assert_eq!(access(&fixture.session).await, "access-2");
    sleep(EXPIRY).await;
    assert_eq!(access(&fixture.session).await, "access-3");
    assert_eq!(fixture.server.presented(), [0, 0, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_the_server_refuses_gives_way_to_the_other() {
    let fixture = Fixture::new().await;
    fixture.server.tolerate_reuse();
    sleep(LONG_AGO).await;
    let before = fixture.store.snapshot();
    sleep(EXPIRY).await;
    assert_eq!(access(&fixture.session).await, "access-1");
    fixture.store.go_back_to(&before);
    let (_other, elsewhere) = fixture.elsewhere().await;
    assert_eq!(access(&elsewhere).await, "access-2");
    fixture.server.revoke(2);
    sleep(REVALIDATION).await;
    assert_eq!(access(&fixture.session).await, "access-2");
    sleep(EXPIRY).await;
    assert_eq!(access(&fixture.session).await, "access-3");
    assert_eq!(fixture.server.presented(), [0, 0, 2, 1]);
    assert_eq!(stored(&fixture.store), "access-3");
    assert_eq!(access(&elsewhere).await, "access-3");
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_record_is_lost_within_seconds_of_its_creation_is_stored_again() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let before = store.snapshot();
    let settings = Settings::new().revalidate_session_after(Duration::from_secs(1));
    let instance = server.instance_with(&store, server.clock(), settings);
    let session = instance.sign_in(server.first_tokens()).await.unwrap();
    store.go_back_to(&before);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(access(&session).await, "access-0");
    assert_eq!(stored(&store), "access-0");
    // Later a missing record is one that was ended.
    sleep(LONG_AGO).await;
    store.go_back_to(&before);
    let error = session.access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert_eq!(session.ended(), Some(EndReason::EndedElsewhere));
    assert!(store.only_record().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_written_again_keeps_the_time_at_which_its_tokens_were_received() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let instance = server.instance(&store);
    let session = instance
        .sign_in(Tokens::new("access-0", Some("refresh-0".into())))
        .await
        .unwrap();
    let times = || {
        let (record, _) = store.only_record().expect("a record");
        let stored: serde_json::Value = serde_json::from_slice(record.expose()).unwrap();
        let time = |name: &str| stored[name].as_i64();
        let written_at = time("written_at").expect("a time");
        // A record names it if it differs.
        (time("received_at").unwrap_or(written_at), written_at)
    };
    let (received_at, written_at) = times();
    assert_eq!(received_at, written_at);
    sleep(Duration::from_secs(25 * 3600)).await;
    // Its use keeps a record alive that is older than a day.
    assert_eq!(access(&session).await, "access-0");
    let touched = times();
    assert_eq!(touched.0, received_at);
    assert!(touched.1 >= written_at + 25 * 3600, "{touched:?}");
    // So does an instance that has only read it.
    let other = server.instance(&store);
    let elsewhere = other.resume_session(session.id()).await.unwrap();
    sleep(Duration::from_secs(25 * 3600)).await;
    assert_eq!(access(&elsewhere).await, "access-0");
    assert_eq!(times().0, received_at);
    // New tokens have a time of their own.
    elsewhere
        .replace_rejected(&"access-0".into())
        .await
        .unwrap();
    assert!(times().0 >= received_at + 50 * 3600, "{:?}", times());
}

/// The first try to store it again fails, or its caller goes away.
#[tokio::test(start_paused = true)]
async fn a_lost_new_session_is_stored_again_whatever_becomes_of_the_first_try() {
    for mood in [Mood::ReadOnly, Mood::SilentWrites] {
        let server = Server::new();
        let store = Arc::new(StubbornStore::new());
        let settings = Settings::new().revalidate_session_after(Duration::from_secs(1));
        let instance = server.instance_with(&store, server.clock(), settings);
        let session = instance.sign_in(server.first_tokens()).await.unwrap();
        store.lose_everything();
        store.set(mood);
        sleep(Duration::from_secs(2)).await;
        let used = timeout(Duration::from_secs(1), session.access_token()).await;
        assert!(!matches!(used, Ok(Ok(_))), "{mood:?}: {used:?}");
        store.set(Mood::Works);
        sleep(Duration::from_secs(10)).await;
        let other = server.instance(&store);
        let elsewhere = other.resume_session(session.id()).await.unwrap();
        assert_eq!(access(&elsewhere).await, "access-0", "{mood:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_ended_elsewhere_at_once_is_not_stored_again() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let settings = Settings::new().revalidate_session_after(Duration::from_secs(1));
    let instance = server.instance_with(&store, server.clock(), settings);
    let session = instance.sign_in(server.first_tokens()).await.unwrap();
    let other = server.instance(&store);
    let elsewhere = other.resume_session(session.id()).await.unwrap();
    elsewhere.end().await.unwrap();
    sleep(Duration::from_secs(2)).await;
    let error = session.access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let third = server.instance(&store);
    let error = third.resume_session(session.id()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    sleep(REVALIDATION).await;
    assert!(store.only_record().is_none(), "the marker goes by itself");
}

/// What SECURITY.md says that a store can do which loses acknowledged writes.
#[tokio::test(start_paused = true)]
async fn a_session_that_was_signed_out_in_the_lost_window_comes_back() {
    let fixture = Fixture::new().await;
    sleep(LONG_AGO).await;
    let before = fixture.store.snapshot();
    fixture.session.end().await.unwrap();
    fixture.store.go_back_to(&before);
    let (_other, elsewhere) = fixture.elsewhere().await;
    assert_eq!(access(&elsewhere).await, "access-0");
    let error = fixture.session.access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    elsewhere.end().await.unwrap();
    let third = fixture.server.instance(&fixture.store);
    let resumed = third.resume_session(fixture.session.id()).await;
    assert_eq!(resumed.unwrap_err().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test(start_paused = true)]
async fn the_late_response_of_a_slow_holder_overwrites_no_newer_tokens() {
    let server = Server::new();
    server.tolerate_reuse();
    let slow_store = Arc::new(StubbornStore::new());
    let slow = server.instance(&slow_store);
    let session = slow.sign_in(server.first_tokens()).await.unwrap();
    let other = server.instance(&slow_store);
    let elsewhere = other.resume_session(session.id()).await.unwrap();
    sleep(EXPIRY).await;
    server.delay_next(&[Duration::from_secs(9)]);
    let holder = tokio::spawn({
        let session = session.clone();
        async move { session.access_token().await }
    });
    sleep(Duration::from_millis(100)).await;
    assert_eq!(server.presented(), [0]);
    // The holder's lease is taken from it, as if it had been frozen.
    slow_store.forget_leases();
    assert_eq!(access(&elsewhere).await, "access-2");
    sleep(Duration::from_secs(2)).await;
    // Another call of the holder's instance looks at the record, and finds the newer tokens.
    let looked = slow.resume_session(session.id()).await.unwrap();
    sleep(REVALIDATION - Duration::from_secs(10)).await;
    let first = holder.await.unwrap().unwrap();
    assert!(
        ["access-1", "access-2"].contains(&first.expose()),
        "{first:?}"
    );
    assert_eq!(access(&looked).await, "access-2");
    sleep(REVALIDATION).await;
    assert_eq!(access(&elsewhere).await, "access-2");
    assert_eq!(access(&session).await, "access-2");
}
