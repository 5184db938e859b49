//! The exchange of old tokens for new ones: one at a time, over all instances.
//!
//! It runs in a task that nobody can drop, in this order:
//!
//! 1. **Cool down**: after a failure that may pass, the next try waits for a backoff.
//! 2. **Lease**: take the lease on the session. While another instance holds it, look at the record
//!    now and then; if that has moved on, its tokens are taken over and nothing is presented.
//! 3. **Read again** under the lease: who lost the race finds the winner's tokens here.
//! 4. **Mark**: store the digest of the refresh token that is about to be presented. A mark that is
//!    there already was left by somebody who died or never learnt the result: that token is
//!    presented once more, and only the server's refusal ends the session.
//! 5. **Exchange** with the server, while the lease is extended.
//! 6. **Save** the new tokens, by compare-and-swap under the lease's fence; then let them be used.
//!    Who lost the lease meanwhile takes it again and reads the record first. While the store
//!    fails, the new tokens are used all the same, because the old ones are spent, and saving goes
//!    on in the background.
//! 7. **Release** the lease.
//!
//! A failure that certainly did not reach the server clears the mark. The server's refusal makes
//! the record be read once more: a newer token is used, else the session ends. If the access token
//! is still good it is used to its end; that it can not be renewed is stored, so that no instance
//! presents the refresh token again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::StatusCode;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::core::{Core, Renew, State};
use super::lease::Asked;
use super::material::{Mark, Material, Renewal};
use super::record::{Found, Written};
use super::store::Fence;
use super::tokens::Tokens;
use crate::error::{Delivery, Error, ErrorKind};
use crate::observe::{Event, RefreshOutcome};
use crate::pipeline::{Deadline, Stamp};
use crate::random;

/// After an early renewal that failed, the token that is still good is left alone for this long.
const EARLY_PAUSE: Duration = Duration::from_secs(15);

