//! One live session: its state, and how that follows the stored record.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::context::SessionContext;
#[cfg(feature = "walletcrew")]
use super::credential::unverified_claims;
use super::credential::{Credential, Tokens};
use super::lineage::Relation;
use super::outcomes::{ReloadOutcome, WriteOutcome};
use super::record::{RefreshRecord, SessionRecord, Stored};
use super::state::State;
use super::tries::Tries;
use crate::clock::BoxFuture;
use crate::end_reason::EndReason;
use crate::error::{Error, ErrorKind};
#[cfg(feature = "walletcrew")]
use crate::json::JsonObject;
use crate::secret::Secret;
use crate::store::{Fence, Record, StoreError, StoreKey, Version};
use crate::telemetry::Event;

/// How long the end marker of a session stays: longer than [`SessionEntry::load`] takes a missing
/// record for a lost one.
pub(super) const END_MARKER_TIME: Duration = Duration::from_secs(30);

/// How often a record that the store has brought back is written over.
const MAX_RESTORES: u32 = 3;
const FIRST_RESTORE_WAIT: Duration = Duration::from_millis(10);
const MAX_RESTORE_WAIT: Duration = Duration::from_millis(100);

/// How one system gets new tokens.
pub(crate) trait Refresher: Send + Sync {
    /// Gets new tokens within the time `within`. A refusal ends the session, any other error
    /// leaves it unchanged. `session` is the id of the session.
    fn refresh<'a>(
        &'a self,
        session: &'a Secret,
        current: &'a Tokens,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, Error>>;

    /// Whether these tokens may be refreshed.
    fn accepts(&self, _tokens: &Tokens) -> bool {
        true
    }
}

/// What a load has found.
enum Loaded {
    Settled(ReloadOutcome),
    /// The store has lost what this instance knows, which is to be written again.
    RolledBack,
    /// The record has changed during the load, and what was found is of another branch.
    Outrun,
}

/// One session in this instance, shared by all its handles.
pub(crate) struct SessionEntry {
    /// Lets background tasks own the entry.
    pub(super) me: Weak<SessionEntry>,
    pub(super) context: Arc<SessionContext>,
    id: Secret,
    pub(super) key: StoreKey,
    /// Whether the server has rejected a call in unknown words since the last success.
    pub(super) has_rejected_calls: AtomicBool,
    state: Mutex<State>,
}

impl fmt::Debug for SessionEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} {})", self.context.system, self.key)
    }
}

