//! Stores of sessions and challenges: opaque, versioned records with a time to live, and leases.

mod index_key;
mod memory;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod pem;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sealed")]
mod sealed;
#[cfg(feature = "sealed")]
mod sealing;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "tower-sessions")]
mod web_sessions;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use thiserror::Error;

pub use self::index_key::{IndexKey, IndexKeys};
pub use self::memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresBuilder, PostgresStore};
#[cfg(feature = "redis")]
pub use self::redis::{RedisBuilder, RedisStore};
#[cfg(feature = "sealed")]
pub use self::sealed::Sealed;
#[cfg(feature = "sealed")]
pub use self::sealing::{Sealing, SealingKey};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteBuilder, SqliteStore};
#[cfg(all(feature = "axum", feature = "tower-sessions"))]
pub(crate) use self::web_sessions::BASE;
#[cfg(feature = "tower-sessions")]
pub use self::web_sessions::WebSessionStore;
use crate::clock::BoxFuture;
use crate::error::{ErrorKind, System};
use crate::secret::Secret;
use crate::telemetry::{ChallengeLabel, SessionLabel};

/// The key of a record: a SHA-256 digest, by a key (HMAC) for a phone, a mailbox or an import.
///
/// That of a session is the digest of its system and id, so that a store never sees the id, and one
/// id in two systems names two records. The keys of challenges, of their destinations and of imports
/// are digests that no session can have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreKey([u8; 32]);

impl StoreKey {
    pub(crate) fn of(system: System, id: &Secret) -> Self {
        let digest = Sha256::new()
            .chain_update(system.as_str())
            .chain_update([0])
            .chain_update(id.expose());
        Self(digest.finalize().into())
    }

    /// The key of a challenge: no id is valid for both a session and a challenge.
    pub(crate) fn of_challenge(system: System, id: &Secret) -> Self {
        Self::in_domain("challenge", system.as_str(), id.expose())
    }

    /// The keys of the record about a phone or mailbox that messages go to, the newest first: one for
    /// each index key, because a phone can be found from a plain digest by trying all.
    pub(crate) fn of_destination(keys: &IndexKeys, audience: &str, destination: &str) -> Vec<Self> {
        Self::indexed(keys, "destination", audience, destination)
    }

    /// The keys of the record about tokens that were imported under a key of the caller's, the newest
    /// first: one for each index key, because such a key may be guessable.
    pub(crate) fn of_import(keys: &IndexKeys, audience: &str, import_key: &Secret) -> Vec<Self> {
        Self::indexed(keys, "import", audience, import_key.expose())
    }

    fn indexed(keys: &IndexKeys, domain: &str, audience: &str, name: &str) -> Vec<Self> {
        match keys.keys() {
            [] => vec![Self::in_domain(domain, audience, name)],
            keys => keys
                .iter()
                .map(|key| Self(key.digest(&[domain, audience, name])))
                .collect(),
        }
    }

    /// The key of a web session, by the value of its cookie.
    #[cfg(feature = "tower-sessions")]
    fn of_web_session(id: &str) -> Self {
        Self::in_domain("web session", "", id)
    }

    /// No system has the name of a domain, so these keys are never those of [`of`](Self::of).
    fn in_domain(domain: &str, audience: &str, name: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(domain)
            .chain_update([0])
            .chain_update(audience)
            .chain_update([0])
            .chain_update(name);
        Self(digest.finalize().into())
    }

    /// Creates a key of these bytes, to test a store.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn label(&self) -> SessionLabel {
        let [first, second, third, fourth, ..] = self.0;
        SessionLabel([first, second, third, fourth])
    }

    pub(crate) fn challenge_label(&self) -> ChallengeLabel {
        ChallengeLabel(self.label().0)
    }

    /// Returns the bytes of the key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Shows the first 8 hex digits, enough to follow a session through a log.
impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.label(), f)
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKey({self})")
    }
}

/// The bytes of a record, of any length and value. Clones share them. They hold tokens, so `Debug` shows
/// their length only.
#[derive(Clone)]
pub struct Record(Arc<SecretSlice<u8>>);

