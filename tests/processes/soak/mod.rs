//! Soak test: processes share sessions of short-lived tokens, while network, store and processes
//! fail in turn. `scripts/soak.sh` runs it for longer.

mod fault_log;
mod faults;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use self::fault_log::FaultLog;
use self::faults::{Disturbance, Disturbances};
use super::fixture::Fixture;
use super::protocol::{Failure, Report, Setup, WorkerCommand};
use super::store_server::StoreServer;
use super::support;
use super::workers::Worker;

const PROCESSES: usize = 4;
const USERS: usize = 6;
const TOKEN_SECONDS: i64 = 4;

/// The clock of the token service is this many seconds behind: by their times, all tokens have expired.
const ISSUER_SKEW: i64 = -7_200;

/// Quiet time between faults: longer than their aftermath, so that a failure without a cause shows.
const QUIET_TIME: Duration = Duration::from_millis(4_500);

/// Limit for the growth of a process after its warm-up, in KiB.
const GROWTH: u64 = 24 * 1024;

struct Soak {
    server: StoreServer,
    fixture: Fixture,
    setup: Setup,
    workers: Vec<Worker>,
    /// The live sessions and their users.
    sessions: HashMap<String, String>,
    /// Users to be signed in again.
    signed_out: Vec<String>,
    fault_log: FaultLog,
}

impl Soak {
    async fn begin(server: StoreServer) -> Self {
        let fixture = Fixture::on(server.location()).await;
        fixture.mock.set_access_lifetime(TOKEN_SECONDS);
        fixture.mock.set_issuer_skew(ISSUER_SKEW);
        let mut setup = fixture.setup.clone();
        setup.trust = Duration::from_secs(1);
        setup.attempt_timeout = Duration::from_secs(1);
        // After a killed worker the others wait for its lease, and then for tokens that it may hold.
        setup.deadline = Duration::from_secs(15);
        let workers = Worker::start_all(vec![setup.clone(); PROCESSES]).await;
        let phones = (0..USERS).map(|user| format!("+4312345678{user}"));
        let mut soak = Self {
            server,
            fixture,
            setup,
            workers,
            sessions: HashMap::new(),
            signed_out: phones.collect(),
            fault_log: FaultLog::default(),
        };
        soak.sign_in_again().await;
        soak
    }

    /// Signs in the users who are signed out; all processes call with the new sessions.
    async fn sign_in_again(&mut self) {
        for phone in std::mem::take(&mut self.signed_out) {
            let session = self.fixture.sign_in(&phone).await;
            while self.fixture.stored_refresh(&session).await.is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            self.sessions.insert(session.clone(), phone);
            for worker in &mut self.workers {
                worker.send(&keep_calling(&session)).await;
            }
        }
    }

