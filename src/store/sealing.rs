//! Sealing: a sealed record can only be read with a key, and only under its own store key.
//!
//! | bytes | plaintext | sealed |
//! |---|---|---|
//! | 1 | format 0 | format 1 |
//! | 4 | | id of the key, big endian |
//! | 24 | | nonce |
//! | n | record | encrypted record |
//! | 16 | | tag |
//!
//! The cipher is XChaCha20-Poly1305; its nonce is long enough to be random for each write. The
//! associated data are a name of this format, the format byte, the id of the key and the store key.

use std::fmt;
use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretBox};

use super::{IndexKey, IndexKeys, Record, StoreError, StoreKey};
use crate::error::Error;
use crate::secret::Secret;

const PLAIN: u8 = 0;
const SEALED: u8 = 1;
const HEADER: usize = 5;
const NONCE: usize = 24;
const TAG: usize = 16;
const CONTEXT: &[u8] = b"vestibule stored record";

/// A key that seals records: 32 random bytes, and the id by which a record names it.
///
/// It is wiped from memory when it is dropped; `Debug` does not show it.
pub struct SealingKey {
    id: u32,
    bytes: SecretBox<[u8; 32]>,
}

impl SealingKey {
    /// Creates a key of these bytes. The id must be unique among all keys whose records still
    /// exist.
    pub fn new(id: u32, mut bytes: [u8; 32]) -> Self {
        let key = Self {
            id,
            bytes: SecretBox::init_with_mut(|inner: &mut [u8; 32]| inner.copy_from_slice(&bytes)),
        };
        bytes.zeroize();
        key
    }

    /// Creates a key from base64, as in an environment variable (`openssl rand -base64 32` prints
    /// one).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if it is not base64 of 32 bytes.
    pub fn from_base64(id: u32, text: &Secret) -> Result<Self, Error> {
        let wrong = || Error::invalid("key", "must be 32 bytes in base64");
        let bytes = STANDARD.decode(text.expose().trim()).map_err(|_| wrong())?;
        let bytes = Zeroizing::new(bytes);
        let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| wrong())?;
        Ok(Self::new(id, *bytes))
    }

    /// Generates a random key.
    ///
    /// # Errors
    ///
    /// If the operating system provides no random numbers.
    pub fn generate(id: u32) -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(io::Error::other)?;
        Ok(Self::new(id, *bytes))
    }

    /// Returns the id by which records name the key.
    pub fn id(&self) -> u32 {
        self.id
    }

    fn index_key(&self) -> IndexKey {
        IndexKey::derived_from(self.bytes.expose_secret())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.bytes.expose_secret().into())
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({} [redacted])", self.id)
    }
}

/// Whether the records of a store are sealed, and with which keys.
///
/// A sealed store, its backups, replicas and operators only see lengths, times and ids of keys.
/// Without a key a record can neither be read nor changed, nor moved to another session. With
/// write access to the store, an older record of the *same* session can be restored: sealing does
/// not tell old from new.
///
/// ```
/// use vestibule::store::{Sealing, SealingKey};
///
/// let current = SealingKey::generate(2)?;
/// let before = SealingKey::new(1, [7; 32]);
/// let sealing = Sealing::keys(current, [before]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// To rotate keys, first add the new key to the older ones of every instance, so that all can read
/// it; then make it the current one; remove the old key when no record of it is left.
#[derive(Clone, Debug)]
pub struct Sealing(Option<Arc<KeyRing>>);

#[derive(Debug)]
struct KeyRing {
    current: SealingKey,
    older: Vec<SealingKey>,
}

impl Sealing {
    /// Seals with `current`; opens records that were sealed with it or one of the `older` keys.
    pub fn keys(current: SealingKey, older: impl IntoIterator<Item = SealingKey>) -> Self {
        Self(Some(Arc::new(KeyRing {
            current,
            older: older.into_iter().collect(),
        })))
    }

