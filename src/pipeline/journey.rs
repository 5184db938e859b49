//! One call on its way, over all its attempts.

use std::pin::pin;
use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, timeout_at};
use tracing::Span;

use super::classify::{Fault, Outcome, classify};
use super::operation::Need;
use super::{
    Answer, Attached, Attempt, Bound, Deadline, FailedAttempt, Request, Response,
    SessionCredential, Stamp, retry, trace,
};
use crate::error::{Delivery, Error, ErrorKind};
use crate::observe::Event;

pub(super) struct Journey<'a> {
    bound: &'a Bound,
    request: Request<'a>,
    deadline: Deadline,
    span: Span,
    attempts: u32,
    replayed: bool,
    /// Whether some attempt may have reached the server without an answer.
    may_have_arrived: bool,
    status: Option<StatusCode>,
}

impl<'a> Journey<'a> {
    pub(super) fn begin(bound: &'a Bound, request: Request<'a>) -> Self {
        let road = &*bound.road;
        let deadline = bound.options.deadline.unwrap_or(road.settings.deadline);
        Self {
            bound,
            deadline: Deadline::after(deadline),
            span: trace::call(road, request.operation),
            request,
            attempts: 0,
            replayed: false,
            may_have_arrived: false,
            status: None,
        }
    }

    pub(super) async fn travel(&mut self) -> Result<Answer, Error> {
        if let Some(fault) = self.request.fault.take() {
            return Err(fault);
        }
        let span = self.span.clone();
        trace::within(&span, pin!(self.repeat())).await
    }

    /// Tells everybody how it went, and the error how much was tried.
    pub(super) fn end<T>(self, outcome: Result<Response<T>, Error>) -> Result<Response<T>, Error> {
        match outcome {
            Ok(response) => {
                self.tell(None);
                Ok(response)
            }
            Err(error) => {
                let error = self.with_effort(error);
                self.tell(Some(&error));
                Err(error)
            }
        }
    }

    fn with_effort(&self, error: Error) -> Error {
        let unknown = self.may_have_arrived && error.delivery() == Delivery::NotSent;
        let error = if unknown {
            error.with_delivery(Delivery::Unknown)
        } else {
            error
        };
        error
            .at(self.bound.system(), self.request.operation.id)
            .with_effort(self.attempts, self.deadline.elapsed())
    }

    fn tell(&self, error: Option<&Error>) {
        trace::record_resends(&self.span, self.attempts.saturating_sub(1));
        trace::record_outcome(&self.span, self.status, error);
        self.bound.road.signals.observe(|| Event::Call {
            system: self.bound.system(),
            operation: self.request.operation.id,
            attempts: self.attempts,
            error,
            elapsed: self.deadline.elapsed(),
        });
    }

    async fn repeat(&mut self) -> Result<Answer, Error> {
        let road = &*self.bound.road;
        let bound = self.bound;
        let credential = bound.credential_for(self.request.operation)?;
        loop {
            let (attempt, stamp) = self.prepare(credential).await?;
            self.attempts += 1;
            match self.send(attempt, credential, stamp.is_some()).await {
                Outcome::Success(answer) => {
                    road.budget.succeed(|| road.since_start());
                    return Ok(answer);
                }
                Outcome::SessionRejected(error) => {
                    self.session_rejected(credential, stamp, error).await?;
                }
                Outcome::Fault(fault) => {
                    let Some(wait) = self.wait_before_next(&fault) else {
                        return Err(fault.error);
                    };
                    road.time.sleep(wait).await;
                }
            }
        }
    }

