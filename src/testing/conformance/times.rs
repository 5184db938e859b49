//! Time to live: what is over is gone, and nothing is over too soon.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::bench::{Bench, LONG, SHORT, conflict, ensure, lease_lost, refused};

super::cases![
    a_record_expires,
    a_record_does_not_expire_too_soon,
    a_swap_of_an_expired_record_is_refused,
    a_swap_makes_a_record_live_longer,
    a_swap_makes_a_record_live_shorter,
    an_expired_record_can_be_created_again,
    a_record_without_time_is_over_at_once,
    the_longest_time_to_live_is_taken,
    a_lease_runs_out,
    a_lease_does_not_run_out_too_soon,
    an_extended_lease_runs_longer,
    a_lease_can_be_made_shorter,
    a_lease_that_ran_out_cannot_be_extended,
    a_lease_without_time_is_over_at_once,
];

async fn a_record_expires(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.create(&key, b"one", SHORT).await?;
    bench.wait_until_gone(&key).await
}

/// Looks until shortly before the end. What was answered after the end says nothing, so a slow
/// machine fails nobody.
async fn a_record_does_not_expire_too_soon(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let time_to_live = SHORT * 4;
    let begun = Instant::now();
    bench.create(&key, b"one", time_to_live).await?;
    loop {
        let found = bench.load(&key).await?;
        if begun.elapsed() >= time_to_live {
            return Ok(());
        }
        ensure(found.is_some(), "a record expired too soon")?;
        sleep(SHORT / 10).await;
    }
}

async fn a_swap_of_an_expired_record_is_refused(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", SHORT).await?;
    sleep(SHORT * 2).await;
    let swap = bench.try_swap(&key, version, b"two", LONG, None).await;
    refused(swap, conflict, "a swap of an expired record")?;
    bench.is_gone(&key).await
}

async fn a_swap_makes_a_record_live_longer(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", SHORT * 10).await?;
    let version = bench.swap(&key, version, b"two", LONG, None).await?;
    sleep(SHORT * 12).await;
    bench.holds(&key, b"two", version).await
}

async fn a_swap_makes_a_record_live_shorter(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", LONG).await?;
    bench.swap(&key, version, b"two", SHORT, None).await?;
    bench.wait_until_gone(&key).await
}

async fn an_expired_record_can_be_created_again(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let before = bench.create(&key, b"one", SHORT).await?;
    bench.wait_until_gone(&key).await?;
    let after = bench.create(&key, b"two", LONG).await?;
    ensure(after > before, "a version came back after an expiry")?;
    bench.holds(&key, b"two", after).await
}

async fn a_record_without_time_is_over_at_once(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.create(&key, b"one", Duration::ZERO).await?;
    bench.is_gone(&key).await
}

async fn the_longest_time_to_live_is_taken(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let version = bench.create(&key, b"one", Duration::MAX).await?;
    bench.holds(&key, b"one", version).await?;
    let version = bench
        .swap(&key, version, b"two", Duration::MAX, None)
        .await?;
    bench.holds(&key, b"two", version).await?;
    let fence = bench.acquire(&key, Duration::MAX).await?;
    bench.extend(&key, fence, Duration::MAX).await?;
    let second = bench.try_acquire(&key, LONG).await?;
    ensure(second.is_none(), "the longest lease is not held")?;
    bench.release(&key, fence).await?;
    bench.delete(&key).await
}

async fn a_lease_runs_out(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.acquire(&key, SHORT).await?;
    bench.wait_and_acquire(&key, LONG).await.map(drop)
}

async fn a_lease_does_not_run_out_too_soon(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let time_to_live = SHORT * 4;
    let begun = Instant::now();
    bench.acquire(&key, time_to_live).await?;
    loop {
        let second = bench.try_acquire(&key, SHORT).await?;
        if begun.elapsed() >= time_to_live {
            return Ok(());
        }
        ensure(second.is_none(), "a lease ran out too soon")?;
        sleep(SHORT / 10).await;
    }
}

async fn an_extended_lease_runs_longer(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let fence = bench.acquire(&key, SHORT * 10).await?;
    bench.extend(&key, fence, LONG).await?;
    sleep(SHORT * 12).await;
    let second = bench.try_acquire(&key, LONG).await?;
    ensure(
        second.is_none(),
        "an extended lease ran out at its former end",
    )
}

async fn a_lease_can_be_made_shorter(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let fence = bench.acquire(&key, LONG).await?;
    bench.extend(&key, fence, SHORT).await?;
    bench.wait_and_acquire(&key, LONG).await.map(drop)
}

async fn a_lease_that_ran_out_cannot_be_extended(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.create(&key, b"one", LONG).await?;
    let fence = bench.acquire(&key, SHORT).await?;
    sleep(SHORT * 2).await;
    let late = bench.try_extend(&key, fence, LONG).await;
    refused(late, lease_lost, "extending a lease that ran out")?;
    bench.acquire(&key, LONG).await.map(drop)
}

async fn a_lease_without_time_is_over_at_once(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let first = bench.acquire(&key, Duration::ZERO).await?;
    let second = bench.acquire(&key, LONG).await?;
    ensure(second > first, "the second fence is not higher")
}
