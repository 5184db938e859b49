//! What a client tells about its work: as `tracing` events, and to an [`Observer`] of the caller's.

use std::borrow::Borrow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use http::StatusCode;

use crate::error::{Error, System};

/// Something that happened on the road or to a session. No variant holds a secret, a URL or a body.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request was sent, and what came of it. One that found no place in time, or no credential,
    /// was not: the call alone tells of it.
    #[non_exhaustive]
    Attempt {
        /// The system that was called.
        system: System,
        /// The operation, by its id in the system's description.
        operation: &'a str,
        /// Which attempt of its call it was, from 1.
        attempt: u32,
        /// The status, if there was an answer.
        status: Option<StatusCode>,
        /// The class of the error, as OpenTelemetry's `error.type`; none for a success.
        error_type: Option<&'a str>,
        /// From waiting for a place, if one was waited for, to the last byte of the answer.
        elapsed: Duration,
    },
    /// The request will be sent again.
    #[non_exhaustive]
    Retry {
        /// The system that was called.
        system: System,
        /// The operation, by its id in the system's description.
        operation: &'a str,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// How long to wait before the next one.
        wait: Duration,
        /// Why: the class of the error, as OpenTelemetry's `error.type`.
        reason: &'a str,
    },
    /// A repeat would have been allowed, but too many were made already.
    #[non_exhaustive]
    RetryBudgetExhausted {
        /// The system that was called.
        system: System,
        /// The operation, by its id in the system's description.
        operation: &'a str,
        /// Which attempt failed, from 1.
        attempt: u32,
    },
    /// A call is over. One that its caller dropped is not reported.
    #[non_exhaustive]
    Call {
        /// The system that was called.
        system: System,
        /// The operation, by its id in the system's description.
        operation: &'a str,
        /// How many requests were sent or tried.
        attempts: u32,
        /// What it failed with, if it did.
        error: Option<&'a Error>,
        /// From the call's beginning.
        elapsed: Duration,
    },
    /// A session's token was exchanged for a new one, or was not.
    #[non_exhaustive]
    Refresh {
        /// The system of the session.
        system: System,
        /// The session.
        session: SessionLabel,
        /// What came of it.
        outcome: RefreshOutcome,
        /// From the beginning of the exchange to its saving.
        elapsed: Duration,
    },
    /// A session has ended: nothing is sent with its credential any more.
    #[non_exhaustive]
    SessionEnded {
        /// The system of the session.
        system: System,
        /// The session.
        session: SessionLabel,
        /// Why.
        why: &'static str,
    },
    /// This machine's clock differs from the server's. Reported once per client.
    #[non_exhaustive]
    ClockSkew {
        /// The system that was called.
        system: System,
        /// Server time less local time.
        skew: TimeDelta,
        /// Whether it is corrected for; else it is larger than the client's bound.
        corrected: bool,
    },
}

/// By what a session is called in logs: 8 hex digits of the digest of its id, enough to follow it
/// and too little to use it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionLabel(pub(crate) [u8; 4]);

impl fmt::Display for SessionLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.iter();
        bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionLabel({self})")
    }
}

/// How an exchange of tokens went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefreshOutcome {
    /// There is a new token.
    Refreshed,
    /// The server will never renew this one, or the session has ended elsewhere.
    Ended,
    /// It failed for now.
    Failed,
}

/// A hook for metrics: it sees every [`Event`] of a client.
///
/// It is called in the middle of calls: it must be quick and must not block. A panic in it is
/// caught and dropped.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use vestibule::{Event, Observer};
///
/// #[derive(Default)]
/// struct Retries(AtomicU64);
///
/// impl Observer for Retries {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::Retry { .. } = event {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Sees one event.
    fn observe(&self, event: &Event<'_>);
}

/// Where the events of one client go.
#[derive(Clone, Default)]
pub(crate) struct Telemetry(Option<Arc<dyn Observer>>);

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signals")
    }
}

impl Telemetry {
    pub(crate) fn to(observer: Option<Arc<dyn Observer>>) -> Self {
        Self(observer)
    }

    /// Tells everybody.
    pub(crate) fn emit(&self, event: &Event<'_>) {
        trace(event);
        self.observe(|| event);
    }

    /// Tells the observer, if there is one.
    pub(crate) fn observe<'a, E: Borrow<Event<'a>>>(&self, event: impl FnOnce() -> E) {
        if let Some(observer) = &self.0 {
            let event = event();
            // Somebody else's panic must not take a token exchange with it.
            let _ = catch_unwind(AssertUnwindSafe(|| observer.observe(event.borrow())));
        }
    }
}

fn trace(event: &Event<'_>) {
    match event {
        // Spans tell these, and they go to the observer alone.
        Event::Attempt { .. } | Event::Call { .. } => {}
        Event::Retry {
            system,
            operation,
            attempt,
            wait,
            reason,
        } => tracing::info!(
            %system,
            operation,
            attempt,
            wait_seconds = wait.as_secs_f64(),
            reason,
            "retry"
        ),
        Event::RetryBudgetExhausted {
            system,
            operation,
            attempt,
        } => tracing::warn!(%system, operation, attempt, "retry budget exhausted"),
        Event::Refresh {
            system,
            session,
            outcome,
            elapsed,
        } => tracing::info!(
            %system,
            %session,
            outcome = ?outcome,
            elapsed_seconds = elapsed.as_secs_f64(),
            "refresh"
        ),
        Event::SessionEnded {
            system,
            session,
            why,
        } => tracing::info!(%system, %session, why, "session ended"),
        Event::ClockSkew {
            system,
            skew,
            corrected,
        } => tracing::warn!(
            %system,
            skew_seconds = skew.num_seconds(),
            corrected,
            "the clock of this machine differs from the server's"
        ),
    }
}
