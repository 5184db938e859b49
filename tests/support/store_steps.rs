//! Short helpers for the operations of a store, of any kind.

use std::io::ErrorKind as Io;
use std::time::{Duration, Instant};

use vestibule::store::{
    Fence, Record, Sealing, SealingKey, SessionStore, StoreError, StoreKey, Version,
};

pub const LONG: Duration = Duration::from_secs(60);
pub const TIMEOUT: Duration = Duration::from_millis(500);

pub fn sealed() -> Sealing {
    Sealing::keys(SealingKey::new(1, [7; 32]), [])
}

pub fn key(number: u8) -> StoreKey {
    StoreKey::new([number; 32])
}

pub fn record() -> Record {
    Record::new(b"a record".to_vec())
}

pub async fn create(store: &impl SessionStore, number: u8) -> Result<Version, StoreError> {
    store.create(&key(number), record(), LONG).await
}

pub fn kind<T>(response: Result<T, StoreError>) -> Io {
    match response {
        Err(StoreError::Unavailable(kind)) => kind,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("no error"),
    }
}

/// The setting that a builder refuses.
pub fn invalid_setting<T>(built: Result<T, StoreError>) -> &'static str {
    match built {
        Err(StoreError::InvalidSetting { name, .. }) => name,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("no error"),
    }
}

/// Every operation of the store fails with a category, within its timeout, which is [`TIMEOUT`].
pub async fn every_step_fails(store: &impl SessionStore) -> Vec<Io> {
    let key = key(1);
    let begun = Instant::now();
    let swap = store.compare_and_swap(&key, Version(1), record(), LONG, None);
    let kinds = vec![
        kind(store.load(&key).await),
        kind(store.create(&key, record(), LONG).await),
        kind(swap.await),
        kind(store.delete(&key).await),
        kind(store.acquire(&key, LONG).await),
        kind(store.extend(&key, Fence(1), LONG).await),
        kind(store.release(&key, Fence(1)).await),
    ];
    let longest = 7 * (TIMEOUT + Duration::from_millis(300));
    assert!(begun.elapsed() < longest, "{:?}", begun.elapsed());
    kinds
}

/// Waits until an operation succeeds again, within a time limit.
pub async fn works_again(store: &impl SessionStore) {
    let begun = Instant::now();
    while let Err(error) = store.load(&key(1)).await {
        assert!(begun.elapsed() < Duration::from_secs(10), "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The steps of a store whose server is killed and started again: typed errors meanwhile, and everything
/// is kept.
pub async fn survives_a_crash<S>(
    store: &impl SessionStore,
    server: &mut S,
    kill: fn(&mut S),
    restart: fn(&mut S),
) {
    let version = create(store, 1).await.unwrap();
    let fence = store.acquire(&key(1), LONG).await.unwrap().unwrap();
    kill(server);
    let kinds = every_step_fails(store).await;
    let away = |kind: &Io| {
        matches!(
            kind,
            Io::ConnectionRefused | Io::ConnectionReset | Io::TimedOut
        )
    };
    assert!(kinds.iter().all(away), "{kinds:?}");
    restart(server);
    works_again(store).await;
    let (found, after) = store.load(&key(1)).await.unwrap().unwrap();
    assert_eq!((found.expose(), after), (record().expose(), version));
    assert_eq!(
        store.acquire(&key(1), LONG).await.unwrap(),
        None,
        "the lease still runs"
    );
    let first = key(1);
    let swap = store.compare_and_swap(&first, version, record(), LONG, Some(fence));
    assert!(swap.await.unwrap() > version);
}

/// The steps of a store whose server does not respond for a while.
pub async fn survives_a_freeze(
    store: &impl SessionStore,
    freeze: impl FnOnce(),
    thaw: impl FnOnce(),
) {
    create(store, 2).await.unwrap();
    freeze();
    let kinds = every_step_fails(store).await;
    assert!(kinds.iter().all(|kind| *kind == Io::TimedOut), "{kinds:?}");
    thaw();
    works_again(store).await;
    create(store, 3).await.unwrap();
    assert!(store.load(&key(2)).await.unwrap().is_some());
}

/// Versions and fences after the server of a store has lost its data.
pub async fn numbers_keep_increasing(store: &impl SessionStore, lose_data: impl FnOnce()) {
    let version = create(store, 1).await.unwrap();
    let fence = store.acquire(&key(1), LONG).await.unwrap().unwrap();
    lose_data();
    let after = create(store, 1).await.unwrap();
    assert!(after > version);
    let first = key(1);
    let late = store.compare_and_swap(&first, after, record(), LONG, Some(fence));
    assert!(matches!(late.await, Err(StoreError::LeaseLost)));
    let newer = store.acquire(&key(1), LONG).await.unwrap().unwrap();
    assert!(newer > fence);
}
