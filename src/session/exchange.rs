//! The exchange of old tokens for new ones: one at a time, in a task that nobody can drop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::core::{Core, Renew, State};
use super::material::Material;
use super::saving::Saved;
use super::tokens::Tokens;
use crate::error::{Delivery, ErrorKind};
use crate::pipeline::SessionCredential;

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

impl Core {
    /// Starts the one exchange of this credential, in a task that nobody can drop.
    pub(super) fn begin_exchange(
        &self,
        state: &mut State,
    ) -> Option<watch::Receiver<Option<Exchanged>>> {
        let core = self.me.upgrade()?;
        let renewal = self.renewal.clone()?;
        let Material::Tokens(tokens) = state.material.clone() else {
            return None;
        };
        if !state.renewable {
            return None;
        }
        let running = self.host.exchanges.begin()?;
        let (announce, result) = watch::channel(None);
        state.exchange = Some(result.clone());
        tokio::spawn(async move {
            let exchange = Exchange { core, announce };
            exchange.run(&*renewal, tokens).await;
            drop(running);
        });
        Some(result)
    }

    /// The server will never renew this credential. One that is still good is used to its end, a
    /// rejected or ended one ends the session.
    async fn refused(&self) -> Exchanged {
        let why = "the server refused to renew it";
        let still_good = {
            let mut state = self.lock();
            state.renewable = false;
            !state.rejected && !self.is_stale(&state)
        };
        if !still_good {
            self.end(why).await;
        }
        Exchanged::Ended(why)
    }

    /// Saves new tokens and only then lets anybody use them. While the store fails they are used
    /// all the same, because the old ones are spent; answers whether they are saved.
    async fn replace(&self, mut tokens: Tokens) -> bool {
        tokens.refresh = tokens.refresh.or_else(|| self.refresh_token());
        let material = Material::Tokens(tokens);
        let saved = self.save(|| material.clone()).await;
        let mut state = self.lock();
        state.material = material;
        state.stamp.0 += 1;
        state.rejected = false;
        match saved {
            Ok(Saved::Stored) => true,
            Ok(Saved::Gone) => {
                state.ended.get_or_insert("it was ended elsewhere");
                true
            }
            Err(error) => {
                tracing::warn!(session = %self.key, %error, "renewed tokens are not saved yet");
                false
            }
        }
    }
}

/// A running exchange; when it is over, however that happens, a next one may begin.
struct Exchange {
    core: Arc<Core>,
    announce: watch::Sender<Option<Exchanged>>,
}

impl Exchange {
    async fn run(self, renewal: &dyn Renew, tokens: Tokens) {
        tracing::debug!(session = %self.core.key, "renewing");
        let mut saved = true;
        let outcome = match renewal.renew(&tokens).await {
            Ok(renewed) => {
                saved = self.core.replace(renewed).await;
                Exchanged::Renewed
            }
            Err(error) => match error.kind() {
                ErrorKind::Refused | ErrorKind::SignInAgain => self.core.refused().await,
                kind => Exchanged::Failed {
                    kind,
                    delivery: error.delivery(),
                    retry_after: error.retry_after(),
                },
            },
        };
        let core = self.core.clone();
        core.lock().exchange = None;
        self.announce.send_replace(Some(outcome));
        drop(self);
        if !saved {
            core.save_again().await;
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.announce.borrow().is_none() {
            self.core.lock().exchange = None;
        }
    }
}
