//! Events of a client, for `tracing` and for the caller's [`Observer`].

use std::borrow::Borrow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use http::{Method, StatusCode};

use crate::end_reason::EndReason;
use crate::error::{Error, System};
use crate::store::StoreError;

/// An event of a call, a session, a challenge or a store. No variant contains a secret, a code, a contact,
/// a requested URL or a body.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An attempt has ended. One that was not sent, for want of a permit or a credential, is reported
    /// by the event of its call only.
    #[non_exhaustive]
    Attempt {
        /// The system that was called.
        system: System,
        /// The id of the operation in the system's description.
        operation: &'a str,
        /// The method of the request.
        method: &'a Method,
        /// The path as the system's description has it, with the names of its parameters; `/{path}` for a
        /// custom request. OpenTelemetry's `url.template`.
        url_template: &'a str,
        /// The host of the base URL.
        server_address: &'a str,
        /// The port of the base URL.
        server_port: u16,
        /// The number of the attempt within its call, from 1.
        attempt: u32,
        /// The status, if there was a response.
        status: Option<StatusCode>,
        /// The class of the error, as in OpenTelemetry's `error.type`; `None` for a success.
        error_type: Option<&'a str>,
        /// The time to the last byte of the response, including the wait for a permit.
        elapsed: Duration,
    },
    /// The request will be retried.
    #[non_exhaustive]
    Retry {
        /// The system that was called.
        system: System,
        /// The id of the operation in the system's description.
        operation: &'a str,
        /// The number of the failed attempt, from 1.
        attempt: u32,
        /// How long to wait before the next one.
        wait: Duration,
        /// The class of the error, as in OpenTelemetry's `error.type`.
        reason: &'a str,
        /// The number of retries that the client's retry budget has left after this one.
        budget_left: u32,
    },
    /// A request was not retried because the retry budget is exhausted.
    #[non_exhaustive]
    RetryBudgetExhausted {
        /// The system that was called.
        system: System,
        /// The id of the operation in the system's description.
        operation: &'a str,
        /// The number of the failed attempt, from 1.
        attempt: u32,
    },
    /// A call has ended. One that its caller dropped is not reported.
    #[non_exhaustive]
    Call {
        /// The system that was called.
        system: System,
        /// The id of the operation in the system's description.
        operation: &'a str,
        /// The number of attempts.
        attempts: u32,
        /// The error, if the call failed.
        error: Option<&'a Error>,
        /// The time since the start of the call.
        elapsed: Duration,
    },
    /// A refresh of a session's token has ended.
    #[non_exhaustive]
    Refresh {
        /// The system of the session.
        system: System,
        /// The session.
        session: SessionLabel,
        /// The outcome.
        outcome: RefreshOutcome,
        /// The duration of the whole refresh, with its waits for backoff and lease.
        elapsed: Duration,
    },
    /// A session has ended: no request uses its credential any more.
    #[non_exhaustive]
    SessionEnded {
        /// The system of the session.
        system: System,
        /// The session.
        session: SessionLabel,
        /// The reason.
        reason: EndReason,
    },
    /// A change of a session was not written to the store, and is no longer tried in the background.
    /// Reported once for all tries.
    ///
    /// A session that could not be saved works on, on this instance; the next call with it starts to
    /// save it again. One that could not be removed has ended on this instance, and can still be
    /// resumed by others.
    #[non_exhaustive]
    StoreWriteAbandoned {
        /// The system of the session.
        system: System,
        /// The session.
        session: SessionLabel,
        /// Whether the record was to be removed; otherwise it was to be saved.
        removal: bool,
        /// The number of tries.
        tries: u32,
        /// The time since the first of them.
        elapsed: Duration,
    },
    /// A step of the session store has ended. One that its caller dropped is not reported.
    #[non_exhaustive]
    StoreStep {
        /// The system of the client.
        system: System,
        /// The method of [`SessionStore`](crate::store::SessionStore) that was called.
        method: StoreMethod,
        /// The error, if the step did not do what it was asked for. One that is no
        /// [failure](StoreError::is_failure) is part of normal work, such as a conflict with another
        /// instance.
        error: Option<&'a StoreError>,
        /// The duration of the step.
        elapsed: Duration,
    },
    /// A challenge has made progress: the funnel of a sign-in.
    #[non_exhaustive]
    Challenge {
        /// The system of the challenge.
        system: System,
        /// The challenge. A message with a link, which starts no challenge, has a label of its own.
        challenge: ChallengeLabel,
        /// The step of the flow, such as `login_code`, `pin`, `second_factor` or `password_reset`; `link`
        /// for a message with a link. A sign-in with several steps has several funnels.
        step: &'static str,
        /// What has happened.
        progress: ChallengeProgress,
    },
    /// A response has a documented member in a form that cannot be read. The member counts as absent;
    /// one that decides counts as the safe value, such as that a second factor is required. Its value
    /// is kept among the undocumented members, unless it decides. `[]` and `{}` stand for items of a list
    /// or a map that were left out.
    #[non_exhaustive]
    UnreadableMember {
        /// The system that was called.
        system: System,
        /// The id of the operation in the system's description.
        operation: &'a str,
        /// The name of the member in the system's description.
        member: &'static str,
    },
    /// The local clock differs from the server's. Reported once per client.
    #[non_exhaustive]
    ClockSkew {
        /// The system that was called.
        system: System,
        /// Server time minus local time.
        skew: TimeDelta,
        /// Whether the client corrects it. If not, it exceeds the client's limit.
        corrected: bool,
    },
    /// Cookies of a response were not kept, or were kept without an attribute.
    #[non_exhaustive]
    CookiesIgnored {
        /// The system that was called.
        system: System,
        /// The id of the operation in the system's description.
        operation: &'a str,
        /// The reason.
        issue: CookieIssue,
        /// The number of cookies that the response set, and that have this issue.
        count: usize,
    },
}

