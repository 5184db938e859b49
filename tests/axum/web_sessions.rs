//! Web sessions of tower-sessions in a store of this crate.

use std::collections::HashMap;
use std::sync::Arc;

use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::{Session, SessionStore as _};
use vestibule::store::{MemoryStore, SessionStore, WebSessionStore};

use crate::stores::FaultyStore;
use crate::support::rewindable_store::RewindableStore;

fn on(store: impl SessionStore) -> WebSessionStore {
    WebSessionStore::new(Arc::new(store))
}

/// The web session of a request with this cookie.
fn request(store: &WebSessionStore, id: Option<Id>) -> Session {
    Session::new(id, Arc::new(store.clone()), None)
}

fn record(ends_in: Duration) -> Record {
    let expiry_date = OffsetDateTime::now_utc() + ends_in;
    Record {
        id: Id::default(),
        data: HashMap::from([("colour".to_owned(), "blue".into())]),
        expiry_date,
    }
}

#[tokio::test]
async fn a_web_session_comes_back_as_it_was() {
    let store = on(MemoryStore::new());
    let web_session = request(&store, None);
    web_session.insert("colour", "blue").await.unwrap();
    web_session.insert("numbers", [1, 2, 3]).await.unwrap();
    web_session.save().await.unwrap();
    let id = web_session.id();
    assert!(id.is_some());

    let later = request(&store, id);
    let colour = later.get::<String>("colour").await.unwrap();
    assert_eq!(colour.as_deref(), Some("blue"));
    let numbers = later.get::<Vec<u8>>("numbers").await.unwrap();
    assert_eq!(numbers, Some(vec![1, 2, 3]));
    later.remove_value("colour").await.unwrap();
    later.insert("numbers", [4]).await.unwrap();
    later.save().await.unwrap();
    // Twice in one request.
    later.insert("more", true).await.unwrap();
    later.save().await.unwrap();

    let last = request(&store, id);
    assert_eq!(last.get_value("colour").await.unwrap(), None);
    assert_eq!(last.get::<Vec<u8>>("numbers").await.unwrap(), Some(vec![4]));
    assert_eq!(last.get::<bool>("more").await.unwrap(), Some(true));
    last.flush().await.unwrap();
    assert!(store.load(&id.unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn an_unknown_id_has_no_web_session_and_is_not_adopted() {
    let store = on(MemoryStore::new());
    let chosen = Id::default();
    assert!(store.load(&chosen).await.unwrap().is_none());
    let web_session = request(&store, Some(chosen));
    web_session.insert("colour", "blue").await.unwrap();
    web_session.save().await.unwrap();
    assert_ne!(web_session.id(), Some(chosen));
    assert!(store.load(&chosen).await.unwrap().is_none());
}

#[tokio::test]
async fn the_store_does_not_see_the_id() {
    let inner = Arc::new(RewindableStore::default());
    let store = WebSessionStore::new(inner.clone());
    let mut web_session = record(Duration::hours(1));
    store.create(&mut web_session).await.unwrap();
    let loaded = store.load(&web_session.id).await.unwrap().unwrap();
    store.save(&loaded).await.unwrap();
    let (stored, _) = inner.only_record().unwrap();
    let stored = String::from_utf8(stored.expose().to_vec()).unwrap();
    assert!(stored.contains("blue"), "{stored}");
    let id = web_session.id;
    for shown in [id.to_string(), id.0.to_string(), "as loaded".to_owned()] {
        assert!(!stored.contains(&shown), "{shown} in {stored}");
    }
    assert_eq!(format!("{store:?}"), "WebSessionStore");
}

#[tokio::test]
async fn a_taken_id_is_replaced() {
    let store = on(MemoryStore::new());
    let mut first = record(Duration::hours(1));
    store.create(&mut first).await.unwrap();
    let mut second = record(Duration::hours(1));
    second.id = first.id;
    second.data.insert("colour".to_owned(), "red".into());
    store.create(&mut second).await.unwrap();
    assert_ne!(second.id, first.id);
    let kept = store.load(&first.id).await.unwrap().unwrap();
    assert_eq!(kept.data["colour"], "blue");
}

#[tokio::test]
async fn concurrent_requests_change_only_what_they_have_changed() {
    let store = on(MemoryStore::new());
    let web_session = request(&store, None);
    for name in ["kept", "removed", "replaced"] {
        web_session.insert(name, "before").await.unwrap();
    }
    web_session.save().await.unwrap();
    let id = web_session.id();

    let (one, two) = (request(&store, id), request(&store, id));
    one.insert("of one", 1).await.unwrap();
    two.insert("of two", 2).await.unwrap();
    one.insert("replaced", "by one").await.unwrap();
    two.remove_value("removed").await.unwrap();
    one.save().await.unwrap();
    two.save().await.unwrap();

    let after = request(&store, id);
    let value = async |name: &str| after.get_value(name).await.unwrap();
    assert_eq!(value("of one").await, Some(1.into()));
    assert_eq!(value("of two").await, Some(2.into()));
    assert_eq!(value("kept").await, Some("before".into()));
    assert_eq!(value("replaced").await, Some("by one".into()));
    assert_eq!(value("removed").await, None);
}

#[tokio::test]
async fn fifty_concurrent_requests_lose_no_entry() {
    let store = on(MemoryStore::new());
    let web_session = request(&store, None);
    web_session.insert("first", 0).await.unwrap();
    web_session.save().await.unwrap();
    let id = web_session.id();
    for round in 0..10 {
        let requests = (0..5).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let web_session = request(&store, id);
                let name = format!("{round}-{number}");
                web_session.insert(&name, number).await.unwrap();
                tokio::task::yield_now().await;
                web_session.save().await.unwrap();
            })
        });
        for request in requests.collect::<Vec<_>>() {
            request.await.unwrap();
        }
    }
    let after = store.load(&id.unwrap()).await.unwrap().unwrap();
    // The first entry, and one that tells what was loaded.
    assert_eq!(after.data.len(), 50 + 2);
}

