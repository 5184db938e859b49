//! One call: its attempts, and when another one follows.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::pin;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};
use tracing::Span;
use url::Url;

use super::attempt::Attempt;
use super::attempt_headers::{AttemptHeaders, AttemptInfo};
use super::classify::{AttemptError, judge};
use super::context::CallContext;
use super::custom_request::CUSTOM_PATH;
use super::deadline::Deadline;
use super::operation::{Idempotency, Need, Operation};
use super::request::Request;
use super::response::{RawResponse, Response};
use super::retry::{FailedAttempt, is_retryable};
use super::system::{
    AfterRejection, Authorization, CredentialGeneration, QuerySignature, Rejection,
    SessionCredential, SetCookies,
};
use super::trace;
use super::transport::{Sending, Unreceived};
use crate::clock::BoxFuture;
use crate::error::{Delivery, Error, ErrorKind};
use crate::telemetry::Event;

/// How a context runs a call; here because the context knows nothing of attempts.
impl CallContext {
    /// Sends a request whose response has a body.
    pub(crate) fn call<'a, T: DeserializeOwned>(
        &'a self,
        request: Request<'a>,
    ) -> impl Future<Output = Result<Response<T>, Error>> {
        self.send(request, |response, operation| {
            let unreadable = |member| {
                self.pipeline.telemetry.emit(&Event::UnreadableMember {
                    system: self.system(),
                    operation: operation.id,
                    member,
                });
            };
            response.decode(operation, unreadable)
        })
    }

    /// Sends a request whose response has no body, or none that is needed.
    pub(crate) fn call_empty<'a>(
        &'a self,
        request: Request<'a>,
    ) -> impl Future<Output = Result<Response<()>, Error>> {
        self.send(request, |response, _| response.empty())
    }

    /// Not an `async fn`: its future would hold the request twice, as argument and as variable.
    fn send<'a, T>(
        &'a self,
        mut request: Request<'a>,
        decode: impl FnOnce(RawResponse, &Operation) -> Result<Response<T>, Error>,
    ) -> impl Future<Output = Result<Response<T>, Error>> {
        let invalid = request.invalid.take();
        async move {
            let span = trace::call(&self.pipeline, request.operation);
            let mut call = Call::new(self, &request);
            let response = match invalid {
                Some(error) => Err(error),
                None => trace::within(&span, pin!(call.run())).await,
            };
            let result = response.and_then(|response| decode(response, request.operation));
            call.finish(&span, result)
        }
    }
}

/// The state of one call over all its attempts.
struct Call<'a> {
    context: &'a CallContext,
    request: &'a Request<'a>,
    deadline: Deadline,
    attempts: u32,
    /// Whether the call has waited for anything, so that its start is no longer the present time.
    waited: bool,
    /// Whether an attempt may have reached the server without a response.
    may_have_arrived: bool,
    /// The time that the next attempt is signed with, if that is not the present time.
    sign_at: Option<DateTime<Utc>>,
    status: Option<StatusCode>,
}

/// An attempt that was sent.
struct InFlight<'a, S> {
    span: Span,
    /// When it was sent, or began to wait for a permit.
    began: Instant,
    /// When it was sent, by the local clock.
    sent_at: DateTime<Utc>,
    /// The time that it was signed with.
    signed_at: DateTime<Utc>,
    /// The session credential that it carries.
    generation: Option<CredentialGeneration>,
    until: Instant,
    /// Held until the response is received.
    permit: SemaphorePermit<'a>,
    sending: S,
    requested: Option<Box<Url>>,
}

impl<'a> Call<'a> {
    fn new(context: &'a CallContext, request: &'a Request<'a>) -> Self {
        Self {
            context,
            request,
            deadline: Deadline::after(context.deadline()),
            attempts: 0,
            waited: false,
            may_have_arrived: false,
            sign_at: None,
            status: None,
        }
    }

