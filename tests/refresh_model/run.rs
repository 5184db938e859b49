//! One run: instances and their callers, first with faults, then after recovery.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use vestibule::store::SessionStore;
use vestibule::testing::{Instance, InstanceSession, seed_jitter};
use vestibule::{Error, ErrorKind, Secret};

use super::checker::Checker;
use super::mutant::Mutant;
use super::observations::Tally;
use super::plan::{Demotion, Plan, Rollback};
use super::rng::Rng;
use super::server::{TokenEndpoint, rotation_of, tokens};
use super::simulation::{InstanceClock, Simulation};
use super::store::InstanceStore;
use super::support::rewindable_store::RewindableStore;

/// The outcome of one run.
pub struct Outcome {
    pub violations: Vec<String>,
    pub trace: Vec<String>,
    pub tally: Tally,
    pub calls: usize,
    pub dropped: usize,
}

/// Longer than every backoff, lease and freeze that may outlast the faults.
const RECOVERY_TIME: Duration = Duration::from_secs(150);

pub fn run(seed: u64, mutant: Option<Mutant>) -> Outcome {
    run_plan(Plan::of(seed), mutant)
}

/// One run with a store that goes back in time.
pub fn run_with_rollbacks(seed: u64, mutant: Option<Mutant>) -> Outcome {
    run_plan(Plan::with_rollbacks(seed), mutant)
}

