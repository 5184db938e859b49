//! Every fault of a store's file gives a typed error, and the store works again afterwards.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "sqlite_store/disk.rs"]
mod disk;
#[path = "sqlite_store/harness.rs"]
mod harness;

use std::fs;
use std::io::ErrorKind as Io;
use std::time::Duration;

use disk::Disk;
use harness::{LONG, create, key, kind, open, record, sealed, swap};
use vestibule::store::{SessionStore, SqliteStore, StoreError};

/// Fills the store until it reports that it is full; returns the number of records.
async fn fill(store: &SqliteStore) -> u32 {
    for number in 0..10_000 {
        match create(store, number).await {
            Ok(_) => {}
            Err(StoreError::Full) => return number,
            Err(error) => panic!("another error: {error}"),
        }
    }
    panic!("the store was never full");
}

#[tokio::test]
async fn a_full_store_is_reported_keeps_its_records_and_accepts_more_when_it_has_space() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::builder(&path, sealed()).max_bytes(400_000);
    let store = store.build().await.unwrap();
    let taken = fill(&store).await;
    assert!(
        (20..50).contains(&taken),
        "{taken} records of 8 kB in 400 kB"
    );
    let (found, version) = store.load(&key(0)).await.unwrap().unwrap();
    assert_eq!(found.expose(), record(8_000).expose());
    let bigger = swap(&store, 0, version, 300_000, None);
    assert!(matches!(bigger.await, Err(StoreError::Full)));
    let (found, after) = store.load(&key(0)).await.unwrap().unwrap();
    assert_eq!((found.expose().len(), after), (8_000, version));
    store.delete(&key(1)).await.unwrap();
    create(&store, 20_000).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_a_typed_error_until_there_is_space() {
    let Some(disk) = Disk::new(2_048) else {
        // Without the rights to create a disk, the other full store is used, which needs none.
        assert!(!is_root(), "root can make a disk");
        return;
    };
    let ballast = disk.path("ballast");
    fs::write(&ballast, vec![0; 800_000]).unwrap();
    let store = open(&disk.path("sessions.db")).await.unwrap();
    let taken = fill(&store).await;
    assert!(taken > 0);
    // Some writes still fit in the log; each one is either done or not.
    let mut refused = 0;
    for number in 0..taken {
        let (_, version) = store.load(&key(number)).await.unwrap().unwrap();
        let swapped = swap(&store, number, version, 8_000 + 1, None).await;
        let (found, after) = store.load(&key(number)).await.unwrap().unwrap();
        match swapped {
            Ok(new) => assert_eq!((found.expose().len(), after), (8_001, new)),
            Err(StoreError::Full) => {
                assert_eq!((found.expose().len(), after), (8_000, version));
                refused += 1;
            }
            Err(error) => panic!("another error: {error}"),
        }
    }
    assert!(refused > 0);

    fs::remove_file(&ballast).unwrap();
    create(&store, 20_000).await.unwrap();
    assert!(store.acquire(&key(0), LONG).await.unwrap().is_some());
}

fn is_root() -> bool {
    let id = std::process::Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

#[tokio::test]
async fn a_write_protected_file_is_a_typed_error_until_it_is_writable() {
    let Some(disk) = Disk::new(2_048) else {
        assert!(!is_root(), "root can make a disk");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sessions.db");
        drop(open(&path).await.unwrap());
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        assert_eq!(kind(open(&path).await), Io::ReadOnlyFilesystem);
        return;
    };
    let path = disk.path("sessions.db");
    let store = open(&path).await.unwrap();
    create(&store, 1).await.unwrap();
    drop(store);
    disk.write_protect().await;
    let refused = kind(open(&path).await);
    assert!(
        matches!(refused, Io::ReadOnlyFilesystem | Io::NotFound),
        "{refused}"
    );
    disk.allow_writing();
    let store = open(&path).await.unwrap();
    assert!(store.load(&key(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_a_typed_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    fs::write(&path, vec![b'x'; 10_000]).unwrap();
    assert_eq!(kind(open(&path).await), Io::InvalidData);
    fs::remove_file(&path).unwrap();
    create(&open(&path).await.unwrap(), 1).await.unwrap();
    let missing = folder.path().join("no such folder/sessions.db");
    assert_eq!(kind(open(&missing).await), Io::NotFound);
    assert!(open(folder.path()).await.is_err(), "a folder");
}

#[tokio::test]
async fn a_damaged_file_is_a_typed_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = open(&path).await.unwrap();
    for number in 0..50 {
        create(&store, number).await.unwrap();
    }
    drop(store);
    // The last connection to close moves the log into the database.
    let log = folder.path().join("sessions.db-wal");
    for _ in 0..500 {
        if log.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert!(!log.exists());
    // The first page stays; all others become noise.
    let mut bytes = fs::read(&path).unwrap();
    bytes[4_096..].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let store = open(&path).await.unwrap();
    assert_eq!(kind(store.load(&key(7)).await), Io::InvalidData);
    assert_eq!(kind(create(&store, 99).await), Io::InvalidData);
    assert_eq!(kind(store.acquire(&key(7), LONG).await), Io::InvalidData);
    assert_eq!(kind(store.delete(&key(7)).await), Io::InvalidData);
    drop(store);
    fs::remove_file(&path).unwrap();
    for beside in ["sessions.db-wal", "sessions.db-shm"] {
        let _ = fs::remove_file(folder.path().join(beside));
    }
    create(&open(&path).await.unwrap(), 7).await.unwrap();
}
