//! Every instance calls with every session at the moment at which its token ends.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::server::Centre;
use crate::simulation::{Alive, Simulation, TOKEN_LIFE, in_virtual_time};
use crate::tally::Tally;

const SESSIONS: usize = 20;
/// How many calls of one session wait at each instance.
const CALLERS: usize = 4;

pub fn play(instances: usize) -> Tally {
    in_virtual_time(scene(instances))
}

async fn scene(instances: usize) -> Tally {
    let centre = Centre::new(Simulation::new(None));
    let alive = Alive::new();
    let fleet: Vec<_> = (0..instances)
        .map(|_| Arc::new(centre.instance(&alive)))
        .collect();
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let signed_in = fleet[0].sign_in(centre.tokens()).await;
        sessions.push(signed_in.expect("random numbers").id().clone());
    }
    // Every instance has every session at hand, as it stands.
    let mut at_hand = Vec::new();
    for instance in &fleet {
        for id in &sessions {
            at_hand.push(instance.session(id).await.expect("the store works"));
        }
    }
    sleep(TOKEN_LIFE + Duration::from_secs(1)).await;
    let mut tally = Tally {
        sessions: SESSIONS,
        store_steps: centre.simulation.store_steps.load(SeqCst),
        ..Tally::default()
    };
    let mut calls = JoinSet::new();
    for session in at_hand {
        for _ in 0..CALLERS {
            let session = session.clone();
            calls.spawn(async move {
                let began = Instant::now();
                let called = session.access_token().await;
                (began.elapsed(), called.err().map(|error| error.kind()))
            });
        }
    }
    for (waited, error) in calls.join_all().await {
        tally.call(waited, error);
    }
    tally.close(&centre);
    tally
}
