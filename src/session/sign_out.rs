//! Telling the server that a session has ended, when it has ended here already.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::credential::Credential;
use super::entry::SessionEntry;
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{
    Attempt, Authorization, CallContext, CredentialGeneration, Deadline, Pipeline,
    SessionCredential,
};
use crate::secret::Secret;

/// The last credential of a session, for the one call that takes leave of the server. It knows
/// nothing of the store, where the session is gone.
#[derive(Clone)]
pub(crate) struct FinalCredential {
    entry: Arc<SessionEntry>,
    pipeline: Arc<Pipeline>,
    last: Arc<Mutex<Last>>,
}

struct Last {
    credential: Credential,
    generation: CredentialGeneration,
    /// Whether the server will never renew it.
    refused: bool,
}

impl std::fmt::Debug for FinalCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Farewell({:?})", self.entry)
    }
}

impl FinalCredential {
    /// Takes the newest credential, after an exchange that may be under way.
    pub(super) async fn of(entry: Arc<SessionEntry>, pipeline: Arc<Pipeline>) -> Self {
        let credential = entry.last_credential().await;
        let last = Last {
            credential,
            generation: CredentialGeneration(0),
            refused: entry.lock().is_refused(),
        };
        Self {
            entry,
            pipeline,
            last: Arc::new(Mutex::new(last)),
        }
    }

    /// A stale token is renewed first: the refresh token that is handed back must be the newest.
    #[cfg(feature = "wunder")]
    pub(crate) async fn freshen(&self) -> Result<(), Error> {
        if !self.is_stale() {
            return Ok(());
        }
        let generation = self.lock().generation;
        let deadline = Deadline::after(self.pipeline.settings.deadline);
        self.refresh(generation, deadline).await
    }

    #[cfg(feature = "wunder")]
    pub(crate) fn refresh_token(&self) -> Option<Secret> {
        match &self.lock().credential {
            Credential::Tokens(tokens) => tokens.refresh.clone(),
            #[cfg(feature = "fynd")]
            Credential::Cookies(_) => None,
        }
    }

    /// Calls with this credential.
    pub(crate) fn call_context(&self) -> CallContext {
        CallContext::new(self.pipeline.clone()).with_credential(Arc::new(self.clone()))
    }

    fn is_stale(&self) -> bool {
        match &self.lock().credential {
            Credential::Tokens(tokens) => tokens
                .expires_at
                .is_some_and(|end| end <= self.pipeline.time.now()),
            #[cfg(feature = "fynd")]
            Credential::Cookies(_) => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionCredential for FinalCredential {
    fn attach(&self, attempt: &mut Attempt, allow_stale: bool) -> Result<Authorization, Error> {
        let stale = self.is_stale();
        let last = self.lock();
        match &last.credential {
            Credential::Tokens(_) if stale && !allow_stale => {
                Ok(Authorization::Stale(last.generation))
            }
            Credential::Tokens(tokens) => {
                attempt.set_bearer(&tokens.access)?;
                Ok(Authorization::Fresh(last.generation))
            }
            #[cfg(feature = "fynd")]
            Credential::Cookies(jar) => {
                jar.attach(attempt, self.pipeline.time.now())?;
                Ok(Authorization::Fresh(last.generation))
            }
        }
    }

    fn refresh(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let ended = || Error::new(ErrorKind::SignInAgain, "the session has ended");
            let renewal = self.entry.renewal.clone().ok_or_else(ended)?;
            let former = match &*self.lock() {
                Last {
                    generation: newer, ..
                } if *newer != generation => return Ok(()),
                Last { refused: true, .. } => return Err(ended()),
                Last {
                    credential: Credential::Tokens(tokens),
                    ..
                } => tokens.clone(),
                #[cfg(feature = "fynd")]
                Last { .. } => return Err(ended()),
            };
            let renewed = renewal.renew(&former, deadline.remaining()).await?;
            let mut renewed = renewed.answered(self.entry.context.system)?;
            renewed.refresh = renewed.refresh.or(former.refresh);
            let mut last = self.lock();
            last.credential = Credential::Tokens(renewed);
            last.generation.0 += 1;
            Ok(())
        })
    }

    fn end(&self, _stamp: CredentialGeneration, _why: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
