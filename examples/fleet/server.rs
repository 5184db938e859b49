//! The one token server. A refresh token is good once; presenting it again is counted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;
use vestibule::chrono::TimeDelta;
use vestibule::session::Tokens;
use vestibule::store::MemoryStore;
use vestibule::testing::{Instance, TokenFault, TokenServer};
use vestibule::{BoxFuture, Secret, Settings};

use crate::simulation::{Alive, SERVER_TRIP, Simulation, TOKEN_LIFE};
use crate::store::Reached;

#[derive(Default)]
pub struct Ledger {
    /// How often each refresh token was presented.
    presented: HashMap<String, u64>,
    issued: u64,
}

impl Ledger {
    pub fn refresh_tokens(&self) -> u64 {
        u64::try_from(self.presented.len()).expect("a count")
    }

    pub fn in_flight_tasks(&self) -> u64 {
        self.presented.values().sum()
    }
}

/// What all instances share.
#[derive(Clone)]
pub struct Centre {
    pub simulation: Arc<Simulation>,
    store: Arc<MemoryStore>,
    ledger: Arc<Mutex<Ledger>>,
}

impl Centre {
    pub fn new(simulation: Arc<Simulation>) -> Self {
        Self {
            simulation,
            store: Arc::new(MemoryStore::new()),
            ledger: Arc::default(),
        }
    }

    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tokens of a user who has just signed in, or has had them refreshed.
    pub fn tokens(&self) -> Tokens {
        let number = {
            let mut ledger = self.ledger();
            ledger.issued += 1;
            ledger.issued
        };
        let refresh = Secret::from(format!("refresh-{number}"));
        let mut tokens = Tokens::new(format!("access-{number}"), Some(refresh));
        let life = TimeDelta::from_std(TOKEN_LIFE).expect("an hour");
        tokens.expires_at = Some(self.simulation.now() + life);
        tokens
    }

    pub fn instance(&self, alive: &Alive) -> Instance {
        let store = Reached {
            store: self.store.clone(),
            simulation: self.simulation.clone(),
            alive: alive.clone(),
        };
        let line = Line {
            centre: self.clone(),
            alive: alive.clone(),
        };
        let clock = self.simulation.clock();
        Instance::new(line, Arc::new(store), clock, Settings::default())
    }
}

/// The server as one instance reaches it.
struct Line {
    centre: Centre,
    alive: Alive,
}

impl TokenServer for Line {
    fn exchange<'a>(
        &'a self,
        refresh: &'a Secret,
        _within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, TokenFault>> {
        Box::pin(async move {
            self.alive.check().await;
            sleep(SERVER_TRIP / 2).await;
            let is_first = {
                let mut ledger = self.centre.ledger();
                let times = ledger
                    .presented
                    .entry(refresh.expose().to_owned())
                    .or_default();
                *times += 1;
                *times == 1
            };
            sleep(SERVER_TRIP / 2).await;
            self.alive.check().await;
            match is_first {
                true => Ok(self.centre.tokens()),
                false => Err(TokenFault::Rejected),
            }
        })
    }
}
