//! Cases about records: a write is read back, and succeeds only for the expected version.

use super::harness::{CaseResult, LONG, TestStore, conflict, ensure, exists, expect_error};
use crate::store::{StoreKey, Version};

super::cases![
    a_record_is_loaded_as_it_was_created,
    a_key_without_a_record_loads_nothing,
    creating_an_existing_record_fails,
    a_swap_replaces_the_record,
    a_swap_of_an_old_version_fails,
    a_swap_of_an_unknown_version_fails,
    a_swap_of_a_missing_record_fails,
    a_deleted_record_cannot_be_loaded,
    deleting_a_missing_record_succeeds,
    a_swap_of_a_deleted_record_fails,
    versions_increase_with_every_swap,
    versions_increase_across_deletions,
    a_swap_of_a_version_from_before_a_deletion_fails,
    an_empty_record_can_be_stored,
    every_byte_value_is_preserved,
    a_large_record_is_preserved,
    keys_are_independent,
];

async fn a_record_is_loaded_as_it_was_created(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    store.expect_record(&key, b"one", version).await
}

async fn a_key_without_a_record_loads_nothing(store: TestStore) -> CaseResult {
    store.expect_absent(&store.key()?).await
}

async fn creating_an_existing_record_fails(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    let second = store.try_create(&key, b"two", LONG).await;
    expect_error(second, exists, "creating an existing record")?;
    store.expect_record(&key, b"one", version).await
}

async fn a_swap_replaces_the_record(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let first = store.create(&key, b"one", LONG).await?;
    let second = store.swap(&key, first, b"another", LONG, None).await?;
    store.expect_record(&key, b"another", second).await
}

async fn a_swap_of_an_old_version_fails(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let first = store.create(&key, b"one", LONG).await?;
    let second = store.swap(&key, first, b"two", LONG, None).await?;
    let stale = store.try_swap(&key, first, b"three", LONG, None).await;
    expect_error(stale, conflict, "a swap of an old version")?;
    store.expect_record(&key, b"two", second).await
}

async fn a_swap_of_an_unknown_version_fails(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    for unknown in [0, version.0 + 1, version.0 ^ (1 << 62), u64::MAX] {
        let wrong = store
            .try_swap(&key, Version(unknown), b"two", LONG, None)
            .await;
        expect_error(wrong, conflict, &format!("a swap of version {unknown}"))?;
    }
    store.expect_record(&key, b"one", version).await
}

async fn a_swap_of_a_missing_record_fails(store: TestStore) -> CaseResult {
    let key = store.key()?;
    for version in [Version(0), Version(1)] {
        let swap = store.try_swap(&key, version, b"one", LONG, None).await;
        expect_error(swap, conflict, "a swap of a missing record")?;
    }
    store.expect_absent(&key).await
}

async fn a_deleted_record_cannot_be_loaded(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.create(&key, b"one", LONG).await?;
    store.delete(&key).await?;
    store.expect_absent(&key).await
}

async fn deleting_a_missing_record_succeeds(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.delete(&key).await?;
    store.create(&key, b"one", LONG).await?;
    store.delete(&key).await?;
    store.delete(&key).await
}

async fn a_swap_of_a_deleted_record_fails(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    store.delete(&key).await?;
    let swap = store.try_swap(&key, version, b"two", LONG, None).await;
    expect_error(swap, conflict, "a swap of a deleted record")?;
    store.expect_absent(&key).await
}

async fn versions_increase_with_every_swap(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let mut version = store.create(&key, b"one", LONG).await?;
    for _ in 0..20 {
        let next = store.swap(&key, version, b"one", LONG, None).await?;
        ensure(next > version, "a swap did not increase the version")?;
        version = next;
    }
    Ok(())
}

async fn versions_increase_across_deletions(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let mut last = Version(0);
    for _ in 0..10 {
        let created = store.create(&key, b"one", LONG).await?;
        ensure(created > last, "a version was reused after a deletion")?;
        last = store.swap(&key, created, b"two", LONG, None).await?;
        store.delete(&key).await?;
    }
    Ok(())
}

async fn a_swap_of_a_version_from_before_a_deletion_fails(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let before = store.create(&key, b"one", LONG).await?;
    store.delete(&key).await?;
    let after = store.create(&key, b"one", LONG).await?;
    let stale = store.try_swap(&key, before, b"two", LONG, None).await;
    expect_error(
        stale,
        conflict,
        "a swap of a version from before a deletion",
    )?;
    store.expect_record(&key, b"one", after).await
}

async fn an_empty_record_can_be_stored(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"", LONG).await?;
    store.expect_record(&key, b"", version).await?;
    let second = store.try_create(&key, b"one", LONG).await;
    expect_error(second, exists, "creating an existing empty record")
}

async fn every_byte_value_is_preserved(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let bytes: Vec<u8> = (0..=u8::MAX).chain((0..=u8::MAX).rev()).collect();
    let version = store.create(&key, &bytes, LONG).await?;
    store.expect_record(&key, &bytes, version).await?;
    for bytes in [&b"\0"[..], b"\r\n", b" ", b"'", b"\\", b"\xff\xfe", b"{}"] {
        let key = store.key()?;
        let version = store.create(&key, bytes, LONG).await?;
        store.expect_record(&key, bytes, version).await?;
    }
    Ok(())
}

async fn a_large_record_is_preserved(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let pattern = |step: u32| -> Vec<u8> {
        let numbers = (0..64 * 1024).map(|number: u32| number.wrapping_mul(step));
        numbers.flat_map(u32::to_be_bytes).collect()
    };
    let (first, second) = (pattern(2_654_435_761), pattern(40_503));
    let version = store.create(&key, &first, LONG).await?;
    store.expect_record(&key, &first, version).await?;
    let version = store.swap(&key, version, &second, LONG, None).await?;
    store.expect_record(&key, &second, version).await
}

async fn keys_are_independent(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let similar = [0, 15, 31].map(|index| {
        let mut bytes = *key.as_bytes();
        bytes[index] ^= 0x80;
        StoreKey::new(bytes)
    });
    let version = store.create(&key, b"one", LONG).await?;
    let fence = store.acquire(&key, LONG).await?;
    for other in &similar {
        store.expect_absent(other).await?;
        let version = store.create(other, b"two", LONG).await?;
        store.expect_record(other, b"two", version).await?;
        let fence = store.acquire(other, LONG).await?;
        store.release(other, fence).await?;
        store.delete(other).await?;
    }
    store.extend(&key, fence, LONG).await?;
    store.expect_record(&key, b"one", version).await
}
