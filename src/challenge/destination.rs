//! The record of a phone or mailbox: when it may get another message, and which challenge is the
//! newest.
//!
//! It is stored per destination and not per challenge, so that starting over neither avoids the
//! wait nor leaves two challenges that are both valid.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::conflicts::Conflicts;
use super::errors::{contended, message_in_flight, superseded};
use super::resend_timer::ResendTimer;
use crate::error::{Delivery, Error};
use crate::session::SessionContext;
use crate::store::{Record, StoreError, StoreKey, Version};

/// Longer than any challenge that a newer one supersedes.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// The age up to which a message of the same challenge that the handle did not know of counts as
/// requested concurrently. Where the server has no wait, this tells a double click from two
/// requests.
const CONCURRENT: TimeDelta = TimeDelta::seconds(5);

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct DestinationRecord {
    /// The number of the last message that was requested.
    last: u64,
    /// The challenge that requested it.
    #[serde(rename = "by")]
    requested_by: String,
    #[serde(rename = "at")]
    requested_at: DateTime<Utc>,
    not_before: DateTime<Utc>,
    wait_millis: u64,
    newest: Option<NewestMessage>,
}

/// The newest message that the server confirmed to have sent.
#[derive(Clone, Serialize, Deserialize)]
struct NewestMessage {
    message: u64,
    challenge: String,
}

impl DestinationRecord {
    /// When the destination may get another message.
    pub(super) fn timer(&self, context: &SessionContext) -> ResendTimer {
        // The instance that wrote the record may have a clock that is ahead, or other settings, which
        // must not make the wait longer than it is.
        let wait = context.server_wait(Duration::from_millis(self.wait_millis));
        ResendTimer::until(context.clock(), self.not_before).at_most(wait)
    }

    /// Whether another challenge has a newer message than `message`; `None` is not known to be older.
    pub(super) fn supersedes(&self, challenge: &str, message: Option<u64>) -> bool {
        let newest = self.newest.as_ref().zip(message);
        newest.is_some_and(|(newest, message)| {
            newest.challenge != challenge && newest.message > message
        })
    }

    /// What two records of one destination say together: while the index keys are rotated, instances
    /// write under different ones.
    fn merge(self, other: Self) -> Self {
        let (mut later, earlier) = if self.last >= other.last {
            (self, other)
        } else {
            (other, self)
        };
        if earlier.not_before > later.not_before {
            later.not_before = earlier.not_before;
            later.wait_millis = earlier.wait_millis.max(later.wait_millis);
        }
        let message = |newest: &Option<NewestMessage>| newest.as_ref().map(|it| it.message);
        if message(&earlier.newest) > message(&later.newest) {
            later.newest = earlier.newest;
        }
        later
    }
}

/// A destination as it is stored.
pub(super) struct StoredDestination {
    pub(super) record: DestinationRecord,
    /// The version under the newest index key; `None` if the record is under an older one only.
    over: Option<Version>,
}

fn keys_of(context: &SessionContext, destination: &str) -> Vec<StoreKey> {
    StoreKey::of_destination(context.index_keys(), context.audience(), destination)
}

/// Loads the record of a destination under all index keys.
pub(super) async fn load(
    context: &SessionContext,
    destination: &str,
) -> Result<Option<StoredDestination>, StoreError> {
    let mut found: Option<StoredDestination> = None;
    for (nth, key) in keys_of(context, destination).iter().enumerate() {
        let Some((stored, version)) = context.load_record(key).await? else {
            continue;
        };
        let read = serde_json::from_slice(stored.expose());
        let record: DestinationRecord = read.map_err(|_| StoreError::Unreadable)?;
        let over = (nth == 0).then_some(version);
        found = Some(match found {
            Some(newer) => StoredDestination {
                record: newer.record.merge(record),
                over: newer.over,
            },
            None => StoredDestination { record, over },
        });
    }
    Ok(found)
}

/// Writes the record of a destination under the newest index key.
async fn write(
    context: &SessionContext,
    destination: &str,
    over: Option<Version>,
    next: &DestinationRecord,
) -> Result<Version, StoreError> {
    let keys = keys_of(context, destination);
    let key = keys.first().ok_or(StoreError::Unreadable)?;
    let bytes = serde_json::to_vec(next).map_err(|_| StoreError::Unreadable)?;
    let record = Record::new(bytes);
    let wait = Duration::from_millis(next.wait_millis);
    let time_to_live = TIME_TO_LIVE.max(wait);
    context
        .put_record(key, over, record, time_to_live, None)
        .await
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The challenge that requests a message.
#[derive(Clone, Copy)]
pub(crate) struct Requester<'a> {
    pub(super) context: &'a Arc<SessionContext>,
    /// The name of the challenge.
    pub(super) challenge: &'a str,
}

