//! The interfaces through which the pipeline uses a system and a session.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName};
use url::Url;

use super::attempt::Attempt;
use super::deadline::Deadline;
use super::error_word::{MisconfigurationRule, SessionEnd};
use super::operation::{Need, Operation};
use super::request::Request;
use super::response::RawResponse;
use crate::clock::BoxFuture;
use crate::error::{CredentialVerdict, Error, ErrorKind, System};
use crate::telemetry::Telemetry;

/// The rules of one system.
pub(crate) trait SystemRules: Send + Sync {
    fn system(&self) -> System;

    /// The headers of every request.
    fn default_headers(&self) -> &HeaderMap;

    /// Whether the client sets this header for the system, so that options must not.
    fn sets_header(&self, name: &HeaderName) -> bool {
        self.default_headers().contains_key(name)
    }

    /// Adds the application's credential.
    fn authorize_application(&self, _headers: &mut HeaderMap) -> Result<(), Error> {
        Ok(())
    }

    /// Starts a signature that another service may have to compute; `sign` needs none of it. The
    /// caller awaits it and adds the result to the query, for every attempt.
    fn sign_query<'a>(
        &'a self,
        _request: &Request<'_>,
        _now: DateTime<Utc>,
    ) -> Result<Option<BoxFuture<'a, Result<QuerySignature, Error>>>, Error> {
        Ok(None)
    }

    /// Signs an attempt. Called last, for every attempt.
    fn sign(
        &self,
        _request: &Request<'_>,
        _attempt: &mut Attempt,
        _now: DateTime<Utc>,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// The refusals of the application or its signature, for custom requests. None where a custom
    /// request carries neither.
    fn misconfigured(&self) -> &'static [MisconfigurationRule] {
        &[]
    }

    /// The words that end a session, for custom requests.
    fn session_ends(&self) -> &'static [SessionEnd] {
        &[]
    }

    /// Parses an error body in the system's own format.
    fn parse_error(&self, operation: &Operation, response: &RawResponse) -> Option<ParsedError>;
}

/// The query parameters of a signature: name and value.
pub(crate) type QuerySignature = Vec<(&'static str, String)>;

/// An error body in the system's own format.
pub(crate) struct ParsedError {
    /// The system's typed error.
    pub(crate) typed: Box<dyn Any + Send + Sync>,
    pub(crate) code: Option<String>,
    /// Whether [`Error::problem`] may show the code.
    pub(crate) is_public_code: bool,
    pub(crate) request_id: Option<String>,
    /// The kind of the error, where the status alone does not determine it.
    pub(crate) kind: Option<ErrorKind>,
    /// What the error says, where the system tells more than the status.
    pub(crate) message: Option<&'static str>,
}

/// What a vendor publishes about an error code.
#[cfg(feature = "wunder")]
#[derive(Debug)]
pub(crate) struct PublishedCode {
    pub(crate) code: &'static str,
    pub(crate) means: &'static str,
    /// The members that the profile of the user lacks.
    pub(crate) missing: &'static [&'static str],
}

/// Counts the credentials of a session in this instance, to tell a refreshed one from its
/// predecessor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CredentialGeneration(pub(crate) u32);

/// The result of attaching a session's credential to an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Authorization {
    /// The session has no credential for the attempt.
    Nothing,
    /// The credential is attached and valid.
    Fresh(CredentialGeneration),
    /// The credential must be refreshed first.
    Stale(CredentialGeneration),
}

impl Authorization {
    pub(super) fn generation(self) -> Option<CredentialGeneration> {
        match self {
            Self::Nothing => None,
            Self::Fresh(generation) | Self::Stale(generation) => Some(generation),
        }
    }
}

/// The `Set-Cookie` headers of a success, and where it comes from.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(feature = "fynd"),
    allow(dead_code, reason = "only Fynd's sessions are cookies")
)]
pub(crate) struct SetCookies<'a> {
    pub(crate) headers: &'a HeaderMap,
    /// The URL of the request.
    pub(crate) url: &'a Url,
    pub(crate) operation: &'a str,
    pub(crate) telemetry: &'a Telemetry,
}

/// The credential of one session.
pub(crate) trait SessionCredential: Send + Sync + fmt::Debug {
    /// Whether calls of this operation carry the credential.
    fn covers(&self, operation: &Operation) -> bool {
        operation.session != Need::Never
    }

    /// Revalidates the session in its store, if the last check is too long ago. `now` is the local
    /// time.
    fn revalidate_if_due(&self, _now: DateTime<Utc>) -> Option<BoxFuture<'_, Result<(), Error>>> {
        None
    }

    /// Attaches the credential; with `allow_stale`, also one that is due for a refresh.
    ///
    /// Fails if the session has ended. Does no I/O.
    fn attach(&self, attempt: &mut Attempt, allow_stale: bool) -> Result<Authorization, Error>;

    /// Refreshes the credential of this generation; does nothing if there is a newer one.
    fn refresh(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<(), Error>>;

    /// Keeps the cookies of a success. The caller awaits the returned future, if any.
    fn keep_cookies<'a>(&'a self, _cookies: SetCookies<'a>) -> Option<BoxFuture<'a, ()>> {
        None
    }

    /// Records that the server accepted the credential. Called for each success of an operation that
    /// needs it.
    fn accepted(&self) {}

    /// Decides what follows a response that rejects the credential: refreshes it, or ends the session,
    /// where that is due.
    ///
    /// Fails if a refresh that is needed is not possible now.
    fn settle_rejection(
        &self,
        rejection: Rejection,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<AfterRejection, Error>>;
}

/// A response that rejects the credential of a session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rejection {
    /// The credential that the attempt carried.
    pub(crate) generation: CredentialGeneration,
    /// What was called: the operation, and the path of a custom request.
    pub(crate) operation: u64,
    pub(crate) verdict: CredentialVerdict,
    /// Whether the call has been replayed after a refresh.
    pub(crate) is_replayed: bool,
    /// Whether the call has been sent again after a wait.
    pub(crate) is_delayed: bool,
    /// Whether the call may be sent again, as it carries no code.
    pub(crate) may_send_again: bool,
}

/// What follows a response that rejects the credential of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterRejection {
    /// There is another credential: replay the call.
    Replay,
    /// The credential is so new that the server may not know it yet: send the call again after this
    /// time.
    Delay(Duration),
    /// The call has failed, and the session goes on.
    Fail,
    /// The session has ended.
    Ended,
}
