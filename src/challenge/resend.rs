//! Further messages of a challenge: one protocol for all systems.

use std::time::Duration;

use super::active::{ActiveChallenge, ObservedVersion};
use super::destination::{MessageLimit, Requester, SendOutcome, SendPermit};
use super::errors::no_messages;
use super::record::{SOLE_CODE, Step};
use super::resend_timer::ResendTimer;
use super::write_back::WriteMode;
use crate::error::{Error, ErrorKind};
use crate::telemetry::ChallengeProgress;

/// Selects one of the destinations of a step.
pub(crate) trait Recipient<S>: Copy + Send + Sync {
    /// The limit that the step keeps for it; `None` for [`SoleRecipient`], whose limit the
    /// challenge keeps.
    fn limit<'a>(&self, step: &'a mut S) -> Result<Option<&'a mut MessageLimit>, Error>;

    /// The name of its code among those of the step, by which wrong codes are counted.
    fn code(&self) -> &'static str {
        SOLE_CODE
    }
}

/// The recipient of a challenge that has one destination at most.
#[derive(Clone, Copy)]
pub(crate) struct SoleRecipient;

impl<S> Recipient<S> for SoleRecipient {
    fn limit<'a>(&self, _: &'a mut S) -> Result<Option<&'a mut MessageLimit>, Error> {
        Ok(None)
    }
}

impl<S: Step> ActiveChallenge<S> {
    /// The challenge as the requester of a first message to one of several destinations.
    pub(crate) fn requester(&self) -> Requester<'_> {
        Requester {
            context: &self.context,
            challenge: &self.identity.name,
        }
    }

    /// When one of several destinations may get another message.
    pub(crate) fn timer_of(&self, limit: &MessageLimit) -> ResendTimer {
        let longest = self.context.server_wait(Duration::MAX);
        ResendTimer::until(self.context.clock(), limit.not_before).at_most(longest)
    }

    /// Sends another message: the code of the former one is void.
    ///
    /// 1. Claims a permit, which starts the wait; `wait` is the expected one. Fails before anything
    ///    is sent if the store fails, the last message is too recent, another request is in flight,
    ///    or another challenge has replaced this one.
    /// 2. Requests the message with the newest keys by `send`, which returns the response and the
    ///    wait until the next message.
    /// 3. Sent: stores the keys of the response by `store_keys`, and restarts the timer, the time
    ///    to live and the count of wrong codes of this recipient. Not sent: the timer is as before. Unknown: the
    ///    timer runs.
    pub(crate) async fn resend<T>(
        &mut self,
        recipient: impl Recipient<S>,
        wait: Duration,
        send: impl AsyncFnOnce(&S) -> Result<(T, Duration), Error>,
        store_keys: impl Fn(&mut S, &T),
    ) -> Result<(), Error> {
        let permit = self.claim(recipient, wait).await?;
        match send(&self.step).await {
            Ok((response, wait)) => {
                let store_keys = |step: &mut S| store_keys(step, &response);
                self.sent(recipient, permit, wait, store_keys).await;
                Ok(())
            }
            Err(error) => Err(self.failed(recipient, permit, error).await),
        }
    }

    async fn claim(
        &mut self,
        recipient: impl Recipient<S>,
        wait: Duration,
    ) -> Result<SendPermit, Error> {
        let limit = recipient.limit(&mut self.step)?;
        let known = limit.map_or(Some(self.known), |limit| limit.message);
        if let ObservedVersion::Unavailable(error) = self.reload().await? {
            return Err(self.context.store_error(error));
        }
        self.check_time()?;
        let requester = Requester {
            context: &self.context,
            challenge: &self.identity.name,
        };
        if let Some(limit) = recipient.limit(&mut self.step)? {
            let destination = limit.destination.clone();
            return requester.claim(destination, known, wait).await;
        }
        let destination = self.destination.clone();
        let destination = destination.ok_or_else(|| no_messages().of(self.context.system()))?;
        let claimed = requester.claim(destination, known, wait).await;
        match &claimed {
            Ok(permit) => {
                self.known = permit.message;
                self.timer = permit.timer.clone();
            }
            Err(error) => {
                if let (ErrorKind::RateLimited, Some(rest)) = (error.kind(), error.retry_after()) {
                    self.timer = ResendTimer::start(self.context.clock(), rest);
                }
            }
        }
        claimed
    }

    async fn sent(
        &mut self,
        recipient: impl Recipient<S>,
        permit: SendPermit,
        wait: Duration,
        store_keys: impl Fn(&mut S),
    ) {
        self.report(ChallengeProgress::MessageSent);
        if let Ok(None) = recipient.limit(&mut self.step) {
            let wait = self.context.server_wait(wait);
            store_keys(&mut self.step);
            self.timer = ResendTimer::start(self.context.clock(), wait);
            self.replace_message(&permit, recipient.code());
            let mode = WriteMode::Newer(Some(recipient.code()));
            self.save(mode, Some((permit, wait))).await;
            return;
        }
        let limit = permit.sent_to_one(wait).await;
        let change = |step: &mut S| {
            store_keys(step);
            if let Ok(Some(former)) = recipient.limit(step) {
                *former = limit.clone();
            }
        };
        self.update_step(Some(recipient.code()), change).await;
    }

    /// Continues with the step and the message of `other`, which ends, as the newest challenge for its
    /// destination.
    #[cfg(feature = "walletcrew")]
    pub(crate) async fn take_over(&mut self, other: Self) {
        self.destination.clone_from(&other.destination);
        self.step.clone_from(&other.step);
        let claimed = match self.destination.clone() {
            Some(destination) => {
                let claimed = self.requester().claim_sent(destination, Duration::ZERO);
                Some(claimed.await)
            }
            None => None,
        };
        match claimed {
            Some(Ok(permit)) => {
                self.replace_message(&permit, SOLE_CODE);
                let mode = WriteMode::Newer(Some(SOLE_CODE));
                self.save(mode, Some((permit, Duration::ZERO))).await;
            }
            Some(Err(error)) => {
                tracing::warn!(challenge = %self.identity.key, %error, "could not record a message");
                self.save_response().await;
            }
            None => self.save_response().await,
        }
        // Last: until this one is saved, a crash leaves the other.
        other.finish().await;
    }

    async fn failed(
        &mut self,
        recipient: impl Recipient<S>,
        permit: SendPermit,
        error: Error,
    ) -> Error {
        // Message numbers of a challenge with several destinations count the edits of its step.
        let is_sole = matches!(recipient.limit(&mut self.step), Ok(None));
        if self.step.discard_keys(&error) && is_sole {
            self.replace_message(&permit, recipient.code());
            self.save(WriteMode::Newer(Some(recipient.code())), None)
                .await;
        }
        if SendOutcome::of(&error) == SendOutcome::NotSent && is_sole {
            self.timer = permit.former_timer();
        }
        permit.failed(error).await
    }

    /// The code of the former message is void.
    fn replace_message(&mut self, permit: &SendPermit, code: &str) {
        self.message = permit.message;
        self.known = permit.message;
        self.restart_time_to_live();
        self.count_again(code);
    }
}
