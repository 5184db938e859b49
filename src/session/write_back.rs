//! Saves a session's newest credential, and deletes the record of a session that has ended.

use std::time::Duration;

#[cfg(any(feature = "goodcity", feature = "fynd"))]
use tokio::time::timeout;

#[cfg(any(feature = "goodcity", feature = "fynd"))]
use super::context::STORE_TIMEOUT;
use super::credential::{Credential, Tokens};
use super::entry::SessionEntry;
use super::state::{LeaseOutcome, RefreshResult, ReloadOutcome, SaveOutcome, WriteOutcome};
use crate::end_reason::EndReason;
use crate::error::Error;
use crate::pipeline::Deadline;
#[cfg(feature = "fynd")]
use crate::pipeline::SetCookies;
use crate::store::Fence;

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Upper bound for the backoff of a save: another instance that finds the refresh token marked as
/// sent waits for little longer than this.
const MAX_SAVE_BACKOFF: Duration = Duration::from_secs(1);

impl SessionEntry {
    /// Saves new tokens and only then lets calls use them. While the store fails they are used
    /// nevertheless, because the old refresh token is spent.
    pub(super) async fn save_and_use(
        &self,
        mut tokens: Tokens,
        former: &Tokens,
        fence: Fence,
        deadline: Deadline,
    ) -> RefreshResult {
        tokens.refresh = tokens.refresh.or_else(|| former.refresh.clone());
        self.lock().update_refresh(|refresh_state| {
            refresh_state.pending = Some(Credential::Tokens(tokens))
        });
        let saved = self.save_under(Some(fence), deadline).await;
        self.use_pending(former, saved.is_ok());
        match saved {
            Ok(SaveOutcome::Stored | SaveOutcome::Superseded) => RefreshResult::Refreshed,
            Ok(SaveOutcome::Gone) => {
                self.mark_ended(EndReason::EndedElsewhere);
                RefreshResult::Ended(EndReason::EndedElsewhere)
            }
            Err(error) => {
                tracing::warn!(session = %self.key, %error, "refreshed tokens are not saved yet");
                self.save_later();
                RefreshResult::Refreshed
            }
        }
    }

    fn use_pending(&self, former: &Tokens, is_saved: bool) {
        let mut state = self.lock();
        if let Some(credential) = state.update_refresh(|refresh_state| refresh_state.pending.take())
        {
            state.set_credential(credential, self.context.time.local_now());
            let replaced = if is_saved { None } else { former.fingerprint() };
            state.update_refresh(|refresh_state| refresh_state.replaced = replaced);
        }
    }

    /// Merges cookies that the server set, and saves the jar if that changed it. A store that fails
    /// does not fail the call: the save is retried in the background.
    #[cfg(feature = "fynd")]
    pub(super) async fn merge_cookies(&self, cookies: SetCookies<'_>) {
        let (merged, must_save) = {
            let mut state = self.lock();
            let Credential::Cookies(jar) = &mut state.credential else {
                return;
            };
            let merged = jar.merge(cookies.headers, cookies.url, self.context.time.now());
            let mut must_save = false;
            if merged.has_changed {
                state.generation.0 += 1;
                must_save = state.must_save();
            }
            (merged, must_save)
        };
        merged.report(self.context.system, cookies.operation, cookies.telemetry);
        if !must_save {
            return;
        }
        self.save_changes("new cookies are not saved yet").await;
    }

    /// Keeps the language of the user for the further calls of the session, and saves it if it is new.
    /// A store that fails does not fail the call: the save is retried in the background.
    #[cfg(feature = "goodcity")]
    pub(crate) async fn keep_language(&self, language: &str) {
        {
            let mut state = self.lock();
            if state.ended.is_some() || state.language.as_deref() == Some(language) {
                return;
            }
            state.language = Some(language.into());
            state.has_new_language = true;
            if !state.must_save() {
                return;
            }
        }
        self.save_changes("the language is not saved yet").await;
    }

    /// Saves what has changed, in a task that continues if the caller drops the future.
    #[cfg(any(feature = "goodcity", feature = "fynd"))]
    async fn save_changes(&self, unsaved: &'static str) {
        let Some(entry) = self.me.upgrade() else {
            return;
        };
        let guard = self.context.track();
        let saving = tokio::spawn(async move {
            loop {
                match entry.save().await {
                    Ok(SaveOutcome::Stored | SaveOutcome::Superseded) if entry.lock().unsaved => {}
                    Ok(SaveOutcome::Stored | SaveOutcome::Superseded) => break,
                    Ok(SaveOutcome::Gone) => break entry.mark_ended(EndReason::EndedElsewhere),
                    Err(error) => {
                        tracing::warn!(session = %entry.key, %error, "{unsaved}");
                        break entry.save_later();
                    }
                }
            }
            drop(guard);
        });
        let _ = timeout(STORE_TIMEOUT, saving).await;
    }

    /// Saves the newest credential, under the lease that was kept for it, if there is one.
    pub(super) async fn save(&self) -> Result<SaveOutcome, Error> {
        let deadline = Deadline::after(self.context.settings.deadline);
        let kept = self.lock().refresh_state().kept_lease;
        self.save_under(kept, deadline).await
    }

