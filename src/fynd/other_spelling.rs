//! Members under a second spelling: one of the vendor's examples has `resendToken` and `userExists`
//! where the others have `resend_token` and `user_exists`.

use serde_json::Value;

use crate::decode::Token;
use crate::json::JsonObject;
use crate::secret::Secret;

/// The token for another message, if a response has it in the second spelling only.
pub(super) fn resend_token(documented: Option<Secret>, others: &JsonObject) -> Option<Secret> {
    let other = || {
        let token = others.get("resendToken")?.as_str()?;
        Token::Opaque.admits(token).then(|| Secret::from(token))
    };
    documented.or_else(other)
}

/// Whether the user exists, if a response says so in the second spelling only.
pub(super) fn user_exists(documented: Option<bool>, others: &JsonObject) -> Option<bool> {
    documented.or_else(|| match others.get("userExists")? {
        Value::String(text) => text.parse().ok(),
        other => other.as_bool(),
    })
}
