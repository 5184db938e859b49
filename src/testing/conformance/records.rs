//! Cases about records: a write is read back, and succeeds only for the expected version.

use super::harness::{Harness, LONG, conflict, ensure, exists, expect_error};
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

async fn a_record_is_loaded_as_it_was_created(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    harness.expect_record(&key, b"one", version).await
}

async fn a_key_without_a_record_loads_nothing(harness: Harness) -> Result<(), String> {
    harness.expect_absent(&harness.key()?).await
}

async fn creating_an_existing_record_fails(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    let second = harness.try_create(&key, b"two", LONG).await;
    expect_error(second, exists, "creating an existing record")?;
    harness.expect_record(&key, b"one", version).await
}

async fn a_swap_replaces_the_record(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let first = harness.create(&key, b"one", LONG).await?;
    let second = harness.swap(&key, first, b"another", LONG, None).await?;
    harness.expect_record(&key, b"another", second).await
}

async fn a_swap_of_an_old_version_fails(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let first = harness.create(&key, b"one", LONG).await?;
    let second = harness.swap(&key, first, b"two", LONG, None).await?;
    let stale = harness.try_swap(&key, first, b"three", LONG, None).await;
    expect_error(stale, conflict, "a swap of an old version")?;
    harness.expect_record(&key, b"two", second).await
}

async fn a_swap_of_an_unknown_version_fails(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    for unknown in [0, version.0 + 1, version.0 ^ (1 << 62), u64::MAX] {
        let wrong = harness
            .try_swap(&key, Version(unknown), b"two", LONG, None)
            .await;
        expect_error(wrong, conflict, &format!("a swap of version {unknown}"))?;
    }
    harness.expect_record(&key, b"one", version).await
}

async fn a_swap_of_a_missing_record_fails(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    for version in [Version(0), Version(1)] {
        let swap = harness.try_swap(&key, version, b"one", LONG, None).await;
        expect_error(swap, conflict, "a swap of a missing record")?;
    }
    harness.expect_absent(&key).await
}

async fn a_deleted_record_cannot_be_loaded(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    harness.create(&key, b"one", LONG).await?;
    harness.delete(&key).await?;
    harness.expect_absent(&key).await
}

async fn deleting_a_missing_record_succeeds(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    harness.delete(&key).await?;
    harness.create(&key, b"one", LONG).await?;
    harness.delete(&key).await?;
    harness.delete(&key).await
}

async fn a_swap_of_a_deleted_record_fails(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    harness.delete(&key).await?;
    let swap = harness.try_swap(&key, version, b"two", LONG, None).await;
    expect_error(swap, conflict, "a swap of a deleted record")?;
    harness.expect_absent(&key).await
}

async fn versions_increase_with_every_swap(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let mut version = harness.create(&key, b"one", LONG).await?;
    for _ in 0..20 {
        let next = harness.swap(&key, version, b"one", LONG, None).await?;
        ensure(next > version, "a swap did not increase the version")?;
        version = next;
    }
    Ok(())
}

async fn versions_increase_across_deletions(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let mut last = Version(0);
    for _ in 0..10 {
        let created = harness.create(&key, b"one", LONG).await?;
        ensure(created > last, "a version was reused after a deletion")?;
        last = harness.swap(&key, created, b"two", LONG, None).await?;
        harness.delete(&key).await?;
    }
    Ok(())
}

async fn a_swap_of_a_version_from_before_a_deletion_fails(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let before = harness.create(&key, b"one", LONG).await?;
    harness.delete(&key).await?;
    let after = harness.create(&key, b"one", LONG).await?;
    let stale = harness.try_swap(&key, before, b"two", LONG, None).await;
    expect_error(
        stale,
        conflict,
        "a swap of a version from before a deletion",
    )?;
    harness.expect_record(&key, b"one", after).await
}

async fn an_empty_record_can_be_stored(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"", LONG).await?;
    harness.expect_record(&key, b"", version).await?;
    let second = harness.try_create(&key, b"one", LONG).await;
    expect_error(second, exists, "creating an existing empty record")
}

async fn every_byte_value_is_preserved(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let bytes: Vec<u8> = (0..=u8::MAX).chain((0..=u8::MAX).rev()).collect();
    let version = harness.create(&key, &bytes, LONG).await?;
    harness.expect_record(&key, &bytes, version).await?;
    for bytes in [&b"\0"[..], b"\r\n", b" ", b"'", b"\\", b"\xff\xfe", b"{}"] {
        let key = harness.key()?;
        let version = harness.create(&key, bytes, LONG).await?;
        harness.expect_record(&key, bytes, version).await?;
    }
    Ok(())
}

async fn a_large_record_is_preserved(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let pattern = |step: u32| -> Vec<u8> {
        let numbers = (0..64 * 1024).map(|number: u32| number.wrapping_mul(step));
        numbers.flat_map(u32::to_be_bytes).collect()
    };
    let (first, second) = (pattern(2_654_435_761), pattern(40_503));
    let version = harness.create(&key, &first, LONG).await?;
    harness.expect_record(&key, &first, version).await?;
    let version = harness.swap(&key, version, &second, LONG, None).await?;
    harness.expect_record(&key, &second, version).await
}

async fn keys_are_independent(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let similar = [0, 15, 31].map(|index| {
        let mut bytes = *key.as_bytes();
        bytes[index] ^= 0x80;
        StoreKey::new(bytes)
    });
    let version = harness.create(&key, b"one", LONG).await?;
    let fence = harness.acquire(&key, LONG).await?;
    for other in &similar {
        harness.expect_absent(other).await?;
        let version = harness.create(other, b"two", LONG).await?;
        harness.expect_record(other, b"two", version).await?;
        let fence = harness.acquire(other, LONG).await?;
        harness.release(other, fence).await?;
        harness.delete(other).await?;
    }
    harness.extend(&key, fence, LONG).await?;
    harness.expect_record(&key, b"one", version).await
}
