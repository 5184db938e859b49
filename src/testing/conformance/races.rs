//! Cases about concurrent access: every operation is atomic.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::harness::{
    CaseResult, LONG, StepResult, TestStore, conflict, ensure, exists, expect_error,
};
use crate::store::{StoreError, Version};

super::cases![
    one_of_many_concurrent_creations_succeeds,
    one_of_many_concurrent_swaps_succeeds,
    no_increment_is_lost,
    one_of_many_concurrent_acquisitions_succeeds,
    holders_of_a_lease_never_overlap,
    a_version_is_never_reused,
];

const TASKS: usize = 16;
const ROUNDS: usize = 10;

/// Runs `TASKS` tasks that start at the same time and collects their results.
async fn run_concurrently<T, F>(task: impl Fn(usize) -> F) -> CaseResult<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = CaseResult<T>> + Send + 'static,
{
    let start = Arc::new(Barrier::new(TASKS));
    let mut tasks = JoinSet::new();
    for number in 0..TASKS {
        let (start, task) = (start.clone(), task(number));
        tasks.spawn(async move {
            start.wait().await;
            task.await
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// The task whose operation succeeded, and the version that it wrote. Fails unless exactly one
/// succeeded and all others failed with the expected error.
fn only_success(
    results: Vec<(usize, StepResult<Version>)>,
    is_expected: fn(&StoreError) -> bool,
    operation: &str,
) -> CaseResult<(usize, Version)> {
    let mut successes = Vec::new();
    for (number, result) in results {
        match result {
            Ok(version) => successes.push((number, version)),
            failed => expect_error(failed, is_expected, operation)?,
        }
    }
    match successes[..] {
        [success] => Ok(success),
        _ => Err(format!("{operation} succeeded {} times", successes.len())),
    }
}

async fn one_of_many_concurrent_creations_succeeds(store: TestStore) -> CaseResult {
    for _ in 0..ROUNDS {
        let key = store.key()?;
        let created = run_concurrently(|number| {
            let store = store.clone();
            let body = number.to_string();
            async move { Ok((number, store.try_create(&key, body.as_bytes(), LONG).await)) }
        });
        let (number, version) = only_success(created.await?, exists, "a concurrent creation")?;
        let body = number.to_string();
        store.expect_record(&key, body.as_bytes(), version).await?;
    }
    Ok(())
}

async fn one_of_many_concurrent_swaps_succeeds(store: TestStore) -> CaseResult {
    for _ in 0..ROUNDS {
        let key = store.key()?;
        let first = store.create(&key, b"one", LONG).await?;
        let swapped = run_concurrently(|number| {
            let store = store.clone();
            let body = number.to_string();
            async move {
                let swap = store.try_swap(&key, first, body.as_bytes(), LONG, None);
                Ok((number, swap.await))
            }
        });
        let (number, version) = only_success(swapped.await?, conflict, "a concurrent swap")?;
        let body = number.to_string();
        store.expect_record(&key, body.as_bytes(), version).await?;
    }
    Ok(())
}

fn parse_number(body: &[u8]) -> CaseResult<u64> {
    let text = std::str::from_utf8(body).ok();
    let number = text.and_then(|text| text.parse().ok());
    number.ok_or_else(|| "the record is not the one that was written".to_owned())
}

async fn no_increment_is_lost(store: TestStore) -> CaseResult {
    let key = store.key()?;
    store.create(&key, b"0", LONG).await?;
    let increments = run_concurrently(|_| {
        let store = store.clone();
        async move {
            let (mut done, mut attempts) = (0, 0);
            while done < ROUNDS {
                // A swap may fail only because another one succeeded, so the attempts are bounded.
                attempts += 1;
                ensure(
                    attempts <= TASKS * ROUNDS,
                    "swaps fail without a concurrent swap",
                )?;
                let loaded = store.load(&key).await?;
                let (body, version) = loaded.ok_or("the record is missing")?;
                let next = (parse_number(&body)? + 1).to_string();
                match store
                    .try_swap(&key, version, next.as_bytes(), LONG, None)
                    .await
                {
                    Ok(_) => done += 1,
                    failed => expect_error(failed, conflict, "a concurrent swap")?,
                }
            }
            Ok(())
        }
    });
    increments.await?;
    let (body, _) = store.load(&key).await?.ok_or("the record is missing")?;
    let (found, expected) = (parse_number(&body)?, TASKS * ROUNDS);
    ensure(
        found == expected as u64,
        &format!("{found} of {expected} increments were stored"),
    )
}

async fn one_of_many_concurrent_acquisitions_succeeds(store: TestStore) -> CaseResult {
    for _ in 0..ROUNDS {
        let key = store.key()?;
        let acquired = run_concurrently(|_| {
            let store = store.clone();
            async move { store.try_acquire(&key, LONG).await }
        });
        let holders = acquired.await?.into_iter().flatten().count();
        ensure(holders == 1, &format!("{holders} tasks acquired one lease"))?;
    }
    Ok(())
}

async fn holders_of_a_lease_never_overlap(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let last_fence = Arc::new(AtomicU64::new(0));
    let active = Arc::new(AtomicU64::new(0));
    let holders = run_concurrently(|_| {
        let (store, last_fence, active) = (store.clone(), last_fence.clone(), active.clone());
        async move {
            let mut rounds = 0;
            while rounds < ROUNDS {
                let fence = store.wait_and_acquire(&key, LONG).await?;
                let other_holders = active.fetch_add(1, Ordering::SeqCst);
                let previous = last_fence.swap(fence.0, Ordering::SeqCst);
                tokio::task::yield_now().await;
                active.fetch_sub(1, Ordering::SeqCst);
                ensure(
                    other_holders == 0,
                    "a lease had two holders at the same time",
                )?;
                ensure(fence.0 > previous, "a later lease has no higher fence")?;
                store.release(&key, fence).await?;
                rounds += 1;
            }
            Ok(())
        }
    });
    holders.await.map(drop)
}

async fn a_version_is_never_reused(store: TestStore) -> CaseResult {
    let key = store.key()?;
    let written = run_concurrently(|number| {
        let store = store.clone();
        async move {
            let mut seen: Vec<(Version, Vec<u8>)> = Vec::new();
            for round in 0..ROUNDS {
                let body = format!("{number} {round}").into_bytes();
                match store.try_create(&key, &body, LONG).await {
                    Ok(version) => seen.push((version, body)),
                    Err(StoreError::Exists) => {
                        seen.extend(
                            store
                                .load(&key)
                                .await?
                                .map(|(body, version)| (version, body)),
                        );
                        store.delete(&key).await?;
                    }
                    Err(error) => return Err(format!("create failed: {error}")),
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
