//! Takes the credential out of a session, to be used without this crate.

use std::time::Duration;

use tokio::time::timeout_at;

use super::credential::Credential;
#[cfg(feature = "testing")]
use super::credential::Tokens;
use super::entry::SessionEntry;
use super::outcomes::{LeaseOutcome, ReloadOutcome, SaveOutcome};
use super::tries::Tries;
use crate::end_reason::EndReason;
use crate::error::{Error, ErrorKind};
use crate::pipeline::Deadline;
use crate::store::Fence;

/// How often the lease is acquired, if another instance refreshes the session meanwhile.
const MAX_ROUNDS: u32 = 3;
const FIRST_ROUND_WAIT: Duration = Duration::from_millis(20);
const MAX_ROUND_WAIT: Duration = Duration::from_millis(200);

impl SessionEntry {
    /// Ends the session, and returns its newest credential.
    ///
    /// It acquires the lease first, so that no instance refreshes the session at the same time, and reads
    /// the record under it. From the moment when the session has ended it waits for nothing: a caller that
    /// drops the future either has the session or the credential. The record is removed in a task of its
    /// own, which then releases the lease.
    pub(super) async fn export(&self, deadline: Deadline) -> Result<Credential, Error> {
        let message = "the session could not be exported in time";
        let late = |_| Err(self.error(ErrorKind::Unavailable, message));
        let exported = timeout_at(deadline.end(), self.export_within(deadline)).await;
        exported.unwrap_or_else(late)
    }

    /// A session of an instance of the test kit has tokens.
    #[cfg(feature = "testing")]
    pub(crate) async fn export_tokens(&self) -> Result<Tokens, Error> {
        let deadline = Deadline::after(self.context.settings.deadline);
        let exported = self.export(deadline).await?;
        let message = "the session has no tokens";
        let no_tokens = || self.error(ErrorKind::Unsupported, message);
        exported.tokens().cloned().ok_or_else(no_tokens)
    }

    async fn export_within(&self, deadline: Deadline) -> Result<Credential, Error> {
        let mut tries = Tries::new(MAX_ROUNDS, FIRST_ROUND_WAIT, MAX_ROUND_WAIT);
        loop {
            let (generation, unsaved) = {
                let state = self.lock_live(self.context.time.local_now())?;
                (state.generation, state.unsaved)
            };
            if unsaved && self.save().await? == SaveOutcome::Gone {
                self.mark_ended(EndReason::EndedElsewhere);
                return Err(self.ended_error(EndReason::EndedElsewhere));
            }
            match self.acquire_lease(generation, deadline).await? {
                LeaseOutcome::Held(fence) => {
                    let exported = self.export_under(fence).await;
                    if exported.is_err() {
                        self.release_lease(fence).await;
                    }
                    return exported;
                }
                LeaseOutcome::Superseded(_) => {}
            }
            match tries.next_wait() {
                Some(wait) => self.context.time.sleep(wait).await,
                None => return Err(self.unsettled()),
            }
        }
    }

    async fn export_under(&self, fence: Fence) -> Result<Credential, Error> {
        if self.reload().await? == ReloadOutcome::Gone {
            let reason = self.ended().unwrap_or(EndReason::EndedElsewhere);
            return Err(self.ended_error(reason));
        }
        let credential = {
            let mut state = self.lock_live(self.context.time.local_now())?;
            state.ended = Some(EndReason::Exported);
            state.newest().0
        };
        self.report_ended(EndReason::Exported);
        if let Some(entry) = self.me.upgrade() {
            let guard = self.context.track();
            tokio::spawn(async move {
                if let Err(error) = entry.delete().await {
                    tracing::warn!(session = %entry.key, %error, "an exported session is still stored");
                }
                entry.release_lease(fence).await;
                drop(guard);
            });
        }
        Ok(credential)
    }
}
