//! A credential that leaves its session.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use vestibule::session::EndReason;
use vestibule::{ErrorKind, fynd, wunder};

use super::step_store::StepStore;
use super::stubborn_store::{Mood, StubbornStore};
use super::support::rewindable_store::RewindableStore;
use super::token_server::{EXPIRY, Server};
use super::{access, lasting_tokens};

/// Longer than a session is used without being read again.
const REVALIDATION: Duration = Duration::from_secs(31);

#[tokio::test(start_paused = true)]
async fn an_exported_session_ends_everywhere_and_its_tokens_are_the_newest() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let (one, other) = (server.instance(&store), server.instance(&store));
    let session = one.sign_in(server.first_tokens()).await.unwrap();
    let elsewhere = other.resume_session(session.id()).await.unwrap();
    sleep(EXPIRY).await;
    assert_eq!(access(&elsewhere).await, "access-1");

    // This instance has not seen the newer tokens yet.
    let tokens = session.export_tokens().await.unwrap();
    assert_eq!(tokens.access.expose(), "access-1");
    assert_eq!(tokens.refresh.as_ref().unwrap().expose(), "refresh-1");
    assert!(tokens.expires_at.is_some());
    assert!(!format!("{tokens:?}").contains("refresh-1"));

    assert_eq!(session.ended(), Some(EndReason::Exported));
    let error = session.access_token().await.unwrap_err();
    assert!(error.session_ended(), "{error}");
    one.shutdown(REVALIDATION).await.unwrap();
    sleep(REVALIDATION).await;
    let error = elsewhere.access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let resumed = other.resume_session(session.id()).await;
    assert_eq!(resumed.unwrap_err().kind(), ErrorKind::Unauthenticated);

    // The tokens are valid in another program, which may be another back end with this crate.
    let program = server.instance(&Arc::new(RewindableStore::default()));
    let session = program.sign_in(tokens).await.unwrap();
    sleep(EXPIRY).await;
    assert_eq!(access(&session).await, "access-2");
    assert_eq!(server.presented(), [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_export_waits_for_the_refresh_of_another_instance() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let (one, other) = (server.instance(&store), server.instance(&store));
    let session = one.sign_in(server.first_tokens()).await.unwrap();
    let elsewhere = other.resume_session(session.id()).await.unwrap();
    sleep(EXPIRY).await;
    server.delay_next(&[Duration::from_secs(2)]);
    let (refreshed, exported) = tokio::join!(elsewhere.access_token(), async {
        sleep(Duration::from_millis(100)).await;
        session.export_tokens().await
    });
    assert_eq!(refreshed.unwrap().expose(), "access-1");
    assert_eq!(exported.unwrap().access.expose(), "access-1");
    assert_eq!(server.presented(), [0]);
}

#[tokio::test(start_paused = true)]
async fn no_instance_refreshes_a_session_that_is_exported() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let (one, other) = (server.instance(&store), server.instance(&store));
    let session = one.sign_in(server.first_tokens()).await.unwrap();
    let elsewhere = other.resume_session(session.id()).await.unwrap();
    sleep(EXPIRY).await;
    let (exported, refreshed) = tokio::join!(session.export_tokens(), elsewhere.access_token());
    let tokens = exported.unwrap();
    match refreshed {
        // It was faster: then its tokens are exported.
        Ok(access) => assert_eq!(access, tokens.access),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error}");
            assert!(server.presented().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_export_that_fails_ends_nothing() {
    for mood in [Mood::Fails, Mood::Silent, Mood::Held, Mood::Unreadable] {
        let server = Server::new();
        let store = Arc::new(StubbornStore::new());
        let instance = server.instance(&store);
        let session = instance.sign_in(lasting_tokens()).await.unwrap();
        store.set(mood);
        let exported = timeout(Duration::from_secs(60), session.export_tokens());
        let error = exported.await.expect("an end").unwrap_err();
        let is_passing = error.kind() == ErrorKind::Unavailable;
        assert!(is_passing || mood == Mood::Unreadable, "{mood:?}: {error}");
        store.set(Mood::Works);
        sleep(REVALIDATION).await;
        assert_eq!(session.ended(), None, "{mood:?}");
        assert_eq!(access(&session).await, "access-0", "{mood:?}");
        let tokens = session.export_tokens().await.unwrap();
        assert_eq!(tokens.access.expose(), "access-0", "{mood:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exported_session_whose_record_cannot_be_removed_is_removed_later() {
    let server = Server::new();
    let store = Arc::new(StubbornStore::new());
    let (one, other) = (server.instance(&store), server.instance(&store));
    let session = one.sign_in(lasting_tokens()).await.unwrap();
    // Leases and reads work, and writes do not.
    store.set(Mood::Full);
    let exported = session.export_tokens().await;
    store.set(Mood::Works);
    if let Err(error) = exported {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        return assert_eq!(session.ended(), None);
    }
    one.shutdown(Duration::from_secs(600)).await.unwrap();
    let resumed = other.resume_session(session.id()).await;
    assert_eq!(resumed.unwrap_err().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn an_export_that_is_dropped_at_any_step_leaves_the_session() {
    let mut dropped = 0;
    for events in 1..40 {
        let store = StepStore::default();
        let builder = wunder::Client::builder("http://127.0.0.1:9").tenant("tenant01");
        let client = builder.store(store.clone()).build().unwrap();
        let session = client.resume_with_tokens(lasting_tokens()).await.unwrap();
        let export = session.clone().export_tokens();
        let exported = tokio::select! {
            biased;
            () = store.after_events(events) => None,
            exported = export => Some(exported.unwrap()),
        };
        match exported {
            Some(tokens) => {
                assert_eq!(tokens.access.expose(), "access-0");
                break;
            }
            None => assert_eq!(session.shared().ended(), None, "{events}"),
        }
        let token = session.access_token().await.unwrap();
        assert_eq!(token.expose(), "access-0");
        dropped += 1;
    }
    assert!(dropped >= 3, "{dropped}");
}

#[tokio::test]
async fn an_ended_session_and_one_of_cookies_have_no_tokens_to_export() {
    let store = StepStore::default();
    let builder = wunder::Client::builder("http://127.0.0.1:9").tenant("tenant01");
    let client = builder.store(store.clone()).build().unwrap();
    let session = client.resume_with_tokens(lasting_tokens()).await.unwrap();
    session.clone().export_tokens().await.unwrap();
    let error = session.export_tokens().await.unwrap_err();
    assert!(error.session_ended(), "{error}");

    let builder = fynd::Client::builder("64b000000000000000000001");
    let builder = builder.application_token("application-token");
    let builder = builder.base_url("http://127.0.0.1:9").store(store);
    let client = builder.build().unwrap();
    let cookies = [("f.session", "one"), ("cart", "two")];
    let session = client.resume_with_cookies(cookies).await.unwrap();
    let error = session.shared().clone().export_tokens().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let id = session.id().clone();
    let exported = session.export_cookies().await.unwrap();
    let exported: Vec<_> = exported
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(exported, cookies);
    let error = client.resume_session(&id).await.unwrap_err();
    assert!(error.session_ended(), "{error}");
}
