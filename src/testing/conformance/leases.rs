//! Leases: one holder at a time, and only the newest one writes.

use super::bench::{Bench, LONG, SHORT, conflict, ensure, lease_lost, refused};
use crate::store::Fence;

super::cases![
    a_lease_is_held_by_one,
    a_lease_needs_no_record,
    a_lease_leaves_the_record_alone,
    a_released_lease_can_be_taken,
    a_released_lease_cannot_be_extended,
    a_lease_of_another_cannot_be_extended,
    a_lease_of_another_is_not_released,
    releasing_a_lost_lease_is_no_error,
    fences_increase_over_releases,
    fences_increase_over_leases_that_ran_out,
    fences_increase_over_deletions,
    the_newest_fence_writes,
    a_write_without_a_fence_is_free,
    a_fence_does_not_excuse_an_old_version,
    an_old_fence_writes_nothing,
    an_old_fence_writes_nothing_after_a_release,
    a_lost_lease_is_named_before_a_conflict,
    a_fence_that_never_was_writes_nothing,
    a_fence_of_another_key_writes_nothing,
    a_lease_that_ran_out_writes_until_another_is_taken,
    a_lease_outlives_the_deletion_of_its_record,
];

async fn a_lease_is_held_by_one(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.create(&key, b"one", LONG).await?;
    bench.acquire(&key, LONG).await?;
    let second = bench.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "a held lease was given to a second holder",
    )
}

async fn a_lease_needs_no_record(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let fence = bench.acquire(&key, LONG).await?;
    bench.is_gone(&key).await?;
    let second = bench.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "a held lease was given to a second holder",
    )?;
    bench.extend(&key, fence, LONG).await?;
    let version = bench.create(&key, b"one", LONG).await?;
    bench
        .swap(&key, version, b"two", LONG, Some(fence))
        .await
        .map(drop)
}

async fn a_lease_leaves_the_record_alone(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    let fence = bench.acquire(&key, LONG).await?;
    bench.holds(&key, b"one", version).await?;
    bench.extend(&key, fence, LONG).await?;
    bench.holds(&key, b"one", version).await?;
    bench.release(&key, fence).await?;
    bench.holds(&key, b"one", version).await
}

async fn a_released_lease_can_be_taken(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let fence = bench.acquire(&key, LONG).await?;
    bench.release(&key, fence).await?;
    bench.acquire(&key, LONG).await.map(drop)
}

async fn a_released_lease_cannot_be_extended(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.create(&key, b"one", LONG).await?;
    let fence = bench.acquire(&key, LONG).await?;
    bench.release(&key, fence).await?;
    let late = bench.try_extend(&key, fence, LONG).await;
    refused(late, lease_lost, "extending a released lease")?;
    bench.acquire(&key, LONG).await.map(drop)
}

async fn a_lease_of_another_cannot_be_extended(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let old = bench.acquire(&key, SHORT).await?;
    let new = bench.wait_and_acquire(&key, LONG).await?;
    for fence in [old, Fence(0), Fence(new.0 + 1), Fence(u64::MAX)] {
        let strange = bench.try_extend(&key, fence, LONG).await;
        refused(strange, lease_lost, "extending the lease of another")?;
    }
    bench.extend(&key, new, LONG).await
}

async fn a_lease_of_another_is_not_released(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let old = bench.acquire(&key, SHORT).await?;
    let new = bench.wait_and_acquire(&key, LONG).await?;
    for fence in [old, Fence(0), Fence(new.0 + 1), Fence(u64::MAX)] {
        bench.release(&key, fence).await?;
    }
    let third = bench.try_acquire(&key, LONG).await?;
    ensure(third.is_none(), "a lease was released by somebody else")?;
    bench.extend(&key, new, LONG).await
}

async fn releasing_a_lost_lease_is_no_error(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.release(&key, Fence(1)).await?;
    let fence = bench.acquire(&key, LONG).await?;
    bench.release(&key, fence).await?;
    bench.release(&key, fence).await
}

async fn fences_increase_over_releases(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let mut last = Fence(0);
    for _ in 0..10 {
        let fence = bench.acquire(&key, LONG).await?;
        ensure(
            fence > last,
            "a fence is not higher than the one before a release",
        )?;
        bench.release(&key, fence).await?;
        last = fence;
    }
    Ok(())
}

async fn fences_increase_over_leases_that_ran_out(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let first = bench.acquire(&key, SHORT).await?;
    let second = bench.wait_and_acquire(&key, SHORT).await?;
    let third = bench.wait_and_acquire(&key, LONG).await?;
    let right = first < second && second < third;
    ensure(
        right,
        "a fence is not higher than that of a lease that ran out",
    )
}

async fn fences_increase_over_deletions(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let mut last = Fence(0);
    for _ in 0..10 {
        bench.create(&key, b"one", LONG).await?;
        let fence = bench.acquire(&key, LONG).await?;
        ensure(
            fence > last,
            "a fence is not higher than the one before a deletion",
        )?;
        bench.release(&key, fence).await?;
        bench.delete(&key).await?;
        last = fence;
    }
    Ok(())
}

