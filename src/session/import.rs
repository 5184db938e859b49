//! Sessions of credentials that the caller imports under a key of its own: instances that import the same
//! credential get one session.
//!
//! A record under the digest of the key names the session. It has neither the key, nor the credential,
//! nor the id of the session: the id is masked by the credential, so that neither the key nor a reader
//! of the store can resume the session.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::context::SessionContext;
use super::credential::Credential;
use super::record;
use crate::error::{Error, ErrorKind};
use crate::keyed_digest::keyed_digest;
use crate::secret::Secret;
use crate::store::{Record, StoreError, StoreKey, Version};

/// What the store has of one import.
#[derive(Clone, Serialize, Deserialize)]
struct ImportRecord {
    /// The keyed digest of the credential.
    credential: String,
    /// The id of the session, masked by the credential.
    session: String,
}

/// The record of an import, as it was found.
pub(super) struct StoredImport {
    key: StoreKey,
    version: Version,
    record: Record,
}

/// One import: the key, and the credential that is bound to it.
pub(super) struct Import<'a> {
    context: &'a SessionContext,
    /// One for each index key, the newest first.
    keys: Vec<StoreKey>,
    digest: String,
    mask: [u8; 32],
}

impl<'a> Import<'a> {
    pub(super) fn new(
        context: &'a SessionContext,
        import_key: &Secret,
        credential: &Credential,
    ) -> Result<Self, Error> {
        if import_key.is_empty() {
            let error = Error::invalid("import_key", "must not be empty");
            return Err(error.of(context.system));
        }
        let audience = context.audience();
        let text = credential.imported_text();
        let text = text.map_err(|error| error.of(context.system))?;
        let keyed = |of| {
            let parts = ["vestibule import", of, audience, import_key.expose()];
            keyed_digest(text.expose().as_bytes(), &parts)
        };
        Ok(Self {
            context,
            keys: StoreKey::of_import(context.index_keys(), audience, import_key),
            digest: crate::hex::encode(&keyed("credential")),
            mask: keyed("session"),
        })
    }

    /// Loads the record of an earlier import under the key.
    pub(super) async fn find(&self) -> Result<Option<StoredImport>, Error> {
        for key in &self.keys {
            let loaded = self.context.load_record(key).await;
            let loaded = loaded.map_err(|error| self.context.store_error(error))?;
            if let Some((record, version)) = loaded {
                let key = *key;
                return Ok(Some(StoredImport {
                    key,
                    version,
                    record,
                }));
            }
        }
        Ok(None)
    }

    /// The id of the session that the credential was imported as. Fails if that was another credential.
    pub(super) fn session_of(&self, found: &StoredImport) -> Result<Secret, Error> {
        let unreadable = || self.context.store_error(StoreError::Unreadable);
        let read = serde_json::from_slice(found.record.expose());
        let import: ImportRecord = read.map_err(|_| unreadable())?;
        let is_same = import.credential.as_bytes().ct_eq(self.digest.as_bytes());
        if !bool::from(is_same) {
            let right = "must be a key of this credential alone: another one was imported under it";
            return Err(Error::invalid("import_key", right).of(self.context.system));
        }
        let masked = crate::hex::decode(&import.session).ok_or_else(unreadable)?;
        let id = masked.iter().zip(self.mask).map(|(byte, mask)| byte ^ mask);
        let id = String::from_utf8(id.collect()).map_err(|_| unreadable())?;
        Ok(Secret::from(id))
    }

    /// Extends the life of the record that was found. A failure is harmless: the record lives on, or
    /// another instance has extended it.
    pub(super) async fn touch(&self, found: StoredImport) {
        let StoredImport {
            key,
            version,
            record,
        } = found;
        let _ = self.put(&key, Some(version), record).await;
    }

    /// Records that the credential was imported as the session of this id. `Exists` if another instance
    /// was faster.
    pub(super) async fn record(&self, session: &Secret) -> Result<Version, StoreError> {
        // The id of a session is 32 characters, and so long is the mask.
        let masked = session.expose().bytes().zip(self.mask);
        let masked: Vec<u8> = masked.map(|(byte, mask)| byte ^ mask).collect();
        let import = ImportRecord {
            credential: self.digest.clone(),
            session: crate::hex::encode(&masked),
        };
        let record = record::encode(&import).map_err(|_| StoreError::Unreadable)?;
        let key = self.keys.first().ok_or(StoreError::Unreadable)?;
        self.put(key, None, record).await
    }

    async fn put(
        &self,
        key: &StoreKey,
        over: Option<Version>,
        record: Record,
    ) -> Result<Version, StoreError> {
        let time_to_live = self.context.session_time_to_live(None);
        let put = self
            .context
            .put_record(key, over, record, time_to_live, None);
        put.await
    }

    /// The error for a record that was there at first and then was not.
    pub(super) fn contended(&self) -> Error {
        let message =
            "another instance imported the credential at the same time, and the store lost it";
        Error::new(ErrorKind::Unavailable, message).of(self.context.system)
    }
}
