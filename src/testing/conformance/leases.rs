//! Cases about leases: one holder at a time, and only the newest fence can write.

use super::harness::{Harness, LONG, SHORT, conflict, ensure, expect_error, lease_lost};
use crate::store::Fence;

super::cases![
    a_lease_has_one_holder,
    a_lease_needs_no_record,
    a_lease_does_not_change_the_record,
    a_released_lease_can_be_acquired,
    a_released_lease_cannot_be_extended,
    a_lease_of_another_holder_cannot_be_extended,
    a_lease_of_another_holder_cannot_be_released,
    releasing_a_lost_lease_succeeds,
    fences_increase_across_releases,
    fences_increase_across_expired_leases,
    fences_increase_across_deletions,
    the_newest_fence_can_write,
    a_write_without_a_fence_ignores_leases,
    a_valid_fence_does_not_allow_an_old_version,
    an_old_fence_cannot_write,
    an_old_fence_cannot_write_after_a_release,
    a_lost_lease_takes_precedence_over_a_conflict,
    an_unknown_fence_cannot_write,
    a_fence_of_another_key_cannot_write,
    an_expired_lease_can_write_until_another_is_acquired,
    a_lease_survives_the_deletion_of_its_record,
];

async fn a_lease_has_one_holder(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    harness.create(&key, b"one", LONG).await?;
    harness.acquire(&key, LONG).await?;
    let second = harness.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "a held lease was given to a second holder",
    )
}

async fn a_lease_needs_no_record(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let fence = harness.acquire(&key, LONG).await?;
    harness.expect_absent(&key).await?;
    let second = harness.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "a held lease was given to a second holder",
    )?;
    harness.extend(&key, fence, LONG).await?;
    let version = harness.create(&key, b"one", LONG).await?;
    harness
        .swap(&key, version, b"two", LONG, Some(fence))
        .await
        .map(drop)
}

async fn a_lease_does_not_change_the_record(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    let fence = harness.acquire(&key, LONG).await?;
    harness.expect_record(&key, b"one", version).await?;
    harness.extend(&key, fence, LONG).await?;
    harness.expect_record(&key, b"one", version).await?;
    harness.release(&key, fence).await?;
    harness.expect_record(&key, b"one", version).await
}

async fn a_released_lease_can_be_acquired(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let fence = harness.acquire(&key, LONG).await?;
    harness.release(&key, fence).await?;
    harness.acquire(&key, LONG).await.map(drop)
}

async fn a_released_lease_cannot_be_extended(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    harness.create(&key, b"one", LONG).await?;
    let fence = harness.acquire(&key, LONG).await?;
    harness.release(&key, fence).await?;
    let late = harness.try_extend(&key, fence, LONG).await;
    expect_error(late, lease_lost, "extending a released lease")?;
    harness.acquire(&key, LONG).await.map(drop)
}

async fn a_lease_of_another_holder_cannot_be_extended(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let old = harness.acquire(&key, SHORT).await?;
    let new = harness.wait_and_acquire(&key, LONG).await?;
    for fence in [old, Fence(0), Fence(new.0 + 1), Fence(u64::MAX)] {
        let extended = harness.try_extend(&key, fence, LONG).await;
        expect_error(
            extended,
            lease_lost,
            "extending the lease of another holder",
        )?;
    }
    harness.extend(&key, new, LONG).await
}

async fn a_lease_of_another_holder_cannot_be_released(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let old = harness.acquire(&key, SHORT).await?;
    let new = harness.wait_and_acquire(&key, LONG).await?;
    for fence in [old, Fence(0), Fence(new.0 + 1), Fence(u64::MAX)] {
        harness.release(&key, fence).await?;
    }
    let third = harness.try_acquire(&key, LONG).await?;
    ensure(
        third.is_none(),
        "a lease was released with the fence of another holder",
    )?;
    harness.extend(&key, new, LONG).await
}

async fn releasing_a_lost_lease_succeeds(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    harness.release(&key, Fence(1)).await?;
    let fence = harness.acquire(&key, LONG).await?;
    harness.release(&key, fence).await?;
    harness.release(&key, fence).await
}

async fn fences_increase_across_releases(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let mut last = Fence(0);
    for _ in 0..10 {
        let fence = harness.acquire(&key, LONG).await?;
        ensure(
            fence > last,
            "a fence is not higher than the one before the release",
        )?;
        harness.release(&key, fence).await?;
        last = fence;
    }
    Ok(())
}

async fn fences_increase_across_expired_leases(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let first = harness.acquire(&key, SHORT).await?;
    let second = harness.wait_and_acquire(&key, SHORT).await?;
    let third = harness.wait_and_acquire(&key, LONG).await?;
    ensure(
        first < second && second < third,
        "a fence is not higher than that of an expired lease",
    )
}

async fn fences_increase_across_deletions(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let mut last = Fence(0);
    for _ in 0..10 {
        harness.create(&key, b"one", LONG).await?;
        let fence = harness.acquire(&key, LONG).await?;
        ensure(
            fence > last,
            "a fence is not higher than the one before the deletion",
        )?;
        harness.release(&key, fence).await?;
        harness.delete(&key).await?;
        last = fence;
    }
    Ok(())
}

