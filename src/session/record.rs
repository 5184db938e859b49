//! The stored record of a session, and what a look at it tells.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::core::{Core, State};
use super::material::{Material, Recorded, Renewal};
use super::store::{Fence, StoreError, Version};
use crate::error::{Error, ErrorKind};

/// A record that was not written for so long is written again when it is used.
const PROLONG_AFTER: TimeDelta = TimeDelta::days(1);

/// What a look at the stored record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The credential is the one that is known here.
    Unchanged,
    /// Another instance has stored another credential, which is used here from now on.
    Adopted,
    /// The record is gone: the session was ended elsewhere, and has ended here now.
    Gone,
}

/// What came of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// The record is another one than was known here.
    Conflict,
    /// The lease was lost.
    LeaseLost,
}

impl Core {
    /// Reads the record and takes over what another instance has stored since.
    pub(super) async fn look_again(&self) -> Result<Found, Error> {
        let known = self.lock().version;
        let loaded = self.host.bounded(self.host.store.load(&self.key)).await;
        let loaded = loaded.map_err(|error| self.host.store_failed(error))?;
        let Some((record, version)) = loaded else {
            // What was not stored yet when the look began cannot have been deleted.
            if known.is_none() {
                return Ok(Found::Unchanged);
            }
            self.ended_elsewhere();
            return Ok(Found::Gone);
        };
        if self.lock().version == Some(version) {
            self.lock().seen_at = self.host.time.local_now();
            return Ok(Found::Unchanged);
        }
        let found = self.host.read_record(&record)?;
        Ok(self.take_over(found, version))
    }

    fn take_over(&self, found: Recorded, version: Version) -> Found {
        let Recorded {
            material,
            renewal,
            written_at,
            ..
        } = found;
        let mut state = self.lock();
        let state = &mut *state;
        // A look that took long may come back with less than is known here by now.
        if state.version.is_some_and(|known| known >= version) {
            return Found::Unchanged;
        }
        state.version = Some(version);
        state.written_at = written_at;
        state.seen_at = self.host.time.local_now();
        #[cfg(feature = "fynd")]
        let material = with_own_cookies(state, material);
        let replaced = &state.passing().replaced;
        if state.unsaved && replaced.is_some() && *replaced == material.mark() {
            // Ours was bought with what is found, so it is newer, and is about to be saved.
            return Found::Unchanged;
        }
        if state.material.is_same(&material) {
            state.change(|passing| passing.renewal = renewal);
            return Found::Unchanged;
        }
        self.set_material(state, material);
        state.change(|passing| passing.renewal = renewal);
        Found::Adopted
    }

    /// Writes a credential over the record that is known here. On success nothing but the version
    /// changes here.
    pub(super) async fn write(
        &self,
        material: &Material,
        renewal: &Renewal,
        fence: Option<Fence>,
    ) -> Result<Written, Error> {
        let time_to_live = self.host.time_to_live();
        self.write_for(time_to_live, material, renewal, fence).await
    }

    /// Removes the record that is known here, and no other: a deletion asks for no version and no
    /// fence, and one that comes late would take a newer token with it.
    pub(super) async fn remove(&self, fence: Option<Fence>) -> Result<Written, Error> {
        let (material, renewal) = {
            let state = self.lock();
            (state.material.clone(), state.passing().renewal.clone())
        };
        self.write_for(Duration::ZERO, &material, &renewal, fence)
            .await
    }

    async fn write_for(
        &self,
        time_to_live: Duration,
        material: &Material,
        renewal: &Renewal,
        fence: Option<Fence>,
    ) -> Result<Written, Error> {
        let login_hint = self.login_hint();
        let record = self.host.to_record(material, renewal, login_hint)?;
        let store = &self.host.store;
        let version = self.lock().version;
        let written = match version {
            Some(version) => {
                let write = store.compare_and_swap(&self.key, version, record, time_to_live, fence);
                self.host.bounded(write).await
            }
            None => {
                let write = store.create(&self.key, record, time_to_live);
                self.host.bounded(write).await
            }
        };
        match written {
            Ok(version) => {
                let mut state = self.lock();
                // An answer that took long may come after a look that has seen more.
                state.version = state.version.max(Some(version));
                state.seen_at = self.host.time.local_now();
                state.written_at = state.seen_at;
                #[cfg(feature = "fynd")]
                if let Material::Cookies(jar) = material {
                    state.stored_jar = Some(Box::new(jar.clone()));
                }
                Ok(Written::Done)
            }
            Err(StoreError::Conflict | StoreError::Exists) => Ok(Written::Conflict),
            Err(StoreError::LeaseLost) => Ok(Written::LeaseLost),
            Err(error) => Err(self.host.store_failed(error)),
        }
    }

    /// Reads the record again if the last look is too long ago to be trusted, and writes it again if
    /// that is long ago, so that a session that is used does not run out.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let asked_at = Instant::now();
        let _turn = self.saving.lock().await;
        let failed_meanwhile = {
            let state = self.lock();
            if self.is_trusted(&state, self.host.time.local_now()) {
                return Ok(());
            }
            let failed_at = state.passing().look_failed_at;
            failed_at.is_some_and(|then| then > asked_at)
        };
        // Who has waited for a look that failed is answered by it.
        if failed_meanwhile {
            let message = "the session store has just failed";
            return Err(Error::new(ErrorKind::TryLater, message).of(self.host.system));
        }
        let found = self.look_again().await;
        let failed_at = found.is_err().then(Instant::now);
        self.lock()
            .change(|passing| passing.look_failed_at = failed_at);
        if found? == Found::Unchanged {
            self.prolong().await;
        }
        Ok(())
    }

    /// That this fails is no harm: the next look tries again.
    async fn prolong(&self) {
        let (age, material, renewal) = {
            let state = self.lock();
            let age = self.host.time.local_now() - state.written_at;
            let renewal = state.passing().renewal.clone();
            (age, state.material.clone(), renewal)
        };
        if age < PROLONG_AFTER {
            return;
        }
        if let Err(error) = self.write(&material, &renewal, None).await {
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
            .is_ok_and(|age| age < self.host.settings.trust_session)
    }
}

/// Cookies that were found, with what has changed here since the last look.
#[cfg(feature = "fynd")]
fn with_own_cookies(state: &mut State, found: Material) -> Material {
    let (Material::Cookies(theirs), Material::Cookies(ours)) = (&found, &state.material) else {
        return found;
    };
    let before = state.stored_jar.take();
    let before = before.map_or_else(|| ours.emptied(), |jar| *jar);
    let both = theirs.clone().with_changes(&before, ours);
    state.stored_jar = Some(Box::new(theirs.clone()));
    Material::Cookies(both)
}
