//! The live sessions of one client.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::time::Instant;

use super::context::SessionContext;
use super::credential::Credential;
use super::entry::{Refresher, SessionEntry, TIME_TO_LIVE};
use super::lineage::Lineage;
use super::record::{RefreshRecord, SessionRecord, Stored, UserHints};
use crate::error::{Error, ErrorKind};
use crate::secret::Secret;
use crate::store::StoreKey;

/// Creates and resumes sessions. Each session has one entry, so that all its users in this instance
/// share one refresh.
pub(crate) struct SessionRegistry {
    context: Arc<SessionContext>,
    live: Mutex<HashMap<StoreKey, Weak<SessionEntry>>>,
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
        refresher: Option<Arc<dyn Refresher>>,
        user: UserHints,
    ) -> Result<Arc<SessionEntry>, Error> {
        let context = &self.context;
        let id = context.random_id()?;
        if let Some(tokens) = credential.tokens() {
            tokens.check_issued(context.system)?;
        }
        let key = StoreKey::of(context.system, &id);
        let now = context.time.local_now().timestamp();
        let record = SessionRecord {
            audience: context.audience.clone(),
            written_at: now,
            received_at: Some(now),
            lineage: Lineage::default().child(context.write_id()?, None),
            user,
            refresh: RefreshRecord::default(),
            credential,
        };
        let encoded = record.encode().map_err(|error| error.of(context.system))?;
        let create = context.store.create(&key, encoded, TIME_TO_LIVE);
        let created = context.store_write(create).await;
        let version = created.as_ref().ok().copied();
        let entry = SessionEntry::new(context.clone(), id, key, record, version, refresher);
        if created.is_ok() {
            entry.lock().created_at = Some(Instant::now());
        }
        // The server will not issue these tokens again, so the session is used and saved later.
        if let Err(error) = created {
            tracing::warn!(session = %key, %error, "a new session is not saved yet");
            entry.save_later();
        }
        Ok(self.register(key, entry))
    }

    /// Resumes a session that this or another instance has stored.
    pub(crate) async fn resume(
        &self,
        id: &Secret,
        refresher: Option<Arc<dyn Refresher>>,
    ) -> Result<Arc<SessionEntry>, Error> {
        let context = &self.context;
        let key = StoreKey::of(context.system, id);
        if let Some(entry) = self.find(&key) {
            return match entry.ended() {
                Some(reason) => Err(entry.ended_error(reason)),
                None => Ok(entry),
            };
        }
        let loaded = context.store_step(context.store.load(&key)).await;
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
        let id = id.clone();
        let entry = SessionEntry::new(context.clone(), id, key, *record, Some(version), refresher);
        Ok(self.register(key, entry))
    }

    fn find(&self, key: &StoreKey) -> Option<Arc<SessionEntry>> {
        self.live().get(key).and_then(Weak::upgrade)
    }

    /// Registers `entry`, or returns the entry that was registered first.
    fn register(&self, key: StoreKey, entry: Arc<SessionEntry>) -> Arc<SessionEntry> {
        let mut live = self.live();
        if let Some(first) = live.get(&key).and_then(Weak::upgrade) {
            return first;
        }
        if live.len() == live.capacity() {
            live.retain(|_, entry| entry.strong_count() > 0);
        }
        live.insert(key, Arc::downgrade(&entry));
        entry
    }

    fn live(&self) -> MutexGuard<'_, HashMap<StoreKey, Weak<SessionEntry>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
