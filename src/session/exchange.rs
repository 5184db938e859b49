//! The exchange of old tokens for new ones: one at a time, in a task that nobody can drop.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::core::{Core, Renew, State};
use super::material::Material;
use super::saving::Saved;
use super::tokens::Tokens;
use crate::error::{Delivery, Error, ErrorKind};
use crate::observe::{Event, RefreshOutcome};
use crate::pipeline::{Deadline, Stamp};

/// After an early renewal that failed, the token that is still good is left alone for this long.
const EARLY_PAUSE: Duration = Duration::from_secs(15);

/// How an exchange went, for everybody who waits for it.
#[derive(Clone, Debug)]
pub(super) enum Exchanged {
    Renewed,
    Ended(&'static str),
    Failed {
        kind: ErrorKind,
        delivery: Delivery,
        retry_after: Option<Duration>,
    },
}

impl Exchanged {
    fn for_observers(&self) -> RefreshOutcome {
        match self {
            Self::Renewed => RefreshOutcome::Renewed,
            Self::Ended(_) => RefreshOutcome::Ended,
            Self::Failed { .. } => RefreshOutcome::Failed,
        }
    }
}

/// What a waiting caller watches.
pub(super) type Watched = watch::Receiver<Option<Exchanged>>;

impl Core {
    /// The exchange that runs; one whose task is gone does not.
    pub(super) fn running_exchange(&self, state: &State) -> Option<Watched> {
        let watched = state.exchange.as_ref()?;
        watched.has_changed().is_ok().then(|| watched.clone())
    }

    /// Starts the one exchange of this credential.
    pub(super) fn begin_exchange(&self, state: &mut State) -> Option<Watched> {
        let core = self.me.upgrade()?;
        let renewal = self.renewal.clone()?;
        let Material::Tokens(tokens) = state.material.clone() else {
            return None;
        };
        if !state.renewable {
            return None;
        }
        let running = self.host.exchanges.begin()?;
        let (announce, watched) = watch::channel(None);
        state.exchange = Some(watched.clone());
        let span = tracing::info_span!(
            parent: None,
            "vestibule.refresh",
            otel.name = %format_args!("{} refresh", self.host.system),
            otel.kind = "internal",
            otel.status_code = Empty,
            system = %self.host.system,
            session = %self.key,
        );
        span.follows_from(Span::current());
        let exchange = async move {
            let began = Instant::now();
            let outcome = core.exchange(&*renewal, tokens).await;
            if !matches!(outcome, Exchanged::Renewed) {
                Span::current().record("otel.status_code", "ERROR");
            }
            core.host.signals.emit(&Event::Refresh {
                system: core.host.system,
                session: core.key,
                outcome: outcome.for_observers(),
                elapsed: began.elapsed(),
            });
            core.lock().exchange = None;
            announce.send_replace(Some(outcome));
            drop(running);
        };
        tokio::spawn(exchange.instrument(span));
        Some(watched)
    }

    /// Waits for the exchange of the credential with this stamp, and begins it if none runs.
    pub(super) async fn join_exchange(
        &self,
        stamp: Stamp,
        deadline: Deadline,
    ) -> Result<(), Error> {
        let later = |message| Error::new(ErrorKind::TryLater, message).of(self.host.system);
        let exchange = {
            let mut state = self.lock();
            if let Some(why) = state.ended {
                return Err(self.ended_error(why));
            }
            if state.stamp != stamp {
                return Ok(());
            }
            state.rejected = true;
            match self.running_exchange(&state) {
                Some(running) => Some(running),
                None if self.renewal.is_some() && state.renewable => {
                    let begun = self.begin_exchange(&mut state);
                    Some(begun.ok_or_else(|| later("the client is shutting down"))?)
                }
                None => None,
            }
        };
        let Some(mut exchange) = exchange else {
            let why = "its credential has expired and cannot be renewed";
            if let Err(error) = self.close(why).await {
                tracing::warn!(session = %self.key, %error, "an ended session is still stored");
            }
            return Err(self.ended_error(why));
        };
        let waited = timeout_at(deadline.end(), exchange.wait_for(Option::is_some)).await;
        let outcome = match waited {
            Ok(Ok(outcome)) => outcome.clone(),
            Ok(Err(_)) => return Err(later("the renewal of the session was interrupted")),
            Err(_) => return Err(later("the renewal of the session took too long")),
        };
        match outcome {
            Some(Exchanged::Ended(why)) => Err(self.ended_error(why)),
            Some(Exchanged::Failed {
                kind,
                delivery,
                retry_after,
            }) => Err(Error::new(kind, "the session could not be renewed")
                .of(self.host.system)
                .with_delivery(delivery)
                .with_retry_after(retry_after)),
            Some(Exchanged::Renewed) | None => Ok(()),
        }
    }

