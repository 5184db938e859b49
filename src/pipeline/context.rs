//! A pipeline with what holds for all calls through it: credential, options and headers.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
#[cfg(feature = "wunder")]
use http::{HeaderName, HeaderValue};

use super::Pipeline;
use super::operation::{Need, Operation};
use super::options::CallOptions;
use super::request;
use super::retry::RetryPolicy;
use super::system::SessionCredential;
use crate::error::{Error, ErrorKind, System};

/// A pipeline with the credential and the options of the calls that are made through it.
#[derive(Clone)]
pub(crate) struct CallContext {
    pub(super) pipeline: Arc<Pipeline>,
    credential: Option<Arc<dyn SessionCredential>>,
    pub(super) options: Option<Arc<CallOptions>>,
    /// Headers of the session on every call, such as the user that it acts for.
    pub(super) headers: Option<Arc<HeaderMap>>,
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
            headers: None,
        }
    }

    pub(crate) fn with_credential(mut self, credential: Arc<dyn SessionCredential>) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Adds options; they win over those that are set already.
    pub(crate) fn with_options(mut self, options: CallOptions) -> Self {
        self.options = Some(Arc::new(match &self.options {
            Some(set) => options.over(set),
            None => options,
        }));
        self
    }

    /// Adds a header that options cannot set.
    #[cfg(feature = "wunder")]
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        Arc::make_mut(self.headers.get_or_insert_default()).insert(name, value);
        self
    }

    /// The header that was added by `with_header`.
    #[cfg(feature = "wunder")]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.as_ref()?.get(name)?.to_str().ok()
    }

    /// The same calls without the credential and the headers of a session.
    pub(crate) fn without_session(&self) -> Self {
        Self {
            credential: None,
            headers: None,
            ..self.clone()
        }
    }

    /// Whether the options say that calls are idempotent.
    pub(super) fn is_idempotent(&self) -> Option<bool> {
        self.option(|options| options.idempotent)
    }

    /// The same calls without what the options say about them being idempotent, for a call that the
    /// caller does not choose.
    #[cfg(any(feature = "wunder", feature = "fynd"))]
    pub(crate) fn without_idempotent(mut self) -> Self {
        if let Some(options) = &mut self.options {
            Arc::make_mut(options).idempotent = None;
        }
        self
    }

    /// The time that a call has.
    pub(crate) fn deadline(&self) -> Duration {
        self.option(|options| options.deadline)
            .unwrap_or(self.pipeline.settings.deadline)
    }

    /// The time that an attempt has.
    pub(super) fn attempt_timeout(&self) -> Duration {
        self.option(|options| options.attempt_timeout)
            .unwrap_or(self.pipeline.settings.attempt_timeout)
    }

    pub(super) fn retry_policy(&self) -> &dyn RetryPolicy {
        let policy = self.option(|options| options.retry.as_ref());
        &**policy.unwrap_or(&self.pipeline.settings.retry)
    }

    fn option<'a, T>(&'a self, of: impl FnOnce(&'a CallOptions) -> Option<T>) -> Option<T> {
        of(self.options.as_deref()?)
    }

    /// Fails for options that are invalid for every call.
    pub(crate) fn check_options(&self) -> Result<(), Error> {
        let Some(options) = &self.options else {
            return Ok(());
        };
        let rules = &self.pipeline.rules;
        let checked = options.check(&|name| rules.sets_header(name));
        checked.map_err(|error| error.of(self.system()))
    }

    pub(crate) fn has_session(&self) -> bool {
        self.credential.is_some()
    }

    pub(crate) fn pipeline(&self) -> &Arc<Pipeline> {
        &self.pipeline
    }

    pub(crate) fn system(&self) -> System {
        self.pipeline.rules.system()
    }

    /// The error for an argument that is missing or could not be converted.
    pub(crate) fn invalid(
        &self,
        operation: &Operation,
        argument: &'static str,
        message: String,
    ) -> Error {
        // The builder of a body names the missing member.
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

    /// Encodes a value as one segment of a path.
    pub(crate) fn segment(
        &self,
        operation: &Operation,
        name: &'static str,
        value: &impl request::Segment,
    ) -> Result<String, Error> {
        request::segment(name, value).map_err(|error| error.at(self.system(), operation.id))
    }

    pub(super) fn credential_for(
        &self,
        operation: &Operation,
    ) -> Result<Option<&dyn SessionCredential>, Error> {
        match self.credential.as_deref() {
            Some(credential) if credential.covers(operation) => Ok(Some(credential)),
            None if operation.session == Need::Required => Err(Error::new(
                ErrorKind::Unauthenticated,
                "this call needs a session",
            )),
            _ => Ok(None),
        }
    }
}
