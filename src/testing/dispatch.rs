//! Calls by operation id, for tests that cover all operations.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::json::AnyJson;
use crate::pipeline::{Idempotency, Need, Operation, Response};

/// The future of a call that was made by operation id.
pub type DispatchFuture<'a> = BoxFuture<'a, Result<Response<AnyJson>, Error>>;

/// Calls the operations of an API by their ids. All generated APIs implement it.
pub trait Dispatch {
    /// What the OpenAPI document says about each operation.
    fn operations(&self) -> Vec<OperationInfo>;

    /// Calls an operation; see [`call`]. Returns `None` for an unknown id.
    fn dispatch<'a>(&'a self, operation: &str, arguments: &'a Value) -> Option<DispatchFuture<'a>>;
}

/// What the OpenAPI document says about an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The id, which is also the name of the typed call.
    pub id: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path with its parameters in braces.
    pub path: &'static str,
    /// Whether the client retries it after every transient error.
    pub is_idempotent: bool,
    /// Whether it makes the server send a message.
    pub sends_message: bool,
    /// Whether it carries a code, a password or the token of a social account.
    pub carries_code: bool,
    /// Whether it needs a session.
    pub needs_session: bool,
}

impl OperationInfo {
    pub(crate) fn of(operation: &'static Operation) -> Self {
        Self {
            id: operation.id,
            method: operation.method.as_str(),
            path: &operation.path,
            is_idempotent: operation.idempotency == Idempotency::Idempotent,
            sends_message: operation.sends_message,
            carries_code: operation.carries_code,
            needs_session: operation.session == Need::Required,
        }
    }
}

/// Calls an operation by its id. `arguments` is an object with the path and query parameters by
/// their Rust names, and the JSON body as `body`; missing arguments are not set.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for an unknown id and for arguments of the wrong type; otherwise the
/// error of the call.
pub async fn call(
    api: &impl Dispatch,
    operation: &str,
    arguments: &Value,
) -> Result<Response<AnyJson>, Error> {
    match api.dispatch(operation, arguments) {
        Some(response) => response.await,
        None => Err(Error::invalid(
            "operation",
            "must be an operation id of this API",
        )),
    }
}

/// Logs a typed call or its response, so that a test which captures the log sees whether a `Debug`
/// implementation shows a secret.
pub(crate) fn show(value: &impl std::fmt::Debug) {
    tracing::trace!(?value, "dispatched");
}

/// An optional argument.
pub(crate) fn argument<T: DeserializeOwned>(
    arguments: &Value,
    name: &'static str,
) -> Result<Option<T>, Error> {
    let Some(value) = arguments.get(name) else {
        return Ok(None);
    };
    match serde_json::from_value(value.clone()) {
        Ok(value) => Ok(Some(value)),
        Err(_) => Err(Error::new(
            ErrorKind::InvalidInput,
            format!("`{name}` has the wrong type"),
        )),
    }
}

/// A required argument.
pub(crate) fn required<T: DeserializeOwned>(
    arguments: &Value,
    name: &'static str,
) -> Result<T, Error> {
    argument(arguments, name)?.ok_or_else(|| Error::invalid(name, "must be given"))
}
