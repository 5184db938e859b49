//! What is remembered of a phone or mailbox: when it may get another message, and which challenge
//! is the newest.
//!
//! It is kept by the destination and not by the challenge, so that starting over neither gets
//! around the wait nor leaves two challenges that are both good.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::errors::{contended, message_under_way, superseded};
use super::resend_timer::ResendTimer;
use crate::error::Error;
use crate::session::SessionContext;
use crate::store::{Record, StoreError, StoreKey, Version};

/// Longer than any challenge that a newer one supersedes.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);

/// A message that is younger than this and that a handle did not know of was asked for at the same
/// time: where the server has no wait, this tells two clicks from two wishes.
const AT_ONCE: TimeDelta = TimeDelta::seconds(5);

/// How often a step is begun again because others write the same record.
pub(super) const TRIES: usize = 100;

#[derive(Clone, Serialize, Deserialize)]
struct Destination {
    /// The number of the last message that was asked for.
    last: u64,
    /// The challenge that asked for it.
    by: String,
    at: DateTime<Utc>,
    not_before: DateTime<Utc>,
    wait_millis: u64,
    newest: Option<Newest>,
}

/// The challenge with the newest message that the server confirmed to have sent.
#[derive(Clone, Serialize, Deserialize)]
struct Newest {
    message: u64,
    challenge: String,
}

/// The right to send one message.
#[must_use = "a message that was not sent gives its place back"]
pub(crate) struct SendPermit {
    pub(super) message: u64,
    key: StoreKey,
    challenge: String,
    former_not_before: DateTime<Utc>,
}

/// Who asks for a message.
pub(super) struct Requester<'a> {
    pub(super) challenge: &'a str,
    /// The newest message that it knows of; none for the first of a challenge.
    pub(super) known: Option<u64>,
}

async fn load(
    context: &SessionContext,
    key: &StoreKey,
) -> Result<Option<(Destination, Version)>, StoreError> {
    let Some((record, version)) = context.store_step(context.store().load(key)).await? else {
        return Ok(None);
    };
    let read = serde_json::from_slice(record.expose());
    let destination = read.map_err(|_| StoreError::Unreadable)?;
    Ok(Some((destination, version)))
}

async fn write(
    context: &SessionContext,
    key: &StoreKey,
    over: Option<Version>,
    destination: &Destination,
) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(destination).map_err(|_| StoreError::Unreadable)?;
    let record = Record::new(bytes);
    let wait = Duration::from_millis(destination.wait_millis);
    let time_to_live = TIME_TO_LIVE.max(wait);
    let store = context.store();
    let step = match over {
        Some(version) => store.compare_and_swap(key, version, record, time_to_live, None),
        None => store.create(key, record, time_to_live),
    };
    context.store_step(step).await.map(drop)
}

impl Destination {
    /// The end of the wait. Whoever wrote it may have had a clock that is ahead, and must not make
    /// others wait longer than the wait is.
    fn not_before(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let longest = now.checked_add_signed(TimeDelta::milliseconds(
            i64::try_from(self.wait_millis).unwrap_or(i64::MAX / 1_000_000),
        ));
        longest.map_or(self.not_before, |longest| self.not_before.min(longest))
    }

    fn supersedes(&self, challenge: &str, message: u64) -> bool {
        self.newest
            .as_ref()
            .is_some_and(|newest| newest.challenge != challenge && newest.message > message)
    }
}

/// When the destination may get another message, as far as the store knows.
pub(super) async fn timer(
    context: &SessionContext,
    key: &StoreKey,
) -> Result<Option<ResendTimer>, StoreError> {
    let found = load(context, key).await?;
    let clock = context.clock();
    Ok(found.map(|(found, _)| ResendTimer::until(clock, found.not_before(clock.now()))))
}

/// Whether another challenge of this destination has a newer message than `message`.
pub(super) async fn is_superseded(
    context: &SessionContext,
    key: &StoreKey,
    challenge: &str,
    message: u64,
) -> Result<bool, StoreError> {
    let found = load(context, key).await?;
    Ok(found.is_some_and(|(found, _)| found.supersedes(challenge, message)))
}

