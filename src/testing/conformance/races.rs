//! Many at the same time: every step happens as a whole.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::bench::{Bench, LONG, conflict, ensure, exists, refused};
use crate::store::{StoreError, Version};

super::cases![
    one_of_many_creations_wins,
    one_of_many_swaps_wins,
    no_increment_is_lost,
    one_of_many_takes_the_lease,
    holders_of_a_lease_follow_each_other,
    a_version_names_one_record_for_ever,
];

const MANY: usize = 16;
const ROUNDS: usize = 10;

/// Lets `MANY` tasks do the same at the same time and gathers what they answer.
async fn all_at_once<T, F>(task: impl Fn(usize) -> F) -> Result<Vec<T>, String>
where
    T: Send + 'static,
    F: Future<Output = Result<T, String>> + Send + 'static,
{
    let start = Arc::new(Barrier::new(MANY));
    let mut tasks = JoinSet::new();
    for number in 0..MANY {
        let (start, task) = (start.clone(), task(number));
        tasks.spawn(async move {
            start.wait().await;
            task.await
        });
    }
    let done = tasks.join_all().await;
    done.into_iter().collect()
}

async fn one_of_many_creations_wins(bench: Bench) -> Result<(), String> {
    for _ in 0..ROUNDS {
        let key = bench.key()?;
        let created = all_at_once(|number| {
            let bench = bench.clone();
            async move {
                Ok((
                    number,
                    bench
                        .try_create(&key, number.to_string().as_bytes(), LONG)
                        .await,
                ))
            }
        });
        let mut winners = Vec::new();
        for (number, answer) in created.await? {
            match answer {
                Ok(version) => winners.push((number, version)),
                lost => refused(lost, exists, "a creation")?,
            }
        }
        let [(number, version)] = winners[..] else {
            return Err(format!(
                "{} creations of one record succeeded",
                winners.len()
            ));
        };
        bench
            .holds(&key, number.to_string().as_bytes(), version)
            .await?;
    }
    Ok(())
}

async fn one_of_many_swaps_wins(bench: Bench) -> Result<(), String> {
    for _ in 0..ROUNDS {
        let key = bench.key()?;
        let first = bench.create(&key, b"one", LONG).await?;
        let swapped = all_at_once(|number| {
            let bench = bench.clone();
            let body = number.to_string();
            async move {
                Ok((
                    number,
                    bench
                        .try_swap(&key, first, body.as_bytes(), LONG, None)
                        .await,
                ))
            }
        });
        let mut winners = Vec::new();
        for (number, answer) in swapped.await? {
            match answer {
                Ok(version) => winners.push((number, version)),
                lost => refused(lost, conflict, "a swap")?,
            }
        }
        let [(number, version)] = winners[..] else {
            return Err(format!("{} swaps of one version succeeded", winners.len()));
        };
        bench
            .holds(&key, number.to_string().as_bytes(), version)
            .await?;
    }
    Ok(())
}

fn number_in(body: &[u8]) -> Result<u64, String> {
    let text = std::str::from_utf8(body).ok();
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| "the record is not what was written".to_owned())
}

async fn no_increment_is_lost(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    bench.create(&key, b"0", LONG).await?;
    let increments = all_at_once(|_| {
        let bench = bench.clone();
        async move {
            let (mut done, mut tries) = (0, 0);
            while done < ROUNDS {
                // A swap fails only when another one succeeds, and there are so many of these.
                tries += 1;
                ensure(tries <= MANY * ROUNDS, "swaps fail although nobody swaps")?;
                let loaded = bench.load(&key).await?;
                let (body, version) = loaded.ok_or("the record is gone")?;
                let next = (number_in(&body)? + 1).to_string();
                match bench
                    .try_swap(&key, version, next.as_bytes(), LONG, None)
                    .await
                {
                    Ok(_) => done += 1,
                    lost => refused(lost, conflict, "a swap")?,
                }
            }
            Ok(())
        }
    });
    increments.await?;
    let (body, _) = bench.load(&key).await?.ok_or("the record is gone")?;
    let (found, right) = (number_in(&body)?, MANY * ROUNDS);
    ensure(
        found == right as u64,
        &format!("of {right} increments {found} are left"),
    )
}

async fn one_of_many_takes_the_lease(bench: Bench) -> Result<(), String> {
    for _ in 0..ROUNDS {
        let key = bench.key()?;
        let acquired = all_at_once(|_| {
            let bench = bench.clone();
            async move { bench.try_acquire(&key, LONG).await }
        });
        let holders = acquired.await?.into_iter().flatten().count();
        ensure(holders == 1, &format!("{holders} took one lease"))?;
    }
    Ok(())
}

async fn holders_of_a_lease_follow_each_other(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let newest = Arc::new(AtomicU64::new(0));
    let inside = Arc::new(AtomicU64::new(0));
    let holders = all_at_once(|_| {
        let (bench, newest, inside) = (bench.clone(), newest.clone(), inside.clone());
        async move {
            let mut held = 0;
            while held < ROUNDS {
                let fence = bench.wait_and_acquire(&key, LONG).await?;
                let others = inside.fetch_add(1, Ordering::SeqCst);
                let before = newest.swap(fence.0, Ordering::SeqCst);
                tokio::task::yield_now().await;
                inside.fetch_sub(1, Ordering::SeqCst);
                ensure(others == 0, "a lease was held by two at the same time")?;
                ensure(fence.0 > before, "a later lease has no higher fence")?;
                bench.release(&key, fence).await?;
                held += 1;
            }
            Ok(())
        }
    });
    holders.await.map(drop)
}

async fn a_version_names_one_record_for_ever(bench: Bench) -> Result<(), String> {
    let key = bench.key()?;
    let written = all_at_once(|number| {
        let bench = bench.clone();
        async move {
            let mut seen: Vec<(Version, Vec<u8>)> = Vec::new();
            for round in 0..ROUNDS {
                let body = format!("{number} {round}").into_bytes();
                match bench.try_create(&key, &body, LONG).await {
                    Ok(version) => seen.push((version, body)),
                    Err(StoreError::Exists) => {
                        seen.extend(
                            bench
                                .load(&key)
                                .await?
                                .map(|(body, version)| (version, body)),
                        );
                        bench.delete(&key).await?;
                    }
                    Err(error) => return Err(format!("creating failed: {error}")),
                }
            }
            Ok(seen)
        }
    });
    let mut bodies: HashMap<Version, HashSet<Vec<u8>>> = HashMap::new();
    for (version, body) in written.await?.into_iter().flatten() {
        bodies.entry(version).or_default().insert(body);
    }
    let unique = bodies.values().all(|bodies| bodies.len() == 1);
    ensure(unique, "two records had the same version")
}
