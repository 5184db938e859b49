//! Challenges whose messages go to several places, such as a mobile and a mailbox.
//!
//! Each place has its own wait and its own newest challenge, as one that is the only place has. The
//! wrong codes of all places count together.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::active::{ActiveChallenge, ObservedVersion, after};
use super::destination::{self, Requester, SendPermit, TRIES};
use super::errors::superseded;
use super::first_message::FirstMessage;
use super::outcome::Outcome;
use super::record::Step;
use super::resend_timer::ResendTimer;
use crate::error::Error;
use crate::session::SessionContext;
use crate::store::{StoreError, StoreKey};

/// One of the places that a challenge sends to; the step keeps it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct MessageLimit {
    destination: String,
    /// The number of the newest message to this place.
    message: u64,
    not_before: DateTime<Utc>,
}

/// The right to send one message to one place.
#[must_use = "a message that was not sent gives its place back"]
pub(crate) struct DestinationPermit {
    context: Arc<SessionContext>,
    claim: SendPermit,
    destination: String,
}

async fn claim(
    context: &Arc<SessionContext>,
    challenge: &str,
    destination: String,
    known: Option<u64>,
    wait: Duration,
) -> Result<DestinationPermit, Error> {
    let key = StoreKey::of_destination(context.audience(), &destination);
    let requester = Requester { challenge, known };
    let (claim, _) = destination::claim(context, key, requester, wait).await?;
    Ok(DestinationPermit {
        context: context.clone(),
        claim,
        destination,
    })
}

impl DestinationPermit {
    /// The message was sent, and the next may follow after `wait`.
    pub(crate) async fn sent(self, wait: Duration) -> MessageLimit {
        let timer = ResendTimer::start(self.context.clock(), wait);
        if let Err(error) = self.claim.sent(&self.context, &timer, wait).await {
            tracing::warn!(%error, "the wait of a destination is not saved");
        }
        MessageLimit {
            destination: self.destination,
            message: self.claim.message,
            not_before: timer.not_before(),
        }
    }

    /// No message was sent: there is nothing to wait for.
    pub(crate) async fn not_sent(self) {
        if let Err(error) = self.claim.not_sent(&self.context).await {
            tracing::warn!(%error, "a resend timer runs on");
        }
    }

    /// The server did not send it, or said nothing: gives the place back in the first case.
    pub(crate) async fn failed(self, error: &Error) {
        if Outcome::of(error) == Outcome::NotSent {
            self.not_sent().await;
        }
    }
}

impl FirstMessage {
    /// Takes the right to send a first message to one of several places.
    pub(crate) async fn claim_line(
        &self,
        destination: String,
        wait: Duration,
    ) -> Result<DestinationPermit, Error> {
        claim(&self.context, &self.identity.name, destination, None, wait).await
    }
}

impl<S: Step> ActiveChallenge<S> {
    /// When a place may get another message, as far as this challenge knows.
    pub(crate) fn line_timer(&self, line: &MessageLimit) -> ResendTimer {
        ResendTimer::until(self.context.clock(), line.not_before)
    }

    /// Takes the right to send a first message to a place.
    pub(crate) async fn claim_line(
        &self,
        destination: String,
        wait: Duration,
    ) -> Result<DestinationPermit, Error> {
        claim(&self.context, &self.identity.name, destination, None, wait).await
    }

    /// Takes the right to send another message, and the newest keys to ask for it with. Fails as
    /// [`claim_resend`](Self::claim_resend) does, and if `line` finds none in the newest step.
    pub(crate) async fn claim_again(
        &mut self,
        line: impl Fn(&S) -> Result<MessageLimit, Error> + Send + Sync,
        wait: Duration,
    ) -> Result<DestinationPermit, Error> {
        let known = line(&self.step)?.message;
        if let ObservedVersion::Down(error) = self.look().await? {
            return Err(self.context.store_error(error));
        }
        self.check_time()?;
        let destination = line(&self.step)?.destination;
        let name = &self.identity.name;
        claim(&self.context, name, destination, Some(known), wait).await
    }

    /// Fails if the challenge is over, or another one has a newer message for the place that `line`
    /// finds in the newest step. A store that fails now does not say so.
    pub(crate) async fn check_line(
        &mut self,
        line: impl Fn(&S) -> Result<MessageLimit, Error> + Send + Sync,
    ) -> Result<(), Error> {
        self.check().await?;
        let MessageLimit {
            destination,
            message,
            ..
        } = line(&self.step)?;
        let key = StoreKey::of_destination(self.context.audience(), &destination);
        let name = &self.identity.name;
        let looked = destination::is_superseded(&self.context, &key, name, message).await;
        if matches!(looked, Ok(true)) {
            return Err(superseded().of(self.context.system()));
        }
        Ok(())
    }

    /// Changes one part of the newest step, while others may change other parts. A message that
    /// was sent anew makes the time to live and the count of wrong codes begin again.
    pub(crate) async fn edit(&mut self, was_sent: bool, change: impl Fn(&mut S) + Send + Sync) {
        for _ in 0..TRIES {
            let Ok(ObservedVersion::Record {
                version,
                wrong_codes,
            }) = self.look().await
            else {
                break;
            };
            let mut next = self.clone();
            next.advance(was_sent, &change);
            let wrong_codes = if was_sent { 0 } else { wrong_codes };
            let Ok(record) = next.to_record(wrong_codes) else {
                break;
            };
            let (store, key) = (self.context.store(), &self.identity.key);
            let written = store.compare_and_swap(key, version, record, next.time_left(), None);
            match self.context.store_step(written).await {
                Ok(_) => {
                    self.identity
                        .wrong_codes
                        .store(wrong_codes, Ordering::SeqCst);
                    *self = next;
                    return;
                }
                Err(StoreError::Conflict) => {}
                Err(_) => break,
            }
        }
        if was_sent {
            self.identity.wrong_codes.store(0, Ordering::SeqCst);
        }
        self.advance(was_sent, &change);
        self.changed().await;
    }

    fn advance(&mut self, was_sent: bool, change: &(impl Fn(&mut S) + Send + Sync)) {
        change(&mut self.step);
        self.message += 1;
        self.known = self.message;
        if was_sent {
            let time_to_live = self.step.time_to_live(self.context.skewed_clock());
            self.expires_at = after(self.context.clock().now(), time_to_live);
        }
    }
}
