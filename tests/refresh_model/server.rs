//! The one token server of all instances, as one of them reaches it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use vestibule::session::Tokens;
use vestibule::testing::{TokenFault, TokenServer};
use vestibule::{BoxFuture, Secret, chrono};

use super::mutant::Mutant;
use super::rng::Rng;
use super::seen::Answer;
use super::simulation::Simulation;
use super::watcher::Watcher;

pub struct Line {
    pub instance: usize,
    pub simulation: Arc<Simulation>,
    pub watcher: Arc<Watcher>,
    pub rng: Mutex<Rng>,
    pub mutant: Option<Mutant>,
}

/// The tokens of one rotation.
pub fn tokens(simulation: &Simulation, watcher: &Watcher, rotation: u64) -> Tokens {
    let life = chrono::TimeDelta::from_std(simulation.plan.token_life).expect("short");
    let end = simulation.now() + life;
    watcher.issued(rotation, end);
    let refresh = Secret::from(format!("r-{rotation}"));
    let mut tokens = Tokens::new(format!("a-{rotation}"), Some(refresh));
    tokens.expires_at = Some(end);
    tokens
}

pub fn rotation_of(token: &Secret) -> u64 {
    let number = token.expose().get(2..).expect("a token of ours");
    number.parse().expect("a token of ours")
}

/// Somebody who waits for an answer; who stops waiting has none.
struct Waiting<'a> {
    watcher: &'a Watcher,
    presented: usize,
}

impl Waiting<'_> {
    fn learns(&self, answer: Answer) {
        self.watcher.answered(self.presented, answer);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.learns(Answer::None);
    }
}

impl Line {
    /// How long the way takes there and back, and what goes wrong on it.
    fn fate(&self) -> (Duration, Duration, bool, bool, bool) {
        let weather = self.simulation.plan.server;
        let mut rng = self.rng.lock().expect("nobody panics");
        let mut rough = |per_mille| !self.simulation.is_calm() && rng.chance(per_mille);
        let slow = (rough(weather.slow), rough(weather.slow));
        let faults = (
            rough(weather.fails_before),
            rough(weather.fails_after),
            rough(weather.late),
        );
        let mut wait = |slow| match slow {
            true => rng.millis(300, 15_000),
            false => rng.millis(1, 200),
        };
        (wait(slow.0), wait(slow.1), faults.0, faults.1, faults.2)
    }

    async fn thaw(&self) {
        if self.simulation.thaw(self.instance).await {
            self.watcher.trouble(self.instance);
        }
    }

    async fn ask(&self, rotation: u64, within: Duration) -> Result<Tokens, TokenFault> {
        self.thaw().await;
        let (there, back, unsent, lost, failing) = self.fate();
        if unsent {
            sleep(back.min(within)).await;
            return Err(TokenFault::NotSent);
        }
        if there.max(back) >= Duration::from_millis(300) {
            self.watcher.delay(self.instance);
        }
        let presented = self.watcher.presents(self.instance, rotation);
        let waiting = Waiting {
            watcher: &self.watcher,
            presented,
        };
        let (tell, told) = oneshot::channel();
        let (simulation, watcher) = (self.simulation.clone(), self.watcher.clone());
        // What has left arrives, whether or not anybody still waits for the answer.
        tokio::spawn(async move {
            sleep(there).await;
            let answer = if failing {
                Err(TokenFault::Failed)
            } else {
                let next = watcher.serves(presented);
                next.map(|next| tokens(&simulation, &watcher, next))
                    .ok_or(TokenFault::Rejected)
            };
            sleep(back).await;
            let _ = tell.send(answer);
        });
        let answer = match lost {
            true => {
                sleep((there + back).min(within)).await;
                Err(TokenFault::NoResponse)
            }
            false => match timeout(within, told).await {
                Ok(Ok(answer)) => answer,
                _ => Err(TokenFault::NoResponse),
            },
        };
        self.thaw().await;
        waiting.learns(match &answer {
            Ok(tokens) => Answer::Granted(rotation_of(tokens.refresh.as_ref().expect("rotated"))),
            Err(TokenFault::Rejected) => Answer::Refused,
            Err(TokenFault::Failed) => Answer::Failed,
            Err(_) => Answer::None,
        });
        answer
    }
}

impl TokenServer for Line {
    fn exchange<'a>(
        &'a self,
        refresh: &'a Secret,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, TokenFault>> {
        Box::pin(async move {
            let answer = self.ask(rotation_of(refresh), within).await;
            match (self.mutant, answer) {
                (Some(Mutant::TakesFaultsForRefusals), Err(_)) => Err(TokenFault::Rejected),
                (Some(Mutant::TakesLostForUnsent), Err(TokenFault::NoResponse)) => {
                    Err(TokenFault::NotSent)
                }
                (Some(Mutant::DropsRefreshTokens), Ok(mut tokens)) => {
                    tokens.refresh = None;
                    Ok(tokens)
                }
                (_, answer) => answer,
            }
        })
    }
}
