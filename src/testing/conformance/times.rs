//! Cases about the time to live: records and leases expire, and not early.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::harness::{
    CaseResult, LONG, SHORT, TestStore, conflict, ensure, expect_error, lease_lost,
};

super::cases![
    a_record_expires,
    a_record_does_not_expire_early,
    a_swap_of_an_expired_record_fails,
    a_swap_can_extend_the_time_to_live,
    a_swap_can_shorten_the_time_to_live,
    an_expired_record_can_be_created_again,
    a_record_with_zero_time_to_live_expires_at_once,
    the_maximum_time_to_live_is_accepted,
    a_lease_expires,
    a_lease_does_not_expire_early,
    an_extended_lease_expires_later,
    an_extension_can_shorten_a_lease,
    an_expired_lease_cannot_be_extended,
    a_lease_with_zero_time_to_live_expires_at_once,
];

async fn a_record_expires(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.create(&key, b"one", SHORT).await?;
    store.wait_until_expired(&key).await
}

/// Loads until the time to live is over. A result that came later is ignored, so that a slow
/// machine does not fail the case.
async fn a_record_does_not_expire_early(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let ttl = SHORT * 4;
    let started = Instant::now();
    store.create(&key, b"one", ttl).await?;
    loop {
        let found = store.load(&key).await?;
        if started.elapsed() >= ttl {
            return Ok(());
        }
        ensure(found.is_some(), "a record expired early")?;
        sleep(SHORT / 10).await;
    }
}

async fn a_swap_of_an_expired_record_fails(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", SHORT).await?;
    sleep(SHORT * 2).await;
    let swap = store.try_swap(&key, version, b"two", LONG, None).await;
    expect_error(swap, conflict, "a swap of an expired record")?;
    store.expect_absent(&key).await
}

async fn a_swap_can_extend_the_time_to_live(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", SHORT * 10).await?;
    let version = store.swap(&key, version, b"two", LONG, None).await?;
    sleep(SHORT * 12).await;
    store.expect_record(&key, b"two", version).await
}

async fn a_swap_can_shorten_the_time_to_live(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", LONG).await?;
    store.swap(&key, version, b"two", SHORT, None).await?;
    store.wait_until_expired(&key).await
}

async fn an_expired_record_can_be_created_again(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let before = store.create(&key, b"one", SHORT).await?;
    store.wait_until_expired(&key).await?;
    let after = store.create(&key, b"two", LONG).await?;
    ensure(after > before, "a version was reused after an expiry")?;
    store.expect_record(&key, b"two", after).await
}

async fn a_record_with_zero_time_to_live_expires_at_once(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.create(&key, b"one", Duration::ZERO).await?;
    store.expect_absent(&key).await
}

async fn the_maximum_time_to_live_is_accepted(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let version = store.create(&key, b"one", Duration::MAX).await?;
    store.expect_record(&key, b"one", version).await?;
    let version = store
        .swap(&key, version, b"two", Duration::MAX, None)
        .await?;
    store.expect_record(&key, b"two", version).await?;
    let fence = store.acquire(&key, Duration::MAX).await?;
    store.extend(&key, fence, Duration::MAX).await?;
    let second = store.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "a lease with the maximum time to live is not held",
    )?;
    store.release(&key, fence).await?;
    store.delete(&key).await
}

async fn a_lease_expires(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.acquire(&key, SHORT).await?;
    store.wait_and_acquire(&key, LONG).await.map(drop)
}

async fn a_lease_does_not_expire_early(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let ttl = SHORT * 4;
    let started = Instant::now();
    store.acquire(&key, ttl).await?;
    loop {
        let second = store.try_acquire(&key, SHORT).await?;
        if started.elapsed() >= ttl {
            return Ok(());
        }
        ensure(second.is_none(), "a lease expired early")?;
        sleep(SHORT / 10).await;
    }
}

async fn an_extended_lease_expires_later(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let fence = store.acquire(&key, SHORT * 10).await?;
    store.extend(&key, fence, LONG).await?;
    sleep(SHORT * 12).await;
    let second = store.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "an extended lease expired at its former expiry time",
    )
}

async fn an_extension_can_shorten_a_lease(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let fence = store.acquire(&key, LONG).await?;
    store.extend(&key, fence, SHORT).await?;
    store.wait_and_acquire(&key, LONG).await.map(drop)
}

async fn an_expired_lease_cannot_be_extended(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.create(&key, b"one", LONG).await?;
    let fence = store.acquire(&key, SHORT).await?;
    sleep(SHORT * 2).await;
    let extended = store.try_extend(&key, fence, LONG).await;
    expect_error(extended, lease_lost, "extending an expired lease")?;
    store.acquire(&key, LONG).await.map(drop)
}

async fn a_lease_with_zero_time_to_live_expires_at_once(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let first = store.acquire(&key, Duration::ZERO).await?;
    let second = store.acquire(&key, LONG).await?;
    ensure(second > first, "the second fence is not higher")
}
