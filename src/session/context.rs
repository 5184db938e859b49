//! What all sessions and challenges of one client share.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::futures::Notified;
use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::{Instant, timeout};

use super::entry::Refresher;
use super::in_flight_tasks::{InFlightTasks, TaskGuard};
use super::keyed_locks::KeyedLocks;
use super::state::Uptime;
use crate::clock::{BoxFuture, SharedClock};
use crate::end_reason::EndReason;
use crate::error::{Error, ErrorKind, System};
use crate::pipeline::Settings;
use crate::random;
use crate::secret::Secret;
use crate::skewed_clock::SkewedClock;
use crate::store::{Fence, IndexKeys, Record, SessionStore, StoreError, StoreKey, Version};
use crate::telemetry::{ChallengeProgress, Event, StoreMethod, Telemetry};

/// Upper bound for one step of a store.
pub(super) const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// Upper bound for a lease.
const MAX_LEASE_TIME: Duration = Duration::from_secs(3600);

/// How long after a store failure another instance may still hold tokens that it could not save.
const UNSAVED_ELSEWHERE: Duration = Duration::from_secs(60);

/// Upper bound for the use of a session without reading its record, as long after a store failure.
const REVALIDATE_AFTER_RECOVERY: Duration = Duration::from_secs(1);

/// In how many parts the idle timeout of a session is divided: a record that is older than one of them is
/// written again when its session is used, and no later than after [`MAX_TOUCH_AFTER`].
const TOUCHES: u32 = 30;
const MAX_TOUCH_AFTER: Duration = Duration::from_secs(24 * 3600);

/// How long after its absolute timeout the record of a session is stored: longer than the clocks of
/// instances differ.
const ABSOLUTE_TIMEOUT_SHOWN: Duration = Duration::from_secs(60);

/// The store, clock, telemetry, settings and background tasks of one client.
pub(crate) struct SessionContext {
    pub(super) system: System,
    /// Where sessions of this client are valid; a record of another audience is not resumed.
    pub(super) audience: String,
    store: Arc<dyn SessionStore>,
    pub(super) time: SkewedClock,
    pub(super) telemetry: Telemetry,
    pub(super) settings: Settings,
    /// The age from which a record is written again when its session is used.
    pub(super) touch_after: Duration,
    pub(super) in_flight_tasks: InFlightTasks,
    started: Instant,
    refresher: OnceLock<Arc<dyn Refresher>>,
    /// The keys for the store keys of phones, mailboxes and imports.
    index_keys: IndexKeys,
    attempts: KeyedLocks,
    /// Held while the record of a session is saved or revalidated.
    pub(super) saving: KeyedLocks,
    /// When a step of the store last failed, or took so long that leases may have run out.
    store_failed_at: Mutex<Option<Instant>>,
    /// Whether the last step of the store failed, unless the store only refused a write.
    store_is_down: AtomicBool,
    /// Whether the store has refused a write and has accepted none since.
    writes_fail: AtomicBool,
    /// Wakes the saves that wait for the store.
    store_recovered: Notify,
}

impl SessionContext {
    pub(crate) fn new(
        system: System,
        audience: String,
        store: Arc<dyn SessionStore>,
        time: SkewedClock,
        telemetry: Telemetry,
        mut settings: Settings,
        index_keys: Option<IndexKeys>,
    ) -> Arc<Self> {
        let touch_after = MAX_TOUCH_AFTER.min(settings.session_idle_timeout / TOUCHES);
        // A session in use must be touched before its record expires.
        let revalidate_after = settings.revalidate_session_after.min(touch_after);
        settings.revalidate_session_after = revalidate_after;
        Arc::new(Self {
            touch_after,
            index_keys: index_keys.unwrap_or_else(|| store.index_keys()),
            attempts: KeyedLocks::default(),
            saving: KeyedLocks::default(),
            system,
            audience,
            store,
            time,
            telemetry,
            settings,
            in_flight_tasks: InFlightTasks::default(),
            started: Instant::now(),
            refresher: OnceLock::new(),
            store_failed_at: Mutex::default(),
            store_is_down: AtomicBool::new(false),
            writes_fail: AtomicBool::new(false),
            store_recovered: Notify::new(),
        })
    }

    pub(crate) fn system(&self) -> System {
        self.system
    }

    pub(crate) fn audience(&self) -> &str {
        &self.audience
    }

    /// Sets what refreshes the sessions of the client. Without it no session is refreshed.
    #[cfg(any(feature = "wunder", feature = "walletcrew", feature = "testing"))]
    pub(crate) fn set_refresher(&self, refresher: Arc<dyn Refresher>) {
        // A client sets it once, while it is built.
        let _ = self.refresher.set(refresher);
    }

    pub(super) fn refresher(&self) -> Option<&Arc<dyn Refresher>> {
        self.refresher.get()
    }

    pub(super) fn uptime(&self) -> Uptime {
        Uptime::of(self.started.elapsed())
    }

