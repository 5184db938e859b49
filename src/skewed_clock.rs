//! A clock that follows the server's time.
//!
//! Signatures are valid for minutes and tokens expire at a time that the server chose, so a wrong
//! local clock breaks both. The `Date` header of successes tells the server's time: a difference
//! that is too large for network delay is corrected, up to a limit, once two responses agree on it,
//! and reported once. Other responses may come from a gateway, whose clock signs nothing.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, header};

use crate::clock::{BoxFuture, SharedClock};
use crate::http_date;

/// The difference below which the clock is not corrected: `Date` has whole seconds, and responses
/// are delayed.
const TOLERANCE_MILLIS: i64 = 5_000;

/// Of the responses to requests that were sent within this time, one is checked, once the first
/// ones have settled whether the clock is right.
const CHECK_INTERVAL_MILLIS: i64 = 1_000;

/// The local clock, corrected by the `Date` headers of one server. Clones share the correction.
#[derive(Clone)]
pub(crate) struct SkewedClock {
    clock: SharedClock,
    skew: Arc<Skew>,
}

struct Skew {
    correction_millis: AtomicI64,
    max_millis: i64,
    next_check_millis: AtomicI64,
    reported: AtomicBool,
    history: Mutex<History>,
}

/// What earlier responses said.
#[derive(Default)]
struct History {
    /// Whether a response has confirmed the correction, or two have agreed on one.
    settled: bool,
    /// A different correction, which only the last response asked for.
    candidate: Option<i64>,
}

/// A difference that was found for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewSkew {
    /// Server time minus local time.
    pub(crate) skew: TimeDelta,
    /// Whether it is within the limit.
    pub(crate) corrected: bool,
}

impl SkewedClock {
    /// `max` limits the correction; zero disables it.
    pub(crate) fn new(clock: SharedClock, max: Duration) -> Self {
        Self {
            clock,
            skew: Arc::new(Skew {
                correction_millis: AtomicI64::new(0),
                max_millis: i64::try_from(max.as_millis()).unwrap_or(i64::MAX),
                next_check_millis: AtomicI64::new(i64::MIN),
                reported: AtomicBool::new(false),
                history: Mutex::default(),
            }),
        }
    }

    /// The server's time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.at(self.local_now())
    }

    /// The server's time at a local time.
    pub(crate) fn at(&self, local: DateTime<Utc>) -> DateTime<Utc> {
        match self.skew.correction_millis.load(Ordering::Relaxed) {
            0 => local,
            // A server may issue a token that ends at the end of time.
            correction => {
                let corrected = local.checked_add_signed(TimeDelta::milliseconds(correction));
                corrected.unwrap_or(local)
            }
        }
    }

    /// The local time.
    pub(crate) fn local_now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The local clock, without the correction.
    pub(crate) fn local(&self) -> &SharedClock {
        &self.clock
    }

    pub(crate) fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.clock.sleep(duration)
    }

    /// Learns from a success of the server, the response to a request that was sent at `sent`, local
    /// time. One response confirms the correction, and two that agree change it, so a single server
    /// of a cluster with a wrong clock has no effect.
    pub(crate) fn learn(&self, sent: DateTime<Utc>, headers: &HeaderMap) -> Option<NewSkew> {
        let skew = &*self.skew;
        let sent_millis = sent.timestamp_millis();
        let next_check = skew.next_check_millis.load(Ordering::Relaxed);
        // For requests that were sent before the last check, the next check is further away than the
        // interval. If it is much further away, the local clock was set back since then; if set back
        // by less than the tolerance, that does not matter.
        let until_check = next_check.saturating_sub(sent_millis);
        let waits = (1..=CHECK_INTERVAL_MILLIS + TOLERANCE_MILLIS).contains(&until_check);
        if skew.max_millis == 0 || waits {
            return None;
        }
        let received = self.local_now().timestamp_millis();
        let date = date(headers)?.timestamp_millis();
        // The server set the date, truncated to a second, between sending and receiving.
        let lowest = date.saturating_sub(received);
        let highest = date
            .saturating_add(1_000)
            .saturating_sub(sent_millis)
            .max(lowest);
        let fits = |correction: i64| {
            correction >= lowest.saturating_sub(TOLERANCE_MILLIS)
                && correction <= highest.saturating_add(TOLERANCE_MILLIS)
        };
        let mut history = skew.history.lock().unwrap_or_else(PoisonError::into_inner);
        let confirmed = fits(skew.correction_millis.load(Ordering::Relaxed));
        let agreed = !confirmed && history.candidate.is_some_and(fits);
        let correction = if fits(0) { 0 } else { lowest.midpoint(highest) };
        let corrected = correction.saturating_abs() <= skew.max_millis;
        history.candidate = None;
        if agreed && corrected {
            skew.correction_millis.store(correction, Ordering::Relaxed);
        } else if !confirmed {
            history.candidate = Some(correction);
        }
        // Until then every response counts: the first calls may be signed soon.
        history.settled |= confirmed || agreed;
        if history.settled {
            let next_check = received.saturating_add(CHECK_INTERVAL_MILLIS);
            skew.next_check_millis.store(next_check, Ordering::Relaxed);
        }
        let is_new = agreed && correction != 0 && !skew.reported.swap(true, Ordering::Relaxed);
        is_new.then_some(NewSkew {
            skew: TimeDelta::milliseconds(correction),
            corrected,
        })
    }
}

