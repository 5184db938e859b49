//! Where sessions live: opaque, versioned records with a time to live, and leases on them.

mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sealed")]
mod sealed;
#[cfg(feature = "sealed")]
mod sealing;
mod shared;
#[cfg(any(feature = "redis", feature = "sqlite"))]
mod span;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::time::Duration;
use std::{fmt, io};

use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use thiserror::Error;

pub use self::memory::MemoryStore;
#[cfg(feature = "redis")]
pub use self::redis::{RedisBuilder, RedisStore};
#[cfg(feature = "sealed")]
pub use self::sealed::Sealed;
#[cfg(feature = "sealed")]
pub use self::sealing::{Sealing, SealingKey};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{SqliteBuilder, SqliteStore};
use crate::clock::BoxFuture;
use crate::error::System;
use crate::secret::Secret;
use crate::telemetry::SessionLabel;

/// The name of a record: the SHA-256 of a session's system and id, so that a store never sees the
/// id, and one id in two systems names two records. Challenges and what is remembered of their
/// destinations are named by digests that no session has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreKey([u8; 32]);

impl StoreKey {
    pub(crate) fn of(system: System, id: &Secret) -> Self {
        let digest = Sha256::new()
            .chain_update(system.name())
            .chain_update([0])
            .chain_update(id.expose());
        Self(digest.finalize().into())
    }

    /// The key of an unfinished sign-in: no id is good for both a session and a challenge.
    pub(crate) fn of_challenge(system: System, id: &Secret) -> Self {
        Self::in_domain("challenge", system.name(), id.expose())
    }

    /// The key of what is remembered of a phone or mailbox that messages go to.
    pub(crate) fn of_destination(audience: &str, destination: &str) -> Self {
        Self::in_domain("destination", audience, destination)
    }

    /// No system is called like a domain, so these keys are never those of [`of`](Self::of).
    fn in_domain(domain: &str, place: &str, name: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(domain)
            .chain_update([0])
            .chain_update(place)
            .chain_update([0])
            .chain_update(name);
        Self(digest.finalize().into())
    }

    /// A key of these bytes, to test a store with.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn label(&self) -> SessionLabel {
        let [first, second, third, fourth, ..] = self.0;
        SessionLabel([first, second, third, fourth])
    }

    /// The bytes of the key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The first 8 hex digits, enough to follow a session through a log.
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

/// The bytes of a record, any number of any value. They hold tokens: `Debug` shows their length
/// only.
#[derive(Clone)]
pub struct Record(SecretSlice<u8>);

impl Record {
    /// A record of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// The plain bytes.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes)", self.expose().len())
    }
}

/// The version of a record: higher after every write, also if the record was deleted or had
/// expired in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// The proof of a lease: higher for every lease on the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub u64);

/// Why a store did not do what was asked.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The record was written by somebody else, or deleted, since it was loaded.
    #[error("the record has another version")]
    Conflict,
    /// There is a record of this key already.
    #[error("there is a record of this key already")]
    Exists,
    /// The lease has ended, or somebody else has taken it since.
    #[error("the lease is lost")]
    LeaseLost,
    /// The store has no room.
    #[error("the store is full")]
    Full,
    /// The record was sealed with a key that is not here, or was changed, or is another's.
    #[error("the record cannot be unsealed with the keys that are here")]
    Unreadable,
    /// The store could not be reached or failed. A category without a text: that of a driver may
    /// quote a password. A write that ends so may have happened.
    #[error("the store failed: {0}")]
    Unavailable(io::ErrorKind),
}

/// A place for sessions: records by key, and leases on keys. It is object safe.
///
/// # What a store guarantees
///
/// Every step is atomic, whoever else uses the store at the same time, in this process or another.
///
/// **Records.** Every write names the version that it replaces, so that a stale writer can never
/// overwrite a newer token. The versions of a key strictly increase over all its writes, those
/// after a deletion or an expiry too: a version that was seen once never comes back with other
/// bytes.
///
/// **Leases.** At most one lease on a key runs at a time; a lease needs no record. Each comes with
/// a [`Fence`], and the fences of a key strictly increase for ever: over the end of a lease, its
/// release, and the deletion and new creation of the record. A lease that has run out is over, but
/// until somebody else takes one, its fence is still the newest and still writes: nobody else has
/// started anything meanwhile. A store remembers the newest fence of a key while the record is
/// there or the lease runs; one that it does not remember is refused as an older one is. So a
/// holder that was frozen and wakes up writes nothing once a newer lease was given out.
///
/// **Time.** A record or lease is over when its time to live has passed, measured by one clock for
/// all users of the store (the server's, or the machine's for a file), and no sooner. Zero is over
/// at once; more than a store can count is the longest that it can.
///
/// How far "for ever" goes depends on what survives. [`MemoryStore`] numbers as long as it lives.
/// `SqliteStore` keeps one sequence in its file. `RedisStore` keeps the last number of a key beside
/// it and for an hour after it, and never numbers below the microseconds of the server's clock, so
/// that numbers go on increasing when Redis has lost its memory, as long as its clock is not set
/// back by more than an hour.
///
/// # What a caller must do
///
/// Put a timeout around every step: a store fails with [`StoreError::Unavailable`] when it knows
/// that it cannot answer, but it may not know. A future that is dropped may leave its write done
/// or undone.
///
/// # Writing a store
///
/// `testing::store_conformance` (feature `testing`) checks all of this on a store of your own;
/// `examples/postgres-store` is one.
pub trait SessionStore: Send + Sync + 'static {
    /// The record and its version; nothing if it was never there, was deleted or has expired.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreadable`] if the record was sealed and cannot be opened,
    /// [`StoreError::Unavailable`] if the store fails.
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>>;

    /// Writes a new record that lives for `time_to_live`; answers its version.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if there is a record of this key,
    /// [`StoreError::Full`] if there is no room,
    /// [`StoreError::Unavailable`] if the store fails.
    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>>;

    /// Replaces the record if it still has the version `expected`; answers the new version. It
    /// lives for `time_to_live` from now.
    ///
    /// With a `fence` it is replaced only if no newer lease on the key was given out. That is
    /// looked at first.
    ///
    /// # Errors
    ///
    /// Nothing is written with any of them:
    /// [`StoreError::LeaseLost`] if `fence` is not the newest of this key,
    /// [`StoreError::Conflict`] if the record has another version or is gone,
    /// [`StoreError::Full`] if there is no room. Of
    /// [`StoreError::Unavailable`] nobody knows whether it was written.
    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
        fence: Option<Fence>,
    ) -> BoxFuture<'a, Result<Version, StoreError>>;

    /// Deletes the record; it is no error if there is none. A lease on the key goes on.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the store fails, [`StoreError::Full`] if it has no room to
    /// note the deletion.
    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Takes the lease on `key` for `time_to_live`; nothing if somebody else holds it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] if there is no room,
    /// [`StoreError::Unavailable`] if the store fails; the lease may be taken then, until it runs
    /// out.
    fn acquire<'a>(
        &'a self,
        key: &'a StoreKey,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Option<Fence>, StoreError>>;

    /// Lets a lease that still runs end `time_to_live` from now, sooner or later than before.
    ///
    /// # Errors
    ///
    /// [`StoreError::LeaseLost`] if it does not run any more: it ran out, was released, or somebody
    /// else has it. [`StoreError::Unavailable`] if the store fails.
    fn extend<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Ends the lease if it is the one with this fence; it is no error if it is not.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] if the store fails.
    fn release<'a>(
        &'a self,
        key: &'a StoreKey,
        fence: Fence,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
}
