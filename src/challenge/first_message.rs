//! The first message of a challenge.

use std::sync::Arc;
use std::time::Duration;

use super::active::{ActiveChallenge, Identity, after};
use super::destination::{MessageLimit, Requester, SendPermit};
use super::record::Step;
use super::resend_timer::ResendTimer;
use super::write_back::WriteMode;
use crate::error::Error;
use crate::session::SessionContext;
use crate::telemetry::ChallengeProgress;

/// The step that observers get for a message with a link.
const LINK: &str = "link";

/// A challenge before its first message.
#[must_use = "the wait runs on unless the message is reported as not sent"]
pub(crate) struct FirstMessage {
    context: Arc<SessionContext>,
    identity: Identity,
    destination: Option<String>,
    permit: Option<SendPermit>,
}

impl FirstMessage {
    /// Claims the right to send a message to `destination`; the next may follow after `wait`.
    ///
    /// Fails before anything is sent if the store fails or the last message is too recent.
    pub(crate) async fn claim(
        context: &Arc<SessionContext>,
        destination: String,
        wait: Duration,
    ) -> Result<Self, Error> {
        let mut first = Self::without_destination(context)?;
        let permit = first.requester().claim(destination.clone(), None, wait);
        first.permit = Some(permit.await?);
        first.destination = Some(destination);
        Ok(first)
    }

    /// For a request whose response tells where a message went, or whether one was sent at all.
    pub(crate) fn without_destination(context: &Arc<SessionContext>) -> Result<Self, Error> {
        Ok(Self {
            identity: Identity::random(context)?,
            context: context.clone(),
            destination: None,
            permit: None,
        })
    }

    /// Fails if the store does not work.
    pub(crate) async fn check_store(&self) -> Result<(), Error> {
        let loaded = self.context.load_record(&self.identity.key).await;
        loaded
            .map(drop)
            .map_err(|error| self.context.store_error(error))
    }

    pub(crate) fn requester(&self) -> Requester<'_> {
        Requester {
            context: &self.context,
            challenge: &self.identity.name,
        }
    }

    /// Sets the destination that the response named: earlier challenges for it become invalid,
    /// unless the store fails.
    pub(crate) async fn sent_to(mut self, destination: String) -> Self {
        let requester = self.requester();
        match requester
            .claim_sent(destination.clone(), Duration::ZERO)
            .await
        {
            Ok(permit) => {
                self.permit = Some(permit);
                self.destination = Some(destination);
            }
            // Without its number this message would count as older than theirs.
            Err(error) => {
                tracing::warn!(challenge = %self.identity.key, %error, "earlier challenges stay valid");
            }
        }
        self
    }

    /// Sends the message by `send`, which returns the first step and the wait until the next
    /// message. The wait ends if no message was sent.
    pub(crate) async fn send<S: Step>(
        self,
        send: impl Future<Output = Result<(S, Duration), Error>>,
    ) -> Result<ActiveChallenge<S>, Error> {
        match send.await {
            Ok((step, wait)) => Ok(self.open(step, wait).await),
            Err(error) => Err(match self.permit {
                Some(permit) => permit.failed(error).await,
                None => error,
            }),
        }
    }

    /// Sends a message by `send` that starts no challenge. The wait ends if no message was sent.
    pub(super) async fn send_link<T>(
        self,
        send: impl Future<Output = Result<(T, bool), Error>>,
        wait: Duration,
    ) -> Result<T, Error> {
        let sent = send.await;
        if let Ok((_, true)) = sent {
            let sent = ChallengeProgress::MessageSent;
            self.context.report_progress(&self.identity.key, LINK, sent);
        }
        let Some(permit) = self.permit else {
            return sent.map(|(response, _)| response);
        };
        match sent {
            Ok((response, true)) => {
                let _: MessageLimit = permit.sent_to_one(wait).await;
                Ok(response)
            }
            Ok((response, false)) => {
                permit.not_sent().await;
                Ok(response)
            }
            Err(error) => Err(permit.failed(error).await),
        }
    }

    /// Opens the challenge after the message was sent. A store that fails now costs the user
    /// nothing: saving is tried again in the background.
    pub(crate) async fn open<S: Step>(self, step: S, wait: Duration) -> ActiveChallenge<S> {
        let now = self.context.clock().now();
        let wait = self.context.server_wait(wait);
        let message = self.permit.as_ref().map_or(0, |permit| permit.message);
        let mut challenge = ActiveChallenge {
            expires_at: after(now, step.time_to_live(self.context.skewed_clock())),
            timer: ResendTimer::start(self.context.clock(), wait),
            context: self.context,
            identity: Arc::new(self.identity),
            destination: self.destination,
            step,
            message,
            known: message,
            seen_wrong_codes: 0,
            copied: None,
            kept: None,
        };
        challenge.report_messages();
        let sent = self.permit.map(|permit| (permit, wait));
        challenge.save(WriteMode::First, sent).await;
        challenge
    }
}
