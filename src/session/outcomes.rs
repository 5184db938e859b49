//! The outcomes of what is done to a session.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::end_reason::EndReason;
use crate::error::{Delivery, Error, ErrorKind};
use crate::store::Fence;
use crate::telemetry::RefreshOutcome;

/// Upper bound for the wait of a session that a server asks for.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(5 * 60);

/// The outcome of reading the stored record again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReloadOutcome {
    /// The record holds the credential that this instance has.
    Unchanged,
    /// Another instance has stored another credential, which this instance now uses.
    Adopted,
    /// The record is gone: the session was ended elsewhere, and has now ended here.
    Gone,
}

/// The outcome of writing the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteOutcome {
    Done,
    /// The record has another version than this instance knows.
    Conflict,
    LeaseLost,
}

/// The outcome of saving the newest credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SaveOutcome {
    Stored,
    /// Another instance has stored a newer credential, which this instance now uses.
    Superseded,
    /// The record is gone: the session was ended elsewhere.
    Gone,
}

/// The outcome of waiting for the lease.
pub(super) enum LeaseOutcome {
    Held(Fence),
    /// The credential was replaced, or the session ended, while another instance held the lease.
    Superseded(ReloadOutcome),
}

/// The outcome of a refresh, for all callers that wait for it.
#[derive(Clone, Debug)]
pub(super) enum RefreshResult {
    Refreshed,
    Ended(EndReason),
    /// The server refused, and the credential is used until it expires.
    Refused,
    Failed {
        kind: ErrorKind,
        /// What the operator has to check: class and message of the error.
        misconfigured: Option<(&'static str, Arc<str>)>,
        delivery: Delivery,
        retry_after: Option<Duration>,
    },
}

/// Receives the outcome of a running refresh.
pub(super) type RefreshReceiver = watch::Receiver<Option<RefreshResult>>;

impl RefreshResult {
    pub(super) fn failed(error: &Error) -> Self {
        Self::Failed {
            kind: match error.kind() {
                ErrorKind::RateLimited => ErrorKind::RateLimited,
                ErrorKind::InvalidResponse => ErrorKind::InvalidResponse,
                ErrorKind::Misconfigured => ErrorKind::Misconfigured,
                _ => ErrorKind::Unavailable,
            },
            misconfigured: error
                .misconfigured()
                .map(|(class, what)| (class, what.into())),
            delivery: error.delivery(),
            retry_after: error.retry_after().map(|wait| wait.min(MAX_RETRY_AFTER)),
        }
    }

    pub(super) fn for_observers(&self) -> RefreshOutcome {
        match self {
            Self::Refreshed => RefreshOutcome::Refreshed,
            Self::Ended(_) => RefreshOutcome::Ended,
            Self::Refused | Self::Failed { .. } => RefreshOutcome::Failed,
        }
    }
}

/// What the progress of another instance means for those who wait for a refresh here.
impl From<ReloadOutcome> for RefreshResult {
    fn from(found: ReloadOutcome) -> Self {
        match found {
            ReloadOutcome::Gone => Self::Ended(EndReason::EndedElsewhere),
            ReloadOutcome::Adopted | ReloadOutcome::Unchanged => Self::Refreshed,
        }
    }
}
