//! Calls at a steady rate on one session, for many lifetimes of its token: none waits for a refresh while
//! the token is valid.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};
use vestibule::session::Tokens;
use vestibule::wunder::Client;
use vestibule::{Event, Observer, RefreshOutcome};
use vestibule_benches::profile::access_token;
use vestibule_benches::server::{REFRESH, SHORT_LIFE, Server};
use vestibule_benches::table::{at_most, figure};

const LIFETIMES: usize = 20;
const PER_TICK: usize = 4;
const TICK: Duration = Duration::from_millis(2);

/// When each refresh began and ended.
#[derive(Clone, Default)]
struct Refreshes(Arc<Mutex<Vec<(Instant, Instant)>>>);

impl Observer for Refreshes {
    fn observe(&self, event: &Event<'_>) {
        if let Event::Refresh {
            outcome, elapsed, ..
        } = event
        {
            assert_eq!(*outcome, RefreshOutcome::Refreshed);
            let end = Instant::now();
            self.0.lock().expect("no panic").push((end - *elapsed, end));
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = Server::start().expect("the server");
    let refreshes = Refreshes::default();
    let client = Client::builder(format!("{}/v1", server.address()))
        .tenant("short")
        .observer(refreshes.clone())
        .build()
        .expect("a client");
    // It has expired, so that the first call gets a token of the server.
    let tokens = Tokens::new(access_token(1_700_000_000), Some("refresh".into()));
    let session = client.resume_with_tokens(tokens).await.expect("a session");
    session.profile().await.expect("a profile");

    let mut calls = JoinSet::new();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let end = Instant::now() + Duration::from_secs(SHORT_LIFE) * LIFETIMES as u32;
    let mut times = Vec::new();
    while Instant::now() < end {
        ticks.tick().await;
        for _ in 0..PER_TICK {
            let session = session.clone();
            calls.spawn(async move {
                let began = Instant::now();
                session.profile().await.expect("a profile");
                (began, Instant::now())
            });
        }
        while let Some(call) = calls.try_join_next() {
            times.push(call.expect("no panic"));
        }
    }
    while let Some(call) = calls.join_next().await {
        times.push(call.expect("no panic"));
    }

    // The first was for the token that had expired.
    let refreshes = refreshes.0.lock().expect("no panic")[1..].to_vec();
    assert!(
        refreshes.len() >= LIFETIMES,
        "{} refreshes",
        refreshes.len()
    );
    let overlaps = |(began, ended): (Instant, Instant)| {
        let mut refreshes = refreshes.iter();
        refreshes.any(|(from, to)| began < *to && *from < ended)
    };
    let (mut during, mut between) = (Vec::new(), Vec::new());
    for call in &times {
        let took = (call.1 - call.0).as_secs_f64();
        if overlaps(*call) {
            during.push(took);
        } else {
            between.push(took);
        }
    }
    let waited = during
        .iter()
        .filter(|took| **took >= REFRESH.as_secs_f64() / 2.0);
    figure(
        "refresh/calls-that-waited-for-an-early-refresh",
        waited.count() as f64,
        0.0,
        0.0,
    );
    at_most(
        "refresh/p99-microseconds-during:between",
        p99(&mut during) * 1e6,
        p99(&mut between) * 1e6,
        1.2,
    );
    eprintln!(
        "{} calls, {} of them during {} refreshes",
        times.len(),
        during.len(),
        refreshes.len()
    );
}

fn p99(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() * 99 / 100]
}
