//! Virtual time and faults.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use vestibule::chrono::{DateTime, TimeDelta, Utc};
use vestibule::{BoxFuture, Clock};

use crate::rng::Rng;

const EPOCH: DateTime<Utc> = DateTime::from_timestamp(1_750_000_000, 0).expect("a time");

/// The lifetime of an access token.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(3600);

/// How long a step of the store takes: 1 ms as with Redis in the same data centre, 50 ms as with a database
/// on another continent.
#[derive(Clone, Copy)]
pub struct StoreTime {
    pub least_millis: u64,
    pub most_millis: u64,
}

impl StoreTime {
    pub const NEAR: Self = Self::between(1, 1);
    pub const FAR: Self = Self::between(50, 50);
    pub const UNEVEN: Self = Self::between(1, 50);

    const fn between(least_millis: u64, most_millis: u64) -> Self {
        Self {
            least_millis,
            most_millis,
        }
    }
}

impl fmt::Display for StoreTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match (self.least_millis, self.most_millis) {
            (least, most) if least == most => format!("{least} ms"),
            (least, most) => format!("{least}-{most} ms"),
        };
        f.pad(&text)
    }
}

/// The time of an exchange at the token server, as over the internet.
pub const EXCHANGE_TIME: Duration = Duration::from_millis(150);

pub struct Simulation {
    start: Instant,
    /// The outage of the store.
    outage: Option<(Duration, Duration)>,
    store_time: StoreTime,
    rng: Mutex<Rng>,
    pub store_steps: AtomicU64,
}

impl Simulation {
    pub fn new(store_time: StoreTime, outage: Option<(Duration, Duration)>) -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            outage,
            store_time,
            rng: Mutex::new(Rng::new(3)),
            store_steps: AtomicU64::new(0),
        })
    }

    /// The time of the next step of the store: until its work is done, and after that. Whole milliseconds,
    /// because tokio's timers round up to them.
    pub fn store_time(&self) -> (Duration, Duration) {
        let StoreTime {
            least_millis,
            most_millis,
        } = self.store_time;
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        let more =
            rng.below(usize::try_from(most_millis - least_millis + 1).expect("milliseconds"));
        let millis = least_millis + u64::try_from(more).expect("milliseconds");
        let before = millis / 2;
        (
            Duration::from_millis(before),
            Duration::from_millis(millis - before),
        )
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

    pub fn store_is_unreachable(&self) -> bool {
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

/// Whether an instance runs. The operations of a crashed instance never complete.
#[derive(Clone)]
pub struct Liveness(watch::Sender<bool>);

impl Liveness {
    pub fn new() -> Self {
        Self(watch::Sender::new(true))
    }

    pub fn crash(&self) {
        self.0.send_replace(false);
    }

    pub async fn crashed(&self) {
        let mut watched = self.0.subscribe();
        // `self` is the sender, so the channel stays open.
        let _ = watched.wait_for(|liveness| !liveness).await;
    }

    pub async fn check(&self) {
        if !*self.0.borrow() {
            std::future::pending::<()>().await;
        }
    }
}

/// Runs a scenario in virtual time, on one thread, deterministically.
pub fn in_virtual_time<T>(scenario: impl Future<Output = T>) -> T {
    vestibule::testing::seed_jitter(1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime").block_on(scenario)
}
