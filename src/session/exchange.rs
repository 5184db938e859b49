//! The exchange of old tokens for new ones: one at a time, in a task that nobody can drop.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::core::{Core, Renew, State};
use super::material::Material;
use super::store::StoreError;
use super::tokens::Tokens;
use crate::error::{Delivery, ErrorKind};

/// How often saving renewed tokens is tried in the background.
const SAVE_TRIES: u32 = 8;

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

    /// Replaces the credential and saves it; the newest refresh token always wins.
    async fn replace(&self, mut tokens: Tokens) -> bool {
        let (record, version) = {
            let mut state = self.lock();
            if let Material::Tokens(old) = &state.material {
                tokens.refresh = tokens.refresh.or_else(|| old.refresh.clone());
            }
            state.material = Material::Tokens(tokens);
            (
                state.material.to_record(self.host.system.name()),
                state.version,
            )
        };
        let Ok(record) = record else { return false };
        let saved = self
            .host
            .store
            .compare_and_swap(&self.key, version, record, self.host.time_to_live())
            .await;
        let mut state = self.lock();
        state.stamp.0 += 1;
        match saved {
            Ok(version) => {
                state.version = version;
                true
            }
            Err(StoreError::Conflict) => true,
            Err(error) => {
                tracing::warn!(session = %self.key, %error, "renewed tokens are not saved yet");
                false
            }
        }
    }

    /// Saves what is in memory, for as long as the store may come back.
    async fn save_again(&self) {
        for attempt in 0..SAVE_TRIES {
            self.host
                .clock
                .sleep(Duration::from_millis(100 << attempt))
                .await;
            let (record, version) = {
                let state = self.lock();
                (
                    state.material.to_record(self.host.system.name()),
                    state.version,
                )
            };
            let Ok(record) = record else { return };
            let time_to_live = self.host.time_to_live();
            let store = &self.host.store;
            match store
                .compare_and_swap(&self.key, version, record, time_to_live)
                .await
            {
                Ok(version) => {
                    self.lock().version = version;
                    return;
                }
                Err(StoreError::Conflict) => return,
                Err(_) => {}
            }
        }
        tracing::error!(session = %self.key, "renewed tokens could not be saved");
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
                ErrorKind::Refused | ErrorKind::SignInAgain => {
                    let why = "the server refused to renew it";
                    let _ = self.core.close(why).await;
                    Exchanged::Ended(why)
                }
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
