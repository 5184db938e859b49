//! Cases about leases: one holder at a time, and only the newest fence can write.

use super::harness::{
    CaseResult, LONG, SHORT, TestStore, conflict, ensure, expect_error, lease_lost,
};
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

async fn a_lease_has_one_holder(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.create(&key, b"one", LONG).await?;
    store.acquire(&key, LONG).await?;
    let second = store.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "a held lease was given to a second holder",
    )
}

async fn a_lease_needs_no_record(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let fence = store.acquire(&key, LONG).await?;
    store.expect_absent(&key).await?;
    let second = store.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "a held lease was given to a second holder",
    )?;
    store.extend(&key, fence, LONG).await?;
    let version = store.create(&key, b"one", LONG).await?;
    store
        .swap(&key, version, b"two", LONG, Some(fence))
        .await
        .map(drop)
}

async fn a_lease_does_not_change_the_record(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    let fence = store.acquire(&key, LONG).await?;
    store.expect_record(&key, b"one", version).await?;
    store.extend(&key, fence, LONG).await?;
    store.expect_record(&key, b"one", version).await?;
    store.release(&key, fence).await?;
    store.expect_record(&key, b"one", version).await
}

async fn a_released_lease_can_be_acquired(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let fence = store.acquire(&key, LONG).await?;
    store.release(&key, fence).await?;
    store.acquire(&key, LONG).await.map(drop)
}

async fn a_released_lease_cannot_be_extended(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.create(&key, b"one", LONG).await?;
    let fence = store.acquire(&key, LONG).await?;
    store.release(&key, fence).await?;
    let late = store.try_extend(&key, fence, LONG).await;
    expect_error(late, lease_lost, "extending a released lease")?;
    store.acquire(&key, LONG).await.map(drop)
}

async fn a_lease_of_another_holder_cannot_be_extended(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let old = store.acquire(&key, SHORT).await?;
    let new = store.wait_and_acquire(&key, LONG).await?;
    for fence in [old, Fence(0), Fence(new.0 + 1), Fence(u64::MAX)] {
        let extended = store.try_extend(&key, fence, LONG).await;
        expect_error(
            extended,
            lease_lost,
            "extending the lease of another holder",
        )?;
    }
    store.extend(&key, new, LONG).await
}

async fn a_lease_of_another_holder_cannot_be_released(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let old = store.acquire(&key, SHORT).await?;
    let new = store.wait_and_acquire(&key, LONG).await?;
    for fence in [old, Fence(0), Fence(new.0 + 1), Fence(u64::MAX)] {
        store.release(&key, fence).await?;
    }
    let third = store.try_acquire(&key, LONG).await?;
    ensure(
        third.is_none(),
        "a lease was released with the fence of another holder",
    )?;
    store.extend(&key, new, LONG).await
}

async fn releasing_a_lost_lease_succeeds(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.release(&key, Fence(1)).await?;
    let fence = store.acquire(&key, LONG).await?;
    store.release(&key, fence).await?;
    store.release(&key, fence).await
}

async fn fences_increase_across_releases(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let mut last = Fence(0);
    for _ in 0..10 {
        let fence = store.acquire(&key, LONG).await?;
        ensure(
            fence > last,
            "a fence is not higher than the one before the release",
        )?;
        store.release(&key, fence).await?;
        last = fence;
    }
    Ok(())
}

async fn fences_increase_across_expired_leases(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let first = store.acquire(&key, SHORT).await?;
    let second = store.wait_and_acquire(&key, SHORT).await?;
    let third = store.wait_and_acquire(&key, LONG).await?;
    ensure(
        first < second && second < third,
        "a fence is not higher than that of an expired lease",
    )
}

async fn fences_increase_across_deletions(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let mut last = Fence(0);
    for _ in 0..10 {
        store.create(&key, b"one", LONG).await?;
        let fence = store.acquire(&key, LONG).await?;
        ensure(
            fence > last,
            "a fence is not higher than the one before the deletion",
        )?;
        store.release(&key, fence).await?;
        store.delete(&key).await?;
        last = fence;
    }
    Ok(())
}

async fn the_newest_fence_can_write(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    let fence = store.acquire(&key, LONG).await?;
    let version = store.swap(&key, version, b"two", LONG, Some(fence)).await?;
    let version = store
        .swap(&key, version, b"three", LONG, Some(fence))
        .await?;
    store.expect_record(&key, b"three", version).await
}