impl Record {
    /// Creates a record of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(bytes.into()))
    }

    /// Whether a store keeps a clone of the record.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Returns the bytes.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes)", self.expose().len())
    }
}

/// The version of a record. Every write increases it, also after the record was deleted or has
/// expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// The fencing token of a lease. Every lease on a key has a higher one than the leases before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

/// The error of a store.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The record was written or deleted by another user of the store since it was loaded.
    #[error("the record has another version")]
    Conflict,
    /// The record exists already.
    #[error("the record exists already")]
    Exists,
    /// The lease has ended, or another user of the store has acquired it since.
    #[error("the lease is lost")]
    LeaseLost,
    /// The store has no room.
    #[error("the store is full")]
    Full,
    /// The record was sealed with an unknown key, was changed, or belongs to another key.
    #[error("the record cannot be unsealed with the configured keys")]
    Unreadable,
    /// The server accepts no writes: it is a replica, such as one that was demoted by a fail-over, or its
    /// operator has made it read-only. Nothing was written.
    #[error("the store is read-only: its server is a replica or was made read-only")]
    ReadOnly,
    /// The server starts and is loading its data, or shuts down. Nothing was written.
    #[error("the store is loading its data")]
    Loading,
    /// The server is a node of a cluster, and another node has this key. Nothing was written.
    #[error("the store is a cluster, and this node does not have the key")]
    Moved,
    /// Fewer replicas than required have the write, which may be lost in a fail-over. It may have
    /// happened nevertheless.
    #[error("too few replicas of the store have the write")]
    TooFewReplicas,
    /// The server cannot save to its disk, and therefore accepts no writes. Nothing was written.
    #[error("the store cannot save to its disk")]
    NotPersistent,
    /// The tables or the file are those of a newer version of this crate. Nothing was read or written.
    #[error("the schema of the store is that of a newer version of the crate")]
    UnknownSchema,
    /// A setting of a store's builder is wrong. Nothing was sent.
    #[error("`{name}` {requirement}")]
    InvalidSetting {
        /// The setting, by the name of its method, or `url`.
        name: &'static str,
        /// What would be right.
        requirement: &'static str,
    },
    /// The store could not be reached or failed. A write may have happened nevertheless. This is a
    /// category without a text, because the text of a driver may quote a password.
    #[error("the store failed: {0}")]
    Unavailable(io::ErrorKind),
}

impl StoreError {
    /// Whether the store itself failed, and did not just refuse what it was asked for.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Conflict | Self::Exists | Self::LeaseLost | Self::Unreadable => false,
            Self::Full
            | Self::ReadOnly
            | Self::Loading
            | Self::Moved
            | Self::TooFewReplicas
            | Self::NotPersistent
            | Self::UnknownSchema
            | Self::InvalidSetting { .. }
            | Self::Unavailable(_) => true,
        }
    }

    /// The error as metrics have it, such as `conflict`: the `error.type` of a store's step. A step that
    /// took too long is a `timeout`.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Exists => "exists",
            Self::LeaseLost => "lease_lost",
            Self::Full => "full",
            Self::Unreadable => "unreadable",
            Self::ReadOnly => "read_only",
            Self::Loading => "loading",
            Self::Moved => "moved",
            Self::TooFewReplicas => "too_few_replicas",
            Self::NotPersistent => "not_persistent",
            Self::UnknownSchema => "unknown_schema",
            Self::InvalidSetting { .. } => "invalid_setting",
            Self::Unavailable(io::ErrorKind::TimedOut) => "timeout",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