/// The right to send one message to one destination.
#[must_use = "the wait runs on unless the message is reported as not sent"]
pub(crate) struct SendPermit {
    context: Arc<SessionContext>,
    challenge: String,
    destination: String,
    pub(super) message: u64,
    /// The wait that runs since the claim.
    pub(super) timer: ResendTimer,
    former_not_before: DateTime<Utc>,
    /// The record as the claim has written it.
    claimed: DestinationRecord,
    version: Version,
}

impl Requester<'_> {
    /// Claims the right to send the next message and starts the wait, before anything is sent: of
    /// concurrent requesters one gets the permit, and a requester that is dropped cannot cause a
    /// second message. `known` is the newest message that the challenge knows of; `None` for its
    /// first.
    pub(crate) async fn claim(
        self,
        destination: String,
        known: Option<u64>,
        wait: Duration,
    ) -> Result<SendPermit, Error> {
        self.next_message(destination, known, wait, false).await
    }

    /// Claims the number of a message that the server has sent without being asked for one to this
    /// destination, whatever timer runs.
    pub(super) async fn claim_sent(
        self,
        destination: String,
        wait: Duration,
    ) -> Result<SendPermit, Error> {
        self.next_message(destination, None, wait, true).await
    }

    async fn next_message(
        self,
        destination: String,
        known: Option<u64>,
        wait: Duration,
        is_sent: bool,
    ) -> Result<SendPermit, Error> {
        let Self { context, challenge } = self;
        let (system, clock) = (context.system(), context.clock());
        let wait = context.server_wait(wait);
        let permit = |timer, claimed: DestinationRecord, version, former_not_before| SendPermit {
            context: context.clone(),
            challenge: challenge.to_owned(),
            destination: destination.clone(),
            message: claimed.last,
            timer,
            former_not_before,
            claimed,
            version,
        };
        let next = |timer: &ResendTimer, found: Option<&DestinationRecord>| DestinationRecord {
            last: found
                .map_or(0, |found| found.last)
                .max(known.unwrap_or_default())
                + 1,
            requested_by: challenge.to_owned(),
            requested_at: clock.now(),
            not_before: timer.not_before(),
            wait_millis: millis(wait),
            newest: found.and_then(|found| found.newest.clone()),
        };
        // A challenge usually is the first for its destination, which takes one round trip then. An
        // older index key may have a record that a created one would hide.
        let mut may_create = known.is_none() && keys_of(context, &destination).len() == 1;
        let mut conflicts = Conflicts::new();
        while conflicts.next(context).await {
            let found = if std::mem::take(&mut may_create) {
                let (timer, former) = (ResendTimer::start(clock, wait), clock.now());
                let first = next(&timer, None);
                let created = write(context, &destination, None, &first);
                let (found, created) = future::join(load(context, &destination), created).await;
                match (created, &found) {
                    (Ok(version), _) => return Ok(permit(timer, first, version, former)),
                    (Err(StoreError::Exists), Ok(None)) => continue,
                    (Err(error), Ok(None)) => return Err(context.store_error(error)),
                    (Err(_), _) => found,
                }
            } else {
                load(context, &destination).await
            };
            let found = found.map_err(|error| context.store_error(error))?;
            let now = clock.now();
            let (found, over) = match found {
                Some(StoredDestination { record, over }) => (Some(record), over),
                None => (None, None),
            };
            if let Some(found) = &found {
                if found.supersedes(challenge, known) {
                    return Err(superseded().of(system));
                }
                if !is_sent {
                    found.timer(context).check(system)?;
                }
                let age = now - found.requested_at;
                let is_unknown = known.is_some_and(|known| found.last > known)
                    && found.requested_by == challenge;
                if is_unknown && age.abs() < CONCURRENT {
                    let rest = (CONCURRENT - age).to_std().unwrap_or_default();
                    return Err(message_in_flight(rest).of(system));
                }
            }
            let timer = ResendTimer::start(clock, wait);
            let next = next(&timer, found.as_ref());
            match write(context, &destination, over, &next).await {
                Ok(version) => {
                    let former = found.map_or(now, |found| found.not_before);
                    return Ok(permit(timer, next, version, former));
                }
                Err(StoreError::Conflict | StoreError::Exists) => {}
                Err(error) => return Err(context.store_error(error)),
            }
        }
        Err(contended().of(system))
    }

    /// The limit of a destination that only the response named, so that its message was sent without a
    /// permit. The next may follow after `wait`.
    #[cfg(feature = "fynd")]
    pub(crate) async fn sent_unasked(self, destination: String, wait: Duration) -> MessageLimit {
        match self.claim_sent(destination.clone(), wait).await {
            Ok(permit) => permit.sent_to_one(wait).await,
            Err(error) => {
                tracing::warn!(%error, "could not record a message to a destination");
                let wait = self.context.server_wait(wait);
                let timer = ResendTimer::start(self.context.clock(), wait);
                MessageLimit {
                    destination,
                    message: None,
                    not_before: timer.not_before(),
                }
            }
        }
    }
}