async fn a_write_without_a_fence_ignores_leases(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    store.acquire(&key, LONG).await?;
    let version = store.swap(&key, version, b"two", LONG, None).await?;
    store.expect_record(&key, b"two", version).await
}

async fn a_valid_fence_does_not_allow_an_old_version(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let first = store.create(&key, b"one", LONG).await?;
    let fence = store.acquire(&key, LONG).await?;
    let second = store.swap(&key, first, b"two", LONG, None).await?;
    let late = store
        .try_swap(&key, first, b"three", LONG, Some(fence))
        .await;
    expect_error(
        late,
        conflict,
        "a swap of an old version with a valid fence",
    )?;
    store.expect_record(&key, b"two", second).await
}

async fn an_old_fence_cannot_write(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    let old = store.acquire(&key, SHORT).await?;
    let new = store.wait_and_acquire(&key, LONG).await?;
    let late = store.try_swap(&key, version, b"two", LONG, Some(old)).await;
    expect_error(
        late,
        lease_lost,
        "a write with the fence of an expired lease",
    )?;
    store.expect_record(&key, b"one", version).await?;
    let version = store.swap(&key, version, b"three", LONG, Some(new)).await?;
    store.expect_record(&key, b"three", version).await
}

async fn an_old_fence_cannot_write_after_a_release(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    let old = store.acquire(&key, LONG).await?;
    store.release(&key, old).await?;
    let new = store.acquire(&key, LONG).await?;
    store.release(&key, new).await?;
    let late = store.try_swap(&key, version, b"two", LONG, Some(old)).await;
    expect_error(
        late,
        lease_lost,
        "a write with a fence that is not the newest",
    )?;
    store.expect_record(&key, b"one", version).await
}

async fn a_lost_lease_takes_precedence_over_a_conflict(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let first = store.create(&key, b"one", LONG).await?;
    let old = store.acquire(&key, LONG).await?;
    store.release(&key, old).await?;
    let new = store.acquire(&key, LONG).await?;
    store.swap(&key, first, b"two", LONG, Some(new)).await?;
    let late = store.try_swap(&key, first, b"three", LONG, Some(old)).await;
    expect_error(
        late,
        lease_lost,
        "a swap of an old version with an old fence",
    )?;
    store.delete(&key).await?;
    let late = store.try_swap(&key, first, b"three", LONG, Some(old)).await;
    expect_error(
        late,
        lease_lost,
        "a swap of a missing record with an old fence",
    )
}

async fn an_unknown_fence_cannot_write(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    for fence in [Fence(0), Fence(1), Fence(version.0)] {
        let early = store
            .try_swap(&key, version, b"two", LONG, Some(fence))
            .await;
        expect_error(early, lease_lost, "a write with a fence before any lease")?;
    }
    let newest = store.acquire(&key, LONG).await?;
    for fence in [Fence(newest.0 + 1), Fence(u64::MAX)] {
        let wrong = store
            .try_swap(&key, version, b"two", LONG, Some(fence))
            .await;
        expect_error(wrong, lease_lost, "a write with an unknown fence")?;
    }
    store.expect_record(&key, b"one", version).await
}

async fn a_fence_of_another_key_cannot_write(store: TestStore) -> CaseResult {
    let (key, other) = (store.key()?, store.key()?);
    let version = store.create(&key, b"one", LONG).await?;
    let fence = store.acquire(&other, LONG).await?;
    let wrong = store
        .try_swap(&key, version, b"two", LONG, Some(fence))
        .await;
    expect_error(wrong, lease_lost, "a write with the fence of another key")?;
    store.expect_record(&key, b"one", version).await
}

async fn an_expired_lease_can_write_until_another_is_acquired(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    let fence = store.acquire(&key, SHORT).await?;
    tokio::time::sleep(SHORT * 2).await;
    let version = store.swap(&key, version, b"two", LONG, Some(fence)).await?;
    store.expect_record(&key, b"two", version).await
}

async fn a_lease_survives_the_deletion_of_its_record(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.create(&key, b"one", LONG).await?;
    let fence = store.acquire(&key, LONG).await?;
    store.delete(&key).await?;
    let second = store.try_acquire(&key, LONG).await?;
    ensure(second.is_none(), "deleting the record ended its lease")?;
    store.extend(&key, fence, LONG).await?;
    let version = store.create(&key, b"two", LONG).await?;
    let version = store
        .swap(&key, version, b"three", LONG, Some(fence))
        .await?;
    store.expect_record(&key, b"three", version).await
}
