//! One call on its way, over all its attempts.

use std::pin::pin;
use std::time::Duration;

use http::StatusCode;
use tracing::Span;

use super::classify::{AttemptError, Outcome, classify};
use super::departure::Departed;
use super::transport::Sending;
use super::{
    CallContext, CredentialGeneration, Deadline, FailedAttempt, RawResponse, Request, Response,
    SessionCredential, retry, trace,
};
use crate::error::{Delivery, Error, ErrorKind};
use crate::telemetry::Event;

pub(super) struct Journey<'a> {
    pub(super) context: &'a CallContext,
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
    pub(super) fn begin(context: &'a CallContext, request: &'a Request<'a>) -> Self {
        let own = context
            .options
            .as_ref()
            .and_then(|options| options.deadline);
        let deadline = own.unwrap_or(context.pipeline.settings.deadline);
        Self {
            context,
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
            .at(self.context.system(), self.request.operation.id)
            .with_effort(self.attempts, self.deadline.elapsed())
    }

    fn tell(&self, span: &Span, error: Option<&Error>) {
        trace::record_resends(span, self.attempts.saturating_sub(1));
        trace::record_outcome(span, self.status, error);
        self.context.pipeline.telemetry.observe(|| Event::Call {
            system: self.context.system(),
            operation: self.request.operation.id,
            attempts: self.attempts,
            error,
            elapsed: self.deadline.elapsed(),
        });
    }

    pub(super) async fn travel(&mut self) -> Result<RawResponse, Error> {
        let pipeline = &*self.context.pipeline;
        let credential = self.context.credential_for(self.request.operation)?;
        loop {
            let departed = self.depart(credential).await?;
            let generation = departed.generation;
            match self.arrive(credential, departed).await {
                Outcome::Success(response) => {
                    pipeline.budget.succeed(|| pipeline.since_start());
                    return Ok(response);
                }
                Outcome::SessionRejected(error) => {
                    self.session_rejected(credential, generation, error).await?;
                }
                Outcome::AttemptError(fault) => {
                    let Some(wait) = self.wait_before_next(&fault) else {
                        return Err(fault.error);
                    };
                    pipeline.time.sleep(wait).await;
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
        let pipeline = &*self.context.pipeline;
        let operation = self.request.operation;
        let Departed {
            span,
            began,
            left_at,
            until,
            generation,
            under_way,
        } = departed;
        async move {
            let response = pipeline.transport.response(under_way, until);
            let sent = trace::within(&span, pin!(response)).await;
            self.status = None;
            match &sent {
                Ok(response) => {
                    self.status = Some(response.status);
                    let success = response.status.is_success();
                    if let Some(new) = pipeline.time.learn(left_at, &response.headers, success) {
                        pipeline.telemetry.emit(&Event::ClockSkew {
                            system: self.context.system(),
                            skew: new.skew,
                            corrected: new.corrected,
                        });
                    }
                    if let Some(observed) =
                        credential.and_then(|one| one.observe(&response.headers))
                    {
                        observed.await;
                    }
                }
                Err(error) => {
                    self.status = error.status();
                    self.may_have_arrived |= error.delivery() == Delivery::Unknown;
                }
            }
            let outcome = classify(pipeline, operation, generation.is_some(), sent);
            let error = match &outcome {
                Outcome::Success(_) => None,
                Outcome::SessionRejected(error) => Some(error),
                Outcome::AttemptError(fault) => Some(&fault.error),
            };
            trace::record_outcome(&span, self.status, error);
            pipeline.telemetry.observe(|| Event::Attempt {
                system: self.context.system(),
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
    fn wait_before_next(&self, fault: &AttemptError) -> Option<Duration> {
        let pipeline = &*self.context.pipeline;
        let operation = self.request.operation;
        if !retry::is_retryable(operation, fault) {
            return None;
        }
        let options = self.context.options.as_ref();
        let policy = options.and_then(|options| options.retry.as_ref());
        let policy = policy.unwrap_or(&pipeline.settings.retry);
        let elapsed = self.deadline.elapsed();
        let failed = FailedAttempt::new(&fault.error, operation, self.attempts, elapsed);
        let wait = policy.wait(&failed)?;
        let floor = fault.error.retry_after().unwrap_or_default();
        let wait = wait.max(floor);
        if !self.deadline.leaves_room_for(wait) {
            return None;
        }
        let system = self.context.system();
        if !pipeline.budget.take(pipeline.since_start()) {
            pipeline.telemetry.emit(&Event::RetryBudgetExhausted {
                system,
                operation: operation.id,
                attempt: self.attempts,
            });
            return None;
        }
        pipeline.telemetry.emit(&Event::Retry {
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
        generation: Option<CredentialGeneration>,
        error: Error,
    ) -> Result<(), Error> {
        let (Some(credential), Some(generation)) = (credential, generation) else {
            return Err(error);
        };
        if self.replayed {
            let why = "the server rejected a token that it had just issued";
            credential.end(generation, why).await;
            return Err(error);
        }
        self.replayed = true;
        match credential.refresh(generation, self.deadline).await {
            // The server's own refusal says more than that the session has ended.
            Err(ended) if ended.kind() == ErrorKind::SignInAgain => Err(error),
            renewed => renewed,
        }
    }
}
