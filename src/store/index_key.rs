//! The keys of the store keys that are made from phones and mailboxes.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretBox};

use crate::error::Error;
use crate::keyed_digest::keyed_digest;
use crate::secret::Secret;

/// A key that makes the store keys of phones, mailboxes and import keys: 32 random bytes.
///
/// The record of a phone or mailbox, which limits the messages to it, is found by a digest of it. There
/// are few phone numbers, so that a plain digest tells which it is. A digest by this key (HMAC-SHA256)
/// does not, to a reader of the store who has not the key: keep it out of the database. It hides them in
/// the record keys only: an unsealed record of an open challenge shows its phone or mailbox, and that of a
/// session shows its credential.
///
/// A store that seals its records needs none: it derives one from each of its sealing keys. Set one with
/// `index_keys` of a client's builder for a store that does not seal.
///
/// It is wiped from memory when it is dropped; `Debug` does not show it.
///
/// ```
/// use vestibule::Secret;
/// use vestibule::store::IndexKey;
///
/// // `openssl rand -base64 32` prints one.
/// let key = IndexKey::from_base64(&Secret::from("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))?;
/// # Ok::<(), vestibule::Error>(())
/// ```
pub struct IndexKey(SecretBox<[u8; 32]>);

impl IndexKey {
    /// Creates a key of these bytes.
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let copy = |inner: &mut [u8; 32]| inner.copy_from_slice(&bytes);
        let key = Self(SecretBox::init_with_mut(copy));
        bytes.zeroize();
        key
    }

    /// Creates a key from base64, as in an environment variable.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) naming `index_key` if it is not
    /// base64 of 32 bytes.
    pub fn from_base64(text: &Secret) -> Result<Self, Error> {
        let wrong = || Error::invalid("index_key", "must be 32 bytes in base64");
        let bytes = STANDARD.decode(text.expose().trim()).map_err(|_| wrong())?;
        let bytes = Zeroizing::new(bytes);
        let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| wrong())?;
        Ok(Self::new(*bytes))
    }

    /// Derives a key from another one, whose use it must not share.
    #[cfg(feature = "sealed")]
    pub(super) fn derived_from(secret: &[u8; 32]) -> Self {
        Self::new(keyed_digest(secret, &["vestibule index key"]))
    }

    pub(super) fn digest(&self, parts: &[&str]) -> [u8; 32] {
        keyed_digest(self.0.expose_secret(), parts)
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey([redacted])")
    }
}

/// The index keys of a store or a client: records are found under all of them, and written under the
/// first.
///
/// To rotate keys, first add the new key to the older ones of every instance; then make it the first;
/// remove the old key an hour later. The limits of messages stay in force meanwhile. Where tokens are
/// imported once (`resume_with_tokens_once`), keep it for the
/// [idle timeout](crate::Settings::session_idle_timeout) of sessions: an import that is not found makes
/// another session.
#[derive(Clone, Debug, Default)]
pub struct IndexKeys(Arc<Vec<IndexKey>>);

impl IndexKeys {
    /// Writes under `current`; finds records under it and the `older` keys.
    pub fn new(current: IndexKey, older: impl IntoIterator<Item = IndexKey>) -> Self {
        Self(Arc::new(std::iter::once(current).chain(older).collect()))
    }

    /// No key: the digests of phones and mailboxes have none, and a reader of the store can tell them.
    pub fn none() -> Self {
        Self::default()
    }

    pub(super) fn keys(&self) -> &[IndexKey] {
        &self.0
    }
}
