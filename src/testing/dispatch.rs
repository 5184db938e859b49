//! Calls by name, for tests that go over every described operation.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::clock::BoxFuture;
use crate::error::{Error, ErrorKind};
use crate::json::AnyJson;
use crate::pipeline::{Idempotency, Need, Operation, Response};

/// A typed call that was made by name.
pub type Dispatched<'a> = BoxFuture<'a, Result<Response<AnyJson>, Error>>;

/// The typed calls of one API, by the ids of their operations. Every generated API has it.
pub trait Dispatch {
    /// What the description says about each operation.
    fn described(&self) -> Vec<Described>;

    /// The call of one operation; see [`call`]. Nothing for an id that the API does not have.
    fn dispatch<'a>(&'a self, operation: &str, arguments: &'a Value) -> Option<Dispatched<'a>>;
}

/// What the description says about an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Described {
    /// The id, which is also the name of the typed call.
    pub id: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path with its parameters in braces.
    pub path: &'static str,
    /// Whether the client repeats it after any fault that may pass.
    pub safe_to_repeat: bool,
    /// Whether it makes the server send a message.
    pub sends_message: bool,
    /// Whether it carries a code, a password or a third party's token.
    pub carries_code: bool,
    /// Whether it needs a session.
    pub needs_session: bool,
}

impl Described {
    pub(crate) fn of(operation: &'static Operation) -> Self {
        Self {
            id: operation.id,
            method: operation.method.as_str(),
            path: &operation.path,
            safe_to_repeat: operation.idempotency == Idempotency::Idempotent,
            sends_message: operation.sends_message,
            carries_code: operation.carries_code,
            needs_session: operation.session == Need::Required,
        }
    }
}

/// Makes the typed call of an operation. `arguments` is an object with the path and query
/// parameters by their Rust names, and the JSON body as `body`; what it leaves out is not set.
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] for an id that the API does not have and for arguments that do not
/// fit their types; else what the call gives.
pub async fn call(
    api: &impl Dispatch,
    operation: &str,
    arguments: &Value,
) -> Result<Response<AnyJson>, Error> {
    match api.dispatch(operation, arguments) {
        Some(answer) => answer.await,
        None => Err(Error::invalid("operation", "must be an id of this API")),
    }
}

/// Shows a typed call or its answer as a log would: a test that collects the log sees what the
/// types give away.
pub(crate) fn show(value: &impl std::fmt::Debug) {
    tracing::trace!(?value, "dispatched");
}

/// One argument in its type.
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
            format!("`{name}` does not fit its type"),
        )),
    }
}

/// One argument that the call cannot do without.
pub(crate) fn required<T: DeserializeOwned>(
    arguments: &Value,
    name: &'static str,
) -> Result<T, Error> {
    argument(arguments, name)?.ok_or_else(|| Error::invalid(name, "must be given"))
}
