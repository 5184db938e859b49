//! The credential of a session that has ended here, to tell the server.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::credential::Credential;
use super::entry::SessionEntry;
use super::rejection::NEW_CREDENTIAL_DELAY;
use crate::clock::BoxFuture;
use crate::error::{CredentialVerdict, Error, ErrorKind};
use crate::pipeline::{
    AfterRejection, Attempt, Authorization, CallContext, CredentialGeneration, Deadline,
    Rejection, SessionCredential,
};
use crate::secret::Secret;

/// What a sign-out does first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "wunder", feature = "fynd")),
    allow(dead_code, reason = "each system has one order")
)]
pub(crate) enum SignOutOrder {
    /// The session ends here, so that nothing is sent with its credential any more.
    EndFirst,
    /// The server is told: the session stays if the server says that it has not ended. An error of any
    /// other kind does not keep it.
    TellFirst,
}

/// The last credential of a session, for the call that signs it out. It does not use the store,
/// which has no record of the session any more.
#[derive(Clone)]
pub(crate) struct FinalCredential {
    entry: Arc<SessionEntry>,
    calls: CallContext,
    state: Arc<Mutex<FinalState>>,
}

struct FinalState {
    credential: Credential,
    generation: CredentialGeneration,
    /// Whether the credential must not be refreshed: the server refuses it, or the store failed, so that
    /// another instance may be refreshing it.
    refused: bool,
    /// Whether the server may not know the credential yet.
    is_new: bool,
}

impl fmt::Debug for FinalCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FinalCredential({:?})", self.entry)
    }
}

impl FinalCredential {
    /// Takes the newest credential, after the end of an exchange that is in flight.
    pub(super) async fn of(entry: Arc<SessionEntry>, calls: CallContext) -> Self {
        let running = {
            let state = entry.lock();
            // A refresh that has not sent its exchange finds that the session has ended, and stops.
            let running = state.running_refresh();
            running.filter(|_| state.refresh_state().exchanging)
        };
        if let Some(mut running) = running {
            // Fails if the task is gone, which ends the wait as well.
            let _ = running.wait_for(Option::is_some).await;
        }
        let state = {
            let state = entry.lock();
            FinalState {
                credential: state.newest().0,
                generation: CredentialGeneration(0),
                refused: state.is_refused(),
                is_new: state.is_new(entry.context.time.local_now()),
            }
        };
        Self {
            entry,
            calls,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Keeps the refresh token from being sent: without the store, another instance may have sent it.
    pub(super) fn do_not_refresh(&self) {
        self.lock().refused = true;
    }

    /// Refreshes an expired token: the server expects the newest refresh token.
    #[cfg(feature = "wunder")]
    pub(crate) async fn refresh_if_expired(&self) -> Result<(), Error> {
        if !self.is_expired() {
            return Ok(());
        }
        let generation = self.lock().generation;
        let deadline = Deadline::after(self.calls.deadline());
        self.refresh(generation, deadline).await
    }

    #[cfg(feature = "wunder")]
    pub(crate) fn refresh_token(&self) -> Option<Secret> {
        self.lock().credential.tokens()?.refresh.clone()
    }

    /// Calls with this credential.
    pub(crate) fn call_context(&self) -> CallContext {
        self.calls.clone().with_credential(Arc::new(self.clone()))
    }

    fn is_expired(&self) -> bool {
        let time = &self.calls.pipeline().time;
        let end = self.lock().credential.expires_at(time);
        end.is_some_and(|end| end <= time.now())
    }

    fn lock(&self) -> MutexGuard<'_, FinalState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionCredential for FinalCredential {
    fn attach(&self, attempt: &mut Attempt, allow_stale: bool) -> Result<Authorization, Error> {
        let is_expired = self.is_expired();
        let state = self.lock();
        match &state.credential {
            Credential::Tokens(_) if is_expired && !allow_stale => {
                return Ok(Authorization::Stale(state.generation));
            }
            Credential::Tokens(tokens) => attempt.set_bearer(&tokens.access)?,
            #[cfg(feature = "fynd")]
            Credential::Cookies(jar) => jar.attach(attempt, self.calls.pipeline().time.now())?,
        }
        Ok(Authorization::Fresh(state.generation))
    }

    fn refresh(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let ended = || {
                let error = Error::new(ErrorKind::Unauthenticated, "the session has ended");
                error.with_session_ended()
            };
            let (refresher, former) = {
                let state = self.lock();
                if state.generation != generation {
                    return Ok(());
                }
                let tokens = state.credential.tokens().filter(|_| !state.refused);
                let refresher = self.entry.refresher(&state.credential).cloned();
                refresher.zip(tokens.cloned()).ok_or_else(ended)?
            };
            let new = refresher.refresh(self.entry.id(), &former, deadline.remaining());
            let mut new = new
                .await
                .map_err(|error| match error.credential_verdict() {
                    CredentialVerdict::Ended => error.with_session_ended(),
                    _ => error,
                })?;
            new.check_issued(self.entry.context.system)?;
            new.refresh = new.refresh.or(former.refresh);
            let mut state = self.lock();
            state.credential = Credential::Tokens(new);
            state.generation.0 += 1;
            Ok(())
        })
    }

    fn settle_rejection(
        &self,
        rejection: Rejection,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<AfterRejection, Error>> {
        Box::pin(async move {
            let is_final = rejection.verdict == CredentialVerdict::Ended;
            if is_final && !rejection.is_delayed && self.lock().is_new {
                return Ok(AfterRejection::Delay(NEW_CREDENTIAL_DELAY));
            }
            if !rejection.is_replayed {
                match self.refresh(rejection.generation, deadline).await {
                    Ok(()) => return Ok(AfterRejection::Replay),
                    Err(error) if error.session_ended() => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(match is_final {
                true => AfterRejection::Ended,
                false => AfterRejection::Fail,
            })
        })
    }
}
