//! Virtual time, and what goes wrong in it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use vestibule::chrono::{DateTime, TimeDelta, Utc};
use vestibule::{BoxFuture, Clock};

const EPOCH: DateTime<Utc> = DateTime::from_timestamp(1_750_000_000, 0).expect("a time");

/// How long an access token lives.
pub const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// One way to the store and back, as of a Redis in the same data centre.
pub const STORE_TRIP: Duration = Duration::from_millis(1);

/// One exchange at the token server, as over the internet.
pub const SERVER_TRIP: Duration = Duration::from_millis(150);

pub struct Simulation {
    start: Instant,
    /// When the store is away.
    outage: Option<(Duration, Duration)>,
    pub store_steps: AtomicU64,
}

impl Simulation {
    pub fn new(outage: Option<(Duration, Duration)>) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            outage,
            store_steps: AtomicU64::new(0),
        })
    }

    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub fn at(&self, time: Duration) -> Instant {
        self.start + time
    }

    pub fn now(&self) -> DateTime<Utc> {
        EPOCH + TimeDelta::from_std(self.elapsed()).expect("hours")
    }

    pub fn store_is_away(&self) -> bool {
        let now = self.elapsed();
        self.outage
            .is_some_and(|(from, until)| from <= now && now < until)
    }

    pub fn clock(self: &Arc<Self>) -> Arc<dyn Clock> {
        Arc::new(VirtualTime(self.clone()))
    }
}

struct VirtualTime(Arc<Simulation>);

impl Clock for VirtualTime {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Whether an instance runs. What has crashed does nothing any more: its steps never end.
#[derive(Clone)]
pub struct Alive(watch::Sender<bool>);

impl Alive {
    pub fn new() -> Self {
        Self(watch::Sender::new(true))
    }

    pub fn crash(&self) {
        self.0.send_replace(false);
    }

    pub async fn crashed(&self) {
        let mut watched = self.0.subscribe();
        // The sender is this one, so it does not go away.
        let _ = watched.wait_for(|alive| !alive).await;
    }

    pub async fn check(&self) {
        if !*self.0.borrow() {
            std::future::pending::<()>().await;
        }
    }
}

/// Runs a scene in virtual time, on one thread, the same way each time.
pub fn in_virtual_time<T>(scene: impl Future<Output = T>) -> T {
    vestibule::testing::seed_jitter(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(scene)
}
