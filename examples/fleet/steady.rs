//! Users call for hours, each call at an instance that the load balancer picks at random.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};
use vestibule::testing::{Instance, InstanceSession};
use vestibule::{Error, ErrorKind, Secret};

use crate::rng::Rng;
use crate::server::Backend;
use crate::simulation::{Liveness, Simulation, StoreTime, in_virtual_time};
use crate::tally::{Expected, Tally};

const SESSIONS: usize = 200;
const HOURS: Duration = Duration::from_secs(4 * 3600);
/// The mean time between two calls of a user.
const GAP: Duration = Duration::from_secs(30);
/// One instance in this many crashes and is replaced.
const CRASH: usize = 20;

const FAIL_OVER_EVERY: Duration = Duration::from_secs(600);
/// What a fail-over loses.
const LOST: Duration = Duration::from_secs(1);

/// One slot behind the load balancer: an instance and its live sessions.
struct Slot {
    liveness: Liveness,
    instance: Rc<Instance>,
    sessions: HashMap<usize, InstanceSession>,
}

impl Slot {
    fn new(backend: &Backend) -> Self {
        let liveness = Liveness::new();
        Self {
            instance: Rc::new(backend.instance(&liveness)),
            liveness,
            sessions: HashMap::new(),
        }
    }
}

struct Scenario {
    backend: Backend,
    slots: RefCell<Vec<Slot>>,
    tally: RefCell<Tally>,
}

/// What goes wrong meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Faults {
    None,
    /// Instances crash, and the store cannot be reached for two minutes.
    Crashes,
    /// The store fails over every ten minutes to a replica that lacks the last second.
    FailOvers,
}

pub fn run(instances: usize, store_time: StoreTime) -> Tally {
    in_virtual_time(scenario(instances, store_time, Faults::None))
}

pub fn run_with_crashes(instances: usize, store_time: StoreTime) -> Tally {
    in_virtual_time(scenario(instances, store_time, Faults::Crashes))
}

pub fn run_with_fail_overs(instances: usize, store_time: StoreTime) -> Tally {
    in_virtual_time(scenario(instances, store_time, Faults::FailOvers))
}

async fn scenario(instances: usize, store_time: StoreTime, faults: Faults) -> Tally {
    let minute = |minute: u64| Duration::from_secs(60 * minute);
    // Some tokens expire during the outage.
    let outage = (faults == Faults::Crashes).then(|| (minute(59), minute(61)));
    let backend = Backend::new(Simulation::new(store_time, outage));
    let slots = (0..instances).map(|_| Slot::new(&backend)).collect();
    let scenario = Rc::new(Scenario {
        backend,
        slots: RefCell::new(slots),
        tally: RefCell::default(),
    });
    let local = LocalSet::new();
    for user in 0..SESSIONS {
        local.spawn_local(scenario.clone().user(user));
    }
    match faults {
        Faults::None => {}
        Faults::Crashes => drop(local.spawn_local(scenario.clone().crashes())),
        Faults::FailOvers => drop(local.spawn_local(scenario.clone().fail_overs())),
    }
    local.await;
    let mut tally = scenario.tally.take();
    tally.sessions = SESSIONS;
    tally.expected = match faults {
        Faults::None => Expected::NoLoss,
        Faults::Crashes => Expected::FailedCalls,
        Faults::FailOvers => Expected::SignOuts(HOURS.as_secs() / FAIL_OVER_EVERY.as_secs() - 1),
    };
    tally.close(&scenario.backend);
    tally
}

impl Scenario {
    async fn user(self: Rc<Self>, user: usize) {
        let mut rng = Rng::new(u64::try_from(user).expect("a count"));
        sleep(rng.around(GAP)).await;
        let mut id = self.sign_in().await;
        while self.backend.simulation.elapsed() < HOURS {
            sleep(rng.around(GAP)).await;
            let slot = rng.below(self.slots.borrow().len());
            let began = Instant::now();
            let called = self.call(slot, user, &id).await;
            let error = called.err().map(|error| error.kind());
            self.tally.borrow_mut().call(began.elapsed(), error);
            if error == Some(ErrorKind::Unauthenticated) {
                id = self.sign_in().await;
                let mut slots = self.slots.borrow_mut();
                slots
                    .iter_mut()
                    .for_each(|slot| drop(slot.sessions.remove(&user)));
            }
        }
    }

    /// Signs a user in, and returns the id of the session.
    async fn sign_in(&self) -> Secret {
        loop {
            let (liveness, first) = {
                let slots = self.slots.borrow();
                (slots[0].liveness.clone(), slots[0].instance.clone())
            };
            tokio::select! {
                signed_in = first.sign_in(self.backend.tokens()) => {
                    return signed_in.expect("random numbers").id().clone();
                }
                () = liveness.crashed() => {}
            }
        }
    }

    async fn call(&self, slot: usize, user: usize, id: &Secret) -> Result<(), Error> {
        let (liveness, instance, sessions) = {
            let slots = self.slots.borrow();
            let slot = &slots[slot];
            let sessions = slot.sessions.get(&user).cloned();
            (slot.liveness.clone(), slot.instance.clone(), sessions)
        };
        let work = async {
            let session = match sessions {
                Some(session) => session,
                None => instance.resume_session(id).await?,
            };
            session.access_token().await?;
            Ok::<_, Error>(session)
        };
        // The load balancer would send the call to another instance after a crash.
        let session = tokio::select! {
            session = work => session?,
            () = liveness.crashed() => return Ok(()),
        };
        let mut slots = self.slots.borrow_mut();
        slots[slot].sessions.insert(user, session);
        Ok(())
    }

    async fn fail_overs(self: Rc<Self>) {
        let (simulation, store) = (&self.backend.simulation, &self.backend.store);
        let mut at = FAIL_OVER_EVERY;
        while at < HOURS {
            sleep_until(simulation.at(at - LOST)).await;
            let replica = store.snapshot();
            sleep_until(simulation.at(at)).await;
            store.go_back_to(&replica);
            at += FAIL_OVER_EVERY;
        }
    }

    async fn crashes(self: Rc<Self>) {
        let count = self.slots.borrow().len();
        let mut rng = Rng::new(7);
        let crashes = count.div_ceil(CRASH);
        for crash in 1..=crashes {
            let part = u32::try_from(crash).expect("a count") * HOURS;
            let parts = u32::try_from(crashes + 1).expect("a count");
            sleep_until(self.backend.simulation.at(part / parts)).await;
            let slot = rng.below(count);
            let mut slots = self.slots.borrow_mut();
            slots[slot].liveness.crash();
            slots[slot] = Slot::new(&self.backend);
        }
    }
}