    /// This machine's clock.
    pub(crate) fn clock(&self) -> &SharedClock {
        self.time.local()
    }

    /// The clock corrected by the server's time.
    pub(crate) fn skewed_clock(&self) -> &SkewedClock {
        &self.time
    }

    /// A wait that a server asks for, within the limit.
    pub(crate) fn server_wait(&self, wait: Duration) -> Duration {
        wait.min(self.settings.max_server_wait)
    }

    /// The wait between two messages to one destination where the server names none; `default` is that
    /// of the system.
    #[cfg(any(feature = "wunder", feature = "goodcity", feature = "fynd"))]
    pub(crate) fn resend_wait(&self, default: Duration) -> Duration {
        self.settings.resend_wait.unwrap_or(default)
    }

    pub(crate) fn index_keys(&self) -> &IndexKeys {
        &self.index_keys
    }

    /// How long a session is kept whose caller is gone.
    pub(crate) fn unclaimed_session_time(&self) -> Duration {
        self.settings.unclaimed_session_time
    }

    /// Waits within the deadline of a call for the lock on the attempts of a challenge in this instance.
    pub(crate) async fn lock_attempts(&self, challenge: StoreKey) -> Option<OwnedMutexGuard<()>> {
        let lock = self.attempts.lock(challenge);
        timeout(self.settings.deadline, lock).await.ok()
    }

    /// Waits for an attempt of a challenge that runs in this instance; returns whether one did.
    pub(crate) async fn attempt_ended(&self, challenge: &StoreKey) -> bool {
        let wait = self.attempts.wait(challenge);
        timeout(self.settings.deadline, wait).await.unwrap_or(false)
    }

    /// How many wrong codes are allowed per message.
    pub(crate) fn max_wrong_codes(&self) -> u32 {
        self.settings.max_wrong_codes
    }

    /// Makes a shutdown wait until the returned guard is dropped.
    pub(crate) fn track(&self) -> TaskGuard {
        self.in_flight_tasks.track()
    }

