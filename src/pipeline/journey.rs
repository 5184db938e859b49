//! One call on its way, over all its attempts.

use std::pin::pin;
use std::time::Duration;

use http::StatusCode;
use tracing::Span;

use super::classify::{Fault, Outcome, classify};
use super::departure::Departed;
use super::transport::Sending;
use super::{
    Answer, Bound, Deadline, FailedAttempt, Request, Response, SessionCredential, Stamp, retry,
    trace,
};
use crate::error::{Delivery, Error, ErrorKind};
use crate::observe::Event;

pub(super) struct Journey<'a> {
    pub(super) bound: &'a Bound,
    pub(super) request: &'a Request<'a>,
    pub(super) deadline: Deadline,
    pub(super) attempts: u32,
    /// Whether anything was waited for since the deadline's start.
    pub(super) waited: bool,
    replayed: bool,
    /// Whether some attempt may have reached the server without an answer.
    may_have_arrived: bool,
    pub(super) status: Option<StatusCode>,
}

impl<'a> Journey<'a> {
    pub(super) fn begin(bound: &'a Bound, request: &'a Request<'a>) -> Self {
        let own = bound.options.as_ref().and_then(|options| options.deadline);
        let deadline = own.unwrap_or(bound.road.settings.deadline);
        Self {
            bound,
            deadline: Deadline::after(deadline),
            request,
            attempts: 0,
            waited: false,
            replayed: false,
            may_have_arrived: false,
            status: None,
        }
    }

    /// Tells everybody how it went, and the error how much was tried.
    pub(super) fn end<T>(
        self,
        span: &Span,
        outcome: Result<Response<T>, Error>,
    ) -> Result<Response<T>, Error> {
        match outcome {
            Ok(response) => {
                self.tell(span, None);
                Ok(response)
            }
            Err(error) => {
                let error = self.with_effort(error);
                self.tell(span, Some(&error));
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

    fn tell(&self, span: &Span, error: Option<&Error>) {
        trace::record_resends(span, self.attempts.saturating_sub(1));
        trace::record_outcome(span, self.status, error);
        self.bound.road.signals.observe(|| Event::Call {
            system: self.bound.system(),
            operation: self.request.operation.id,
            attempts: self.attempts,
            error,
            elapsed: self.deadline.elapsed(),
        });
    }

    pub(super) async fn travel(&mut self) -> Result<Answer, Error> {
        let road = &*self.bound.road;
        let credential = self.bound.credential_for(self.request.operation)?;
        loop {
            let departed = self.depart(credential).await?;
            let stamp = departed.stamp;
            match self.arrive(credential, departed).await {
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
            self.waited = true;
        }
    }

    /// Waits for an answer, learns what it tells, and classifies it.
    fn arrive<S: Sending>(
        &mut self,
        credential: Option<&'a dyn SessionCredential>,
        departed: Departed<'a, S>,
    ) -> impl Future<Output = Outcome> {
        let road = &*self.bound.road;
        let operation = self.request.operation;
        let Departed {
            span,
            began,
            left_at,
            until,
            stamp,
            under_way,
        } = departed;
        async move {
            let answer = road.transport.answer(under_way, until);
            let sent = trace::within(&span, pin!(answer)).await;
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
                    if let Some(observed) = credential.and_then(|one| one.observe(&answer.headers))
                    {
                        observed.await;
                    }
                }
                Err(error) => {
                    self.status = error.status();
                    self.may_have_arrived |= error.delivery() == Delivery::Unknown;
                }
            }
            let outcome = classify(road, operation, stamp.is_some(), sent);
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
    }

    /// How long to wait before the next attempt; `None` if there must be none.
    fn wait_before_next(&self, fault: &Fault) -> Option<Duration> {
        let road = &*self.bound.road;
        let operation = self.request.operation;
        if !retry::may_repeat(operation, fault) {
            return None;
        }
        let options = self.bound.options.as_ref();
        let policy = options.and_then(|options| options.retry.as_ref());
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