    /// Handles the reports of the workers, for a time.
    async fn listen(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            for index in 0..self.workers.len() {
                while let Ok(report) = self.workers[index].reports.try_recv() {
                    self.handle(report);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn handle(&mut self, report: Report) {
        match report {
            Report::Succeeded(calls) => self.fault_log.calls += calls,
            Report::Failed(failure) => self.failed(failure),
            Report::Deletes { refresh } => {
                let lost = self.fixture.mock.accepts_refresh_token(&refresh);
                self.fault_log.deleted(lost);
            }
            other => panic!("{other:?}"),
        }
    }

    fn failed(&mut self, failure: Failure) {
        if failure.is_over
            && let Some(phone) = self.sessions.remove(&failure.session)
        {
            self.fault_log.ended += 1;
            self.signed_out.push(phone);
        }
        self.fault_log.failed(failure);
    }

    /// Injects a fault for a time; then waits for the quiet time.
    async fn inject(&mut self, disturbance: Disturbance, time: Duration) {
        let began = fault_log::now();
        match disturbance {
            Disturbance::Wire(fault) => self.break_the_wire(fault),
            Disturbance::KilledWorker(number) => self.replace(number).await,
            Disturbance::SlowWorker(number) => self.workers[number].freeze(),
            Disturbance::SteppedClock(number) => self.step_clock(number, 3_600).await,
            Disturbance::KilledStore => self.server.kill(),
            Disturbance::FrozenStore => self.server.freeze(),
            Disturbance::DemotedStore => self.server.make_read_only(),
            Disturbance::RolledBackStore => self.server.take_snapshot(),
        }
        self.listen(time).await;
        match disturbance {
            Disturbance::Wire(_) => self.fixture.proxy.reset(),
            Disturbance::KilledWorker(_) => {}
            Disturbance::SlowWorker(number) => {
                self.listen(self.setup.lease).await;
                self.workers[number].thaw();
            }
            Disturbance::SteppedClock(number) => self.step_clock(number, 0).await,
            Disturbance::KilledStore => self.server.restart(),
            Disturbance::FrozenStore => self.server.thaw(),
            Disturbance::DemotedStore => self.server.make_writable(),
            Disturbance::RolledBackStore => {
                self.server.roll_back();
                self.listen(Duration::from_millis(500)).await;
                self.server.make_writable();
            }
        }
        self.fault_log.period(disturbance, began);
    }

    async fn step_clock(&mut self, number: usize, seconds: i64) {
        let command = WorkerCommand::StepClock(seconds);
        self.workers[number].send(&command).await;
    }

    fn break_the_wire(&self, fault: faults::WireFault) {
        for path in fault.paths() {
            self.fixture.proxy.inject(fault.rule().on(*path));
        }
    }

    /// Kills a worker and starts a new one in its place.
    async fn replace(&mut self, number: usize) {
        self.workers[number].kill().await;
        let mut worker = Worker::start(&self.setup).await;
        for session in self.sessions.keys() {
            worker.send(&keep_calling(session)).await;
        }
        let mut killed = std::mem::replace(&mut self.workers[number], worker);
        while let Some(report) = killed.reports.recv().await {
            self.handle(report);
        }
    }
}

fn keep_calling(session: &str) -> WorkerCommand {
    WorkerCommand::KeepCalling {
        session: session.to_owned(),
        keeps_session: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_is_lost_and_every_failed_call_has_a_cause() {
    soak("soak", StoreServer::redis()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_is_lost_and_every_failed_call_has_a_cause_on_postgres() {
    soak("soak-postgres", StoreServer::postgres()).await;
}

async fn soak(proof: &str, server: StoreServer) {
    let seconds = std::env::var("SOAK_SECONDS").ok();
    let seconds = seconds.map_or(60, |seconds| seconds.parse().expect("SOAK_SECONDS"));
    let began = Instant::now();
    let mut soak = Soak::begin(server).await;
    let mut disturbances = Disturbances::new(seconds);
    soak.listen(Duration::from_secs(2)).await;
    let mut memory_after_warm_up = None;
    while began.elapsed() < Duration::from_secs(seconds) {
        // Two in a row, so that the second occurs in the aftermath of the first.
        for _ in 0..2 {
            let (disturbance, time) = disturbances.next();
            soak.inject(disturbance, time).await;
        }
        soak.sign_in_again().await;
        soak.listen(QUIET_TIME).await;
        // The first worker is never killed.
        memory_after_warm_up.get_or_insert_with(|| soak.workers[0].memory());
    }
    let memory = (memory_after_warm_up.unwrap(), soak.workers[0].memory());
    let fault_log = &soak.fault_log;
    let unexplained = fault_log.unexplained();
    let summary = format!(
        "seconds={} calls={} failed={} unexplained={} lost={}",
        began.elapsed().as_secs(),
        fault_log.calls + fault_log.failures(),
        fault_log.failures(),
        unexplained.len(),
        fault_log.lost
    );
    support::proof(proof, &summary);
    let summary = fault_log.summary(soak.fixture.mock.count("refresh_token"), memory);
    std::io::Write::write_all(&mut std::io::stdout(), summary.as_bytes()).unwrap();
    let faults = fault_log.faults();
    assert!(
        unexplained.is_empty(),
        "{unexplained:#?}\n{faults:#?}\n{summary}"
    );
    assert_eq!(fault_log.lost, 0, "{summary}");
    assert!(fault_log.every_end_was_written(), "{summary}");
    assert!(fault_log.calls > 100, "{summary}");
    assert!(memory.1 < memory.0 + GROWTH, "{summary}");
}