    /// Waits until exchanges and saves in flight are done, and unclaimed sessions claimed or signed out.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> Result<(), Error> {
        match self.in_flight_tasks.close(deadline).await {
            0 => Ok(()),
            left => Err(Error::new(
                ErrorKind::Unavailable,
                format!("{left} exchanges, saves or unclaimed sessions did not finish in time"),
            )
            .of(self.system)),
        }
    }

    /// Loads a record and its version.
    pub(crate) async fn load_record(
        &self,
        key: &StoreKey,
    ) -> Result<Option<(Record, Version)>, StoreError> {
        self.store_step(StoreMethod::Load, self.store.load(key))
            .await
    }

    /// Writes a record over the version `over`, or creates it.
    pub(crate) async fn put_record(
        &self,
        key: &StoreKey,
        over: Option<Version>,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> Result<Version, StoreError> {
        let (method, write) = match over {
            Some(version) => {
                let write = self
                    .store
                    .compare_and_swap(key, version, record, time_to_live, fence);
                (StoreMethod::CompareAndSwap, write)
            }
            None => {
                let create = self.store.create(key, record, time_to_live);
                (StoreMethod::Create, create)
            }
        };
        let written = self.store_step(method, write).await;
        if written.is_ok() {
            self.recover_from(&self.writes_fail);
        }
        written
    }

    /// Deletes a record.
    pub(crate) async fn delete_record(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.store_step(StoreMethod::Delete, self.store.delete(key))
            .await
    }

    /// Acquires the lease on a session for the lease time of the settings.
    pub(super) async fn acquire_lease(&self, key: &StoreKey) -> Result<Option<Fence>, StoreError> {
        let acquire = self.store.acquire(key, self.lease_time());
        self.store_step(StoreMethod::Acquire, acquire).await
    }

    /// Extends the lease on a session by the lease time. A step that hangs must not delay the next one,
    /// which may succeed, so it has only the time `within`, and tells nothing about the store.
    pub(super) async fn extend_lease(
        &self,
        key: &StoreKey,
        fence: Fence,
        within: Duration,
    ) -> Result<(), StoreError> {
        let extend = self.store.extend(key, fence, self.lease_time());
        self.timed_step(StoreMethod::Extend, within, extend).await.0
    }

    /// Releases the lease on a session.
    pub(super) async fn release_lease(
        &self,
        key: &StoreKey,
        fence: Fence,
    ) -> Result<(), StoreError> {
        let release = self.store.release(key, fence);
        self.store_step(StoreMethod::Release, release).await
    }

    /// Runs one step of the store within a time, and reports it. Returns its duration, too.
    async fn timed_step<T>(
        &self,
        method: StoreMethod,
        within: Duration,
        step: BoxFuture<'_, Result<T, StoreError>>,
    ) -> (Result<T, StoreError>, Duration) {
        let timed_out = StoreError::Unavailable(io::ErrorKind::TimedOut);
        let started = Instant::now();
        let result = timeout(within, step).await.unwrap_or(Err(timed_out));
        let elapsed = started.elapsed();
        self.telemetry.observe(|| Event::StoreStep {
            system: self.system,
            method,
            error: result.as_ref().err(),
            elapsed,
        });
        (result, elapsed)
    }

    /// Runs one step of the store with a timeout, and learns from it whether the store works.
    async fn store_step<T>(
        &self,
        method: StoreMethod,
        step: BoxFuture<'_, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (result, elapsed) = self.timed_step(method, STORE_TIMEOUT, step).await;
        let failure = result.as_ref().err().filter(|error| error.is_failure());
        if failure.is_some() || elapsed >= self.lease_time() / 3 {
            *self.store_failed_at() = Some(Instant::now());
        }
        match failure {
            // The store still reads, so a read does not show that it has recovered.
            Some(
                StoreError::Full
                | StoreError::ReadOnly
                | StoreError::TooFewReplicas
                | StoreError::NotPersistent,
            ) => self.writes_fail.store(true, Ordering::Relaxed),
            Some(_) => self.store_is_down.store(true, Ordering::Relaxed),
            None => self.recover_from(&self.store_is_down),
        }
        result
    }

    fn recover_from(&self, failure: &AtomicBool) {
        if failure.load(Ordering::Relaxed) && failure.swap(false, Ordering::Relaxed) {
            self.store_recovered.notify_waiters();
        }
    }

    /// Waits until the store works again: until a step succeeds after one that failed, or a write after
    /// one that was refused.
    /// A recovery counts from this call on, not from the first poll.
    pub(super) fn store_recovered(&self) -> Notified<'_> {
        self.store_recovered.notified()
    }

    /// Reports the progress of a challenge, or of a message with a link.
    pub(crate) fn report_progress(
        &self,
        challenge: &StoreKey,
        step: &'static str,
        progress: ChallengeProgress,
    ) {
        self.telemetry.emit(&Event::Challenge {
            system: self.system,
            challenge: challenge.challenge_label(),
            step,
            progress,
        });
    }

    /// A new id of a session or a challenge.
    pub(crate) fn random_id(&self) -> Result<Secret, Error> {
        random::id().map(Secret::from).map_err(|error| {
            Error::new(ErrorKind::Unavailable, "could not generate a random id")
                .of(self.system)
                .with_source(error)
        })
    }

    /// A new id of a write, for the lineage of a record.
    pub(super) fn write_id(&self) -> Result<u64, Error> {
        random::bits().map_err(|error| {
            Error::new(ErrorKind::Unavailable, "could not generate a random id")
                .of(self.system)
                .with_source(error)
        })
    }

    /// The error that a caller gets for a store that failed.
    pub(crate) fn store_error(&self, error: StoreError) -> Error {
        Error::from(error).of(self.system)
    }

    /// The error for a session that has ended.
    pub(super) fn ended_error(&self, reason: EndReason) -> Error {
        let message = format!("the session has ended: {reason}");
        Error::new(ErrorKind::Unauthenticated, message)
            .with_session_ended()
            .of(self.system)
    }

    /// Whether the store failed so recently that another instance may hold tokens that it could
    /// not save.
    pub(super) fn store_failed_recently(&self) -> bool {
        self.store_failed_at()
            .is_some_and(|then| then.elapsed() < UNSAVED_ELSEWHERE)
    }

    /// How long a session is used before its record is read again. After the store has recovered from
    /// a failure that is soon: it may have lost what this instance knows, which is then written again
    /// before another instance sends a token that is spent.
    pub(super) fn revalidate_after(&self) -> Duration {
        let after = self.settings.revalidate_session_after;
        let is_failing =
            self.store_is_down.load(Ordering::Relaxed) || self.writes_fail.load(Ordering::Relaxed);
        if !is_failing && self.store_failed_recently() {
            return after.min(REVALIDATE_AFTER_RECOVERY);
        }
        after
    }

    /// How long a record of a session is stored that ends at `ends_at`, if it has an absolute timeout. It
    /// outlives that for a while, so that each instance finds by its clock why the session has ended.
    pub(super) fn session_time_to_live(&self, ends_at: Option<i64>) -> Duration {
        let idle = self.settings.session_idle_timeout;
        let Some(end) = ends_at else {
            return idle;
        };
        let left = end.saturating_sub(self.time.local_now().timestamp());
        let left = Duration::from_secs(u64::try_from(left).unwrap_or_default());
        idle.min(left.saturating_add(ABSOLUTE_TIMEOUT_SHOWN))
    }

    /// When a session that is created now ends, in seconds of Unix time, if it has an absolute timeout.
    pub(super) fn session_end(&self) -> Option<i64> {
        let timeout = self.settings.session_absolute_timeout?;
        let timeout = i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX);
        Some(self.time.local_now().timestamp().saturating_add(timeout))
    }

    pub(super) fn lease_time(&self) -> Duration {
        let time = self.settings.lease_time;
        time.clamp(Duration::from_millis(1), MAX_LEASE_TIME)
    }

    fn store_failed_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.store_failed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
