//! Instances that import the same credential under one key get one session.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::sleep;
use vestibule::session::Tokens;
use vestibule::store::{IndexKey, IndexKeys, SessionStore};
use vestibule::testing::Instance;
use vestibule::{ErrorKind, Secret, Settings, fynd, goodcity, wunder};

use super::step_store::StepStore;
use super::stubborn_store::{Mood, StubbornStore};
use super::support::rewindable_store::RewindableStore;
use super::token_server::{EXPIRY, Server};
use super::{access, lasting_tokens};

const KEY: &str = "legacy-session-4711";

fn key() -> Secret {
    KEY.into()
}

#[tokio::test(start_paused = true)]
async fn instances_that_import_the_same_tokens_get_one_session_that_is_refreshed_once() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let instances: Vec<_> = (0..4).map(|_| server.instance(&store)).collect();
    let (key, tokens) = (key(), server.first_tokens());
    let imports = instances
        .iter()
        .cycle()
        .take(16)
        .map(|instance| instance.resume_with_tokens_once(&key, tokens.clone()));
    let imported = join_all(imports).await;
    let sessions: Vec<_> = imported.into_iter().map(Result::unwrap).collect();
    for session in &sessions {
        assert_eq!(session.id(), sessions[0].id());
    }
    sleep(EXPIRY).await;
    for session in &sessions {
        assert_eq!(access(session).await, "access-1");
    }
    assert_eq!(server.presented(), [0]);
    // The tokens are spent by now, and still name the session.
    let later = instances[1].resume_with_tokens_once(&key, tokens).await;
    assert_eq!(access(&later.unwrap()).await, "access-1");
}

#[tokio::test]
async fn one_that_loses_the_race_of_an_import_leaves_one_session_in_the_store() {
    let store = StepStore::default();
    let client = || wunder_client(&store, None);
    let clients: Vec<_> = (0..4).map(|_| client()).collect();
    let imports = clients
        .iter()
        .map(|client| client.resume_with_tokens_once(KEY, lasting_tokens()));
    let imported = join_all(imports).await;
    let sessions: Vec<_> = imported.into_iter().map(Result::unwrap).collect();
    assert!(sessions.iter().all(|it| it.id() == sessions[0].id()));
    assert_eq!(store.records().await, 2, "the session and its import");
}

fn wunder_client(store: &StepStore, index_keys: Option<IndexKeys>) -> wunder::Client {
    let builder = wunder::Client::builder("http://127.0.0.1:9")
        .tenant("tenant01")
        .store(store.clone());
    let builder = match index_keys {
        Some(keys) => builder.index_keys(keys),
        None => builder,
    };
    builder.build().unwrap()
}

#[tokio::test]
async fn other_tokens_under_the_same_key_are_refused_and_get_no_session() {
    let store = StepStore::default();
    let client = wunder_client(&store, None);
    let imported = client.resume_with_tokens_once(KEY, lasting_tokens());
    let session = imported.await.unwrap();
    let others = [
        Tokens::new("access-0", None),
        Tokens::new("access-0", Some("refresh-1".into())),
        Tokens::new("access-1", Some("refresh-0".into())),
        Tokens::new("refresh-0", Some("access-0".into())),
    ];
    for other in others {
        let refused = client.resume_with_tokens_once(KEY, other).await;
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.field(), Some("import_key"));
        assert!(!format!("{error} {error:?}").contains(KEY));
    }
    let another_key = client.resume_with_tokens_once("another", lasting_tokens());
    assert_ne!(another_key.await.unwrap().id(), session.id());
    let again = client.resume_with_tokens_once(KEY, lasting_tokens());
    assert_eq!(again.await.unwrap().id(), session.id());
}

#[tokio::test]
async fn bad_input_to_an_import_is_named_and_stores_nothing() {
    let store = StepStore::default();
    let client = wunder_client(&store, None);
    let no_key = client.resume_with_tokens_once("", lasting_tokens()).await;
    assert_eq!(no_key.unwrap_err().field(), Some("import_key"));
    let tokens = Tokens::new("access\n", None);
    let bad = client.resume_with_tokens_once(KEY, tokens).await;
    assert_eq!(bad.unwrap_err().field(), Some("access"));
    let tokens = Tokens::new("access", Some(" refresh".into()));
    let bad = client.resume_with_tokens_once(KEY, tokens).await;
    assert_eq!(bad.unwrap_err().field(), Some("refresh"));
    assert!(store.keys().is_empty());
}

