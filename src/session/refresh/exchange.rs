//! The steps of a refresh: one exchange at a time, over all instances.
//!
//! They run in a task of their own, which no caller can drop, in this order:
//!
//! 1. **Back off**: after a failed refresh, wait for its backoff.
//! 2. **Acquire the lease** on the session, and extend it until the end. While another instance
//!    holds it, reload the record from time to time; once that holds a newer credential, use it and
//!    send nothing.
//! 3. **Mark**: store the fingerprint of the refresh token that is about to be sent, over the version of
//!    the record that this instance knows.
//! 4. **Reload** under the lease if the record has another version, and mark that: an instance that lost
//!    the race finds the winner's tokens here. A mark that is
//!    already there was left by an instance that died or never learned the result: the token is
//!    sent once more, and only the server's refusal ends the session. If the mark is another
//!    instance's, or the store failed recently, an instance may hold new tokens that it could not save,
//!    as in a fail-over; so the lease is released first, for as long as a save takes once the store is
//!    back.
//! 5. **Exchange** the refresh token at the server, if the lease is certain to be held.
//! 6. **Save** the new tokens, by compare-and-swap under the lease's fence; only then use them. An
//!    instance that has lost the lease meanwhile acquires it again and reloads first. While the
//!    store fails, the new tokens are used nevertheless, because the old refresh token is spent,
//!    and the save is retried in the background.
//! 7. **Release** the lease, or keep it until the new tokens are saved: until then the record holds
//!    the old ones, which other instances would send.
//!
//! A failure that certainly did not reach the server clears the mark that was made for it. A refusal in
//! words that the description does not have pauses the refresh, and counts only if several of them last
//! for minutes. After a refusal that counts the record is reloaded once more: a newer token is used, else the session
//! ends, by a write under the lease's fence, so that an instance that was refused after it lost the
//! lease ends nothing. If the access token is still valid it is used until it expires; the refusal
//! is stored, so that no instance sends the refresh token again.

use std::time::Duration;

use super::super::credential::{Credential, Tokens};
use super::super::entry::{Refresher, SessionEntry};
use super::super::outcomes::{LeaseOutcome, RefreshResult, SaveOutcome, WriteOutcome};
use super::super::record::RefreshRecord;
use super::super::tries::Tries;
use crate::end_reason::EndReason;
use crate::error::{Delivery, Error, ErrorKind};
use crate::pipeline::{CredentialGeneration, Deadline};
use crate::store::Fence;

/// How often the lease is acquired for one refresh, if it is lost or the record changes.
const MAX_ROUNDS: u32 = 3;
const FIRST_ROUND_WAIT: Duration = Duration::from_millis(20);
const MAX_ROUND_WAIT: Duration = Duration::from_millis(200);

/// The outcome of one try under the lease.
enum LeaseholderOutcome {
    Done(RefreshResult),
    /// The lease was lost before the refresh token was sent, as by an instance that was frozen.
    LeaseLost,
    /// Another instance has sent the refresh token, and may be about to store the result.
    ResultPending,
}

impl SessionEntry {
    /// All steps, for the credential of this generation.
    pub(super) async fn run_refresh(
        &self,
        refresher: &dyn Refresher,
        generation: CredentialGeneration,
    ) -> RefreshResult {
        let deadline = Deadline::after(self.context.settings.deadline);
        let result = match self.wait_for_backoff(generation, deadline).await {
            Ok(Some(superseded)) => return superseded,
            Ok(None) => {
                self.refresh_with_lease(refresher, generation, deadline)
                    .await
            }
            Err(error) => return RefreshResult::failed(&error),
        };
        let result = result.unwrap_or_else(|error| {
            tracing::debug!(session = %self.key, %error, "a refresh failed");
            RefreshResult::failed(&error)
        });
        self.update_backoff(&result);
        result
    }