/// The error keeps the [`StoreError`] as its source.
///
/// [`StoreError::Unreadable`] becomes [`ErrorKind::Misconfigured`](crate::ErrorKind::Misconfigured) of
/// the class `sealing_keys`: other instances seal with keys that this one does not have.
/// [`StoreError::Moved`] becomes one of the class `store`: a cluster needs the builder's `cluster`.
/// [`StoreError::UnknownSchema`] becomes one of that class, too: this instance is too old.
/// [`StoreError::InvalidSetting`] becomes [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput)
/// naming the setting. Any other error becomes [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable),
/// whose class is `store`.
impl From<StoreError> for crate::Error {
    fn from(error: StoreError) -> Self {
        let failed = "the session store failed";
        let (kind, class, message) = match error {
            // A retry would read the same bytes with the same keys.
            StoreError::Unreadable => (
                ErrorKind::Misconfigured,
                "sealing_keys",
                Cow::Borrowed("a stored record cannot be read: check this instance's sealing keys"),
            ),
            // A retry would ask the same node.
            StoreError::Moved => (
                ErrorKind::Misconfigured,
                "store",
                Cow::Borrowed(
                    "the session store is a cluster: open it with its builder's `cluster`",
                ),
            ),
            StoreError::UnknownSchema => (
                ErrorKind::Misconfigured,
                "store",
                Cow::Borrowed(
                    "the session store belongs to a newer version of vestibule: update this instance",
                ),
            ),
            StoreError::InvalidSetting { name, requirement } => {
                return Self::invalid(name, requirement).with_source(error);
            }
            StoreError::Unavailable(cause) => {
                let message = format!("{failed}: {cause}").into();
                (ErrorKind::Unavailable, "store", message)
            }
            StoreError::Full => {
                let message = format!("{failed}: it is full").into();
                (ErrorKind::Unavailable, "store", message)
            }
            StoreError::ReadOnly
            | StoreError::Loading
            | StoreError::TooFewReplicas
            | StoreError::NotPersistent => {
                let message = format!("{failed}: {error}").into();
                (ErrorKind::Unavailable, "store", message)
            }
            StoreError::Conflict | StoreError::Exists | StoreError::LeaseLost => {
                (ErrorKind::Unavailable, "store", failed.into())
            }
        };
        Self::new(kind, message)
            .with_class(class)
            .with_source(error)
    }
}

/// A store of records and leases by key. The trait is object safe.
///
/// # Guarantees
///
/// Every method is atomic, however many users of the store run at the same time, in this process or
/// in others.
///
/// **Records.** Every write names the version that it replaces, so that a stale writer never
/// overwrites a newer token. The versions of a key strictly increase with every write, also after
/// the record was deleted or has expired: a version never returns with other bytes.
///
/// **Leases.** At most one lease on a key runs at a time; a lease needs no record. Each lease has a
/// [`Fence`], and the fences of a key strictly increase for ever: across the end of a lease, its
/// release, and the deletion and new creation of the record. After a lease has run out, its fence
/// is the newest until another lease is acquired, and until then it still permits writes: no other
/// holder has started anything. A store remembers the newest fence of a key while the record exists
/// or the lease runs, and refuses a fence that it does not remember like an older one. So a holder
/// that was frozen writes nothing once a newer lease was acquired.
///
/// **Time.** A record or lease ends when its time to live has passed, and no sooner, by one clock
/// for all users of the store (the server's, or the machine's for a file). Zero ends it at once. A
/// duration that is too long for the store counts as the longest that it supports.
///
/// **Lost writes.** A store that loses writes which it has acknowledged breaks these guarantees. Sessions
/// notice it by their records and write again what they know, as the [`session`](crate::session) page
/// says. For that, numbers must not start again: a version that was lost must not be given to other bytes.
///
/// How far "for ever" goes depends on what the store keeps. [`MemoryStore`] counts for its own life.
/// `SqliteStore` keeps one sequence in its file. `RedisStore` and `PostgresStore` keep the last number of a
/// key beside the record and for an hour after it, and never number below the microseconds of the server's
/// clock, so that numbers increase even after the server has lost writes, unless its clock was set back by
/// more than an hour.
///
/// # Requirements for callers
///
/// Use a timeout for every step: a store that knows that it cannot respond fails with
/// [`StoreError::Unavailable`], but it may not know. The write of a future that was dropped may have
/// happened or not.
///
/// # Errors of every method
///
/// After [`StoreError::Unavailable`] and [`StoreError::TooFewReplicas`] it is unknown whether the step was
/// done: the record may be written or deleted, the lease acquired, extended or released. Load the record to
/// learn it, or do the step again; a lease that was acquired unnoticed runs out.
///
/// Every other error says that nothing was done. Of those, every method may fail with
/// [`StoreError::Loading`] and [`StoreError::Moved`], and every method except `load` with
/// [`StoreError::ReadOnly`] and [`StoreError::NotPersistent`].
///
/// # Custom stores
///
/// `testing::store_conformance` (feature `testing`) checks all of this for a custom store;
/// `examples/custom_store.rs` is one.
pub trait SessionStore: Send + Sync + 'static {
    /// Loads the record and its version; `None` if it does not exist or has expired.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreadable`] if the record cannot be unsealed; those of
    /// [every method](SessionStore#errors-of-every-method).
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>>;

    /// The keys for the store keys of phones, mailboxes and imports; none by default. A store that seals its
    /// records derives them from its sealing keys, and a wrapper of a store gives those of the store. Those
    /// of a client's builder take precedence.
    fn index_keys(&self) -> IndexKeys {
        IndexKeys::none()
    }

    /// Creates a record that lives for `time_to_live`; returns its version.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if the record exists,
    /// [`StoreError::Full`] if there is no room; those of
    /// [every method](SessionStore#errors-of-every-method).
    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>>;

    /// Replaces the record if it has the version `expected`; returns the new version. The record
    /// lives for `time_to_live` from now.
    ///
    /// With a `fence` the record is only replaced if no newer lease on the key was acquired. The
    /// fence is checked before the version.
    ///
    /// # Errors
    ///
    /// [`StoreError::LeaseLost`] if `fence` is not the newest of this key,
    /// [`StoreError::Conflict`] if the record has another version or does not exist,
    /// [`StoreError::Full`] if there is no room; those of
    /// [every method](SessionStore#errors-of-every-method).
    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>>;

    /// Deletes the record; it is no error if it does not exist. A lease on the key continues.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] if the store has no room to record the deletion; those of
    /// [every method](SessionStore#errors-of-every-method).
    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Acquires the lease on `key` for `time_to_live`; `None` while another holder has it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] if there is no room; those of
    /// [every method](SessionStore#errors-of-every-method).
    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>>;

    /// Sets the end of a running lease to `time_to_live` from now, sooner or later than before.
    ///
    /// # Errors
    ///
    /// [`StoreError::LeaseLost`] if the lease does not run any more: it ran out, was released, or
    /// has another holder. Those of [every method](SessionStore#errors-of-every-method).
    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Releases the lease with this fence; it is no error if that has ended.
    ///
    /// # Errors
    ///
    /// Those of [every method](SessionStore#errors-of-every-method).
    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}

