//! Saves a session's newest credential, and deletes the record of a session that has ended.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;
#[cfg(any(feature = "goodcity", feature = "fynd"))]
use tokio::time::timeout;

#[cfg(any(feature = "goodcity", feature = "fynd"))]
use super::context::STORE_TIMEOUT;
use super::credential::{Credential, TokenFingerprint, Tokens};
use super::entry::{END_MARKER_TIME, SessionEntry};
use super::outcomes::{LeaseOutcome, RefreshResult, ReloadOutcome, SaveOutcome, WriteOutcome};
use super::tries::Tries;
use crate::end_reason::EndReason;
use crate::error::Error;
#[cfg(feature = "fynd")]
use crate::pipeline::SetCookies;
use crate::pipeline::{CredentialGeneration, Deadline};
use crate::store::{Fence, StoreError};
use crate::telemetry::Event;

/// How often one save writes, if another instance or the store changes the record in between.
const MAX_WRITES: u32 = 4;
const FIRST_WRITE_WAIT: Duration = Duration::from_millis(10);
const MAX_WRITE_WAIT: Duration = Duration::from_millis(200);

/// How often, and how long, a failed save or removal is tried again in the background.
const MAX_BACKGROUND_TRIES: u32 = 80;
const MAX_SAVE_TIME: Duration = Duration::from_secs(15 * 60);
const MAX_REMOVAL_TIME: Duration = Duration::from_secs(3600);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// The longest wait between two saves in the first minute: another instance that finds the refresh
/// token marked as sent waits for little longer than this.
const MAX_EARLY_BACKOFF: Duration = Duration::from_secs(2);
const EARLY_TIME: Duration = Duration::from_secs(60);

/// The shortest wait before a save that the recovery of the store causes.
const MIN_RECOVERY_WAIT: Duration = Duration::from_secs(1);

/// How often a removal reads the record again before it deletes whatever is there: often enough for
/// several instances that end the session at the same time and write over each other's markers.
const MAX_MARKER_TRIES: u32 = 4;

