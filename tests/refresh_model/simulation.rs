//! The virtual time of one run, and its frozen instances.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use vestibule::chrono::{DateTime, TimeDelta, Utc};
use vestibule::{BoxFuture, Clock};

use super::mutant::Mutant;
use super::plan::{Freeze, Plan};

const EPOCH: DateTime<Utc> = DateTime::from_timestamp(1_750_000_000, 0).expect("a time");

pub struct Simulation {
    pub plan: Plan,
    start: Instant,
}

impl Simulation {
    pub fn new(plan: Plan) -> Arc<Self> {
        Arc::new(Self {
            plan,
            start: Instant::now(),
        })
    }

    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub fn at(&self, time: Duration) -> Instant {
        self.start + time
    }

    pub fn is_calm(&self) -> bool {
        self.elapsed() >= self.plan.calm_at
    }

    /// The server's time of day.
    pub fn now(&self) -> DateTime<Utc> {
        EPOCH + TimeDelta::from_std(self.elapsed()).expect("short")
    }

    pub fn has_crashed(&self, instance: usize) -> bool {
        let gone = |freeze: &&_| matches!(freeze, Freeze { until: None, .. });
        let mut crashes = self.plan.freezes.iter().filter(gone);
        crashes.any(|crash| crash.instance == instance && crash.from <= self.elapsed())
    }

    /// When a frozen instance is thawed; far in the future after a crash.
    pub fn frozen_until(&self, instance: usize) -> Option<Instant> {
        let now = self.elapsed();
        let freeze = self.plan.freezes.iter().find(|freeze| {
            freeze.instance == instance
                && freeze.from <= now
                && freeze.until.is_none_or(|until| now < until)
        })?;
        let never = Duration::from_secs(365 * 24 * 3600);
        Some(self.at(freeze.until.unwrap_or(never)))
    }

    /// Whether an instance has been frozen since then, or still is.
    pub fn was_frozen_since(&self, instance: usize, since: Instant) -> bool {
        let mut freezes = self.plan.freezes.iter();
        freezes.any(|freeze| {
            freeze.instance == instance
                && freeze.from <= self.elapsed()
                && freeze.until.is_none_or(|until| self.at(until) >= since)
        })
    }

    /// Waits while an instance is frozen; returns whether it was.
    pub async fn thaw(&self, instance: usize) -> bool {
        let mut was_frozen = false;
        while let Some(until) = self.frozen_until(instance) {
            was_frozen = true;
            sleep_until(until).await;
        }
        was_frozen
    }

    /// How far the clock of an instance is off.
    pub fn clock_step(&self, instance: usize) -> TimeDelta {
        let now = self.elapsed();
        let steps = self
            .plan
            .clock_steps
            .iter()
            .filter(|step| step.instance == instance && step.from <= now && now < step.until);
        TimeDelta::seconds(steps.map(|step| step.seconds).sum())
    }

    pub fn store_is_down(&self) -> bool {
        let now = self.elapsed();
        let outage = self.plan.outage.filter(|_| !self.is_calm());
        outage.is_some_and(|(from, until)| from <= now && now < until)
    }
}

/// An instance's clock.
pub struct InstanceClock {
    instance: usize,
    simulation: Arc<Simulation>,
    skew: TimeDelta,
    mutant: Option<Mutant>,
}

impl InstanceClock {
    pub fn of(
        simulation: &Arc<Simulation>,
        instance: usize,
        mutant: Option<Mutant>,
    ) -> Arc<dyn Clock> {
        let skew = simulation.plan.skews_millis.get(instance).copied();
        Arc::new(Self {
            instance,
            simulation: simulation.clone(),
            skew: TimeDelta::milliseconds(skew.unwrap_or(0)),
            mutant,
        })
    }
}

impl Clock for InstanceClock {
    fn now(&self) -> DateTime<Utc> {
        match self.mutant {
            Some(Mutant::ClocksStandStill) => EPOCH,
            _ => self.simulation.now() + self.skew + self.simulation.clock_step(self.instance),
        }
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        match self.mutant {
            Some(Mutant::NeverWakes) => Box::pin(std::future::pending()),
            _ => Box::pin(tokio::time::sleep(duration)),
        }
    }
}
