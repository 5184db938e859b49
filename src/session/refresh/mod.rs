//! The refresh of a session: single-flight within this instance.

mod backoff;
mod exchange;
mod lease;

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::entry::SessionEntry;
use super::outcomes::{RefreshReceiver, RefreshResult, WriteOutcome};
use super::state::State;
use super::tries::Tries;
use crate::end_reason::EndReason;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{CredentialGeneration, Deadline};
use crate::telemetry::Event;

/// How often a session that cannot be refreshed is removed, if its record changes in between.
const MAX_REMOVALS: u32 = 4;
const FIRST_REMOVAL_WAIT: Duration = Duration::from_millis(10);
const MAX_REMOVAL_WAIT: Duration = Duration::from_millis(200);

impl SessionEntry {
    /// Refreshes the credential of this generation: joins the refresh that is running, or starts
    /// one. Does nothing if there is a newer credential.
    ///
    /// The refresh runs in a task of its own, so a caller that is dropped while it waits loses
    /// nothing.
    pub(super) async fn refresh_and_wait(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let later = |message| Err(self.error(ErrorKind::Unavailable, message));
        let refresh = {
            let mut state = self.lock();
            if let Some(reason) = state.ended {
                return Err(self.ended_error(reason));
            }
            if state.generation != generation {
                return Ok(());
            }
            let is_refreshable = self.refresher(&state.credential).is_some();
            match state.running_refresh() {
                Some(running) => Some(running),
                None if is_refreshable && !state.is_refused() => {
                    if let Some(wait) = self.cool_down(&state) {
                        let message = "the server has just refused to refresh the session";
                        let error = self.error(ErrorKind::Unavailable, message);
                        return Err(error.with_retry_after(Some(wait)));
                    }
                    match self.start_refresh(&mut state) {
                        Some(started) => Some(started),
                        None => return later("the client is shutting down"),
                    }
                }
                None => None,
            }
        };
        let Some(mut refresh) = refresh else {
            let ended = timeout_at(deadline.end(), self.end_unless_replaced(generation)).await;
            return ended.unwrap_or_else(|_| later("the session store took too long"));
        };
        let finished = timeout_at(deadline.end(), refresh.wait_for(Option::is_some)).await;
        let result = match finished {
            Ok(Ok(result)) => result.clone(),
            Ok(Err(_)) => return later("the refresh of the session was interrupted"),
            Err(_) => return later("the refresh of the session took too long"),
        };
        match result {
            Some(RefreshResult::Ended(reason)) => Err(self.ended_error(reason)),
            Some(RefreshResult::Refused) => {
                let message = "the server refused to refresh the session";
                Err(self.error(ErrorKind::Unauthenticated, message))
            }
            Some(RefreshResult::Failed {
                kind,
                misconfigured,
                delivery,
                retry_after,
            }) => {
                let failed = "the session could not be refreshed";
                let error = match misconfigured {
                    Some((class, what)) => {
                        let error = Error::new(kind, format!("{failed}: {what}"));
                        error.of(self.context.system).with_class(class)
                    }
                    None => self.error(kind, failed),
                };
                let retry_after = retry_after.or_else(|| self.cool_down(&self.lock()));
                Err(error.with_delivery(delivery).with_retry_after(retry_after))
            }
            Some(RefreshResult::Refreshed) | None => Ok(()),
        }
    }

    /// Starts the refresh of the current tokens; `None` if they cannot be refreshed or the client
    /// is shutting down.
    pub(super) fn start_refresh(&self, state: &mut State) -> Option<RefreshReceiver> {
        let entry = self.me.upgrade()?;
        let refresher = self.refresher(&state.credential)?.clone();
        let guard = self.context.in_flight_tasks.track_unless_closed()?;
        let (sender, receiver) = watch::channel(None);
        state.update_refresh(|refresh_state| refresh_state.running = Some(receiver.clone()));
        let generation = state.generation;
        let span = tracing::info_span!(
            parent: None,
            "vestibule.refresh",
            otel.name = %format_args!("{} refresh", self.context.system),
            otel.kind = "internal",
            otel.status_code = Empty,
            system = %self.context.system,
            session = %self.key,
        );
        span.follows_from(Span::current());
        let refresh = async move {
            let started = Instant::now();
            let result = entry.run_refresh(&*refresher, generation).await;
            if !matches!(result, RefreshResult::Refreshed) {
                Span::current().record("otel.status_code", "ERROR");
            }
            entry.context.telemetry.emit(&Event::Refresh {
                system: entry.context.system,
                session: entry.key.label(),
                outcome: result.for_observers(),
                elapsed: started.elapsed(),
            });
            entry.lock().update_refresh(|refresh_state| {
                refresh_state.running = None;
                refresh_state.exchanging = false;
                refresh_state.lease_end = None;
            });
            sender.send_replace(Some(result));
            drop(guard);
        };
        tokio::spawn(refresh.instrument(span));
        Some(receiver)
    }

    /// Ends a session that cannot be refreshed, unless another instance has stored a newer
    /// credential.
    async fn end_unless_replaced(&self, generation: CredentialGeneration) -> Result<(), Error> {
        let mut tries = Tries::new(MAX_REMOVALS, FIRST_REMOVAL_WAIT, MAX_REMOVAL_WAIT);
        loop {
            self.reload().await?;
            if self.use_alternative(generation) {
                return Ok(());
            }
            let (version, reason) = {
                let state = self.lock();
                if let Some(reason) = state.ended {
                    return Err(self.ended_error(reason));
                }
                if state.generation != generation {
                    return Ok(());
                }
                let reason = state.refused.unwrap_or(EndReason::Expired);
                (state.version, reason)
            };
            if version.is_none() {
                if let Err(error) = self.close(reason).await {
                    tracing::warn!(session = %self.key, %error, "an ended session is still stored");
                }
                return Err(self.ended_error(reason));
            }
            // Removes only the version that was read: a newer one may have been stored since.
            if self.remove(version, None).await? == WriteOutcome::Done {
                self.mark_ended(reason);
                return Err(self.ended_error(reason));
            }
            match tries.next_wait() {
                Some(wait) => self.context.time.sleep(wait).await,
                None => return Err(self.unsettled()),
            }
        }
    }
}
