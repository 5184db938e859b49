//! Writing a session's newest credential over its stored record.

use std::time::Duration;

use super::credential::{Credential, Renewal, TokenFingerprint};
use super::entry::{SessionEntry, State};
use super::record::{ReloadOutcome, WriteOutcome};
use super::refresh::lease::LeaseOutcome;
use super::refresh::single_flight::RefreshResult;
use super::tokens::Tokens;
use crate::error::Error;
use crate::pipeline::Deadline;
use crate::store::Fence;

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// New tokens that only this process knows are saved as soon as the store is there again: another
/// instance that finds their mark without them waits for little more than this.
const LONGEST_WITHOUT_SAVING: Duration = Duration::from_secs(1);

pub(super) const ENDED_ELSEWHERE: &str = "it was ended elsewhere";

/// Whether a credential reached the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SaveOutcome {
    Stored,
    /// Another instance has stored a newer one, which is used here now.
    Overtaken,
    /// The record is gone: the session was ended elsewhere.
    Gone,
}

/// The newest credential: one that is about to replace the present one counts already.
fn newest(state: &State) -> (Credential, Renewal) {
    match &state.refresh_state().next {
        Some(next) => (next.clone(), Renewal::default()),
        None => (
            state.credential.clone(),
            state.refresh_state().renewal.clone(),
        ),
    }
}

impl State {
    /// Whether cookies have changed here since the store last had them.
    fn has_new_cookies(&self) -> bool {
        #[cfg(feature = "fynd")]
        if let Credential::Cookies(jar) = &self.credential {
            return self.stored_jar.as_deref() != Some(jar);
        }
        false
    }
}

impl SessionEntry {
    /// Saves new tokens and only then lets anybody use them. While the store fails they are used
    /// all the same, because the old ones are spent.
    pub(super) async fn keep(
        &self,
        mut renewed: Tokens,
        former: &Tokens,
        fence: Fence,
        deadline: Deadline,
    ) -> RefreshResult {
        renewed.refresh = renewed.refresh.or_else(|| former.refresh.clone());
        let renewed = Credential::Tokens(renewed);
        self.lock()
            .change(|refresh_state| refresh_state.next = Some(renewed));
        let saved = self.save_under(Some(fence), deadline).await;
        self.use_next(former, saved.is_ok());
        match saved {
            Ok(SaveOutcome::Stored | SaveOutcome::Overtaken) => RefreshResult::Renewed,
            Ok(SaveOutcome::Gone) => {
                self.ended_elsewhere();
                self.overtaken(ReloadOutcome::Gone)
            }
            Err(error) => {
                tracing::warn!(session = %self.key, %error, "renewed tokens are not saved yet");
                self.save_later();
                RefreshResult::Renewed
            }
        }
    }

    /// Lets the credential be used that was saved, or could not be.
    fn use_next(&self, former: &Tokens, is_saved: bool) {
        let mut state = self.lock();
        if let Some(credential) = state.change(|refresh_state| refresh_state.next.take()) {
            self.set_credential(&mut state, credential);
            let replaced = former
                .refresh
                .as_ref()
                .filter(|_| !is_saved)
                .map(TokenFingerprint::of);
            state.change(|refresh_state| refresh_state.replaced = replaced);
        }
    }

    /// Writes the newest credential: under the lease that was kept for it, if there is one.
    pub(super) async fn save(&self) -> Result<SaveOutcome, Error> {
        let deadline = Deadline::after(self.context.settings.deadline);
        let kept = self.lock().refresh_state().kept_lease;
        self.save_under(kept, deadline).await
    }

