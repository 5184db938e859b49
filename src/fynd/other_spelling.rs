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

/// Whether the user exists, as a response says in either spelling. `when_unreadable` counts if the second
/// one is neither true nor false, is there twice, or contradicts the first.
pub(super) fn user_exists(
    documented: Option<bool>,
    others: &JsonObject,
    when_unreadable: Option<bool>,
) -> Option<bool> {
    const NAME: &str = "userExists";
    let other = match others.get(NAME) {
        _ if others.has_twice(NAME) => None,
        None | Some(Value::Null) => return documented,
        Some(Value::Bool(exists)) => Some(*exists),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    match (documented, other) {
        (None, Some(exists)) => Some(exists),
        (Some(one), Some(other)) if one == other => Some(one),
        _ => when_unreadable,
    }
}
