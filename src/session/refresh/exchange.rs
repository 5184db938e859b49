//! The exchange of old tokens for new ones: one at a time, over all instances.
//!
//! It runs in a task that nobody can drop, in this order:
//!
//! 1. **Cool down**: after a failure that may pass, the next try waits for a backoff.
//! 2. **Lease**: take the lease on the session, and extend it until the end. While another instance
//!    holds it, look at the record now and then; if that has moved on, its tokens are taken over
//!    and nothing is presented.
//! 3. **Read again** under the lease: who lost the race finds the winner's tokens here.
//! 4. **Mark**: store the digest of the refresh token that is about to be presented. A mark that is
//!    there already was left by somebody who died or never learnt the result: that token is
//!    presented once more, and only the server's refusal ends the session. If the store was away
//!    not long ago, its writer may live and have new tokens that it could not save; so the lease is
//!    given back first, for as long as saving takes when the store is there again.
//! 5. **Exchange** with the server, if the lease still runs for certain.
//! 6. **Save** the new tokens, by compare-and-swap under the lease's fence; then let them be used.
//!    Who lost the lease meanwhile takes it again and reads the record first. While the store
//!    fails, the new tokens are used all the same, because the old ones are spent, and saving goes
//!    on in the background.
//! 7. **Release** the lease, or keep it until the new tokens are saved: until then the record holds
//!    old ones, which others would present.
//!
//! A failure that certainly did not reach the server clears the mark that was made for it. The
//! server's refusal makes the record be read once more: a newer token is used, else the session
//! ends, by a write under the lease's fence: who was refused after losing the lease ends nothing.
//! If the access token is still good it is used to its end; that it can not be renewed is stored,
//! so that no instance presents the refresh token again.

use super::super::credential::{Credential, Renewal, TokenFingerprint};
use super::super::entry::{Renew, SessionEntry};
use super::super::record::{ReloadOutcome, WriteOutcome};
use super::super::tokens::Tokens;
use super::super::write_back::{ENDED_ELSEWHERE, SaveOutcome};
use super::lease::LeaseOutcome;
use super::rejection::{REFUSED, ends_session};
use super::single_flight::RefreshResult;
use crate::error::{Delivery, Error, ErrorKind};
use crate::pipeline::{CredentialGeneration, Deadline};
use crate::store::Fence;

/// What came of holding the lease.
enum Turn {
    Over(RefreshResult),
    /// The lease was lost before anything was presented, as by a process that was frozen.
    LeaseLost,
    /// Somebody has presented the token, and may be about to store what came of it.
    Unfinished,
}

impl SessionEntry {
    /// All steps, for the credential with this stamp.
    pub(in crate::session) async fn exchange(
        &self,
        renewal: &dyn Renew,
        generation: CredentialGeneration,
    ) -> RefreshResult {
        let deadline = Deadline::after(self.context.settings.deadline);
        let outcome = match self.cool_down(generation, deadline).await {
            Ok(Some(overtaken)) => return overtaken,
            Ok(None) => self.exchange_in_turn(renewal, generation, deadline).await,
            Err(error) => return RefreshResult::failed(&error),
        };
        let outcome = outcome.unwrap_or_else(|error| {
            tracing::debug!(session = %self.key, %error, "a renewal failed");
            RefreshResult::failed(&error)
        });
        self.note(&outcome);
        outcome
    }

