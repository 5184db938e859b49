//! The shared store, as one instance reaches it: slow, failing, frozen.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::sleep;
use vestibule::BoxFuture;
use vestibule::store::{Fence, Record, SessionStore, StoreError, StoreKey, Version};

use super::checker::Checker;
use super::mutant::Mutant;
use super::rng::Rng;
use super::simulation::Simulation;
use super::support::rewindable_store::RewindableStore;

#[derive(Clone)]
pub struct InstanceStore {
    pub instance: usize,
    pub store: Arc<RewindableStore>,
    /// What the server showed when it became a replica, while the instance is connected to it.
    pub demoted: Arc<Mutex<Option<RewindableStore>>>,
    pub simulation: Arc<Simulation>,
    pub checker: Arc<Checker>,
    pub rng: Arc<Mutex<Rng>>,
    pub mutant: Option<Mutant>,
}

/// Faults of one operation.
struct StepFaults {
    before: Duration,
    after: Duration,
    fails_before: bool,
    fails_after: bool,
    /// Executed this much later, when its caller no longer waits.
    late: Option<Duration>,
}

const FAILED: StoreError = StoreError::Unavailable(io::ErrorKind::ConnectionReset);

impl InstanceStore {
    fn faults_of_step(&self) -> StepFaults {
        let rates = self.simulation.plan.store;
        let mut rng = self.rng.lock().expect("the lock is not poisoned");
        let mut rough = |per_mille| !self.simulation.is_calm() && rng.chance(per_mille);
        let (slow_before, slow_after) = (rough(rates.slow), rough(rates.slow));
        let (fails_before, fails_after) = (rough(rates.fails_before), rough(rates.fails_after));
        let late = rough(rates.late);
        let mut wait = |slow| match slow {
            true => rng.millis(300, 9_000),
            // Often no delay, so that operations are ordered by chance alone.
            false => rng.millis(0, 10),
        };
        StepFaults {
            before: wait(slow_before),
            after: wait(slow_after),
            fails_before,
            fails_after,
            late: late.then(|| wait(true)),
        }
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    async fn thaw(&self) {
        if self.simulation.thaw(self.instance).await {
            self.checker.fault_hit(self.instance);
        }
    }

    async fn wait(&self, time: Duration) {
        if time >= Duration::from_millis(300) {
            self.checker.fault_hit(self.instance);
        }
        if time.is_zero() {
            tokio::task::yield_now().await;
        } else {
            sleep(time).await;
        }
    }

    async fn read(&self, key: &StoreKey) -> Result<Option<(Record, Version)>, StoreError> {
        let demoted = {
            let demoted = self.demoted.lock().expect("the lock is not poisoned");
            demoted.as_ref().map(|server| server.copy())
        };
        match demoted {
            Some(server) => server.load(key).await,
            None => self.store.load(key).await,
        }
    }

    /// A write: on a server that has become a replica it fails, and the instance connects again.
    async fn write<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let demoted = self.demoted.clone();
        self.step(async move {
            let was_demoted = demoted.lock().expect("the lock is not poisoned").take();
            match was_demoted {
                Some(_) => Err(StoreError::ReadOnly),
                None => work.await,
            }
        })
        .await
    }

    async fn step<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.thaw().await;
        let faults = self.faults_of_step();
        if self.simulation.store_is_down() {
            self.checker.fault_hit(self.instance);
            // A caller may notice it at once or never.
            sleep(faults.before * 1_000).await;
            return Err(FAILED);
        }
        if let Some(late) = faults.late {
            self.checker.fault_hit(self.instance);
            tokio::spawn(async move {
                sleep(late).await;
                let _ = work.await;
            });
            sleep(faults.before * 500).await;
            return Err(FAILED);
        }
        self.wait(faults.before).await;
        self.thaw().await;
        if faults.fails_before {
            self.checker.fault_hit(self.instance);
            return Err(FAILED);
        }
        let done = work.await;
        if faults.fails_after {
            self.checker.fault_hit(self.instance);
            return Err(FAILED);
        }
        self.wait(faults.after).await;
        self.thaw().await;
        done
    }
}

impl SessionStore for InstanceStore {
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        let (this, key) = (self.clone(), *key);
        Box::pin(self.step(async move {
            let lost = this.is(Mutant::LosesRecords)
                && this
                    .rng
                    .lock()
                    .expect("the lock is not poisoned")
                    .chance(20);
            match lost {
                true => Ok(None),
                false => this.read(&key).await,
            }
        }))
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        let (this, key) = (self.clone(), *key);
        Box::pin(self.write(async move {
            let created = this.store.create(&key, record.clone(), time_to_live).await;
            if created.is_ok() {
                this.checker.wrote(this.instance, &record, time_to_live);
            }
            created
        }))
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        mut expected: Version,
        record: Record,
        time_to_live: Duration,
        mut fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        let (this, key) = (self.clone(), *key);
        Box::pin(self.write(async move {
            let is_end = record.expose().ends_with(b"\"ended\":true}");
            if is_end && this.is(Mutant::ForgetsDeletions) {
                return Ok(Version(expected.0 + 1));
            }
            if this.is(Mutant::ForgetsWrites)
                && this
                    .rng
                    .lock()
                    .expect("the lock is not poisoned")
                    .chance(100)
            {
                return Ok(Version(expected.0 + 1));
            }
            if this.is(Mutant::WritesBlindly) {
                fence = None;
                if let Some((_, version)) = this.store.load(&key).await? {
                    expected = version;
                }
            }
            if this.is(Mutant::LeasesForAll) {
                fence = None;
            }
            let swap =
                this.store
                    .compare_and_swap(&key, expected, record.clone(), time_to_live, fence);
            let swapped = swap.await;
            if swapped.is_ok() {
                this.checker.wrote(this.instance, &record, time_to_live);
            }
            swapped
        }))
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        let (this, key) = (self.clone(), *key);
        Box::pin(self.write(async move {
            if this.is(Mutant::ForgetsDeletions) {
                return Ok(());
            }
            this.checker.deletes(this.instance);
            this.store.delete(&key).await
        }))
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        let (this, key) = (self.clone(), *key);
        Box::pin(self.write(async move {
            let time_to_live = match this.is(Mutant::LeasesExpireEarly) {
                true => time_to_live / 20,
                false => time_to_live,
            };
            let mut acquired = this.store.acquire(&key, time_to_live).await?;
            if this.is(Mutant::LeasesForAll) {
                acquired = acquired.or(Some(Fence(u64::MAX)));
            }
            if let Some(fence) = acquired {
                this.checker.leased(this.instance, fence);
            }
            Ok(acquired)
        }))
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (this, key) = (self.clone(), *key);
        Box::pin(self.write(async move {
            match this.is(Mutant::ExtendsNothing) {
                true => Ok(()),
                false => {
                    let extended = this.store.extend(&key, fence, time_to_live).await;
                    if extended.is_ok() {
                        this.checker.extends(this.instance);
                    }
                    extended
                }
            }
        }))
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (this, key) = (self.clone(), *key);
        Box::pin(self.write(async move {
            this.checker.releases(this.instance, fence);
            this.store.release(&key, fence).await
        }))
    }
}