    /// Sends the request until an attempt succeeds or must not be followed by another.
    async fn run(&mut self) -> Result<RawResponse, Error> {
        let pipeline = &*self.context.pipeline;
        let (system, operation) = (self.context.system(), self.request.operation);
        let credential = self.context.credential_for(operation)?;
        self.context.check_options()?;
        self.check_idempotent()?;
        let is_idempotent = self.is_idempotent();
        let (mut is_replayed, mut is_delayed, mut signed_again) = (false, false, false);
        loop {
            let in_flight = self.send_attempt(credential).await?;
            let failed = match self.receive(credential, in_flight).await {
                Ok(response) => {
                    pipeline.budget.succeed(|| pipeline.since_start());
                    if let Some(credential) =
                        credential.filter(|_| operation.session == Need::Required)
                    {
                        credential.accepted();
                    }
                    return Ok(response);
                }
                Err(failed) => failed,
            };
            let (error, rejected) = (failed.error, failed.rejected);

            // Sign again: once, by the server's time, if its own words refuse the signature.
            if failed.sign_at.is_some() && !signed_again {
                (self.sign_at, self.waited, signed_again) = (failed.sign_at, true, true);
                continue;
            }

            // Refresh and replay, or send again: once each, if the server rejected the session's
            // credential. A code is not sent again: the caller decides.
            if let (Some(credential), Some(generation)) = (credential, rejected) {
                let rejection = Rejection {
                    generation,
                    operation: self.operation_key(),
                    verdict: error.credential_verdict(),
                    is_replayed,
                    is_delayed,
                    may_send_again: !operation.carries_code,
                };
                let after = credential.settle_rejection(rejection, self.deadline);
                match after.await? {
                    AfterRejection::Ended => return Err(error.with_session_ended()),
                    AfterRejection::Fail => return Err(error),
                    _ if operation.carries_code => return Err(error.with_unchecked_code()),
                    AfterRejection::Delay(wait) if self.deadline.leaves_room_for(wait) => {
                        is_delayed = true;
                        pipeline.time.sleep(wait).await;
                    }
                    AfterRejection::Replay if !is_replayed => is_replayed = true,
                    _ => return Err(error),
                }
                self.waited = true;
                continue;
            }

            // Back off: if operation, policy, deadline and budget allow another attempt.
            if !is_retryable(operation, is_idempotent, &error) {
                return Err(error);
            }
            let elapsed = self.deadline.elapsed();
            let failed = FailedAttempt {
                error: &error,
                operation: operation.id,
                is_idempotent,
                attempts: self.attempts,
                elapsed,
            };
            let Some(wait) = self.context.retry_policy().wait(&failed) else {
                return Err(error);
            };
            let wait = wait.max(error.retry_after().unwrap_or_default());
            if !self.deadline.leaves_room_for(wait) {
                return Err(error);
            }
            let (operation, attempt) = (operation.id, self.attempts);
            let Some(budget_left) = pipeline.budget.take(pipeline.since_start()) else {
                pipeline.telemetry.emit(&Event::RetryBudgetExhausted {
                    system,
                    operation,
                    attempt,
                });
                return Err(error);
            };
            pipeline.telemetry.emit(&Event::Retry {
                system,
                operation,
                attempt,
                wait,
                reason: error.error_type(),
                budget_left,
            });
            pipeline.time.sleep(wait).await;
            self.waited = true;
        }
    }