async fn the_newest_fence_can_write(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    let fence = harness.acquire(&key, LONG).await?;
    let version = harness
        .swap(&key, version, b"two", LONG, Some(fence))
        .await?;
    let version = harness
        .swap(&key, version, b"three", LONG, Some(fence))
        .await?;
    harness.expect_record(&key, b"three", version).await
}

async fn a_write_without_a_fence_ignores_leases(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    harness.acquire(&key, LONG).await?;
    let version = harness.swap(&key, version, b"two", LONG, None).await?;
    harness.expect_record(&key, b"two", version).await
}

async fn a_valid_fence_does_not_allow_an_old_version(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let first = harness.create(&key, b"one", LONG).await?;
    let fence = harness.acquire(&key, LONG).await?;
    let second = harness.swap(&key, first, b"two", LONG, None).await?;
    let late = harness
        .try_swap(&key, first, b"three", LONG, Some(fence))
        .await;
    expect_error(
        late,
        conflict,
        "a swap of an old version with a valid fence",
    )?;
    harness.expect_record(&key, b"two", second).await
}

async fn an_old_fence_cannot_write(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    let old = harness.acquire(&key, SHORT).await?;
    let new = harness.wait_and_acquire(&key, LONG).await?;
    let late = harness
        .try_swap(&key, version, b"two", LONG, Some(old))
        .await;
    expect_error(
        late,
        lease_lost,
        "a write with the fence of an expired lease",
    )?;
    harness.expect_record(&key, b"one", version).await?;
    let version = harness
        .swap(&key, version, b"three", LONG, Some(new))
        .await?;
    harness.expect_record(&key, b"three", version).await
}

async fn an_old_fence_cannot_write_after_a_release(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    let old = harness.acquire(&key, LONG).await?;
    harness.release(&key, old).await?;
    let new = harness.acquire(&key, LONG).await?;
    harness.release(&key, new).await?;
    let late = harness
        .try_swap(&key, version, b"two", LONG, Some(old))
        .await;
    expect_error(
        late,
        lease_lost,
        "a write with a fence that is not the newest",
    )?;
    harness.expect_record(&key, b"one", version).await
}

async fn a_lost_lease_takes_precedence_over_a_conflict(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let first = harness.create(&key, b"one", LONG).await?;
    let old = harness.acquire(&key, LONG).await?;
    harness.release(&key, old).await?;
    let new = harness.acquire(&key, LONG).await?;
    harness.swap(&key, first, b"two", LONG, Some(new)).await?;
    let late = harness
        .try_swap(&key, first, b"three", LONG, Some(old))
        .await;
    expect_error(
        late,
        lease_lost,
        "a swap of an old version with an old fence",
    )?;
    harness.delete(&key).await?;
    let late = harness
        .try_swap(&key, first, b"three", LONG, Some(old))
        .await;
    expect_error(
        late,
        lease_lost,
        "a swap of a missing record with an old fence",
    )
}

async fn an_unknown_fence_cannot_write(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    for fence in [Fence(0), Fence(1), Fence(version.0)] {
        let early = harness
            .try_swap(&key, version, b"two", LONG, Some(fence))
            .await;
        expect_error(early, lease_lost, "a write with a fence before any lease")?;
    }
    let newest = harness.acquire(&key, LONG).await?;
    for fence in [Fence(newest.0 + 1), Fence(u64::MAX)] {
        let wrong = harness
            .try_swap(&key, version, b"two", LONG, Some(fence))
            .await;
        expect_error(wrong, lease_lost, "a write with an unknown fence")?;
    }
    harness.expect_record(&key, b"one", version).await
}

async fn a_fence_of_another_key_cannot_write(harness: Harness) -> Result<(), String> {
    let (key, other) = (harness.key()?, harness.key()?);
    let version = harness.create(&key, b"one", LONG).await?;
    let fence = harness.acquire(&other, LONG).await?;
    let wrong = harness
        .try_swap(&key, version, b"two", LONG, Some(fence))
        .await;
    expect_error(wrong, lease_lost, "a write with the fence of another key")?;
    harness.expect_record(&key, b"one", version).await
}

async fn an_expired_lease_can_write_until_another_is_acquired(
    harness: Harness,
) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    let fence = harness.acquire(&key, SHORT).await?;
    tokio::time::sleep(SHORT * 2).await;
    let version = harness
        .swap(&key, version, b"two", LONG, Some(fence))
        .await?;
    harness.expect_record(&key, b"two", version).await
}

async fn a_lease_survives_the_deletion_of_its_record(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    harness.create(&key, b"one", LONG).await?;
    let fence = harness.acquire(&key, LONG).await?;
    harness.delete(&key).await?;
    let second = harness.try_acquire(&key, LONG).await?;
    ensure(second.is_none(), "deleting the record ended its lease")?;
    harness.extend(&key, fence, LONG).await?;
    let version = harness.create(&key, b"two", LONG).await?;
    let version = harness
        .swap(&key, version, b"three", LONG, Some(fence))
        .await?;
    harness.expect_record(&key, b"three", version).await
}