    async fn exchange_in_turn(
        &self,
        renewal: &dyn Renew,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> Result<RefreshResult, Error> {
        if self.lock().unsaved && self.save().await? == SaveOutcome::Gone {
            self.ended_elsewhere();
            return Ok(self.overtaken(ReloadOutcome::Gone));
        }
        let mut has_waited = false;
        loop {
            let fence = match self.ask_for_lease(generation, deadline).await? {
                LeaseOutcome::Held(fence) => fence,
                LeaseOutcome::Overtaken(found) => return Ok(self.overtaken(found)),
            };
            let waits = !has_waited && self.context.store_was_away();
            let work = self.exchange_under(fence, renewal, generation, deadline, waits);
            let turn = self.while_held(|_| Some(fence), work).await;
            if self.lock().refresh_state().kept_lease.is_none() {
                self.release_lease(fence).await;
            }
            match turn? {
                Turn::Over(exchanged) => return Ok(exchanged),
                Turn::LeaseLost if deadline.is_over() => return Err(self.lost_lease()),
                Turn::LeaseLost => {}
                Turn::Unfinished => {
                    has_waited = true;
                    let found = self.wait_for_result(generation, deadline).await?;
                    if self.is_served(found, generation) {
                        return Ok(self.overtaken(found));
                    }
                }
            }
        }
    }

    async fn exchange_under(
        &self,
        fence: Fence,
        renewal: &dyn Renew,
        generation: CredentialGeneration,
        deadline: Deadline,
        waits: bool,
    ) -> Result<Turn, Error> {
        let found = self.reload().await?;
        if self.is_served(found, generation) {
            return Ok(Turn::Over(self.overtaken(found)));
        }
        let (generation, is_refused) = {
            let state = self.lock();
            (state.generation, state.is_refused())
        };
        if is_refused {
            return self.settle_refusal(REFUSED, fence).await.map(Turn::Over);
        }
        let Some((tokens, was_presented)) = self.tokens_to_present() else {
            return Ok(Turn::Over(RefreshResult::Renewed));
        };
        if was_presented && waits {
            return Ok(Turn::Unfinished);
        }
        if !was_presented && self.fingerprint(&tokens, fence).await? != WriteOutcome::Done {
            return Ok(Turn::LeaseLost);
        }
        if !self.is_held() {
            return Ok(Turn::LeaseLost);
        }
        {
            let mut state = self.lock();
            if let Some(why) = state.ended {
                return Ok(Turn::Over(RefreshResult::Ended(why)));
            }
            if state.generation != generation {
                return Ok(Turn::LeaseLost);
            }
            state.change(|refresh_state| refresh_state.presenting = true);
        }
        // What is presented is spent, so the answer gets its time even if little is left: those
        // who wait are bounded by their own deadlines.
        let within = deadline
            .remaining()
            .max(self.context.settings.attempt_timeout);
        let renewed = renewal.renew(&tokens, within).await;
        match renewed.and_then(|renewed| renewed.answered(self.context.system)) {
            Ok(renewed) => {
                let kept = self.keep(renewed, &tokens, fence, deadline).await;
                Ok(Turn::Over(kept))
            }
            Err(error) if ends_session(&error) => {
                let refused = self.refused(generation, was_presented, fence).await;
                refused.map(Turn::Over)
            }
            Err(error) => {
                // Of an earlier presentation nothing is known still.
                if error.delivery() == Delivery::NotSent && !was_presented {
                    self.clear_mark(fence).await;
                }
                Err(error)
            }
        }
    }

    /// The tokens, and whether this refresh token was presented before without a known result.
    fn tokens_to_present(&self) -> Option<(Tokens, bool)> {
        let state = self.lock();
        // Without the feature there is nothing but tokens.
        #[allow(irrefutable_let_patterns)]
        let Credential::Tokens(tokens) = &state.credential else {
            return None;
        };
        let fingerprint = tokens.refresh.as_ref().map(TokenFingerprint::of);
        let was_presented =
            fingerprint.is_some() && fingerprint == state.refresh_state().renewal.presented;
        Some((tokens.clone(), was_presented))
    }

    async fn fingerprint(&self, tokens: &Tokens, fence: Fence) -> Result<WriteOutcome, Error> {
        let renewal = Renewal {
            presented: tokens.refresh.as_ref().map(TokenFingerprint::of),
            refused: false,
        };
        let credential = Credential::Tokens(tokens.clone());
        let written = self.write(&credential, &renewal, Some(fence)).await?;
        if written == WriteOutcome::Done {
            self.lock()
                .change(|refresh_state| refresh_state.renewal = renewal);
        }
        Ok(written)
    }

    /// What never reached the server was not presented. If the store fails the mark stays, and
    /// costs nothing but a word in the reason of an end.
    async fn clear_mark(&self, fence: Fence) {
        let credential = self.lock().credential.clone();
        let renewal = Renewal::default();
        let cleared = self.write(&credential, &renewal, Some(fence)).await;
        if let Ok(WriteOutcome::Done) = cleared {
            self.lock()
                .change(|refresh_state| refresh_state.renewal = renewal);
        }
    }

    /// Whether those who wait for another credential than that with this stamp have what they
    /// want. One that was stored so long ago that it has ended by now serves nobody.
    pub(in crate::session) fn is_served(
        &self,
        found: ReloadOutcome,
        generation: CredentialGeneration,
    ) -> bool {
        let state = self.lock();
        found == ReloadOutcome::Gone || (state.generation != generation && !self.is_stale(&state))
    }

    /// What another instance's doing means for those who wait here.
    pub(in crate::session) fn overtaken(&self, found: ReloadOutcome) -> RefreshResult {
        match found {
            ReloadOutcome::Gone => RefreshResult::Ended(ENDED_ELSEWHERE),
            ReloadOutcome::Adopted | ReloadOutcome::Unchanged => RefreshResult::Renewed,
        }
    }

    pub(in crate::session) fn lost_lease(&self) -> Error {
        let message = "another instance has taken the renewal over";
        Error::new(ErrorKind::TryLater, message).of(self.context.system)
    }
}