    /// Writes the newest credential. One save runs at a time, and what it writes is read together
    /// with the version that it replaces, so that an older credential never follows a newer one.
    ///
    /// A lease that was taken again is given back after a success and kept after a failure, when
    /// nobody else may present the old tokens.
    async fn save_under(
        &self,
        given: Option<Fence>,
        deadline: Deadline,
    ) -> Result<SaveOutcome, Error> {
        let _turn = self.saving.lock().await;
        let mut fence = given;
        let saved = self.save_in_turn(&mut fence, deadline).await;
        let kept = {
            let mut state = self.lock();
            match &saved {
                Ok(saved) => {
                    state.unsaved = state.has_new_cookies();
                    state.change(|refresh_state| {
                        if *saved == SaveOutcome::Overtaken {
                            refresh_state.next = None;
                        }
                        refresh_state.replaced = None;
                        if refresh_state.exchange.is_none() {
                            refresh_state.lease_end = None;
                        }
                        refresh_state.kept_lease.take()
                    })
                }
                Err(_) => {
                    state.change(|refresh_state| refresh_state.kept_lease = fence);
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

    async fn save_in_turn(
        &self,
        fence: &mut Option<Fence>,
        deadline: Deadline,
    ) -> Result<SaveOutcome, Error> {
        loop {
            let (credential, renewal) = newest(&self.lock());
            let found = match self.write(&credential, &renewal, *fence).await? {
                WriteOutcome::Done => return Ok(SaveOutcome::Stored),
                WriteOutcome::Conflict => self.reconcile().await?,
                // Whoever lost the lease may write only after taking it again, and after a look at
                // what was written meanwhile.
                WriteOutcome::LeaseLost => {
                    let generation = self.lock().generation;
                    match self.ask_for_lease(generation, deadline).await? {
                        LeaseOutcome::Held(again) => {
                            *fence = Some(again);
                            match self.reconcile().await? {
                                ReloadOutcome::Unchanged
                                    if self.lock().generation != generation =>
                                {
                                    ReloadOutcome::Adopted
                                }
                                found => found,
                            }
                        }
                        LeaseOutcome::Overtaken(ReloadOutcome::Gone) => ReloadOutcome::Gone,
                        LeaseOutcome::Overtaken(_) => ReloadOutcome::Adopted,
                    }
                }
            };
            match found {
                ReloadOutcome::Unchanged => {}
                ReloadOutcome::Adopted => return Ok(SaveOutcome::Overtaken),
                ReloadOutcome::Gone => return Ok(SaveOutcome::Gone),
            }
        }
    }

    /// Looks at the record that stands in the way. Cookies that another instance has set stand
    /// beside those that were set here, which are still to be written; tokens that it has stored
    /// are newer than ours.
    async fn reconcile(&self) -> Result<ReloadOutcome, Error> {
        let found = self.reload().await?;
        if found == ReloadOutcome::Adopted && self.lock().has_new_cookies() {
            return Ok(ReloadOutcome::Unchanged);
        }
        Ok(found)
    }

    /// Saves in the background what could not be saved, until it is or the session has ended.
    pub(super) fn save_later(&self) {
        let Some(entry) = self.me.upgrade() else {
            return;
        };
        let running = self.context.in_flight_tasks.count();
        {
            let mut state = entry.lock();
            state.unsaved = true;
            if std::mem::replace(&mut state.saves_later, true) {
                return;
            }
        }
        tokio::spawn(async move {
            let save = entry.save_until_saved();
            entry
                .while_held(|state| state.refresh_state().kept_lease, save)
                .await;
            drop(running);
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
                Ok(SaveOutcome::Gone) => self.ended_elsewhere(),
                Ok(SaveOutcome::Stored | SaveOutcome::Overtaken) if self.ended().is_some() => {
                    // It ended while it was being saved, perhaps for the first time.
                    let _ = self.delete().await;
                }
                Ok(SaveOutcome::Stored | SaveOutcome::Overtaken) => {}
                Err(error) => tracing::warn!(session = %self.key, %error, "still not saved"),
            }
            if self.has_nothing_to_save() {
                return;
            }
            backoff = backoff.saturating_mul(2).min(LONGEST_WITHOUT_SAVING);
        }
    }

    /// Whether the background may stop; if so, the next failure begins it anew.
    fn has_nothing_to_save(&self) -> bool {
        let mut state = self.lock();
        let nothing = state.ended.is_some() || !state.unsaved;
        if nothing {
            state.saves_later = false;
        }
        nothing
    }

    pub(super) fn ended_elsewhere(&self) {
        self.mark_ended(ENDED_ELSEWHERE);
    }

    /// Ends the session; that its record is still there is noted and goes on being tried.
    pub(super) async fn close_in_background(&self, why: &'static str) {
        if let Err(error) = self.close(why).await {
            tracing::warn!(session = %self.key, %error, "an ended session is still stored");
        }
    }

    /// Deletes the record in the background until that has worked; answers how the first try went.
    pub(super) async fn delete(&self) -> Result<(), Error> {
        let Some(entry) = self.me.upgrade() else {
            return Ok(());
        };
        let running = self.context.in_flight_tasks.count();
        let (tell, first) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let mut tell = Some(tell);
            let mut backoff = FIRST_BACKOFF;
            loop {
                let deleted = entry
                    .context
                    .bounded(entry.context.store.delete(&entry.key))
                    .await;
                let done = deleted.is_ok();
                if let Some(tell) = tell.take() {
                    let _ = tell.send(deleted);
                }
                if done {
                    break;
                }
                entry.context.time.sleep(backoff).await;
                backoff = backoff.saturating_mul(2).min(LONGEST_BACKOFF);
            }
            drop(running);
        });
        match first.await {
            Ok(Err(error)) => Err(self.context.store_failed(error)),
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }
}