async fn the_newest_fence_writes(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    let fence = bench.acquire(&key, LONG).await?;
    let version = bench.swap(&key, version, b"two", LONG, Some(fence)).await?;
    let version = bench
        .swap(&key, version, b"three", LONG, Some(fence))
        .await?;
    bench.holds(&key, b"three", version).await
}

async fn a_write_without_a_fence_is_free(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    bench.acquire(&key, LONG).await?;
    let version = bench.swap(&key, version, b"two", LONG, None).await?;
    bench.holds(&key, b"two", version).await
}

async fn a_fence_does_not_excuse_an_old_version(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let first = bench.create(&key, b"one", LONG).await?;
    let fence = bench.acquire(&key, LONG).await?;
    let second = bench.swap(&key, first, b"two", LONG, None).await?;
    let late = bench
        .try_swap(&key, first, b"three", LONG, Some(fence))
        .await;
    refused(
        late,
        conflict,
        "a swap of an old version by the holder of the lease",
    )?;
    bench.holds(&key, b"two", second).await
}

async fn an_old_fence_writes_nothing(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    let old = bench.acquire(&key, SHORT).await?;
    let new = bench.wait_and_acquire(&key, LONG).await?;
    let late = bench.try_swap(&key, version, b"two", LONG, Some(old)).await;
    refused(
        late,
        lease_lost,
        "a write with the fence of a lease that ran out",
    )?;
    bench.holds(&key, b"one", version).await?;
    let version = bench.swap(&key, version, b"three", LONG, Some(new)).await?;
    bench.holds(&key, b"three", version).await
}

async fn an_old_fence_writes_nothing_after_a_release(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    let old = bench.acquire(&key, LONG).await?;
    bench.release(&key, old).await?;
    let new = bench.acquire(&key, LONG).await?;
    bench.release(&key, new).await?;
    let late = bench.try_swap(&key, version, b"two", LONG, Some(old)).await;
    refused(
        late,
        lease_lost,
        "a write with a fence that is not the newest",
    )?;
    bench.holds(&key, b"one", version).await
}

async fn a_lost_lease_is_named_before_a_conflict(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let first = bench.create(&key, b"one", LONG).await?;
    let old = bench.acquire(&key, LONG).await?;
    bench.release(&key, old).await?;
    let new = bench.acquire(&key, LONG).await?;
    bench.swap(&key, first, b"two", LONG, Some(new)).await?;
    let late = bench.try_swap(&key, first, b"three", LONG, Some(old)).await;
    refused(late, lease_lost, "an old version with an old fence")?;
    bench.delete(&key).await?;
    let late = bench.try_swap(&key, first, b"three", LONG, Some(old)).await;
    refused(late, lease_lost, "an old fence without a record")
}

async fn a_fence_that_never_was_writes_nothing(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    for fence in [Fence(0), Fence(1), Fence(version.0)] {
        let early = bench
            .try_swap(&key, version, b"two", LONG, Some(fence))
            .await;
        refused(early, lease_lost, "a write with a fence before any lease")?;
    }
    let newest = bench.acquire(&key, LONG).await?;
    for fence in [Fence(newest.0 + 1), Fence(u64::MAX)] {
        let wrong = bench
            .try_swap(&key, version, b"two", LONG, Some(fence))
            .await;
        refused(wrong, lease_lost, "a write with a fence that never was")?;
    }
    bench.holds(&key, b"one", version).await
}

async fn a_fence_of_another_key_writes_nothing(bench: Bench) -> Result<(), String> {
    let (key, other) = (bench.key()?, bench.key()?);
    let version = bench.create(&key, b"one", LONG).await?;
    let fence = bench.acquire(&other, LONG).await?;
    let wrong = bench
        .try_swap(&key, version, b"two", LONG, Some(fence))
        .await;
    refused(wrong, lease_lost, "a write with the fence of another key")?;
    bench.holds(&key, b"one", version).await
}

async fn a_lease_that_ran_out_writes_until_another_is_taken(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    let fence = bench.acquire(&key, SHORT).await?;
    tokio::time::sleep(SHORT * 2).await;
    let version = bench.swap(&key, version, b"two", LONG, Some(fence)).await?;
    bench.holds(&key, b"two", version).await
}

async fn a_lease_outlives_the_deletion_of_its_record(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.create(&key, b"one", LONG).await?;
    let fence = bench.acquire(&key, LONG).await?;
    bench.delete(&key).await?;
    let second = bench.try_acquire(&key, LONG).await?;
    ensure(second.is_none(), "a deletion ended the lease")?;
    bench.extend(&key, fence, LONG).await?;
    let version = bench.create(&key, b"two", LONG).await?;
    let version = bench
        .swap(&key, version, b"three", LONG, Some(fence))
        .await?;
    bench.holds(&key, b"three", version).await
}