/// Why a cookie of a response was not kept, or not as the server sent it. The rules are those of
/// RFC 6265 and of browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CookieIssue {
    /// It has no name. It was not kept.
    Malformed,
    /// Its name and its value have more than 4,096 bytes together. It was not kept.
    TooLarge,
    /// It is for a domain that the host is not in. It was not kept.
    Domain,
    /// Its name begins with `__Secure-` or `__Host-`, and it lacks the attributes that this requires.
    /// It was not kept.
    Prefix,
    /// The session has 64 cookies or 32 KiB of them already. It was not kept.
    JarFull,
    /// It was kept without an attribute that cannot be read or has more than 1,024 bytes.
    Attribute,
}

impl CookieIssue {
    /// All issues.
    pub const ALL: [Self; 6] = [
        Self::Malformed,
        Self::TooLarge,
        Self::Domain,
        Self::Prefix,
        Self::JarFull,
        Self::Attribute,
    ];

    /// The name in lower case with underscores, such as `too_large`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Domain => "domain",
            Self::Prefix => "prefix",
            Self::JarFull => "jar_full",
            Self::Attribute => "attribute",
        }
    }
}

/// The label of a session in logs: 8 hex digits of the digest of its id, enough to follow the session
/// and too little to use it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionLabel(pub(crate) [u8; 4]);

/// The label of a challenge in logs: 8 hex digits of the digest of its id, enough to follow the challenge
/// and too little to continue it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChallengeLabel(pub(crate) [u8; 4]);

macro_rules! label {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut bytes = self.0.iter();
                bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

label!(SessionLabel);
label!(ChallengeLabel);

/// The outcome of a token refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefreshOutcome {
    /// The session has a new token.
    Refreshed,
    /// The session has ended: the server refused the refresh for good, or another instance ended the
    /// session.
    Ended,
    /// The refresh failed and may succeed later.
    Failed,
}

impl RefreshOutcome {
    /// The name in lower case, such as `refreshed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refreshed => "refreshed",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }
}

/// A method of [`SessionStore`](crate::store::SessionStore).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreMethod {
    /// Loads a record.
    Load,
    /// Creates a record.
    Create,
    /// Replaces a version of a record.
    CompareAndSwap,
    /// Deletes a record.
    Delete,
    /// Acquires a lease.
    Acquire,
    /// Extends a lease.
    Extend,
    /// Releases a lease.
    Release,
}

