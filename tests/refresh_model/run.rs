//! One run: instances and their callers, first among faults, then in the calm after them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};
use vestibule::store::{MemoryStore, SessionStore};
use vestibule::testing::{Instance, InstanceSession, seed_jitter};
use vestibule::{Error, ErrorKind, Secret};

use super::mutant::Mutant;
use super::plan::Plan;
use super::rng::Rng;
use super::seen::Tally;
use super::server::{Line, rotation_of, tokens};
use super::simulation::{InstanceClock, Simulation};
use super::store::Reached;
use super::watcher::Watcher;

/// What came of one run.
pub struct Outcome {
    pub violations: Vec<String>,
    pub trace: Vec<String>,
    pub tally: Tally,
    pub calls: usize,
    pub dropped: usize,
}

/// Longer than every backoff, cool-down, lease and freeze that may outlast the faults.
const UNTIL_ALL_IS_WELL: Duration = Duration::from_secs(150);

pub fn run(seed: u64, mutant: Option<Mutant>) -> Outcome {
    seed_jitter(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(simulate(Plan::of(seed), mutant))
}

struct ModelRun {
    simulation: Arc<Simulation>,
    watcher: Arc<Watcher>,
    store: Arc<MemoryStore>,
    mutant: Option<Mutant>,
    calls: Mutex<(usize, usize)>,
}

impl ModelRun {
    fn instance(&self, number: usize) -> Instance {
        let seed = self.simulation.plan.seed;
        let stream = u64::try_from(number).expect("few");
        let store = Reached {
            instance: number,
            store: self.store.clone(),
            simulation: self.simulation.clone(),
            watcher: self.watcher.clone(),
            rng: Arc::new(Mutex::new(Rng::new(seed, 100 + stream))),
            mutant: self.mutant,
        };
        let line = Line {
            instance: number,
            simulation: self.simulation.clone(),
            watcher: self.watcher.clone(),
            rng: Mutex::new(Rng::new(seed, 200 + stream)),
            mutant: self.mutant,
        };
        let clock = InstanceClock::of(&self.simulation, number, self.mutant);
        let store: Arc<dyn SessionStore> = Arc::new(store);
        Instance::new(line, store, clock, self.simulation.plan.settings.clone())
    }

    /// One call, which must be over in time.
    async fn call(
        &self,
        number: usize,
        session: &InstanceSession,
        rejected: Option<&Secret>,
    ) -> Result<Secret, Error> {
        self.calls.lock().expect("nobody panics").0 += 1;
        let began = self.simulation.elapsed();
        let result = match rejected {
            Some(access) => session.replace_rejected(access).await,
            None => session.access_token().await,
        };
        let took = self.simulation.elapsed() - began;
        if took > self.simulation.plan.settings.deadline + Duration::from_millis(5) {
            let what = format!("a caller of {number} waited for {took:?}");
            self.watcher.violation(what);
        }
        match &result {
            Ok(access) => self.watcher.used(number, rotation_of(access)),
            Err(error) if error.kind() == ErrorKind::SignInAgain => self.watcher.ended(number),
            Err(error) => self
                .watcher
                .trace(format!("a caller of {number} failed: {error}")),
        }
        result
    }

    /// A caller of one instance, until the faults end or its instance has crashed.
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
            let Ok(session) = instance.session(id).await else {
                continue;
            };
            let rejected = rng.chance(plan.rejected);
            let call = self.call(number, &session, known.as_ref().filter(|_| rejected));
            if rng.chance(plan.dropped) {
                let patience = rng.millis(0, 300);
                if timeout(patience, call).await.is_err() {
                    self.calls.lock().expect("nobody panics").1 += 1;
                }
                continue;
            }
            match call.await {
                Ok(access) => known = Some(access),
                Err(error) if error.kind() == ErrorKind::SignInAgain => {}
                Err(error) if plan.is_fair() && self.mutant.is_none() => {
                    let what = format!("a call of {number} failed without a fault: {error}");
                    self.watcher.violation(what);
                }
                Err(_) => {}
            }
        }
    }

    /// Whether the session works on an instance; it must either work or have ended.
    async fn works(&self, number: usize, instance: &Instance, id: &Secret) -> bool {
        let result = match instance.session(id).await {
            Ok(session) => self.call(number, &session, None).await.map(|_| ()),
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::SignInAgain => false,
            Err(error) => {
                let what = format!("{number} does not work again after all faults: {error}");
                self.watcher.violation(what);
                false
            }
        }
    }

    /// After the faults: it works everywhere or nowhere, and an end is an end everywhere.
    async fn settle(&self, instances: &[Arc<Instance>], id: &Secret) {
        let trust =
            self.simulation.plan.settings.revalidate_session_after + Duration::from_millis(100);
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
            self.watcher.signs_out();
            match instance.session(id).await {
                Ok(session) => session.end().await.expect("the store works"),
                Err(error) => self.watcher.violation(format!("{number} lost it: {error}")),
            }
        }
        // Looks from before the end may be relied on for a while.
        sleep(trust).await;
        for (number, instance) in &alive {
            if self.works(*number, instance, id).await {
                self.watcher
                    .violation(format!("{number} goes on with an ended session"));
            }
        }
        if self.watcher.is_stored() {
            self.watcher
                .violation("an ended session is still stored".into());
        }
    }
}

async fn simulate(plan: Plan, mutant: Option<Mutant>) -> Outcome {
    let simulation = Simulation::new(plan);
    let watcher = Watcher::new(simulation.clone());
    let model_run = Arc::new(ModelRun {
        simulation: simulation.clone(),
        watcher: watcher.clone(),
        store: Arc::new(MemoryStore::new()),
        mutant,
        calls: Mutex::default(),
    });
    let plan = &simulation.plan;
    let numbers = 0..plan.instances;
    let instances: Vec<_> = numbers.map(|at| Arc::new(model_run.instance(at))).collect();
    let first = tokens(&simulation, &watcher, 0);
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
    if let Some(then) = plan.revoked_at {
        let (simulation, watcher) = (simulation.clone(), watcher.clone());
        callers.spawn(async move {
            sleep_until(simulation.at(then)).await;
            watcher.revoke();
        });
    }
    if let Some((number, then)) = plan.signs_out_at {
        let (simulation, watcher) = (simulation.clone(), watcher.clone());
        let (instance, id) = (instances[number].clone(), id.clone());
        callers.spawn(async move {
            sleep_until(simulation.at(then)).await;
            if simulation.has_crashed(number) {
                return;
            }
            if let Ok(session) = instance.session(&id).await {
                watcher.signs_out();
                let _ = session.end().await;
            }
        });
    }
    sleep_until(simulation.at(plan.calm_at)).await;
    let longest = plan.token_life + plan.settings.deadline + Duration::from_secs(10);
    let over = async { while callers.join_next().await.is_some() {} };
    if timeout(longest, over).await.is_err() {
        watcher.violation("a caller is stuck".into());
    }
    drop(session);
    sleep(UNTIL_ALL_IS_WELL).await;
    model_run.settle(&instances, &id).await;

    let (violations, trace, tally) = watcher.verdict();
    let (calls, dropped) = *model_run.calls.lock().expect("nobody panics");
    Outcome {
        violations,
        trace,
        tally,
        calls,
        dropped,
    }
}
