//! Endurance: processes that share sessions of short-lived tokens, while wire, store and processes
//! fail in turn. `scripts/soak.sh` runs it for longer.

mod ledger;
mod troubles;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use self::ledger::Ledger;
use self::troubles::{Deck, Trouble};
use super::fixture::Fixture;
use super::orders::{Failure, Order, Place, Report, Setup};
use super::support::{self, redis_server::RedisServer};
use super::workers::Worker;

const PROCESSES: usize = 4;
const USERS: usize = 6;
const TOKEN_SECONDS: i64 = 4;

/// How long it is quiet after troubles: longer than their aftermath, so that a failure without a
/// cause shows.
const CALM: Duration = Duration::from_millis(4_500);

/// How much a process may grow after its warm-up, in KiB.
const GROWTH: u64 = 24 * 1024;

struct Soak {
    redis: RedisServer,
    fixture: Fixture,
    setup: Setup,
    workers: Vec<Worker>,
    /// The live sessions and whose they are.
    sessions: HashMap<String, String>,
    /// Who is to be signed in again.
    signed_out: Vec<String>,
    ledger: Ledger,
}

impl Soak {
    async fn begin() -> Self {
        let redis = RedisServer::start();
        let fixture = Fixture::on(Place::Redis(redis.url())).await;
        fixture.mock.set_access_lifetime(TOKEN_SECONDS);
        let mut setup = fixture.setup.clone();
        setup.trust = Duration::from_secs(1);
        setup.attempt_timeout = Duration::from_secs(1);
        setup.deadline = Duration::from_secs(8);
        let workers = Worker::start_all(vec![setup.clone(); PROCESSES]).await;
        let phones = (0..USERS).map(|user| format!("+4312345678{user}"));
        let mut soak = Self {
            redis,
            fixture,
            setup,
            workers,
            sessions: HashMap::new(),
            signed_out: phones.collect(),
            ledger: Ledger::default(),
        };
        soak.sign_in_again().await;
        soak
    }

    /// Signs in who is signed out; all processes call with the new sessions.
    async fn sign_in_again(&mut self) {
        for phone in std::mem::take(&mut self.signed_out) {
            let session = self.fixture.sign_in(&phone).await;
            while self.fixture.stored_refresh(&session).await.is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            self.sessions.insert(session.clone(), phone);
            for worker in &mut self.workers {
                let session = session.clone();
                worker.order(&Order::KeepCalling { session }).await;
            }
        }
    }

    /// Hears what the workers report, for a time.
    async fn listen(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            for index in 0..self.workers.len() {
                while let Ok(report) = self.workers[index].reports.try_recv() {
                    self.hear(report);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn hear(&mut self, report: Report) {
        match report {
            Report::Succeeded(calls) => self.ledger.calls += calls,
            Report::Failed(failure) => self.failed(failure),
            Report::Deletes { refresh } => {
                let lost = self.fixture.mock.accepts_refresh_token(&refresh);
                self.ledger.deleted(lost);
            }
            other => panic!("{other:?}"),
        }
    }

    fn failed(&mut self, failure: Failure) {
        if failure.kind == "SignInAgain"
            && let Some(phone) = self.sessions.remove(&failure.session)
        {
            self.ledger.ended += 1;
            self.signed_out.push(phone);
        }
        self.ledger.failed(failure);
    }

    /// Lets a trouble begin, last and end; then it is quiet.
    async fn suffer(&mut self, trouble: Trouble, time: Duration) {
        let began = ledger::now();
        match trouble {
            Trouble::Wire(fault) => self.spoil_the_wire(fault),
            Trouble::KilledWorker(number) => self.replace(number).await,
            Trouble::KilledStore => self.redis.kill(),
            Trouble::FrozenStore => self.redis.freeze(),
        }
        self.listen(time).await;
        match trouble {
            Trouble::Wire(_) => self.fixture.proxy.reset(),
            Trouble::KilledWorker(_) => {}
            Trouble::KilledStore => self.redis.restart(),
            Trouble::FrozenStore => self.redis.thaw(),
        }
        self.ledger.suffered(trouble, began);
    }

    fn spoil_the_wire(&self, fault: troubles::Spoiled) {
        for path in ["/refresh-token", "/front/customers"] {
            self.fixture.proxy.inject(fault.rule().on(path));
        }
    }

    /// Kills a worker and starts another in its place.
    async fn replace(&mut self, number: usize) {
        self.workers[number].kill().await;
        let mut worker = Worker::start(&self.setup).await;
        for session in self.sessions.keys() {
            let session = session.clone();
            worker.order(&Order::KeepCalling { session }).await;
        }
        let mut killed = std::mem::replace(&mut self.workers[number], worker);
        while let Some(report) = killed.reports.recv().await {
            self.hear(report);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_every_failed_call_has_a_cause() {
    let seconds = std::env::var("SOAK_SECONDS").ok();
    let seconds = seconds.map_or(26, |seconds| seconds.parse().expect("SOAK_SECONDS"));
    let began = Instant::now();
    let mut soak = Soak::begin().await;
    let mut deck = Deck::new(seconds);
    soak.listen(Duration::from_secs(2)).await;
    let mut memory_after_warm_up = None;
    while began.elapsed() < Duration::from_secs(seconds) {
        // Two in a row, so that one meets the aftermath of the other.
        for _ in 0..2 {
            let (trouble, time) = deck.deal();
            soak.suffer(trouble, time).await;
        }
        soak.sign_in_again().await;
        soak.listen(CALM).await;
        // The first worker is never killed.
        memory_after_warm_up.get_or_insert_with(|| soak.workers[0].memory());
    }
    let memory = (memory_after_warm_up.unwrap(), soak.workers[0].memory());
    let ledger = &soak.ledger;
    let unexplained = ledger.unexplained();
    let summary = format!(
        "seconds={} calls={} failed={} unexplained={} lost={}",
        began.elapsed().as_secs(),
        ledger.calls + ledger.failures(),
        ledger.failures(),
        unexplained.len(),
        ledger.lost
    );
    support::proof("soak", &summary);
    let told = ledger.told(soak.fixture.mock.count("refresh_token"), memory);
    std::io::Write::write_all(&mut std::io::stdout(), told.as_bytes()).unwrap();
    assert!(unexplained.is_empty(), "{unexplained:#?}\n{told}");
    assert_eq!(ledger.lost, 0, "{told}");
    assert!(ledger.every_end_was_written(), "{told}");
    assert!(ledger.calls > 100, "{told}");
    assert!(memory.1 < memory.0 + GROWTH, "{told}");
}
