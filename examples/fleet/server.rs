//! The token server. A refresh token is valid once; the ledger counts each use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;
use vestibule::chrono::TimeDelta;
use vestibule::session::Tokens;
use vestibule::testing::{Instance, TokenFault, TokenServer};
use vestibule::{BoxFuture, Secret, Settings};

use crate::rewindable_store::RewindableStore;
use crate::simulation::{EXCHANGE_TIME, Liveness, Simulation, TOKEN_LIFETIME};
use crate::store::SimulatedStore;

#[derive(Default)]
pub struct TokenLedger {
    /// How often each refresh token was presented.
    presented: HashMap<String, u64>,
    issued: u64,
}

impl TokenLedger {
    pub fn refresh_tokens(&self) -> u64 {
        u64::try_from(self.presented.len()).expect("a count")
    }

    pub fn exchanges(&self) -> u64 {
        self.presented.values().sum()
    }
}

/// The store and the token server that all instances share.
#[derive(Clone)]
pub struct Backend {
    pub simulation: Arc<Simulation>,
    pub store: Arc<RewindableStore>,
    ledger: Arc<Mutex<TokenLedger>>,
}

impl Backend {
    pub fn new(simulation: Arc<Simulation>) -> Self {
        Self {
            simulation,
            store: Arc::default(),
            ledger: Arc::default(),
        }
    }

    pub fn ledger(&self) -> MutexGuard<'_, TokenLedger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Issues tokens for a sign-in or a refresh.
    pub fn tokens(&self) -> Tokens {
        let number = {
            let mut ledger = self.ledger();
            ledger.issued += 1;
            ledger.issued
        };
        let refresh = Secret::from(format!("refresh-{number}"));
        let mut tokens = Tokens::new(format!("access-{number}"), Some(refresh));
        let life = TimeDelta::from_std(TOKEN_LIFETIME).expect("an hour");
        tokens.expires_at = Some(self.simulation.now() + life);
        tokens
    }

    pub fn instance(&self, liveness: &Liveness) -> Instance {
        let store = SimulatedStore {
            store: self.store.clone(),
            simulation: self.simulation.clone(),
            liveness: liveness.clone(),
        };
        let connection = ServerConnection {
            backend: self.clone(),
            liveness: liveness.clone(),
        };
        let clock = self.simulation.clock();
        Instance::new(connection, Arc::new(store), clock, Settings::default())
    }
}

/// The token server, as one instance calls it.
struct ServerConnection {
    backend: Backend,
    liveness: Liveness,
}

impl TokenServer for ServerConnection {
    fn exchange<'a>(
        &'a self,
        refresh: &'a Secret,
        _within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, TokenFault>> {
        Box::pin(async move {
            self.liveness.check().await;
            sleep(EXCHANGE_TIME / 2).await;
            let is_first = {
                let mut ledger = self.backend.ledger();
                let times = ledger
                    .presented
                    .entry(refresh.expose().to_owned())
                    .or_default();
                *times += 1;
                *times == 1
            };
            sleep(EXCHANGE_TIME / 2).await;
            self.liveness.check().await;
            match is_first {
                true => Ok(self.backend.tokens()),
                false => Err(TokenFault::Rejected),
            }
        })
    }
}