#[tokio::test]
async fn neither_the_key_nor_what_the_store_has_resumes_a_session() {
    let store = StepStore::default();
    let index_key = || IndexKey::new([7; 32]);
    let keyed = wunder_client(&store, Some(IndexKeys::new(index_key(), [])));
    let imported = keyed.resume_with_tokens_once(KEY, lasting_tokens());
    let session = imported.await.unwrap();
    let error = keyed.resume_session(&key()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    let mut imports = 0;
    for stored_key in store.keys() {
        let Some((record, _)) = store.load(&stored_key).await.unwrap() else {
            continue;
        };
        let text = String::from_utf8(record.expose().to_vec()).unwrap();
        assert!(!text.contains(KEY) && !text.contains(session.id().expose()));
        imports += usize::from(!text.contains("access-0") && !text.contains("refresh-0"));
        // No text of the record is the id of a session.
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let texts = value.as_object().unwrap().values();
        for text in texts.filter_map(|value| value.as_str()) {
            let resumed = keyed.resume_session(&text.into()).await;
            assert!(resumed.is_err(), "{text}");
        }
    }
    assert_eq!(imports, 1);

    // The digest of the key is by the index key: without it the import is not found.
    let unkeyed = wunder_client(&store, None);
    let other = unkeyed.resume_with_tokens_once(KEY, lasting_tokens());
    assert_ne!(other.await.unwrap().id(), session.id());
    // A rotated index key finds it.
    let rotated = IndexKeys::new(IndexKey::new([8; 32]), [index_key()]);
    let rotated = wunder_client(&store, Some(rotated));
    let found = rotated.resume_with_tokens_once(KEY, lasting_tokens());
    assert_eq!(found.await.unwrap().id(), session.id());
}

#[tokio::test]
async fn an_import_at_another_tenant_is_another_session() {
    let store = StepStore::default();
    let client = wunder_client(&store, None);
    let elsewhere = wunder::Client::builder("http://127.0.0.1:9").tenant("tenant02");
    let elsewhere = elsewhere.store(store.clone()).build().unwrap();
    let one = client.resume_with_tokens_once(KEY, lasting_tokens()).await;
    let other = elsewhere.resume_with_tokens_once(KEY, lasting_tokens());
    assert_ne!(one.unwrap().id(), other.await.unwrap().id());
}

#[tokio::test(start_paused = true)]
async fn the_tokens_of_a_session_that_was_ended_make_no_other_one() {
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let (one, other) = (server.instance(&store), server.instance(&store));
    let session = one.resume_with_tokens_once(&key(), lasting_tokens()).await;
    session.unwrap().end().await.unwrap();
    for instance in [&one, &other] {
        let key = key();
        let again = instance.resume_with_tokens_once(&key, lasting_tokens());
        assert_eq!(again.await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    }
}

#[tokio::test(start_paused = true)]
async fn an_import_is_remembered_for_the_idle_timeout_after_the_last_one() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let server = Server::new();
    let store = Arc::new(RewindableStore::default());
    let instance = server.instance(&store);
    let import = async || {
        let key = key();
        let imported = instance.resume_with_tokens_once(&key, lasting_tokens());
        let session = imported.await.unwrap();
        // A session in use lives on.
        access(&session).await;
        session.id().clone()
    };
    let first = import().await;
    for _ in 0..3 {
        sleep(DAY * 20).await;
        assert_eq!(import().await, first);
    }
}

#[tokio::test(start_paused = true)]
async fn an_import_fails_while_the_store_does_and_can_be_tried_again() {
    for mood in [
        Mood::Fails,
        Mood::Full,
        Mood::ReadOnly,
        Mood::Silent,
        Mood::TooFewReplicas,
    ] {
        let server = Server::new();
        let store = Arc::new(StubbornStore::new());
        let instance = server.instance(&store);
        store.set(mood);
        let import = async |instance: &Instance| {
            let key = key();
            let imported = instance.resume_with_tokens_once(&key, lasting_tokens());
            imported.await
        };
        let error = import(&instance).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{mood:?}");
        store.set(Mood::Works);
        let session = import(&instance).await.unwrap();
        assert_eq!(access(&session).await, "access-0", "{mood:?}");
        let again = import(&server.instance(&store)).await.unwrap();
        assert_eq!(again.id(), session.id(), "{mood:?}");
    }
}

#[tokio::test]
async fn an_import_that_is_dropped_at_any_step_leaves_one_session_for_the_next() {
    let mut dropped = 0;
    for events in 1..40 {
        let store = StepStore::default();
        let client = wunder_client(&store, None);
        let import = client.resume_with_tokens_once(KEY, lasting_tokens());
        let is_done = tokio::select! {
            biased;
            () = store.after_events(events) => false,
            imported = import => imported.is_ok(),
        };
        let next = wunder_client(&store, None);
        let one = next.resume_with_tokens_once(KEY, lasting_tokens()).await;
        let other = client.resume_with_tokens_once(KEY, lasting_tokens()).await;
        assert_eq!(one.unwrap().id(), other.unwrap().id(), "{events}");
        if is_done {
            break;
        }
        dropped += 1;
    }
    assert!(dropped >= 5, "{dropped}");
}

#[tokio::test]
async fn cookies_and_tokens_without_refresh_are_imported_once_as_well() {
    let store = StepStore::default();
    let fynd = || {
        fynd::Client::builder("64b000000000000000000001")
            .application_token("application-token")
            .base_url("http://127.0.0.1:9")
            .store(store.clone())
            .build()
            .unwrap()
    };
    let cookies = [("f.session", "one"), ("cart", "two")];
    let first = fynd().resume_with_cookies_once(KEY, cookies).await.unwrap();
    let reordered = [("cart", "two"), ("f.session", "one")];
    let same = fynd()
        .resume_with_cookies_once(KEY, reordered)
        .await
        .unwrap();
    assert_eq!(first.id(), same.id());
    for other in [
        vec![("f.session", "one")],
        vec![("f.session", "x"), ("cart", "two")],
    ] {
        let refused = fynd().resume_with_cookies_once(KEY, other).await;
        assert_eq!(refused.unwrap_err().field(), Some("import_key"));
    }
    let empty: [(&str, &str); 0] = [];
    let refused = fynd().resume_with_cookies_once(KEY, empty).await;
    assert_eq!(refused.unwrap_err().field(), Some("cookies"));

    let goodcity = || {
        let builder = goodcity::Client::builder("http://127.0.0.1:9").app_name("app");
        let builder = builder.settings(Settings::new()).store(store.clone());
        builder.build().unwrap()
    };
    let token = || Tokens::new("a-token", None);
    let first = goodcity().resume_with_tokens_once(KEY, token()).await;
    let same = goodcity().resume_with_tokens_once(KEY, token()).await;
    assert_eq!(first.unwrap().id(), same.unwrap().id());
}
