//! A token server that rotates refresh tokens, and a clock that follows tokio's.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;
use vestibule::chrono::{DateTime, TimeDelta, Utc};
use vestibule::session::Tokens;
use vestibule::store::SessionStore;
use vestibule::testing::{Instance, TokenFault, TokenServer};
use vestibule::{BoxFuture, Clock, Secret, Settings};

/// The lifetime of an access token.
pub const LIFE: Duration = Duration::from_secs(60);

/// Past the end of an access token.
pub const EXPIRY: Duration = Duration::from_secs(61);

/// Longer than a session is used without being read again.
pub const REVALIDATION: Duration = Duration::from_secs(31);

/// Longer than a missing record counts as lost.
pub const LONG_AGO: Duration = Duration::from_secs(11);

type Hook = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    last: u64,
    /// The refresh tokens that the server accepts.
    accepted: BTreeSet<u64>,
    /// The refresh tokens that were sent, in order.
    presented: Vec<u64>,
    /// Whether a token is accepted more than once.
    tolerates_reuse: bool,
    /// How long the next responses take, in order.
    delays: Vec<Duration>,
    /// Runs once, between the next exchange and its response.
    before_response: Option<Hook>,
}

/// Shared by all instances.
#[derive(Clone)]
pub struct Server {
    state: Arc<Mutex<State>>,
    clock: TestTime,
}

impl Server {
    pub fn new() -> Self {
        let state = State {
            accepted: BTreeSet::from([0]),
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            clock: TestTime::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the lock is not poisoned")
    }

    pub fn presented(&self) -> Vec<u64> {
        self.lock().presented.clone()
    }

    pub fn tolerate_reuse(&self) {
        self.lock().tolerates_reuse = true;
    }

    pub fn revoke(&self, number: u64) {
        self.lock().accepted.remove(&number);
    }

    pub fn delay_next(&self, delays: &[Duration]) {
        self.lock().delays = delays.to_vec();
    }

    pub fn before_next_response(&self, hook: impl FnOnce() + Send + 'static) {
        self.lock().before_response = Some(Box::new(hook));
    }

    pub fn clock(&self) -> TestTime {
        self.clock.clone()
    }

    pub fn first_tokens(&self) -> Tokens {
        self.tokens(0)
    }

    fn tokens(&self, number: u64) -> Tokens {
        let refresh = Secret::from(format!("refresh-{number}"));
        let mut tokens = Tokens::new(format!("access-{number}"), Some(refresh));
        tokens.expires_at = Some(self.clock.now() + TimeDelta::from_std(LIFE).unwrap());
        tokens
    }

    /// An instance that shares this server and `store` with others.
    pub fn instance(&self, store: &Arc<impl SessionStore>) -> Instance {
        self.instance_with(store, self.clock(), Settings::new())
    }

    pub fn instance_with(
        &self,
        store: &Arc<impl SessionStore>,
        clock: TestTime,
        settings: Settings,
    ) -> Instance {
        let settings = settings.refresh_before_expiry(Duration::ZERO);
        let store: Arc<dyn SessionStore> = store.clone();
        Instance::new(self.clone(), store, clock, settings)
    }
}

impl TokenServer for Server {
    fn exchange<'a>(
        &'a self,
        refresh: &'a Secret,
        within: Duration,
    ) -> BoxFuture<'a, Result<Tokens, TokenFault>> {
        Box::pin(async move {
            let number = refresh.expose().strip_prefix("refresh-");
            let number: u64 = number.unwrap().parse().unwrap();
            let (granted, delay, hook) = {
                let mut state = self.lock();
                state.presented.push(number);
                let granted = state.accepted.contains(&number).then(|| {
                    if !state.tolerates_reuse {
                        state.accepted.remove(&number);
                    }
                    state.last += 1;
                    let next = state.last;
                    state.accepted.insert(next);
                    next
                });
                let delay = match state.delays.is_empty() {
                    true => Duration::from_millis(50),
                    false => state.delays.remove(0),
                };
                (granted, delay, state.before_response.take())
            };
            tokio::time::sleep(delay.min(within)).await;
            if let Some(hook) = hook {
                hook();
            }
            match granted {
                _ if delay > within => Err(TokenFault::NoResponse),
                Some(next) => Ok(self.tokens(next)),
                None => Err(TokenFault::Rejected),
            }
        })
    }
}

/// Tokio's time as the time of day, with a difference that a test changes.
#[derive(Clone)]
pub struct TestTime {
    start: Instant,
    step_seconds: Arc<AtomicI64>,
}

impl TestTime {
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            step_seconds: Arc::default(),
        }
    }

    /// A clock of another machine, which shows the same time until it is set.
    pub fn another(&self) -> Self {
        Self {
            start: self.start,
            step_seconds: Arc::default(),
        }
    }

    pub fn step(&self, seconds: i64) {
        self.step_seconds.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestTime {
    fn now(&self) -> DateTime<Utc> {
        let epoch = DateTime::from_timestamp(1_750_000_000, 0).expect("a time");
        let step = TimeDelta::seconds(self.step_seconds.load(Ordering::SeqCst));
        epoch + TimeDelta::from_std(self.start.elapsed()).expect("short") + step
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
