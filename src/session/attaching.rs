//! What a session attaches to a call, and whether it is still good.

use std::time::Duration;

use chrono::TimeDelta;
use http::{HeaderMap, header};
use tokio::time::timeout_at;

use super::core::{Core, State};
use super::material::Material;
use super::record::{Found, Written};
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{Attached, Attempt, Deadline, Operation, SessionCredential, Stamp};
use crate::secret::Secret;

/// A token that ends sooner than this is not sent any more: it would end on the way. Of a short
/// life it is a tenth.
const EXPIRY_LEEWAY: TimeDelta = TimeDelta::seconds(5);

/// No token lives so long that it could be renewed earlier.
const LONGEST_EARLY: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

impl Core {
    /// An access token that is good for now, renewed if it must be.
    pub(crate) async fn access_token(&self) -> Result<Secret, Error> {
        self.fresh_token(Deadline::after(self.host.settings.deadline))
            .await
    }

    pub(super) async fn fresh_token(&self, deadline: Deadline) -> Result<Secret, Error> {
        let fresh = async {
            if let Some(check) = self.look_if_due() {
                check.await?;
            }
            let (token, attached) = self.token()?;
            match attached {
                Attached::Stale(stamp) => {
                    self.renew(stamp, deadline).await?;
                    self.token().map(|(token, _)| token)
                }
                Attached::Fresh(_) | Attached::Nothing => Ok(token),
            }
        };
        let message = "the session took too long";
        let late = Error::new(ErrorKind::TryLater, message).of(self.host.system);
        let fresh = timeout_at(deadline.end(), fresh).await;
        fresh.unwrap_or(Err(late))
    }

    /// Whether the credential would end on the way.
    pub(super) fn is_stale(&self, state: &State) -> bool {
        self.ends_within(state, EXPIRY_LEEWAY, 10)
    }

    /// Whether it is time to renew a credential that is still good.
    fn is_aging(&self, state: &State) -> bool {
        let early = self.host.settings.renew_before_expiry.min(LONGEST_EARLY);
        let early = TimeDelta::from_std(early.mul_f64(1.0 + state.earliness / 4.0));
        let paused = state
            .not_early_before
            .is_some_and(|then| self.host.time.now() < then);
        !paused && self.ends_within(state, early.unwrap_or(TimeDelta::MAX), 4)
    }

    /// Whether the credential ends within `time`, or within that part of its life if it is shorter.
    fn ends_within(&self, state: &State, time: TimeDelta, part: i32) -> bool {
        match &state.material {
            Material::Tokens(tokens) => tokens.expires_at.is_some_and(|end| {
                let life = (end - state.since).max(TimeDelta::zero());
                end - self.host.time.now() <= time.min(life / part)
            }),
            #[cfg(feature = "fynd")]
            Material::Cookies(_) => false,
        }
    }

    /// The access token and whether it must be renewed; starts an early renewal near its end.
    fn token(&self) -> Result<(Secret, Attached), Error> {
        let mut state = self.lock();
        if let Some(why) = state.ended {
            return Err(self.ended_error(why));
        }
        let tokens = match &state.material {
            Material::Tokens(tokens) => tokens.clone(),
            #[cfg(feature = "fynd")]
            Material::Cookies(_) => {
                let message = "a session of cookies has no access token";
                return Err(Error::new(ErrorKind::InvalidInput, message).of(self.host.system));
            }
        };
        let stamp = state.stamp;
        if self.is_stale(&state) {
            return Ok((tokens.access, Attached::Stale(stamp)));
        }
        if self.is_aging(&state) && !state.is_refused() && self.running_exchange(&state).is_none() {
            self.begin_exchange(&mut state);
        }
        Ok((tokens.access, Attached::Fresh(stamp)))
    }
}

impl SessionCredential for Core {
    fn look_if_due(&self) -> Option<BoxFuture<'_, Result<(), Error>>> {
        let due = !self.is_trusted(&self.lock());
        due.then(|| -> BoxFuture<'_, _> { Box::pin(self.check()) })
    }

    fn covers(&self, operation: &Operation) -> bool {
        let needed = operation.session != crate::pipeline::Need::Never;
        match self.lock().material {
            Material::Tokens(_) => needed,
            #[cfg(feature = "fynd")]
            Material::Cookies(_) => true,
        }
    }

    fn attach(&self, attempt: &mut Attempt, even_stale: bool) -> Result<Attached, Error> {
        #[cfg(feature = "fynd")]
        {
            let state = self.lock();
            if let Material::Cookies(jar) = &state.material {
                if let Some(why) = state.ended {
                    return Err(self.ended_error(why));
                }
                jar.attach(attempt, self.host.time.now())?;
                return Ok(Attached::Fresh(state.stamp));
            }
        }
        let (token, attached) = self.token()?;
        if matches!(attached, Attached::Fresh(_)) || even_stale {
            let value = format!("Bearer {}", token.expose());
            attempt.set_secret_header(header::AUTHORIZATION, &value)?;
        }
        Ok(attached)
    }

    fn renew(&self, stamp: Stamp, deadline: Deadline) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.join_exchange(stamp, deadline))
    }

    fn observe<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, ()> {
        #[cfg(feature = "fynd")]
        if headers.contains_key(header::SET_COOKIE) {
            return Box::pin(self.keep_cookies(headers));
        }
        let _ = headers;
        Box::pin(std::future::ready(()))
    }

    fn end(&self, stamp: Stamp, why: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if self.lock().stamp != stamp {
                return;
            }
            // Another instance may have renewed it meanwhile, which makes a server reject this one.
            let looked = self.look_again().await;
            if !matches!(looked, Ok(Found::Unchanged)) || self.lock().stamp != stamp {
                return;
            }
            if let Ok(Written::Done) = self.remove(None).await {
                self.mark_ended(why);
            }
        })
    }
}
