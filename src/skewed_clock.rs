//! The time as the server sees it.
//!
//! Signatures are good for minutes and tokens end at a time that the server wrote, so a clock that
//! is wrong breaks both. Every answer says in `Date` what time it is there: a difference beyond
//! doubt is corrected for, within a bound, and reported once.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, header};

use crate::clock::{BoxFuture, SharedClock};

/// A smaller difference is left alone: `Date` has whole seconds, and answers take their time.
const TOLERANCE_MILLIS: i64 = 5_000;

/// Of answers that succeed, one to a request that left in this time is looked at.
const LOOK_EVERY_MILLIS: i64 = 1_000;

/// A clock that is corrected by what one server says. Clones share the correction.
#[derive(Clone)]
pub(crate) struct SkewedClock {
    clock: SharedClock,
    skew: Arc<Skew>,
}

struct Skew {
    correction_millis: AtomicI64,
    longest_millis: i64,
    next_look_millis: AtomicI64,
    reported: AtomicBool,
    seen: Mutex<Seen>,
}

/// What earlier answers said.
#[derive(Default)]
struct Seen {
    /// Whether any answer was believed yet.
    settled: bool,
    /// Another correction than the present one, said by the last answer alone.
    candidate: Option<i64>,
}

/// A difference that was noticed for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewSkew {
    /// Server time less local time.
    pub(crate) skew: TimeDelta,
    /// Whether it is within the bound.
    pub(crate) corrected: bool,
}

impl SkewedClock {
    /// `longest` bounds the correction; zero turns it off.
    pub(crate) fn new(clock: SharedClock, longest: Duration) -> Self {
        Self {
            clock,
            skew: Arc::new(Skew {
                correction_millis: AtomicI64::new(0),
                longest_millis: i64::try_from(longest.as_millis()).unwrap_or(i64::MAX),
                next_look_millis: AtomicI64::new(i64::MIN),
                reported: AtomicBool::new(false),
                seen: Mutex::default(),
            }),
        }
    }

    /// The time of day in UTC, as the server has it.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.at(self.local_now())
    }

    /// The time at the server when it is `local` here.
    pub(crate) fn at(&self, local: DateTime<Utc>) -> DateTime<Utc> {
        match self.skew.correction_millis.load(Ordering::Relaxed) {
            0 => local,
            correction => local + TimeDelta::milliseconds(correction),
        }
    }

    /// The time of day in UTC, as this machine has it.
    pub(crate) fn local_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The clock without the correction, for what no server has a say in.
    pub(crate) fn local(&self) -> &SharedClock {
        &self.clock
    }

    pub(crate) fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    /// Learns from an answer to a request that left at `sent`, local time. The first answer counts
    /// at once; later on, two that agree are needed to change the correction, so that one server
    /// of many with a wrong clock changes nothing.
    pub(crate) fn learn(
        &self,
        sent: DateTime<Utc>,
        headers: &HeaderMap,
        success: bool,
    ) -> Option<NewSkew> {
        let skew = &*self.skew;
        let sent_millis = sent.timestamp_millis();
        let next_look = skew.next_look_millis.load(Ordering::Relaxed);
        // Requests that left before the last look are under way still, so the next one is further
        // off for them. One that is very far off was planned by a clock that was set back since; by
        // less than the tolerance changes nothing.
        let until_look = next_look.saturating_sub(sent_millis);
        let waits = (1..=LOOK_EVERY_MILLIS + TOLERANCE_MILLIS).contains(&until_look);
        if skew.longest_millis == 0 || (success && waits) {
            return None;
        }
        let received = self.local_now().timestamp_millis();
        let date = date(headers)?.timestamp_millis();
        let next_look = received.saturating_add(LOOK_EVERY_MILLIS);
        skew.next_look_millis.store(next_look, Ordering::Relaxed);
        // The server wrote the date, cut to a second, somewhere between sending and receiving.
        let lowest = date.saturating_sub(received);
        let highest = date
            .saturating_add(1_000)
            .saturating_sub(sent_millis)
            .max(lowest);
        let fits = |correction: i64| {
            correction >= lowest.saturating_sub(TOLERANCE_MILLIS)
                && correction <= highest.saturating_add(TOLERANCE_MILLIS)
        };
        let mut seen = skew.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if fits(skew.correction_millis.load(Ordering::Relaxed)) {
            seen.settled = true;
            seen.candidate = None;
            return None;
        }
        let agreed = !seen.settled || seen.candidate.is_some_and(fits);
        let correction = if fits(0) { 0 } else { lowest.midpoint(highest) };
        let corrected = correction.saturating_abs() <= skew.longest_millis;
        if agreed && corrected {
            skew.correction_millis.store(correction, Ordering::Relaxed);
            seen.settled = true;
            seen.candidate = None;
        } else {
            seen.candidate = Some(correction);
        }
        let is_new = agreed && correction != 0 && !skew.reported.swap(true, Ordering::Relaxed);
        is_new.then_some(NewSkew {
            skew: TimeDelta::milliseconds(correction),
            corrected,
        })
    }
}

