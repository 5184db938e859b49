//! Users who call for hours, each call at whatever instance the load balancer picks.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};
use vestibule::testing::{Instance, InstanceSession};
use vestibule::{Error, Secret};

use crate::rng::Rng;
use crate::server::Centre;
use crate::simulation::{Alive, Simulation, in_virtual_time};
use crate::tally::Tally;

const SESSIONS: usize = 200;
const HOURS: Duration = Duration::from_secs(4 * 3600);
/// Between two calls of a user.
const GAP: Duration = Duration::from_secs(30);
/// One instance in so many crashes, and another takes its place.
const CRASH: usize = 20;

/// One place behind the load balancer, and the sessions that it has at hand.
struct Place {
    alive: Alive,
    instance: Rc<Instance>,
    at_hand: HashMap<usize, InstanceSession>,
}

impl Place {
    fn new(centre: &Centre) -> Self {
        let alive = Alive::new();
        Self {
            instance: Rc::new(centre.instance(&alive)),
            alive,
            at_hand: HashMap::new(),
        }
    }
}

struct Scene {
    centre: Centre,
    places: RefCell<Vec<Place>>,
    tally: RefCell<Tally>,
}

pub fn play(instances: usize) -> Tally {
    in_virtual_time(scene(instances, false))
}

pub fn play_with_troubles(instances: usize) -> Tally {
    in_virtual_time(scene(instances, true))
}

async fn scene(instances: usize, has_troubles: bool) -> Tally {
    let minute = |minute: u64| Duration::from_secs(60 * minute);
    // Some tokens end meanwhile.
    let outage = has_troubles.then(|| (minute(59), minute(61)));
    let centre = Centre::new(Simulation::new(outage));
    let places = (0..instances).map(|_| Place::new(&centre)).collect();
    let scene = Rc::new(Scene {
        centre,
        places: RefCell::new(places),
        tally: RefCell::default(),
    });
    let local = LocalSet::new();
    for user in 0..SESSIONS {
        local.spawn_local(scene.clone().user(user));
    }
    if has_troubles {
        local.spawn_local(scene.clone().crashes());
    }
    local.await;
    let mut tally = scene.tally.take();
    tally.sessions = SESSIONS;
    tally.has_troubles = has_troubles;
    tally.close(&scene.centre);
    tally
}

impl Scene {
    async fn user(self: Rc<Self>, user: usize) {
        let mut rng = Rng::new(u64::try_from(user).expect("a count"));
        sleep(rng.around(GAP)).await;
        let first = self.places.borrow()[0].instance.clone();
        let signed_in = first.sign_in(self.centre.tokens()).await;
        let id = signed_in.expect("random numbers").id().clone();
        while self.centre.simulation.elapsed() < HOURS {
            sleep(rng.around(GAP)).await;
            let place = rng.below(self.places.borrow().len());
            let began = Instant::now();
            let called = self.call(place, user, &id).await;
            let error = called.err().map(|error| error.kind());
            self.tally.borrow_mut().call(began.elapsed(), error);
        }
    }

    async fn call(&self, place: usize, user: usize, id: &Secret) -> Result<(), Error> {
        let (alive, instance, at_hand) = {
            let places = self.places.borrow();
            let place = &places[place];
            let at_hand = place.at_hand.get(&user).cloned();
            (place.alive.clone(), place.instance.clone(), at_hand)
        };
        let work = async {
            let session = match at_hand {
                Some(session) => session,
                None => instance.session(id).await?,
            };
            session.access_token().await?;
            Ok::<_, Error>(session)
        };
        // Who calls a place that crashes meanwhile is sent to another one by the load balancer.
        let session = tokio::select! {
            session = work => session?,
            () = alive.crashed() => return Ok(()),
        };
        let mut places = self.places.borrow_mut();
        places[place].at_hand.insert(user, session);
        Ok(())
    }

    async fn crashes(self: Rc<Self>) {
        let count = self.places.borrow().len();
        let mut rng = Rng::new(7);
        let crashes = count.div_ceil(CRASH);
        for crash in 1..=crashes {
            let part = u32::try_from(crash).expect("a count") * HOURS;
            let parts = u32::try_from(crashes + 1).expect("a count");
            sleep_until(self.centre.simulation.at(part / parts)).await;
            let place = rng.below(count);
            let mut places = self.places.borrow_mut();
            places[place].alive.crash();
            places[place] = Place::new(&self.centre);
        }
    }
}
