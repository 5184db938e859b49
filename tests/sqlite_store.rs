//! The store in a file: shared by processes, and a typed error whatever happens to the file.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "sqlite_store/disk.rs"]
mod disk;

use std::fs;
use std::io::ErrorKind as Io;
use std::path::Path;
use std::time::Duration;

use disk::Disk;
use rusqlite::Connection;
use vestibule::session::{
    Fence, Record, Sealing, SealingKey, SessionStore, SqliteStore, StoreError, StoreKey, Version,
};

const LONG: Duration = Duration::from_secs(60);

fn sealed() -> Sealing {
    Sealing::keys(SealingKey::new(1, [7; 32]), [])
}

fn key(number: u32) -> StoreKey {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    StoreKey::new(bytes)
}

fn record(length: usize) -> Record {
    Record::new(vec![0x5a; length])
}

async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, sealed()).await
}

async fn create(store: &SqliteStore, number: u32) -> Result<Version, StoreError> {
    store.create(&key(number), record(8_000), LONG).await
}

async fn swap(
    store: &SqliteStore,
    number: u32,
    expected: Version,
    length: usize,
    fence: Option<Fence>,
) -> Result<Version, StoreError> {
    let key = key(number);
    let swap = store.compare_and_swap(&key, expected, record(length), LONG, fence);
    swap.await
}

fn kind<T>(answer: Result<T, StoreError>) -> Io {
    match answer {
        Err(StoreError::Unavailable(kind)) => kind,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("no error"),
    }
}

/// Fills the store until it says that it is full; answers how many records it took.
async fn fill(store: &SqliteStore) -> u32 {
    for number in 0..10_000 {
        match create(store, number).await {
            Ok(_) => {}
            Err(StoreError::Full) => return number,
            Err(error) => panic!("another error: {error}"),
        }
    }
    panic!("it is never full");
}

#[tokio::test]
async fn a_full_store_says_so_keeps_what_it_has_and_takes_more_when_it_has_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::builder(&path, sealed()).max_bytes(400_000);
    let store = store.open().await.unwrap();
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
async fn a_full_disk_is_a_typed_error_and_service_goes_on_when_there_is_room() {
    let Some(disk) = Disk::new(2_048) else {
        // Without the rights to make a disk: the other full store, which needs none.
        assert!(!is_root(), "root can make a disk");
        return;
    };
    let ballast = disk.path("ballast");
    fs::write(&ballast, vec![0; 800_000]).unwrap();
    let store = open(&disk.path("sessions.db")).await.unwrap();
    let taken = fill(&store).await;
    assert!(taken > 0);
    // Some writes still find room in the log; each is either done or not.
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
async fn a_write_protected_file_is_a_typed_error_until_it_is_not() {
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
    // Whoever closes it last moves the log into it.
    let log = folder.path().join("sessions.db-wal");
    for _ in 0..500 {
        if log.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    assert!(!log.exists());
    // Its first page stays; everything behind it is noise.
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

#[tokio::test]
async fn a_file_of_another_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    drop(open(&path).await.unwrap());
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "user_version", 99).unwrap();
    drop(other);
    assert_eq!(kind(open(&path).await), Io::Unsupported);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_make_the_file_at_the_same_time() {
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
async fn a_lock_that_another_process_keeps_is_waited_for_but_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let store = SqliteStore::builder(&path, sealed()).busy_timeout(Duration::from_millis(200));
    let store = store.open().await.unwrap();
    create(&store, 1).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(kind(create(&store, 2).await), Io::TimedOut);
    assert!(
        store.load(&key(1)).await.unwrap().is_some(),
        "reading goes on"
    );
    other.execute_batch("ROLLBACK").unwrap();
    create(&store, 2).await.unwrap();
}

#[tokio::test]
async fn a_step_whose_caller_has_gone_before_it_began_is_not_done() {
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
async fn what_is_over_is_removed_in_passing_but_a_fence_that_counts_is_not() {
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
async fn sessions_outlive_the_process_sealed_and_for_their_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.db");
    let secret = b"a token that nobody may see";
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
    assert!(later > fence, "fences go on where they were");
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
