//! Where sessions live: opaque, versioned records with a time to live.

mod memory;

use std::time::Duration;
use std::{fmt, io};

use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use thiserror::Error;

pub use self::memory::MemoryStore;
use crate::clock::BoxFuture;
use crate::secret::Secret;

/// The name of a record: the SHA-256 of a session's id, so that a store never sees the id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreKey([u8; 32]);

impl StoreKey {
    pub(crate) fn of(id: &Secret) -> Self {
        Self(Sha256::digest(id.expose().as_bytes()).into())
    }

    /// A key of these bytes, to test a store with.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the key.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The first 8 hex digits, enough to follow a session through a log.
impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4]
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKey({self})")
    }
}

/// The bytes of a record. They hold tokens: `Debug` shows their length only.
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

/// The version of a record: higher after every write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

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
    /// The store has no room.
    #[error("the store is full")]
    Full,
    /// The store could not be reached or failed. A category without a text: that of a driver may
    /// quote a password.
    #[error("the store failed: {0}")]
    Unavailable(io::ErrorKind),
}

/// A place for sessions. Every write names the version that it replaces, so that a stale writer
/// can never overwrite a newer token.
pub trait SessionStore: Send + Sync + 'static {
    /// The record and its version; nothing if it was never there, was deleted or has expired.
    fn load<'a>(
        &'a self,
        key: &'a StoreKey,
    ) -> BoxFuture<'a, Result<Option<(Record, Version)>, StoreError>>;

    /// Writes a new record.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`] if there is a record of this key.
    fn create<'a>(
        &'a self,
        key: &'a StoreKey,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>>;

    /// Replaces the record if it still has the version `expected`; answers the new version.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] if it has another version or is gone.
    fn compare_and_swap<'a>(
        &'a self,
        key: &'a StoreKey,
        expected: Version,
        record: Record,
        time_to_live: Duration,
    ) -> BoxFuture<'a, Result<Version, StoreError>>;

    /// Deletes the record; it is no error if there is none.
    fn delete<'a>(&'a self, key: &'a StoreKey) -> BoxFuture<'a, Result<(), StoreError>>;
}
