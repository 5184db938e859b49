//! The events of one run, derived from its seed.

use std::time::Duration;

use vestibule::Settings;

use super::rng::Rng;

/// Rates of faults in operations of a store or server, per mille.
#[derive(Clone, Copy, Debug)]
pub struct FaultRates {
    pub slow: u64,
    pub fails_before: u64,
    pub fails_after: u64,
    /// The caller times out, the operation is executed later.
    pub late: u64,
}

/// An instance is frozen for a while, or for the rest of the run.
#[derive(Clone, Copy, Debug)]
pub struct Freeze {
    pub instance: usize,
    pub from: Duration,
    pub until: Option<Duration>,
}

/// The store loses what was written in a period, at its end.
#[derive(Clone, Copy, Debug)]
pub struct Rollback {
    pub from: Duration,
    pub until: Duration,
}

/// An instance is connected to a server that has become a replica: it reads what was stored at the
/// beginning, until the first write, which fails, makes it connect again.
#[derive(Clone, Copy, Debug)]
pub struct Demotion {
    pub instance: usize,
    pub from: Duration,
    pub until: Duration,
}

/// The clock of an instance is wrong for a while.
#[derive(Clone, Copy, Debug)]
pub struct ClockStep {
    pub instance: usize,
    pub from: Duration,
    pub until: Duration,
    pub seconds: i64,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub instances: usize,
    pub tasks: usize,
    pub token_life: Duration,
    pub settings: Settings,
    /// Two of the settings.
    pub deadline: Duration,
    pub revalidate_session_after: Duration,
    pub store: FaultRates,
    pub server: FaultRates,
    /// When the faults end.
    pub calm_at: Duration,
    pub freezes: Vec<Freeze>,
    /// The store is down for some time.
    pub outage: Option<(Duration, Duration)>,
    /// Dropped callers and tokens that are rejected early, per mille of the calls.
    pub dropped: u64,
    pub rejected: u64,
    /// The server revokes the session.
    pub revoked_at: Option<Duration>,
    /// The user signs out on an instance.
    pub signs_out_at: Option<(usize, Duration)>,
    /// Skew of the instances' clocks against the server's.
    pub skews_millis: Vec<i64>,
    pub rollbacks: Vec<Rollback>,
    pub demotions: Vec<Demotion>,
    pub clock_steps: Vec<ClockStep>,
}

impl Plan {
    /// Whether the run has no faults.
    pub fn has_no_faults(&self) -> bool {
        let has_no_faults = |rates: FaultRates| {
            rates.slow + rates.fails_before + rates.fails_after + rates.late == 0
        };
        has_no_faults(self.store)
            && has_no_faults(self.server)
            && self.freezes.is_empty()
            && self.outage.is_none()
            && self.rollbacks.is_empty()
            && self.demotions.is_empty()
            && self.clock_steps.is_empty()
    }

    /// The same with a store that goes back and is demoted, and with clocks that step.
    pub fn with_rollbacks(seed: u64) -> Self {
        let mut plan = Self::of(seed);
        let mut rng = Rng::new(seed, 2);
        let end = u64::try_from(plan.calm_at.as_millis()).expect("short");
        let instances = u64::try_from(plan.instances).expect("few");
        let some_instance = |rng: &mut Rng| usize::try_from(rng.number(0, instances)).expect("few");
        for _ in 0..rng.number(1, 4) {
            let until = rng.millis(200, end);
            let lost = rng.millis(50, 5_000);
            plan.rollbacks.push(Rollback {
                from: until.saturating_sub(lost),
                until,
            });
        }
        plan.rollbacks.sort_by_key(|rollback| rollback.until);
        for _ in 0..rng.number(0, 3) {
            let from = rng.millis(0, end);
            plan.demotions.push(Demotion {
                instance: some_instance(&mut rng),
                from,
                until: (from + rng.millis(100, 10_000)).min(plan.calm_at),
            });
        }
        for _ in 0..rng.number(0, 3) {
            let from = rng.millis(0, end);
            let seconds = i64::try_from(rng.number(1, 120)).expect("small") - 60;
            plan.clock_steps.push(ClockStep {
                instance: some_instance(&mut rng),
                from,
                until: (from + rng.millis(500, 20_000)).min(plan.calm_at),
                seconds,
            });
        }
        plan
    }

    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed, 1);
        let instances = usize::try_from(rng.number(2, 6)).expect("few");
        let calm_at = Duration::from_secs(rng.pick(&[30, 60, 120]));
        let deadline = Duration::from_secs(rng.pick(&[5, 10, 30]));
        let lease_time = Duration::from_secs(rng.pick(&[1, 3, 10]));
        let revalidate_session_after = Duration::from_secs(rng.pick(&[1, 5, 30]));
        let settings = Settings::new()
            .deadline(deadline)
            .lease_time(lease_time)
            .revalidate_session_after(revalidate_session_after)
            .refresh_before_expiry(Duration::from_secs(rng.pick(&[0, 5, 60])));
        let rough = rng.pick(&[0, 1, 1, 2, 5]);
        let rates = |rng: &mut Rng| FaultRates {
            slow: rough * rng.pick(&[0, 20, 60]),
            fails_before: rough * rng.pick(&[0, 10, 40]),
            fails_after: rough * rng.pick(&[0, 10, 40]),
            late: rough * rng.pick(&[0, 0, 10]),
        };
        let store = rates(&mut rng);
        let server = rates(&mut rng);
        let at = |rng: &mut Rng| {
            let end = u64::try_from(calm_at.as_millis()).expect("short");
            rng.millis(0, end)
        };
        let mut freezes = Vec::new();
        // The last instance is never frozen, so that one is left for the final check.
        for instance in 0..instances - 1 {
            if rough > 0 && rng.chance(400) {
                let from = at(&mut rng);
                let crashed = rng.chance(400);
                let until = (!crashed).then(|| from + rng.millis(500, 25_000));
                freezes.push(Freeze {
                    instance,
                    from,
                    until,
                });
            }
        }
        let outage = (rough > 0 && rng.chance(250)).then(|| {
            let from = at(&mut rng);
            (from, from + rng.millis(200, 20_000))
        });
        Self {
            seed,
            instances,
            tasks: usize::try_from(rng.number(1, 5)).expect("few"),
            token_life: Duration::from_secs(rng.pick(&[4, 10, 30, 90])),
            settings,
            deadline,
            revalidate_session_after,
            store,
            server,
            calm_at,
            freezes,
            outage,
            dropped: rng.pick(&[0, 100, 400]),
            rejected: rng.pick(&[0, 50, 200]),
            revoked_at: rng.chance(60).then(|| at(&mut rng)),
            signs_out_at: rng.chance(100).then(|| {
                let instance = rng.number(0, u64::try_from(instances).expect("few"));
                (usize::try_from(instance).expect("few"), at(&mut rng))
            }),
            skews_millis: (0..instances)
                .map(|_| i64::try_from(rng.number(0, 300)).expect("small") - 150)
                .collect(),
            rollbacks: Vec::new(),
            demotions: Vec::new(),
            clock_steps: Vec::new(),
        }
    }
}