/// Takes the right to send the next message and starts the wait, before anything is sent: of those
/// who ask at the same time one gets it, and one who is dropped meanwhile makes no second message.
pub(super) async fn claim(
    context: &SessionContext,
    key: StoreKey,
    requester: Requester<'_>,
    wait: Duration,
) -> Result<(SendPermit, ResendTimer), Error> {
    let system = context.system();
    let Requester { challenge, known } = requester;
    for _ in 0..TRIES {
        let found = load(context, &key).await;
        let found = found.map_err(|error| context.store_error(error))?;
        let clock = context.clock();
        let now = clock.now();
        if let Some((found, _)) = &found {
            if known.is_some_and(|known| found.supersedes(challenge, known)) {
                return Err(superseded().of(system));
            }
            ResendTimer::until(clock, found.not_before(now)).check(system)?;
            let age = now - found.at;
            let newer = known.is_some_and(|known| found.last > known) && found.by == challenge;
            if newer && age.abs() < AT_ONCE {
                let rest = (AT_ONCE - age).to_std().unwrap_or_default();
                return Err(message_under_way(rest).of(system));
            }
        }
        let started = ResendTimer::start(clock, wait);
        let last = found.as_ref().map_or(0, |(found, _)| found.last);
        let next = Destination {
            last: last.max(known.unwrap_or_default()) + 1,
            by: challenge.to_owned(),
            at: now,
            not_before: started.not_before(),
            wait_millis: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            newest: found.as_ref().and_then(|(found, _)| found.newest.clone()),
        };
        let over = found.as_ref().map(|(_, version)| *version);
        match write(context, &key, over, &next).await {
            Ok(()) => {
                let claim = SendPermit {
                    message: next.last,
                    key,
                    challenge: challenge.to_owned(),
                    former_not_before: found.map_or(now, |(found, _)| found.not_before),
                };
                return Ok((claim, started));
            }
            Err(StoreError::Conflict | StoreError::Exists) => {}
            Err(error) => return Err(context.store_error(error)),
        }
    }
    Err(contended().of(system))
}

impl SendPermit {
    /// Changes the destination's record as long as others do not get in between.
    async fn change(
        &self,
        context: &SessionContext,
        change: impl Fn(&mut Destination) -> bool,
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let Some((mut found, version)) = load(context, &self.key).await? else {
                return Ok(());
            };
            if !change(&mut found) {
                return Ok(());
            }
            match write(context, &self.key, Some(version), &found).await {
                Err(StoreError::Conflict) => {}
                done => return done,
            }
        }
        Err(StoreError::Conflict)
    }

    /// The message was sent, and the next may follow when `timer` has run for `wait`. It is the
    /// timer that the user is shown, so that who waits for its end does not come too early.
    pub(super) async fn sent(
        &self,
        context: &SessionContext,
        timer: &ResendTimer,
        wait: Duration,
    ) -> Result<(), StoreError> {
        self.change(context, |destination| {
            if destination.last == self.message {
                destination.not_before = timer.not_before();
                destination.wait_millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            }
            let newest = destination.newest.as_ref();
            if newest.is_none_or(|newest| newest.message < self.message) {
                destination.newest = Some(Newest {
                    message: self.message,
                    challenge: self.challenge.clone(),
                });
            }
            true
        })
        .await
    }

    /// No message was sent, so there is nothing to wait for.
    pub(super) async fn not_sent(&self, context: &SessionContext) -> Result<(), StoreError> {
        self.change(context, |destination| {
            if destination.last != self.message {
                return false;
            }
            destination.not_before = self.former_not_before;
            destination.by.clear();
            true
        })
        .await
    }

    /// The timer as it was before the claim.
    pub(super) fn former_timer(&self, context: &SessionContext) -> ResendTimer {
        ResendTimer::until(context.clock(), self.former_not_before)
    }
}