    /// Steps 2 to 7.
    async fn refresh_with_lease(
        &self,
        refresher: &dyn Refresher,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> Result<RefreshResult, Error> {
        if self.lock().unsaved && self.save().await? == SaveOutcome::Gone {
            self.mark_ended(EndReason::EndedElsewhere);
            return Ok(RefreshResult::Ended(EndReason::EndedElsewhere));
        }
        let mut has_waited = false;
        let mut tries = Tries::new(MAX_ROUNDS, FIRST_ROUND_WAIT, MAX_ROUND_WAIT);
        loop {
            let fence = match self.acquire_lease(generation, deadline).await? {
                LeaseOutcome::Held(fence) => fence,
                LeaseOutcome::Superseded(found) => return Ok(found.into()),
            };
            let work =
                self.refresh_as_leaseholder(fence, refresher, generation, deadline, !has_waited);
            let outcome = self.extend_lease_during(|_| Some(fence), work).await;
            if self.lock().refresh_state().kept_lease.is_none() {
                self.release_lease(fence).await;
            }
            match outcome? {
                LeaseholderOutcome::Done(result) => return Ok(result),
                LeaseholderOutcome::LeaseLost => {
                    let wait = tries.next_wait();
                    match wait.filter(|wait| deadline.leaves_room_for(*wait)) {
                        Some(wait) => self.context.time.sleep(wait).await,
                        None => return Err(self.lost_lease()),
                    }
                }
                LeaseholderOutcome::ResultPending => {
                    has_waited = true;
                    let found = self.wait_for_result(generation, deadline).await?;
                    if self.is_superseded(found, generation) {
                        return Ok(found.into());
                    }
                }
            }
        }
    }

    /// Steps 3 to 6.
    async fn refresh_as_leaseholder(
        &self,
        fence: Fence,
        refresher: &dyn Refresher,
        generation: CredentialGeneration,
        deadline: Deadline,
        may_wait: bool,
    ) -> Result<LeaseholderOutcome, Error> {
        use LeaseholderOutcome::{Done, LeaseLost, ResultPending};

        let marked = self.mark_known_record(generation, fence).await?;
        let (generation, tokens, was_presented) = if let Some(tokens) = marked {
            (generation, tokens, false)
        } else {
            let found = self.reload().await?;
            if self.is_superseded(found, generation) {
                return Ok(Done(found.into()));
            }
            let (generation, is_refused) = {
                let state = self.lock();
                (state.generation, state.is_refused())
            };
            if is_refused {
                return self
                    .settle_refusal(generation, EndReason::RefreshRefused, fence)
                    .await;
            }
            let Some((tokens, known, was_presented)) = self.tokens_to_present() else {
                return Ok(Done(RefreshResult::Refreshed));
            };
            let may_be_elsewhere =
                !self.has_marked(&tokens) || self.context.store_failed_recently();
            if was_presented && may_be_elsewhere && may_wait {
                return Ok(ResultPending);
            }
            if !was_presented {
                let marked = self.mark_presented(&tokens, &known, fence).await?;
                if marked != WriteOutcome::Done {
                    return Ok(LeaseLost);
                }
            }
            (generation, tokens, was_presented)
        };
        if !self.holds_lease() {
            return Ok(LeaseLost);
        }
        {
            let mut state = self.lock();
            if let Some(reason) = state.ended {
                return Ok(Done(RefreshResult::Ended(reason)));
            }
            if state.generation != generation {
                return Ok(LeaseLost);
            }
            state.update_refresh(|refresh_state| refresh_state.exchanging = true);
        }
        // The exchange spends the refresh token, so it gets the time of an attempt even if less is
        // left: waiting callers have deadlines of their own.
        let within = deadline
            .remaining()
            .max(self.context.settings.attempt_timeout);
        let exchanged = refresher.refresh(self.id(), &tokens, within).await;
        let exchanged = exchanged.and_then(|new| {
            new.check_issued(self.context.system)?;
            Ok(new.succeeding(&tokens))
        });
        match exchanged {
            Ok(new) => {
                let saved = self.save_and_use(new, &tokens, generation, fence, deadline);
                Ok(Done(saved.await))
            }
            Err(error) => {
                if let Some(reason) = self.reason_to_end(&error) {
                    // The store had gone back, and another instance wrote a credential that the server
                    // does not accept: the one from before is tried next.
                    if self.use_alternative(generation) {
                        return Ok(LeaseLost);
                    }
                    let reason = match reason {
                        EndReason::RefreshRefused if was_presented => EndReason::RefreshInterrupted,
                        reason => reason,
                    };
                    return self.refused(generation, reason, fence).await;
                }
                // The result of an earlier exchange is still unknown.
                if error.delivery() == Delivery::NotSent && !was_presented {
                    self.clear_mark(fence).await;
                }
                Err(error)
            }
        }
    }

    /// Uses the alternative to the credential of this generation, and saves it; returns whether there
    /// was one.
    pub(super) fn use_alternative(&self, generation: CredentialGeneration) -> bool {
        let is_used = {
            let mut state = self.lock();
            state.generation == generation && state.use_alternative(self.context.time.local_now())
        };
        if is_used {
            self.save_later();
        }
        is_used
    }

    /// Marks the refresh token over the version of the record that this instance knows, and returns the
    /// tokens. `None` if the record has changed, or its refresh token may have been sent before.
    async fn mark_known_record(
        &self,
        generation: CredentialGeneration,
        fence: Fence,
    ) -> Result<Option<Tokens>, Error> {
        let is_known = {
            let state = self.lock();
            state.generation == generation
                && state.version.is_some()
                && !state.unsaved
                && state.refresh_state().record == RefreshRecord::default()
                && !state.is_refused()
        };
        let tokens = self.tokens_to_present().filter(|_| is_known);
        let Some((tokens, _, false)) = tokens else {
            return Ok(None);
        };
        let unmarked = RefreshRecord::default();
        let marked = self.mark_presented(&tokens, &unmarked, fence).await?;
        Ok((marked == WriteOutcome::Done).then_some(tokens))
    }

    /// The tokens, what is stored about their refresh, and whether the refresh token was sent before with
    /// an unknown result.
    fn tokens_to_present(&self) -> Option<(Tokens, RefreshRecord, bool)> {
        let state = self.lock();
        let tokens = state.credential.tokens()?;
        let fingerprint = tokens.fingerprint();
        let known = &state.refresh_state().record;
        let was_presented = fingerprint.is_some() && fingerprint == known.presented;
        Some((tokens.clone(), known.clone(), was_presented))
    }

    /// Whether it is this instance that has marked the refresh token as sent.
    fn has_marked(&self, tokens: &Tokens) -> bool {
        self.lock().refresh_state().marked == tokens.fingerprint()
    }

    async fn mark_presented(
        &self,
        tokens: &Tokens,
        known: &RefreshRecord,
        fence: Fence,
    ) -> Result<WriteOutcome, Error> {
        let mark = RefreshRecord {
            presented: tokens.fingerprint(),
            refused: false,
        };
        let credential = Credential::Tokens(tokens.clone());
        let marked = self.write(&credential, known, &mark, Some(fence)).await?;
        if marked == WriteOutcome::Done {
            self.lock()
                .update_refresh(|refresh_state| refresh_state.marked = mark.presented);
        }
        Ok(marked)
    }

    /// Clears the mark of a refresh token that never reached the server. If that fails, the mark
    /// only changes the reason with which the session may end.
    async fn clear_mark(&self, fence: Fence) {
        let (credential, known) = {
            let state = self.lock();
            let known = state.refresh_state().record.clone();
            (state.credential.clone(), known)
        };
        let unmarked = RefreshRecord::default();
        let cleared = self.write(&credential, &known, &unmarked, Some(fence));
        if let Ok(WriteOutcome::Done) = cleared.await {
            self.lock()
                .update_refresh(|refresh_state| refresh_state.marked = None);
        }
    }

    /// Handles the server's refusal, unless another instance has stored a newer credential.
    async fn refused(
        &self,
        generation: CredentialGeneration,
        reason: EndReason,
        fence: Fence,
    ) -> Result<LeaseholderOutcome, Error> {
        {
            let mut state = self.lock();
            // Kept even if the store fails now, so that the token is not sent again.
            if state.generation == generation {
                state.refused = Some(reason);
            }
        }
        // A store that failed may have lost the tokens that replaced this one. An instance that has
        // them writes them again when it reads the record.
        let found = if self.context.store_failed_recently() {
            let deadline = Deadline::after(self.context.settings.deadline);
            self.wait_for_result(generation, deadline).await?
        } else {
            self.reload().await?
        };
        if self.is_superseded(found, generation) {
            return Ok(LeaseholderOutcome::Done(found.into()));
        }
        self.settle_refusal(generation, reason, fence).await
    }

    /// Stores that the credential cannot be refreshed if it is still valid, else ends the session.
    /// Both are writes under the lease: an instance that has lost it may have been refused because
    /// another instance was faster.
    async fn settle_refusal(
        &self,
        generation: CredentialGeneration,
        reason: EndReason,
        fence: Fence,
    ) -> Result<LeaseholderOutcome, Error> {
        let (is_valid, version, known, credential) = {
            let state = self.lock();
            // Newer tokens that have expired are refreshed next.
            if state.generation != generation {
                return Ok(LeaseholderOutcome::LeaseLost);
            }
            let is_valid =
                !state.rejected && !state.is_stale(self.context.time.now(), &self.context.time);
            let known = state.refresh_state().record.clone();
            (is_valid, state.version, known, state.credential.clone())
        };
        let refused = RefreshRecord {
            presented: None,
            refused: true,
        };
        let written = match (is_valid, known.refused) {
            (true, true) => WriteOutcome::Done,
            (true, false) => {
                self.write(&credential, &known, &refused, Some(fence))
                    .await?
            }
            (false, _) => self.remove(version, Some(fence)).await?,
        };
        if written != WriteOutcome::Done {
            return Err(self.lost_lease());
        }
        if is_valid {
            return Ok(LeaseholderOutcome::Done(RefreshResult::Refused));
        }
        self.mark_ended(reason);
        Ok(LeaseholderOutcome::Done(RefreshResult::Ended(reason)))
    }

    /// Why the error of a refresh ends the session, if it does: because the system's own words say so, or
    /// because the server has refused often enough.
    fn reason_to_end(&self, error: &Error) -> Option<EndReason> {
        match error.kind() {
            ErrorKind::Unauthenticated => Some(EndReason::RefreshRefused),
            ErrorKind::Rejected => self.count_refusal(error.credential_verdict()),
            _ => None,
        }
    }

    fn lost_lease(&self) -> Error {
        let message = "another instance has taken over the refresh";
        self.error(ErrorKind::Unavailable, message)
    }
}