    /// Sends one attempt as soon as it has a fresh credential and a permit.
    ///
    /// An attempt is built, authorized, signed and sent without an `await` in between: it carries
    /// the newest credential and signature, and no future holds it. Only a signature in the query is
    /// computed before, because another service may have to compute it, and without a permit, because
    /// a slow service must not stop the other calls.
    async fn send_attempt(
        &mut self,
        credential: Option<&'a dyn SessionCredential>,
    ) -> Result<InFlight<'a, impl Sending + use<>>, Error> {
        let pipeline = &*self.context.pipeline;
        self.status = None;
        let mut now = pipeline.time.local_now();
        if let Some(check) = credential.and_then(|credential| credential.revalidate_if_due(now)) {
            let what = "the session store did not respond in time";
            within(self.deadline.end(), check, what).await?;
            (now, self.waited) = (pipeline.time.local_now(), true);
        }
        let started = self.now_before_deadline()?;
        let mut signed_at = None;
        let mut signature = None;
        if let Some(signing) = self.sign_query(now)? {
            let until = self
                .deadline
                .within(started, self.context.attempt_timeout());
            let what = "the signature was not computed in time";
            signature = Some(within(until, signing, what).await?);
            signed_at = Some(self.server_time(now));
            (now, self.waited) = (pipeline.time.local_now(), true);
        }
        let mut permit = pipeline.transport.try_acquire();
        let mut queued_at = None;
        let mut allow_stale = false;
        loop {
            let began = self.now_before_deadline()?;
            let stale = {
                let mut attempt = self.attempt_at(now);
                let authorization = self.authorize(&mut attempt, credential, allow_stale)?;
                match (authorization, permit.take()) {
                    (Authorization::Stale(generation), _) if !allow_stale => Some(generation),
                    (_, None) => None,
                    (_, Some(permit)) => {
                        for (name, value) in signature.take().into_iter().flatten() {
                            attempt.add_query(name, value);
                        }
                        let span = trace::attempt(pipeline, self.request.operation, self.attempts);
                        if let Some(hook) = &pipeline.attempt_headers {
                            span.in_scope(|| self.add_headers(hook, &mut attempt))?;
                        }
                        let server_time = self.server_time(now);
                        pipeline
                            .rules
                            .sign(self.request, &mut attempt, server_time)?;
                        self.sign_at = None;
                        self.attempts += 1;
                        let timeout = self.context.attempt_timeout();
                        return Ok(InFlight {
                            requested: pipeline.transport.requested_url(&attempt),
                            sending: span.in_scope(|| pipeline.transport.send(attempt)),
                            span,
                            began: queued_at.unwrap_or(began),
                            sent_at: now,
                            signed_at: signed_at.unwrap_or(server_time),
                            generation: authorization.generation(),
                            until: self.deadline.within(began, timeout),
                            permit,
                        });
                    }
                }
            };
            // Here the call holds no permit: a refresh may need one.
            if let (Some(credential), Some(generation)) = (credential, stale) {
                credential.refresh(generation, self.deadline).await?;
                allow_stale = true;
                queued_at = None;
                permit = pipeline.transport.try_acquire();
            } else {
                queued_at = Some(Instant::now());
                permit = Some(pipeline.transport.acquire(self.deadline).await?);
            }
            (now, self.waited) = (pipeline.time.local_now(), true);
        }
    }

    /// Receives the response to an attempt, judges it, and learns from the headers of a success.
    fn receive<S: Sending>(
        &mut self,
        credential: Option<&'a dyn SessionCredential>,
        in_flight: InFlight<'a, S>,
    ) -> impl Future<Output = Result<RawResponse, AttemptError>> {
        let pipeline = &*self.context.pipeline;
        let (system, operation) = (self.context.system(), self.request.operation);
        let InFlight {
            span,
            began,
            sent_at,
            signed_at,
            generation,
            until,
            permit,
            sending,
            requested,
        } = in_flight;
        async move {
            let received = pipeline.transport.receive(sending, requested, until);
            let received = trace::within(&span, pin!(received)).await;
            drop(permit);
            // The headers of a success count as soon as they are there, also if its body breaks off.
            let mut cut_off = None;
            let result = match received {
                Ok(response) => {
                    self.status = Some(response.status());
                    let result = judge(pipeline, operation, generation, signed_at, response);
                    self.may_have_arrived |=
                        result.as_ref().is_err_and(AttemptError::may_have_effect);
                    result
                }
                Err(Unreceived { error, success }) => {
                    self.status = error.status();
                    self.may_have_arrived |= error.delivery() == Delivery::Unknown;
                    cut_off = success;
                    Err(AttemptError::from(error))
                }
            };
            let success = result.as_ref().map(RawResponse::headers);
            if let Some(headers) = success.ok().or(cut_off.as_ref()) {
                self.learn(sent_at, headers, credential).await;
            }
            let error = result.as_ref().err().map(|failed| &failed.error);
            trace::record_outcome(&span, self.status, error);
            pipeline.telemetry.observe(|| Event::Attempt {
                system,
                operation: operation.id,
                method: &operation.method,
                url_template: &operation.path,
                server_address: pipeline.base.host(),
                server_port: pipeline.base.port(),
                attempt: self.attempts,
                status: self.status,
                error_type: error.map(Error::error_type),
                elapsed: began.elapsed(),
            });
            result
        }
    }

    /// Learns the server's time from the headers of a success, and keeps its cookies.
    async fn learn(
        &self,
        sent_at: DateTime<Utc>,
        headers: &HeaderMap,
        credential: Option<&dyn SessionCredential>,
    ) {
        let pipeline = &*self.context.pipeline;
        if let Some(new) = pipeline.time.learn(sent_at, headers) {
            pipeline.telemetry.emit(&Event::ClockSkew {
                system: self.context.system(),
                skew: new.skew,
                corrected: new.corrected,
            });
        }
        let Some(credential) = credential.filter(|_| headers.contains_key(header::SET_COOKIE))
        else {
            return;
        };
        let operation = self.request.operation;
        let url = pipeline.base.of(operation, &self.request.path);
        let cookies = SetCookies {
            headers,
            url: &url,
            operation: operation.id,
            telemetry: &pipeline.telemetry,
        };
        if let Some(saved) = credential.keep_cookies(cookies) {
            // The save goes on without the call.
            let _ = timeout_at(self.deadline.end(), saved).await;
        }
    }

    /// Reports the outcome, and adds to an error what the call has tried.
    fn finish<T>(
        self,
        span: &Span,
        result: Result<Response<T>, Error>,
    ) -> Result<Response<T>, Error> {
        let result = result.map_err(|error| self.with_effort(error));
        let error = result.as_ref().err();
        trace::record_resends(span, self.attempts.saturating_sub(1));
        trace::record_outcome(span, self.status, error);
        self.context.pipeline.telemetry.observe(|| Event::Call {
            system: self.context.system(),
            operation: self.request.operation.id,
            attempts: self.attempts,
            error,
            elapsed: self.deadline.elapsed(),
        });
        result
    }

    fn with_effort(&self, error: Error) -> Error {
        let error = if self.may_have_arrived && error.delivery() == Delivery::NotSent {
            error.with_delivery(Delivery::Unknown)
        } else {
            error
        };
        error
            .at(self.context.system(), self.request.operation.id)
            .with_idempotent(self.is_idempotent())
            .with_effort(self.attempts, self.deadline.elapsed())
    }

    /// Starts the signature of the query, if the system has one.
    fn sign_query(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<BoxFuture<'a, Result<QuerySignature, Error>>>, Error> {
        let rules = &self.context.pipeline.rules;
        rules.sign_query(self.request, self.server_time(now))
    }

    /// The time that a signature of `now` has.
    fn server_time(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let corrected = || self.context.pipeline.time.at(now);
        self.sign_at.unwrap_or_else(corrected)
    }

    /// Fails if the options call an operation idempotent that is not.
    fn check_idempotent(&self) -> Result<(), Error> {
        let is_claimed = self.context.is_idempotent() == Some(true);
        if is_claimed && self.request.operation.idempotency == Idempotency::NotIdempotent {
            let right = "must not be true: by its description the operation is not idempotent";
            return Err(Error::invalid("idempotent", right));
        }
        Ok(())
    }

    fn is_idempotent(&self) -> bool {
        self.request.operation.idempotency == Idempotency::Idempotent
            && self.context.is_idempotent() != Some(false)
    }

    /// A key of what is called: the operation, and the path of a custom request.
    fn operation_key(&self) -> u64 {
        let operation = self.request.operation;
        let mut hasher = DefaultHasher::new();
        (operation.id, operation.method.as_str(), &*operation.path).hash(&mut hasher);
        if operation.path == CUSTOM_PATH {
            self.request.path.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The present time, unless the deadline has passed.
    fn now_before_deadline(&self) -> Result<Instant, Error> {
        let now = if self.waited {
            Instant::now()
        } else {
            self.deadline.start()
        };
        if now >= self.deadline.end() {
            let message = "the deadline has passed";
            return Err(Error::new(ErrorKind::Unavailable, message).with_class("timeout"));
        }
        Ok(now)
    }

    fn attempt_at(&self, now: DateTime<Utc>) -> Attempt {
        let pipeline = &*self.context.pipeline;
        let options = self.context.options.as_deref();
        let mut attempt = Attempt::new(
            &pipeline.base,
            pipeline.rules.default_headers(),
            self.request,
            options,
            now,
        );
        for (name, value) in self
            .context
            .headers
            .iter()
            .flat_map(|headers| headers.iter())
        {
            attempt.headers.insert(name, value.clone());
        }
        attempt
    }

    /// Adds the headers of the caller's hook to the next attempt.
    fn add_headers(&self, hook: &AttemptHeaders, attempt: &mut Attempt) -> Result<(), Error> {
        let rules = &self.context.pipeline.rules;
        let info = AttemptInfo {
            system: self.context.system(),
            operation: self.request.operation.id,
            attempt: self.attempts + 1,
        };
        let options = self.context.options.as_deref();
        let system_headers = |name: &HeaderName| rules.sets_header(name);
        hook.add_to(&mut attempt.headers, &info, options, &system_headers)
    }

    /// Attaches the credentials of the application and of the session.
    fn authorize(
        &self,
        attempt: &mut Attempt,
        credential: Option<&dyn SessionCredential>,
        allow_stale: bool,
    ) -> Result<Authorization, Error> {
        if self.request.operation.application != Need::Never {
            let rules = &self.context.pipeline.rules;
            rules.authorize_application(&mut attempt.headers)?;
        }
        match credential {
            Some(credential) => credential.attach(attempt, allow_stale),
            None => Ok(Authorization::Nothing),
        }
    }
}

async fn within<T>(
    until: Instant,
    future: BoxFuture<'_, Result<T, Error>>,
    too_late: &'static str,
) -> Result<T, Error> {
    let late = || Error::new(ErrorKind::Unavailable, too_late).with_class("timeout");
    let done = timeout_at(until, future).await;
    done.unwrap_or_else(|_| Err(late()))
}