    /// Does not seal: read access to the store is access to its sessions. A plaintext store does not
    /// read sealed records, and a store with keys does not read plaintext ones.
    pub fn plaintext() -> Self {
        Self(None)
    }

    /// The keys for the store keys of phones and mailboxes, one for each sealing key.
    pub(super) fn index_keys(&self) -> IndexKeys {
        let Some(ring) = &self.0 else {
            return IndexKeys::none();
        };
        let older = ring.older.iter().map(SealingKey::index_key);
        IndexKeys::new(ring.current.index_key(), older)
    }

    /// Seals a record for `key`.
    pub(super) fn seal(&self, key: &StoreKey, record: &Record) -> Result<Record, StoreError> {
        let plain = record.expose();
        let Some(ring) = &self.0 else {
            let mut stored = Vec::with_capacity(1 + plain.len());
            stored.push(PLAIN);
            stored.extend_from_slice(plain);
            return Ok(Record::new(stored));
        };
        let mut nonce = [0_u8; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| StoreError::Unavailable(io::ErrorKind::Other))?;
        ring.seal(key, plain, nonce)
    }

    /// Opens a record that was stored under `key`.
    pub(super) fn open(&self, key: &StoreKey, stored: &Record) -> Result<Record, StoreError> {
        match (&self.0, stored.expose().split_first()) {
            (None, Some((&PLAIN, plain))) => Ok(Record::new(plain.to_vec())),
            (Some(ring), Some((&SEALED, _))) => ring.open(key, stored.expose()),
            _ => Err(StoreError::Unreadable),
        }
    }
}

impl KeyRing {
    fn seal(&self, key: &StoreKey, plain: &[u8], nonce: [u8; NONCE]) -> Result<Record, StoreError> {
        let id = self.current.id;
        let mut stored = Vec::with_capacity(HEADER + NONCE + plain.len() + TAG);
        stored.push(SEALED);
        stored.extend_from_slice(&id.to_be_bytes());
        stored.extend_from_slice(&nonce);
        stored.extend_from_slice(plain);
        let body = &mut stored[HEADER + NONCE..];
        let cipher = self.current.cipher();
        let sealed = cipher.encrypt_inout_detached(
            &XNonce::from(nonce),
            &associated_data(id, key),
            body.into(),
        );
        // The cipher refuses only what is longer than 256 GiB.
        let tag = sealed.map_err(|_| StoreError::Full)?;
        stored.extend_from_slice(&tag);
        Ok(Record::new(stored))
    }

    fn open(&self, key: &StoreKey, stored: &[u8]) -> Result<Record, StoreError> {
        let parts = || {
            let (header, rest) = stored.split_first_chunk::<HEADER>()?;
            let (nonce, rest) = rest.split_first_chunk::<NONCE>()?;
            let (body, tag) = rest.split_last_chunk::<TAG>()?;
            let (_, id) = header.split_last_chunk::<4>()?;
            Some((u32::from_be_bytes(*id), *nonce, body, *tag))
        };
        let (id, nonce, body, tag) = parts().ok_or(StoreError::Unreadable)?;
        let associated = associated_data(id, key);
        let keys = std::iter::once(&self.current).chain(&self.older);
        for sealing_key in keys.filter(|sealing_key| sealing_key.id == id) {
            let mut plain = Zeroizing::new(body.to_vec());
            let opened = sealing_key.cipher().decrypt_inout_detached(
                &XNonce::from(nonce),
                &associated,
                plain.as_mut_slice().into(),
                &Tag::from(tag),
            );
            if opened.is_ok() {
                return Ok(Record::new(std::mem::take(&mut *plain)));
            }
        }
        Err(StoreError::Unreadable)
    }
}

/// What a sealed record is bound to. The store key is the digest of the session's system and id, so
/// the record is bound to both.
fn associated_data(id: u32, key: &StoreKey) -> Vec<u8> {
    [CONTEXT, &[SEALED], &id.to_be_bytes(), key.as_bytes()].concat()
}