#[tokio::test]
async fn a_cleared_web_session_is_empty_whatever_others_have_written() {
    let store = on(MemoryStore::new());
    let web_session = request(&store, None);
    web_session.insert("colour", "blue").await.unwrap();
    web_session.save().await.unwrap();
    let id = web_session.id();
    let (clearing, other) = (request(&store, id), request(&store, id));
    clearing.get_value("colour").await.unwrap();
    other.insert("more", true).await.unwrap();
    other.save().await.unwrap();
    clearing.clear().await;
    clearing.save().await.unwrap();
    let after = request(&store, id);
    assert_eq!(after.get_value("colour").await.unwrap(), None);
    assert_eq!(after.get_value("more").await.unwrap(), None);
}

#[tokio::test]
async fn a_web_session_that_got_another_id_is_not_written_again() {
    let store = on(MemoryStore::new());
    let web_session = request(&store, None);
    web_session.insert("colour", "blue").await.unwrap();
    web_session.save().await.unwrap();
    let before = web_session.id();

    let slow = request(&store, before);
    slow.insert("colour", "red").await.unwrap();
    let signing_in = request(&store, before);
    signing_in.insert("user", "Ada").await.unwrap();
    signing_in.cycle_id().await.unwrap();
    signing_in.save().await.unwrap();

    assert!(slow.save().await.is_err());
    assert!(store.load(&before.unwrap()).await.unwrap().is_none());
    let after = request(&store, signing_in.id());
    assert_eq!(
        after.get_value("colour").await.unwrap(),
        Some("blue".into())
    );
    assert_eq!(after.get_value("user").await.unwrap(), Some("Ada".into()));
}

#[tokio::test]
async fn a_web_session_ends_when_it_expires() {
    let store = on(MemoryStore::new());
    let mut over = record(Duration::seconds(-1));
    store.create(&mut over).await.unwrap();
    assert!(store.load(&over.id).await.unwrap().is_none());
    let mut web_session = record(Duration::hours(1));
    store.create(&mut web_session).await.unwrap();
    let loaded = store.load(&web_session.id).await.unwrap().unwrap();
    assert_eq!(loaded.expiry_date, web_session.expiry_date);
    let mut endless = record(Duration::hours(1));
    endless.expiry_date = OffsetDateTime::new_utc(
        tower_sessions::cookie::time::Date::MAX,
        tower_sessions::cookie::time::Time::MIDNIGHT,
    );
    store.create(&mut endless).await.unwrap();
    assert!(store.load(&endless.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_record_that_cannot_be_unsealed_or_read_counts_as_absent() {
    use vestibule::store::{Sealed, Sealing, SealingKey};
    let inner = Arc::new(MemoryStore::new());
    let under = |key: u32| {
        let sealing = Sealing::keys(SealingKey::new(key, [7; 32]), []);
        on(Sealed::new(inner.clone(), sealing))
    };
    let mut web_session = record(Duration::hours(1));
    under(1).create(&mut web_session).await.unwrap();
    assert!(under(1).load(&web_session.id).await.unwrap().is_some());
    assert!(under(2).load(&web_session.id).await.unwrap().is_none());
    // The ciphertext is no JSON.
    let plain = WebSessionStore::new(inner.clone());
    assert!(plain.load(&web_session.id).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_or_hangs_is_an_error_without_a_secret() {
    let inner = Arc::new(FaultyStore::default());
    let store = WebSessionStore::new(inner.clone());
    let mut web_session = record(Duration::hours(1));
    store.create(&mut web_session).await.unwrap();
    let loaded = store.load(&web_session.id).await.unwrap().unwrap();
    for (down, hanging) in [(true, false), (false, true)] {
        inner.set_down(down);
        inner.set_hanging(hanging);
        let errors = [
            store.load(&web_session.id).await.unwrap_err(),
            store.save(&loaded).await.unwrap_err(),
            store.create(&mut web_session).await.unwrap_err(),
            store.delete(&web_session.id).await.unwrap_err(),
        ];
        for error in errors {
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("the store failed"), "{shown}");
            assert!(!shown.contains("blue"), "{shown}");
        }
    }
}
