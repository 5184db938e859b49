//! The road: every request of every system passes these stations, in this order.
//!
//! 1. **Authorise** – for every attempt: the application's credential by the system's
//!    [`SystemRules`], the session's by its [`SessionCredential`]. A stale token is renewed first.
//! 2. **Sign** – for every attempt anew, over what is really sent, by the server's time.
//! 3. **Send** – within the attempt's timeout and the call's deadline; headers and body are read up
//!    to a bound, and `Date` tells the server's time.
//! 4. **Classify** – success, a refusal in the system's own shape, a rejected session, a fault.
//! 5. **Return or repeat** – a rejected session is renewed and the request replayed once. A fault
//!    is repeated if, in this order, the operation's [`Idempotency`] class allows it, the
//!    [`RetryPolicy`] gives a wait, the deadline leaves room for that wait and for `Retry-After`,
//!    and the retry budget has one left.
//!
//! What a station must know about an operation stands in the [`Operation`] that was generated from
//! the system's description, and nowhere else.

mod atomic;
mod attempt;
mod backoff;
mod base_url;
mod budget;
mod classify;
mod deadline;
mod departure;
mod http_client;
mod journey;
mod limits;
mod operation;
mod options;
mod request;
mod response;
mod retry;
mod system;
mod trace;
mod transport;

use std::borrow::Cow;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

pub(crate) use self::attempt::Attempt;
pub use self::backoff::{Backoff, FailedAttempt, RetryPolicy};
pub(crate) use self::base_url::BaseUrl;
pub(crate) use self::budget::RetryBudget;
pub(crate) use self::classify::ParsedError;
#[cfg(fuzzing)]
pub(crate) use self::classify::{Outcome, classify, retry_after};
pub(crate) use self::deadline::Deadline;
use self::journey::Journey;
pub(crate) use self::operation::{Idempotency, Need, Operation};
pub(crate) use self::options::language_header;
pub use self::options::{CallOptions, Settings};
pub use self::request::QueryValue;
pub(crate) use self::request::Request;
pub(crate) use self::response::RawResponse;
pub use self::response::Response;
pub(crate) use self::system::{
    Authorization, CredentialGeneration, SessionCredential, SystemRules,
};
pub(crate) use self::transport::Transport;
use crate::error::{Error, ErrorKind, System};
use crate::skewed_clock::SkewedClock;
use crate::telemetry::Telemetry;

/// The road of one client: where it leads, by which rules, within which limits.
pub(crate) struct Pipeline {
    pub(crate) base: BaseUrl,
    pub(crate) rules: Box<dyn SystemRules>,
    pub(crate) settings: Settings,
    pub(crate) time: SkewedClock,
    pub(crate) telemetry: Telemetry,
    pub(crate) budget: RetryBudget,
    pub(crate) start: Instant,
    pub(crate) transport: Transport,
}

impl Pipeline {
    /// The time since the road was built, which no clock of the day moves.
    fn since_start(&self) -> Duration {
        self.start.elapsed()
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Road({})", self.rules.system())
    }
}

/// A road with the credential and the options of the calls that are made through it.
#[derive(Clone)]
pub(crate) struct CallContext {
    pipeline: Arc<Pipeline>,
    credential: Option<Arc<dyn SessionCredential>>,
    /// Most calls have none, and every future of a call holds this.
    options: Option<Box<CallOptions>>,
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.pipeline, f)
    }
}

impl CallContext {
    pub(crate) fn new(pipeline: Arc<Pipeline>) -> Self {
        Self {
            pipeline,
            credential: None,
            options: None,
        }
    }

    pub(crate) fn with_credential(mut self, credential: Arc<dyn SessionCredential>) -> Self {
        self.credential = Some(credential);
        self
    }

    pub(crate) fn with_options(mut self, options: CallOptions) -> Self {
        self.options = (!options.is_empty()).then(|| Box::new(options));
        self
    }

    /// Options of one call, beside what the session puts on all of its calls.
    pub(crate) fn with_more_options(mut self, options: CallOptions) -> Self {
        let options = match self.options.take() {
            Some(standing) => options.with_headers(&standing.headers),
            None => options,
        };
        self.with_options(options)
    }

    /// Sends a request whose answer has a body.
    pub(crate) fn call<'a, T: DeserializeOwned>(
        &'a self,
        request: Request<'a>,
    ) -> impl Future<Output = Result<Response<T>, Error>> {
        self.send(request, RawResponse::decode)
    }

    /// Sends a request whose answer has no body, or none that matters.
    pub(crate) fn call_empty<'a>(
        &'a self,
        request: Request<'a>,
    ) -> impl Future<Output = Result<Response<()>, Error>> {
        self.send(request, |response, _| response.empty())
    }

    /// No `async fn`, which would keep the request twice: as it was given, and where it is used.
    fn send<'a, T>(
        &'a self,
        mut request: Request<'a>,
        read: impl FnOnce(RawResponse, &Operation) -> Result<Response<T>, Error>,
    ) -> impl Future<Output = Result<Response<T>, Error>> {
        let fault = request.fault.take();
        async move {
            let span = trace::call(&self.pipeline, request.operation);
            let mut journey = Journey::begin(self, &request);
            let response = match fault {
                Some(fault) => Err(fault),
                None => trace::within(&span, pin!(journey.travel())).await,
            };
            let outcome = response.and_then(|response| read(response, request.operation));
            journey.end(&span, outcome)
        }
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

/// For errors that are found before a call.
impl CallContext {
    pub(crate) fn system(&self) -> System {
        self.pipeline.rules.system()
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