impl SessionEntry {
    /// Saves new tokens and only then lets calls use them. While the store fails they are used
    /// nevertheless, because the old refresh token is spent.
    pub(super) async fn save_and_use(
        &self,
        mut tokens: Tokens,
        former: &Tokens,
        generation: CredentialGeneration,
        fence: Fence,
        deadline: Deadline,
    ) -> RefreshResult {
        tokens.refresh = tokens.refresh.or_else(|| former.refresh.clone());
        let tokens = Credential::Tokens(tokens);
        let replaced = former.fingerprint();
        {
            let mut state = self.lock();
            // Another instance has refreshed the session since these tokens were asked for.
            if state.generation != generation {
                state.keep_as_alternative(tokens);
                return RefreshResult::Refreshed;
            }
            state.update_refresh(|refresh_state| {
                let is_new = replaced != tokens.fingerprint();
                refresh_state.replaced = replaced.clone().filter(|_| is_new);
                refresh_state.pending = Some(tokens);
            });
        }
        let saved = self
            .save_under(Some(fence), deadline, Some(generation))
            .await;
        self.use_pending(replaced, saved.is_ok());
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

    fn use_pending(&self, replaced: Option<TokenFingerprint>, is_saved: bool) {
        let mut state = self.lock();
        if let Some(credential) = state.update_refresh(|refresh_state| refresh_state.pending.take())
        {
            let is_new = replaced != credential.fingerprint();
            let replaced = replaced.filter(|_| is_new && !is_saved);
            state.set_credential(credential, self.context.time.local_now());
            state.is_own = true;
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
            if state.ended.is_some() || state.user().language.as_deref() == Some(language) {
                return;
            }
            state.set_language(Some(language.to_owned()));
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
            match entry.save().await {
                // What has changed during the save is saved by another one.
                Ok(SaveOutcome::Stored | SaveOutcome::Superseded) if entry.lock().unsaved => {
                    entry.save_later();
                }
                Ok(SaveOutcome::Stored | SaveOutcome::Superseded) => {}
                Ok(SaveOutcome::Gone) => entry.mark_ended(EndReason::EndedElsewhere),
                Err(error) => {
                    tracing::warn!(session = %entry.key, %error, "{unsaved}");
                    entry.save_later();
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
        self.save_under(kept, deadline, None).await
    }

    /// Saves the newest credential. One save runs at a time, and the credential is read together
    /// with the version that it replaces, so that an older credential never follows a newer one.
    /// Tokens that were asked for with the credential of the generation `asked_with` are only saved
    /// while that is in use.
    ///
    /// A lease that was acquired again is released after a success and kept after a failure, so
    /// that no other instance sends the old refresh token.
    async fn save_under(
        &self,
        given: Option<Fence>,
        deadline: Deadline,
        asked_with: Option<CredentialGeneration>,
    ) -> Result<SaveOutcome, Error> {
        let _saving = self.context.saving.lock(self.key).await;
        let mut fence = given;
        let saved = self.save_newest(&mut fence, deadline, asked_with).await;
        let kept = {
            let mut state = self.lock();
            match &saved {
                Ok(saved) => {
                    state.unsaved = state.has_unsaved_changes();
                    if *saved == SaveOutcome::Superseded {
                        let pending =
                            state.update_refresh(|refresh_state| refresh_state.pending.take());
                        if let Some(pending) = pending {
                            state.keep_as_alternative(pending);
                        }
                    }
                    state.update_refresh(|refresh_state| {
                        refresh_state.replaced = None;
                        refresh_state.save_abandoned_at = None;
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
        asked_with: Option<CredentialGeneration>,
    ) -> Result<SaveOutcome, Error> {
        let mut tries = Tries::new(MAX_WRITES, FIRST_WRITE_WAIT, MAX_WRITE_WAIT);
        loop {
            let (credential, refresh) = {
                let state = self.lock();
                if asked_with.is_some_and(|generation| state.generation != generation) {
                    return Ok(SaveOutcome::Superseded);
                }
                state.newest()
            };
            let found = match self.write(&credential, &refresh, &refresh, *fence).await? {
                WriteOutcome::Done => return Ok(SaveOutcome::Stored),
                WriteOutcome::Conflict => self.reconcile().await?,
                WriteOutcome::LeaseLost => self.regain_lease(fence, deadline, asked_with).await?,
            };
            match found {
                ReloadOutcome::Unchanged => {}
                ReloadOutcome::Adopted => return Ok(SaveOutcome::Superseded),
                ReloadOutcome::Gone => return Ok(SaveOutcome::Gone),
            }
            let wait = tries.next_wait();
            let wait = wait.filter(|wait| deadline.leaves_room_for(*wait));
            let Some(wait) = wait else {
                return Err(self.unsettled());
            };
            self.context.time.sleep(wait).await;
        }
    }

    /// After a lost lease this instance may only write once it has acquired the lease again and has
    /// read what was written meanwhile.
    async fn regain_lease(
        &self,
        fence: &mut Option<Fence>,
        deadline: Deadline,
        asked_with: Option<CredentialGeneration>,
    ) -> Result<ReloadOutcome, Error> {
        let generation = asked_with.unwrap_or_else(|| self.lock().generation);
        match self.acquire_lease(generation, deadline).await? {
            LeaseOutcome::Held(regained) => {
                *fence = Some(regained);
                Ok(match self.reconcile().await? {
                    ReloadOutcome::Unchanged if self.lock().generation != generation => {
                        ReloadOutcome::Adopted
                    }
                    found => found,
                })
            }
            LeaseOutcome::Superseded(ReloadOutcome::Gone) => Ok(ReloadOutcome::Gone),
            LeaseOutcome::Superseded(_) => Ok(ReloadOutcome::Adopted),
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

    /// Retries a failed save in the background, until it succeeds, the session has ended, or there
    /// were too many tries. Then the next use of the session starts again.
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
            state.update_refresh(|refresh_state| refresh_state.save_abandoned_at = None);
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
        let mut background = Background::new(MAX_EARLY_BACKOFF, MAX_SAVE_TIME);
        loop {
            let Some(wait) = background.next_wait() else {
                return self.abandon_save(&background);
            };
            self.wait_for_store(wait).await;
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
                Err(error) => tracing::debug!(session = %self.key, %error, "still not saved"),
            }
            if self.has_nothing_to_save() {
                return;
            }
        }
    }

    /// Waits for the next try; if the store recovers meanwhile, no longer than a second.
    async fn wait_for_store(&self, wait: Duration) {
        let mut recovered = pin!(self.context.store_recovered());
        let first = wait.min(MIN_RECOVERY_WAIT);
        self.context.time.sleep(first).await;
        let rest = wait.saturating_sub(first);
        if rest.is_zero() {
            return;
        }
        let mut rest = pin!(self.context.time.sleep(rest));
        poll_fn(|context| {
            let is_over = rest.as_mut().poll(context).is_ready()
                || recovered.as_mut().poll(context).is_ready();
            if is_over {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn abandon_save(&self, background: &Background) {
        {
            let mut state = self.lock();
            state.is_saving_later = false;
            state.update_refresh(|refresh_state| {
                refresh_state.kept_lease = None;
                refresh_state.save_abandoned_at = Some(Instant::now());
            });
        }
        self.report_abandoned(false, background);
    }

    fn report_abandoned(&self, removal: bool, background: &Background) {
        self.context.telemetry.emit(&Event::StoreWriteAbandoned {
            system: self.context.system,
            session: self.key.label(),
            removal,
            tries: background.tried,
            elapsed: background.started.elapsed(),
        });
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

    /// Replaces the record by an end marker in a background task that retries; returns the result of
    /// the first try.
    pub(super) async fn delete(&self) -> Result<(), Error> {
        let Some(entry) = self.me.upgrade() else {
            return Ok(());
        };
        let guard = self.context.track();
        let (send_first, first) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let mut send_first = Some(send_first);
            let mut background = Background::new(MAX_BACKOFF, MAX_REMOVAL_TIME);
            loop {
                let deleted = entry.delete_once().await;
                let done = deleted.is_ok();
                if let Some(send) = send_first.take() {
                    let _ = send.send(deleted);
                }
                if done {
                    break;
                }
                match background.next_wait() {
                    Some(wait) => entry.wait_for_store(wait).await,
                    None => break entry.report_abandoned(true, &background),
                }
            }
            drop(guard);
        });
        match first.await {
            Ok(deleted) => deleted,
            Err(_) => Ok(()),
        }
    }

    /// Replaces the record, whatever its version, by an end marker; deletes it if that does not work.
    async fn delete_once(&self) -> Result<(), Error> {
        let context = &*self.context;
        let marker = self.end_marker()?;
        let mut version = self.lock().version;
        for _ in 0..MAX_MARKER_TRIES {
            // Where no version is known the marker is created, so that a save that is under way meets it.
            let marked =
                context.put_record(&self.key, version, marker.clone(), END_MARKER_TIME, None);
            match marked.await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict | StoreError::Exists) => {}
                Err(error) if error.is_failure() && !matches!(error, StoreError::Full) => {
                    return Err(context.store_error(error));
                }
                Err(_) => break,
            }
            version = match context.load_record(&self.key).await {
                // A marker that is there is written again: its write may have failed because too few
                // replicas have it.
                Ok(Some((_, version))) => Some(version),
                Ok(None) => return Ok(()),
                // Another instance seals with other keys. Its record is deleted unread.
                Err(StoreError::Unreadable) => break,
                Err(error) => return Err(context.store_error(error)),
            };
        }
        let deleted = context.delete_record(&self.key).await;
        deleted.map_err(|error| context.store_error(error))
    }
}

/// The tries of a task in the background.
struct Background {
    started: Instant,
    max_time: Duration,
    tries: Tries,
    tried: u32,
}

impl Background {
    /// `max_wait` applies in the first minute.
    fn new(max_wait: Duration, max_time: Duration) -> Self {
        Self {
            started: Instant::now(),
            max_time,
            // The first wait comes before the first try.
            tries: Tries::new(MAX_BACKGROUND_TRIES + 1, FIRST_BACKOFF, max_wait),
            tried: 0,
        }
    }

    /// The wait before the next try, or `None` after the last.
    fn next_wait(&mut self) -> Option<Duration> {
        let elapsed = self.started.elapsed();
        if elapsed >= EARLY_TIME {
            self.tries.slow_down(MAX_BACKOFF);
        }
        let wait = self.tries.next_wait().filter(|_| elapsed < self.max_time)?;
        self.tried += 1;
        Some(wait)
    }
}