impl<S: SessionStore + ?Sized> SessionStore for Arc<S> {
    fn index_keys(&self) -> IndexKeys {
        self.as_ref().index_keys()
    }

    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>> {
        self.as_ref().load(key)
    }

    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        self.as_ref().create(key, record, time_to_live)
    }

    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        self.as_ref()
            .compare_and_swap(key, expected, record, time_to_live, fence)
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>> {
        self.as_ref().delete(key)
    }

    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>> {
        self.as_ref().acquire(key, time_to_live)
    }

    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.as_ref().extend(key, fence, time_to_live)
    }

    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.as_ref().release(key, fence)
    }
}

/// Upper bound of a time to live: a hundred years, which no sum overflows with.
const MAX_TIME_TO_LIVE: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Whole milliseconds for a clock that drops the fraction.
#[cfg(any(feature = "redis", feature = "sqlite"))]
fn millis(time_to_live: Duration) -> i64 {
    whole(time_to_live, Duration::from_millis(1))
}

/// Whole microseconds for a clock that drops the fraction.
#[cfg(feature = "postgres")]
fn micros(time_to_live: Duration) -> i64 {
    whole(time_to_live, Duration::from_micros(1))
}

/// One unit more than the duration has, so that nothing ends too soon, except that zero ends at once.
#[cfg(any(feature = "postgres", feature = "redis", feature = "sqlite"))]
fn whole(time_to_live: Duration, unit: Duration) -> i64 {
    let time_to_live = time_to_live.min(MAX_TIME_TO_LIVE);
    match time_to_live.as_nanos().div_ceil(unit.as_nanos()) {
        0 => 0,
        units => i64::try_from(units).unwrap_or(i64::MAX - 1) + 1,
    }
}

/// Whether a host name or address leads to this machine, without a network in between.
#[cfg(any(feature = "postgres", feature = "redis"))]
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
