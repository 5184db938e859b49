//! Sealed records: readable with the right key under their own store key, and a clear error
//! otherwise.
#![cfg(feature = "sealed")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use vestibule::store::{
    MemoryStore, Record, Sealed, Sealing, SealingKey, SessionStore, StoreError, StoreKey, Version,
};
use vestibule::{ErrorKind, Secret};

const LONG: Duration = Duration::from_secs(60);
const PLAIN: &[u8] = br#"{"audience":"a","tokens":{}}"#;

/// Generated with libsodium's `crypto_aead_xchacha20poly1305_ietf_encrypt`: key 00..1f, nonce
/// a0..b7, associated data `vestibule stored record`, 01, 01020304, 40..5f.
const KNOWN: &str = "0101020304a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b73ece6b68d334c1c20\
                     20a0fb3535181ec19def047cf68b9fb273bf69a9a6c1c57d31b2b3cecd642b11909718e";

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn counting_from(first: u8) -> [u8; 32] {
    std::array::from_fn(|position| first + u8::try_from(position).unwrap())
}

fn known_key() -> StoreKey {
    StoreKey::new(counting_from(0x40))
}

fn known_keys() -> Sealing {
    Sealing::keys(SealingKey::new(0x0102_0304, counting_from(0)), [])
}

fn sealing(id: u32, byte: u8) -> Sealing {
    Sealing::keys(key(id, byte), [])
}

fn key(id: u32, byte: u8) -> SealingKey {
    SealingKey::new(id, [byte; 32])
}

/// Reads with `sealing` the bytes stored under `key`.
async fn read(
    sealing: Sealing,
    key: StoreKey,
    stored: Vec<u8>,
) -> Result<Option<(Record, Version)>, StoreError> {
    let inner = MemoryStore::new();
    inner.create(&key, Record::new(stored), LONG).await.unwrap();
    Sealed::new(inner, sealing).load(&key).await
}

async fn is_unreadable(sealing: Sealing, key: StoreKey, stored: Vec<u8>) -> bool {
    matches!(
        read(sealing, key, stored).await,
        Err(StoreError::Unreadable)
    )
}

/// The bytes stored when `PLAIN` is written with `sealing` under `key`.
async fn written(sealing: Sealing, key: StoreKey) -> Vec<u8> {
    let store = Sealed::new(MemoryStore::new(), sealing);
    let record = Record::new(PLAIN.to_vec());
    store.create(&key, record, LONG).await.unwrap();
    let (stored, _) = store.inner().load(&key).await.unwrap().unwrap();
    stored.expose().to_vec()
}

#[tokio::test]
async fn a_record_that_another_library_sealed_is_read() {
    let read = read(known_keys(), known_key(), bytes(KNOWN)).await;
    let (record, _) = read.unwrap().unwrap();
    assert_eq!(record.expose(), PLAIN);
}

#[tokio::test]
async fn any_changed_byte_is_detected() {
    let stored = bytes(KNOWN);
    for position in 0..stored.len() {
        for bit in 0..8 {
            let mut changed = stored.clone();
            changed[position] ^= 1 << bit;
            let unreadable = is_unreadable(known_keys(), known_key(), changed).await;
            assert!(unreadable, "bit {bit} of byte {position}");
        }
    }
}

#[tokio::test]
async fn a_truncated_or_extended_record_is_detected() {
    let stored = bytes(KNOWN);
    for length in 0..stored.len() {
        let cut = stored[..length].to_vec();
        assert!(
            is_unreadable(known_keys(), known_key(), cut).await,
            "{length} bytes"
        );
    }
    let longer = [stored, vec![0]].concat();
    assert!(is_unreadable(known_keys(), known_key(), longer).await);
}

