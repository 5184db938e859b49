//! The credential of a session that has ended here, to tell the server.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::credential::Credential;
use super::entry::SessionEntry;
use crate::clock::BoxFuture;
use crate::end_reason::EndReason;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{
    Attempt, Authorization, CallContext, CredentialGeneration, Deadline, SessionCredential,
};
use crate::secret::Secret;

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
    /// Whether the server refuses to refresh the credential.
    refused: bool,
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
            }
        };
        Self {
            entry,
            calls,
            state: Arc::new(Mutex::new(state)),
        }
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
        let end = self.lock().credential.expires_at();
        end.is_some_and(|end| end <= self.calls.pipeline().time.now())
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
            let ended = || Error::new(ErrorKind::Unauthenticated, "the session has ended");
            let refresher = self.entry.refresher.clone().ok_or_else(ended)?;
            let former = {
                let state = self.lock();
                if state.generation != generation {
                    return Ok(());
                }
                let tokens = state.credential.tokens().filter(|_| !state.refused);
                tokens.cloned().ok_or_else(ended)?
            };
            let mut new = refresher.refresh(&former, deadline.remaining()).await?;
            new.check_issued(self.entry.context.system)?;
            new.refresh = new.refresh.or(former.refresh);
            let mut state = self.lock();
            state.credential = Credential::Tokens(new);
            state.generation.0 += 1;
            Ok(())
        })
    }

    fn end(&self, _generation: CredentialGeneration, _reason: EndReason) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
