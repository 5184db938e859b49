//! The store in a file: shared by processes, and persistent.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "sqlite_store/harness.rs"]
mod harness;

use std::fs;
use std::io::ErrorKind as Io;
use std::time::Duration;

use harness::{LONG, create, key, kind, open, record, sealed, swap};
use rusqlite::Connection;
use vestibule::store::{Record, Sealing, SessionStore, SqliteStore, StoreError};

#[tokio::test]
async fn a_file_of_another_version_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    drop(open(&path).await.unwrap());
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "user_version", 99).unwrap();
    drop(other);
    assert!(matches!(open(&path).await, Err(StoreError::UnknownSchema)));
    let left = Connection::open(&path).unwrap();
    let version = left.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
    assert_eq!(version.unwrap(), 99);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_instances_can_create_the_file() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions.db");
        let mut opening = tokio::task::JoinSet::new();
        for number in 0..8 {
            let path = path.clone();
            opening.spawn(async move { create(&open(&path).await?, number).await });
        }
        for created in opening.join_all().await {
            created.unwrap();
        }
        let store = open(&path).await.unwrap();
        for number in 0..8 {
            assert!(store.load(&key(number)).await.unwrap().is_some());
        }
    }
}

#[tokio::test]
async fn a_lock_held_by_another_process_is_waited_for_with_a_bound() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::builder(&path, sealed()).busy_timeout(Duration::from_millis(200));
    let store = store.build().await.unwrap();
    create(&store, 1).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(kind(create(&store, 2).await), Io::TimedOut);
    assert!(
        store.load(&key(1)).await.unwrap().is_some(),
        "reading still works"
    );
    other.execute_batch("ROLLBACK").unwrap();
    create(&store, 2).await.unwrap();
}

#[tokio::test]
async fn a_step_dropped_before_it_began_is_not_executed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = open(&path).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { create(&store, 1).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let given_up = tokio::time::timeout(Duration::from_millis(100), create(&store, 2)).await;
    assert!(given_up.is_err());
    other.execute_batch("ROLLBACK").unwrap();
    waiting.await.unwrap().unwrap();
    create(&store, 3).await.unwrap();
    assert!(store.load(&key(2)).await.unwrap().is_none());
}

#[tokio::test]
async fn expired_entries_are_purged_but_live_fences_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = open(&path).await.unwrap();
    let version = create(&store, 1_000).await.unwrap();
    let fence = store.acquire(&key(1_000), Duration::ZERO).await.unwrap();
    for number in 0..100 {
        let short = Duration::from_millis(1);
        store.create(&key(number), record(10), short).await.unwrap();
        store.acquire(&key(number + 500), short).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    for number in 0..30 {
        store.delete(&key(number + 5_000)).await.unwrap();
    }
    let rows = Connection::open(&path).unwrap();
    let rows = rows.query_row("SELECT count(*) FROM slots", [], |row| row.get::<_, i64>(0));
    assert_eq!(rows.unwrap(), 1);
    let swapped = swap(&store, 1_000, version, 1, fence);
    swapped.await.unwrap();
}

#[tokio::test]
async fn sessions_survive_the_process_sealed_and_readable_by_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let secret = b"a secret token";
    let store = open(&path).await.unwrap();
    let created = store
        .create(&key(1), Record::new(secret.to_vec()), LONG)
        .await
        .unwrap();
    let fence = store
        .acquire(&key(1), Duration::ZERO)
        .await
        .unwrap()
        .unwrap();
    drop(store);
    let store = open(&path).await.unwrap();
    let (found, version) = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!((found.expose(), version), (&secret[..], created));
    let later = store.acquire(&key(1), LONG).await.unwrap().unwrap();
    assert!(later > fence, "fences continue from their last value");
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        assert!(
            !bytes.windows(secret.len()).any(|window| window == secret),
            "{file:?}"
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{file:?}");
        }
    }
    let plain = SqliteStore::open(&path, Sealing::plaintext())
        .await
        .unwrap();
    assert!(matches!(
        plain.load(&key(1)).await,
        Err(StoreError::Unreadable)
    ));
}
