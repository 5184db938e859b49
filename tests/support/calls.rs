//! Typed calls by the id of their operation, with JSON arguments. The fuzz targets use them too.

use std::fmt::{self, Debug};
use std::ops::Deref;

use serde_json::Value;
use vestibule::reqwest::StatusCode;
use vestibule::reqwest::header::HeaderMap;
use vestibule::{AnyJson, Error, Response};

/// A response of any type, as JSON.
pub struct JsonResponse {
    status: StatusCode,
    headers: HeaderMap,
    value: AnyJson,
}

/// Generates `call` for the operations of one API. Each operation has an optional required
/// argument, which is text, and after a semicolon the arguments that have setters.
macro_rules! calls {
    ($($id:ident($($required:ident)?; $($name:ident: $type:ty),*))*) => {
        /// Makes the typed call of an operation. `arguments` is an object with the path and query
        /// parameters by their Rust names, and the JSON body as `body`. An argument that is missing
        /// or does not fit its type is not set; the required one is empty then.
        pub async fn call(
            api: &Api,
            id: &str,
            arguments: &serde_json::Value,
        ) -> Result<super::super::JsonResponse, vestibule::Error> {
            use super::super::{argument, respond, show};
            match id {
                $(stringify!($id) => Box::pin(async {
                    let call = api.$id($(
                        argument::<String>(arguments, stringify!($required)).unwrap_or_default()
                    )?);
                    $(let call = match argument::<$type>(arguments, stringify!($name)) {
                        Some(value) => call.$name(value),
                        None => call,
                    };)*
                    show(&call);
                    respond(call.send().await)
                }).await,)*
                other => panic!("{other} is no operation of this API"),
            }
        }
    };
}

#[path = "operations.rs"]
mod operations;

pub use self::operations::{fynd, goodcity, walletcrew, wunder_auth, wunder_user};

fn argument<T: serde::de::DeserializeOwned>(arguments: &Value, name: &str) -> Option<T> {
    let value = arguments.get(name)?.clone();
    let argument = serde_json::from_value(value);
    argument.inspect_err(show).ok()
}

/// Logs a call, its response, or why an argument does not fit: a test that captures the log sees
/// what the types reveal.
fn show(value: &impl Debug) {
    tracing::trace!(?value, "called by id");
}

fn respond<T: Debug + serde::Serialize>(
    result: Result<Response<T>, Error>,
) -> Result<JsonResponse, Error> {
    let response = result?;
    show(&response);
    Ok(JsonResponse {
        status: response.status(),
        headers: response.headers().clone(),
        value: AnyJson(serde_json::to_value(&*response).unwrap()),
    })
}

impl JsonResponse {
    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub fn into_inner(self) -> AnyJson {
        self.value
    }
}

impl Deref for JsonResponse {
    type Target = AnyJson;

    fn deref(&self) -> &AnyJson {
        &self.value
    }
}

impl Debug for JsonResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonResponse")
            .field("status", &self.status.as_u16())
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
