//! Telling the server that a session has ended, when it has ended here already.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::core::Core;
use super::material::Material;
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{Attached, Attempt, Bound, Deadline, Road, SessionCredential, Stamp};
use crate::secret::Secret;

/// The last credential of a session, for the one call that takes leave of the server. It knows
/// nothing of the store, where the session is gone.
#[derive(Clone)]
pub(crate) struct Farewell {
    core: Arc<Core>,
    road: Arc<Road>,
    last: Arc<Mutex<Last>>,
}

struct Last {
    material: Material,
    stamp: Stamp,
    /// Whether the server will never renew it.
    refused: bool,
}

impl std::fmt::Debug for Farewell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Farewell({:?})", self.core)
    }
}

impl Farewell {
    /// Takes the newest credential, after an exchange that may be under way.
    pub(super) async fn of(core: Arc<Core>, road: Arc<Road>) -> Self {
        let material = core.last_material().await;
        let last = Last {
            material,
            stamp: Stamp(0),
            refused: core.lock().is_refused(),
        };
        Self {
            core,
            road,
            last: Arc::new(Mutex::new(last)),
        }
    }

    /// A stale token is renewed first: the refresh token that is handed back must be the newest.
    #[cfg(feature = "wunder")]
    pub(crate) async fn freshen(&self) -> Result<(), Error> {
        if !self.is_stale() {
            return Ok(());
        }
        let stamp = self.lock().stamp;
        let deadline = Deadline::after(self.road.settings.deadline);
        self.renew(stamp, deadline).await
    }

    #[cfg(feature = "wunder")]
    pub(crate) fn refresh_token(&self) -> Option<Secret> {
        match &self.lock().material {
            Material::Tokens(tokens) => tokens.refresh.clone(),
            #[cfg(feature = "fynd")]
            Material::Cookies(_) => None,
        }
    }

    /// Calls with this credential.
    pub(crate) fn bound(&self) -> Bound {
        Bound::new(self.road.clone()).with_credential(Arc::new(self.clone()))
    }

    fn is_stale(&self) -> bool {
        match &self.lock().material {
            Material::Tokens(tokens) => tokens
                .expires_at
                .is_some_and(|end| end <= self.road.time.now()),
            #[cfg(feature = "fynd")]
            Material::Cookies(_) => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SessionCredential for Farewell {
    fn attach(&self, attempt: &mut Attempt, even_stale: bool) -> Result<Attached, Error> {
        let stale = self.is_stale();
        let last = self.lock();
        match &last.material {
            Material::Tokens(_) if stale && !even_stale => Ok(Attached::Stale(last.stamp)),
            Material::Tokens(tokens) => {
                attempt.set_bearer(&tokens.access)?;
                Ok(Attached::Fresh(last.stamp))
            }
            #[cfg(feature = "fynd")]
            Material::Cookies(jar) => {
                jar.attach(attempt, self.road.time.now())?;
                Ok(Attached::Fresh(last.stamp))
            }
        }
    }

    fn renew(&self, stamp: Stamp, deadline: Deadline) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let ended = || Error::new(ErrorKind::SignInAgain, "the session has ended");
            let renewal = self.core.renewal.clone().ok_or_else(ended)?;
            let former = match &*self.lock() {
                Last { stamp: newer, .. } if *newer != stamp => return Ok(()),
                Last { refused: true, .. } => return Err(ended()),
                Last {
                    material: Material::Tokens(tokens),
                    ..
                } => tokens.clone(),
                #[cfg(feature = "fynd")]
                Last { .. } => return Err(ended()),
            };
            let renewed = renewal.renew(&former, deadline.remaining()).await?;
            let mut renewed = renewed.answered(self.core.host.system)?;
            renewed.refresh = renewed.refresh.or(former.refresh);
            let mut last = self.lock();
            last.material = Material::Tokens(renewed);
            last.stamp.0 += 1;
            Ok(())
        })
    }

    fn end(&self, _stamp: Stamp, _why: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