/// The backoff between exchanges that fail: it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

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

    fn failed(error: &Error) -> Self {
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
        if !matches!(state.material, Material::Tokens(_)) || state.renewal.refused {
            return None;
        }
        let running = self.host.exchanges.begin()?;
        let (announce, watched) = watch::channel(None);
        state.exchange = Some(watched.clone());
        let stamp = state.stamp;
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
            let outcome = core.exchange(&*renewal, stamp).await;
            if !matches!(outcome, Exchanged::Renewed) {
                Span::current().record("otel.status_code", "ERROR");
            }
            core.host.signals.emit(&Event::Refresh {
                system: core.host.system,
                session: core.key.label(),
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
                None if self.renewal.is_some() && !state.renewal.refused => {
                    let begun = self.begin_exchange(&mut state);
                    Some(begun.ok_or_else(|| later("the client is shutting down"))?)
                }
                None => None,
            }
        };
        let Some(mut exchange) = exchange else {
            let why = "its credential has expired and cannot be renewed";
            self.close_in_background(why).await;
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

    /// All steps, for the credential with this stamp.
    async fn exchange(&self, renewal: &dyn Renew, stamp: Stamp) -> Exchanged {
        let deadline = Deadline::after(self.host.settings.deadline);
        if let Err(error) = self.cool_down(deadline).await {
            return Exchanged::failed(&error);
        }
        let outcome = match self.ask_for_lease(deadline).await {
            Ok(Asked::Held(fence)) => {
                let outcome = self.exchange_under(fence, renewal, stamp, deadline).await;
                self.release_lease(fence).await;
                outcome
            }
            Ok(Asked::Overtaken(found)) => Ok(self.overtaken(found)),
            Err(error) => Err(error),
        };
        let outcome = outcome.unwrap_or_else(|error| {
            tracing::debug!(session = %self.key, %error, "a renewal failed");
            Exchanged::failed(&error)
        });
        self.note(&outcome);
        outcome
    }

    async fn exchange_under(
        &self,
        fence: Fence,
        renewal: &dyn Renew,
        stamp: Stamp,
        deadline: Deadline,
    ) -> Result<Exchanged, Error> {
        let found = self.look_again().await?;
        if found != Found::Unchanged || self.lock().stamp != stamp {
            return Ok(self.overtaken(found));
        }
        let Some((tokens, was_presented)) = self.tokens_to_present() else {
            return Ok(Exchanged::Renewed);
        };
        if !was_presented {
            match self.mark(&tokens, fence).await? {
                Written::Done => {}
                // Somebody wrote in between, whose turn it was not: the next try sees what.
                Written::Conflict | Written::LeaseLost => return Err(self.lost_lease()),
            }
        }
        let asked = renewal.renew(&tokens, deadline.remaining());
        match self.while_held(fence, asked).await {
            Ok(renewed) => Ok(self.keep(renewed, &tokens, fence, deadline).await),
            Err(error) if ends_session(&error) => {
                let found = self.look_again().await?;
                if found != Found::Unchanged {
                    return Ok(self.overtaken(found));
                }
                Ok(self.refused(was_presented, fence).await)
            }
            Err(error) => {
                if error.delivery() == Delivery::NotSent {
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
        let was_presented = mark.is_some() && mark == state.renewal.presented;
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
            self.lock().renewal = renewal;
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
            self.lock().renewal = renewal;
        }
    }

    /// The server will never renew this credential. One that is still good is used to its end, a
    /// rejected or ended one ends the session.
    async fn refused(&self, was_presented: bool, fence: Fence) -> Exchanged {
        let why = if was_presented {
            "an earlier renewal was interrupted, and the server refused another"
        } else {
            "the server refused to renew it"
        };
        let (still_good, material) = {
            let mut state = self.lock();
            state.renewal = Renewal {
                presented: None,
                refused: true,
            };
            let still_good = !state.rejected && !self.is_stale(&state);
            (still_good, state.material.clone())
        };
        if still_good {
            let renewal = self.lock().renewal.clone();
            if let Err(error) = self.write(&material, &renewal, Some(fence)).await {
                tracing::warn!(session = %self.key, %error, "a refusal is not stored");
            }
        } else {
            self.close_in_background(why).await;
        }
        Exchanged::Ended(why)
    }

    /// Waits until the backoff of the last failure is over.
    async fn cool_down(&self, deadline: Deadline) -> Result<(), Error> {
        let until = self.lock().cool_until;
        let wait = until.map(|until| (until - self.host.time.now()).to_std());
        let Some(Ok(wait)) = wait else {
            return Ok(());
        };
        if !deadline.leaves_room_for(wait) {
            let message = "the last renewal has just failed";
            return Err(Error::new(ErrorKind::TryLater, message).with_retry_after(Some(wait)));
        }
        self.host.time.sleep(wait).await;
        Ok(())
    }

    /// Learns from an outcome when the next exchange may begin.
    fn note(&self, outcome: &Exchanged) {
        let mut state = self.lock();
        let Exchanged::Failed { retry_after, .. } = outcome else {
            state.failures = 0;
            state.cool_until = None;
            return;
        };
        let doublings = state.failures.min(16);
        state.failures = state.failures.saturating_add(1);
        let backoff = FIRST_PAUSE
            .saturating_mul(1 << doublings)
            .min(LONGEST_PAUSE);
        let backoff = backoff.mul_f64(0.5 + random::fraction() / 2.0);
        let floor = retry_after.unwrap_or_default();
        let now = self.host.time.now();
        // A server may ask for a wait past the end of the calendar.
        let after = |pause: Duration| {
            let pause = TimeDelta::from_std(pause).ok();
            let then = pause.and_then(|pause| now.checked_add_signed(pause));
            Some(then.unwrap_or(DateTime::<Utc>::MAX_UTC))
        };
        state.cool_until = after(backoff.max(floor));
        state.not_early_before = after(floor.max(EARLY_PAUSE));
    }

    /// What another instance's doing means for those who wait here.
    pub(super) fn overtaken(&self, found: Found) -> Exchanged {
        match found {
            Found::Gone => Exchanged::Ended("it was ended elsewhere"),
            Found::Adopted | Found::Unchanged => Exchanged::Renewed,
        }
    }

    fn lost_lease(&self) -> Error {
        let message = "another instance has taken the renewal over";
        Error::new(ErrorKind::TryLater, message).of(self.host.system)
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
