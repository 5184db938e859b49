//! Stores of sessions and challenges: opaque, versioned records with a time to live, and leases.

mod index_key;
mod memory;
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
#[cfg(feature = "redis")]
pub use self::redis::{RedisBuilder, RedisStore};
#[cfg(feature = "sealed")]
pub use self::sealed::Sealed;
#[cfg(feature = "sealed")]
pub use self::sealing::{Sealing, SealingKey};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteBuilder, SqliteStore};
#[cfg(feature = "tower-sessions")]
pub use self::web_sessions::WebSessionStore;
use crate::clock::BoxFuture;
use crate::error::{ErrorKind, System};
use crate::secret::Secret;
use crate::telemetry::SessionLabel;

/// The key of a record: a SHA-256 digest, by a key (HMAC) for a phone or mailbox.
///
/// That of a session is the digest of its system and id, so that a store never sees the id, and one
/// id in two systems names two records. The keys of challenges and of their destinations are
/// digests that no session can have.
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
        match keys.keys() {
            [] => vec![Self::in_domain("destination", audience, destination)],
            keys => keys
                .iter()
                .map(|key| Self(key.digest(&["destination", audience, destination])))
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

/// The bytes of a record, of any length and value. They hold tokens, so `Debug` shows their length
/// only.
#[derive(Clone)]
pub struct Record(SecretSlice<u8>);

impl Record {
    /// Creates a record of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
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
    /// The server is a replica, which accepts no writes, such as one that was demoted by a fail-over.
    /// Nothing was written.
    #[error("the store is read-only: its server is a replica")]
    ReadOnly,
    /// The server has started and is loading its data. Nothing was written.
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
    /// The store could not be reached or failed. A write may have happened nevertheless. This is a
    /// category without a text, because the text of a driver may quote a password.
    #[error("the store failed: {0}")]
    Unavailable(io::ErrorKind),
}

impl StoreError {
    /// Whether the store itself failed, and did not just refuse what it was asked for.
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Self::Conflict | Self::Exists | Self::LeaseLost | Self::Unreadable => false,
            Self::Full
            | Self::ReadOnly
            | Self::Loading
            | Self::Moved
            | Self::TooFewReplicas
            | Self::NotPersistent
            | Self::Unavailable(_) => true,
        }
    }
}

/// The error keeps the [`StoreError`] as its source.
///
/// [`StoreError::Unreadable`] becomes [`ErrorKind::Misconfigured`](crate::ErrorKind::Misconfigured) of
/// the class `sealing_keys`: other instances seal with keys that this one does not have.
/// [`StoreError::Moved`] becomes one of the class `store`: a cluster needs the builder's `cluster`. Any
/// other error becomes [`ErrorKind::Unavailable`](crate::ErrorKind::Unavailable), whose class is `store`.
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
/// `SqliteStore` keeps one sequence in its file. `RedisStore` keeps the last number of a key beside
/// the record and for an hour after it, and never numbers below the microseconds of the server's clock, so
/// that numbers increase even after Redis has lost its memory, unless its clock was set back by more
/// than an hour.
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
/// `examples/postgres-store` is one.
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

    /// The keys for the store keys of phones and mailboxes; none by default. A store that seals its
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
#[cfg(any(feature = "redis", feature = "sqlite"))]
const MAX_MILLIS: i64 = 100 * 365 * 24 * 3600 * 1000;

/// Whole milliseconds for a clock that drops the fraction: one more than the duration has, so that
/// nothing ends too soon, except that zero ends at once.
#[cfg(any(feature = "redis", feature = "sqlite"))]
fn millis(time_to_live: Duration) -> i64 {
    match time_to_live.as_nanos().div_ceil(1_000_000) {
        0 => 0,
        millis => i64::try_from(millis).unwrap_or(MAX_MILLIS).min(MAX_MILLIS) + 1,
    }
}