fn run_plan(plan: Plan, mutant: Option<Mutant>) -> Outcome {
    seed_jitter(plan.seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(simulate(plan, mutant))
}

struct ModelRun {
    simulation: Arc<Simulation>,
    checker: Arc<Checker>,
    store: Arc<RewindableStore>,
    /// The servers that instances are connected to although they have become replicas.
    demoted: Mutex<HashMap<usize, Arc<Mutex<Option<RewindableStore>>>>>,
    mutant: Option<Mutant>,
    calls: Mutex<(usize, usize)>,
}

impl ModelRun {
    fn demoted(&self, number: usize) -> Arc<Mutex<Option<RewindableStore>>> {
        let mut demoted = self.demoted.lock().expect("the lock is not poisoned");
        demoted.entry(number).or_default().clone()
    }

    async fn roll_back(&self, rollback: Rollback) {
        sleep_until(self.simulation.at(rollback.from)).await;
        let (since, snapshot) = (Instant::now(), self.store.snapshot());
        sleep_until(self.simulation.at(rollback.until)).await;
        self.store.go_back_to(&snapshot);
        self.checker.rolls_back(since);
    }

    async fn demote(&self, demotion: Demotion) {
        let demoted = self.demoted(demotion.instance);
        sleep_until(self.simulation.at(demotion.from)).await;
        let set = |server| *demoted.lock().expect("the lock is not poisoned") = server;
        set(Some(self.store.copy()));
        sleep_until(self.simulation.at(demotion.until)).await;
        set(None);
    }

    fn instance(&self, number: usize) -> Instance {
        let seed = self.simulation.plan.seed;
        let stream = u64::try_from(number).expect("few");
        let store = InstanceStore {
            instance: number,
            store: self.store.clone(),
            demoted: self.demoted(number),
            simulation: self.simulation.clone(),
            checker: self.checker.clone(),
            rng: Arc::new(Mutex::new(Rng::new(seed, 100 + stream))),
            mutant: self.mutant,
        };
        let line = TokenEndpoint {
            instance: number,
            simulation: self.simulation.clone(),
            checker: self.checker.clone(),
            rng: Mutex::new(Rng::new(seed, 200 + stream)),
            mutant: self.mutant,
        };
        let clock = InstanceClock::of(&self.simulation, number, self.mutant);
        let store: Arc<dyn SessionStore> = Arc::new(store);
        Instance::new(line, store, clock, self.simulation.plan.settings.clone())
    }

    /// One call, which must end in time.
    async fn call(
        &self,
        number: usize,
        session: &InstanceSession,
        rejected: Option<&Secret>,
    ) -> Result<Secret, Error> {
        self.calls.lock().expect("the lock is not poisoned").0 += 1;
        let began = self.simulation.elapsed();
        let result = match rejected {
            Some(access) => session.replace_rejected(access).await,
            None => session.access_token().await,
        };
        let took = self.simulation.elapsed() - began;
        if took > self.simulation.plan.deadline + Duration::from_millis(5) {
            let what = format!("a caller of {number} waited for {took:?}");
            self.checker.violation(what);
        }
        match &result {
            Ok(access) => self.checker.used(number, rotation_of(access)),
            Err(error) if error.kind() == ErrorKind::Unauthenticated => self.checker.ended(number),
            Err(error) => self
                .checker
                .trace(format!("a caller of {number} failed: {error}")),
        }
        result
    }

    /// A caller of one instance, until the faults end or the instance has crashed.
    async fn calls(&self, number: usize, instance: &Instance, id: &Secret, stream: u64) {
        let plan = &self.simulation.plan;
        let mut rng = Rng::new(plan.seed, 1_000 + stream);
        let mut known: Option<Secret> = None;
        let pause = u64::try_from(plan.token_life.as_millis()).expect("short");
        loop {
            sleep(rng.millis(0, pause)).await;
            if self.simulation.is_calm() || self.simulation.has_crashed(number) {
                return;
            }
            let Ok(session) = instance.resume_session(id).await else {
                continue;
            };
            let rejected = rng.chance(plan.rejected);
            let call = self.call(number, &session, known.as_ref().filter(|_| rejected));
            if rng.chance(plan.dropped) {
                let patience = rng.millis(0, 300);
                if timeout(patience, call).await.is_err() {
                    self.calls.lock().expect("the lock is not poisoned").1 += 1;
                }
                continue;
            }
            match call.await {
                Ok(access) => known = Some(access),
                Err(error) if error.kind() == ErrorKind::Unauthenticated => {}
                Err(error) if plan.has_no_faults() && self.mutant.is_none() => {
                    let what = format!("a call of {number} failed without a fault: {error}");
                    self.checker.violation(what);
                }
                Err(_) => {}
            }
        }
    }

    /// Whether the session works on an instance; otherwise it must have ended.
    async fn works(&self, number: usize, instance: &Instance, id: &Secret) -> bool {
        let result = match instance.resume_session(id).await {
            Ok(session) => self.call(number, &session, None).await.map(|_| ()),
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::Unauthenticated => false,
            Err(error) => {
                let what = format!("{number} does not recover after all faults: {error}");
                self.checker.violation(what);
                false
            }
        }
    }

    /// After the faults, the session works on all instances or has ended on all.
    async fn settle(&self, instances: &[Arc<Instance>], id: &Secret) {
        let trust = self.simulation.plan.revalidate_session_after + Duration::from_millis(100);
        let newcomer = Arc::new(self.instance(instances.len()));
        let all = instances.iter().chain([&newcomer]).enumerate();
        let alive: Vec<_> = all
            .filter(|(at, _)| !self.simulation.has_crashed(*at))
            .collect();
        let mut works = 0;
        for (number, instance) in &alive {
            works += usize::from(self.works(*number, instance, id).await);
        }
        if works == alive.len() {
            let (number, instance) = alive[works / 2];
            self.checker.signs_out();
            match instance.resume_session(id).await {
                Ok(session) => session.end().await.expect("the store works"),
                Err(error) => self.checker.violation(format!("{number} lost it: {error}")),
            }
        }
        // An instance may use a session that it validated before the end for a while.
        sleep(trust).await;
        for (number, instance) in &alive {
            if self.works(*number, instance, id).await {
                self.checker
                    .violation(format!("{number} continues with an ended session"));
            }
        }
        if self.checker.is_stored() {
            self.checker
                .violation("an ended session is still stored".into());
        }
    }
}

async fn simulate(plan: Plan, mutant: Option<Mutant>) -> Outcome {
    let simulation = Simulation::new(plan);
    let checker = Checker::new(simulation.clone());
    let model_run = Arc::new(ModelRun {
        simulation: simulation.clone(),
        checker: checker.clone(),
        store: Arc::default(),
        demoted: Mutex::default(),
        mutant,
        calls: Mutex::default(),
    });
    let plan = &simulation.plan;
    let numbers = 0..plan.instances;
    let instances: Vec<_> = numbers.map(|at| Arc::new(model_run.instance(at))).collect();
    let first = tokens(&simulation, &checker, 0);
    let session = instances[0].sign_in(first).await.expect("random numbers");
    let id = session.id().clone();

    let mut callers = JoinSet::new();
    for (number, instance) in instances.iter().enumerate() {
        for task in 0..plan.tasks {
            let stream = u64::try_from(number * 10 + task).expect("few");
            let (model_run, instance, id) = (model_run.clone(), instance.clone(), id.clone());
            callers.spawn(async move { model_run.calls(number, &instance, &id, stream).await });
        }
    }
    for rollback in plan.rollbacks.iter().copied() {
        let model_run = model_run.clone();
        callers.spawn(async move { model_run.roll_back(rollback).await });
    }
    for demotion in plan.demotions.iter().copied() {
        let model_run = model_run.clone();
        callers.spawn(async move { model_run.demote(demotion).await });
    }
    if let Some(then) = plan.revoked_at {
        let (simulation, checker) = (simulation.clone(), checker.clone());
        callers.spawn(async move {
            sleep_until(simulation.at(then)).await;
            checker.revoke();
        });
    }
    if let Some((number, then)) = plan.signs_out_at {
        let (simulation, checker) = (simulation.clone(), checker.clone());
        let (instance, id) = (instances[number].clone(), id.clone());
        callers.spawn(async move {
            sleep_until(simulation.at(then)).await;
            if simulation.has_crashed(number) {
                return;
            }
            if let Ok(session) = instance.resume_session(&id).await {
                checker.signs_out();
                let _ = session.end().await;
            }
        });
    }
    sleep_until(simulation.at(plan.calm_at)).await;
    let longest = plan.token_life + plan.deadline + Duration::from_secs(10);
    let over = async { while callers.join_next().await.is_some() {} };
    if timeout(longest, over).await.is_err() {
        checker.violation("a caller is stuck".into());
    }
    drop(session);
    sleep(RECOVERY_TIME).await;
    model_run.settle(&instances, &id).await;

    let (violations, trace, tally) = checker.verdict();
    let (calls, dropped) = *model_run.calls.lock().expect("the lock is not poisoned");
    Outcome {
        violations,
        trace,
        tally,
        calls,
        dropped,
    }
}
