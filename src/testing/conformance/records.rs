//! Records: what is written is read, and only over the version that it replaces.

use super::bench::{Bench, LONG, conflict, ensure, exists, refused};
use crate::store::{StoreKey, Version};

super::cases![
    a_record_is_loaded_as_it_was_created,
    a_key_without_a_record_loads_nothing,
    creating_over_a_record_is_refused,
    a_swap_replaces_the_record,
    a_swap_of_an_old_version_is_refused,
    a_swap_of_a_version_that_never_was_is_refused,
    a_swap_without_a_record_is_refused,
    a_deleted_record_is_gone,
    deleting_nothing_is_no_error,
    a_swap_of_a_deleted_record_is_refused,
    versions_increase_with_every_swap,
    versions_increase_over_deletions,
    a_version_from_before_a_deletion_is_refused,
    an_empty_record_is_a_record,
    every_byte_is_kept,
    a_big_record_is_kept,
    keys_do_not_touch_each_other,
];

async fn a_record_is_loaded_as_it_was_created(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    bench.holds(&key, b"one", version).await
}

async fn a_key_without_a_record_loads_nothing(bench: Bench) -> Result<(), String> {
    bench.is_gone(&bench.key()?).await
}

async fn creating_over_a_record_is_refused(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    let again = bench.try_create(&key, b"two", LONG).await;
    refused(again, exists, "creating over a record")?;
    bench.holds(&key, b"one", version).await
}

async fn a_swap_replaces_the_record(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let first = bench.create(&key, b"one", LONG).await?;
    let second = bench.swap(&key, first, b"another", LONG, None).await?;
    bench.holds(&key, b"another", second).await
}

async fn a_swap_of_an_old_version_is_refused(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let first = bench.create(&key, b"one", LONG).await?;
    let second = bench.swap(&key, first, b"two", LONG, None).await?;
    let late = bench.try_swap(&key, first, b"three", LONG, None).await;
    refused(late, conflict, "a swap of an old version")?;
    bench.holds(&key, b"two", second).await
}

async fn a_swap_of_a_version_that_never_was_is_refused(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    for never in [0, version.0 + 1, version.0 ^ (1 << 62), u64::MAX] {
        let wrong = bench
            .try_swap(&key, Version(never), b"two", LONG, None)
            .await;
        refused(wrong, conflict, &format!("a swap of version {never}"))?;
    }
    bench.holds(&key, b"one", version).await
}

async fn a_swap_without_a_record_is_refused(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    for version in [Version(0), Version(1)] {
        let swap = bench.try_swap(&key, version, b"one", LONG, None).await;
        refused(swap, conflict, "a swap without a record")?;
    }
    bench.is_gone(&key).await
}

async fn a_deleted_record_is_gone(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.create(&key, b"one", LONG).await?;
    bench.delete(&key).await?;
    bench.is_gone(&key).await
}

async fn deleting_nothing_is_no_error(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.delete(&key).await?;
    bench.create(&key, b"one", LONG).await?;
    bench.delete(&key).await?;
    bench.delete(&key).await
}

async fn a_swap_of_a_deleted_record_is_refused(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    bench.delete(&key).await?;
    let swap = bench.try_swap(&key, version, b"two", LONG, None).await;
    refused(swap, conflict, "a swap of a deleted record")?;
    bench.is_gone(&key).await
}

async fn versions_increase_with_every_swap(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let mut version = bench.create(&key, b"one", LONG).await?;
    for _ in 0..20 {
        let next = bench.swap(&key, version, b"one", LONG, None).await?;
        ensure(next > version, "a swap did not make the version higher")?;
        version = next;
    }
    Ok(())
}

async fn versions_increase_over_deletions(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let mut last = Version(0);
    for _ in 0..10 {
        let created = bench.create(&key, b"one", LONG).await?;
        ensure(created > last, "a version was given out a second time")?;
        last = bench.swap(&key, created, b"two", LONG, None).await?;
        bench.delete(&key).await?;
    }
    Ok(())
}

async fn a_version_from_before_a_deletion_is_refused(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let before = bench.create(&key, b"one", LONG).await?;
    bench.delete(&key).await?;
    let after = bench.create(&key, b"one", LONG).await?;
    let late = bench.try_swap(&key, before, b"two", LONG, None).await;
    refused(late, conflict, "a swap of a version from before a deletion")?;
    bench.holds(&key, b"one", after).await
}

async fn an_empty_record_is_a_record(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"", LONG).await?;
    bench.holds(&key, b"", version).await?;
    let again = bench.try_create(&key, b"one", LONG).await;
    refused(again, exists, "creating over an empty record")
}

async fn every_byte_is_kept(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let bytes: Vec<u8> = (0..=u8::MAX).chain((0..=u8::MAX).rev()).collect();
    let version = bench.create(&key, &bytes, LONG).await?;
    bench.holds(&key, &bytes, version).await?;
    for ending in [&b"\0"[..], b"\r\n", b" ", b"'", b"\\", b"\xff\xfe", b"{}"] {
        let key = bench.key()?;
        let version = bench.create(&key, ending, LONG).await?;
        bench.holds(&key, ending, version).await?;
    }
    Ok(())
}

async fn a_big_record_is_kept(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let pattern = |step: u32| -> Vec<u8> {
        let numbers = (0..64 * 1024).map(|number: u32| number.wrapping_mul(step));
        numbers.flat_map(u32::to_be_bytes).collect()
    };
    let (first, second) = (pattern(2_654_435_761), pattern(40_503));
    let version = bench.create(&key, &first, LONG).await?;
    bench.holds(&key, &first, version).await?;
    let version = bench.swap(&key, version, &second, LONG, None).await?;
    bench.holds(&key, &second, version).await
}

async fn keys_do_not_touch_each_other(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let differing = [0, 15, 31].map(|place| {
        let mut bytes = *key.as_bytes();
        bytes[place] ^= 0x80;
        StoreKey::new(bytes)
    });
    let version = bench.create(&key, b"one", LONG).await?;
    let fence = bench.acquire(&key, LONG).await?;
    for other in &differing {
        bench.is_gone(other).await?;
        let version = bench.create(other, b"two", LONG).await?;
        bench.holds(other, b"two", version).await?;
        let fence = bench.acquire(other, LONG).await?;
        bench.release(other, fence).await?;
        bench.delete(other).await?;
    }
    bench.extend(&key, fence, LONG).await?;
    bench.holds(&key, b"one", version).await
}