impl StoreMethod {
    /// All methods.
    pub const ALL: [Self; 7] = [
        Self::Load,
        Self::Create,
        Self::CompareAndSwap,
        Self::Delete,
        Self::Acquire,
        Self::Extend,
        Self::Release,
    ];

    /// The name of the method, such as `compare_and_swap`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Create => "create",
            Self::CompareAndSwap => "compare_and_swap",
            Self::Delete => "delete",
            Self::Acquire => "acquire",
            Self::Extend => "extend",
            Self::Release => "release",
        }
    }
}

/// What has happened to a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChallengeProgress {
    /// The server has accepted a request for a message: the first one or another one.
    MessageSent,
    /// A code was wrong.
    WrongCode,
    /// The last code that the challenge allows was tried in vain: it sends no other until another message
    /// is requested or the sign-in starts again. Reported once for each limit that is reached.
    Locked,
    /// The server has accepted a code.
    Confirmed,
}

impl ChallengeProgress {
    /// All kinds of progress.
    pub const ALL: [Self; 4] = [
        Self::MessageSent,
        Self::WrongCode,
        Self::Locked,
        Self::Confirmed,
    ];

    /// The name in lower case with underscores, such as `wrong_code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessageSent => "message_sent",
            Self::WrongCode => "wrong_code",
            Self::Locked => "locked",
            Self::Confirmed => "confirmed",
        }
    }
}

/// A hook for metrics that receives every [`Event`] of a client.
///
/// It runs within calls, so it must be fast and must not block. A panic in it is caught and ignored.
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
    /// Receives one event.
    fn observe(&self, event: &Event<'_>);
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn observe(&self, event: &Event<'_>) {
        (**self).observe(event);
    }
}

/// The destination of the events of one client.
#[derive(Clone, Default)]
pub(crate) struct Telemetry(Option<Arc<dyn Observer>>);

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telemetry")
    }
}

impl Telemetry {
    pub(crate) fn to(observer: Option<Arc<dyn Observer>>) -> Self {
        Self(observer)
    }

    /// Sends an event to `tracing` and to the observer.
    pub(crate) fn emit(&self, event: &Event<'_>) {
        trace(event);
        self.observe(|| event);
    }

    /// Sends an event to the observer. Calls `event` only if there is one.
    pub(crate) fn observe<'a, E: Borrow<Event<'a>>>(&self, event: impl FnOnce() -> E) {
        if let Some(observer) = &self.0 {
            let event = event();
            // A panic of the observer must not abort a token exchange.
            let _ = catch_unwind(AssertUnwindSafe(|| observer.observe(event.borrow())));
        }
    }
}

fn trace(event: &Event<'_>) {
    match event {
        // Spans report these to `tracing`, and steps of the store are too many for it.
        Event::Attempt { .. } | Event::Call { .. } | Event::StoreStep { .. } => {}
        Event::Retry {
            system,
            operation,
            attempt,
            wait,
            reason,
            budget_left,
        } => tracing::info!(
            %system,
            operation,
            attempt,
            wait_seconds = wait.as_secs_f64(),
            reason,
            budget_left,
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
            reason,
        } => tracing::info!(%system, %session, reason = reason.as_str(), "session ended"),
        Event::StoreWriteAbandoned {
            system,
            session,
            removal,
            tries,
            elapsed,
        } => tracing::warn!(
            %system,
            %session,
            removal,
            tries,
            elapsed_seconds = elapsed.as_secs_f64(),
            "a session was not written to the store"
        ),
        Event::Challenge {
            system,
            challenge,
            step,
            progress,
        } => tracing::info!(
            %system,
            %challenge,
            step,
            progress = progress.as_str(),
            "progress of a challenge"
        ),
        Event::UnreadableMember {
            system,
            operation,
            member,
        } => tracing::warn!(%system, operation, member, "a member cannot be read"),
        Event::ClockSkew {
            system,
            skew,
            corrected,
        } => tracing::warn!(
            %system,
            skew_seconds = skew.num_seconds(),
            corrected,
            "the local clock differs from the server's"
        ),
        Event::CookiesIgnored {
            system,
            operation,
            issue,
            count,
        } => tracing::warn!(%system, operation, issue = issue.as_str(), count, "cookies ignored"),
    }
}