#[tokio::test]
async fn a_record_moved_to_another_key_is_detected() {
    let store = Sealed::new(MemoryStore::new(), sealing(1, 1));
    let (one, two) = (StoreKey::new([1; 32]), StoreKey::new([2; 32]));
    for key in [&one, &two] {
        let record = Record::new(PLAIN.to_vec());
        store.create(key, record, LONG).await.unwrap();
    }
    let inner = store.inner();
    let (of_one, version_of_one) = inner.load(&one).await.unwrap().unwrap();
    let (of_two, version_of_two) = inner.load(&two).await.unwrap().unwrap();
    let swap = inner.compare_and_swap(&one, version_of_one, of_two, LONG, None);
    swap.await.unwrap();
    let swap = inner.compare_and_swap(&two, version_of_two, of_one, LONG, None);
    swap.await.unwrap();
    for key in [&one, &two] {
        let read = store.load(key).await;
        assert!(matches!(read, Err(StoreError::Unreadable)), "{read:?}");
    }
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_an_error() {
    let stored = written(sealing(1, 1), known_key()).await;
    let unknown = is_unreadable(sealing(2, 1), known_key(), stored.clone());
    assert!(unknown.await, "the same bytes under another id");
    let wrong = is_unreadable(sealing(1, 2), known_key(), stored.clone());
    assert!(wrong.await, "other bytes under the same id");
    let (record, _) = read(sealing(1, 1), known_key(), stored)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.expose(), PLAIN);
}

#[tokio::test]
async fn records_stay_readable_while_keys_are_rotated() {
    let store_key = known_key();
    let inner: Arc<dyn SessionStore> = Arc::new(MemoryStore::new());
    let with = |sealing| Sealed::new(inner.clone(), sealing);
    let before = with(sealing(1, 1));
    let record = || Record::new(PLAIN.to_vec());
    let version = before.create(&store_key, record(), LONG).await.unwrap();

    let prepared = with(Sealing::keys(key(1, 1), [key(2, 2)]));
    let rotated = with(Sealing::keys(key(2, 2), [key(1, 1)]));
    let (read, _) = rotated.load(&store_key).await.unwrap().unwrap();
    assert_eq!(read.expose(), PLAIN, "the new setting reads the old record");
    let swap = rotated.compare_and_swap(&store_key, version, record(), LONG, None);
    swap.await.unwrap();
    let (read, _) = prepared.load(&store_key).await.unwrap().unwrap();
    assert_eq!(
        read.expose(),
        PLAIN,
        "a prepared instance reads the new record"
    );
    let finished = with(sealing(2, 2));
    let (read, _) = finished.load(&store_key).await.unwrap().unwrap();
    assert_eq!(read.expose(), PLAIN, "the old key is no longer needed");
    assert!(matches!(
        before.load(&store_key).await,
        Err(StoreError::Unreadable)
    ));
}

#[tokio::test]
async fn plain_and_sealed_records_are_never_confused() {
    let sealed = written(sealing(1, 1), known_key()).await;
    assert!(is_unreadable(Sealing::plaintext(), known_key(), sealed).await);
    let plain = written(Sealing::plaintext(), known_key()).await;
    assert!(is_unreadable(sealing(1, 1), known_key(), plain.clone()).await);
    let (record, _) = read(Sealing::plaintext(), known_key(), plain)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.expose(), PLAIN);
}

#[tokio::test]
async fn sealed_records_reveal_nothing_and_are_all_different() {
    let mut seen = HashSet::new();
    for _ in 0..100 {
        let stored = written(sealing(1, 1), known_key()).await;
        let shows = stored
            .windows(6)
            .any(|window| PLAIN.windows(6).any(|plain| plain == window));
        assert!(!shows);
        assert!(seen.insert(stored), "a nonce was drawn twice");
    }
}

#[test]
fn a_key_is_read_from_base64_and_never_shown() {
    let text = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=";
    let key = SealingKey::from_base64(7, &Secret::from(text)).unwrap();
    let sealing = Sealing::keys(key, [SealingKey::generate(8).unwrap()]);
    let shown = format!("{sealing:?}");
    assert!(shown.contains("SealingKey(7 [redacted])"), "{shown}");
    assert!(
        !shown.contains("64, 65") && !shown.contains("QEFC"),
        "{shown}"
    );
    for wrong in [
        "",
        "QEFC",
        "no base64!",
        &text[..40],
        "Zm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9vZm9v",
    ] {
        let error = SealingKey::from_base64(7, &Secret::from(wrong)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(wrong.is_empty() || !format!("{error} {error:?}").contains(wrong));
    }
}

#[tokio::test]
async fn a_key_read_from_base64_is_the_same_key() {
    let text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let key = SealingKey::from_base64(0x0102_0304, &Secret::from(text)).unwrap();
    let read = read(Sealing::keys(key, []), known_key(), bytes(KNOWN)).await;
    assert_eq!(read.unwrap().unwrap().0.expose(), PLAIN);
}
