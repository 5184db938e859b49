//! What a system and a session tell the road. The road knows neither.

use std::fmt;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};

use super::attempt::Attempt;
use super::classify::ParsedError;
use super::deadline::Deadline;
use super::operation::{Need, Operation};
use super::request::Request;
use crate::clock::BoxFuture;
use crate::error::{Error, System};

/// The rules of one system.
pub(crate) trait SystemRules: Send + Sync {
    fn system(&self) -> System;

    /// Headers that every request carries.
    fn default_headers(&self) -> &HeaderMap;

    /// Attaches the application's credential.
    fn authorize_application(&self, _headers: &mut HeaderMap) -> Result<(), Error> {
        Ok(())
    }

    /// Signs what is about to be sent. Called last, for every attempt.
    fn sign(
        &self,
        _request: &Request<'_>,
        _attempt: &mut Attempt,
        _now: DateTime<Utc>,
    ) -> Result<(), Error> {
        Ok(())
    }

    /// Reads an error body in the system's own shape.
    fn parse_error(
        &self,
        operation: &Operation,
        status: StatusCode,
        body: &[u8],
    ) -> Option<ParsedError>;
}

/// Which version of a credential an attempt carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CredentialGeneration(pub(crate) u64);

/// What a session did to an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Authorization {
    /// There was nothing to attach.
    Nothing,
    /// A credential that is good for now.
    Fresh(CredentialGeneration),
    /// A credential that must be renewed first.
    Stale(CredentialGeneration),
}

/// The credential of one session.
pub(crate) trait SessionCredential: Send + Sync + fmt::Debug {
    /// Whether it is attached to this operation.
    fn covers(&self, operation: &Operation) -> bool {
        operation.session != Need::Never
    }

    /// What is to be done before the credential is attached, if its last look at the session's
    /// store is too long ago. `now` is this machine's time.
    fn revalidate_if_due(&self, _now: DateTime<Utc>) -> Option<BoxFuture<'_, Result<(), Error>>> {
        None
    }

    /// Attaches the credential; with `allow_stale` also one that seems to need renewal.
    ///
    /// Fails without touching the network if the session has ended.
    fn attach(&self, attempt: &mut Attempt, allow_stale: bool) -> Result<Authorization, Error>;

    /// Renews the credential that has this stamp; does nothing if a newer one is there already.
    fn refresh(
        &self,
        generation: CredentialGeneration,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<(), Error>>;

    /// Sees the headers of every answer; what takes its time is to be waited for.
    fn observe<'a>(&'a self, _headers: &'a HeaderMap) -> Option<BoxFuture<'a, ()>> {
        None
    }

    /// Ends the session if its credential still has this stamp: nothing is sent with it any more.
    fn end(&self, generation: CredentialGeneration, why: &'static str) -> BoxFuture<'_, ()>;
}
