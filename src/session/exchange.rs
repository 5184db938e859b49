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

use super::core::{Core, Renew};
use super::joining::Exchanged;
use super::lease::Asked;
use super::material::{Mark, Material, Renewal};
use super::record::{Found, Written};
use super::refusal::{REFUSED, ends_session};
use super::saving::{ENDED_ELSEWHERE, Saved};
use super::store::Fence;
use super::tokens::Tokens;
use crate::error::{Delivery, Error, ErrorKind};
use crate::pipeline::{Deadline, Stamp};

/// What came of holding the lease.
enum Turn {
    Over(Exchanged),
    /// The lease was lost before anything was presented, as by a process that was frozen.
    LeaseLost,
    /// Somebody has presented the token, and may be about to store what came of it.
    Unfinished,
}

impl Core {
    /// All steps, for the credential with this stamp.
    pub(super) async fn exchange(&self, renewal: &dyn Renew, stamp: Stamp) -> Exchanged {
        let deadline = Deadline::after(self.host.settings.deadline);
        let outcome = match self.cool_down(stamp, deadline).await {
            Ok(Some(overtaken)) => return overtaken,
            Ok(None) => self.exchange_in_turn(renewal, stamp, deadline).await,
            Err(error) => return Exchanged::failed(&error),
        };
        let outcome = outcome.unwrap_or_else(|error| {
            tracing::debug!(session = %self.key, %error, "a renewal failed");
            Exchanged::failed(&error)
        });
        self.note(&outcome);
        outcome
    }

    async fn exchange_in_turn(
        &self,
        renewal: &dyn Renew,
        stamp: Stamp,
        deadline: Deadline,
    ) -> Result<Exchanged, Error> {
        if self.lock().unsaved && self.save().await? == Saved::Gone {
            self.ended_elsewhere();
            return Ok(self.overtaken(Found::Gone));
        }
        let mut has_waited = false;
        loop {
            let fence = match self.ask_for_lease(stamp, deadline).await? {
                Asked::Held(fence) => fence,
                Asked::Overtaken(found) => return Ok(self.overtaken(found)),
            };
            let waits = !has_waited && self.host.store_was_away();
            let work = self.exchange_under(fence, renewal, stamp, deadline, waits);
            let turn = self.while_held(|_| Some(fence), work).await;
            if self.lock().passing().kept_lease.is_none() {
                self.release_lease(fence).await;
            }
            match turn? {
                Turn::Over(exchanged) => return Ok(exchanged),
                Turn::LeaseLost if deadline.is_over() => return Err(self.lost_lease()),
                Turn::LeaseLost => {}
                Turn::Unfinished => {
                    has_waited = true;
                    let found = self.wait_for_result(stamp, deadline).await?;
                    if self.is_served(found, stamp) {
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
        stamp: Stamp,
        deadline: Deadline,
        waits: bool,
    ) -> Result<Turn, Error> {
        let found = self.look_again().await?;
        if self.is_served(found, stamp) {
            return Ok(Turn::Over(self.overtaken(found)));
        }
        let (stamp, is_refused) = {
            let state = self.lock();
            (state.stamp, state.is_refused())
        };
        if is_refused {
            return self.settle_refusal(REFUSED, fence).await.map(Turn::Over);
        }
        let Some((tokens, was_presented)) = self.tokens_to_present() else {
            return Ok(Turn::Over(Exchanged::Renewed));
        };
        if was_presented && waits {
            return Ok(Turn::Unfinished);
        }
        if !was_presented && self.mark(&tokens, fence).await? != Written::Done {
            return Ok(Turn::LeaseLost);
        }
        if !self.is_held() {
            return Ok(Turn::LeaseLost);
        }
        {
            let mut state = self.lock();
            if let Some(why) = state.ended {
                return Ok(Turn::Over(Exchanged::Ended(why)));
            }
            if state.stamp != stamp {
                return Ok(Turn::LeaseLost);
            }
            state.change(|passing| passing.presenting = true);
        }
        // What is presented is spent, so the answer gets its time even if little is left: those
        // who wait are bounded by their own deadlines.
        let within = deadline.remaining().max(self.host.settings.attempt_timeout);
        let renewed = renewal.renew(&tokens, within).await;
        match renewed.and_then(|renewed| renewed.answered(self.host.system)) {
            Ok(renewed) => {
                let kept = self.keep(renewed, &tokens, fence, deadline).await;
                Ok(Turn::Over(kept))
            }
            Err(error) if ends_session(&error) => {
                let refused = self.refused(stamp, was_presented, fence).await;
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
        let Material::Tokens(tokens) = &state.material else {
            return None;
        };
        let mark = tokens.refresh.as_ref().map(Mark::of);
        let was_presented = mark.is_some() && mark == state.passing().renewal.presented;
        Some((tokens.clone(), was_presented))
    }

    async fn mark(&self, tokens: &Tokens, fence: Fence) -> Result<Written, Error> {
        let renewal = Renewal {
            presented: tokens.refresh.as_ref().map(Mark::of),
            refused: false,
        };
        let material = Material::Tokens(tokens.clone());
        let written = self.write(&material, &renewal, Some(fence)).await?;
        if written == Written::Done {
            self.lock().change(|passing| passing.renewal = renewal);
        }
        Ok(written)
    }

    /// What never reached the server was not presented. If the store fails the mark stays, and
    /// costs nothing but a word in the reason of an end.
    async fn clear_mark(&self, fence: Fence) {
        let material = self.lock().material.clone();
        let renewal = Renewal::default();
        let cleared = self.write(&material, &renewal, Some(fence)).await;
        if let Ok(Written::Done) = cleared {
            self.lock().change(|passing| passing.renewal = renewal);
        }
    }

    /// Whether those who wait for another credential than that with this stamp have what they
    /// want. One that was stored so long ago that it has ended by now serves nobody.
    pub(super) fn is_served(&self, found: Found, stamp: Stamp) -> bool {
        let state = self.lock();
        found == Found::Gone || (state.stamp != stamp && !self.is_stale(&state))
    }

    /// What another instance's doing means for those who wait here.
    pub(super) fn overtaken(&self, found: Found) -> Exchanged {
        match found {
            Found::Gone => Exchanged::Ended(ENDED_ELSEWHERE),
            Found::Adopted | Found::Unchanged => Exchanged::Renewed,
        }
    }

    pub(super) fn lost_lease(&self) -> Error {
        let message = "another instance has taken the renewal over";
        Error::new(ErrorKind::TryLater, message).of(self.host.system)
    }
}