impl SendPermit {
    /// Changes the record of the destination, again after each concurrent update.
    async fn update(
        &self,
        change: impl Fn(&mut DestinationRecord) -> bool,
    ) -> Result<(), StoreError> {
        let mut claimed = Some((self.claimed.clone(), Some(self.version)));
        let mut conflicts = Conflicts::new();
        while conflicts.next(&self.context).await {
            let (mut record, over) = match claimed.take() {
                Some(claimed) => claimed,
                None => match load(&self.context, &self.destination).await? {
                    Some(StoredDestination { record, over }) => (record, over),
                    None => return Ok(()),
                },
            };
            if !change(&mut record) {
                return Ok(());
            }
            match write(&self.context, &self.destination, over, &record).await {
                Err(StoreError::Conflict | StoreError::Exists) => {}
                done => return done.map(drop),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Records that the message was sent. The next may follow when `timer`, which runs for `wait`,
    /// ends. It is the timer that the user is shown: a second one would end at another time.
    pub(super) async fn sent(&self, timer: &ResendTimer, wait: Duration) -> Result<(), StoreError> {
        self.update(|record| {
            if record.last == self.message {
                record.not_before = timer.not_before();
                record.wait_millis = millis(wait);
            }
            let newest = record.newest.as_ref();
            if newest.is_none_or(|newest| newest.message < self.message) {
                record.newest = Some(NewestMessage {
                    message: self.message,
                    challenge: self.challenge.clone(),
                });
            }
            true
        })
        .await
    }

    /// Records that no message was sent, so that there is nothing to wait for.
    pub(crate) async fn not_sent(self) {
        let updated = self.update(|record| {
            if record.last != self.message {
                return false;
            }
            record.not_before = self.former_not_before;
            record.requested_by.clear();
            true
        });
        if let Err(error) = updated.await {
            tracing::warn!(%error, "could not reset a resend timer");
        }
    }

    /// Records the failure of the request: ends the wait if no message was sent. Otherwise the error
    /// carries the rest of the wait.
    pub(crate) async fn failed(self, error: Error) -> Error {
        if SendOutcome::of(&error) == SendOutcome::NotSent {
            self.not_sent().await;
            return error;
        }
        self.timer.on_error(error)
    }

    /// The timer as it was before the claim.
    pub(super) fn former_timer(&self) -> ResendTimer {
        ResendTimer::until(self.context.clock(), self.former_not_before)
    }

    /// Records that the message was sent, for a challenge with several destinations. The next may
    /// follow after `wait`.
    pub(crate) async fn sent_to_one(self, wait: Duration) -> MessageLimit {
        let wait = self.context.server_wait(wait);
        let timer = ResendTimer::start(self.context.clock(), wait);
        if let Err(error) = self.sent(&timer, wait).await {
            tracing::warn!(%error, "could not save the resend timer of a destination");
        }
        MessageLimit {
            destination: self.destination,
            message: Some(self.message),
            not_before: timer.not_before(),
        }
    }
}

/// The limit of messages to one of several destinations of a challenge; the step stores it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct MessageLimit {
    pub(super) destination: String,
    /// The number of the newest message to this destination; `None` if the store failed when it was sent.
    pub(super) message: Option<u64>,
    pub(super) not_before: DateTime<Utc>,
}

/// What an error says about the message that was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendOutcome {
    /// The server certainly sent none.
    NotSent,
    /// The server accepted the request, but its response was not understood.
    Accepted,
    Unknown,
}

impl SendOutcome {
    pub(crate) fn of(error: &Error) -> Self {
        match error.status() {
            None if error.delivery() == Delivery::NotSent => Self::NotSent,
            Some(_) if error.is_denial() => Self::NotSent,
            Some(status) if status.is_success() => Self::Accepted,
            Some(StatusCode::REQUEST_TIMEOUT) => Self::Unknown,
            Some(status) if status.is_client_error() || error.is_unprocessed() => Self::NotSent,
            _ => Self::Unknown,
        }
    }
}
