//! The shared token server, as one instance reaches it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use vestibule::session::Tokens;
use vestibule::testing::{TokenFault, TokenServer};
use vestibule::{BoxFuture, Secret, chrono};

use super::checker::Checker;
use super::mutant::Mutant;
use super::observations::ExchangeOutcome;
use super::rng::Rng;
use super::simulation::Simulation;

pub struct TokenEndpoint {
    pub instance: usize,
    pub simulation: Arc<Simulation>,
    pub checker: Arc<Checker>,
    pub rng: Mutex<Rng>,
    pub mutant: Option<Mutant>,
}

/// The tokens of one rotation.
pub fn tokens(simulation: &Simulation, checker: &Checker, rotation: u64) -> Tokens {
    let life = chrono::TimeDelta::from_std(simulation.plan.token_life).expect("short");
    let end = simulation.now() + life;
    checker.issued(rotation, end);
    let refresh = Secret::from(format!("r-{rotation}"));
    let mut tokens = Tokens::new(format!("a-{rotation}"), Some(refresh));
    tokens.expires_at = Some(end);
    tokens
}

pub fn rotation_of(token: &Secret) -> u64 {
    let number = token.expose().get(2..).expect("a token of the model");
    number.parse().expect("a token of the model")
}

/// An exchange whose caller waits for the response; a dropped caller gets none.
struct PendingExchange<'a> {
    checker: &'a Checker,
    presented: usize,
}

impl PendingExchange<'_> {
    fn learns(&self, response: ExchangeOutcome) {
        self.checker.responded(self.presented, response);
    }
}

impl Drop for PendingExchange<'_> {
    fn drop(&mut self) {
        self.learns(ExchangeOutcome::None);
    }
}

impl TokenEndpoint {
    /// Latency of the request and of the response, and the faults on the way.
    fn faults_of_step(&self) -> (Duration, Duration, bool, bool, bool) {
        let rates = self.simulation.plan.server;
        let mut rng = self.rng.lock().expect("the lock is not poisoned");
        let mut rough = |per_mille| !self.simulation.is_calm() && rng.chance(per_mille);
        let slow = (rough(rates.slow), rough(rates.slow));
        let faults = (
            rough(rates.fails_before),
            rough(rates.fails_after),
            rough(rates.late),
        );
        let mut wait = |slow| match slow {
            true => rng.millis(300, 15_000),
            false => rng.millis(1, 200),
        };
        (wait(slow.0), wait(slow.1), faults.0, faults.1, faults.2)
    }

    async fn thaw(&self) {
        if self.simulation.thaw(self.instance).await {
            self.checker.fault_hit(self.instance);
        }
    }

    async fn ask(&self, rotation: u64, within: Duration) -> Result<Tokens, TokenFault> {
        self.thaw().await;
        let (there, back, unsent, lost, failing) = self.faults_of_step();
        if unsent {
            sleep(back.min(within)).await;
            return Err(TokenFault::NotSent);
        }
        if there.max(back) >= Duration::from_millis(300) {
            self.checker.delay(self.instance);
        }
        let presented = self.checker.presents(self.instance, rotation);
        let waiting = PendingExchange {
            checker: &self.checker,
            presented,
        };
        let (sender, receiver) = oneshot::channel();
        let (simulation, checker) = (self.simulation.clone(), self.checker.clone());
        // A sent request arrives even if its caller no longer waits.
        tokio::spawn(async move {
            sleep(there).await;
            let response = if failing {
                Err(TokenFault::Failed)
            } else {
                let next = checker.serves(presented);
                next.map(|next| tokens(&simulation, &checker, next))
                    .ok_or(TokenFault::Rejected)
            };
            sleep(back).await;
            let _ = sender.send(response);
        });
        let response = match lost {
            true => {
                sleep((there + back).min(within)).await;
                Err(TokenFault::NoResponse)
            }
            false => match timeout(within, receiver).await {
                Ok(Ok(response)) => response,
                _ => Err(TokenFault::NoResponse),
            },
        };
        self.thaw().await;
        waiting.learns(match &response {
            Ok(tokens) => {
                ExchangeOutcome::Granted(rotation_of(tokens.refresh.as_ref().expect("rotated")))
            }
            Err(TokenFault::Rejected) => ExchangeOutcome::Refused,
            Err(TokenFault::Failed) => ExchangeOutcome::Failed,
            Err(_) => ExchangeOutcome::None,
        });
        response
    }
}

impl TokenServer for TokenEndpoint {
    fn exchange<'a>(
        &'a self,
        refresh: &'a Secret,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, TokenFault>> {
        Box::pin(async move {
            let response = self.ask(rotation_of(refresh), within).await;
            match (self.mutant, response) {
                (Some(Mutant::TreatsFailuresAsRefusals), Err(_)) => Err(TokenFault::Rejected),
                (Some(Mutant::TreatsLostAsUnsent), Err(TokenFault::NoResponse)) => {
                    Err(TokenFault::NotSent)
                }
                (Some(Mutant::DropsRefreshTokens), Ok(mut tokens)) => {
                    tokens.refresh = None;
                    Ok(tokens)
                }
                (_, response) => response,
            }
        })
    }
}