/// The time at the server when it made the answer; unknown for one out of a cache.
pub(crate) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    if headers.contains_key(header::AGE) {
        return None;
    }
    let text = headers.get(header::DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|date| date.to_utc())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::HeaderValue;

    use super::*;
    use crate::clock::Clock;

    /// A clock that can be set, also back.
    #[derive(Clone)]
    struct Settable(Arc<AtomicI64>);

    impl Clock for Settable {
        fn now(&self) -> DateTime<Utc> {
            DateTime::from_timestamp(self.0.load(Ordering::Relaxed), 0).unwrap()
        }

        fn sleep(&self, _duration: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    const TRUE_TIME: i64 = 1_800_000_000;
    const TWO_HOURS: i64 = 7_200;
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn dated(timestamp: i64) -> HeaderMap {
        let date = DateTime::from_timestamp(timestamp, 0).unwrap();
        let date = date.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let date = HeaderValue::from_str(&date).unwrap();
        HeaderMap::from_iter([(header::DATE, date)])
    }

    #[test]
    fn of_requests_that_are_under_way_together_one_is_looked_at() {
        let local = Settable(Arc::new(AtomicI64::new(TRUE_TIME)));
        let time = SkewedClock::new(SharedClock::new(local.clone()), DAY);
        let left_together = time.local_now();
        local.0.store(TRUE_TIME + 2, Ordering::Relaxed);
        time.learn(left_together, &dated(TRUE_TIME + 1), true);
        time.learn(left_together, &dated(TRUE_TIME + TWO_HOURS), true);
        assert_eq!(time.skew.seen.lock().unwrap().candidate, None);

        local.0.store(TRUE_TIME + 4, Ordering::Relaxed);
        time.learn(time.local_now(), &dated(TRUE_TIME + TWO_HOURS), true);
        assert!(time.skew.seen.lock().unwrap().candidate.is_some());
    }

    #[test]
    fn a_clock_that_is_set_back_is_learnt_anew() {
        let local = Settable(Arc::new(AtomicI64::new(TRUE_TIME + TWO_HOURS)));
        let time = SkewedClock::new(SharedClock::new(local.clone()), DAY);
        let headers = dated(TRUE_TIME);
        let learn = || time.learn(time.local_now(), &headers, true);
        let new = learn().unwrap();
        assert!(new.corrected && new.skew.num_seconds() <= -TWO_HOURS + 1);
        assert!((time.now().timestamp() - TRUE_TIME).abs() <= 1);

        local.0.store(TRUE_TIME, Ordering::Relaxed);
        assert_eq!((learn(), learn()), (None, None), "a skew is reported once");
        local.0.store(TRUE_TIME + 2, Ordering::Relaxed);
        learn();
        assert!((time.now().timestamp() - TRUE_TIME).abs() <= 3);
    }
}
