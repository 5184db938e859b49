//! Every instance calls with every session right after its token has expired.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::server::Backend;
use crate::simulation::{Liveness, Simulation, StoreTime, TOKEN_LIFETIME, in_virtual_time};
use crate::tally::Tally;

const SESSIONS: usize = 20;
/// The number of concurrent calls per session and instance.
const CALLERS: usize = 4;

pub fn run(instances: usize, store_time: StoreTime) -> Tally {
    in_virtual_time(scenario(instances, store_time))
}

async fn scenario(instances: usize, store_time: StoreTime) -> Tally {
    let backend = Backend::new(Simulation::new(store_time, None));
    let liveness = Liveness::new();
    let fleet: Vec<_> = (0..instances)
        .map(|_| Arc::new(backend.instance(&liveness)))
        .collect();
    let mut ids = Vec::new();
    for _ in 0..SESSIONS {
        let signed_in = fleet[0].sign_in(backend.tokens()).await;
        ids.push(signed_in.expect("random numbers").id().clone());
    }
    // Every instance resumes every session before the expiry.
    let mut sessions = Vec::new();
    for instance in &fleet {
        for id in &ids {
            sessions.push(instance.resume_session(id).await.expect("the store works"));
        }
    }
    sleep(TOKEN_LIFETIME + Duration::from_secs(1)).await;
    let mut tally = Tally {
        sessions: SESSIONS,
        store_steps: backend.simulation.store_steps.load(SeqCst),
        ..Tally::default()
    };
    let mut calls = JoinSet::new();
    for session in sessions {
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
    tally.close(&backend);
    tally
}
