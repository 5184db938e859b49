//! Further messages of a challenge, and what follows of them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::active::{ActiveChallenge, ObservedVersion, after};
use super::destination::{self, Requester, SendPermit};
use super::record::Step;
use super::resend_timer::ResendTimer;
use super::write_back::WriteMode;
use crate::error::{Error, ErrorKind};

impl<S: Step> ActiveChallenge<S> {
    /// Takes the right to send another message, and the newest key to ask for it with. The timer
    /// runs from now on.
    ///
    /// Fails before anything is sent if the store fails, the last message is too fresh, another
    /// caller has just asked for one, or another challenge has replaced this one.
    pub(crate) async fn claim_resend(&mut self, wait: Duration) -> Result<SendPermit, Error> {
        let known = self.known;
        if let ObservedVersion::Down(error) = self.look().await? {
            return Err(self.context.store_error(error));
        }
        self.check_time()?;
        let Some(key) = self.destination_key() else {
            let message = "this step sends no messages";
            return Err(Error::new(ErrorKind::InvalidInput, message).of(self.context.system()));
        };
        let requester = Requester {
            challenge: &self.identity.name,
            known: Some(known),
        };
        match destination::claim(&self.context, key, requester, wait).await {
            Ok((claim, timer)) => {
                self.known = claim.message;
                self.timer = timer;
                Ok(claim)
            }
            Err(error) => {
                if let (ErrorKind::SlowDown, Some(rest)) = (error.kind(), error.retry_after()) {
                    self.timer = ResendTimer::start(self.context.clock(), rest);
                }
                Err(error)
            }
        }
    }

    /// The message was sent, and `step` holds its keys: whatever came before is void.
    pub(crate) async fn sent(&mut self, claim: SendPermit, wait: Duration) {
        self.take(&claim);
        self.timer = ResendTimer::start(self.context.clock(), wait);
        self.save(WriteMode::Newer, Some((claim, wait))).await;
    }

    /// The server has given up the former key, and `step` says so; the timer stays as it is.
    pub(crate) async fn voided(&mut self, claim: &SendPermit) {
        self.take(claim);
        self.save(WriteMode::Newer, None).await;
    }

    /// No message was sent: there is nothing to wait for.
    pub(crate) async fn not_sent(&mut self, claim: SendPermit) {
        self.timer = claim.former_timer(&self.context);
        if let Err(error) = claim.not_sent(&self.context).await {
            tracing::warn!(challenge = %self.identity.key, %error, "a resend timer runs on");
        }
    }

    /// `step` was changed by an answer, without a message.
    pub(crate) async fn changed(&mut self) {
        self.message += 1;
        self.known = self.message;
        self.save(WriteMode::Newer, None).await;
    }

    fn take(&mut self, claim: &SendPermit) {
        self.message = claim.message;
        self.known = claim.message;
        let time_to_live = self.step.time_to_live(self.context.skewed_clock());
        self.expires_at = after(self.context.clock().now(), time_to_live);
        self.identity.wrong_codes.store(0, Ordering::SeqCst);
    }
}