    async fn exchange(self: &Arc<Self>, renewal: &dyn Renew, tokens: Tokens) -> Exchanged {
        match renewal.renew(&tokens).await {
            Ok(renewed) => {
                self.replace(renewed).await;
                Exchanged::Renewed
            }
            Err(error) if ends_session(&error) => self.refused().await,
            Err(error) => {
                let pause = error.retry_after().unwrap_or_default().max(EARLY_PAUSE);
                // A server may ask for a wait past the end of the calendar.
                let until = TimeDelta::from_std(pause)
                    .ok()
                    .and_then(|pause| self.host.time.now().checked_add_signed(pause))
                    .unwrap_or(DateTime::<Utc>::MAX_UTC);
                self.lock().not_early_before = Some(until);
                Exchanged::Failed {
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
    }

    /// The server will never renew this credential. If somebody else has stored a newer one, that
    /// is used. One that is still good is used to its end, a rejected or ended one ends the session.
    async fn refused(&self) -> Exchanged {
        if let Some(adopted) = self.adopt_newer().await {
            return adopted;
        }
        let why = "the server refused to renew it";
        let still_good = {
            let mut state = self.lock();
            state.renewable = false;
            !state.rejected && !self.is_stale(&state)
        };
        if !still_good && let Err(error) = self.close(why).await {
            tracing::warn!(session = %self.key, %error, "an ended session is still stored");
        }
        Exchanged::Ended(why)
    }

    /// Takes over a credential that another instance has stored since.
    async fn adopt_newer(&self) -> Option<Exchanged> {
        let loaded = self.host.bounded(self.host.store.load(&self.key)).await;
        let found = loaded.ok()?;
        let Some((record, version)) = found else {
            self.ended_elsewhere();
            return Some(Exchanged::Ended("it was ended elsewhere"));
        };
        if self.lock().version == Some(version) {
            return None;
        }
        let material = self.host.read_record(&record).ok()?;
        let mut state = self.lock();
        self.set_material(&mut state, material);
        state.version = Some(version);
        Some(Exchanged::Renewed)
    }

    /// Saves new tokens and only then lets anybody use them. While the store fails they are used
    /// all the same, because the old ones are spent.
    async fn replace(&self, mut tokens: Tokens) {
        {
            let mut state = self.lock();
            if let Material::Tokens(old) = &state.material {
                tokens.refresh = tokens.refresh.or_else(|| old.refresh.clone());
            }
            state.next = Some(Material::Tokens(tokens));
        }
        let saved = self.save().await;
        {
            let mut state = self.lock();
            if let Some(material) = state.next.take() {
                self.set_material(&mut state, material);
            }
        }
        match saved {
            Ok(Saved::Stored) => {}
            Ok(Saved::Gone) => self.ended_elsewhere(),
            Err(error) => {
                tracing::warn!(session = %self.key, %error, "renewed tokens are not saved yet");
                self.save_later();
            }
        }
    }
}

/// Whether the server said in its own words that the credential is not good any more. A gateway's
/// page says nothing about it.
fn ends_session(error: &Error) -> bool {
    let final_status = matches!(
        error.status(),
        Some(StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    );
    match error.kind() {
        ErrorKind::SignInAgain => true,
        ErrorKind::Refused => final_status && error.is_in_the_systems_words(),
        _ => false,
    }
}
