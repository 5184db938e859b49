//! One session: its credential, its renewal, its end.
//!
//! A renewal is single-flight: whoever finds the credential stale joins the one exchange that
//! runs. It runs in a task of its own that saves the result, so a caller that is dropped while it
//! waits loses nothing.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use chrono::TimeDelta;
use http::{HeaderMap, header};
use tokio::sync::watch;
use tokio::time::timeout_at;

use super::exchange::Exchanged;
use super::host::Host;
use super::material::Material;
use super::store::{StoreKey, Version};
use super::tokens::Tokens;
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::pipeline::{Attached, Attempt, Deadline, Operation, SessionCredential, Stamp};
use crate::secret::Secret;

/// A token that ends sooner than this is not sent any more: it would end on the way.
const EXPIRY_LEEWAY: TimeDelta = TimeDelta::seconds(5);

/// How one system gets new tokens for old ones.
pub(crate) trait Renew: Send + Sync {
    /// A refusal ends the session, any other error leaves it as it is.
    fn renew<'a>(&'a self, current: &'a Tokens) -> BoxFuture<'a, Result<Tokens, Error>>;
}

/// One session of this process.
pub(crate) struct Core {
    pub(super) me: Weak<Core>,
    pub(super) host: Arc<Host>,
    id: Secret,
    pub(super) key: StoreKey,
    pub(super) renewal: Option<Arc<dyn Renew>>,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) material: Material,
    /// Counts the credentials of this session in this process.
    pub(super) stamp: Stamp,
    /// The version of the stored record that the material came from or went to.
    pub(super) version: Version,
    pub(super) ended: Option<&'static str>,
    /// Whether the server may still renew the credential.
    pub(super) renewable: bool,
    /// Whether the server has rejected the present credential.
    pub(super) rejected: bool,
    pub(super) exchange: Option<watch::Receiver<Option<Exchanged>>>,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} {})", self.host.system, self.key)
    }
}

impl Core {
    pub(super) fn new(
        host: Arc<Host>,
        id: Secret,
        key: StoreKey,
        material: Material,
        version: Version,
        renewal: Option<Arc<dyn Renew>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            host,
            id,
            key,
            renewal,
            state: Mutex::new(State {
                material,
                stamp: Stamp(0),
                version,
                ended: None,
                renewable: true,
                rejected: false,
                exchange: None,
            }),
        })
    }

    pub(crate) fn id(&self) -> &Secret {
        &self.id
    }

    pub(crate) fn ended(&self) -> Option<&'static str> {
        self.lock().ended
    }

    /// An access token that is good for now, renewed if it must be.
    pub(crate) async fn access_token(&self) -> Result<Secret, Error> {
        let deadline = Deadline::after(self.host.settings.deadline);
        let (token, attached) = self.token()?;
        match attached {
            Attached::Stale(stamp) => {
                self.renew(stamp, deadline).await?;
                self.token().map(|(token, _)| token)
            }
            Attached::Fresh(_) | Attached::Nothing => Ok(token),
        }
    }

    pub(crate) fn refresh_token(&self) -> Option<Secret> {
        match &self.lock().material {
            Material::Tokens(tokens) => tokens.refresh.clone(),
            #[cfg(feature = "fynd")]
            Material::Cookies(_) => None,
        }
    }

    /// Ends the session here and removes it from the store.
    pub(crate) async fn close(&self, why: &'static str) -> Result<(), Error> {
        self.lock().ended.get_or_insert(why);
        self.host
            .store
            .delete(&self.key)
            .await
            .map_err(|error| self.host.store_failed(error))
    }

    /// The state is only ever replaced as a whole or by one assignment, so a panic elsewhere
    /// leaves it consistent.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended_error(&self, why: &'static str) -> Error {
        Error::new(
            ErrorKind::SignInAgain,
            format!("the session has ended: {why}"),
        )
        .of(self.host.system)
    }

    /// Whether the credential would end on the way.
    pub(super) fn is_stale(&self, state: &State) -> bool {
        self.ends_within(state, EXPIRY_LEEWAY)
    }

    fn ends_within(&self, state: &State, time: TimeDelta) -> bool {
        match &state.material {
            Material::Tokens(tokens) => tokens
                .expires_at
                .is_some_and(|end| end - self.host.clock.now() <= time),
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
        let early = self.host.settings.renew_before_expiry;
        if self.ends_within(&state, TimeDelta::from_std(early).unwrap_or(TimeDelta::MAX))
            && state.exchange.is_none()
        {
            self.begin_exchange(&mut state);
        }
        Ok((tokens.access, Attached::Fresh(stamp)))
    }
}

impl SessionCredential for Core {
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
                jar.attach(attempt, self.host.clock.now())?;
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
        Box::pin(async move {
            let exchange = {
                let mut state = self.lock();
                if let Some(why) = state.ended {
                    return Err(self.ended_error(why));
                }
                if state.stamp != stamp {
                    return Ok(());
                }
                state.rejected = true;
                match state.exchange.clone() {
                    Some(running) => Some(running),
                    None if self.renewal.is_some() && state.renewable => {
                        let begun = self.begin_exchange(&mut state);
                        if begun.is_none() {
                            let message = "the client is shutting down";
                            return Err(
                                Error::new(ErrorKind::TryLater, message).of(self.host.system)
                            );
                        }
                        begun
                    }
                    None => None,
                }
            };
            let Some(mut exchange) = exchange else {
                let why = "its credential has expired and cannot be renewed";
                self.close(why).await?;
                return Err(self.ended_error(why));
            };
            let waited = timeout_at(deadline.end(), exchange.wait_for(Option::is_some)).await;
            let later = |message| Error::new(ErrorKind::TryLater, message).of(self.host.system);
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
        })
    }

    fn observe<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, Result<(), Error>> {
        #[cfg(feature = "fynd")]
        if headers.contains_key(header::SET_COOKIE) {
            return Box::pin(self.keep_cookies(headers));
        }
        let _ = headers;
        Box::pin(std::future::ready(Ok(())))
    }

    fn end(&self, why: &'static str) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Err(error) = self.close(why).await {
                tracing::warn!(session = %self.key, %error, "an ended session is still stored");
            }
        })
    }
}
