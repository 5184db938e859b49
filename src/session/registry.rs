//! The live sessions of one client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::context::SessionContext;
use super::credential::Credential;
use super::entry::SessionEntry;
use super::import::{Import, StoredImport};
use super::lineage::Lineage;
use super::record::{RefreshRecord, SessionRecord, Stored, UserHints};
use crate::end_reason::EndReason;
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;
use crate::store::{Record, StoreError, StoreKey, Version};

/// Creates and resumes sessions. Each session has one entry, so that all its users in this instance
/// share one refresh.
pub(crate) struct SessionRegistry {
    context: Arc<SessionContext>,
    /// By the first bytes of their keys. A hash map has up to twice as many places as entries, so the
    /// whole key is only in the entry.
    live: Mutex<HashMap<u64, Weak<SessionEntry>>>,
}

/// A session that is about to be stored.
struct NewSession {
    id: Secret,
    key: StoreKey,
    record: SessionRecord,
}

impl SessionRegistry {
    pub(crate) fn new(context: Arc<SessionContext>) -> Arc<Self> {
        Arc::new(Self {
            context,
            live: Mutex::default(),
        })
    }

    /// Stores a new session. Fails for tokens that no call can send.
    pub(crate) async fn create(
        &self,
        credential: Credential,
        user: UserHints,
    ) -> Result<Arc<SessionEntry>, Error> {
        if let Some(tokens) = credential.tokens() {
            tokens.check_issued(self.context.system)?;
        }
        let (mut new, encoded) = self.new_session(credential, user)?;
        let key = new.key;
        let created = self.write(&new, encoded.clone()).await;
        new.record.credential.share(&encoded);
        let entry = self.entry(new, created.as_ref().ok().copied());
        // The server will not issue these tokens again, so the session is used and saved later.
        if let Err(error) = created {
            tracing::warn!(session = %key, %error, "a new session is not saved yet");
            entry.save_later();
        }
        Ok(self.register(key, entry))
    }

    /// Stores a session of a credential that the caller imports, or resumes the one that the credential
    /// was imported as before, under the same key of the caller's.
    ///
    /// The record of the session is written before that of the import, which is written once: an
    /// instance that finds an import finds its session. One that loses the race deletes its own session, whose
    /// id it has given to no caller.
    pub(crate) async fn import(
        &self,
        import_key: &Secret,
        credential: Credential,
    ) -> Result<Arc<SessionEntry>, Error> {
        let context = &self.context;
        let import = Import::new(context, import_key, &credential)?;
        if let Some(found) = import.find().await? {
            return self.resume_import(&import, found).await;
        }
        let (mut new, encoded) = self.new_session(credential, UserHints::default())?;
        let (key, store_error) = (new.key, |error| context.store_error(error));
        let version = self.write(&new, encoded.clone()).await;
        let version = version.map_err(store_error)?;
        new.record.credential.share(&encoded);
        match import.record(&new.id).await {
            Ok(_) => {
                let entry = self.entry(new, Some(version));
                Ok(self.register(key, entry))
            }
            Err(StoreError::Exists | StoreError::Conflict) => {
                if let Err(error) = context.delete_record(&key).await {
                    tracing::debug!(session = %key, %error, "a second import is still stored");
                }
                match import.find().await? {
                    Some(found) => self.resume_import(&import, found).await,
                    None => Err(import.contended()),
                }
            }
            // The import may have been recorded, so its session stays.
            Err(error) => Err(store_error(error)),
        }
    }

    async fn resume_import(
        &self,
        import: &Import<'_>,
        found: StoredImport,
    ) -> Result<Arc<SessionEntry>, Error> {
        let id = import.session_of(&found)?;
        let entry = self.resume(&id).await?;
        import.touch(found).await;
        Ok(entry)
    }

