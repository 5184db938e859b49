//! What follows a response that rejects the credential of a session.

use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout_at;

use super::entry::SessionEntry;
use super::outcomes::{ReloadOutcome, WriteOutcome};
use super::state::{RefusedOperation, State, UnknownRejections};
use crate::end_reason::EndReason;
use crate::error::{CredentialVerdict, Error, ErrorKind};
use crate::pipeline::{AfterRejection, CredentialGeneration, Deadline, Rejection};

/// How long a call waits before it is sent again with a new credential.
pub(super) const NEW_CREDENTIAL_DELAY: Duration = Duration::from_secs(1);

/// How long the refusal of an operation, with a credential that had just been refreshed, is remembered.
const REFUSAL_REMEMBERED: TimeDelta = TimeDelta::minutes(5);

impl SessionEntry {
    /// Decides by what the response says, in this order:
    ///
    /// 1. A newer credential, also of another instance: replay.
    /// 2. The system's own words, about a credential that is seconds old: send again after a wait, once.
    /// 3. The system's own words, after a replay: end the session.
    /// 4. Any other 401, after a replay, or at an operation that such a 401 has refused before: the call
    ///    fails alone.
    /// 5. A credential that can be refreshed: refresh it, and replay.
    /// 6. The system's own words: end the session.
    /// 7. Any other 401: the call fails; several of them over minutes end the session.
    pub(super) async fn settle(
        &self,
        rejection: Rejection,
        deadline: Deadline,
    ) -> Result<AfterRejection, Error> {
        let Rejection {
            generation,
            is_replayed,
            ..
        } = rejection;
        let is_final = rejection.verdict == CredentialVerdict::Ended;
        let now = self.context.time.local_now();
        let is_refreshable = {
            let mut state = self.lock();
            if state.ended.is_some() {
                return Ok(AfterRejection::Ended);
            }
            if state.generation != generation {
                return Ok(AfterRejection::Replay);
            }
            if is_final && !rejection.is_delayed && state.is_new(now) {
                return Ok(match rejection.may_send_again {
                    true => AfterRejection::Delay(NEW_CREDENTIAL_DELAY),
                    // The code was not checked: the caller sends it again.
                    false => AfterRejection::Replay,
                });
            }
            if !is_final && is_replayed {
                remember_refusal(&mut state, rejection.operation, now);
                return Ok(AfterRejection::Fail);
            }
            if !is_final && is_remembered(&state, rejection.operation, now) {
                return Ok(AfterRejection::Fail);
            }
            state.rejected |= is_final;
            !state.is_refused() && self.refresher(&state.credential).is_some()
        };
        if is_final && is_replayed {
            return Ok(self
                .end(generation, EndReason::NewTokenRejected, deadline)
                .await);
        }
        if is_refreshable || is_final {
            // Ends the session if its credential cannot be refreshed.
            return match self.refresh_and_wait(generation, deadline).await {
                Ok(()) => Ok(AfterRejection::Replay),
                Err(_) if self.ended().is_some() => Ok(AfterRejection::Ended),
                // The refresh was refused, and the credential may still be valid for other calls.
                Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                    Ok(AfterRejection::Fail)
                }
                Err(error) => Err(error),
            };
        }
        let is_over = {
            let settings = &self.context.settings;
            let mut state = self.lock();
            state.update_refresh(|it| it.rejected_calls.count(now, settings))
        };
        self.has_rejected_calls.store(true, Ordering::Relaxed);
        if is_over {
            return Ok(self
                .end(generation, EndReason::RepeatedlyRejected, deadline)
                .await);
        }
        Ok(AfterRejection::Fail)
    }

    /// Forgets the calls that were rejected: the server has accepted the credential since.
    pub(super) fn forget_rejected_calls(&self) {
        if self.has_rejected_calls.load(Ordering::Relaxed) {
            self.has_rejected_calls.store(false, Ordering::Relaxed);
            let mut state = self.lock();
            state.update_refresh(|it| it.rejected_calls = UnknownRejections::default());
        }
    }

    /// Ends the session unless another instance has stored a newer credential. A store that is too slow
    /// leaves that to a later call.
    async fn end(
        &self,
        generation: CredentialGeneration,
        reason: EndReason,
        deadline: Deadline,
    ) -> AfterRejection {
        let ended = timeout_at(deadline.end(), self.end_stored(generation, reason));
        ended.await.unwrap_or(AfterRejection::Fail)
    }

    async fn end_stored(
        &self,
        generation: CredentialGeneration,
        reason: EndReason,
    ) -> AfterRejection {
        // A server also rejects a credential that another instance has refreshed meanwhile.
        let found = self.reload().await;
        if matches!(found, Ok(ReloadOutcome::Gone)) || self.ended().is_some() {
            return AfterRejection::Ended;
        }
        let version = {
            let state = self.lock();
            if state.generation != generation {
                return AfterRejection::Replay;
            }
            state.version
        };
        if matches!(found, Ok(ReloadOutcome::Unchanged))
            && let Ok(WriteOutcome::Done) = self.remove(version, None).await
        {
            self.mark_ended(reason);
            return AfterRejection::Ended;
        }
        AfterRejection::Fail
    }
}

/// Remembers that an operation refuses the credential of this generation, which has just been refreshed.
fn remember_refusal(state: &mut State, operation: u64, now: DateTime<Utc>) {
    let generation = state.generation;
    state.update_refresh(|it| {
        it.refused_operations
            .retain(|known| known.operation != operation && counts(known, generation, now));
        it.refused_operations.push(RefusedOperation {
            operation,
            generation,
            at: now,
        });
    });
}

fn is_remembered(state: &State, operation: u64, now: DateTime<Utc>) -> bool {
    let mut refused = state.refresh_state().refused_operations.iter();
    refused.any(|known| known.operation == operation && counts(known, state.generation, now))
}

/// A refusal counts until there is another credential, and for some minutes at least: otherwise two
/// refused operations in turn would spend one refresh token after the other.
fn counts(known: &RefusedOperation, generation: CredentialGeneration, now: DateTime<Utc>) -> bool {
    known.generation == generation || (now - known.at).abs() < REFUSAL_REMEMBERED
}
