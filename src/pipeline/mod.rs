//! The road: every request of every system passes these stations, in this order.
//!
//! 1. **Authorise** – for every attempt: the application's credential by the system's
//!    [`SystemRules`], the session's by its [`SessionCredential`]. A stale token is renewed first.
//! 2. **Sign** – for every attempt anew, over what is really sent.
//! 3. **Send** – within the attempt's timeout and the call's deadline; the body is read up to a
//!    bound.
//! 4. **Classify** – success, a refusal in the system's own shape, a rejected session, a fault.
//! 5. **Return or repeat** – a rejected session is renewed and the request replayed once; a fault
//!    is repeated after a backoff if the operation's [`Repeat`] class allows it and the deadline
//!    leaves room.
//!
//! What a station must know about an operation stands in the [`Operation`] that was generated from
//! the system's description, and nowhere else.

mod attempt;
mod base_url;
mod classify;
mod deadline;
mod operation;
mod options;
mod request;
mod response;
mod retry;
mod rules;
mod transport;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

pub(crate) use self::attempt::Attempt;
pub(crate) use self::base_url::BaseUrl;
pub(crate) use self::classify::Refusal;
pub(crate) use self::deadline::Deadline;
pub(crate) use self::operation::{Need, Operation, Repeat};
pub(crate) use self::options::language_header;
pub use self::options::{CallOptions, Settings};
pub use self::request::QueryValue;
pub(crate) use self::request::Request;
pub(crate) use self::response::Answer;
pub use self::response::Response;
pub(crate) use self::rules::{Attached, SessionCredential, Stamp, SystemRules};
pub(crate) use self::transport::Transport;
use crate::clock::Clock;
use crate::error::{Delivery, Error, ErrorKind, System};

/// The road of one client: where it leads, by which rules, within which limits.
pub(crate) struct Road {
    pub(crate) base: BaseUrl,
    pub(crate) rules: Box<dyn SystemRules>,
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) transport: Transport,
}

impl fmt::Debug for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Road({})", self.rules.system())
    }
}

/// A road with the credential and the options of the calls that are made through it.
#[derive(Clone)]
pub(crate) struct Bound {
    road: Arc<Road>,
    credential: Option<Arc<dyn SessionCredential>>,
    options: CallOptions,
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.road, f)
    }
}

impl Bound {
    pub(crate) fn new(road: Arc<Road>) -> Self {
        Self {
            road,
            credential: None,
            options: CallOptions::default(),
        }
    }

    pub(crate) fn with_credential(mut self, credential: Arc<dyn SessionCredential>) -> Self {
        self.credential = Some(credential);
        self
    }

    pub(crate) fn with_options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Options of one call, beside what the session puts on all of its calls.
    pub(crate) fn with_more_options(mut self, options: CallOptions) -> Self {
        let headers = std::mem::take(&mut self.options.headers);
        self.options = options.with_headers(&headers);
        self
    }

    /// Sends a request whose answer has a body.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        request: Request<'_>,
    ) -> Result<Response<T>, Error> {
        let operation = request.operation;
        let answer = self.run(request).await?;
        answer
            .decode(operation)
            .map_err(|error| error.at(self.road.rules.system(), operation.id))
    }

    /// Sends a request whose answer has no body, or none that matters.
    pub(crate) async fn call_empty(&self, request: Request<'_>) -> Result<Response<()>, Error> {
        self.run(request).await.map(Answer::empty)
    }

    /// Sends a request down the road.
    pub(crate) async fn run(&self, mut request: Request<'_>) -> Result<Answer, Error> {
        let operation = request.operation;
        if let Some(fault) = request.fault.take() {
            return Err(fault.at(self.system(), operation.id));
        }
        let deadline =
            Deadline::after(self.options.deadline.unwrap_or(self.road.settings.deadline));
        let mut journey = Journey {
            bound: self,
            request: &request,
            deadline,
            attempts: 0,
            replayed: false,
            may_have_arrived: false,
        };
        let result = journey.travel().await;
        let (attempts, may_have_arrived) = (journey.attempts, journey.may_have_arrived);
        result.map_err(|error| {
            let unknown = may_have_arrived && error.delivery() == Delivery::NotSent;
            let error = if unknown {
                error.with_delivery(Delivery::Unknown)
            } else {
                error
            };
            error
                .at(self.road.rules.system(), operation.id)
                .with_effort(attempts, deadline.elapsed())
        })
    }

    fn credential_for(
        &self,
        operation: &Operation,
    ) -> Result<Option<&dyn SessionCredential>, Error> {
        let credential = self.credential.as_deref();
        match credential {
            Some(credential) if credential.covers(operation) => Ok(Some(credential)),
            None if operation.session == Need::Required => Err(Error::new(
                ErrorKind::SignInAgain,
                "this call needs a session",
            )),
            _ => Ok(None),
        }
    }
}