impl SessionEntry {
    pub(super) fn new(
        context: Arc<SessionContext>,
        id: Secret,
        key: StoreKey,
        record: SessionRecord,
        version: Option<Version>,
    ) -> Arc<Self> {
        let state = State::new(record, version, &context.time);
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            context,
            id,
            key,
            has_rejected_calls: AtomicBool::new(false),
            state: Mutex::new(state),
        })
    }

    pub(crate) fn id(&self) -> &Secret {
        &self.id
    }

    /// What the user signed in with, if that was stored.
    #[cfg(feature = "goodcity")]
    pub(crate) fn login_hint(&self) -> Option<String> {
        self.lock().user().login_hint.clone()
    }

    /// The language of the user, if it is known.
    #[cfg(feature = "goodcity")]
    pub(crate) fn language(&self) -> Option<String> {
        self.lock().user().language.clone()
    }

    pub(super) fn expires_at(&self) -> Option<DateTime<Utc>> {
        let (credential, ends_at) = {
            let state = self.lock();
            (state.credential.clone(), state.ends_at())
        };
        let time = &self.context.time;
        let is_refreshable = self.refresher(&credential).is_some();
        let expires_at = credential.session_expires_at(is_refreshable, time);
        let ends_at = ends_at.and_then(|end| DateTime::from_timestamp(end, 0));
        let ends_at = ends_at.map(|end| time.at(end));
        [expires_at, ends_at].into_iter().flatten().min()
    }

    /// What refreshes this credential, if it can be refreshed.
    pub(super) fn refresher(&self, credential: &Credential) -> Option<&Arc<dyn Refresher>> {
        let tokens = credential.tokens()?;
        let refresher = self.context.refresher();
        refresher.filter(|refresher| refresher.accepts(tokens))
    }

    /// The claims of the access token, whose signature is not checked; `None` if it is no JWT.
    #[cfg(feature = "walletcrew")]
    pub(super) fn claims(&self) -> Option<JsonObject> {
        let access = self.lock().credential.tokens()?.access.clone();
        unverified_claims(access.expose())
    }

    /// Why the session has ended, if it has.
    pub(crate) fn ended(&self) -> Option<EndReason> {
        let now = self.context.time.local_now();
        {
            let state = self.lock();
            if state.ended.is_some() || !state.is_over(now) {
                return state.ended;
            }
        }
        self.mark_ended(EndReason::AbsoluteTimeout);
        self.lock().ended
    }

    /// The state of the session, which ends by this if it has reached its absolute timeout. Fails for a
    /// session that has ended. `now` is the local time.
    pub(super) fn lock_live(&self, now: DateTime<Utc>) -> Result<MutexGuard<'_, State>, Error> {
        let state = self.lock();
        let ended = state.ended;
        let reason = match ended {
            None if !state.is_over(now) => return Ok(state),
            Some(reason) => reason,
            None => {
                drop(state);
                self.mark_ended(EndReason::AbsoluteTimeout);
                EndReason::AbsoluteTimeout
            }
        };
        Err(self.ended_error(reason))
    }

    /// The state is only replaced as a whole or by one assignment, so a panic leaves it consistent.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn error(&self, kind: ErrorKind, message: &'static str) -> Error {
        Error::new(kind, message).of(self.context.system)
    }

    pub(super) fn ended_error(&self, reason: EndReason) -> Error {
        self.context.ended_error(reason)
    }

    /// Ends the session in this instance and deletes it from the store.
    pub(crate) async fn close(&self, reason: EndReason) -> Result<(), Error> {
        self.mark_ended(reason);
        self.delete().await
    }

    /// Ends the session in this instance: nothing is sent with its credential any more.
    pub(super) fn mark_ended(&self, reason: EndReason) {
        {
            let mut state = self.lock();
            if state.ended.is_some() {
                return;
            }
            state.ended = Some(reason);
        }
        self.report_ended(reason);
    }

    pub(super) fn report_ended(&self, reason: EndReason) {
        self.context.telemetry.emit(&Event::SessionEnded {
            system: self.context.system,
            session: self.key.label(),
            reason,
        });
    }

    /// Reads the record again if the last time is too long ago, and writes it again if it is old,
    /// so that a session in use does not expire in the store.
    pub(super) async fn revalidate(&self) -> Result<(), Error> {
        if self.lock().must_resume_saving() {
            self.save_later();
            return Ok(());
        }
        let asked_at = Instant::now();
        let _saving = self.context.saving.lock(self.key).await;
        // One that is only due because the store has just recovered may fail.
        let is_required;
        let failed_meanwhile = {
            let state = self.lock();
            let now = self.context.time.local_now();
            if !state.needs_revalidation(now, self.context.revalidate_after()) {
                return Ok(());
            }
            let after = self.context.settings.revalidate_session_after;
            is_required = state.needs_revalidation(now, after);
            let failed_at = state.refresh_state().revalidation_failed_at;
            failed_at.is_some_and(|then| then > asked_at)
        };
        // Callers that waited for a revalidation that failed share its result.
        if failed_meanwhile && is_required {
            return Err(self.error(ErrorKind::Unavailable, "the session store has just failed"));
        }
        let found = self.reload().await;
        if found.is_err() && !is_required {
            return Ok(());
        }
        let failed_at = found.is_err().then(Instant::now);
        self.lock()
            .update_refresh(|refresh_state| refresh_state.revalidation_failed_at = failed_at);
        if found? == ReloadOutcome::Unchanged {
            self.touch().await;
        }
        Ok(())
    }

    /// Extends the life of the record, unless a refresh does that next. A failure is harmless: the next
    /// revalidation tries again.
    async fn touch(&self) {
        let (age, credential, refresh) = {
            let state = self.lock();
            let now = self.context.time.local_now();
            if self.needs_refresh(&state, now) {
                return;
            }
            let age = (now - state.written_at.get()).to_std();
            let refresh = state.refresh_state().record.clone();
            (age, state.credential.clone(), refresh)
        };
        // A session whose calls are rejected is not prolonged.
        let is_young = age.is_ok_and(|age| age < self.context.touch_after);
        if is_young || self.has_rejected_calls.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.write(&credential, &refresh, &refresh, None).await {
            tracing::debug!(session = %self.key, %error, "the session was not touched");
        }
    }

    /// Reads the record and adopts what another instance has stored since. If the store has gone back
    /// to an older record, ours is written over that.
    pub(super) async fn reload(&self) -> Result<ReloadOutcome, Error> {
        let mut tries = Tries::new(MAX_RESTORES, FIRST_RESTORE_WAIT, MAX_RESTORE_WAIT);
        loop {
            match self.load().await? {
                Loaded::Settled(found) => return Ok(found),
                // The save that is running writes over the older record.
                Loaded::RolledBack if self.lock().refresh_state().pending.is_some() => {
                    return Ok(ReloadOutcome::Unchanged);
                }
                Loaded::RolledBack => {
                    tracing::warn!(session = %self.key, "the store has lost writes; restoring one");
                    // No later load finds a loss again of which no version is left, so the record is
                    // saved even if this write fails or its caller goes away.
                    if self.lock().version.is_none() {
                        self.save_later();
                    }
                    if self.restore().await? == WriteOutcome::Done {
                        return Ok(ReloadOutcome::Unchanged);
                    }
                }
                Loaded::Outrun => {}
            }
            let Some(wait) = tries.next_wait() else {
                return Err(self.unsettled());
            };
            self.context.time.sleep(wait).await;
        }
    }

    /// Writes what this instance knows over a record that the store has brought back.
    async fn restore(&self) -> Result<WriteOutcome, Error> {
        let (credential, refresh) = {
            let state = self.lock();
            let refresh = state.refresh_state().record.clone();
            (state.credential.clone(), refresh)
        };
        self.write(&credential, &refresh, &refresh, None).await
    }

    /// The error for a record that changed with every try.
    pub(super) fn unsettled(&self) -> Error {
        let message = "the stored session changed with every try to write it";
        self.error(ErrorKind::Unavailable, message)
            .with_class("store")
    }

    async fn load(&self) -> Result<Loaded, Error> {
        let (known, lineage) = {
            let state = self.lock();
            (state.version, state.lineage.clone())
        };
        let context = &*self.context;
        let loaded = context.load_record(&self.key).await;
        let Some((record, version)) = loaded.map_err(|error| context.store_error(error))? else {
            return Ok(self.found_nothing(known));
        };
        let now = context.time.local_now();
        let stored = Stored::decode(&record, &context.audience);
        let Stored::Session(record) = stored.map_err(|error| error.of(context.system))? else {
            self.mark_ended(EndReason::EndedElsewhere);
            return Ok(Loaded::Settled(ReloadOutcome::Gone));
        };
        let mut state = self.lock();
        let state = &mut *state;
        let relation = state.version.map_or(Relation::Newer, |known| {
            state.lineage.relation(known, &record.lineage, version)
        });
        // What this instance has written or read since the load began is newer than what it found.
        let is_outrun = state.version != known || state.lineage.id() != lineage.id();
        Ok(match relation {
            Relation::Same => {
                if !is_outrun {
                    state.version = Some(version);
                    state.validated_at = now.into();
                }
                Loaded::Settled(ReloadOutcome::Unchanged)
            }
            Relation::Newer => Loaded::Settled(self.adopt(state, *record, version, now)),
            Relation::Older if is_outrun => Loaded::Settled(ReloadOutcome::Unchanged),
            Relation::Fork if is_outrun => Loaded::Outrun,
            Relation::Older => self.rolled_back(state, version),
            Relation::Fork => {
                let found = record.credential.fingerprint();
                let replaced = &state.refresh_state().replaced;
                let is_spent = state.lineage.has_spent(found.as_ref())
                    || (found.is_some() && *replaced == found);
                if is_spent {
                    state.lineage.absorb(&record.lineage);
                    self.rolled_back(state, version)
                } else {
                    Loaded::Settled(self.adopt_branch(state, *record, version, now))
                }
            }
        })
    }

    /// A record that was not stored before the load cannot have been deleted.
    fn found_nothing(&self, known: Option<Version>) -> Loaded {
        if known.is_none() {
            return Loaded::Settled(ReloadOutcome::Unchanged);
        }
        // The record expires at the absolute timeout.
        if self.ended().is_some() {
            return Loaded::Settled(ReloadOutcome::Gone);
        }
        {
            let mut state = self.lock();
            if state.is_newly_created(self.context.uptime()) {
                state.version = None;
                return Loaded::RolledBack;
            }
        }
        self.mark_ended(EndReason::EndedElsewhere);
        Loaded::Settled(ReloadOutcome::Gone)
    }

    /// The next write replaces the older record.
    fn rolled_back(&self, state: &mut State, version: Version) -> Loaded {
        if state.ended.is_some() {
            return Loaded::Settled(ReloadOutcome::Gone);
        }
        state.version = Some(version);
        Loaded::RolledBack
    }

    /// Adopts a record that another instance has written over one that the store had brought back.
    /// Only the server can tell which of the two credentials is valid, so ours is kept until the
    /// other one has been refreshed.
    fn adopt_branch(
        &self,
        state: &mut State,
        mut record: SessionRecord,
        version: Version,
        now: DateTime<Utc>,
    ) -> ReloadOutcome {
        let ours = state.newest().0;
        let is_useless =
            state.is_refused() || record.lineage.has_spent(ours.fingerprint().as_ref());
        record.lineage.absorb(&state.lineage);
        let found = self.adopt(state, record, version, now);
        if found == ReloadOutcome::Adopted && !is_useless {
            state.keep_as_alternative(ours);
        }
        found
    }

    /// `now` is the local time at which the record was loaded.
    fn adopt(
        &self,
        state: &mut State,
        record: SessionRecord,
        version: Version,
        now: DateTime<Utc>,
    ) -> ReloadOutcome {
        state.version = Some(version);
        state.written_at = record.written_at().into();
        let received_at = record.received_at();
        // One that an earlier version of this crate wrote does not have it.
        let ends_at = record.ends_at.or(state.ends_at());
        state.set_ends_at(ends_at);
        state.lineage = record.lineage;
        state.validated_at = now.into();
        if !state.has_new_language {
            state.set_language(record.user.language);
        }
        #[cfg(feature = "fynd")]
        let credential = with_own_cookies(state, record.credential);
        #[cfg(not(feature = "fynd"))]
        let credential = record.credential;
        let replaced = &state.refresh_state().replaced;
        let is_saving = state.unsaved || state.refresh_state().pending.is_some();
        if is_saving && replaced.is_some() && *replaced == credential.fingerprint() {
            // The record holds the token that was exchanged for ours, which is about to be saved.
            return ReloadOutcome::Unchanged;
        }
        let changed = state.credential != credential;
        if changed {
            state.set_credential(credential, received_at);
            state.is_own = false;
        }
        state.update_refresh(|refresh_state| refresh_state.record = record.refresh);
        if changed {
            ReloadOutcome::Adopted
        } else {
            ReloadOutcome::Unchanged
        }
    }

    /// Replaces the record by an end marker, but only this version of it.
    /// [`SessionStore::delete`] names no version and no fence: a late one would remove a newer token.
    ///
    /// [`SessionStore::delete`]: crate::store::SessionStore::delete
    pub(super) async fn remove(
        &self,
        version: Option<Version>,
        fence: Option<Fence>,
    ) -> Result<WriteOutcome, Error> {
        let context = &*self.context;
        let marker = self.end_marker()?;
        let removed = context.put_record(&self.key, version, marker, END_MARKER_TIME, fence);
        match removed.await {
            Ok(_) => Ok(WriteOutcome::Done),
            Err(error) => self.write_outcome(error),
        }
    }

    pub(super) fn end_marker(&self) -> Result<Record, Error> {
        let marker = Stored::end_marker(&self.context.audience);
        marker.map_err(|error| error.of(self.context.system))
    }

    fn write_outcome(&self, error: StoreError) -> Result<WriteOutcome, Error> {
        match error {
            StoreError::Conflict | StoreError::Exists => Ok(WriteOutcome::Conflict),
            StoreError::LeaseLost => Ok(WriteOutcome::LeaseLost),
            error => Err(self.context.store_error(error)),
        }
    }

    /// Writes a credential over the record that this instance knows, with `refresh` in place of the
    /// `known` record of its refresh. The credential in use does not change.
    pub(super) async fn write(
        &self,
        credential: &Credential,
        known: &RefreshRecord,
        refresh: &RefreshRecord,
        fence: Option<Fence>,
    ) -> Result<WriteOutcome, Error> {
        let context = &*self.context;
        let id = context.write_id()?;
        let now = context.time.local_now();
        let (version, lineage, user, received_at, ends_at) = {
            let state = self.lock();
            let replaced = state.refresh_state().replaced.as_ref();
            let lineage = state.lineage.child(id, replaced);
            // One that is not in use yet has just been received.
            let is_in_use = state.credential == *credential;
            let is_pending = state.refresh_state().pending.as_ref() == Some(credential);
            // A reload has adopted other tokens or another mark since, or another write has set one: these
            // must not be written over them.
            let is_outdated = match credential.tokens() {
                Some(_) => !is_in_use || state.refresh_state().record != *known,
                None => false,
            };
            if is_outdated && !is_pending {
                return Ok(WriteOutcome::Conflict);
            }
            let received_at = if is_in_use {
                state.received_at.get()
            } else {
                now
            };
            let user = state.user().clone();
            (state.version, lineage, user, received_at, state.ends_at())
        };
        let record = SessionRecord {
            audience: context.audience.clone(),
            written_at: now.timestamp(),
            received_at: SessionRecord::unless_written_at(now, received_at),
            ends_at,
            lineage: lineage.clone(),
            user: user.clone(),
            refresh: refresh.clone(),
            credential: credential.clone(),
        };
        let record = record.encode().map_err(|error| error.of(context.system))?;
        let time_to_live = context.session_time_to_live(ends_at);
        let write = context.put_record(&self.key, version, record.clone(), time_to_live, fence);
        let written = match write.await {
            Ok(written) => written,
            Err(error) => return self.write_outcome(error),
        };
        let mut state = self.lock();
        state.share(credential, &record);
        // A reload may have seen this record, or a newer one, before this result came.
        if !state.lineage.contains(id) {
            state.version = Some(written);
            state.lineage = lineage;
            if state.credential == *credential {
                state.update_refresh(|refresh_state| refresh_state.record.clone_from(refresh));
            }
        }
        if version.is_none() {
            state.created_at.get_or_insert(context.uptime());
        }
        state.validated_at = context.time.local_now().into();
        state.written_at = state.validated_at;
        if state.user().language == user.language {
            state.has_new_language = false;
        }
        #[cfg(feature = "fynd")]
        if let Credential::Cookies(jar) = credential {
            state.set_stored_jar(jar.clone());
        }
        Ok(WriteOutcome::Done)
    }
}

/// The cookies of the record, with those that have changed here since the last reload.
#[cfg(feature = "fynd")]
fn with_own_cookies(state: &mut State, found: Credential) -> Credential {
    let (Credential::Cookies(theirs), Credential::Cookies(ours)) = (&found, &state.credential)
    else {
        return found;
    };
    let before = state.stored_jar().cloned();
    let before = before.unwrap_or_else(|| ours.cleared());
    let merged = theirs.clone().with_changes(&before, ours);
    state.set_stored_jar(theirs.clone());
    Credential::Cookies(merged)
}
