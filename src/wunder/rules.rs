//! Wunder's rules: default headers, signed bootstrap requests, parsed errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName};

use super::api_error;
use super::signature::{BootstrapSignature, SignatureInput};
use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind, System};
use crate::generated::wunder_user::operations::SESSION_ENDS;
use crate::pipeline::{
    Need, Operation, ParsedError, QuerySignature, RawResponse, Request, SessionEnd, SystemRules,
};
use crate::secret::Secret;

/// How far, in milliseconds, timestamps may run ahead of the clock. A burst of calls stays far
/// below; a greater lead means that the clock was set back.
const MAX_LEAD_MILLIS: i64 = 60_000;

/// The header that names the user on whose behalf an API client acts.
pub(super) const ACTS_FOR: &str = "gourban-impersonate";

pub(super) struct Rules {
    headers: HeaderMap,
    key: Option<Secret>,
    scheme: Arc<dyn BootstrapSignature>,
    /// The newest signed timestamp in milliseconds: the server accepts each only once.
    last_signed: AtomicI64,
}

impl Rules {
    pub(super) fn new(
        headers: HeaderMap,
        key: Option<Secret>,
        scheme: Arc<dyn BootstrapSignature>,
    ) -> Self {
        Self {
            headers,
            key,
            scheme,
            last_signed: AtomicI64::new(i64::MIN),
        }
    }

    /// The current time, or the first millisecond after the last signed one if that is later.
    /// Timestamps strictly increase unless the clock was set back by more than
    /// [`MAX_LEAD_MILLIS`].
    fn next_timestamp(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let now = now.timestamp_millis();
        let next = |last: i64| {
            if last.saturating_sub(now) > MAX_LEAD_MILLIS {
                now
            } else {
                now.max(last.saturating_add(1))
            }
        };
        let last = self
            .last_signed
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(next(last)))
            .unwrap_or_else(|last| last);
        DateTime::from_timestamp_millis(next(last)).unwrap_or_default()
    }
}

impl SystemRules for Rules {
    fn system(&self) -> System {
        System::Wunder
    }

    fn default_headers(&self) -> &HeaderMap {
        &self.headers
    }

    fn sets_header(&self, name: &HeaderName) -> bool {
        name == ACTS_FOR || self.headers.contains_key(name)
    }

    fn sign_query<'a>(
        &'a self,
        request: &Request<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<BoxFuture<'a, Result<QuerySignature, Error>>>, Error> {
        let need = request.operation.signature;
        if need == Need::Never {
            return Ok(None);
        }
        let Some(key) = &self.key else {
            return match need {
                Need::Required => {
                    let message = "this request must be signed: set `signing_key` on the client";
                    Err(Error::new(ErrorKind::Misconfigured, message).with_class("signature"))
                }
                _ => Ok(None),
            };
        };
        let Some(identifier) = request.signed_value() else {
            return match need {
                Need::Required => {
                    let field = request.operation.signed_fields.join("` or `");
                    Err(Error::invalid(
                        field,
                        "must be set: the request is signed over it",
                    ))
                }
                _ => Ok(None),
            };
        };
        let timestamp = self.scheme.timestamp(self.next_timestamp(now));
        Ok(Some(Box::pin(async move {
            let input = SignatureInput::new(key, &identifier).timestamp(&timestamp);
            let signature = self.scheme.signature(&input).await;
            let signature = signature.map_err(|source| {
                let message = "the signature scheme failed";
                let error = Error::new(ErrorKind::Unavailable, message);
                error.with_class("signature").with_boxed_source(source)
            })?;
            Ok(vec![("signature", signature), ("timestamp", timestamp)])
        })))
    }

    fn session_ends(&self) -> &'static [SessionEnd] {
        SESSION_ENDS
    }

    fn parse_error(&self, operation: &Operation, response: &RawResponse) -> Option<ParsedError> {
        api_error::parse(operation, response)
    }
}