    /// Saves the newest credential. One save runs at a time, and the credential is read together
    /// with the version that it replaces, so that an older credential never follows a newer one.
    ///
    /// A lease that was acquired again is released after a success and kept after a failure, so
    /// that no other instance sends the old refresh token.
    async fn save_under(
        &self,
        given: Option<Fence>,
        deadline: Deadline,
    ) -> Result<SaveOutcome, Error> {
        let _saving = self.saving.lock().await;
        let mut fence = given;
        let saved = self.save_newest(&mut fence, deadline).await;
        let kept = {
            let mut state = self.lock();
            match &saved {
                Ok(saved) => {
                    state.unsaved = state.has_unsaved_changes();
                    state.update_refresh(|refresh_state| {
                        if *saved == SaveOutcome::Superseded {
                            refresh_state.pending = None;
                        }
                        refresh_state.replaced = None;
                        if refresh_state.running.is_none() {
                            refresh_state.lease_end = None;
                        }
                        refresh_state.kept_lease.take()
                    })
                }
                Err(_) => {
                    state.update_refresh(|refresh_state| refresh_state.kept_lease = fence);
                    None
                }
            }
        };
        if saved.is_ok() {
            let regained = fence.filter(|_| fence != given);
            for fence in [kept, regained].into_iter().flatten() {
                self.release_lease(fence).await;
            }
        }
        saved
    }

    async fn save_newest(
        &self,
        fence: &mut Option<Fence>,
        deadline: Deadline,
    ) -> Result<SaveOutcome, Error> {
        loop {
            let (credential, refresh) = self.lock().newest();
            let found = match self.write(&credential, &refresh, *fence).await? {
                WriteOutcome::Done => return Ok(SaveOutcome::Stored),
                WriteOutcome::Conflict => self.reconcile().await?,
                // After a lost lease this instance may only write once it has acquired the lease
                // again and has read what was written meanwhile.
                WriteOutcome::LeaseLost => {
                    let generation = self.lock().generation;
                    match self.acquire_lease(generation, deadline).await? {
                        LeaseOutcome::Held(regained) => {
                            *fence = Some(regained);
                            match self.reconcile().await? {
                                ReloadOutcome::Unchanged
                                    if self.lock().generation != generation =>
                                {
                                    ReloadOutcome::Adopted
                                }
                                found => found,
                            }
                        }
                        LeaseOutcome::Superseded(ReloadOutcome::Gone) => ReloadOutcome::Gone,
                        LeaseOutcome::Superseded(_) => ReloadOutcome::Adopted,
                    }
                }
            };
            match found {
                ReloadOutcome::Unchanged => {}
                ReloadOutcome::Adopted => return Ok(SaveOutcome::Superseded),
                ReloadOutcome::Gone => return Ok(SaveOutcome::Gone),
            }
        }
    }

    /// Reloads the record that caused a conflict. Cookies that another instance set are merged with
    /// those that were set here, which are still to be written, as is a new language; tokens that
    /// another instance stored are newer than ours.
    async fn reconcile(&self) -> Result<ReloadOutcome, Error> {
        let found = self.reload().await?;
        if found == ReloadOutcome::Adopted && self.lock().has_unsaved_changes() {
            return Ok(ReloadOutcome::Unchanged);
        }
        Ok(found)
    }

    /// Retries a failed save in the background until it succeeds or the session has ended.
    pub(super) fn save_later(&self) {
        let Some(entry) = self.me.upgrade() else {
            return;
        };
        let guard = self.context.track();
        {
            let mut state = entry.lock();
            state.unsaved = true;
            if std::mem::replace(&mut state.is_saving_later, true) {
                return;
            }
        }
        tokio::spawn(async move {
            let save = entry.save_until_saved();
            entry
                .extend_lease_during(|state| state.refresh_state().kept_lease, save)
                .await;
            drop(guard);
        });
    }

    async fn save_until_saved(&self) {
        let mut backoff = FIRST_BACKOFF;
        loop {
            self.context.time.sleep(backoff).await;
            if self.has_nothing_to_save() {
                return;
            }
            match self.save().await {
                Ok(SaveOutcome::Gone) => self.mark_ended(EndReason::EndedElsewhere),
                Ok(SaveOutcome::Stored | SaveOutcome::Superseded) if self.ended().is_some() => {
                    // The session ended during the save, which may have created the record.
                    let _ = self.delete().await;
                }
                Ok(SaveOutcome::Stored | SaveOutcome::Superseded) => {}
                Err(error) => tracing::warn!(session = %self.key, %error, "still not saved"),
            }
            if self.has_nothing_to_save() {
                return;
            }
            backoff = backoff.saturating_mul(2).min(MAX_SAVE_BACKOFF);
        }
    }

    /// Whether the background task may stop; if so, the next failure starts another.
    fn has_nothing_to_save(&self) -> bool {
        let mut state = self.lock();
        let nothing = state.ended.is_some() || !state.unsaved;
        if nothing {
            state.is_saving_later = false;
        }
        nothing
    }

    /// Deletes the record in a background task that retries until it succeeds; returns the result
    /// of the first try.
    pub(super) async fn delete(&self) -> Result<(), Error> {
        let Some(entry) = self.me.upgrade() else {
            return Ok(());
        };
        let guard = self.context.track();
        let (send_first, first) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let context = &entry.context;
            let mut send_first = Some(send_first);
            let mut backoff = FIRST_BACKOFF;
            loop {
                let deleted = context.store_step(context.store.delete(&entry.key)).await;
                let done = deleted.is_ok();
                if let Some(send) = send_first.take() {
                    let _ = send.send(deleted);
                }
                if done {
                    break;
                }
                context.time.sleep(backoff).await;
                backoff = backoff.saturating_mul(2).min(MAX_BACKOFF);
            }
            drop(guard);
        });
        match first.await {
            Ok(Err(error)) => Err(self.context.store_error(error)),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}
