//! The idle timeout and the absolute timeout of a stored session.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use vestibule::session::EndReason;
use vestibule::store::MemoryStore;
use vestibule::{Clock, ErrorKind, Settings, wunder};

use super::support::rewindable_store::RewindableStore;
use super::token_server::Server;
use super::{access, lasting_tokens};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn minutes(minutes: u32) -> Duration {
    MINUTE * minutes
}

#[tokio::test(start_paused = true)]
async fn a_session_in_use_outlives_its_idle_timeout_and_an_idle_one_ends() {
    // Also where sessions are revalidated less often than they would expire.
    for revalidate_after in [Duration::from_secs(30), HOUR] {
        let server = Server::new();
        let store = Arc::new(RewindableStore::default());
        let settings = Settings::new()
            .session_idle_timeout(minutes(10))
            .revalidate_session_after(revalidate_after);
        let instance = server.instance_with(&store, server.clock(), settings);
        let session = instance.sign_in(lasting_tokens()).await.unwrap();
        for _ in 0..12 {
            sleep(minutes(9)).await;
            assert_eq!(access(&session).await, "access-0");
        }
        sleep(minutes(10)).await;
        let error = session.access_token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.session_ended());
        assert_eq!(session.ended(), Some(EndReason::EndedElsewhere));
        assert!(store.only_record().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_use_on_one_instance_prolongs_the_session_for_all() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let settings = Settings::new().session_idle_timeout(minutes(10));
    let instance = || server.instance_with(&store, server.clock(), settings.clone());
    let (used, resting) = (instance(), instance());
    let session = used.sign_in(lasting_tokens()).await.unwrap();
    let elsewhere = resting.resume_session(session.id()).await.unwrap();
    for _ in 0..5 {
        sleep(minutes(6)).await;
        assert_eq!(access(&session).await, "access-0");
    }
    assert_eq!(access(&elsewhere).await, "access-0");
}

#[tokio::test(start_paused = true)]
async fn a_session_in_use_outlives_its_idle_timeout_while_no_refresh_succeeds() {
    for is_resumed in [false, true] {
        let server = Server::new();
        server.tolerate_reuse();
        let store = Arc::new(RewindableStore::default());
        let settings = Settings::new().session_idle_timeout(minutes(10));
        let instance = server.instance_with(&store, server.clock(), settings);
        let session = instance.sign_in(server.first_tokens()).await.unwrap();
        let id = session.id().clone();
        let mut kept = Some(session).filter(|_| !is_resumed);
        // No response comes in time.
        server.delay_next(&[HOUR; 1_000]);
        for _ in 0..6 {
            sleep(minutes(6)).await;
            let session = match kept.take() {
                Some(session) => session,
                None => instance.resume_session(&id).await.unwrap(),
            };
            let error = session.access_token().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
            assert_eq!(session.ended(), None);
            kept = Some(session).filter(|_| !is_resumed);
        }
        server.delay_next(&[]);
        sleep(minutes(6)).await;
        let session = instance.resume_session(&id).await.unwrap();
        assert_ne!(access(&session).await, "access-0");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_resumed_for_each_use_is_prolonged_as_well() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let settings = Settings::new().session_idle_timeout(minutes(10));
    let instance = server.instance_with(&store, server.clock(), settings);
    let id = {
        let session = instance.sign_in(lasting_tokens()).await.unwrap();
        session.id().clone()
    };
    for _ in 0..5 {
        sleep(minutes(6)).await;
        let session = instance.resume_session(&id).await.unwrap();
        assert_eq!(access(&session).await, "access-0");
    }
    sleep(minutes(10)).await;
    instance.resume_session(&id).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn the_default_idle_timeout_is_thirty_days() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let instance = server.instance(&store);
    let session = instance.sign_in(lasting_tokens()).await.unwrap();
    for _ in 0..3 {
        sleep(DAY * 29).await;
        assert_eq!(access(&session).await, "access-0");
    }
    sleep(DAY * 30).await;
    session.access_token().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn an_absolute_timeout_ends_a_session_in_use_on_every_instance() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let limited = Settings::new().session_absolute_timeout(HOUR);
    let first = server.instance_with(&store, server.clock(), limited);
    // Another instance obeys the end in the record, whatever its own setting.
    let second = server.instance(&store);
    let session = first.sign_in(server.first_tokens()).await.unwrap();
    let elsewhere = second.resume_session(session.id()).await.unwrap();
    // The tokens live for a minute, so that each use rewrites the record.
    for _ in 0..59 {
        sleep(MINUTE).await;
        let newest = access(&elsewhere).await;
        sleep(Duration::from_millis(1)).await;
        assert!(newest.starts_with("access-"));
    }
    access(&session).await;
    assert_eq!((session.ended(), elsewhere.ended()), (None, None));
    sleep(MINUTE).await;
    let presented = server.presented().len();
    for (instance, session) in [(&first, &session), (&second, &elsewhere)] {
        let error = session.access_token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.session_ended(), "{error}");
        assert_eq!(session.ended(), Some(EndReason::AbsoluteTimeout));
        let resumed = instance.resume_session(session.id()).await.unwrap_err();
        assert!(resumed.session_ended(), "{resumed}");
    }
    // One that never had the session learns the reason as well, while the record lasts.
    let third = server.instance(&store);
    let error = third.resume_session(session.id()).await.unwrap_err();
    assert!(error.to_string().contains("absolute timeout"), "{error}");
    assert_eq!(server.presented().len(), presented, "nothing is sent");
    sleep(minutes(2)).await;
    assert!(store.only_record().is_none(), "the store drops the record");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_never_used_again_ends_at_its_absolute_timeout_as_well() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let limited = Settings::new().session_absolute_timeout(HOUR);
    let instance = server.instance_with(&store, server.clock(), limited);
    let session = instance.sign_in(lasting_tokens()).await.unwrap();
    sleep(HOUR).await;
    assert_eq!(session.ended(), Some(EndReason::AbsoluteTimeout));
    sleep(minutes(2)).await;
    assert!(store.only_record().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_session_expires_at_its_absolute_timeout_or_with_its_tokens_whichever_is_first() {
    let server = Server::new();
    let client = |settings| {
        wunder::Client::builder("http://127.0.0.1:9")
            .tenant("tenant01")
            .clock(server.clock())
            .settings(settings)
            .build()
            .unwrap()
    };
    let now = server.clock().now();
    let unlimited = client(Settings::new());
    let session = unlimited
        .resume_with_tokens(lasting_tokens())
        .await
        .unwrap();
    assert_eq!(session.expires_at(), None);
    let limited = client(Settings::new().session_absolute_timeout(HOUR));
    let session = limited.resume_with_tokens(lasting_tokens()).await.unwrap();
    assert_eq!(session.expires_at(), Some(now + HOUR));
}

#[tokio::test(start_paused = true)]
async fn timeouts_of_no_time_at_all_leave_a_session_a_minute() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let settings = Settings::new()
        .session_idle_timeout(Duration::ZERO)
        .session_absolute_timeout(Duration::ZERO);
    let instance = server.instance_with(&store, server.clock(), settings);
    let session = instance.sign_in(lasting_tokens()).await.unwrap();
    sleep(Duration::from_secs(50)).await;
    assert_eq!(access(&session).await, "access-0");
    sleep(Duration::from_secs(11)).await;
    session.access_token().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn timeouts_beyond_every_clock_mean_no_end() {
    let server = Server::new();
    let store = Arc::new(MemoryStore::new());
    let settings = Settings::new()
        .session_idle_timeout(Duration::MAX)
        .session_absolute_timeout(Duration::MAX);
    let instance = server.instance_with(&store, server.clock(), settings);
    let session = instance.sign_in(lasting_tokens()).await.unwrap();
    for _ in 0..12 {
        sleep(HOUR * 24 * 30).await;
        assert_eq!(access(&session).await, "access-0");
    }
    assert_eq!(session.ended(), None);
}
