//! Who waits for an exchange of tokens, and who begins it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::super::credential::Credential;
use super::super::entry::{SessionEntry, State};
use super::super::record::WriteOutcome;
use crate::error::{Delivery, Error, ErrorKind};
use crate::pipeline::{CredentialGeneration, Deadline};
use crate::telemetry::{Event, RefreshOutcome};

/// How an exchange went, for everybody who waits for it.
#[derive(Clone, Debug)]
pub(in crate::session) enum RefreshResult {
    Renewed,
    Ended(&'static str),
    Failed {
        kind: ErrorKind,
        delivery: Delivery,
        retry_after: Option<Duration>,
    },
}

impl RefreshResult {
    fn for_observers(&self) -> RefreshOutcome {
        match self {
            Self::Renewed => RefreshOutcome::Refreshed,
            Self::Ended(_) => RefreshOutcome::Ended,
            Self::Failed { .. } => RefreshOutcome::Failed,
        }
    }

    pub(in crate::session) fn failed(error: &Error) -> Self {
        Self::Failed {
            kind: match error.kind() {
                ErrorKind::SlowDown => ErrorKind::SlowDown,
                ErrorKind::Undecodable => ErrorKind::Undecodable,
                _ => ErrorKind::TryLater,
            },
            delivery: error.delivery(),
            retry_after: error.retry_after(),
        }
    }
}

/// What a waiting caller watches.
pub(in crate::session) type RefreshReceiver = watch::Receiver<Option<RefreshResult>>;

impl SessionEntry {
    /// The exchange that runs; one whose task is gone does not.
    pub(in crate::session) fn running_exchange(&self, state: &State) -> Option<RefreshReceiver> {
        let watched = state.refresh_state().exchange.as_ref()?;
        watched.has_changed().is_ok().then(|| watched.clone())
    }

    /// Starts the one exchange of this credential.
    pub(in crate::session) fn begin_exchange(&self, state: &mut State) -> Option<RefreshReceiver> {
        let entry = self.me.upgrade()?;
        let renewal = self.renewal.clone()?;
        if !matches!(state.credential, Credential::Tokens(_)) {
            return None;
        }
        let running = self.context.in_flight_tasks.begin()?;
        let (announce, watched) = watch::channel(None);
        state.change(|refresh_state| refresh_state.exchange = Some(watched.clone()));
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
        let exchange = async move {
            let began = Instant::now();
            let outcome = entry.exchange(&*renewal, generation).await;
            if !matches!(outcome, RefreshResult::Renewed) {
                Span::current().record("otel.status_code", "ERROR");
            }
            entry.context.telemetry.emit(&Event::Refresh {
                system: entry.context.system,
                session: entry.key.label(),
                outcome: outcome.for_observers(),
                elapsed: began.elapsed(),
            });
            entry.lock().change(|refresh_state| {
                refresh_state.exchange = None;
                refresh_state.presenting = false;
                refresh_state.lease_end = None;
            });
            announce.send_replace(Some(outcome));
            drop(running);
        };
        tokio::spawn(exchange.instrument(span));
        Some(watched)
    }

    /// Waits for the exchange of the credential with this stamp, and begins it if none runs.
    pub(in crate::session) async fn join_exchange(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let later = |message| Error::new(ErrorKind::TryLater, message).of(self.context.system);
        let exchange = {
            let mut state = self.lock();
            if let Some(why) = state.ended {
                return Err(self.ended_error(why));
            }
            if state.generation != generation {
                return Ok(());
            }
            state.rejected = true;
            match self.running_exchange(&state) {
                Some(running) => Some(running),
                None if self.renewal.is_some() && !state.is_refused() => {
                    let begun = self.begin_exchange(&mut state);
                    Some(begun.ok_or_else(|| later("the client is shutting down"))?)
                }
                None => None,
            }
        };
        let Some(mut exchange) = exchange else {
            let giving_up = timeout_at(deadline.end(), self.give_up(generation)).await;
            return giving_up.unwrap_or_else(|_| Err(later("the session store took too long")));
        };
        let waited = timeout_at(deadline.end(), exchange.wait_for(Option::is_some)).await;
        let outcome = match waited {
            Ok(Ok(outcome)) => outcome.clone(),
            Ok(Err(_)) => return Err(later("the renewal of the session was interrupted")),
            Err(_) => return Err(later("the renewal of the session took too long")),
        };
        match outcome {
            Some(RefreshResult::Ended(why)) => Err(self.ended_error(why)),
            Some(RefreshResult::Failed {
                kind,
                delivery,
                retry_after,
            }) => Err(Error::new(kind, "the session could not be renewed")
                .of(self.context.system)
                .with_delivery(delivery)
                .with_retry_after(retry_after)),
            Some(RefreshResult::Renewed) | None => Ok(()),
        }
    }

    /// Ends a session that nobody can renew, unless another instance has a newer credential.
    async fn give_up(&self, generation: CredentialGeneration) -> Result<(), Error> {
        let why = "its credential has expired and cannot be renewed";
        loop {
            self.reload().await?;
            let is_stored = {
                let state = self.lock();
                if let Some(why) = state.ended {
                    return Err(self.ended_error(why));
                }
                if state.generation != generation {
                    return Ok(());
                }
                state.version.is_some()
            };
            if !is_stored {
                self.close_in_background(why).await;
                return Err(self.ended_error(why));
            }
            // Only the record that was seen: a newer one may have come since.
            if self.remove(None).await? == WriteOutcome::Done {
                self.mark_ended(why);
                return Err(self.ended_error(why));
            }
        }
    }
}