/// One call on its way, over all its attempts.
struct Journey<'a> {
    bound: &'a Bound,
    request: &'a Request<'a>,
    deadline: Deadline,
    attempts: u32,
    replayed: bool,
    /// Whether some attempt may have reached the server without an answer.
    may_have_arrived: bool,
}

impl Journey<'_> {
    async fn travel(&mut self) -> Result<Answer, Error> {
        let road = &*self.bound.road;
        let operation = self.request.operation;
        let credential = self.bound.credential_for(operation)?;
        loop {
            let (attempt, stamp) = self.prepare(credential).await?;
            self.attempts += 1;
            let sent = road
                .transport
                .send(attempt, self.deadline, road.settings.attempt_timeout)
                .await;
            if let Err(error) = &sent {
                self.may_have_arrived |= error.delivery() == Delivery::Unknown;
            }
            if let (Ok(answer), Some(credential)) = (&sent, credential) {
                credential.observe(&answer.headers).await;
            }
            let fault = match classify::classify(road, operation, stamp.is_some(), sent) {
                classify::Outcome::Success(answer) => return Ok(answer),
                classify::Outcome::SessionRejected(error) => {
                    self.session_rejected(credential, stamp, error).await?;
                    continue;
                }
                classify::Outcome::Fault(fault) => fault,
            };
            tracing::debug!(
                system = road.rules.system().name(),
                operation = operation.id,
                attempt = self.attempts,
                status = fault.status.map(|status| status.as_u16()),
                "attempt failed"
            );
            let wait = retry::wait_before_next(&road.settings, operation, &fault, self.attempts);
            match wait {
                Some(wait) if self.deadline.leaves_room_for(wait) => road.clock.sleep(wait).await,
                _ => return Err(fault.error),
            }
        }
    }

    /// Authorises and signs one attempt.
    async fn prepare(
        &self,
        credential: Option<&dyn SessionCredential>,
    ) -> Result<(Attempt, Option<Stamp>), Error> {
        let road = &*self.bound.road;
        let operation = self.request.operation;
        let mut attempt = Attempt::new(road, self.request, &self.bound.options)?;
        if operation.application != Need::Never {
            road.rules.authorize_application(&mut attempt.headers)?;
        }
        let mut stamp = None;
        if let Some(credential) = credential {
            let mut attached = credential.attach(&mut attempt, false)?;
            if let Attached::Stale(stale) = attached {
                credential.renew(stale, self.deadline).await?;
                attached = credential.attach(&mut attempt, true)?;
            }
            stamp = match attached {
                Attached::Nothing => None,
                Attached::Fresh(stamp) | Attached::Stale(stamp) => Some(stamp),
            };
        }
        road.rules
            .sign(self.request, &mut attempt, road.clock.now())?;
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

/// For errors that are found before a call.
impl Bound {
    pub(crate) fn system(&self) -> System {
        self.road.rules.system()
    }

    /// An argument that was not given or could not be converted.
    pub(crate) fn invalid(
        &self,
        operation: &Operation,
        argument: &'static str,
        message: String,
    ) -> Error {
        // A builder of a body names the member that it lacks.
        let member = message
            .strip_prefix("no value supplied for ")
            .map(str::to_owned);
        let field = member.map_or(Cow::Borrowed(argument), Cow::Owned);
        let error = match field {
            Cow::Borrowed(argument) if message.ends_with("was not initialized") => {
                Error::invalid(argument, "must be given")
            }
            Cow::Borrowed(argument) => Error::invalid(argument, "does not fit its type"),
            Cow::Owned(member) => Error::invalid(member, "must be given"),
        };
        error.at(self.system(), operation.id)
    }

    /// A value as one segment of a path.
    pub(crate) fn segment(
        &self,
        operation: &Operation,
        name: &'static str,
        value: &impl request::Segment,
    ) -> Result<String, Error> {
        request::segment(name, value).map_err(|error| error.at(self.system(), operation.id))
    }
}
