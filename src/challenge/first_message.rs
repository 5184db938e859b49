//! The first message of a challenge.

use std::sync::Arc;
use std::time::Duration;

use super::active::{ActiveChallenge, Identity, after};
use super::destination::{self, Requester, SendPermit};
use super::outcome::Outcome;
use super::record::Step;
use super::resend_timer::ResendTimer;
use super::write_back::WriteMode;
use crate::error::Error;
use crate::session::SessionContext;
use crate::store::StoreKey;

/// A challenge whose first message may be sent now. The store works and knows of it.
#[must_use = "a message that was not sent gives its place back"]
pub(crate) struct FirstMessage {
    pub(super) context: Arc<SessionContext>,
    pub(super) identity: Identity,
    destination: Option<String>,
    claim: Option<SendPermit>,
}

impl FirstMessage {
    /// Takes the right to send a message to `destination`; the next may follow after `wait`.
    ///
    /// Fails before anything is sent if the store fails or the last message is too fresh.
    pub(crate) async fn claim(
        context: &Arc<SessionContext>,
        destination: String,
        wait: Duration,
    ) -> Result<Self, Error> {
        let identity = Identity::random(context)?;
        let key = StoreKey::of_destination(context.audience(), &destination);
        let requester = Requester {
            challenge: &identity.name,
            known: None,
        };
        let (claim, _) = destination::claim(context, key, requester, wait).await?;
        Ok(Self {
            context: context.clone(),
            identity,
            destination: Some(destination),
            claim: Some(claim),
        })
    }

    /// The same where nobody knows yet where a message goes, or whether one is sent.
    pub(crate) fn to_unknown(context: &Arc<SessionContext>) -> Result<Self, Error> {
        Ok(Self {
            identity: Identity::random(context)?,
            context: context.clone(),
            destination: None,
            claim: None,
        })
    }

    /// Fails if the store does not work.
    pub(crate) async fn check_store(&self) -> Result<(), Error> {
        let looked = self
            .context
            .store_step(self.context.store().load(&self.identity.key));
        let looked = looked.await.map(drop);
        looked.map_err(|error| self.context.store_error(error))
    }

    /// The server has said where the message went: earlier challenges for that destination are not
    /// good any more. Without a store nobody learns of it.
    pub(crate) async fn reached(mut self, destination: String) -> Self {
        let key = StoreKey::of_destination(self.context.audience(), &destination);
        let requester = Requester {
            challenge: &self.identity.name,
            known: None,
        };
        let claimed = destination::claim(&self.context, key, requester, Duration::ZERO).await;
        match claimed {
            Ok((claim, _)) => self.claim = Some(claim),
            Err(error) => {
                tracing::warn!(challenge = %self.identity.key, %error, "earlier challenges stay good");
            }
        }
        self.destination = Some(destination);
        self
    }

    /// The server did not send it, or said nothing: gives the place back in the first case. The
    /// error comes back.
    pub(crate) async fn failed(self, error: Error) -> Error {
        if let Some(claim) = &self.claim
            && Outcome::of(&error) == Outcome::NotSent
            && let Err(error) = claim.not_sent(&self.context).await
        {
            tracing::warn!(challenge = %self.identity.key, %error, "a resend timer runs on");
        }
        error
    }

    /// The message was sent: keeps what the next step needs. A store that fails now costs the user
    /// nothing, and saving is tried again.
    pub(crate) async fn open<S: Step>(self, step: S, wait: Duration) -> ActiveChallenge<S> {
        let now = self.context.clock().now();
        let message = self.claim.as_ref().map_or(0, |claim| claim.message);
        let open = ActiveChallenge {
            expires_at: after(now, step.time_to_live(self.context.skewed_clock())),
            timer: ResendTimer::start(self.context.clock(), wait),
            context: self.context,
            identity: Arc::new(self.identity),
            destination: self.destination,
            step,
            message,
            known: message,
        };
        open.save(WriteMode::First, self.claim.map(|claim| (claim, wait)))
            .await;
        open
    }
}
