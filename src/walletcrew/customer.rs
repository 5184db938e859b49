//! Reading the account of a customer as the caller's type.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::api::types;
use crate::error::{Error, ErrorKind, System};

/// Reads an account as the caller's type. The deserialiser's error is dropped: it may quote the
/// account.
pub(super) fn read_as<T: DeserializeOwned>(
    customer: types::Customer,
    operation: &'static str,
) -> Result<T, Error> {
    serde_json::from_value(Value::Object(customer.0.0)).map_err(|_| {
        let message = "the account does not match the requested type";
        Error::new(ErrorKind::Undecodable, message)
            .with_status(StatusCode::OK)
            .at(System::WalletCrew, operation)
    })
}
