//! Challenges whose messages are all asked for alike, and whose code is one that was sent.

use std::sync::Arc;
use std::time::Duration;

use super::active::ActiveChallenge;
use super::code::check_code;
use super::first_message::FirstMessage;
use super::outcome::Outcome;
use super::record::Step;
use crate::error::Error;
use crate::secret::Secret;
use crate::session::SessionContext;

impl<S: Step> ActiveChallenge<S> {
    /// Opens a challenge by its first message to `destination`; the next may follow after `wait`.
    ///
    /// Fails before anything is sent if the store fails or the last message is too fresh.
    pub(crate) async fn by_message<F>(
        context: &Arc<SessionContext>,
        destination: String,
        wait: Duration,
        step: S,
        send: impl FnOnce(S) -> F,
    ) -> Result<Self, Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        let opening = FirstMessage::claim(context, destination, wait).await?;
        match send(step.clone()).await {
            Ok(()) => Ok(opening.open(step, wait).await),
            Err(error) => Err(opening.failed(error).await),
        }
    }

    /// Sends another message; the code of the former one is void. Fails before that like
    /// [`claim_resend`](Self::claim_resend).
    pub(crate) async fn send_again<F>(
        &mut self,
        wait: Duration,
        send: impl FnOnce(S) -> F,
    ) -> Result<(), Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        let claim = self.claim_resend(wait).await?;
        match send(self.step.clone()).await {
            Ok(()) => {
                self.sent(claim, wait).await;
                Ok(())
            }
            Err(error) => {
                if Outcome::of(&error) == Outcome::NotSent {
                    self.not_sent(claim).await;
                }
                Err(error)
            }
        }
    }

    /// Sends a code that a user typed, once. It is counted before, and given back only if the
    /// server certainly did not judge it.
    pub(crate) async fn try_code<T, F>(
        &mut self,
        code: &Secret,
        send: impl FnOnce(S, Secret) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let code = check_code("code", code).map_err(|error| error.of(self.system()))?;
        let code_attempt = self.begin_code_attempt().await?;
        let answer = send(self.step.clone(), code).await;
        self.settle(code_attempt, answer).await
    }
}
