//! The protocol between a test and its worker processes: one JSON object per line.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vestibule::store::{PostgresStore, RedisStore, Sealing, SessionStore, SqliteStore};
use vestibule::testing::Wunder;
use vestibule::wunder::Client;
use vestibule::{Clock, Settings, SystemClock};

use super::support::sentinel::SERVICE;

/// The variable that makes this binary a worker; its value is the [`Setup`].
pub const SETUP: &str = "VESTIBULE_TEST_WORKER";

/// The store that the processes share. Its records are plain, so that a test can read them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum StoreLocation {
    Postgres(String),
    Redis(String),
    /// Each write waits for one replica.
    ReplicatedRedis(String),
    /// The URLs of Sentinels. A write waits for a replica.
    Sentinel(Vec<String>),
    Sqlite(PathBuf),
}

impl StoreLocation {
    pub async fn open(&self) -> Arc<dyn SessionStore> {
        let plain = Sealing::plaintext();
        match self {
            Self::Postgres(url) => {
                // Like the one in Redis, it connects at the first step.
                Arc::new(
                    PostgresStore::builder(url.as_str(), plain)
                        .build_lazy()
                        .unwrap(),
                )
            }
            Self::Redis(url) => Arc::new(RedisStore::open(url.as_str(), plain).await.unwrap()),
            Self::ReplicatedRedis(url) => {
                let store = RedisStore::builder(url.as_str(), plain).wait_replicas(1);
                Arc::new(store.build().await.unwrap())
            }
            Self::Sentinel(urls) => {
                let more = urls[1..].iter().map(|url| url.as_str().into());
                let builder = RedisStore::builder(urls[0].as_str(), plain)
                    .sentinel(SERVICE, more)
                    .allow_plain_tcp(true)
                    .wait_replicas(1);
                Arc::new(builder.build().await.unwrap())
            }
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path, plain).await.unwrap()),
        }
    }
}

/// A step of a refresh, at which a process can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Point {
    /// The lease is held.
    Leased,
    /// The record was read under the lease, and the in-progress marker is not stored.
    Read,
    /// The in-progress marker is stored, nothing is sent.
    Marked,
    /// The server has responded, nothing is stored.
    Responded,
}

/// Configuration of a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Setup {
    pub location: StoreLocation,
    pub base_url: String,
    pub lease: Duration,
    pub trust: Duration,
    pub attempt_timeout: Duration,
    pub deadline: Duration,
    /// Delay of each store operation, half before and half after it.
    pub slowness: Duration,
    /// Where the worker waits for [`WorkerCommand::Continue`], in its first refresh.
    pub wait_at: Option<Point>,
}

impl Setup {
    /// A worker without delays that waits nowhere.
    pub fn new(location: StoreLocation, base_url: String) -> Self {
        Self {
            location,
            base_url,
            lease: Duration::from_secs(1),
            trust: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
            slowness: Duration::ZERO,
            wait_at: None,
        }
    }

    pub fn client(&self, store: Arc<dyn SessionStore>) -> Client {
        self.client_with(store, SystemClock)
    }

    pub fn client_with(&self, store: Arc<dyn SessionStore>, clock: impl Clock) -> Client {
        let settings = Settings::new()
            .lease_time(self.lease)
            .revalidate_session_after(self.trust)
            .attempt_timeout(self.attempt_timeout)
            .deadline(self.deadline);
        Client::builder(self.base_url.as_str())
            .tenant("tenant01")
            .signing_key(Wunder::SIGNING_KEY)
            .settings(settings)
            .store(store)
            .clock(clock)
            .build()
            .unwrap()
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum WorkerCommand {
    /// Make concurrent calls on a session; the response is [`Report::Called`].
    Call { session: String, calls: usize },
    /// Make one call after another on a session until it has ended.
    KeepCalling {
        session: String,
        /// Whether the worker keeps the session between two calls, and with it what it knows of it; else it
        /// resumes the session for each call, as for each request of a browser.
        keeps_session: bool,
    },
    /// Continue from where the setup made the worker wait.
    Continue,
    /// Let the clock of the worker run this many seconds ahead of the machine's.
    StepClock(i64),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    Ready,
    /// The worker waits here.
    At(Point),
    Called {
        succeeded: usize,
        failures: Vec<Failure>,
        /// The access token after the calls, while the session lives.
        access: Option<String>,
    },
    /// One of the calls of [`WorkerCommand::KeepCalling`] failed.
    Failed(Failure),
    /// Number of these calls that succeeded since the last report.
    Succeeded(usize),
    /// The worker deletes a session whose record contained this refresh token.
    Deletes {
        refresh: String,
    },
    Panicked(String),
}

/// A call that failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    pub session: String,
    pub kind: String,
    /// The error with its sources.
    pub message: String,
    /// Why the session has ended, if it has.
    pub ended: Option<String>,
    /// Whether the caller must stop using the session.
    pub is_over: bool,
    /// When the call began and ended, in milliseconds of the machine's clock.
    pub began: i64,
    pub over: i64,
}
