//! A conformance test suite for implementations of
//! [`SessionStore`](crate::store::SessionStore).

mod harness;
mod leases;
mod races;
mod records;
mod report;
mod times;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use self::harness::{CaseResult, TestStore};
pub use self::report::{ConformanceCase, ConformanceReport};
use crate::clock::BoxFuture;
use crate::store::SessionStore;

/// Time limit of one case.
const CASE_TIMEOUT: Duration = Duration::from_secs(60);

/// How many cases run concurrently: most of their time is spent waiting for an expiry.
const MAX_CONCURRENT: usize = 8;

/// The name of a case and its function.
type Case = (
    &'static str,
    fn(TestStore) -> BoxFuture<'static, CaseResult>,
);

/// Defines `CASES`, a list of functions with their names.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        pub(super) const CASES: &[super::Case] = &[
            $((stringify!($case), |store| Box::pin($case(store)))),*
        ];
    };
}
use cases;

/// Tests whether a session store behaves as [`SessionStore`] documents.
///
/// The store may contain other records: the cases use new random keys and leave some records and
/// leases that expire within two minutes. The run takes some seconds, because records and leases
/// have to expire. Use a multi-threaded runtime and the real database, so that the cases about
/// concurrent access are meaningful.
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
    let mut pending = all.iter().copied().enumerate();
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    loop {
        while running.len() < MAX_CONCURRENT
            && let Some((index, case)) = pending.next()
        {
            running.spawn(run(index, case, TestStore::new(store.clone())));
        }
        match running.join_next().await {
            Some(Ok(result)) => done.push(result),
            Some(Err(_)) => {}
            None => break,
        }
    }
    done.sort_by_key(|(index, _)| *index);
    ConformanceReport::new(done.into_iter().map(|(_, case)| case).collect())
}

/// Runs one case in its own task, so that a panic of the store fails only this case.
async fn run(index: usize, (name, check): Case, store: TestStore) -> (usize, ConformanceCase) {
    let joined = tokio::spawn(tokio::time::timeout(CASE_TIMEOUT, check(store)));
    let failure = match joined.await {
        Ok(Ok(result)) => result.err(),
        Ok(Err(_)) => Some(format!("timed out after {} s", CASE_TIMEOUT.as_secs())),
        Err(_) => Some("the store panicked".to_owned()),
    };
    (index, ConformanceCase::new(name, failure))
}