    /// Sends one attempt, learns what its answer tells, and classifies it.
    async fn send(
        &mut self,
        attempt: Attempt,
        credential: Option<&dyn SessionCredential>,
        carried_session: bool,
    ) -> Outcome {
        let road = &*self.bound.road;
        let operation = self.request.operation;
        let span = trace::attempt(road, operation, self.attempts - 1);
        let began = Instant::now();
        let left_at = attempt.made_at;
        let timeout = road.settings.attempt_timeout;
        let sending = road.transport.send(attempt, began, self.deadline, timeout);
        let sent = trace::within(&span, pin!(sending)).await;
        self.status = None;
        match &sent {
            Ok(answer) => {
                self.status = Some(answer.status);
                let success = answer.status.is_success();
                if let Some(new) = road.time.learn(left_at, &answer.headers, success) {
                    road.signals.emit(&Event::ClockSkew {
                        system: self.bound.system(),
                        skew: new.skew,
                        corrected: new.corrected,
                    });
                }
                if let Some(observed) = credential.and_then(|one| one.observe(&answer.headers)) {
                    observed.await;
                }
            }
            Err(error) => {
                self.status = error.status();
                self.may_have_arrived |= error.delivery() == Delivery::Unknown;
            }
        }
        let outcome = classify(road, operation, carried_session, sent);
        let error = match &outcome {
            Outcome::Success(_) => None,
            Outcome::SessionRejected(error) => Some(error),
            Outcome::Fault(fault) => Some(&fault.error),
        };
        trace::record_outcome(&span, self.status, error);
        road.signals.observe(|| Event::Attempt {
            system: self.bound.system(),
            operation: operation.id,
            attempt: self.attempts,
            status: self.status,
            error_type: error.map(Error::error_type),
            elapsed: began.elapsed(),
        });
        outcome
    }

    /// How long to wait before the next attempt; `None` if there must be none.
    fn wait_before_next(&self, fault: &Fault) -> Option<Duration> {
        let road = &*self.bound.road;
        let operation = self.request.operation;
        if !retry::may_repeat(operation, fault) {
            return None;
        }
        let policy = self.bound.options.retry.as_ref();
        let policy = policy.unwrap_or(&road.settings.retry);
        let elapsed = self.deadline.elapsed();
        let failed = FailedAttempt::new(&fault.error, operation, self.attempts, elapsed);
        let wait = policy.wait(&failed)?;
        let floor = fault.error.retry_after().unwrap_or_default();
        let wait = wait.max(floor);
        if !self.deadline.leaves_room_for(wait) {
            return None;
        }
        let system = self.bound.system();
        if !road.budget.take(road.since_start()) {
            road.signals.emit(&Event::RetryBudgetExhausted {
                system,
                operation: operation.id,
                attempt: self.attempts,
            });
            return None;
        }
        road.signals.emit(&Event::Retry {
            system,
            operation: operation.id,
            attempt: self.attempts,
            wait,
            reason: fault.error.error_type(),
        });
        Some(wait)
    }

    /// Authorises and signs one attempt.
    async fn prepare(
        &self,
        credential: Option<&dyn SessionCredential>,
    ) -> Result<(Attempt, Option<Stamp>), Error> {
        let road = &*self.bound.road;
        let operation = self.request.operation;
        let mut attempt = Attempt::new(road, &self.request, &self.bound.options)?;
        if operation.application != Need::Never {
            road.rules.authorize_application(&mut attempt.headers)?;
        }
        let mut stamp = None;
        if let Some(credential) = credential {
            if let Some(look) = credential.look_if_due(attempt.made_at) {
                let looked = timeout_at(self.deadline.end(), look).await;
                looked.unwrap_or_else(|_| {
                    let message = "the session store took too long";
                    Err(Error::new(ErrorKind::TryLater, message))
                })?;
                attempt.made_at = road.time.local_now();
            }
            let mut attached = credential.attach(&mut attempt, false)?;
            if let Attached::Stale(stale) = attached {
                credential.renew(stale, self.deadline).await?;
                attempt.made_at = road.time.local_now();
                attached = credential.attach(&mut attempt, true)?;
            }
            stamp = match attached {
                Attached::Nothing => None,
                Attached::Fresh(stamp) | Attached::Stale(stamp) => Some(stamp),
            };
        }
        let now = road.time.at(attempt.made_at);
        road.rules.sign(&self.request, &mut attempt, now)?;
        Ok((attempt, stamp))
    }

    /// A server that rejects a session's credential gets a renewed one, once.
    async fn session_rejected(
        &mut self,
        credential: Option<&dyn SessionCredential>,
        stamp: Option<Stamp>,
        error: Error,
    ) -> Result<(), Error> {
        let (Some(credential), Some(stamp)) = (credential, stamp) else {
            return Err(error);
        };
        if self.replayed {
            let why = "the server rejected a token that it had just issued";
            credential.end(stamp, why).await;
            return Err(error);
        }
        self.replayed = true;
        match credential.renew(stamp, self.deadline).await {
            // The server's own refusal says more than that the session has ended.
            Err(ended) if ended.kind() == ErrorKind::SignInAgain => Err(error),
            renewed => renewed,
        }
    }
}
