//! The stored record of a session, and what a look at it tells.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::credential::{Credential, Recorded, Renewal};
use super::entry::{SessionEntry, State};
use crate::error::{Error, ErrorKind};
use crate::store::{Fence, StoreError, Version};

/// A record that was not written for so long is written again when it is used.
const PROLONG_AFTER: TimeDelta = TimeDelta::days(1);

/// What a look at the stored record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReloadOutcome {
    /// The credential is the one that is known here.
    Unchanged,
    /// Another instance has stored another credential, which is used here from now on.
    Adopted,
    /// The record is gone: the session was ended elsewhere, and has ended here now.
    Gone,
}

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteOutcome {
    Done,
    /// The record is another one than was known here.
    Conflict,
    /// The lease was lost.
    LeaseLost,
}

impl SessionEntry {
    /// Reads the record and takes over what another instance has stored since.
    pub(super) async fn reload(&self) -> Result<ReloadOutcome, Error> {
        let known = self.lock().version;
        let loaded = self
            .context
            .bounded(self.context.store.load(&self.key))
            .await;
        let loaded = loaded.map_err(|error| self.context.store_failed(error))?;
        let Some((record, version)) = loaded else {
            // What was not stored yet when the look began cannot have been deleted.
            if known.is_none() {
                return Ok(ReloadOutcome::Unchanged);
            }
            self.ended_elsewhere();
            return Ok(ReloadOutcome::Gone);
        };
        if self.lock().version == Some(version) {
            self.lock().seen_at = self.context.time.local_now();
            return Ok(ReloadOutcome::Unchanged);
        }
        let found = self.context.read_record(&record)?;
        Ok(self.take_over(found, version))
    }

    fn take_over(&self, found: Recorded, version: Version) -> ReloadOutcome {
        let Recorded {
            credential,
            renewal,
            written_at,
            ..
        } = found;
        let mut state = self.lock();
        let state = &mut *state;
        // A look that took long may come back with less than is known here by now.
        if state.version.is_some_and(|known| known >= version) {
            return ReloadOutcome::Unchanged;
        }
        state.version = Some(version);
        state.written_at = written_at;
        state.seen_at = self.context.time.local_now();
        #[cfg(feature = "fynd")]
        let credential = with_own_cookies(state, credential);
        let replaced = &state.refresh_state().replaced;
        if state.unsaved && replaced.is_some() && *replaced == credential.fingerprint() {
            // Ours was bought with what is found, so it is newer, and is about to be saved.
            return ReloadOutcome::Unchanged;
        }
        if state.credential.is_same(&credential) {
            state.change(|refresh_state| refresh_state.renewal = renewal);
            return ReloadOutcome::Unchanged;
        }
        self.set_credential(state, credential);
        state.change(|refresh_state| refresh_state.renewal = renewal);
        ReloadOutcome::Adopted
    }

    /// Writes a credential over the record that is known here. On success nothing but the version
    /// changes here.
    pub(super) async fn write(
        &self,
        credential: &Credential,
        renewal: &Renewal,
        fence: Option<Fence>,
    ) -> Result<WriteOutcome, Error> {
        let time_to_live = self.context.time_to_live();
        self.write_for(time_to_live, credential, renewal, fence)
            .await
    }

    /// Removes the record that is known here, and no other: a deletion asks for no version and no
    /// fence, and one that comes late would take a newer token with it.
    pub(super) async fn remove(&self, fence: Option<Fence>) -> Result<WriteOutcome, Error> {
        let (credential, renewal) = {
            let state = self.lock();
            (
                state.credential.clone(),
                state.refresh_state().renewal.clone(),
            )
        };
        self.write_for(Duration::ZERO, &credential, &renewal, fence)
            .await
    }

    async fn write_for(
        &self,
        time_to_live: Duration,
        credential: &Credential,
        renewal: &Renewal,
        fence: Option<Fence>,
    ) -> Result<WriteOutcome, Error> {
        let login_hint = self.login_hint();
        let record = self.context.to_record(credential, renewal, login_hint)?;
        let store = &self.context.store;
        let version = self.lock().version;
        let written = match version {
            Some(version) => {
                let write = store.compare_and_swap(&self.key, version, record, time_to_live, fence);
                self.context.bounded(write).await
            }
            None => {
                let write = store.create(&self.key, record, time_to_live);
                self.context.bounded(write).await
            }
        };
        match written {
            Ok(version) => {
                let mut state = self.lock();
                // An answer that took long may come after a look that has seen more.
                state.version = state.version.max(Some(version));
                state.seen_at = self.context.time.local_now();
                state.written_at = state.seen_at;
                #[cfg(feature = "fynd")]
                if let Credential::Cookies(jar) = credential {
                    state.stored_jar = Some(Box::new(jar.clone()));
                }
                Ok(WriteOutcome::Done)
            }
            Err(StoreError::Conflict | StoreError::Exists) => Ok(WriteOutcome::Conflict),
            Err(StoreError::LeaseLost) => Ok(WriteOutcome::LeaseLost),
            Err(error) => Err(self.context.store_failed(error)),
        }
    }

    /// Reads the record again if the last look is too long ago to be trusted, and writes it again if
    /// that is long ago, so that a session that is used does not run out.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let asked_at = Instant::now();
        let _turn = self.saving.lock().await;
        let failed_meanwhile = {
            let state = self.lock();
            if self.is_trusted(&state, self.context.time.local_now()) {
                return Ok(());
            }
            let failed_at = state.refresh_state().look_failed_at;
            failed_at.is_some_and(|then| then > asked_at)
        };
        // Who has waited for a look that failed is answered by it.
        if failed_meanwhile {
            let message = "the session store has just failed";
            return Err(Error::new(ErrorKind::TryLater, message).of(self.context.system));
        }
        let found = self.reload().await;
        let failed_at = found.is_err().then(Instant::now);
        self.lock()
            .change(|refresh_state| refresh_state.look_failed_at = failed_at);
        if found? == ReloadOutcome::Unchanged {
            self.touch().await;
        }
        Ok(())
    }

    /// That this fails is no harm: the next look tries again.
    async fn touch(&self) {
        let (age, credential, renewal) = {
            let state = self.lock();
            let age = self.context.time.local_now() - state.written_at;
            let renewal = state.refresh_state().renewal.clone();
            (age, state.credential.clone(), renewal)
        };
        if age < PROLONG_AFTER {
            return;
        }
        if let Err(error) = self.write(&credential, &renewal, None).await {
            tracing::debug!(session = %self.key, %error, "a session is not prolonged yet");
        }
    }

    /// Whether the record was seen recently, or is not stored yet.
    pub(super) fn is_trusted(&self, state: &State, now: DateTime<Utc>) -> bool {
        if state.version.is_none() || state.ended.is_some() || state.unsaved {
            return true;
        }
        let age = now - state.seen_at;
        // A clock that was set back tells nothing.
        age.to_std()
            .is_ok_and(|age| age < self.context.settings.revalidate_session_after)
    }
}

/// Cookies that were found, with what has changed here since the last look.
#[cfg(feature = "fynd")]
fn with_own_cookies(state: &mut State, found: Credential) -> Credential {
    let (Credential::Cookies(theirs), Credential::Cookies(ours)) = (&found, &state.credential)
    else {
        return found;
    };
    let before = state.stored_jar.take();
    let before = before.map_or_else(|| ours.emptied(), |jar| *jar);
    let both = theirs.clone().with_changes(&before, ours);
    state.stored_jar = Some(Box::new(theirs.clone()));
    Credential::Cookies(both)
}
