//! Kills processes at random moments of a refresh, repeatedly.

use std::time::{Duration, Instant};

use super::fixture::Fixture;
use super::killed::INTERRUPTED;
use super::protocol::StoreLocation;
use super::store_server::StoreServer;
use super::support;
use super::workers::Worker;

const RUNS_OF_A_LANE: usize = 10;
const LANES: u64 = 10;

/// The outcomes of the runs.
#[derive(Debug, Default)]
struct Tally {
    runs: usize,
    /// The server had not processed the killed refresh: the other refreshed the session.
    refreshed: usize,
    /// Its result was stored: the other adopted it.
    adopted: usize,
    /// Its result was lost: the other ended the session.
    ended: usize,
    /// The other ended it although the server would still have accepted the stored token.
    lost: usize,
}

/// Consecutive runs, with a separate server.
struct Lane {
    fixture: Fixture,
    other: Worker,
    random: u64,
    tally: Tally,
}

impl Lane {
    async fn new(location: StoreLocation, seed: u64) -> Self {
        let mut fixture = Fixture::on(location).await;
        fixture
            .mock
            .delay("refresh_token", Duration::from_millis(20));
        let other = Worker::start(&fixture.setup).await;
        fixture.setup.slowness = Duration::from_millis(20);
        Self {
            fixture,
            other,
            random: seed,
            tally: Tally::default(),
        }
    }

    /// Measures how long a refresh takes the holder, if it is not killed.
    async fn refresh_duration(&self) -> Duration {
        let session = self.fixture.sign_in_expired("+43660000000").await;
        let mut holder = Worker::start(&self.fixture.setup).await;
        let began = Instant::now();
        assert_eq!(holder.call(&session, 1).await.succeeded, 1);
        began.elapsed()
    }

    async fn run(&mut self, phone: &str, longest: Duration) {
        let Self { fixture, other, .. } = self;
        let session = fixture.sign_in_expired(phone).await;
        let former = fixture.stored_refresh(&session).await.unwrap();
        let mut holder = Worker::start(&fixture.setup).await;
        holder.begin_calls(&session, 3).await;
        let alive = longest.mul_f64(fraction(&mut self.random));
        tokio::time::sleep(alive).await;
        holder.kill().await;

        let stored = fixture.stored_refresh(&session).await.unwrap();
        let called = other.call(&session, 3).await;
        self.tally.runs += 1;
        if called.failures.is_empty() {
            let refreshed = fixture.stored_refresh(&session).await.unwrap();
            assert!(fixture.mock.accepts_refresh_token(&refreshed));
            match stored == former {
                true => self.tally.refreshed += 1,
                false => self.tally.adopted += 1,
            }
            return;
        }
        for failure in &called.failures {
            assert_eq!(failure.kind, "Unauthenticated", "{failure:?}");
        }
        self.tally.ended += 1;
        let tokens = called.deleted.iter().chain([&stored]);
        let still_valid = tokens
            .into_iter()
            .any(|token| fixture.mock.accepts_refresh_token(token));
        let as_documented = called.failures.iter().all(|failure| {
            failure.message.contains(INTERRUPTED) && failure.ended.as_deref() == Some(INTERRUPTED)
        });
        self.tally.lost += usize::from(still_valid);
        assert!(as_documented, "{:?}", called.failures);
    }
}

/// From 0 to 1, by splitmix64: a seed reproduces its runs.
pub fn fraction(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    f64::from((mixed >> 32) as u32) / f64::from(u32::MAX)
}

/// A hundred runs, whose lanes take the places in turn.
async fn a_hundred_kills(proof: &str, places: &[StoreLocation]) {
    let mut lanes = Vec::new();
    for (seed, location) in (0..LANES).zip(places.iter().cycle()) {
        let location = location.clone();
        lanes.push(tokio::spawn(async move {
            let mut lane = Lane::new(location, seed).await;
            let longest = lane.refresh_duration().await;
            for run in 0..RUNS_OF_A_LANE {
                lane.run(&format!("+4312345678{run}"), longest).await;
            }
            lane.tally
        }));
    }
    let mut all = Tally::default();
    for lane in lanes {
        let tally = lane.await.unwrap();
        all.runs += tally.runs;
        all.refreshed += tally.refreshed;
        all.adopted += tally.adopted;
        all.ended += tally.ended;
        all.lost += tally.lost;
    }
    support::proof(proof, &format!("runs={} lost={}", all.runs, all.lost));
    assert_eq!((all.runs, all.lost), (100, 0), "{all:?}");
    let moments = [all.refreshed, all.adopted, all.ended];
    assert!(
        moments.iter().all(|&runs| runs >= 3),
        "not every moment was hit: {all:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_refreshes_killed_at_random_lose_no_recoverable_session() {
    let redis = StoreServer::redis();
    let folder = tempfile::tempdir().unwrap();
    let sqlite = StoreLocation::Sqlite(folder.path().join("sessions.db"));
    a_hundred_kills("kill-9", &[redis.location(), sqlite]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_refreshes_killed_at_random_lose_no_recoverable_session_on_postgres() {
    let postgres = StoreServer::postgres();
    a_hundred_kills("kill-9-postgres", &[postgres.location()]).await;
}
