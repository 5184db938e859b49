//! Cases about the time to live: records and leases expire, and not early.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::harness::{Harness, LONG, SHORT, conflict, ensure, expect_error, lease_lost};

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

async fn a_record_expires(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    harness.create(&key, b"one", SHORT).await?;
    harness.wait_until_expired(&key).await
}

/// Loads until the time to live is over. A result that came later is ignored, so that a slow
/// machine does not fail the case.
async fn a_record_does_not_expire_early(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let time_to_live = SHORT * 4;
    let started = Instant::now();
    harness.create(&key, b"one", time_to_live).await?;
    loop {
        let found = harness.load(&key).await?;
        if started.elapsed() >= time_to_live {
            return Ok(());
        }
        ensure(found.is_some(), "a record expired early")?;
        sleep(SHORT / 10).await;
    }
}

async fn a_swap_of_an_expired_record_fails(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", SHORT).await?;
    sleep(SHORT * 2).await;
    let swap = harness.try_swap(&key, version, b"two", LONG, None).await;
    expect_error(swap, conflict, "a swap of an expired record")?;
    harness.expect_absent(&key).await
}

async fn a_swap_can_extend_the_time_to_live(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", SHORT * 10).await?;
    let version = harness.swap(&key, version, b"two", LONG, None).await?;
    sleep(SHORT * 12).await;
    harness.expect_record(&key, b"two", version).await
}

async fn a_swap_can_shorten_the_time_to_live(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", LONG).await?;
    harness.swap(&key, version, b"two", SHORT, None).await?;
    harness.wait_until_expired(&key).await
}

async fn an_expired_record_can_be_created_again(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let before = harness.create(&key, b"one", SHORT).await?;
    harness.wait_until_expired(&key).await?;
    let after = harness.create(&key, b"two", LONG).await?;
    ensure(after > before, "a version was reused after an expiry")?;
    harness.expect_record(&key, b"two", after).await
}

async fn a_record_with_zero_time_to_live_expires_at_once(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    harness.create(&key, b"one", Duration::ZERO).await?;
    harness.expect_absent(&key).await
}

async fn the_maximum_time_to_live_is_accepted(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let version = harness.create(&key, b"one", Duration::MAX).await?;
    harness.expect_record(&key, b"one", version).await?;
    let version = harness
        .swap(&key, version, b"two", Duration::MAX, None)
        .await?;
    harness.expect_record(&key, b"two", version).await?;
    let fence = harness.acquire(&key, Duration::MAX).await?;
    harness.extend(&key, fence, Duration::MAX).await?;
    let second = harness.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "a lease with the maximum time to live is not held",
    )?;
    harness.release(&key, fence).await?;
    harness.delete(&key).await
}

async fn a_lease_expires(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    harness.acquire(&key, SHORT).await?;
    harness.wait_and_acquire(&key, LONG).await.map(drop)
}

async fn a_lease_does_not_expire_early(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let time_to_live = SHORT * 4;
    let started = Instant::now();
    harness.acquire(&key, time_to_live).await?;
    loop {
        let second = harness.try_acquire(&key, SHORT).await?;
        if started.elapsed() >= time_to_live {
            return Ok(());
        }
        ensure(second.is_none(), "a lease expired early")?;
        sleep(SHORT / 10).await;
    }
}

async fn an_extended_lease_expires_later(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let fence = harness.acquire(&key, SHORT * 10).await?;
    harness.extend(&key, fence, LONG).await?;
    sleep(SHORT * 12).await;
    let second = harness.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "an extended lease expired at its former expiry time",
    )
}

async fn an_extension_can_shorten_a_lease(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let fence = harness.acquire(&key, LONG).await?;
    harness.extend(&key, fence, SHORT).await?;
    harness.wait_and_acquire(&key, LONG).await.map(drop)
}

async fn an_expired_lease_cannot_be_extended(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    harness.create(&key, b"one", LONG).await?;
    let fence = harness.acquire(&key, SHORT).await?;
    sleep(SHORT * 2).await;
    let extended = harness.try_extend(&key, fence, LONG).await;
    expect_error(extended, lease_lost, "extending an expired lease")?;
    harness.acquire(&key, LONG).await.map(drop)
}

async fn a_lease_with_zero_time_to_live_expires_at_once(harness: Harness) -> Result<(), String> {
    let key = harness.key()?;
    let first = harness.acquire(&key, Duration::ZERO).await?;
    let second = harness.acquire(&key, LONG).await?;
    ensure(second > first, "the second fence is not higher")
}