    /// A session that is not stored yet, and its record as it is to be stored.
    fn new_session(
        &self,
        credential: Credential,
        user: UserHints,
    ) -> Result<(NewSession, Record), Error> {
        let context = &self.context;
        let id = context.random_id()?;
        let now = context.time.local_now().timestamp();
        let record = SessionRecord {
            audience: context.audience.clone(),
            written_at: now,
            received_at: None,
            ends_at: context.session_end(),
            lineage: Lineage::default().child(context.write_id()?, None),
            user,
            refresh: RefreshRecord::default(),
            credential,
        };
        let encoded = record.encode().map_err(|error| error.of(context.system))?;
        let key = StoreKey::of(context.system, &id);
        Ok((NewSession { id, key, record }, encoded))
    }

    async fn write(&self, new: &NewSession, encoded: Record) -> Result<Version, StoreError> {
        let time_to_live = self.context.session_time_to_live(new.record.ends_at);
        let write = self
            .context
            .put_record(&new.key, None, encoded, time_to_live, None);
        write.await
    }

    /// The entry of a new session, whose record has this version if it was stored.
    fn entry(&self, new: NewSession, version: Option<Version>) -> Arc<SessionEntry> {
        let NewSession { id, key, record } = new;
        let entry = SessionEntry::new(self.context.clone(), id, key, record, version);
        {
            let mut state = entry.lock();
            state.is_own = true;
            state.created_at = version.map(|_| self.context.uptime());
        }
        entry
    }

    /// Resumes a session that this or another instance has stored.
    pub(crate) async fn resume(&self, id: &Secret) -> Result<Arc<SessionEntry>, Error> {
        let context = &self.context;
        let key = StoreKey::of(context.system, id);
        if let Some(entry) = self.find(&key) {
            return match entry.ended() {
                Some(reason) => Err(entry.ended_error(reason)),
                None => Ok(entry),
            };
        }
        let loaded = context.load_record(&key).await;
        let no_such_session = || {
            let error = Error::new(ErrorKind::Unauthenticated, "there is no such session");
            error.of(context.system)
        };
        let Some((record, version)) = loaded.map_err(|error| context.store_error(error))? else {
            return Err(no_such_session());
        };
        let stored =
            Stored::decode(&record, &context.audience).map_err(|error| error.of(context.system))?;
        let Stored::Session(record) = stored else {
            return Err(no_such_session());
        };
        let (now, written_at) = (context.time.local_now(), record.written_at());
        if record.is_over(now) {
            return Err(context.ended_error(EndReason::AbsoluteTimeout));
        }
        let id = id.clone();
        let entry = SessionEntry::new(context.clone(), id, key, *record, Some(version));
        // A back end may resume the session for each use, so that the first use has to touch it, unless it
        // refreshes it.
        let age = (now - written_at).to_std();
        if age.is_ok_and(|age| age >= context.touch_after) {
            let mut state = entry.lock();
            if !entry.needs_refresh(&state, now) {
                state.validated_at = written_at.into();
            }
        }
        Ok(self.register(key, entry))
    }

    fn find(&self, key: &StoreKey) -> Option<Arc<SessionEntry>> {
        let entry = self.live().get(&place_of(key)).and_then(Weak::upgrade);
        entry.filter(|entry| entry.key == *key)
    }

    /// Registers `entry`, or returns the entry that was registered first.
    fn register(&self, key: StoreKey, entry: Arc<SessionEntry>) -> Arc<SessionEntry> {
        let mut live = self.live();
        let first = live.get(&place_of(&key)).and_then(Weak::upgrade);
        match first {
            Some(first) if first.key == key => return first,
            // Another session has the place. This one is shared like one of another instance, by its lease.
            Some(_) => return entry,
            None => {}
        }
        if live.len() == live.capacity() {
            live.retain(|_, entry| entry.strong_count() > 0);
        }
        live.insert(place_of(&key), Arc::downgrade(&entry));
        entry
    }

    fn live(&self) -> MutexGuard<'_, HashMap<u64, Weak<SessionEntry>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a session is in [`SessionRegistry::live`].
fn place_of(key: &StoreKey) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *key.as_bytes();
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}
