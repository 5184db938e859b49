//! Whether a session store does what [`SessionStore`](crate::store::SessionStore) promises.

mod bench;
mod leases;
mod races;
mod records;
mod report;
mod times;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use self::bench::Bench;
pub use self::report::{ConformanceCase, ConformanceReport};
use crate::clock::BoxFuture;
use crate::store::SessionStore;

/// How long one case may take: a store that hangs fails it.
const LONGEST_CASE: Duration = Duration::from_secs(60);

/// How many cases run at the same time: they mostly wait for something to expire.
const AT_A_TIME: usize = 8;

/// What one case does; an error says what the store did wrong.
type Check = BoxFuture<'static, Result<(), String>>;

/// A promise and the function that checks it.
type Case = (&'static str, fn(Bench) -> Check);

/// Lists functions as cases under their own names.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        pub(super) const CASES: &[super::Case] = &[
            $((stringify!($case), |bench| Box::pin($case(bench)))),*
        ];
    };
}
use cases;

/// Runs every case against `store`, which may hold other records: the cases use keys of their own,
/// drawn at random, and leave some records and leases that expire within two minutes.
///
/// It takes some seconds, because records and leases have to expire. Run it on a runtime with
/// several threads, on the real database: what two processes do to each other shows only there.
///
/// ```
/// # use std::sync::Arc;
/// use vestibule::store::MemoryStore;
/// use vestibule::testing::store_conformance;
///
/// # #[tokio::main]
/// # async fn main() {
/// let report = store_conformance(Arc::new(MemoryStore::new())).await;
/// report.assert_passed();
/// # }
/// ```
pub async fn store_conformance(store: Arc<dyn SessionStore>) -> ConformanceReport {
    let all = [records::CASES, times::CASES, leases::CASES, races::CASES].concat();
    let mut waiting = all.iter().copied().enumerate();
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    loop {
        while running.len() < AT_A_TIME
            && let Some((place, case)) = waiting.next()
        {
            running.spawn(run(place, case, Bench::new(store.clone())));
        }
        match running.join_next().await {
            Some(Ok(outcome)) => done.push(outcome),
            Some(Err(_)) => {}
            None => break,
        }
    }
    done.sort_by_key(|(place, _)| *place);
    ConformanceReport::new(done.into_iter().map(|(_, case)| case).collect())
}

/// Runs one case in a task of its own, so that a store that panics fails that case only.
async fn run(place: usize, (name, check): Case, bench: Bench) -> (usize, ConformanceCase) {
    let checked = tokio::spawn(tokio::time::timeout(LONGEST_CASE, check(bench)));
    let failure = match checked.await {
        Ok(Ok(result)) => result.err(),
        Ok(Err(_)) => Some(format!("it took longer than {} s", LONGEST_CASE.as_secs())),
        Err(_) => Some("the store panicked".to_owned()),
    };
    (place, ConformanceCase::new(name, failure))
}
