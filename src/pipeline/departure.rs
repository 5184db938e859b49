//! How an attempt leaves: with a place, a credential and a signature.

use chrono::{DateTime, Utc};
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};
use tracing::Span;

use super::journey::Journey;
use super::operation::Need;
use super::transport::{Sending, UnderWay};
use super::{Attempt, Authorization, CredentialGeneration, SessionCredential, trace};
use crate::error::{Error, ErrorKind};

/// An attempt that has left.
pub(super) struct Departed<'a, S> {
    pub(super) span: Span,
    /// When it began to wait for a place, or left if there was one.
    pub(super) began: Instant,
    /// When it left, by this machine's clock.
    pub(super) left_at: DateTime<Utc>,
    pub(super) until: Instant,
    pub(super) generation: Option<CredentialGeneration>,
    pub(super) under_way: UnderWay<'a, S>,
}

/// What came of trying to send an attempt without waiting for anything.
enum Departure<'a, S> {
    Departed(Departed<'a, S>),
    /// The credential with this stamp must be renewed first.
    Stale(&'a dyn SessionCredential, CredentialGeneration),
    /// Too many others are under way.
    Full,
}

impl<'a> Journey<'a> {
    /// Sends one attempt as soon as there is a place and a credential for it. Nothing that was made
    /// is kept while it waits: the attempt that leaves has the newest credential and signature.
    pub(super) async fn depart(
        &mut self,
        credential: Option<&'a dyn SessionCredential>,
    ) -> Result<Departed<'a, impl Sending + use<>>, Error> {
        let pipeline = &*self.context.pipeline;
        self.status = None;
        let mut now = pipeline.time.local_now();
        if let Some(look) = credential.and_then(|credential| credential.revalidate_if_due(now)) {
            let looked = timeout_at(self.deadline.end(), look).await;
            looked.unwrap_or_else(|_| {
                let message = "the session store took too long";
                Err(Error::new(ErrorKind::TryLater, message))
            })?;
            (now, self.waited) = (pipeline.time.local_now(), true);
        }
        let mut allow_stale = false;
        let mut place = pipeline.transport.free_place();
        let mut waits_since = None;
        loop {
            match self.try_to_depart(credential, now, allow_stale, place.take())? {
                Departure::Departed(mut departed) => {
                    departed.began = waits_since.unwrap_or(departed.began);
                    return Ok(departed);
                }
                Departure::Stale(credential, generation) => {
                    credential.refresh(generation, self.deadline).await?;
                    allow_stale = true;
                    place = pipeline.transport.free_place();
                    waits_since = None;
                }
                Departure::Full => {
                    waits_since = Some(Instant::now());
                    place = Some(pipeline.transport.place(self.deadline).await?);
                }
            }
            (now, self.waited) = (pipeline.time.local_now(), true);
        }
    }

    /// Authorises, signs and sends one attempt. A place is not kept while a credential is renewed:
    /// the renewal may need it.
    fn try_to_depart(
        &mut self,
        credential: Option<&'a dyn SessionCredential>,
        now: DateTime<Utc>,
        allow_stale: bool,
        place: Option<SemaphorePermit<'a>>,
    ) -> Result<Departure<'a, impl Sending + use<>>, Error> {
        let began = if self.waited {
            Instant::now()
        } else {
            self.deadline.start()
        };
        if began >= self.deadline.end() {
            let message = "the deadline is over";
            return Err(Error::new(ErrorKind::TryLater, message).with_class("timeout"));
        }
        let pipeline = &*self.context.pipeline;
        let operation = self.request.operation;
        let options = self.context.options.as_deref();
        let mut attempt = Attempt::new(pipeline, self.request, options, now);
        if operation.application != Need::Never {
            pipeline.rules.authorize_application(&mut attempt.headers)?;
        }
        let mut generation = None;
        if let Some(credential) = credential {
            generation = match credential.attach(&mut attempt, allow_stale)? {
                Authorization::Nothing => None,
                Authorization::Stale(generation) if !allow_stale => {
                    return Ok(Departure::Stale(credential, generation));
                }
                Authorization::Fresh(generation) | Authorization::Stale(generation) => {
                    Some(generation)
                }
            };
        }
        // Only what could leave waits for a place.
        let Some(place) = place else {
            return Ok(Departure::Full);
        };
        pipeline
            .rules
            .sign(self.request, &mut attempt, pipeline.time.at(now))?;
        self.attempts += 1;
        let span = trace::attempt(pipeline, operation, self.attempts - 1);
        let under_way = span.in_scope(|| pipeline.transport.send(attempt, place));
        Ok(Departure::Departed(Departed {
            span,
            began,
            left_at: now,
            until: self
                .deadline
                .within(began, pipeline.settings.attempt_timeout),
            generation,
            under_way,
        }))
    }
}
