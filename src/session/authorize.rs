//! What a session attaches to a call, and whether it is still good.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
#[cfg(feature = "fynd")]
use http::header;
use tokio::time::timeout_at;

use super::credential::Credential;
use super::entry::{SessionEntry, State};
use super::record::{ReloadOutcome, WriteOutcome};
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{
    Attempt, Authorization, CredentialGeneration, Deadline, Operation, SessionCredential,
};
use crate::secret::Secret;

/// A token that ends sooner than this is not sent any more: it would end on the way. Of a short
/// life it is a tenth.
const EXPIRY_LEEWAY: Duration = Duration::from_secs(5);

/// No token lives so long that it could be renewed earlier.
const LONGEST_EARLY: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

impl SessionEntry {
    /// An access token that is good for now, renewed if it must be.
    pub(crate) async fn access_token(&self) -> Result<Secret, Error> {
        self.fresh_token(Deadline::after(self.context.settings.deadline))
            .await
    }

    pub(super) async fn fresh_token(&self, deadline: Deadline) -> Result<Secret, Error> {
        let fresh = async {
            if let Some(check) = self.revalidate_if_due(self.context.time.local_now()) {
                check.await?;
            }
            let (token, attached) = self.token()?;
            match attached {
                Authorization::Stale(generation) => {
                    self.refresh(generation, deadline).await?;
                    self.token().map(|(token, _)| token)
                }
                Authorization::Fresh(_) | Authorization::Nothing => Ok(token),
            }
        };
        let message = "the session took too long";
        let late = Error::new(ErrorKind::TryLater, message).of(self.context.system);
        let fresh = timeout_at(deadline.end(), fresh).await;
        fresh.unwrap_or(Err(late))
    }

    /// Whether the credential would end on the way.
    pub(super) fn is_stale(&self, state: &State) -> bool {
        is_stale_at(state, self.context.time.now())
    }

    /// Whether it is time to renew a credential that is still good.
    fn is_aging_at(&self, state: &State, now: DateTime<Utc>) -> bool {
        let not_before = state.refresh_state().not_early_before;
        if not_before.is_some_and(|then| now < then) {
            return false;
        }
        let early = self
            .context
            .settings
            .refresh_before_expiry
            .min(LONGEST_EARLY);
        let early = early.mul_f64(1.0 + state.earliness / 4.0);
        ends_within(state, now, early, 4)
    }

    /// Whether the credential must be renewed; starts an early renewal near its end.
    fn attached(&self, state: &mut State, now: DateTime<Utc>) -> Authorization {
        let generation = state.generation;
        if is_stale_at(state, now) {
            return Authorization::Stale(generation);
        }
        let renew = self.is_aging_at(state, now) && !state.is_refused();
        if renew && self.running_exchange(state).is_none() {
            self.begin_exchange(state);
        }
        Authorization::Fresh(generation)
    }

    /// The access token and whether it must be renewed.
    fn token(&self) -> Result<(Secret, Authorization), Error> {
        let now = self.context.time.now();
        let mut state = self.lock();
        if let Some(why) = state.ended {
            return Err(self.ended_error(why));
        }
        let attached = self.attached(&mut state, now);
        match &state.credential {
            Credential::Tokens(tokens) => Ok((tokens.access.clone(), attached)),
            #[cfg(feature = "fynd")]
            Credential::Cookies(_) => {
                let message = "a session of cookies has no access token";
                Err(Error::new(ErrorKind::InvalidInput, message).of(self.context.system))
            }
        }
    }
}

fn is_stale_at(state: &State, now: DateTime<Utc>) -> bool {
    ends_within(state, now, EXPIRY_LEEWAY, 10)
}

/// Whether the credential ends within `time`, or within that part of its life if it is shorter.
fn ends_within(state: &State, now: DateTime<Utc>, time: Duration, part: i32) -> bool {
    let end = match &state.credential {
        Credential::Tokens(tokens) => tokens.expires_at,
        #[cfg(feature = "fynd")]
        Credential::Cookies(_) => None,
    };
    let Some(end) = end else { return false };
    // Whole seconds tell of nearly every call that there is time enough.
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    if end.timestamp().saturating_sub(now.timestamp()) > seconds.saturating_add(1) {
        return false;
    }
    let time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    let life = (end - state.since).max(TimeDelta::zero());
    end - now <= time.min(life / part)
}

impl SessionCredential for SessionEntry {
    fn revalidate_if_due(&self, now: DateTime<Utc>) -> Option<BoxFuture<'_, Result<(), Error>>> {
        let due = !self.is_trusted(&self.lock(), now);
        due.then(|| -> BoxFuture<'_, _> { Box::pin(self.check()) })
    }

    fn covers(&self, operation: &Operation) -> bool {
        let needed = operation.session != crate::pipeline::Need::Never;
        match self.lock().credential {
            Credential::Tokens(_) => needed,
            #[cfg(feature = "fynd")]
            Credential::Cookies(_) => true,
        }
    }

    fn attach(&self, attempt: &mut Attempt, allow_stale: bool) -> Result<Authorization, Error> {
        let now = self.context.time.at(attempt.made_at);
        let mut state = self.lock();
        if let Some(why) = state.ended {
            return Err(self.ended_error(why));
        }
        let attached = self.attached(&mut state, now);
        match &state.credential {
            Credential::Tokens(tokens) => {
                if matches!(attached, Authorization::Fresh(_)) || allow_stale {
                    attempt.set_bearer(&tokens.access)?;
                }
            }
            #[cfg(feature = "fynd")]
            Credential::Cookies(jar) => jar.attach(attempt, now)?,
        }
        Ok(attached)
    }

    fn refresh(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.join_exchange(generation, deadline))
    }

    fn observe<'a>(&'a self, headers: &'a HeaderMap) -> Option<BoxFuture<'a, ()>> {
        #[cfg(feature = "fynd")]
        if headers.contains_key(header::SET_COOKIE) {
            return Some(Box::pin(self.keep_cookies(headers)));
        }
        let _ = headers;
        None
    }

    fn end(&self, generation: CredentialGeneration, why: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if self.lock().generation != generation {
                return;
            }
            // Another instance may have renewed it meanwhile, which makes a server reject this one.
            let looked = self.reload().await;
            if !matches!(looked, Ok(ReloadOutcome::Unchanged))
                || self.lock().generation != generation
            {
                return;
            }
            if let Ok(WriteOutcome::Done) = self.remove(None).await {
                self.mark_ended(why);
            }
        })
    }
}