/// The server's time when it made the response; unknown for a cached response.
pub(crate) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    if headers.contains_key(header::AGE) {
        return None;
    }
    http_date::parse(headers.get(header::DATE)?.to_str().ok()?)
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

    /// A clock at this time, with a correction of at most a day.
    fn clock_at(timestamp: i64) -> (Settable, SkewedClock) {
        let local = Settable(Arc::new(AtomicI64::new(timestamp)));
        let time = SkewedClock::new(SharedClock::new(local.clone()), DAY);
        (local, time)
    }

    impl SkewedClock {
        /// Learns from a success that the server dates so.
        fn learn_date(&self, timestamp: i64) -> Option<NewSkew> {
            self.learn(self.local_now(), &dated(timestamp))
        }
    }

    #[test]
    fn the_first_correction_needs_two_responses_that_agree() {
        let (_, time) = clock_at(TRUE_TIME);
        assert_eq!(time.learn_date(TRUE_TIME - 3 * TWO_HOURS), None);
        assert_eq!(time.now().timestamp(), TRUE_TIME);
        assert_eq!(
            time.learn_date(TRUE_TIME + TWO_HOURS),
            None,
            "they disagree"
        );
        assert_eq!(time.now().timestamp(), TRUE_TIME);
        let new = time.learn_date(TRUE_TIME + TWO_HOURS).unwrap();
        assert!(new.corrected && new.skew.num_seconds() >= TWO_HOURS);
        assert!((time.now().timestamp() - TRUE_TIME - TWO_HOURS).abs() <= 1);
    }

    #[test]
    fn one_response_confirms_a_clock_that_is_right() {
        let (local, time) = clock_at(TRUE_TIME);
        assert_eq!(time.learn_date(TRUE_TIME - 3 * TWO_HOURS), None);
        assert_eq!(time.learn_date(TRUE_TIME), None);
        local.0.store(TRUE_TIME + 2, Ordering::Relaxed);
        assert_eq!(time.learn_date(TRUE_TIME - 3 * TWO_HOURS), None);
        assert_eq!(time.now().timestamp(), TRUE_TIME + 2);
    }

    #[test]
    fn a_date_of_an_older_form_is_read() {
        let (_, time) = clock_at(TRUE_TIME);
        let server_time = DateTime::from_timestamp(TRUE_TIME + TWO_HOURS, 0).unwrap();
        for form in ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
            let date = server_time.format(form).to_string();
            let date = HeaderValue::from_str(&date).unwrap();
            let headers = HeaderMap::from_iter([(header::DATE, date)]);
            time.learn(time.local_now(), &headers);
        }
        assert!((time.now() - server_time).num_seconds().abs() <= 1);
    }

    #[test]
    fn only_one_of_concurrent_responses_is_checked() {
        let (local, time) = clock_at(TRUE_TIME);
        let sent_together = time.local_now();
        local.0.store(TRUE_TIME + 2, Ordering::Relaxed);
        time.learn(sent_together, &dated(TRUE_TIME + 1));
        time.learn(sent_together, &dated(TRUE_TIME + TWO_HOURS));
        assert_eq!(time.skew.history.lock().unwrap().candidate, None);

        local.0.store(TRUE_TIME + 4, Ordering::Relaxed);
        time.learn_date(TRUE_TIME + TWO_HOURS);
        assert!(time.skew.history.lock().unwrap().candidate.is_some());
    }

    #[test]
    fn a_clock_that_is_set_back_is_corrected_again() {
        let (local, time) = clock_at(TRUE_TIME + TWO_HOURS);
        let learn = || time.learn_date(TRUE_TIME);
        assert_eq!(learn(), None);
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
